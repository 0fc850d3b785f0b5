"""The commands that the program suggests when it starts must work as they stand there."""

from __future__ import annotations

import shutil
import signal
import subprocess
from pathlib import Path

from server import Certificate

from .base import Checks, Scenario

_SECONDS = 30


class Welcome(Scenario):
    name = "welcome"

    def missing(self) -> str | None:
        lacking = [program for program in ("curl", "swaks") if not shutil.which(program)]
        return ", ".join(lacking) or None

    def run(self, program: Path, folder: Path, certificate: Certificate) -> Checks:
        checks = Checks()
        command = [str(program), "--listen", "127.0.0.1:0", "--log-level", "error"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=folder, text=True) as process:
            try:
                suggested = []
                for line in process.stdout:
                    if line.startswith("  "):
                        suggested.append(line.strip())
                    if "Ctrl-C stops" in line:
                        break
                checks.that(len(suggested) == 2, f"suggested: {suggested}")
                for number, suggestion in enumerate(suggested, 1):
                    done = subprocess.run(suggestion, shell=True, capture_output=True, timeout=_SECONDS, cwd=folder)
                    said = (done.stdout + done.stderr).decode(errors="replace")[-600:]
                    checks.that(done.returncode == 0, f"{suggestion}: {done.returncode}: {said}")
                    kept = len(list((folder / "mail" / "new").iterdir()))
                    checks.that(kept == number, f"{suggestion}: {kept} messages are kept")
            finally:
                process.send_signal(signal.SIGTERM)
        checks.that(process.returncode == 0, f"the program ended with {process.returncode}")
        return checks
