"""Press the shipped specs and profiles, for `pressed`; hatch_build.py runs it.

python -m iso_gateway.catalog.pressing FOLDER            for a wheel, whose code does not change
python -m iso_gateway.catalog.pressing --in-place        for a checkout: what is not current
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from iso_gateway import resources
from iso_gateway.catalog import loading, pressed, shelf
from iso_gateway.catalog.bases import stacked
from iso_gateway.codec.pressing import press


def spec(name: str, *, code: bool) -> pressed.Content:
    """Return what is kept of the shipped spec *name*; with *code*, also what modules it was made by."""
    made = loading.shipped_spec(name)
    sources = _sources(shelf.SPECS, name) + (_sources(shelf.PROFILES, made.profile) if made.profile else ())
    return pressed.Content(sources, _modules() if code else (), tuple(press(made)))


def profile(name: str, *, code: bool) -> pressed.Content:
    """Return what is kept of the shipped profile *name*; see `spec`."""
    loading.shipped_profile(name)  # which judges it
    data = stacked(shelf.PROFILES.shipped(name), shelf.PROFILES.find).data
    return pressed.Content(_sources(shelf.PROFILES, name), _modules() if code else (), data)


def write(folder: Path, *, code: bool) -> list[str]:
    """Write what is shipped to *folder*, each file whole at once; return those that were not current."""
    folder.mkdir(exist_ok=True)
    specs = [(pressed.file("spec", name), pressed.spec, spec, name) for name in shelf.spec_names()]
    profiles = [(pressed.file("profile", name), pressed.profile, profile, name) for name in shelf.profile_names()]
    written: list[str] = []
    for file, known, content, name in (*specs, *profiles):
        if code and known(name) is not None:
            continue
        new = folder / f".{file}.{os.getpid()}"
        new.write_bytes(pressed.packed(content(name, code=code)))
        new.replace(folder / file)
        written.append(file)
    return written


def _sources(on: shelf.Shelf, name: str) -> tuple[tuple[str, int, int], ...]:
    """Return the files that *name* is made from, itself and its bases."""
    stack = stacked(on.shipped(name), on.find)
    return tuple(pressed.source(each.removeprefix("specs/")) for each in stack.sources)


def _modules() -> tuple[tuple[str, int, int], ...]:
    """Return the modules of the package that are loaded, and so may have had a say."""
    files = [getattr(each, "__file__", None) or "" for each in list(sys.modules.values())]
    below = f"{resources.PACKAGE}{os.sep}"
    loaded = sorted(each.removeprefix(below) for each in files if each.startswith(below) and each.endswith(".py"))
    return tuple(pressed.module(each) for each in loaded)


def main() -> None:
    """Do what the arguments ask for."""
    (asked,) = sys.argv[1:]
    in_place = asked == "--in-place"
    written = write(Path(pressed.FOLDER if in_place else asked), code=in_place)
    sys.stdout.write(f"{' '.join(written) or 'nothing'}\n")


if __name__ == "__main__":
    main()
