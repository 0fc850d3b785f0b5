"""Certificates of a private authority."""

from __future__ import annotations

import subprocess
from pathlib import Path


def paths(folder: Path) -> tuple[Path, Path, Path]:
    """An authority, a certificate of it for localhost, and the key of that."""
    return folder / "authority.pem", folder / "hop.pem", folder / "hop.key"


def make(folder: Path) -> None:
    """Makes these files."""
    authority, chain, key = paths(folder)
    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    names = folder / "names"
    names.write_text("subjectAltName=DNS:localhost\n")
    for command in (
        ["req", "-x509", *new_key, "-subj", "/CN=authority", "-keyout", f"{folder}/authority.key", "-out", str(authority)],
        ["req", *new_key, "-subj", "/CN=localhost", "-keyout", str(key), "-out", f"{folder}/request"],
        ["x509", "-req", "-in", f"{folder}/request", "-CA", str(authority), "-CAkey", f"{folder}/authority.key",
         "-CAcreateserial", "-days", "2", "-extfile", str(names), "-out", str(chain)],
    ):  # fmt: skip
        subprocess.run(["openssl", *command], check=True, capture_output=True, timeout=30)
