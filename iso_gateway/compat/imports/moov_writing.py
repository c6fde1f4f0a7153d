"""Specs of ours as JSON for moov-io/iso8583: what `moov` reads, written.

ours                                     theirs: type, enc, prefix
n of fixed length, 18 digits at most     Numeric, padded with zeros, which its numbers lose
other digits                             String
n in bcd, counted in digits              BCD, or LBCD where the odd nibble stands right
text in ascii, cp500, cp1047             String
text in latin-1, gbk and its kin         Binary
text in cp037, cp1140                    String in EBCDIC where letters, digits and signs are all there can be
b in binary                              Binary; Binary
other digits in bcd of a size in bytes   Binary; Binary
b in hex, fixed or counted in bytes      Binary; HexToASCII
b in hex, counted in characters          String: its hexadecimal text, twice as long
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from iso_gateway.codec import body, lengths
from iso_gateway.codec.charsets import EBCDIC, SEVERAL_BYTES
from iso_gateway.codec.field import Field
from iso_gateway.codec.plan import FIELD, row
from iso_gateway.codec.spec import Spec
from iso_gateway.compat.imports.moov import PREFIXES
from iso_gateway.errors import Problem

_TEXTS: Final = {"ascii": "ASCII", "cp1047": "EBCDIC1047"}
_LIKE: Final = {"cp037": "EBCDIC", "cp500": "EBCDIC", "cp1140": "EBCDIC"}
"""Code pages in which letters and digits are those of theirs, and some signs are not."""
_SIGNS: Final = {**dict.fromkeys(_LIKE, "brackets, !, | and ^ are other bytes"), "cp500": "| is another byte"}
_ALIKE: Final = frozenset({"n", "a", "an", "anp", "xn", "z"})
"""The formats that have no sign in which the code pages differ."""
_MOST_LETTERS: Final = 4
_LARGEST_NUMBER: Final = 18
"""Digits that theirs holds as a number."""


def written(ours: Spec) -> tuple[str, list[Problem]]:
    """Return *ours* as JSON for moov-io/iso8583, and what of it theirs cannot say."""
    notes: list[Problem] = []
    fields = _whole(ours, notes)
    for number, field in ours.fields.items():
        made, why = (None, "theirs has the bitmap there") if number == 1 else _theirs(field)
        if made is None:
            notes.append(Problem(f"fields.{number}", f"left out: {why}"))
            continue
        fields[str(number)] = made
        if why:
            notes.append(Problem(f"fields.{number}", why))
    document = msgspec.json.encode({"name": ours.title or ours.name, "fields": fields})
    return msgspec.json.format(document, indent=1).decode(), notes


def _whole(ours: Spec, notes: list[Problem]) -> dict[str, Any]:
    """Return the message type and the bitmap."""
    plan = ours.plan
    mti = {**_TEXTS, **_LIKE, "bcd": "BCD"}[plan.mti_codec]
    form = {"binary": "Binary", "hex": "HexToASCII"}.get(plan.bitmap_form)
    if form is None:
        notes.append(Problem("bitmap", "hexadecimal in EBCDIC: theirs has none; HexToASCII is written"))
    if plan.third == FIELD:
        notes.append(Problem("bitmap.third", "theirs reads a third bitmap only right behind the second"))
    bitmap = {"type": "Bitmap", "length": plan.bitmap_fixed or 8, "description": "Bitmap", "enc": form or "HexToASCII"}
    bitmap["prefix"] = "Binary.Fixed" if form == "Binary" else "Hex.Fixed"
    if plan.bitmap_fixed:
        bitmap["disableAutoExpand"] = True
    described = {"type": "String", "length": 4, "description": "Message Type Indicator", "enc": mti}
    return {"0": {**described, "prefix": f"{mti.removesuffix('1047')}.Fixed"}, "1": bitmap}


def _theirs(field: Field) -> tuple[dict[str, Any] | None, str]:
    """Return a field in their words, and what is lost; None where it cannot be said."""
    made: dict[str, Any] = {"type": "String", "length": field.max, "description": field.name.replace("_", " ")}
    why = _content(field, made)
    if why:
        return None, why
    notes = ["its parts are not written"] if field.inside is not None else []
    if made["type"] == "Binary" and not field.binary:
        notes.append(f"it is bytes there: theirs has no {field.format} in {field.encoding}")
    if field.encoding in _LIKE and field.format not in _ALIKE:
        notes.append(f"EBCDIC is written: {_SIGNS[field.encoding]} there")
    if field.length == "fixed":
        made["prefix"] = f"{ {'Binary': 'Binary', 'BCD': 'BCD', 'LBCD': 'BCD'}.get(made['enc'], 'ASCII') }.Fixed"
        if made["type"] == "Numeric":
            made["padding"] = {"type": "Left", "pad": "0"}
        return made, "; ".join(notes)
    # Digits are alike in all of EBCDIC, and theirs writes no lengths in 1047.
    prefix = {**{each: theirs for theirs, each in PREFIXES.items()}, **dict.fromkeys(EBCDIC, "EBCDIC")}
    letters = _letters(field)
    if field.prefix not in prefix or not 1 <= letters <= _MOST_LETTERS or field.inclusive:
        return None, f"an {field.length} length in {field.prefix}: theirs has nothing like it"
    made["prefix"] = f"{prefix[field.prefix]}.{'L' * letters}"
    return made, "; ".join(notes)


def _letters(field: Field) -> int:
    """Return how many L theirs has for the length: a digit each, a byte where it is binary or hex; 0: it has none."""
    width = field.prefix_bytes or lengths.size(field.length, field.prefix)
    if field.prefix == "hex":
        return 0 if width % 2 else width // 2
    if field.prefix == "bcd":
        return 2 * width if field.prefix_bytes else field.length.count("L")
    return width


def _content(field: Field, made: dict[str, Any]) -> str:
    """Add type and encoding; return why they cannot be said."""
    if field.encoding in _TEXTS or field.encoding in _LIKE:
        made["enc"] = {**_TEXTS, **_LIKE}[field.encoding]
    elif field.encoding == "bcd" and field.format == "n" and field.counts == "digits":
        made["enc"] = "LBCD" if field.pad_side == "right" else "BCD"
        if field.pad_with != "0" and field.max % 2:
            return f"an odd digit filled with {field.pad_with}: theirs fills with 0"
    elif field.encoding == "bcd" and (field.length == "fixed" or field.counts == "bytes"):
        made |= {"type": "Binary", "enc": "Binary", "length": body.size(row(field), field.max)}
    elif field.encoding == "bcd" and field.format == "z":
        return "separators in packed digits: theirs are decimal alone"
    elif field.encoding == "binary" or (field.encoding in {"latin-1", *SEVERAL_BYTES} and field.counts == "bytes"):
        made |= {"type": "Binary", "enc": "Binary"}
    elif field.encoding == "hex" and (field.length == "fixed" or field.counts == "bytes"):
        made |= {"type": "Binary", "enc": "HexToASCII"}
    elif field.encoding == "hex":
        made |= {"enc": "ASCII", "length": 2 * field.max}
    else:
        return f"{field.format} in {field.encoding}, counted in {field.counts}: theirs has nothing like it"
    if field.format == "n" and field.length == "fixed" and field.max <= _LARGEST_NUMBER:
        made["type"] = "Numeric"
    return ""
