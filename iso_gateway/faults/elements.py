"""Elements and parts as people name them: by number (``38``), path (``55.9F26``) or the names that the spec gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from iso_gateway.codec.parts.bitmapped import Bitmapped, DatasetMap
from iso_gateway.codec.parts.positional import Layouts, Positional
from iso_gateway.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable

    from iso_gateway.codec.field import Field
    from iso_gateway.codec.parts.structure import Structure
    from iso_gateway.codec.spec import Spec

NAMED: Final = {"terminal": "41", "merchant": "42", "stan": "11"}
"""Elements with a short name of our own."""


def path_of(spec: Spec, said: str, others: Iterable[str] = ()) -> str:
    """Return the path of the element or part that *said* names in *spec*: ``41``, ``55.9F26``, ``60.1``.

    Args:
        spec: which elements there are.
        said: a number or name, and behind dots those of parts.
        others: words that may have been meant as well.

    Raises:
        ValueError: *spec* has no such element or part.
    """
    name, *inside = said.split(".")
    number = _number(spec, NAMED.get(name, name))
    if number is None:
        known = (*others, *NAMED, *(field.name for field in spec.fields.values()))
        raise ValueError(f"{spec.name} has no element {said[:40]!r}{did_you_mean(said, known)}")
    path, structure = [str(number)], spec.fields[number].inside
    for each in inside:
        if structure is None:
            raise ValueError(f"nothing is known of what is inside {'.'.join(path)}")
        key = _key(structure, each)
        if key is None:
            names = [part.name for part in structure.declared()]
            raise ValueError(f"{'.'.join(path)} has no part {each[:40]!r}{did_you_mean(each, names)}")
        path.append(key)
        structure = structure.within(structure.normal(key.partition("#")[0]))
    return ".".join(path)


def field_of(spec: Spec, path: str) -> Field | None:
    """Return what *spec* declares at *path*, as `path_of` gives it; None for a tag that it does not declare."""
    number, *inside = path.split(".")
    field: Field | None = spec.fields[int(number)]
    for each in inside:
        structure = None if field is None else field.inside
        if structure is None:
            return None
        key = structure.normal(each.partition("#")[0])
        field = next((part.field for part in structure.declared() if part.key == key), None)
    return field


def unfit(field: Field, text: str) -> str:
    """Return why no value of *field* is ever *text*, in words; empty where one may be."""
    text = text.rstrip(" ")
    longest = field.max * (2 if field.binary else 1)
    digits = field.format == "n"
    exactly = digits and field.length == "fixed"
    if len(text) > longest or (exactly and len(text) != longest):
        what = "digits" if digits or field.binary else "characters"
        return f"{'' if exactly else 'at most '}{longest} {what} expected"
    if digits and not (text.isascii() and text.isdecimal()):
        return "digits expected"
    if field.binary and (len(text) % 2 or any(each not in "0123456789ABCDEF" for each in text)):
        return "hexadecimal, in capitals, expected"
    return ""


def _number(spec: Spec, name: str) -> int | None:
    if name.isascii() and name.isdecimal():
        return int(name) if len(name) <= 3 and int(name) in spec.fields else None
    return next((number for number, field in spec.fields.items() if field.name == name), None)


def _key(structure: Structure, said: str) -> str | None:
    """Return the key of the part *said* of *structure*; None where it can have none such."""
    key, sign, nth = said.partition("#")
    if sign and not (nth.isascii() and nth.isdecimal() and len(nth) <= 5 and int(nth)):
        return None
    parts = list(structure.declared())
    normal = structure.normal(key)
    for part in parts:
        if normal == part.key or key == part.name:
            return part.key + sign + nth
    # A composite of tags takes those that nobody declared, too.
    closed = isinstance(structure, Positional | Layouts | Bitmapped) and not isinstance(structure, DatasetMap)
    return normal + sign + nth if key.isascii() and key.isalnum() and not closed else None
