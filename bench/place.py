"""Where things are: the sources, what is built of them, and the working files."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

BENCH = Path(__file__).resolve().parent
ROOT = BENCH.parent
WORK = Path(os.environ.get("MAILCHUTE_BENCH", ROOT / "target" / "bench")).resolve()
_CARGO = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve()

# The folder of cargo's profile. Numbers are those of a release; a proof that the harness works can take another build.
_BUILT = _CARGO / os.environ.get("MAILCHUTE_BENCH_PROFILE", "release")

PROGRAM = _BUILT / "mailchute"
LIBRARY = _BUILT / "mailchute-bench"
FLOOR = WORK / "floor"
FLOOR_TOKIO = _BUILT / "floor-tokio"
HTTP_SINK = _BUILT / "http-sink"
SMTPGEN = WORK / "smtpgen"
PEERS_RUST = WORK / "cargo" / "release"
PYTHON = WORK / "python" / "bin" / "python"
NODEMAILER = WORK / "nodemailer" / "node_modules"
HARAKA = WORK / "haraka" / "node_modules"
OPENSMTPD = WORK / "opensmtpd"
GO_SMTP = WORK / "go-smtp"

_CURVES = {"ec": ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"], "rsa": ["rsa:2048"]}


class Missing(Exception):
    """Something that has to be installed first."""


def certificate(kind: str) -> tuple[Path, Path]:
    """The certificate and the key of this kind, `ec` or `rsa`."""
    return WORK / f"{kind}.crt", WORK / f"{kind}.key"


def build(release: bool = True) -> None:
    """Builds the load, the floor, Mailchute as library and as program, and makes the certificates."""
    WORK.mkdir(parents=True, exist_ok=True)
    _compile(FLOOR, ["floor.c"], [])
    _compile(SMTPGEN, ["smtpgen.c", "connection.c", "send.c", "hold.c"], ["-lssl", "-lcrypto", "-lpthread"])
    for kind, parameters in _CURVES.items():
        _make_certificate(kind, parameters)
    if release:
        command = ["cargo", "build", "--release", "--quiet", "--features", "mailchute-cli/full"]
        command += ["--package", "mailchute-cli", "--package", "mailchute-bench"]
        subprocess.run(command, cwd=ROOT, check=True)


def _compile(program: Path, sources: list[str], libraries: list[str]) -> None:
    folder = BENCH / "load"
    newest = max(file.stat().st_mtime for file in folder.iterdir())
    if program.exists() and program.stat().st_mtime > newest:
        return
    if not shutil.which("gcc"):
        raise Missing("gcc (Debian: gcc, libc6-dev and libssl-dev; see bench/install)")
    flags = ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror"]
    command = ["gcc", *flags, "-o", str(program), *(str(folder / source) for source in sources), *libraries]
    subprocess.run(command, check=True)


def _make_certificate(kind: str, parameters: list[str]) -> None:
    chain, key = certificate(kind)
    if chain.exists() and key.exists():
        return
    if not shutil.which("openssl"):
        raise Missing("openssl (Debian: openssl)")
    command = [
        "openssl", "req", "-x509", "-newkey", *parameters, "-nodes", "-days", "3650", "-subj", "/CN=bench.test",
        "-addext", "subjectAltName=DNS:bench.test", "-keyout", str(key), "-out", str(chain),
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, timeout=60)
