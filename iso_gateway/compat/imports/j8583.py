"""j8583: the ``parse`` guides of its XML configuration, of all message types together, and what its templates add.

j8583 has one guide for each message type; ours is one spec for all. Where two guides differ in an element, the first
counts and a note tells of the other. An element that only a ``template`` has is taken from there. Whether messages are
binary is not in the file but in the program, so it is said.
"""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

from iso_gateway.codec import rules
from iso_gateway.codec.build import plain
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
    digits: bool = False
    """Whether the length of binary messages counts half bytes."""


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
    "LLBCDBIN": Kind("b", letters=2, digits=True),
    "LLLBCDBIN": Kind("b", letters=3, digits=True),
    "LLLLBCDBIN": Kind("b", letters=4, digits=True),
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
    guides = [*root.all("parse"), *root.all("template")]
    if root.name != "j8583-config" or not guides:
        raise SpecError([Problem(root.name[:20], "a j8583-config with parse elements expected", root.line)])
    reading = _Reading(binary=binary)
    for element in root.children:
        reading.beside(element)
    for guide in guides:
        for element in guide.children:
            reading.take(element, guide)
    bitmap = {"encoding": "binary" if binary else "hex", "third": "none"}
    data = spec(name, "A configuration of j8583", "bcd" if binary else "ascii", bitmap, reading.fields)
    return Imported(data, reading.notes)


class _Reading:
    """One configuration."""

    def __init__(self, *, binary: bool) -> None:
        self.binary = binary
        self.notes: list[Problem] = []
        self.fields: dict[str, Any] = {}
        self._said: dict[str, tuple[str | None, str | None]] = {}

    def beside(self, element: Element) -> None:
        """Note what of the configuration is no guide."""
        if element.name == "header":
            what = "what stands before the message type is the framing's"
            self.notes.append(Problem(f"header {element.attributes.get('type', '')[:4]}", what, element.line))
        elif element.name not in {"parse", "template"}:
            what = "not translated: where it names a file, import that one too"
            self.notes.append(Problem(element.name[:20], what, element.line))

    def take(self, element: Element, guide: Element) -> None:
        """Add the field that *element* of *guide* describes, or note why not."""
        number, word = element.attributes.get("num", "").strip(), element.attributes.get("type", "")
        where = f"{guide.attributes.get('type', '')[:4]} {number[:4]}".strip()
        if element.name != "field":
            self.notes.append(Problem(f"{where} {element.name[:20]}".strip(), "not translated", element.line))
            return
        if word == "exclude" or (guide.name == "template" and number in self.fields):
            return
        if not re.fullmatch(r"[0-9]{1,3}", number) or not 2 <= int(number) <= 128 or int(number) == 65:
            self.notes.append(Problem(where, "left out: no data element from 2 to 128", element.line))
            return
        number = str(int(number))
        said = (word, element.attributes.get("length"))
        if number in self._said:
            if self._said[number] != said:
                self.notes.append(Problem(where, "differs from an earlier guide, which counts", element.line))
            return
        self._said[number] = said
        made = _field(element, int(number), binary=self.binary)
        if isinstance(made, str):
            self.notes.append(Problem(where, f"left out: {made}", element.line))
            return
        if element.all("field"):
            made, why = _composite(element, made)
            if why:
                what = f"its parts are not translated, it is carried whole: {why}"
                self.notes.append(Problem(where, what, element.line))
        self.fields[number] = made
        untranslated = [key for key in ("encoding", "tz", "pad") if key in element.attributes]
        self.notes += [Problem(where, f"{key}: not translated", element.line) for key in untranslated]


def _composite(element: Element, field: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """Return *field* with the parts that *element* has, in text one after the other, or why it has none."""
    if field["format"] == "b":
        return field, "parts of a binary field"
    parts: dict[str, Any] = {}
    for at, each in enumerate(element.all("field"), 1):
        made = _field(each, at, binary=False)
        if isinstance(made, str) or each.all("field"):
            return field, f"part {at}: {made}" if isinstance(made, str) else f"part {at} has parts of its own"
        made |= {"mask": field["mask"], "name": f"part_{at}"}
        made.pop("prefix", None)
        if made["format"] != "b":
            made.pop("encoding")
        parts[str(at)] = made
    problems: list[Problem] = []
    rules.Reading("", problems).field(0, plain({**field, "parts": parts}))
    if problems:
        return field, f"{problems[0].path.lstrip('.')}: {problems[0].message}"
    return {**field, "parts": parts}, ""


def _field(element: Element, number: int, *, binary: bool) -> dict[str, Any] | str:
    """Return the field in our words, or why it has none."""
    kind = TYPES.get(element.attributes.get("type", ""))
    if kind is None:
        return f"type {element.attributes.get('type', 'missing')[:20]}: one of {', '.join(TYPES)} expected"
    size = element.attributes.get("length", "")
    form = {"n": "n", "c": "any", "b": "b"}[kind.content]
    if kind.digits and binary:
        return _half_bytes(kind, number)
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


def _half_bytes(kind: Kind, number: int) -> dict[str, Any]:
    """Return a field of bytes whose length counts half bytes, as binary messages have it."""
    return {
        "name": names("", number),
        "format": "nibbles",
        "encoding": "bcd",
        "length": VARIABLE[kind.letters],
        "prefix": "bcd",
        "max": 10**kind.letters - 1,
        "pad": "left 0",
        "mask": masked(number, "nibbles"),
    }
