"""What is shipped in specs/, and the loading of it and of files of one's own."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from iso_gateway.catalog import pressed
from iso_gateway.errors import Problem, SpecError, did_you_mean
from iso_gateway.resources import folder

if TYPE_CHECKING:
    from pathlib import Path

    from iso_gateway.codec.spec import Spec
    from iso_gateway.protocol.profile import Profile

_SUFFIXES = (".yaml", ".yml")


def load_spec(source: str | os.PathLike[str] | Mapping[str, Any]) -> Spec:
    """Return the spec that *source* names or is, with the rules of presence of the profile that it names.

    Args:
        source: a shipped name (``iso87-ascii``), the path of a YAML file (it has a folder or ends in
            ``.yaml``), a pyiso8583 spec, or a mapping with what such a file holds. Its ``base`` is such a name,
            or a path beside the file that names it; so is its ``profile``.

    Raises:
        SpecError: with every fault, each with file, line and path.
    """
    if isinstance(source, str) and not is_path(source):
        return _shipped_spec(source)
    from iso_gateway.catalog import loading  # noqa: PLC0415 -- what reads files takes long to load

    return loading.spec_of_data(source) if isinstance(source, Mapping) else loading.spec_of_file(os.fspath(source))


def load_profile(source: str | os.PathLike[str]) -> Profile:
    """Return the profile of a dialect, by shipped name (``iso87``) or by the path of a YAML file.

    Raises:
        SpecError: with every fault, each with file, line and path.
    """
    name = os.fspath(source)
    if not is_path(source):
        return _shipped_profile(name)
    from iso_gateway.catalog import loading  # noqa: PLC0415 -- as above

    return loading.profile_of_file(name)


def spec_names() -> list[str]:
    """Return the names of the shipped specs, sorted."""
    return SPECS.names()


def profile_names() -> list[str]:
    """Return the names of the shipped profiles, sorted."""
    return PROFILES.names()


@functools.cache
def _shipped_spec(name: str) -> Spec:
    """Return a shipped spec; it cannot change, so that one of each is enough."""
    spec = pressed.spec(name)
    if spec is not None:
        return spec
    from iso_gateway.catalog import loading  # noqa: PLC0415 -- as above

    return loading.shipped_spec(name)


@functools.cache
def _shipped_profile(name: str) -> Profile:
    profile = pressed.profile(name)
    if profile is not None:
        return profile
    from iso_gateway.catalog import loading  # noqa: PLC0415 -- as above

    return loading.shipped_profile(name)


class Found(NamedTuple):
    """A file of a spec or profile."""

    file: Path
    source: str
    """What it is called in complaints."""
    folder: Path | None
    """Where paths in it start; None for one that is shipped, whose bases are shipped too."""

    @property
    def same(self) -> str:
        """What is equal for two ways to name one file."""
        return self.source if self.folder is None else os.path.abspath(str(self.file))  # noqa: PTH100 -- takes any text


class Shelf(NamedTuple):
    """A folder of what is shipped."""

    what: str
    """``spec`` or ``profile``."""
    path: tuple[str, ...]
    """The folder, below specs/."""

    def names(self) -> list[str]:
        """Return what is on it, sorted."""
        return sorted(entry.stem for entry in self._folder().iterdir() if entry.suffix == ".yaml")

    def shipped(self, name: str) -> Found:
        """Return what is shipped as *name*.

        Raises:
            SpecError: there is no such thing.
        """
        names = self.names()
        if name not in names:
            known = f"there are {', '.join(names)}; a file's path ends in .yaml"
            said = f"no {self.what} of this name is shipped{did_you_mean(name, names)} ({known})"
            raise SpecError([Problem("", said)], name)
        return Found(self._folder() / f"{name}.yaml", "/".join(("specs", *self.path, f"{name}.yaml")), None)

    def find(self, name: str, beside: Path | None) -> Found:
        """Return what a file in the folder *beside* means by the base *name*; *beside* is None for one that is shipped.

        Raises:
            SpecError: nothing of that name is shipped.
        """
        return own(name, beside) if beside is not None and is_path(name) else self.shipped(name)

    def _folder(self) -> Path:
        return folder("specs").joinpath(*self.path)


SPECS = Shelf("spec", ())
PROFILES = Shelf("profile", ("profiles",))


def is_path(source: str | os.PathLike[str]) -> bool:
    """Return whether *source* is the path of a file, and no name of what is shipped."""
    return not isinstance(source, str) or os.sep in source or source.endswith(_SUFFIXES)


def own(name: str, beside: Path) -> Found:
    """Return the file whose path, seen from the folder *beside*, is *name*."""
    path = beside / name
    return Found(path, str(path) if beside.parts else name, path.parent)
