"""jPOS: an ``isopackager`` in XML, as its GenericPackager reads it.

Each class of a field says an interpreter, a prefix and a padder in one word; `CLASSES` takes that word apart. What jPOS
does not check, we do not either where it would refuse what it takes: characters (IF_CHAR and its kin) may be any.
"""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

from iso_gateway.compat.imports.imported import VARIABLE, Imported, digits, masked, names, spec
from iso_gateway.compat.imports.xml_text import Element, read_xml
from iso_gateway.errors import Problem, SpecError

_EBCDIC: Final = "cp1047"
"""jPOS translates by IBM's code page 1047 (ISOUtil)."""


class Kind(NamedTuple):
    """What one class of jPOS means."""

    content: str
    """``n`` digits, ``c`` characters, ``b`` bytes, ``x`` an amount with its sign."""
    encoding: str
    prefix: str = ""
    """The encoding of the length; empty: fixed."""
    letters: int = 0
    """How many L."""
    pad: str = ""


def _table() -> dict[str, Kind]:
    """Return what each class means, by its name."""
    found = {
        "IF_CHAR": Kind("c", "ascii"),
        "IF_ECHAR": Kind("c", _EBCDIC),
        "IFE_CHAR": Kind("c", _EBCDIC),
        "IFA_NUMERIC": Kind("n", "ascii"),
        "IFE_NUMERIC": Kind("n", _EBCDIC),
        "IFB_NUMERIC": Kind("n", "bcd", pad="right 0"),
        "IFB_FNUMERIC": Kind("n", "bcd", pad="right F"),
        "IFA_AMOUNT": Kind("x", "ascii"),
        "IFE_AMOUNT": Kind("x", _EBCDIC),
        "IFB_AMOUNT": Kind("x", "bcd", pad="right 0"),
        "IFA_BINARY": Kind("b", "hex"),
        "IFB_BINARY": Kind("b", "binary"),
        "IFE_BINARY": Kind("b", "hex-ebcdic"),
        "IFAE_LLCHAR": Kind("c", _EBCDIC, "ascii", 2),
        "IFEA_LLCHAR": Kind("c", "ascii", _EBCDIC, 2),
        "IFE_LNUM": Kind("n", _EBCDIC, _EBCDIC, 1),
        "IFEP_LLLBINARY": Kind("b", "binary", _EBCDIC, 3),
        "IFB_FLLNUM": Kind("n", "bcd", "bcd", 2, "right F"),
        "IFB_FLLLNUM": Kind("n", "bcd", "bcd", 3, "right F"),
    }
    for letters in range(1, 7):
        size = "L" * letters
        found[f"IFA_{size}CHAR"] = Kind("c", "ascii", "ascii", letters)
        found[f"IFA_{size}NUM"] = Kind("n", "ascii", "ascii", letters)
        found[f"IFA_{size}BINARY"] = Kind("b", "binary", "ascii", letters)
        found[f"IFE_{size}CHAR"] = Kind("c", _EBCDIC, _EBCDIC, letters)
        found[f"IFE_{size}NUM"] = Kind("n", _EBCDIC, _EBCDIC, letters)
        found[f"IFE_{size}BINARY"] = Kind("b", "binary", _EBCDIC, letters)
        found[f"IFB_{size}CHAR"] = Kind("c", "ascii", "bcd", letters)
        found[f"IFB_{size}NUM"] = Kind("n", "bcd", "bcd", letters, "right 0")
        found[f"IFB_{size}BINARY"] = Kind("b", "binary", "bcd", letters)
        found[f"IFB_{size}HCHAR"] = Kind("c", "ascii", "binary", letters)
        found[f"IFB_{size}HECHAR"] = Kind("c", _EBCDIC, "binary", letters)
        found[f"IFB_{size}HNUM"] = Kind("n", "bcd", "binary", letters, "right 0")
        found[f"IFB_{size}HBINARY"] = Kind("b", "binary", "binary", letters)
    return found


CLASSES: Final = _table()
"""By the name of the class, without its package."""
_BITMAPS: Final = {"IFA_BITMAP": "hex", "IFB_BITMAP": "binary", "IFE_BITMAP": "hex-ebcdic"}
_MTIS: Final = {"IFA_NUMERIC": "ascii", "IFB_NUMERIC": "bcd", "IFE_NUMERIC": _EBCDIC}
_LEFT_OUT: Final = {
    "IF_UNUSED": "jPOS has it as unused",
    "IF_NOP": "jPOS writes nothing for it",
}


def read(text: str, name: str = "jpos") -> Imported:
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
    return Imported(spec(name, "A packager of jPOS", mti, bitmap, fields), reading.notes)


class _Reading:
    """One packager."""

    def __init__(self, root: Element) -> None:
        self.root = root
        self.notes: list[Problem] = []
        self.faults: list[Problem] = []
        self._by_id = {each.attributes.get("id", ""): each for each in root.children}

    def note(self, element: Element, message: str) -> None:
        """Note what did not translate."""
        self.notes.append(Problem(element.attributes.get("id", element.name)[:20], message, element.line))

    def whole(self) -> tuple[str, dict[str, str]]:
        """Return the encoding of the MTI, and the bitmap."""
        mti = _MTIS.get(self._class("0"), "")
        if not mti:
            self.faults.append(Problem("0", f"no message type that we know: one of {', '.join(_MTIS)} expected"))
        bitmap: dict[str, str] = {"encoding": _BITMAPS.get(self._class("1"), "")}
        if not bitmap["encoding"]:
            self.faults.append(Problem("1", f"no bitmap that we know: one of {', '.join(_BITMAPS)} expected"))
        attributes = self.root.attributes
        third = attributes.get("thirdBitmapField", "")
        if third == "65":
            bitmap["third"] = "field"
        elif third not in {"", "-999"}:
            self.faults.append(Problem("thirdBitmapField", "a third bitmap stands behind the second, or in DE 65"))
        elif self._by_id.get("1", self.root).attributes.get("length") == "24":
            bitmap["third"] = "follows"
        if attributes.get("headerLength", "0") != "0":
            self.note(self.root, "headerLength: what stands before the message type is the framing's")
        if attributes.get("bitmapField", "1") != "1" or attributes.get("emitBitmap") == "false":
            self.faults.append(Problem("bitmapField", "the bitmap of a message stands behind its type"))
        return mti, bitmap

    def _class(self, number: str) -> str:
        element = self._by_id.get(number)
        return "" if element is None else _bare(element.attributes.get("class", ""))

    def fields(self) -> dict[str, Any]:
        """Return the fields that translate."""
        found: dict[str, Any] = {}
        skipped = {"0", "1", "65"} if self.root.attributes.get("thirdBitmapField") == "65" else {"0", "1"}
        for number, element in self._by_id.items():
            if number in skipped:
                continue
            if not re.fullmatch(r"[0-9]{1,3}", number) or not 2 <= int(number) <= 192:
                self.note(element, "no data element from 2 to 192")
                continue
            made = self._field(element, int(number))
            if made is not None:
                found[number] = made
        return found

    def _field(self, element: Element, number: int) -> dict[str, Any] | None:
        attributes = element.attributes
        word = _bare(attributes.get("class", ""))
        kind = CLASSES.get(word)
        if kind is None:
            why = (
                _LEFT_OUT.get(word)
                or f"{word or 'a field without a class'}: a class of one's own, or one without a like"
            )
            self.note(element, f"left out: {why}")
            return None
        if number == 65 and "thirdBitmapField" not in self.root.attributes:
            self.note(element, "left out: bit 65 announces a third bitmap here")
            return None
        size = attributes.get("length", "")
        if not re.fullmatch(r"[0-9]{1,6}", size) or not int(size):
            self.note(element, "left out: its length is no number from 1")
            return None
        made = _described(kind, number, int(size), left=attributes.get("pad") == "true")
        made["name"] = names(attributes.get("name", ""), number)
        if element.name == "isofieldpackager":
            self._inside(element, made)
        for key in ("params", "encoding", "inclusive"):
            if attributes.get(key) not in {None, "false"}:
                self.note(element, f"{key}: not translated")
        return made

    def _inside(self, element: Element, made: dict[str, Any]) -> None:
        """Add the parts of a field where they stand one after the other; note where they do not."""
        inner = _bare(element.attributes.get("packager", ""))
        parts: dict[str, Any] = {}
        plain = (
            inner in {"GenericSubFieldPackager", "GenericPackager"} and element.attributes.get("emitBitmap") != "true"
        )
        for each in element.children if plain else ():
            kind = CLASSES.get(_bare(each.attributes.get("class", "")))
            size = each.attributes.get("length", "")
            simple = kind is not None and kind.content in "nc" and kind.encoding == "ascii" and not kind.prefix
            if not simple or not size.isdecimal() or kind is None:
                plain = False
                break
            form = "n" if kind.content == "n" else "any"
            name = names(each.attributes.get("name", ""), len(parts) + 1)
            parts[str(len(parts) + 1)] = {"name": name, "format": form, "size": int(size), "mask": made["mask"]}
        if plain and parts and made["format"] != "b" and made["mask"] in {"none", "all"}:
            made["parts"] = parts
        else:
            self.note(element, f"its parts ({inner or 'no packager'}) are not translated: it is carried whole")


def _bare(name: str) -> str:
    """Return the name of a class without its package."""
    return name.strip().rpartition(".")[2]


def _described(kind: Kind, number: int, size: int, *, left: bool) -> dict[str, Any]:
    """Return a field of *kind* in our words, but for its name."""
    form = {"n": digits(number), "c": "any", "b": "b", "x": "xn"}[kind.content]
    made: dict[str, Any] = {"format": form, "encoding": kind.encoding, "mask": masked(number, form)}
    if kind.prefix:
        made |= {"length": VARIABLE[kind.letters], "prefix": kind.prefix}
        size = min(size, _most(kind))
    else:
        made["length"] = "fixed"
    made["max"] = size
    if kind.encoding == "bcd":
        made["pad"] = "left 0" if left else kind.pad
    elif kind.content == "n" and not kind.prefix:
        made["pad"] = "left 0"
    elif kind.content == "c" and not kind.prefix:
        made["pad"] = "right space"
    return made


def _most(kind: Kind) -> int:
    """Return the most that the length can say; jPOS lets a packager promise more."""
    if kind.prefix != "binary":
        return int(10**kind.letters) - 1
    return int(256 ** min((kind.letters + 1) // 2, 4)) - 1
