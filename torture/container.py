"""A systemd that runs as on a machine of its own, over this machine's files, which it cannot change."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from server import ServerError

_START_SECONDS = 60

# Runs within its own namespaces. After chroot, systemd could not create user namespaces. With control groups of version
# 1, a systemd in a container waits only for processes that it started itself.
_BOOT = """
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
cd "$1/root"
mount -t proc proc proc
mount --rbind /sys sys
umount --recursive --lazy sys/fs/cgroup
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount --rbind /dev dev
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
rm -rf etc/systemd/system/*.wants
printf '[Unit]\\nRequires=basic.target\\nAfter=basic.target\\nAllowIsolate=yes\\n' > etc/systemd/system/quiet.target
cp "$2" usr/local/bin/mailchute
cp "$3"/* etc/systemd/system
ip link set lo up
mkdir tmp/old
pivot_root . tmp/old
cd /
umount -l /tmp/old
exec env -i container=other PATH="$PATH" /lib/systemd/systemd --system --unit=quiet.target
"""


class Container:
    """With the program in /usr/local/bin and these units, and none of those that this machine starts."""

    def __init__(self, folder: Path, program: Path, units: Path) -> None:
        for needed, package in (("unshare", "util-linux"), ("systemctl", "systemd"), ("ip", "iproute2")):
            if not shutil.which(needed):
                raise ServerError(f"{needed} is not installed (the Debian package {package})")
        own = folder / "container"
        own.mkdir()
        self._log = (folder / "container.log").open("w+")
        namespaces = ["--mount", "--pid", "--cgroup", "--uts", "--ipc", "--net", "--fork", "--kill-child"]
        command = ["unshare", *namespaces, "sh", "-c", _BOOT, "boot", str(own), str(program), str(units)]
        self._outer = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log)

    def __enter__(self) -> Container:
        """Waits until systemd has started everything."""
        deadline = time.monotonic() + _START_SECONDS
        while self._outer.poll() is None and time.monotonic() < deadline:
            if self.run("systemctl", "is-system-running", check=False).stdout.strip() in ("running", "degraded"):
                return self
            time.sleep(0.1)
        self.end()
        self._log.seek(0)
        raise ServerError(f"systemd does not start, for which it takes root: {self._log.read()[-400:]}")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def end(self) -> None:
        self._outer.kill()
        self._outer.wait()

    def run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Runs a command in it; with `check`, whoever fails is an error that says what was said."""
        children = Path(f"/proc/{self._outer.pid}/task/{self._outer.pid}/children").read_text().split()
        inside = ["nsenter", f"--target={children[0]}", "--all", "--"] if children else ["false"]
        done = subprocess.run([*inside, *command], capture_output=True, text=True, timeout=_START_SECONDS)
        if check and done.returncode:
            raise ServerError(f"{_words(command)}: {done.returncode}, {(done.stdout + done.stderr)[-400:]}")
        return done

    def write(self, path: str, text: str) -> None:
        """Writes a file in it, with its folders."""
        self.run("sh", "-c", 'mkdir -p "${1%/*}"; printf %s "$2" > "$1"', "write", path, text)


def _words(command: Sequence[str]) -> str:
    return " ".join(word if len(word) < 80 else "…" for word in command)
