"""Elements and parts by their names: ``processing_code`` is 3, ``icc_data.amount_authorized`` is 55.9F02."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from iso_gateway.codec import emv
from iso_gateway.codec.parts import Structure
from iso_gateway.codec.parts.ber import BerTLV
from iso_gateway.codec.parts.tagged import Tagged
from iso_gateway.codec.spec import Spec
from iso_gateway.errors import ConfigError, Problem, did_you_mean

_HEX: Final = re.compile("[0-9A-Fa-f]{1,8}")
"""A number, or a tag of bytes."""


def numbered(spec: Spec, fields: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Return *fields*, pairs of a path and anything, by paths of numbers and tags, as `Spec.message` takes them.

    Args:
        spec: whose names they are.
        fields: each step of a path is a number, a tag or a name. Numbers and tags are taken over unseen.

    Raises:
        ConfigError: all names that the spec has not, or has several times, and what is given twice.
    """
    found: dict[str, Any] = {}
    problems: list[Problem] = []
    for given, value in fields:
        path, wrong = _numbered(spec, given, len(problems))
        if not wrong and path in found:
            wrong = "is given twice" if path == given else f"is {path}, which is given twice"
        if wrong:
            problems.append(Problem(given, wrong))
        else:
            found[path] = value
    if problems:
        raise ConfigError(problems)
    return found


def names_inside(structure: Structure) -> Iterator[tuple[str, str]]:
    """Yield the name of each part of *structure* with its key, in no special order, and some more than once."""
    for part in structure.declared():
        yield part.name, part.key
    if isinstance(structure, BerTLV) and structure.named:
        yield from ((name, tag) for tag, name in emv.NAMES.items() if tag not in structure.parts)


def _numbered(spec: Spec, given: str, told: int) -> tuple[str, str]:
    """Return the path of *given* in numbers, and what is wrong with it; either is empty."""
    first, *others = given.split(".")
    keys = [first]
    if not first.isdecimal():
        elements = _keys((field.name, str(number)) for number, field in spec.fields.items())
        keys, wrong = _only(elements.get(first), first, elements, f"no element of {spec.name}", told)
        if wrong:
            return "", wrong if "did you" in wrong else wrong + _elsewhere(spec, first)
    structure = spec.fields[int(keys[0])].inside if keys[0] in spec.source["fields"] else None
    for step in others:
        name, sign, nth = step.partition("#")
        found = [name]
        if structure is not None and not _is_key(structure, name):
            names = _keys(names_inside(structure))
            found, wrong = _only(names.get(name), name, names, f"no part of {'.'.join(keys)}", told)
            if wrong:
                return "", wrong
        keys.append(f"{found[0]}{sign}{nth}")
        structure = None if structure is None else structure.within(structure.normal(found[0]))
    return ".".join(keys), ""


def _is_key(structure: Structure, step: str) -> bool:
    """Return whether *step* is a key of *structure*, or could be one: the codec knows more of keys."""
    if any(step == part.key for part in structure.declared()):
        return True
    if isinstance(structure, Tagged) and structure.tag.encoding != "binary":
        return len(step) == structure.tag.digits
    return _HEX.fullmatch(step) is not None


def _keys(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Return the keys by name, each once."""
    found: dict[str, list[str]] = {}
    for name, key in pairs:
        if name and key not in found.setdefault(name, []):
            found[name].append(key)
    return found


def _only(keys: list[str] | None, name: str, names: Iterable[str], what: str, told: int) -> tuple[list[str], str]:
    """Return the key of *name*, and what is wrong where it has none, or several."""
    if not keys:
        return [], f"{what} is called so{did_you_mean(name, list(names), told)}"
    return keys, f"several are called so: say which, {' or '.join(keys)}" if len(keys) > 1 else ""


def _elsewhere(spec: Spec, name: str) -> str:
    """Return where *name* is that of a part, for who left out what it is in."""
    for field in spec.fields.values():
        if field.inside is not None and any(name == each for each, _key in names_inside(field.inside)):
            return f", did you mean {field.name + '.' + name!r}?"
    return ""
