"""jPOS: an ``isopackager`` in XML, as its GenericPackager reads it.

`jpos_classes` knows what a class of a field means, `jpos_parts` what is inside one. What jPOS does not check, we do not
either where it would refuse what it takes: characters (IF_CHAR and its kin) may be any.
"""

from __future__ import annotations

import re
from typing import Any

from iso_gateway.compat.imports import jpos_parts
from iso_gateway.compat.imports.imported import Imported, names, spec
from iso_gateway.compat.imports.jpos_classes import BITMAPS, CLASSES, LEFT_OUT, MTIS, NOTHING, bare, described
from iso_gateway.compat.imports.xml_text import Element, read_xml
from iso_gateway.errors import Problem, SpecError


def read(text: str | bytes, name: str = "jpos") -> Imported:
    """Return the spec of a packager.

    Raises:
        SpecError: it is no packager, or what it says of the message as a whole cannot be done.
    """
    root = read_xml(text)
    if root.name != "isopackager":
        raise SpecError([Problem(root.name, "expected isopackager as the root of a jPOS packager", root.line)])
    reading = _Reading(root)
    mti, bitmap = reading.whole()
    fields = reading.fields()
    if reading.faults:
        raise SpecError(reading.faults)
    return Imported(spec(name, "A packager of jPOS", mti, bitmap, fields), reading.notes, reading.remarks)


class _Reading:
    """One packager."""

    def __init__(self, root: Element) -> None:
        self.root = root
        self.notes: list[Problem] = []
        self.remarks: list[Problem] = []
        self.faults: list[Problem] = []
        self.last = 128
        self._by_id: dict[str, Element] = {}
        for each in root.children:
            number = each.attributes.get("id", "").strip()
            if each.name not in {"isofield", "isofieldpackager"}:
                self.note(each, f"{each.name[:30]}: not translated")
                continue
            if number in self._by_id:
                first = self._by_id[number].line
                self.remark(each, f"stands twice, first in line {first}: this one counts, as with jPOS")
            self._by_id[number] = each

    def note(self, element: Element, message: str) -> None:
        """Note what did not translate."""
        self.notes.append(Problem(element.attributes.get("id", element.name)[:20], message, element.line))

    def remark(self, element: Element, message: str) -> None:
        """Note what translated, and is called otherwise here, or never comes."""
        self.remarks.append(Problem(element.attributes.get("id", element.name)[:20], message, element.line))

    def whole(self) -> tuple[str, dict[str, str]]:
        """Return the encoding of the MTI, and the bitmap."""
        mti = MTIS.get(self._class("0"), "")
        if not mti:
            self.faults.append(Problem("0", f"no message type that we know: one of {', '.join(MTIS)} expected"))
        bitmap = self._bitmap()
        attributes = self.root.attributes
        if attributes.get("headerLength", "0") != "0":
            self.remark(self.root, "headerLength: what stands before the message type is the framing's")
        if attributes.get("bitmapField", "1") != "1" or attributes.get("emitBitmap") == "false":
            self.faults.append(Problem("bitmapField", "the bitmap of a message stands behind its type"))
        return mti, bitmap

    def _bitmap(self) -> dict[str, str]:
        """Return the bitmap: how it is written, how many follow."""
        word = self._class("1")
        bitmap = {"encoding": BITMAPS.get(word, "")}
        if not bitmap["encoding"]:
            self.faults.append(Problem("1", f"no bitmap that we know: one of {', '.join(BITMAPS)} expected"))
        third = self.root.attributes.get("thirdBitmapField", "")
        length = self._by_id.get("1", self.root).attributes.get("length")
        if third == "65":
            bitmap["third"] = "field"
        elif third not in {"", "-999"}:
            self.faults.append(Problem("thirdBitmapField", "a third bitmap stands behind the second, or in DE 65"))
        elif length == "24":
            bitmap["third"] = "follows"
        elif word == "X92_BITMAP" or length == "8":
            bitmap["fixed"] = "8"
        self.last = {"field": 192, "follows": 192}.get(bitmap.get("third", ""), 64 if "fixed" in bitmap else 128)
        return bitmap

    def _class(self, number: str) -> str:
        element = self._by_id.get(number)
        return "" if element is None else bare(element.attributes.get("class", ""))

    def fields(self) -> dict[str, Any]:
        """Return the fields that translate."""
        found: dict[str, Any] = {}
        skipped = {"0", "1", "65"} if self.root.attributes.get("thirdBitmapField") == "65" else {"0", "1"}
        for number, element in self._by_id.items():
            if number in skipped:
                continue
            if bare(element.attributes.get("class", "")) in NOTHING:
                continue
            if not re.fullmatch(r"[0-9]{1,3}", number) or int(number) < 2:
                self.note(element, "left out: no data element from 2 on")
                continue
            if int(number) > self.last:
                self.remark(element, f"left out: the bitmap ends at {self.last}, with jPOS too")
                continue
            made = self._field(element, int(number))
            if made is not None:
                found[str(int(number))] = made
        return found

    def _field(self, element: Element, number: int) -> dict[str, Any] | None:
        attributes = element.attributes
        word = bare(attributes.get("class", ""))
        kind = CLASSES.get(word)
        if kind is None:
            why = (
                LEFT_OUT.get(word)
                or f"{word or 'a field without a class'}: a class of one's own, or one without a like"
            )
            self.note(element, f"left out: {why}")
            return None
        if number == 65 and "thirdBitmapField" not in self.root.attributes:
            said = "left out: bit 65 announces a third bitmap, by the standard, and is no element"
            (self.remark if kind.content == "b" else self.note)(element, said)
            return None
        size = attributes.get("length", "")
        if not re.fullmatch(r"[0-9]{1,6}", size) or not int(size):
            self.note(element, "left out: its length is no number from 1")
            return None
        made = described(kind, number, int(size), left=attributes.get("pad") == "true")
        made["name"] = names(attributes.get("name", ""), number)
        if attributes.get("inclusive") == "true" and kind.prefix == "binary":
            made["inclusive"] = True
        if kind.counts == "bytes" and kind.encoding == "bcd":
            self.remark(element, "its length counts bytes: of an odd number of digits the one that fills stays there")
        if element.name == "isofieldpackager":
            found = jpos_parts.inside(element, made)
            for note in found.notes:
                self.note(element, note)
            for remark in found.remarks:
                self.remark(element, remark)
            made = found.field
        for key in ("params", "encoding"):
            if attributes.get(key) not in {None, "false"}:
                self.note(element, f"{key}: not translated")
        if element.all("isofieldvalidator"):
            self.note(element, "its validators are not translated: what a value may be is in its format alone")
        return made
