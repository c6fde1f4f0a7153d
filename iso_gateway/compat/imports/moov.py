"""moov-io/iso8583: a specification in JSON or YAML, as its package ``specs`` imports and exports it, read as ours.

theirs: type, enc, prefix                                           ours
Numeric or String; ASCII, EBCDIC, EBCDIC1047; padding Left 0        n in ascii, cp500, cp1047
Numeric; BCD, or LBCD where the odd nibble stands right             n in bcd, counted in digits
String                                                              text
Track1, Track2, Track3                                              text, z
Binary or Hex; Binary                                               b in binary
Binary or Hex; HexToASCII: a length counts the bytes                b in hex, counted in bytes
text; Binary, HexToASCII                                            the same: what is text there is bytes here
Binary or Hex; ASCII, EBCDIC, EBCDIC1047, BCD, LBCD                 as String: what is bytes there is text here
any; ASCIIToHex                                                     b in binary: digits there, bytes here
ASCII.Fixed, ASCII.LL, BCD.LLL, Binary.L, Hex.L, EBCDIC.LL ...      fixed, LVAR to LLLLLLVAR
Composite                                                           parts: see `moov_parts`

EBCDIC is its own table there, which is cp500 but for the ``|``.
The names of early versions (Field002, asciiEncoder, ASCII.fixed) are read too.
"""

from __future__ import annotations

import re
from typing import Any, Final

from iso_gateway.compat.imports import moov_parts
from iso_gateway.compat.imports.imported import VARIABLE, Imported, digits, masked, names, spec
from iso_gateway.compat.imports.json_text import read_json
from iso_gateway.errors import Problem, SpecError

_TEXTS: Final = {"ASCII": "ascii", "EBCDIC": "cp500", "EBCDIC1047": "cp1047"}
PREFIXES: Final = {
    "ASCII": "ascii",
    "BCD": "bcd",
    "Binary": "binary",
    "EBCDIC": "cp500",
    "EBCDIC1047": "cp1047",
    "Hex": "hex",
}
_STRINGS: Final = frozenset({"String", "Numeric", "Track1", "Track2", "Track3"})
_TRACKS: Final = frozenset({"Track2", "Track3"})
_BYTES: Final = frozenset({"Binary", "Hex"})
_IN_BYTES: Final = {"Binary": "binary", "HexToASCII": "hex", "ASCIIToHex": "binary"}
"""Encodings that put any bytes on the wire, and what those are here. ASCIIToHex is what its own library reads by it: a
length of bytes, not of the digits that it writes."""
_PACKED: Final = frozenset({"BCD", "LBCD"})
_MTIS: Final = {**_TEXTS, "Binary": "ascii", "BCD": "bcd", "LBCD": "bcd", "ASCIIToHex": "bcd"}
_EARLY: Final = {
    "asciiEncoder": "ASCII",
    "bcdEncoder": "BCD",
    "lBCDEncoder": "LBCD",
    "ebcdicEncoder": "EBCDIC",
    "binaryEncoder": "Binary",
    "hexEncoder": "HexToASCII",
}
"""What encodings were called in early versions."""


def read(text: str, name: str = "") -> Imported:
    """Return the spec of a specification in JSON.

    Raises:
        SpecError: it is none, or what it says of the message as a whole cannot be done.
    """
    return read_data(*read_json(text), name)


def typed(data: Any, key: str = "") -> Any:
    """Return *data* of YAML, in which every scalar is text, as JSON has it: lengths numbers, switches booleans."""
    if isinstance(data, dict):
        return {each: typed(value, each) for each, value in data.items()}
    if key == "length" and isinstance(data, str) and data.isascii() and data.isdecimal() and len(data) < 10:
        return int(data)
    return data in {"true", "yes", "on"} if key == "disableAutoExpand" else data


def read_data(data: Any, lines: dict[str, int], name: str = "") -> Imported:
    """Return the spec of a specification.

    Args:
        data: what its file says.
        lines: the line of every path in it.
        name: what the spec is called.

    Raises:
        SpecError: as `read`.
    """
    if not isinstance(data, dict) or not isinstance(data.get("fields"), dict):
        raise SpecError([Problem("fields", "is missing: a specification of moov-io/iso8583 has a table of fields", 1)])
    if isinstance(data.get("mti"), dict):
        raise SpecError([Problem("mti", "there is nothing to import: this is a spec of ours", lines.get("mti"))])
    reading = _Reading(*_renamed(data["fields"], lines))
    mti, bitmap = reading.whole()
    fields = reading.fields()
    reading.expanded(bitmap, fields)
    if reading.faults:
        raise SpecError(reading.faults)
    title = str(data.get("name", "")) or "A specification of moov-io/iso8583"
    return Imported(
        spec(name or names(title, 0).replace("_", "-"), title, mti, bitmap, fields), reading.notes, reading.remarks
    )


def _renamed(fields: dict[str, Any], lines: dict[str, int]) -> tuple[dict[str, Any], dict[str, int]]:
    """Return the table of fields, and the lines, in the words of today."""
    early = {key: str(int(key[5:])) for key in fields if re.fullmatch(r"Field[0-9]{3}", key)}
    if not early or len(early) < len(fields):
        return fields, lines
    found = {}
    for key, row in fields.items():
        now = dict(row) if isinstance(row, dict) else {}
        now["enc"] = _EARLY.get(str(now.get("enc")), now.get("enc"))
        now["prefix"] = str(now.get("prefix", "")).replace(".fixed", ".Fixed")
        padding = now.get("padding")
        if isinstance(padding, dict):
            pad = padding.get("pad")
            side = str(padding.get("type")).removesuffix("Padder").capitalize()
            now["padding"] = {"type": side, "pad": chr(pad) if type(pad) is int and 32 <= pad < 127 else pad}
        found[early[key]] = now
    return found, {re.sub(r"Field0*(?=[0-9])", "", path): line for path, line in lines.items()}


class _Reading:
    """One specification."""

    def __init__(self, theirs: dict[str, Any], lines: dict[str, int]) -> None:
        self.theirs = {key: each for key, each in theirs.items() if isinstance(each, dict)}
        self.lines = lines
        self.notes: list[Problem] = []
        self.remarks: list[Problem] = []
        self.faults: list[Problem] = []
        self.last = 192
        for key in theirs:
            if key not in self.theirs:
                self._note(key, "left out: no table")

    def _note(self, key: object, message: str) -> None:
        self.notes.append(Problem(str(key)[:20], message, self._line(f"fields.{key}")))

    def _line(self, path: str) -> int | None:
        """Return the line of what is at *path*, or of what should hold it."""
        while path and path not in self.lines:
            path = path.rpartition(".")[0]
        return self.lines.get(path)

    def _fault(self, path: str, message: str) -> None:
        self.faults.append(Problem(path, message, self._line(path)))

    def whole(self) -> tuple[str, dict[str, str]]:
        """Return the encoding of the MTI, and the bitmap."""
        mti = _MTIS.get(str(self.theirs.get("0", {}).get("enc")), "")
        if not mti:
            self._fault("fields.0.enc", f"a message type in {', '.join(_MTIS)} expected")
        row = self.theirs.get("1", {})
        form = {"Binary": "binary", "HexToASCII": "hex"}.get(str(row.get("enc")), "")
        if not form:
            self._fault("fields.1.enc", "a bitmap in Binary or HexToASCII expected")
        bitmap, size = {"encoding": form}, row.get("length")
        if not row.get("disableAutoExpand") and size in {None, 8}:
            bitmap["third"] = "follows"
        elif size in {8, 16, 24}:
            bitmap["fixed"] = str(size)
        else:
            self._fault("fields.1.length", "a bitmap of 8 bytes expected, or one of 16 or 24")
        self.last = 8 * int(bitmap.get("fixed", 24))
        return mti, bitmap

    def expanded(self, bitmap: dict[str, str], fields: dict[str, Any]) -> None:
        """Tell that a bitmap of more than 8 bytes announces another one there, and none here."""
        if "fixed" not in bitmap or self.theirs["1"].get("disableAutoExpand"):
            return
        said = f"a bitmap of {bitmap['fixed']} bytes, always: that bit 1 announces another one is not translated"
        beyond = any(key.isdecimal() and int(key) > self.last for key in self.theirs)
        (self.notes if beyond or not fields else self.remarks).append(Problem("1", said, self._line("fields.1")))

    def fields(self) -> dict[str, Any]:
        """Return the fields that translate."""
        found: dict[str, Any] = {}
        for key, row in self.theirs.items():
            if key in {"0", "1"}:
                continue
            if not re.fullmatch(r"[0-9]{1,3}", key) or not 2 <= int(key) <= self.last:
                self._note(key, f"left out: no data element from 2 to {self.last}")
                continue
            why, made = self._field(int(key), row)
            if made is None:
                self._note(key, f"left out: {why}")
                continue
            if row.get("type") == "Composite":
                why, made = moov_parts.inside(made, row, self._field)
                if why:
                    self._note(key, f"its parts are not translated, it is carried whole: {why}")
            found[str(int(key))] = made
        return found

    def _field(self, number: int, row: dict[str, Any]) -> tuple[str, dict[str, Any] | None]:
        kind, size = str(row.get("type", "")), row.get("length")
        if number == 65 and self.last == 192:
            return "bit 65 announces a third bitmap here", None
        if type(size) is not int or not 1 <= size <= 999_999:
            return "its length is no number from 1", None
        made: dict[str, Any] = {"name": names(str(row.get("description", "")), number), "max": size}
        if kind == "Composite":
            made |= {"format": "b", "encoding": "binary", "mask": masked(number, "b")}
        else:
            why = self._content(number, kind, str(row.get("enc", "")), made)
            if why:
                return why, None
        why = self._length(str(row.get("prefix", "")), made)
        self._pad(number, row.get("padding"), made)
        return why, None if why else made

    def _content(self, number: int, kind: str, enc: str, made: dict[str, Any]) -> str:
        """Add format and encoding; return why they do not translate."""
        if kind not in _STRINGS | _BYTES:
            return f"type {kind[:20] or 'missing'}: nothing here is like it"
        said = ""
        if enc in _TEXTS:
            form = digits(number) if kind == "Numeric" else "z" if kind in _TRACKS else "any"
            made |= {"format": form, "encoding": _TEXTS[enc], "mask": masked(number, form)}
            said = "bytes there, text here" if kind in _BYTES else ""
        elif enc in _PACKED:
            form = "z" if kind in _TRACKS else "n"
            made |= {"format": form, "encoding": "bcd", "mask": masked(number, form)}
            made["pad"] = "left 0" if enc == "BCD" else "right 0"
            said = "bytes there, digits here" if kind in _BYTES else ""
        elif enc in _IN_BYTES:
            made |= {"format": "b", "encoding": _IN_BYTES[enc], "mask": masked(number, "b")}
            if enc == "ASCIIToHex":
                said = "hexadecimal digits there, bytes here"
            elif kind in _STRINGS:
                said = "text there, bytes here"
        else:
            return f"encoding {enc[:20] or 'missing'}: nothing here is like it"
        if said:
            self.remarks.append(Problem(str(number), said, self._line(f"fields.{number}")))
        return ""

    def _length(self, prefix: str, made: dict[str, Any]) -> str:
        """Add the length; return why it does not translate."""
        encoding, _, letters = prefix.partition(".")
        if letters == "Fixed":
            made["length"] = "fixed"
            return ""
        if encoding not in PREFIXES or letters.strip("L") or not 1 <= len(letters) <= 4:
            return f"prefix {prefix[:20]!r}: nothing here is like it"
        made["prefix"] = PREFIXES[encoding]
        if encoding == "Hex" and len(letters) > 3:
            return f"prefix {prefix[:20]!r}: nothing here is like it"
        if encoding in {"Binary", "Hex"}:  # a letter is a byte there, or two hexadecimal digits
            made["length"] = VARIABLE[min(2 * len(letters), 6)]
            most = 256 ** len(letters) - 1
            if encoding == "Binary" and len(letters) > 1:
                made["prefix_bytes"] = len(letters)
        else:
            made["length"] = VARIABLE[len(letters)]
            most = 10 ** len(letters) - 1
        if made["encoding"] == "hex":
            made["counts"] = "bytes"
        made["max"] = min(made["max"], most)
        return ""

    def _pad(self, number: int, padding: Any, made: dict[str, Any]) -> None:
        """Add the padding of a fixed field; theirs is taken away when it is read, ours never is."""
        if not isinstance(padding, dict) or padding.get("type") == "None" or made.get("length") != "fixed":
            return
        if made["encoding"] == "bcd":
            return  # which nibble is filled says the encoding; short values are filled before it
        side, pad = str(padding.get("type", "")).lower(), str(padding.get("pad", ""))
        if made["format"] == "b" and side in {"left", "right"} and len(pad) == 1 and ord(pad) < 256:
            made["pad"] = f"{side} {ord(pad):02X}"
            return
        if side not in {"left", "right"} or len(pad) != 1 or not pad.isprintable():
            self._note(number, "padding: not translated")
            return
        made["pad"] = f"{side} {'space' if pad == ' ' else pad}"
