"""Press the shipped specs, for `pressed`; hatch_build.py runs it.

python -m iso_gateway.catalog.pressing FOLDER            for a wheel, whose code does not change
python -m iso_gateway.catalog.pressing --in-place        for a checkout: what is not current
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from iso_gateway import resources
from iso_gateway.catalog import loading, pressed, shelf
from iso_gateway.catalog.bases import Stack, stacked
from iso_gateway.codec.pressing import press
from iso_gateway.codec.spec import Spec


def content(name: str, *, code: bool) -> pressed.Content:
    """Return what is kept of the shipped spec *name*; with *code*, also what modules it was made by."""
    spec = loading.shipped_spec(name)
    return pressed.Content(
        tuple(pressed.source(each) for each in _sources(name, spec)),
        tuple(pressed.module(each) for each in _modules()) if code else (),
        tuple(press(spec)),
    )


def write(folder: Path, *, code: bool) -> list[str]:
    """Write the shipped specs to *folder*, each whole at once; return the names of those that were not current."""
    folder.mkdir(exist_ok=True)
    written = [name for name in shelf.spec_names() if not code or pressed.shipped(name) is None]
    for name in written:
        new = folder / f".{name}.{os.getpid()}"
        new.write_bytes(pressed.packed(content(name, code=code)))
        new.replace(folder / f"{name}{pressed.ENDING}")
    return written


def _sources(name: str, spec: Spec) -> list[str]:
    """Return the files that a shipped spec is made from, its profile's too, by their paths below specs/."""
    stacks: list[Stack] = [stacked(shelf.SPECS.shipped(name), shelf.SPECS.find)]
    if spec.profile:
        stacks.append(stacked(shelf.PROFILES.shipped(spec.profile), shelf.PROFILES.find))
    return [source.removeprefix("specs/") for stack in stacks for source in stack.sources]


def _modules() -> list[str]:
    """Return the files of the package that are loaded, and so may have had a say, by their paths in it."""
    files = [getattr(each, "__file__", None) or "" for each in list(sys.modules.values())]
    below = f"{resources.PACKAGE}{os.sep}"
    return sorted(each.removeprefix(below) for each in files if each.startswith(below) and each.endswith(".py"))


def main() -> None:
    """Do what the arguments ask for."""
    (asked,) = sys.argv[1:]
    in_place = asked == "--in-place"
    written = write(Path(pressed.FOLDER if in_place else asked), code=in_place)
    sys.stdout.write(f"{' '.join(written) or 'nothing'}\n")


if __name__ == "__main__":
    main()
