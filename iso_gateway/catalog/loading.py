"""Specs and profiles made of their files: what is read, the bases below it, and the rules of presence beside it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from iso_gateway.catalog.bases import Stack, of_data, stacked
from iso_gateway.catalog.shelf import PROFILES, SPECS, Found, is_path, own
from iso_gateway.codec.build import build_spec, plain
from iso_gateway.codec.presence import Rule
from iso_gateway.codec.spec import Spec
from iso_gateway.errors import Problem, SpecError
from iso_gateway.protocol.profile import Profile
from iso_gateway.settings import merged, read

Built = TypeVar("Built")


def spec_of_data(source: Mapping[str, Any]) -> Spec:
    """Return the spec that *source* is: see `shelf.load_spec`, also for the others here and for what they raise."""
    if "base" not in source and "profile" not in source:
        return build_spec(source)
    return _spec(of_data(plain(source), SPECS.find), "")


def spec_of_file(name: str) -> Spec:
    """Return the spec in the file *name*."""
    return _spec(stacked(own(name, Path()), SPECS.find), name)


def shipped_spec(name: str) -> Spec:
    """Return a shipped spec, from its sources."""
    found = SPECS.shipped(name)
    return _spec(stacked(found, SPECS.find), found.source)


def placed(source: str, problems: Iterable[Problem]) -> list[Problem]:
    """Return *problems* of the spec *source*, a shipped name or a path, each with its file and line, as they come.

    Raises:
        SpecError: the spec cannot be read (any more).
    """
    found = own(source, Path()) if is_path(source) else SPECS.shipped(source)
    stack = stacked(found, SPECS.find)
    return [next(iter(stack.located([each]))) for each in problems]


def profile_of_file(name: str) -> Profile:
    """Return the profile in the file *name*."""
    return _built(stacked(own(name, Path()), PROFILES.find), Profile.from_data, name)


def shipped_profile(name: str) -> Profile:
    """Return a shipped profile."""
    found = PROFILES.shipped(name)
    return _built(stacked(found, PROFILES.find), Profile.from_data, found.source)


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
