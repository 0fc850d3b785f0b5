"""Builds the library that makes the program's disk fail, and tells it when."""

from __future__ import annotations

import enum
import mmap
import struct
import subprocess
from pathlib import Path

_FAULT = struct.Struct("=IIQ")
_SOURCE = Path(__file__).parent / "faults.c"
ALWAYS = 1_000_000


class Operation(enum.IntEnum):
    """As in faults.c."""

    CREATE = 0
    WRITE = 1
    FLUSH_FILE = 2
    FLUSH_DIRECTORY = 3
    RENAME = 4
    LINK = 5
    REMOVE = 6


# Instead of an error: a write takes half of its bytes, and says so.
HALF = 0
# Instead of an error: the call is made, and then the program is killed.
DIE = 0xFFFFFFFF


def build(folder: Path) -> Path:
    """Compiles the library."""
    library = folder / "faults.so"
    command = ["gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", str(library), str(_SOURCE)]
    subprocess.run(command, check=True, timeout=60)
    return library


class Faults:
    """The faults of one program's disk, as `Program` has it in this folder; none until they are set."""

    def __init__(self, library: Path, folder: Path, log: Path | None = None) -> None:
        control = folder / "faults"
        control.write_bytes(bytes(mmap.PAGESIZE))
        control.chmod(0o666)
        with control.open("r+b") as file:
            self._shared = mmap.mmap(file.fileno(), 0)
        self.environment = {
            "LD_PRELOAD": str(library),
            "TORTURE_DISK": str(folder / "disk"),
            "TORTURE_CONTROL": str(control),
        }
        if log:
            self.environment["TORTURE_LOG"] = str(log)

    def set(self, operation: Operation, error: int, per_million: int) -> None:
        """Lets this share of the calls fail with this error."""
        _FAULT.pack_into(self._shared, operation * _FAULT.size, per_million, error, self.done(operation))

    def clear(self) -> None:
        """Lets everything work."""
        for operation in Operation:
            self.set(operation, 0, 0)

    def done(self, operation: Operation) -> int:
        """How many calls have failed so."""
        return _FAULT.unpack_from(self._shared, operation * _FAULT.size)[2]
