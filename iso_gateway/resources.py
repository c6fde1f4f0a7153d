"""Find what lies in the package beside the code, in a checkout and in an installed wheel alike.

Every command begins here, so that nothing is imported which costs more than what is done with it: `pathlib` takes as
long as decoding a hundred messages.
"""

from __future__ import annotations

import os
import zlib
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from pathlib import Path

PACKAGE: Final = os.path.dirname(os.path.realpath(__file__))  # noqa: PTH120 -- see above
ENGINE_SOURCES: Final = (".pyx", ".pxd", ".pxi")
"""How the sources of the compiled engine end; they begin with ``_engine``."""


def where(name: Literal["specs", "fixtures"]) -> str:
    """Return the path of the data folder *name*.

    A wheel carries it inside the package (pyproject.toml, sources); a checkout, editable installs included,
    keeps it beside the package.
    """
    bundled = f"{PACKAGE}/{name}"
    return bundled if os.path.isdir(bundled) else f"{os.path.dirname(PACKAGE)}/{name}"  # noqa: PTH112, PTH120


def folder(name: Literal["specs", "fixtures"]) -> Path:
    """Return the data folder *name*."""
    from pathlib import Path  # noqa: PLC0415 -- see above

    return Path(where(name))


def engine_checksum(folder: str | os.PathLike[str] = f"{PACKAGE}/codec") -> str:
    """Return the checksum of the compiled engine's sources in *folder*; empty where there are none.

    The build (hatch_build.py, which runs this file alone) puts it into the engine, and an engine with another one is
    not taken. It guards against a forgotten build, not against malice.
    """
    there = sorted(each for each in os.listdir(folder) if each.startswith("_engine"))  # noqa: PTH208
    sources = b"".join(read(f"{folder}/{each}") for end in ENGINE_SOURCES for each in there if each.endswith(end))
    return f"{zlib.crc32(sources):08x}-{len(sources)}" if sources else ""


def read(path: str) -> bytes:
    """Return what is in a file of the package."""
    with open(path, "rb") as file:  # noqa: PTH123
        return file.read()
