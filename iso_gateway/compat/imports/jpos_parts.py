"""What jPOS has inside a field: its packagers of subfields as kinds of parts of ours.

theirs                                             ours
GenericSubFieldPackager, GenericPackager and       one after the other, or a bitmap and what it names
    Base1SubFieldPackager, by emitBitmap
TaggedSequencePackager, GenericTaggedFieldsPackager,    tagged
    EuroSubFieldPackager, GICCSubFieldPackager
BERTLVBinaryPackager and its kin, ICCDataPackager  ber-tlv
DatasetPackager                                    datasets

A part has the number that it has there, so that paths are theirs; where theirs begin with 0, ours are one more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from iso_gateway.codec import part_rules, rules
from iso_gateway.codec.build import plain
from iso_gateway.compat.imports import jpos_classes
from iso_gateway.compat.imports.imported import names
from iso_gateway.compat.imports.jpos_classes import CLASSES, EBCDIC, TEXT, bare
from iso_gateway.compat.imports.xml_text import Element
from iso_gateway.errors import Problem

_BIT_MAPS: Final = {"IFB_BITMAP": "binary", "IFA_BITMAP": "ascii", "IFE_BITMAP": EBCDIC, "Base1_BITMAP126": "binary"}


class Inside(NamedTuple):
    """What is inside a field."""

    field: dict[str, Any]
    """The field with its parts; without where they do not translate."""
    notes: list[str]
    """What did not translate."""
    remarks: list[str]
    """What is called otherwise here."""


class _NoLikeError(Exception):
    """The parts have no like here; the text says why."""


def inside(element: Element, field: dict[str, Any], depth: int = 1) -> Inside:
    """Return *field* with the parts that *element* has.

    Args:
        element: an ``isofieldpackager``.
        field: what it is as a whole, in our words.
        depth: how many composites there are with this one.
    """
    inner = bare(element.attributes.get("packager", ""))
    notes: list[str] = []
    remarks: list[str] = []
    try:
        made = _Reading(element, depth, notes, remarks).composite(inner, field)
        _checked(made)
    except _NoLikeError as error:
        why = f"its parts ({inner or 'no packager'}) are not translated, it is carried whole: {error}"
        return Inside(field, [why], [])
    return Inside(made, notes, remarks)


def _checked(field: dict[str, Any]) -> None:
    """See that *field* is one that a spec can have."""
    problems: list[Problem] = []
    rules.Reading("", problems).field(0, plain({"name": "x", **field}))
    if problems:
        raise _NoLikeError(f"{problems[0].path.lstrip('.')}: {problems[0].message}")


class _Reading:
    """The reading of one composite."""

    def __init__(self, element: Element, depth: int, notes: list[str], remarks: list[str]) -> None:
        self.element = element
        self.depth = depth
        self.notes = notes
        self.remarks = remarks
        self.children = [each for each in element.children if each.name in {"isofield", "isofieldpackager"}]
        for each in self.children:
            number = each.attributes.get("id", "")
            if not (number.isascii() and number.isdecimal() and len(number) <= 3):
                raise _NoLikeError(f"a part whose id is no number (line {each.line})")
        self.children.sort(key=lambda each: int(each.attributes["id"]))

    def composite(self, inner: str, field: dict[str, Any]) -> dict[str, Any]:
        """Return *field* with its parts."""
        if self.depth > part_rules.DEPTH:
            raise _NoLikeError(f"nested more than {part_rules.DEPTH} deep")
        reading = _PACKAGERS.get(inner)
        if reading is None:
            raise _NoLikeError("a packager of one's own, or one without a like")
        return reading(self, field)

    # One after the other, or by a bitmap

    def plain(self, field: dict[str, Any]) -> dict[str, Any]:
        """Return a field cut by the length of its parts, or by a bitmap before them."""
        attributes = self.element.attributes
        header = _number(attributes.get("headerLength", "0"))
        if header:
            return self._headed(field, header)
        return self._bare(field)

    def _headed(self, field: dict[str, Any], size: int) -> dict[str, Any]:
        """Return a field whose part 1 is a header of *size* bytes, and whose part 2 has the parts."""
        self.remarks.append("its header is part 1 here, and its parts are those of part 2")
        whole = _as_bytes(field)
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
            emitted, at = attributes.get("emitBitmap", "true") == "true", _number(attributes.get("bitmapField", "1"))
        first = attributes.get("firstField")
        start = _number(first) if first is not None else 0 if base1 else 2 if 1 in bits else 1
        rows = [each for each in self.children if int(each.attributes["id"]) >= start and each not in bits.values()]
        rows = [each for each in rows if bare(each.attributes.get("class", "")) not in {"IF_NOP", "IF_UNUSED"}]
        if not emitted:
            return self._laid(field, rows, lambda parts: parts)
        if at not in bits:
            raise _NoLikeError("it has a bitmap (emitBitmap), and none of its parts is one")
        row = bits[at]
        if any(int(each.attributes["id"]) == 0 for each in rows):
            raise _NoLikeError("a part 0 beside a bitmap")
        word = bare(row.attributes.get("class", ""))
        size = _number(row.attributes.get("length", "")) if word != "Base1_BITMAP126" else 8
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
            raise _NoLikeError("it has none")
        text = field["format"] != "b" and not binary and all(map(_is_text, rows))
        whole = field if text else _as_bytes(field)
        shift = 1 if rows[0].attributes["id"] == "0" else 0
        if shift:
            self.remarks.append("its parts are numbered from 1 here: their 0 is 1, their 1 is 2")
        parts = {str(int(each.attributes["id"]) + shift): self._part(each, whole, text=text) for each in rows}
        return {**whole, "parts": kind(parts)}

    def _part(self, element: Element, whole: dict[str, Any], *, text: bool) -> dict[str, Any]:
        """Return one part of *whole*."""
        attributes = element.attributes
        word, number = bare(attributes.get("class", "")), attributes["id"]
        kind = CLASSES.get(word)
        if kind is None:
            raise _NoLikeError(f"part {number} (line {element.line}): {jpos_classes.LEFT_OUT.get(word) or word}")
        size = _number(attributes.get("length", ""))
        made = jpos_classes.described(kind, 0, size, left=attributes.get("pad") == "true")
        made |= {"name": names(attributes.get("name", ""), int(number)), "mask": whole["mask"]}
        if kind.prefix == "binary" and attributes.get("inclusive") == "true":
            made["inclusive"] = True
        if made["encoding"] == "hex-ebcdic":
            raise _NoLikeError(f"part {number} (line {element.line}): hexadecimal in EBCDIC")
        if text:
            made.pop("prefix", None)
            if made["format"] != "b":
                made.pop("encoding")
        if element.name == "isofieldpackager":
            found = inside(element, made, self.depth + 1)
            where = f"part {number} (line {element.line})"
            self.notes += [f"{where}: {note}" for note in found.notes]
            self.remarks += [f"{where}: {remark}" for remark in found.remarks]
            return found.field
        return made

    # By tags

    def tagged(self, field: dict[str, Any]) -> dict[str, Any]:
        """Return a field of tags in text: TaggedSequencePackager."""
        token = self.element.attributes.get("token", "")
        rows = [each for each in self.children if bare(each.attributes.get("class", "")).startswith("IFTA_")]
        before = self.children[: len(self.children) - len(rows)]
        if not token or not rows or [*before, *rows] != self.children or not all(map(_is_text, before)):
            raise _NoLikeError("a tag before each part expected, or none before those that come first")
        kinds = {bare(each.attributes["class"]).removeprefix("IFTA_") for each in rows}
        letters = {kind.count("L") for kind in kinds}
        if len(letters) != 1 or any(kind.endswith("BINARY") for kind in kinds):
            raise _NoLikeError("tags whose lengths are of several widths, or binary ones in text")
        tags = {
            each.attributes["token"]: {"name": names(each.attributes.get("name", ""), 0), "format": "any"}
            for each in rows
            if not each.attributes.get("token", "#").startswith("#")
        }
        made = self._open(field, len(token), min(letters), tags)
        if not before:
            return made
        self.remarks.append(f"its tags are those of part {len(before) + 1} here, behind the parts without one")
        parts = {str(at): self._part(each, made, text=True) for at, each in enumerate(before, 1)}
        rest = {"name": "tags", "format": "any", "size": "rest", "mask": "all", "parts": made["parts"]}
        return {**made, "parts": {**parts, str(len(before) + 1): rest}}

    def mapped(self, field: dict[str, Any]) -> dict[str, Any]:
        """Return a field of tags in text whose names a Java class knows: GenericTaggedFieldsPackager."""
        attributes = self.element.attributes
        tags = {}
        mapper = bare(attributes.get("tagMapper", ""))
        wide = _number(attributes.get("tagSize", ""))
        if mapper in {"TTDecimalTagMapper", "TTTDecimalTagMapper", "DecimalTagMapper"}:
            for each in self.children:
                name = names(each.attributes.get("name", ""), int(each.attributes["id"]))
                tags[each.attributes["id"].zfill(wide)] = {"name": name, "format": "any"}
        else:
            self.notes.append(f"which tag is which part says the class {mapper}: tags are read, and have no names")
        order = "ltv" if attributes.get("swapTagAndLen") == "true" else "tlv"
        return self._open(field, wide, _number(attributes.get("lenSize", "")), tags, order=order)

    def euro(self, field: dict[str, Any]) -> dict[str, Any]:
        """Return a field of tags of two digits: EuroSubFieldPackager with classes that have their tag before them."""
        words = {bare(each.attributes.get("class", "")) for each in self.children}
        kinds = {_TAGGED.get(word) for word in words}
        if None in kinds or len(kinds) != 1:
            raise _NoLikeError(f"tagged fields of one class expected, here are {', '.join(sorted(words))}")
        (found,) = kinds
        assert found is not None
        charset, letters = found
        whole = _as_bytes(field)
        row = {"size": 2, "encoding": charset}, {"size": letters, "encoding": charset}
        return {**whole, "mask": "all", "parts": {"tagged": {"tag": row[0], "length": row[1], "tags": self._named(2)}}}

    def gicc(self, field: dict[str, Any]) -> dict[str, Any]:
        """Return a field of lengths that count their tags: GICCSubFieldPackager."""
        if any(each.attributes["id"] == "0" for each in self.children):
            self.notes.append("the filler that jPOS takes before the first tag (its part 0) is not read")
        for each in self.children:
            if each.name == "isofieldpackager":
                self.notes.append(f"part {each.attributes['id']} (line {each.line}): its own parts are not translated")
        shape = {
            "tag": {"size": 2, "encoding": EBCDIC},
            "length": {"size": 3, "encoding": EBCDIC},
            "order": "ltv",
            "counts": "both",
            "tags": self._named(2),
        }
        return {**_as_bytes(field), "mask": "all", "parts": {"tagged": shape}}

    def _named(self, wide: int) -> dict[str, Any]:
        """Return the children as tags of *wide* digits."""
        return {
            each.attributes["id"].zfill(wide): {
                "name": names(each.attributes.get("name", ""), int(each.attributes["id"])),
                "format": "b",
                "encoding": "binary",
                "mask": "all",
            }
            for each in self.children
            if each.attributes["id"] != "0"
        }

    def _open(
        self, field: dict[str, Any], tag: int, letters: int, tags: dict[str, Any], *, order: str = "tlv"
    ) -> dict[str, Any]:
        """Return a text field of tags; what may come in it nobody knows, so that it is masked."""
        if field["format"] == "b":
            raise _NoLikeError("tags in text, and the field is binary")
        shape = {
            "tag": {"size": tag},
            "length": {"size": letters},
            "order": order,
            "tags": {key: {**row, "mask": "all"} for key, row in tags.items()},
        }
        return {**field, "mask": "all", "parts": {"tagged": shape}}

    # Data objects

    def ber(self, field: dict[str, Any]) -> dict[str, Any]:
        """Return a field of BER-TLV."""
        inner = bare(self.element.attributes.get("packager", ""))
        if inner in {"BERTLVAsciiHexPackager", "BERTLVEbcdicHexPackager"} and field["format"] != "b":
            whole = {key: each for key, each in field.items() if key != "pad"}
            charset = "hex" if field["encoding"] in {TEXT, "ascii"} else "hex-ebcdic"
            whole |= {"format": "b", "encoding": charset, "max": max(1, field["max"] // 2)}
            if field["length"] != "fixed":
                whole["counts"] = "characters"
        else:
            whole = _as_bytes(field)
        return {**whole, "mask": "all", "parts": "ber-tlv"}

    def datasets(self, field: dict[str, Any]) -> dict[str, Any]:
        """Return a field of datasets; in those from 71 on jPOS finds the same elements, by a bitmap."""
        whole = {**_as_bytes(field), "mask": "all"}
        if not self.children:
            return {**whole, "parts": "datasets"}
        parts = {each.attributes["id"]: self._part(each, whole, text=False) for each in self.children}
        self.notes.append("its elements are those of dataset 71 here; jPOS finds them in 72 to FE too")
        inner = {
            "name": "elements",
            "format": "b",
            "encoding": "binary",
            "mask": "all",
            "parts": {"dbm": {"parts": parts}},
        }
        return {**whole, "parts": {"datasets": {"sets": {"71": inner}, "dictionary": "emv"}}}


_TAGGED: Final = {"IFMC_LLCHAR": ("ascii", 2), "IFEPE_LLCHAR": (EBCDIC, 2), "IFEPE_LLLCHAR": (EBCDIC, 3)}
"""Classes with their tag before their length: the character set of both, and how many L."""

_PACKAGERS: Final[dict[str, Callable[[_Reading, dict[str, Any]], dict[str, Any]]]] = {
    "GenericSubFieldPackager": _Reading.plain,
    "GenericPackager": _Reading.plain,
    "Base1SubFieldPackager": _Reading.plain,
    "TaggedSequencePackager": _Reading.tagged,
    "GenericTaggedFieldsPackager": _Reading.mapped,
    "EuroSubFieldPackager": _Reading.euro,
    "GICCSubFieldPackager": _Reading.gicc,
    "BERTLVBinaryPackager": _Reading.ber,
    "DefaultICCBERTLVPackager": _Reading.ber,
    "BERTLVAsciiHexPackager": _Reading.ber,
    "BERTLVEbcdicHexPackager": _Reading.ber,
    "ICCDataPackager": _Reading.ber,
    "DatasetPackager": _Reading.datasets,
}


def _is_text(element: Element) -> bool:
    """Return whether a part can lie in text: characters and digits, lengths too."""
    kind = CLASSES.get(bare(element.attributes.get("class", "")))
    if kind is None or kind.prefix not in {"", "ascii"}:
        return False
    return kind.content in "nc" and kind.encoding in {"ascii", TEXT}


def _as_bytes(field: dict[str, Any]) -> dict[str, Any]:
    """Return *field* as bytes, which lie as its text does."""
    if field["format"] == "b":
        if field["encoding"] != "binary":
            raise _NoLikeError("binary parts in hexadecimal")
        return field
    if field["encoding"] not in {TEXT, "ascii"} or field["format"] == "xn":
        raise _NoLikeError("binary parts in text that is no ASCII")
    whole = {key: each for key, each in field.items() if key not in {"pad", "counts"}}
    mask = field["mask"] if field["mask"] == "none" else "all"
    return {**whole, "format": "b", "encoding": "binary", "mask": mask}


def _number(text: str) -> int:
    """Return a number of an attribute."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 6):
        raise _NoLikeError("a length or a number that is none")
    return int(text)
