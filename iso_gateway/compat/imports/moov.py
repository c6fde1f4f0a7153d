"""moov-io/iso8583: a specification in JSON, as its package ``specs`` imports and exports it; read, and written.

ours                                     theirs: type, enc, prefix
n in ascii, cp037, cp1047                Numeric or String; ASCII, EBCDIC, EBCDIC1047; padding Left 0
n in bcd, counted in digits              Numeric; BCD, or LBCD where the odd nibble stands right
text                                     String
b in binary                              Binary; Binary
b in hex                                 Hex; ASCII: what it holds is its hexadecimal text
z in ascii                               String; Track2 where they say so is read as z
fixed, LVAR to LLLLVAR                   ASCII.Fixed, ASCII.LL, BCD.LLL, Binary.L, EBCDIC.LL ...
"""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from iso_gateway.codec.field import Field
from iso_gateway.codec.spec import Spec
from iso_gateway.compat.imports.imported import LARGEST, VARIABLE, Imported, digits, masked, names, spec
from iso_gateway.errors import Problem, SpecError

_TEXTS: Final = {"ASCII": "ascii", "EBCDIC": "cp037", "EBCDIC1047": "cp1047"}
_PREFIXES: Final = {"ASCII": "ascii", "BCD": "bcd", "Binary": "binary", "EBCDIC": "cp037", "Hex": "hex"}
_STRINGS: Final = frozenset({"String", "Numeric", "Track1", "Track2", "Track3"})
_TRACKS: Final = frozenset({"Track2", "Track3"})


def read(text: str, name: str = "") -> Imported:
    """Return the spec of a specification in JSON.

    Raises:
        SpecError: it is none, or what it says of the message as a whole cannot be done.
    """
    if len(text) > LARGEST:
        raise SpecError([Problem("", f"longer than {LARGEST} characters")])
    try:
        data = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise SpecError([Problem("", f"no JSON: {error}")]) from None
    if not isinstance(data, dict) or not isinstance(data.get("fields"), dict):
        raise SpecError([Problem("fields", "is missing: a specification of moov-io/iso8583 has a table of fields")])
    reading = _Reading(data["fields"])
    mti, bitmap = reading.whole()
    fields = reading.fields()
    if reading.faults:
        raise SpecError(reading.faults)
    title = str(data.get("name", "")) or "A specification of moov-io/iso8583"
    return Imported(spec(name or names(title, 0).replace("_", "-"), title, mti, bitmap, fields), reading.notes)


class _Reading:
    """One specification."""

    def __init__(self, theirs: dict[str, Any]) -> None:
        self.theirs = {key: each for key, each in theirs.items() if isinstance(each, dict)}
        self.notes = [Problem(key[:20], "left out: no table") for key in theirs if key not in self.theirs]
        self.faults: list[Problem] = []

    def whole(self) -> tuple[str, dict[str, str]]:
        """Return the encoding of the MTI, and the bitmap."""
        mti = {**_TEXTS, "BCD": "bcd"}.get(str(self.theirs.get("0", {}).get("enc")), "")
        if not mti:
            self.faults.append(Problem("fields.0.enc", "a message type in ASCII, BCD or EBCDIC expected"))
        row = self.theirs.get("1", {})
        form = {"Binary": "binary", "HexToASCII": "hex"}.get(str(row.get("enc")), "")
        if not form:
            self.faults.append(Problem("fields.1.enc", "a bitmap in Binary or HexToASCII expected"))
        bitmap = {"encoding": form}
        if row.get("disableAutoExpand"):
            size = row.get("length")
            if size in {8, 16, 24}:
                bitmap["fixed"] = str(size)
            else:
                self.faults.append(Problem("fields.1.length", "a bitmap that does not grow has 8, 16 or 24 bytes"))
        else:
            bitmap["third"] = "follows"
        return mti, bitmap

    def fields(self) -> dict[str, Any]:
        """Return the fields that translate."""
        found: dict[str, Any] = {}
        for key, row in self.theirs.items():
            if key in {"0", "1"}:
                continue
            if not re.fullmatch(r"[0-9]{1,3}", key) or not 2 <= int(key) <= 192:
                self.notes.append(Problem(key[:20], "left out: no data element from 2 to 192"))
                continue
            why, made = self._field(int(key), row)
            if made is None:
                self.notes.append(Problem(key, f"left out: {why}"))
            else:
                found[key] = made
        return found

    def _field(self, number: int, row: dict[str, Any]) -> tuple[str, dict[str, Any] | None]:
        kind, size = str(row.get("type", "")), row.get("length")
        if number == 65:
            return "bit 65 announces a third bitmap here", None
        if type(size) is not int or not 1 <= size <= 999_999:
            return "its length is no number from 1", None
        made: dict[str, Any] = {"name": names(str(row.get("description", "")), number), "max": size}
        if kind == "Composite":
            self._note(number, "its parts are not translated: it is carried whole")
            made |= {"format": "any", "encoding": "ascii", "mask": masked(number, "any")}
            if str(row.get("prefix", "")).startswith("Binary") or "BerTLV" in str(row.get("tag", "")):
                made |= {"format": "b", "encoding": "binary", "mask": "all"}
            if "BerTLV" in str(row.get("tag", "")):
                made["parts"] = "ber-tlv"
        else:
            why = self._content(number, kind, str(row.get("enc", "")), made)
            if why:
                return why, None
        why = self._length(str(row.get("prefix", "")), made)
        self._pad(number, row.get("padding"), made)
        return why, None if why else made

    def _content(self, number: int, kind: str, enc: str, made: dict[str, Any]) -> str:
        """Add format and encoding; return why they do not translate."""
        if kind in _STRINGS and enc in _TEXTS:
            form = digits(number) if kind == "Numeric" else "z" if kind in _TRACKS else "any"
            made |= {"format": form, "encoding": _TEXTS[enc], "mask": masked(number, form)}
        elif kind in _STRINGS and enc in {"BCD", "LBCD"}:
            form = "z" if kind in _TRACKS else "n"
            made |= {"format": form, "encoding": "bcd", "mask": masked(number, form)}
            made["pad"] = "left 0" if enc == "BCD" else "right 0"
        elif kind in {"Binary", "Hex"} and enc == "Binary":
            made |= {"format": "b", "encoding": "binary", "mask": masked(number, "b")}
        elif kind == "Hex" and enc == "ASCII":
            made |= {"format": "b", "encoding": "hex", "mask": masked(number, "b")}
        else:
            return f"type {kind[:20] or 'missing'} in {enc[:20] or 'no encoding'}: nothing here is like it"
        return ""

    def _length(self, prefix: str, made: dict[str, Any]) -> str:
        """Add the length; return why it does not translate."""
        encoding, _, letters = prefix.partition(".")
        if letters == "Fixed":
            made["length"] = "fixed"
            return ""
        if encoding not in _PREFIXES or letters.strip("L") or not 1 <= len(letters) <= 4:
            return f"prefix {prefix[:20]!r}: nothing here is like it"
        made["prefix"] = _PREFIXES[encoding]
        if encoding in {"Binary", "Hex"}:  # a letter is a byte there
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
        side, pad = str(padding.get("type", "")).lower(), str(padding.get("pad", ""))
        if side not in {"left", "right"} or len(pad) != 1 or made["format"] == "b" or not pad.isprintable():
            self._note(number, "padding: not translated")
            return
        made["pad"] = f"{side} {'space' if pad == ' ' else pad}"
        if made["format"] != "n":
            self._note(number, "padding is written, and kept when it is read, where theirs is taken away")

    def _note(self, number: int, message: str) -> None:
        self.notes.append(Problem(str(number), message))


# Written


def written(ours: Spec) -> tuple[str, list[Problem]]:
    """Return *ours* as JSON for moov-io/iso8583, and what of it theirs cannot say."""
    notes: list[Problem] = []
    codecs = {"ascii": "ASCII", "bcd": "BCD", "cp037": "EBCDIC", "cp1047": "EBCDIC1047"}
    plan = ours.plan
    fields: dict[str, Any] = {
        "0": {"type": "String", "length": 4, "description": "Message Type Indicator"},
        "1": {"type": "Bitmap", "length": 8, "description": "Bitmap"},
    }
    mti = codecs.get(plan.mti_codec)
    if mti is None:
        notes.append(Problem("mti", f"{plan.mti_codec}: theirs are {', '.join(codecs.values())}; EBCDIC is written"))
    fields["0"] |= {"enc": mti or "EBCDIC", "prefix": f"{mti if mti in {'ASCII', 'BCD'} else 'EBCDIC'}.Fixed"}
    form = {"binary": "Binary", "hex": "HexToASCII"}.get(plan.bitmap_form)
    if form is None:
        notes.append(Problem("bitmap", "hexadecimal in EBCDIC: theirs has none; HexToASCII is written"))
    fields["1"] |= {"enc": form or "HexToASCII", "prefix": "Binary.Fixed" if form == "Binary" else "Hex.Fixed"}
    if plan.bitmap_fixed:
        fields["1"] |= {"length": plan.bitmap_fixed, "disableAutoExpand": True}
    for number, field in ours.fields.items():
        made, why = _theirs(field)
        if made is None:
            notes.append(Problem(f"fields.{number}", f"left out: {why}"))
            continue
        fields[str(number)] = made
        if why:
            notes.append(Problem(f"fields.{number}", why))
    document = msgspec.json.encode({"name": ours.title or ours.name, "fields": fields})
    return msgspec.json.format(document, indent=1).decode(), notes


def _theirs(field: Field) -> tuple[dict[str, Any] | None, str]:
    """Return a field in their words, and what is lost; None where it cannot be said."""
    codecs = {"ascii": "ASCII", "cp037": "EBCDIC", "cp1047": "EBCDIC1047"}
    if field.format == "n":  # digits are alike in all code pages of EBCDIC
        codecs |= {"cp500": "EBCDIC", "cp1140": "EBCDIC"}
    made: dict[str, Any] = {"type": "String", "length": field.max, "description": field.name.replace("_", " ")}
    if field.encoding in codecs:
        made |= {"type": "Numeric" if field.format == "n" else "String", "enc": codecs[field.encoding]}
    elif field.encoding == "bcd" and field.format in {"n", "z"} and field.counts == "digits":
        made |= {"type": "Numeric" if field.format == "n" else "String", "enc": "BCD"}
        if field.format == "z":
            return None, "separators in packed digits: theirs are decimal alone"
        if field.pad_side == "right":
            made["enc"] = "LBCD"
    elif field.encoding == "binary":
        made |= {"type": "Binary", "enc": "Binary"}
    elif field.encoding == "hex" and (field.length == "fixed" or field.counts == "bytes"):
        made |= {"type": "Hex", "enc": "ASCII"}
    else:
        return None, f"{field.format} in {field.encoding}, counted in {field.counts}: theirs has nothing like it"
    if field.length == "fixed":
        kind = {"Hex": "Hex", "Binary": "Binary"}.get(made["type"]) or {"BCD": "BCD", "LBCD": "BCD"}.get(
            made["enc"], "ASCII"
        )
        made["prefix"] = f"{kind}.Fixed"
        if field.format == "n":
            made["padding"] = {"type": "Left", "pad": "0"}
    else:
        ebcdic = dict.fromkeys(("cp500", "cp1047", "cp1140"), "EBCDIC")
        prefix = {**ebcdic, **{ours: theirs for theirs, ours in _PREFIXES.items()}}.get(field.prefix)
        letters = field.length.count("L")
        if field.prefix in {"binary", "hex"}:
            letters = field.prefix_bytes or (letters + 1) // 2
        if prefix is None or letters > 4 or field.inclusive:
            return None, f"an {field.length} length in {field.prefix}: theirs has nothing like it"
        made["prefix"] = f"{prefix}.{'L' * letters}"
    return made, "its parts are not written" if field.inside is not None else ""
