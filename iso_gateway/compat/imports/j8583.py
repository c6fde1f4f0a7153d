"""j8583: the ``parse`` guides of its XML configuration, of one message type or of all of them together.

j8583 has one guide for each message type; ours is one spec for all. Where two guides differ in an element, the first
counts and a note tells of the other. Whether messages are binary is not in the file but in the program, so it is said.
"""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

from iso_gateway.compat.imports.imported import VARIABLE, Imported, masked, names, spec
from iso_gateway.compat.imports.xml_text import Element, read_xml
from iso_gateway.errors import Problem, SpecError


class Kind(NamedTuple):
    """What one type of j8583 means."""

    content: str
    """``n`` digits, ``c`` characters, ``b`` bytes."""
    size: int = 0
    """Its fixed length; 0: the guide says it, or it varies."""
    letters: int = 0
    """How many L; 0: fixed."""


TYPES: Final = {
    "NUMERIC": Kind("n"),
    "ALPHA": Kind("c"),
    "AMOUNT": Kind("n", 12),
    "DATE4": Kind("n", 4),
    "DATE6": Kind("n", 6),
    "DATE10": Kind("n", 10),
    "DATE12": Kind("n", 12),
    "DATE14": Kind("n", 14),
    "DATE_EXP": Kind("n", 4),
    "TIME": Kind("n", 6),
    "BINARY": Kind("b"),
    "LLVAR": Kind("c", letters=2),
    "LLLVAR": Kind("c", letters=3),
    "LLLLVAR": Kind("c", letters=4),
    "LLBIN": Kind("b", letters=2),
    "LLLBIN": Kind("b", letters=3),
    "LLLLBIN": Kind("b", letters=4),
}


def read(text: str | bytes, name: str = "j8583", *, binary: bool = False) -> Imported:
    """Return the spec of a configuration.

    Args:
        text: the XML.
        name: what the spec is called.
        binary: whether the program has ``setUseBinaryMessages(true)``: packed digits, lengths in BCD, a binary bitmap.

    Raises:
        SpecError: it is no configuration of j8583, or has no guide.
    """
    root = read_xml(text)
    guides = root.all("parse")
    if root.name != "j8583-config" or not guides:
        raise SpecError([Problem(root.name, "a j8583-config with parse elements expected", root.line)])
    notes: list[Problem] = []
    fields: dict[str, Any] = {}
    seen: dict[str, tuple[str | None, str | None]] = {}
    for element in root.all("header"):
        what = "what stands before the message type is the framing's"
        notes.append(Problem(f"header {element.attributes.get('type', '')[:4]}", what, element.line))
    for guide in guides:
        for element in guide.all("field"):
            _take(element, guide, fields, seen, notes, binary=binary)
    bitmap = {"encoding": "binary" if binary else "hex", "third": "none"}
    data = spec(name, "A configuration of j8583", "bcd" if binary else "ascii", bitmap, fields)
    return Imported(data, notes)


def _take(
    element: Element,
    guide: Element,
    fields: dict[str, Any],
    seen: dict[str, tuple[str | None, str | None]],
    notes: list[Problem],
    *,
    binary: bool,
) -> None:
    """Add the field that *element* of *guide* describes to *fields*, or a note of why not to *notes*."""
    number, word = element.attributes.get("num", ""), element.attributes.get("type", "")
    where = f"{guide.attributes.get('type', '')[:4]} {number[:4]}".strip()
    if word == "exclude":
        return
    if not re.fullmatch(r"[0-9]{1,3}", number) or not 2 <= int(number) <= 128 or number == "65":
        notes.append(Problem(where, "left out: no data element from 2 to 128", element.line))
        return
    said = (word, element.attributes.get("length"))
    if number in seen:
        if seen[number] != said:
            notes.append(Problem(where, "differs from an earlier guide, which counts", element.line))
        return
    made = _field(element, int(number), binary=binary)
    if isinstance(made, str):
        notes.append(Problem(where, f"left out: {made}", element.line))
        return
    seen[number] = said
    fields[number] = made
    if element.children:
        notes.append(Problem(where, "its parts are not translated: it is carried whole", element.line))
    untranslated = [key for key in ("encoding", "tz", "pad") if key in element.attributes]
    notes += [Problem(where, f"{key}: not translated", element.line) for key in untranslated]


def _field(element: Element, number: int, *, binary: bool) -> dict[str, Any] | str:
    """Return the field in our words, or why it has none."""
    kind = TYPES.get(element.attributes.get("type", ""))
    if kind is None:
        return f"type {element.attributes.get('type', 'missing')[:20]}: one of {', '.join(TYPES)} expected"
    size = element.attributes.get("length", "")
    form = {"n": "n", "c": "any", "b": "b"}[kind.content]
    encoding = {"n": "bcd" if binary else "ascii", "c": "ascii", "b": "binary" if binary else "hex"}[kind.content]
    made: dict[str, Any] = {"name": names("", number), "format": form, "encoding": encoding}
    made["mask"] = masked(number, form)
    if kind.letters:
        most = 10**kind.letters - 1
        made |= {"length": VARIABLE[kind.letters], "prefix": "bcd" if binary else "ascii"}
        if encoding == "hex":
            made["counts"] = "characters"
            most //= 2
        made["max"] = most
        return made
    if not kind.size and not (re.fullmatch(r"[0-9]{1,5}", size) and int(size)):
        return "its length is no number from 1"
    made |= {"length": "fixed", "max": kind.size or int(size)}
    if kind.content != "b":
        made["pad"] = "left 0" if kind.content == "n" else "right space"
    return made
