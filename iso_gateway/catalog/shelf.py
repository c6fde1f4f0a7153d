"""What is shipped in specs/, and the loading of it and of files of one's own."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from iso_gateway.catalog.bases import Found, Stack, of_data, stacked
from iso_gateway.codec.build import build_spec, plain
from iso_gateway.codec.spec import Spec
from iso_gateway.errors import Problem, SpecError, did_you_mean
from iso_gateway.protocol.profile import Profile
from iso_gateway.resources import folder

Built = TypeVar("Built")

_SUFFIXES = (".yaml", ".yml")


def load_spec(source: str | os.PathLike[str] | Mapping[str, Any]) -> Spec:
    """Return the spec that *source* names or is.

    Args:
        source: a shipped name (``iso87-ascii``), the path of a YAML file (it has a folder or ends in
            ``.yaml``), a pyiso8583 spec, or a mapping with what such a file holds. Its ``base`` is such a name,
            or a path beside the file that names it.

    Raises:
        SpecError: with every fault, each with file, line and path.
    """
    if isinstance(source, Mapping):
        if "base" not in source:
            return build_spec(source)
        return _built(of_data(plain(source), SPECS.find), build_spec, "")
    name = os.fspath(source)
    if _is_path(source):
        found = _file(name, Path())
        return _built(stacked(found, SPECS.find), build_spec, name)
    return _shipped_spec(name)


def load_profile(source: str | os.PathLike[str]) -> Profile:
    """Return the profile of a dialect, by shipped name (``iso87``) or by the path of a YAML file.

    Raises:
        SpecError: with every fault, each with file, line and path.
    """
    name = os.fspath(source)
    if _is_path(source):
        found = _file(name, Path())
        return _built(stacked(found, PROFILES.find), Profile.from_data, name)
    return _shipped_profile(name)


def spec_names() -> list[str]:
    """Return the names of the shipped specs, sorted."""
    return SPECS.names()


def profile_names() -> list[str]:
    """Return the names of the shipped profiles, sorted."""
    return PROFILES.names()


@functools.cache
def _shipped_spec(name: str) -> Spec:
    """Return a shipped spec; it cannot change, so that one of each is enough."""
    found = SPECS.shipped(name)
    return _built(stacked(found, SPECS.find), build_spec, found.source)


@functools.cache
def _shipped_profile(name: str) -> Profile:
    found = PROFILES.shipped(name)
    return _built(stacked(found, PROFILES.find), Profile.from_data, found.source)


class Shelf(NamedTuple):
    """A folder of what is shipped."""

    what: str
    """``spec`` or ``profile``."""
    path: tuple[str, ...]
    """The folder, below specs/."""

    def names(self) -> list[str]:
        """Return what is on it, sorted."""
        entries = [entry.name for entry in self._folder().iterdir()]
        return sorted(entry.removesuffix(".yaml") for entry in entries if entry.endswith(".yaml"))

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
        return _file(name, beside) if beside is not None and _is_path(name) else self.shipped(name)

    def _folder(self) -> Traversable:
        return functools.reduce(lambda above, part: above / part, self.path, folder("specs"))


SPECS = Shelf("spec", ())
PROFILES = Shelf("profile", ("profiles",))


def _is_path(source: str | os.PathLike[str]) -> bool:
    return not isinstance(source, str) or os.sep in source or source.endswith(_SUFFIXES)


def _file(name: str, beside: Path) -> Found:
    """Return the file whose path, seen from the folder *beside*, is *name*."""
    path = beside / name
    return Found(path, str(path) if beside.parts else name, path.parent)


def _built(stack: Stack, build: Callable[[Mapping[str, Any]], Built], source: str) -> Built:
    """Build from what was read; the builder's problems get the files' names and lines."""
    try:
        found = build(stack.data)
    except SpecError as error:
        raise SpecError(stack.located(error.problems), source) from None
    if problems := stack.located(()):
        raise SpecError(problems, source)
    return found
