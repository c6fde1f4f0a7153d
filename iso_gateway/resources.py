"""Find the specs and fixtures, in a checkout and in an installed wheel alike."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Literal


def folder(name: Literal["specs", "fixtures"]) -> Traversable:
    """Return the data folder *name*.

    A wheel carries it inside the package (pyproject.toml, sources); a checkout, editable installs included,
    keeps it beside the package.
    """
    bundled = files("iso_gateway") / name
    if bundled.is_dir():
        return bundled
    return Path(__file__).resolve().parent.parent / name
