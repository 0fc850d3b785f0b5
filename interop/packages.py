"""The packages of PyPI that interop/install has put aside."""

from __future__ import annotations

import os
import sys
from pathlib import Path

FOLDER = Path(os.environ.get("MAILCHUTE_INTEROP_PYTHON") or Path(__file__).parents[1] / "target" / "interop" / "python")


def missing(package: str) -> str | None:
    """Says what to do if a package is not there; otherwise it can be imported from now on."""
    found = sorted(FOLDER.glob(f"lib/python3*/site-packages/{package}"))
    if not found:
        return f"{package} in {FOLDER} (interop/install puts it there)"
    site = str(found[0].parent)
    if site not in sys.path:
        sys.path.append(site)
    return None
