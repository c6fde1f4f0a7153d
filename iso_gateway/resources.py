"""Find what lies in the package beside the code, in a checkout and in an installed wheel alike."""

from __future__ import annotations

import zlib
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final, Literal

CODEC: Final = Path(__file__).resolve().parent / "codec"
ENGINE_SOURCES: Final = ("_engine*.pyx", "_engine*.pxd", "_engine*.pxi")


def folder(name: Literal["specs", "fixtures"]) -> Traversable:
    """Return the data folder *name*.

    A wheel carries it inside the package (pyproject.toml, sources); a checkout, editable installs included,
    keeps it beside the package.
    """
    bundled = files("iso_gateway") / name
    if bundled.is_dir():
        return bundled
    return Path(__file__).resolve().parent.parent / name


def engine_checksum(folder: Path = CODEC) -> str:
    """Return the checksum of the compiled engine's sources in *folder*; empty where there are none.

    The build (hatch_build.py, which runs this file alone) puts it into the engine, and an engine with another one is
    not taken. It guards against a forgotten build, not against malice.
    """
    sources = b"".join(path.read_bytes() for pattern in ENGINE_SOURCES for path in sorted(folder.glob(pattern)))
    return f"{zlib.crc32(sources):08x}-{len(sources)}" if sources else ""
