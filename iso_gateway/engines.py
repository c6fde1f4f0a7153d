"""Which engine the codec runs on, and why: decided once, before the codec is imported.

The compiled engine runs where the extension is there and was built from the sources that lie beside it. A compiled
file outlives its source: it stays in the checkout while the source changes, and would disagree with the Python around
it in ways that nobody looks for, so it is left alone then. The environment has a say in it, see `VARIABLE`.
"""

from __future__ import annotations

import os
from typing import Any, Final, NamedTuple

from iso_gateway import resources
from iso_gateway.codec import engine

VARIABLE: Final = "ISO_GATEWAY_ENGINE"
"""``reference`` forces the Python walker; ``compiled`` makes it an error where the compiled engine cannot run; unset,
the compiled engine runs where it can. The build heeds it too, see hatch_build.py."""
COMPILED: Final = "compiled"
REFERENCE: Final = "reference"


class Choice(NamedTuple):
    """The engine that runs."""

    name: str
    """``compiled`` or ``reference``."""
    why: str
    """Why the compiled one does not; empty where it does."""

    def __str__(self) -> str:
        return f"{self.name} ({self.why})" if self.why else self.name


def choose(asked: str, extension: Any, checksum: str) -> Choice:
    """Return which engine runs.

    Args:
        asked: what the environment says; empty where it says nothing.
        extension: the compiled engine, with the checksum of what it was built from as ``SOURCE``; None without one.
        checksum: that of the sources that are there; empty where none are, which is nothing to be stale against.

    Raises:
        ImportError: *asked* is no engine, or is ``compiled`` and that cannot run.
    """
    why = ""
    if asked == REFERENCE:
        return Choice(REFERENCE, f"{VARIABLE}={REFERENCE} asks for it")
    if asked not in {"", COMPILED}:
        raise ImportError(f"{VARIABLE}: expected {COMPILED} or {REFERENCE}, or unset for the fastest that is there")
    if extension is None:
        why = "no compiled one here: where a C compiler and Python's headers are, install again or run make engine"
    elif checksum and checksum != extension.SOURCE:
        why = "the compiled one was built from other source: run make engine"
    if why and asked:
        raise ImportError(f"{VARIABLE}={COMPILED}: {why}")
    return Choice(REFERENCE if why else COMPILED, why)


CHOICE: Final = choose(os.environ.get(VARIABLE, ""), engine.compiled, resources.engine_checksum())
if CHOICE.why:
    engine.compiled = None
