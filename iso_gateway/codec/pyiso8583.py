"""To pyiso8583's specifications and back: its dict of dicts, read as a spec and written from one.

pyiso8583 knows three kinds of data: bytes (``b``), ``b`` counted in nibbles, and text of any Python codec. It
checks no content, so what comes from it is of format ``b``, ``nibbles`` or ``any`` here.

    ours                                   theirs: data_enc, len_count, max_len
    text in a character set                the codec, bytes, max
    packed digits, counted in digits       b, nibbles, max and left_pad or right_pad
    packed digits, counted in bytes        b, bytes, half of max
    b in binary                            b, bytes, max
    b in hex, fixed or counted by character  ascii, bytes, twice max
    b in hex, counted by byte              (none: its lengths count what is on the wire)
    x+n with packed digits                 (none: half text, half digits)
    text of several bytes to the character, counted in characters   (none: it counts bytes)
    prefix in hex, or counted in itself    (none)
    third bitmap that follows              always: bit 65 is one there
    third bitmap as a field, fixed bitmap  (none)

Whatever is EBCDIC here is the same Python codec there, of the MTI and the bitmaps too.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from iso_gateway.codec import lengths, mask
from iso_gateway.codec.charsets import EBCDIC, SEVERAL_BYTES, TEXTS
from iso_gateway.codec.message import ECHO
from iso_gateway.codec.plan import FIELD, FOLLOWS
from iso_gateway.errors import Problem, SpecError, did_you_mean

if TYPE_CHECKING:
    from iso_gateway.codec.field import Field
    from iso_gateway.codec.spec import Spec

_KEYS: Final = ("data_enc", "len_enc", "len_type", "max_len", "desc", "len_count", "left_pad", "right_pad")
_PREFIXES: Final = tuple(each for each in lengths.PREFIXES if each != "hex")
_NEEDED: Final = ("data_enc", "len_enc", "len_type", "max_len")


def is_specification(data: Mapping[str, Any]) -> bool:
    """Return whether *data* is a specification of pyiso8583 rather than ours."""
    return "fields" not in data and ("t" in data or "p" in data)


def imported(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the data of a spec that reads what the pyiso8583 specification *data* reads.

    Raises:
        SpecError: everything in it that we cannot do.
    """
    reading = _Import(data)
    mti = reading.whole("t", {"b": "bcd", "ascii": "ascii", **{each: each for each in EBCDIC}})
    forms = {"b": "binary", "ascii": "hex", **dict.fromkeys(EBCDIC, "hex-ebcdic")}
    bitmap = reading.whole("p", forms)
    if "1" in data and reading.whole("1", forms) not in {bitmap, ""} and bitmap:
        reading.wrong("1.data_enc", "expected the same as of p")
    reading.header()
    # Bits 1 and 65 are bitmaps; ours says so without a row.
    numbers = [key for key in data if key not in {"h", "t", "p", "1", "65"}]
    fields = {key: reading.field(key) for key in numbers}
    if reading.problems:
        raise SpecError(reading.problems)
    return {
        "name": "pyiso8583",
        "title": "A specification of pyiso8583",
        "version": "any",
        "mti": {"encoding": mti},
        "bitmap": {"encoding": bitmap, "third": "follows"},
        "echo": [number for number in ECHO if str(number) in fields],
        "fields": fields,
    }


class _Import:
    """The reading of one specification; what is wrong goes to `problems`."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.data = data
        self.problems: list[Problem] = []

    def wrong(self, path: str, message: str) -> None:
        """Note a fault."""
        self.problems.append(Problem(path, message))

    def header(self) -> None:
        """See that there is no header: ours end at the MTI."""
        row = self.data.get("h")
        if isinstance(row, Mapping) and row.get("max_len") not in {0, None}:
            self.wrong("h", "a header belongs to framing: set its max_len to 0")

    def whole(self, key: str, known: Mapping[str, str]) -> str:
        """Return our word for the encoding of the MTI or a bitmap."""
        row = self.data.get(key)
        if not isinstance(row, Mapping) or not isinstance(row.get("data_enc"), str):
            self.wrong(key, "is missing, expected a table with data_enc")
            return ""
        theirs = row["data_enc"]
        found = known.get(theirs if theirs == "b" else _codec(theirs))
        if found is None:
            self.wrong(f"{key}.data_enc", f"expected {' or '.join(known)}")
        return found or ""

    def field(self, key: str) -> dict[str, Any]:
        """Return one field in our words."""
        row = self.data[key]
        if not (key.isascii() and key.isdecimal()):
            self.wrong(str(key), "unknown key: expected t, p, h, or the number of a field")
            return {}
        if not isinstance(row, Mapping):
            self.wrong(key, "expected a table of keys")
            return {}
        before = len(self.problems)
        for name in row:
            if name not in _KEYS:
                self.wrong(f"{key}.{name}", f"unknown key{did_you_mean(str(name), _KEYS)}")
        for name in _NEEDED:
            kind = str if name.endswith("_enc") else int
            if not isinstance(row.get(name), kind):
                self.wrong(f"{key}.{name}", f"is missing, expected {'a word' if kind is str else 'a number'}")
        return self._field(key, row) if len(self.problems) == before else {}

    def _field(self, key: str, row: Mapping[str, Any]) -> dict[str, Any]:
        words = re.sub(r"[^a-z0-9]+", "_", str(row.get("desc", "")).lower()).strip("_")
        made: dict[str, Any] = {
            "name": words or f"field_{key}",
            "max": row["max_len"],
            "mask": mask.DEFAULTS.get(int(key), "all"),
        }
        made |= self._content(key, row)
        return made | self._length(key, row)

    def _content(self, key: str, row: Mapping[str, Any]) -> dict[str, Any]:
        nibbles = row.get("len_count", "bytes") == "nibbles"
        if row["data_enc"] == "b" and not nibbles:
            return {"format": "b", "encoding": "binary"}
        if row["data_enc"] == "b":
            made = {"format": "nibbles", "encoding": "bcd"}
            for side in ("left", "right"):
                pad = str(row.get(f"{side}_pad", ""))[:1]
                if pad:
                    return {**made, "pad": f"{side} {pad}"}
            return made
        codec = _codec(row["data_enc"])
        if codec not in TEXTS:
            self.wrong(f"{key}.data_enc", f"no character set of ours{did_you_mean(codec, TEXTS)}")
        if nibbles:
            self.wrong(f"{key}.len_count", "nibbles count only data_enc b")
        return {"format": "any", "encoding": codec, "pad": "none"}

    def _length(self, key: str, row: Mapping[str, Any]) -> dict[str, Any]:
        width = row["len_type"]
        if width == 0:
            return {"length": "fixed"}
        prefix = {"b": "binary", "bcd": "bcd"}.get(row["len_enc"]) or _codec(row["len_enc"])
        # Digits are alike in all of ASCII's kin.
        prefix = {"latin-1": "ascii", "utf-8": "ascii"}.get(prefix, prefix)
        if prefix not in _PREFIXES:
            self.wrong(f"{key}.len_enc", f"no encoding of a length{did_you_mean(prefix, _PREFIXES)}")
            return {}
        packed = prefix in lengths.PACKED
        if not 1 <= width <= (4 if packed else 6):
            self.wrong(f"{key}.len_type", "expected at most LLLLLLVAR, in b and bcd 4 bytes")
            return {}
        length = lengths.LENGTHS[min(2 * width, 6) if packed else width]
        made: dict[str, Any] = {"length": length, "prefix": prefix}
        if width != lengths.size(length, prefix):
            made["prefix_bytes"] = width
        # A maximum that the prefix cannot say is no maximum.
        return {**made, "max": min(row["max_len"], lengths.limit(length, prefix, width))}


def _codec(name: str) -> str:
    """Return our name of a Python codec, or *name* itself where Python has none of that name."""
    try:
        found = codecs.lookup(name).name
    except LookupError:
        return name
    return {"iso8859-1": "latin-1"}.get(found, found)


def exported(spec: Spec) -> dict[str, dict[str, Any]]:
    """Return *spec* as a specification of pyiso8583.

    Raises:
        SpecError: every field that cannot be expressed there.
    """
    made, problems = expressed(spec)
    if problems:
        raise SpecError(problems)
    return made


def expressed(spec: Spec) -> tuple[dict[str, dict[str, Any]], list[Problem]]:
    """Return what of *spec* pyiso8583 can express, as its specification, and what it cannot."""
    problems: list[Problem] = []
    whole = {"len_enc": "ascii", "len_type": 0}
    plan = spec.plan
    mti = {"data_enc": "b" if plan.mti_packed else plan.mti_codec, **whole, "max_len": plan.mti_size}
    form = {"binary": "b", "hex": "ascii", "hex-ebcdic": "cp500"}[plan.bitmap_form]
    bitmap = {"data_enc": form, **whole, "max_len": plan.bitmap_size}
    if plan.bitmap_fixed:
        problems.append(Problem("bitmap.fixed", "pyiso8583 takes bit 1 for the announcement of a second bitmap"))
    if plan.third == FIELD:
        problems.append(Problem("bitmap.third", "pyiso8583 reads a third bitmap only right behind the second"))
    made: dict[str, dict[str, Any]] = {
        "h": {"data_enc": "ascii", **whole, "max_len": 0, "desc": "Message Header"},
        "t": {**mti, "desc": "Message Type"},
        "p": {**bitmap, "desc": "Bitmap, Primary"},
        "1": {**bitmap, "desc": "Bitmap, Secondary"},
    }
    if plan.third == FOLLOWS:
        made["65"] = {**bitmap, "desc": "Bitmap, Extended"}
    for number, field in spec.fields.items():
        reason = _inexpressible(field)
        if reason:
            problems.append(Problem(f"fields.{number}", reason))
        else:
            made[str(number)] = _row(field)
    return made, problems


def _inexpressible(field: Field) -> str:
    if field.format == "xn" and field.encoding == "bcd":
        return "x+n with packed digits is half text, half digits, which pyiso8583 cannot express"
    if field.encoding in {"hex", "hex-ebcdic"} and field.length != "fixed" and field.counts == "bytes":
        return "pyiso8583 counts hexadecimal characters, this length counts the bytes that they stand for"
    if field.encoding in SEVERAL_BYTES and field.counts == "characters":
        return "pyiso8583 counts bytes, this length counts characters"
    if field.inclusive:
        return "a length that counts itself in is none of pyiso8583's"
    return "a length in hexadecimal digits is none of pyiso8583's" if field.prefix == "hex" else ""


def _row(field: Field) -> dict[str, Any]:
    made: dict[str, Any] = {"data_enc": field.encoding, "max_len": field.max}
    if field.encoding == "binary":
        made["data_enc"] = "b"
    elif field.encoding in {"hex", "hex-ebcdic"}:
        made = {"data_enc": "ascii" if field.encoding == "hex" else "cp500", "max_len": 2 * field.max}
    elif field.encoding == "bcd" and (field.counts == "digits" or field.length == "fixed"):
        made = {"data_enc": "b", "max_len": field.max, "len_count": "nibbles", f"{field.pad_side}_pad": field.pad_with}
    elif field.encoding == "bcd":
        made = {"data_enc": "b", "max_len": (field.max + 1) // 2}
    prefix = {"binary": "b", "": "ascii"}.get(field.prefix, field.prefix)
    return {
        **made,
        "len_enc": prefix,
        "len_type": field.prefix_bytes or lengths.size(field.length, field.prefix),
        "desc": field.name,
    }
