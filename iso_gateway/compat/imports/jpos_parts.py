"""What jPOS has inside a field: its packagers of subfields as kinds of parts of ours.

theirs                                             ours
GenericSubFieldPackager, GenericPackager and       one after the other, or a bitmap and what it names
    Base1SubFieldPackager, by emitBitmap
TaggedSequencePackager, GenericTaggedFieldsPackager,    tagged
    EuroSubFieldPackager, GICCSubFieldPackager
BERTLVBinaryPackager and its kin, ICCDataPackager  ber-tlv
DatasetPackager                                    datasets

`jpos_cut` reads the first row.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from iso_gateway.codec import part_rules, rules
from iso_gateway.codec.build import plain
from iso_gateway.compat.imports.imported import names
from iso_gateway.compat.imports.jpos_classes import EBCDIC, TEXT, bare
from iso_gateway.compat.imports.jpos_cut import Cut, Inside, NoLikeError, as_bytes, is_text, number_of
from iso_gateway.compat.imports.xml_text import Element
from iso_gateway.errors import Problem


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
    except NoLikeError as error:
        why = f"its parts ({inner or 'no packager'}) are not translated, it is carried whole: {error}"
        return Inside(field, [why], [])
    return Inside(made, notes, remarks)


def _checked(field: dict[str, Any]) -> None:
    """See that *field* is one that a spec can have."""
    problems: list[Problem] = []
    rules.Reading("", problems).field(0, plain({"name": "x", **field}))
    if problems:
        raise NoLikeError(f"{problems[0].path.lstrip('.')}: {problems[0].message}")


class _Reading(Cut):
    """The reading of one composite by its packager."""

    def composite(self, inner: str, field: dict[str, Any]) -> dict[str, Any]:
        """Return *field* with its parts."""
        if self.depth > part_rules.DEPTH:
            raise NoLikeError(f"nested more than {part_rules.DEPTH} deep")
        reading = _PACKAGERS.get(inner)
        if reading is None:
            raise NoLikeError("a packager of one's own, or one without a like")
        return reading(self, field)

    def nested(self, element: Element, field: dict[str, Any]) -> Inside:
        """Return *field*, a part, with the parts that *element* has."""
        return inside(element, field, self.depth + 1)

    # By tags

    def tagged(self, field: dict[str, Any]) -> dict[str, Any]:
        """Return a field of tags in text: TaggedSequencePackager."""
        token = self.element.attributes.get("token", "")
        rows = [each for each in self.children if bare(each.attributes.get("class", "")).startswith("IFTA_")]
        before = self.children[: len(self.children) - len(rows)]
        if not token or not rows or [*before, *rows] != self.children or not all(map(is_text, before)):
            raise NoLikeError("a tag before each part expected, or none before those that come first")
        kinds = {bare(each.attributes["class"]).removeprefix("IFTA_") for each in rows}
        letters = {kind.count("L") for kind in kinds}
        if len(letters) != 1 or any(kind.endswith("BINARY") for kind in kinds):
            raise NoLikeError("tags whose lengths are of several widths, or binary ones in text")
        tags = {
            each.attributes["token"]: {"name": names(each.attributes.get("name", ""), 0), "format": "any"}
            for each in rows
            if not each.attributes.get("token", "#").startswith("#")
        }
        made = self._open(field, len(token), min(letters), tags)
        if not before:
            return made
        self.remarks.append(f"its tags are those of part {len(before) + 1} here, behind the parts without one")
        parts = {str(at): self.part(each, made, text=True) for at, each in enumerate(before, 1)}
        rest = {"name": "tags", "format": "any", "size": "rest", "mask": "all", "parts": made["parts"]}
        return {**made, "parts": {**parts, str(len(before) + 1): rest}}

    def mapped(self, field: dict[str, Any]) -> dict[str, Any]:
        """Return a field of tags in text whose names a Java class knows: GenericTaggedFieldsPackager."""
        attributes = self.element.attributes
        tags = {}
        mapper = bare(attributes.get("tagMapper", ""))
        wide = number_of(attributes.get("tagSize", ""))
        if mapper in {"TTDecimalTagMapper", "TTTDecimalTagMapper", "DecimalTagMapper"}:
            for each in self.children:
                name = names(each.attributes.get("name", ""), int(each.attributes["id"]))
                tags[each.attributes["id"].zfill(wide)] = {"name": name, "format": "any"}
        else:
            self.notes.append(f"which tag is which part says the class {mapper}: tags are read, and have no names")
        order = "ltv" if attributes.get("swapTagAndLen") == "true" else "tlv"
        return self._open(field, wide, number_of(attributes.get("lenSize", "")), tags, order=order)

    def euro(self, field: dict[str, Any]) -> dict[str, Any]:
        """Return a field of tags of two digits: EuroSubFieldPackager with classes that have their tag before them."""
        words = {bare(each.attributes.get("class", "")) for each in self.children}
        kinds = {_TAGGED.get(word) for word in words}
        if None in kinds or len(kinds) != 1:
            raise NoLikeError(f"tagged fields of one class expected, here are {', '.join(sorted(words))}")
        (found,) = kinds
        assert found is not None
        charset, letters = found
        whole = as_bytes(field)
        row = {"size": 2, "encoding": charset}, {"size": letters, "encoding": charset}
        return {**whole, "mask": "all", "parts": {"tagged": {"tag": row[0], "length": row[1], "tags": self._named(2)}}}

    def gicc(self, field: dict[str, Any]) -> dict[str, Any]:
        """Return a field of lengths that count their tags: GICCSubFieldPackager."""
        if any(each.attributes["id"] == "0" for each in self.children):
            self.notes.append("the filler that jPOS takes before the first tag (its part 0) is not read")
        shape = {
            "tag": {"size": 2, "encoding": EBCDIC},
            "length": {"size": 3, "encoding": EBCDIC},
            "order": "ltv",
            "counts": "both",
            "tags": self._named(2),
        }
        return {**as_bytes(field), "mask": "all", "parts": {"tagged": shape}}

    def _named(self, wide: int) -> dict[str, Any]:
        """Return the children as tags of *wide* digits, each with the parts that it has."""
        return {
            each.attributes["id"].zfill(wide): self._tag(each) for each in self.children if each.attributes["id"] != "0"
        }

    def _tag(self, element: Element) -> dict[str, Any]:
        """Return one child as what a tag holds."""
        number = element.attributes["id"]
        name = names(element.attributes.get("name", ""), int(number))
        made: dict[str, Any] = {"name": name, "format": "b", "encoding": "binary", "mask": "all"}
        if element.name != "isofieldpackager":
            return made
        # As long as its tag says: that it is checked as a field needs a length.
        found = self.nested(element, {**made, "length": "LLLVAR", "prefix": "ascii", "max": 999})
        where = f"part {number} (line {element.line})"
        self.notes += [f"{where}: {note}" for note in found.notes]
        self.remarks += [f"{where}: {remark}" for remark in found.remarks]
        return {**made, "parts": found.field["parts"]} if "parts" in found.field else made

    def _open(
        self, field: dict[str, Any], tag: int, letters: int, tags: dict[str, Any], *, order: str = "tlv"
    ) -> dict[str, Any]:
        """Return a text field of tags; what may come in it nobody knows, so that it is masked."""
        if field["format"] == "b":
            raise NoLikeError("tags in text, and the field is binary")
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
            whole = as_bytes(field)
        return {**whole, "mask": "all", "parts": "ber-tlv"}

    def datasets(self, field: dict[str, Any]) -> dict[str, Any]:
        """Return a field of datasets; in those from 71 on jPOS finds the same elements, by a bitmap."""
        whole = {**as_bytes(field), "mask": "all"}
        if not self.children:
            return {**whole, "parts": "datasets"}
        parts = {each.attributes["id"]: self.part(each, whole, text=False) for each in self.children}
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
