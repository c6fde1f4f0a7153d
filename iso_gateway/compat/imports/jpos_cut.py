"""What jPOS has inside a field, where its parts stand one after the other, or behind a bitmap that names them.

A part has the number that it has there, so that paths are theirs; where theirs begin with 0, ours are one more.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from iso_gateway.compat.imports import jpos_classes
from iso_gateway.compat.imports.imported import names
from iso_gateway.compat.imports.jpos_classes import CLASSES, EBCDIC, TEXT, bare
from iso_gateway.compat.imports.xml_text import Element

_BIT_MAPS: Final = {"IFB_BITMAP": "binary", "IFA_BITMAP": "ascii", "IFE_BITMAP": EBCDIC, "Base1_BITMAP126": "binary"}


class Inside(NamedTuple):
    """What is inside a field."""

    field: dict[str, Any]
    """The field with its parts; without where they do not translate."""
    notes: list[str]
    """What did not translate."""
    remarks: list[str]
    """What is called otherwise here."""


class NoLikeError(Exception):
    """The parts have no like here; the text says why."""


class Cut(ABC):
    """The reading of one composite, whatever its packager is."""

    def __init__(self, element: Element, depth: int, notes: list[str], remarks: list[str]) -> None:
        self.element = element
        self.depth = depth
        self.notes = notes
        self.remarks = remarks
        self.children = [each for each in element.children if each.name in {"isofield", "isofieldpackager"}]
        for each in self.children:
            number = each.attributes.get("id", "")
            if not (number.isascii() and number.isdecimal() and len(number) <= 3):
                raise NoLikeError(f"a part whose id is no number (line {each.line})")
        self.children.sort(key=lambda each: int(each.attributes["id"]))

    @abstractmethod
    def nested(self, element: Element, field: dict[str, Any]) -> Inside:
        """Return *field*, a part, with the parts that *element* has."""

    # One after the other, or by a bitmap

    def plain(self, field: dict[str, Any]) -> dict[str, Any]:
        """Return a field cut by the length of its parts, or by a bitmap before them."""
        attributes = self.element.attributes
        header = number_of(attributes.get("headerLength", "0"))
        if header:
            return self._headed(field, header)
        return self._bare(field)

    def _headed(self, field: dict[str, Any], size: int) -> dict[str, Any]:
        """Return a field whose part 1 is a header of *size* bytes, and whose part 2 has the parts."""
        self.remarks.append("its header is part 1 here, and its parts are those of part 2")
        whole = as_bytes(field)
        inner = self._bare({**whole, "mask": whole["mask"]})
        first = {"name": "header", "format": "b", "encoding": "binary", "size": size, "mask": whole["mask"]}
        second = {key: inner[key] for key in ("format", "encoding", "mask", "parts")}
        return {**whole, "parts": {"1": first, "2": {"name": "rest", "size": "rest", **second}}}

    def _bare(self, field: dict[str, Any]) -> dict[str, Any]:
        """Return a field whose parts begin with its first byte."""
        attributes = self.element.attributes
        bits = {
            int(each.attributes["id"]): each
            for each in self.children
            if bare(each.attributes.get("class", "")) in _BIT_MAPS
        }
        base1 = bare(attributes.get("packager", "")) == "Base1SubFieldPackager"
        if base1:
            emitted, at = 0 in bits, 0
        else:
            emitted, at = attributes.get("emitBitmap", "true") == "true", number_of(attributes.get("bitmapField", "1"))
        first = attributes.get("firstField")
        start = number_of(first) if first is not None else 0 if base1 else 2 if 1 in bits else 1
        rows = [each for each in self.children if int(each.attributes["id"]) >= start and each not in bits.values()]
        rows = [each for each in rows if bare(each.attributes.get("class", "")) not in {"IF_NOP", "IF_UNUSED"}]
        if not emitted:
            return self._laid(field, rows, lambda parts: parts)
        if at not in bits:
            raise NoLikeError("it has a bitmap (emitBitmap), and none of its parts is one")
        row = bits[at]
        if any(int(each.attributes["id"]) == 0 for each in rows):
            raise NoLikeError("a part 0 beside a bitmap")
        word = bare(row.attributes.get("class", ""))
        size = number_of(row.attributes.get("length", "")) if word != "Base1_BITMAP126" else 8
        chained = size > 8
        for each in [each for each in rows if chained and int(each.attributes["id"]) % 64 == 1]:
            rows.remove(each)
            self.notes.append(
                f"part {each.attributes['id']} (line {each.line}) is left out: its bit announces a bitmap"
            )

        def mapped(parts: dict[str, Any]) -> dict[str, Any]:
            return {"bitmap": {"size": min(size, 8), "parts": parts, "encoding": _BIT_MAPS[word], "chained": chained}}

        return self._laid(field, rows, mapped, binary=True)

    def _laid(
        self,
        field: dict[str, Any],
        rows: list[Element],
        kind: Callable[[dict[str, Any]], dict[str, Any]],
        *,
        binary: bool = False,
    ) -> dict[str, Any]:
        """Return *field* with *rows* in it, in bytes where they need them."""
        if not rows:
            raise NoLikeError("it has none")
        text = field["format"] != "b" and not binary and all(map(is_text, rows))
        whole = field if text else as_bytes(field)
        shift = 1 if rows[0].attributes["id"] == "0" else 0
        if shift:
            self.remarks.append("its parts are numbered from 1 here: their 0 is 1, their 1 is 2")
        parts = {str(int(each.attributes["id"]) + shift): self.part(each, whole, text=text) for each in rows}
        return {**whole, "parts": kind(parts)}

    def part(self, element: Element, whole: dict[str, Any], *, text: bool) -> dict[str, Any]:
        """Return one part of *whole*."""
        attributes = element.attributes
        word, number = bare(attributes.get("class", "")), attributes["id"]
        kind = CLASSES.get(word)
        if kind is None:
            raise NoLikeError(f"part {number} (line {element.line}): {jpos_classes.LEFT_OUT.get(word) or word}")
        size = number_of(attributes.get("length", ""))
        made = jpos_classes.described(kind, 0, size, left=attributes.get("pad") == "true")
        made |= {"name": names(attributes.get("name", ""), int(number)), "mask": whole["mask"]}
        if kind.prefix == "binary" and attributes.get("inclusive") == "true":
            made["inclusive"] = True
        if made["encoding"] == "hex-ebcdic":
            raise NoLikeError(f"part {number} (line {element.line}): hexadecimal in EBCDIC")
        if text:
            made.pop("prefix", None)
            if made["format"] != "b":
                made.pop("encoding")
        if element.name == "isofieldpackager":
            found = self.nested(element, made)
            where = f"part {number} (line {element.line})"
            self.notes += [f"{where}: {note}" for note in found.notes]
            self.remarks += [f"{where}: {remark}" for remark in found.remarks]
            return found.field
        return made


def is_text(element: Element) -> bool:
    """Return whether a part can lie in text: characters and digits, lengths too."""
    kind = CLASSES.get(bare(element.attributes.get("class", "")))
    if kind is None or kind.prefix not in {"", "ascii"}:
        return False
    return kind.content in "nc" and kind.encoding in {"ascii", TEXT}


def as_bytes(field: dict[str, Any]) -> dict[str, Any]:
    """Return *field* as bytes, which lie as its text does."""
    if field["format"] == "b":
        if field["encoding"] != "binary":
            raise NoLikeError("binary parts in hexadecimal")
        return field
    if field["encoding"] not in {TEXT, "ascii"} or field["format"] == "xn":
        raise NoLikeError("binary parts in text that is no ASCII")
    whole = {key: each for key, each in field.items() if key not in {"pad", "counts"}}
    mask = field["mask"] if field["mask"] == "none" else "all"
    return {**whole, "format": "b", "encoding": "binary", "mask": mask}


def number_of(text: str) -> int:
    """Return a number of an attribute."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 6):
        raise NoLikeError("a length or a number that is none")
    return int(text)
