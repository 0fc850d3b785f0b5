"""Files that are in the way, and go when all is measured.

ext4 without a journal gives the number of a file that was removed to no other for minutes, and looks past all of those one
by one for every new file: what one run removed would slow the next ones down, up to ten times.
"""

from __future__ import annotations

import atexit
import functools
import itertools
import os
import shutil
import tempfile
from pathlib import Path

from place import WORK

_numbers = itertools.count()


def put_aside(path: Path) -> None:
    """Moves a file or folder of `WORK` out of the way, and gives its room back; it is removed when this program ends."""
    for file in path.rglob("*") if path.is_dir() else [path]:
        if file.is_file():
            os.truncate(file, 0)
    path.rename(_folder() / str(next(_numbers)))


@functools.cache
def _folder() -> Path:
    for left_behind in WORK.glob("aside-*"):
        shutil.rmtree(left_behind, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix="aside-", dir=WORK))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
