"""What is shipped in specs/, and the loading of it and of files of one's own."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from iso_gateway.catalog.bases import Found, Stack, of_data, stacked
from iso_gateway.codec.build import build_spec, plain
from iso_gateway.codec.presence import Rule
from iso_gateway.codec.spec import Spec
from iso_gateway.errors import Problem, SpecError, did_you_mean
from iso_gateway.protocol.profile import Profile
from iso_gateway.resources import folder
from iso_gateway.settings import merged, read

Built = TypeVar("Built")

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
    if isinstance(source, Mapping):
        if "base" not in source and "profile" not in source:
            return build_spec(source)
        return _spec(of_data(plain(source), SPECS.find), "")
    name = os.fspath(source)
    if _is_path(source):
        return _spec(stacked(_file(name, Path()), SPECS.find), name)
    return _shipped_spec(name)


def load_profile(source: str | os.PathLike[str]) -> Profile:
    """Return the profile of a dialect, by shipped name (``iso87``) or by the path of a YAML file.

    Raises:
        SpecError: with every fault, each with file, line and path.
    """
    name = os.fspath(source)
    if _is_path(source):
        return _built(stacked(_file(name, Path()), PROFILES.find), Profile.from_data, name)
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
    return _spec(stacked(found, SPECS.find), found.source)


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

    def _folder(self) -> Path:
        return functools.reduce(lambda above, part: above / part, self.path, folder("specs"))


SPECS = Shelf("spec", ())
PROFILES = Shelf("profile", ("profiles",))


def _is_path(source: str | os.PathLike[str]) -> bool:
    return not isinstance(source, str) or os.sep in source or source.endswith(_SUFFIXES)


def _file(name: str, beside: Path) -> Found:
    """Return the file whose path, seen from the folder *beside*, is *name*."""
    path = beside / name
    return Found(path, str(path) if beside.parts else name, path.parent)


def _spec(stack: Stack, source: str) -> Spec:
    """Build the spec that was read; what it says of presence is laid over what its profile says."""
    name = stack.data.get("profile")
    if not isinstance(name, str) or not name:
        return _built(stack, build_spec, source)
    try:
        found = PROFILES.find(name, stack.folder("profile"))
    except SpecError as error:
        return _built(stack, build_spec, source, [error.problems[0]._replace(path="profile")])
    if found.folder is not None:
        stack.data["profile"] = str(found.file)
    try:
        rules = _shipped_presence(name) if found.folder is None else _presence(found)
    except SpecError as error:
        return _built(stack, build_spec, source, error.problems)
    own = {key: each for key, each in stack.data.items() if key == "presence"}
    laid = merged({"presence": rules}, own)
    stack.data |= laid.data
    return _built(stack, build_spec, source, laid.problems)


@functools.cache
def _shipped_presence(name: str) -> dict[str, Any]:
    return _presence(PROFILES.shipped(name))


def _presence(found: Found) -> dict[str, Any]:
    """Return the rules of presence of a profile, as it has them.

    Raises:
        SpecError: with every fault of them, each with its file.
    """
    try:
        stack = stacked(found, PROFILES.find)
    except SpecError as error:
        source = error.source
        raise SpecError([each._replace(source=each.source or source) for each in error.problems]) from None
    data = stack.data.get("presence", {})
    rules, problems = read(dict[str, Rule], data, text=True)
    if rules is None:
        placed = stack.located(each._replace(path=f"presence.{each.path}".rstrip(".")) for each in problems)
        raise SpecError([each._replace(source=each.source or found.source) for each in placed])
    return dict(data)


def _built(
    stack: Stack, build: Callable[[Mapping[str, Any]], Built], source: str, problems: Iterable[Problem] = ()
) -> Built:
    """Build from what was read; the builder's problems, and *problems* found before, get the files' names and lines."""
    told = list(problems)
    try:
        found = build(stack.data)
    except SpecError as error:
        raise SpecError(stack.located([*told, *error.problems]), source) from None
    if told := stack.located(told):
        raise SpecError(told, source)
    return found
