"""What is shipped in specs/, and the loading of it and of files of one's own."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, TypeVar

from iso_gateway.catalog.lines import located
from iso_gateway.catalog.yaml_text import MAX_CHARACTERS, read_yaml
from iso_gateway.codec.build import build_spec
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
            ``.yaml``), a pyiso8583 spec, or a mapping with what such a file holds.

    Raises:
        SpecError: with every fault, each with file, line and path.
    """
    if isinstance(source, Mapping):
        return build_spec(source)
    name = os.fspath(source)
    if _is_path(source):
        return _load(Path(name), name, build_spec)
    return _shipped_spec(name)


def load_profile(source: str | os.PathLike[str]) -> Profile:
    """Return the profile of a dialect, by shipped name (``iso87``) or by the path of a YAML file.

    Raises:
        SpecError: with every fault, each with file, line and path.
    """
    name = os.fspath(source)
    if _is_path(source):
        return _load(Path(name), name, Profile.from_data)
    return _shipped_profile(name)


def spec_names() -> list[str]:
    """Return the names of the shipped specs, sorted."""
    return _names(folder("specs"))


def profile_names() -> list[str]:
    """Return the names of the shipped profiles, sorted."""
    return _names(folder("specs") / "profiles")


@functools.cache
def _shipped_spec(name: str) -> Spec:
    """Return a shipped spec; it cannot change, so that one of each is enough."""
    file = _on_shelf(name, folder("specs"), "spec")
    return _load(file, f"specs/{name}.yaml", build_spec)


@functools.cache
def _shipped_profile(name: str) -> Profile:
    return _load(
        _on_shelf(name, folder("specs") / "profiles", "profile"), f"specs/profiles/{name}.yaml", Profile.from_data
    )


def _is_path(source: str | os.PathLike[str]) -> bool:
    return not isinstance(source, str) or os.sep in source or source.endswith(_SUFFIXES)


def _names(shelf: Traversable) -> list[str]:
    return sorted(entry.name.removesuffix(".yaml") for entry in shelf.iterdir() if entry.name.endswith(".yaml"))


def _on_shelf(name: str, shelf: Traversable, what: str) -> Traversable:
    names = _names(shelf)
    if name not in names:
        hint = did_you_mean(name, names)
        said = f"no {what} of this name is shipped{hint} (there are {', '.join(names)}; a file's path ends in .yaml)"
        raise SpecError([Problem("", said)], name)
    return shelf / f"{name}.yaml"


def _load(file: Traversable, source: str, build: Callable[[Mapping[str, Any]], Built]) -> Built:
    """Read a YAML file and build from it; the builder's problems get the file's name and lines."""
    data, lines = read_yaml(_text(file, source), source)
    if not isinstance(data, Mapping):
        raise SpecError([Problem("", "expected a table of keys", 1)], source)
    try:
        return build(data)
    except SpecError as error:
        raise SpecError(located(error.problems, lines), source) from None


def _text(file: Traversable, source: str) -> str:
    try:
        with file.open("rb") as stream:
            content = stream.read(4 * MAX_CHARACTERS + 1)  # one character has at most 4 bytes
        return content.decode("utf-8-sig")
    except OSError as error:
        raise SpecError([Problem("", f"cannot be read: {error.strerror or 'no such file'}")], source) from None
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise SpecError([Problem("", "not UTF-8", line)], source) from None
    except ValueError:  # a null character in the name
        raise SpecError([Problem("", "cannot be read: no name of a file")], source) from None
