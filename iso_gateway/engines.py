"""Which engine the codec runs on, and why: decided once, before the codec is imported.

The compiled engine runs where the extension is there and was built from the sources that lie beside it. One that
was built from other sources would disagree with the Python around it in ways that nobody looks for, so it is left
alone. ``ISO_GATEWAY_ENGINE=reference`` forces the Python walker.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Final, NamedTuple

from iso_gateway.codec import engine

VARIABLE: Final = "ISO_GATEWAY_ENGINE"
COMPILED: Final = "compiled"
REFERENCE: Final = "reference"


class Choice(NamedTuple):
    """The engine that runs."""

    name: str
    """``compiled`` or ``reference``."""
    why: str
    """Why the compiled one does not; empty where it does."""


def source_hash(folder: Path) -> str:
    """Return the SHA-256 of the engine's sources in *folder*, in hexadecimal; empty where there are none."""
    sources = sorted(path for ending in ("pyx", "pxd", "pxi") for path in folder.glob(f"_engine*.{ending}"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest() if sources else ""


def choose() -> Choice:
    """Return which engine runs, and take the extension from the codec where it shall not."""
    why = _against()
    if why:
        engine.compiled = None
    return Choice(REFERENCE if why else COMPILED, why)


def _against() -> str:
    if os.environ.get(VARIABLE) == REFERENCE:
        return f"{VARIABLE}={REFERENCE}"
    if engine.compiled is None:
        return "the extension is not built"
    now = source_hash(Path(__file__).parent / "codec")
    if now and now != engine.compiled.SOURCE:
        return "the extension was built from other sources"
    return ""


CHOICE: Final = choose()
