"""Dicts -> bytes step by step, for what the quick way refuses: it names the field.

The order in which things are looked at, and what is in the two dicts at each point, are pyiso8583's.
"""

from __future__ import annotations

import binascii
from typing import Any, Final, NoReturn

from iso_gateway.compat.iso8583.lowered import bitmaps_of
from iso_gateway.compat.iso8583.rows import (
    FIELD,
    LENGTH,
    WHOLE,
    DecodedDict,
    EncodedDict,
    Needed,
    SpecDict,
    fault,
    prefix,
)

_LONGEST_KEY: Final = 100
"""Digits of a key that are still read as a number, so that the error can say which."""

_NO_ROOM: Final = "Failed to encode field length, field length does not fit into configured field size"


class EncodeError(ValueError):
    """A dict that the specification cannot say; ``str()`` has the message and the field.

    Attributes:
        msg: what is wrong, without the field.
        doc_dec: a copy of the dict that was to be encoded, with the bitmaps as far as they were made.
        doc_enc: what was encoded before, by field.
        field: the key of the field.
    """

    def __init__(self, msg: str, doc_dec: DecodedDict, doc_enc: EncodedDict, field: str) -> None:
        super().__init__(f"{msg}: field {field}")
        self.msg = msg
        self.doc_dec = doc_dec
        self.doc_enc = doc_enc
        self.field = field

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.msg, self.doc_dec, self.doc_enc, self.field)


def _is_text(key: object) -> bool:
    return isinstance(key, str)


class Writing:
    """One message being written."""

    def __init__(self, doc_dec: DecodedDict, spec: SpecDict) -> None:
        # Bitmaps are made, not taken.
        self.doc_dec = {key: value for key, value in doc_dec.items() if key not in {"1", "65"}}
        self.spec = spec
        self.doc_enc: EncodedDict = {}

    def message(self) -> tuple[bytearray, EncodedDict]:
        """Return the bytes of the whole message, and those of each field.

        Raises:
            EncodeError: the specification cannot say it.
        """
        if self.row("h", (("max_len", int),))["max_len"] > 0:
            if "h" not in self.doc_dec:
                self.fault("Field data is required according to specifications", "h")
            self.field("h")
        self.mti()
        numbers = self.numbers()
        text = bitmaps_of(numbers)
        self.bitmap("p", text[:16])
        if text[16:]:
            self.bitmap("1", text[16:32])
        if text[32:]:
            self.bitmap("1", text[32:], extended=True)
        for number in sorted(numbers):
            self.field(str(number))
        return bytearray(b"".join(each["len"] + each["data"] for each in self.doc_enc.values())), self.doc_enc

    def numbers(self) -> set[int]:
        """Return the fields that the message has."""
        odd: list[Any] = [key for key in self.doc_dec if not _is_text(key)]
        if odd:
            self.fault(f"Dictionary contains invalid fields {odd}", "p")
        numeric = [key for key in self.doc_dec if key.isnumeric()]
        odd = [key for key in numeric if not key.isdecimal() or len(key) > _LONGEST_KEY]
        if odd:
            self.fault(f"Dictionary contains invalid fields {odd}", "p")
        numbers = {int(key) for key in numeric}
        outside = sorted(number for number in numbers if not 1 <= number <= 192)
        if outside:
            self.fault(f"Dictionary contains fields outside of 1-192 range {outside}", "p")
        return numbers

    def mti(self) -> None:
        """Write the MTI: four characters, or two bytes."""
        if "t" not in self.doc_dec:
            self.fault("Field data is required", "t")
        codec = self.row("t", WHOLE)["data_enc"]
        self.doc_enc["t"] = {"len": b"", "data": b""}
        self.doc_enc["t"]["data"] = data = self.content("t", self.doc_dec["t"], codec)
        size = 2 if codec == "b" else 4
        if len(data) != size:
            self.fault(f"Field data is {len(data)} bytes, expecting {size}", "t")

    def bitmap(self, key: str, text: str, *, extended: bool = False) -> None:
        """Write one bitmap; *extended*: the third, which goes on where the second ended."""
        codec = self.row(key, WHOLE)["data_enc"]
        if extended:
            self.doc_dec[key] += text
        else:
            self.doc_dec[key] = text
            self.doc_enc[key] = {"len": b"", "data": b""}
        self.doc_enc[key]["data"] += self.content(key, text, codec)

    def field(self, key: str) -> None:
        """Write one field with its length."""
        if key not in self.doc_dec:
            # The number of a 02, or of a 2 in another script, which is the key of no field.
            odd = [each for each in self.doc_dec if each.isdecimal() and int(each) == int(key)]
            self.fault(f"Dictionary contains invalid fields {odd}", "p")
        row = self.row(key, FIELD)
        self.doc_enc[key] = encoded = {"len": b"", "data": b""}
        count = row.get("len_count", "bytes")
        value: Any = self.doc_dec[key]
        nibbles = count == "nibbles"
        padded = self.padded(row, value) if nibbles and row["data_enc"] == "b" else value
        encoded["data"] = data = self.content(key, padded, row["data_enc"], nibbles=nibbles)
        size = len(data) if not nibbles else len(value) if row["data_enc"] == "b" else 2 * len(data)
        if not row["len_type"]:
            if size != row["max_len"]:
                self.fault(f"Field data is {size} {count}, expecting {row['max_len']}", key)
        elif size > row["max_len"]:
            self.fault(f"Field data is {size} {count}, larger than maximum {row['max_len']}", key)
        else:
            encoded["len"] = head = self.length(key, size, row["len_type"])
            if len(head) > row["len_type"]:
                self.fault(_NO_ROOM, key)

    def length(self, key: str, size: int, width: int) -> bytes:
        """Return the prefix that says *size*; text may be longer than *width*."""
        try:
            head = prefix(size, self.row(key, LENGTH)["len_enc"], width)
        except LookupError:
            self.fault("Failed to encode field length, unknown encoding specified", key)
        if head is None:
            self.fault(_NO_ROOM, key)
        return head

    def padded(self, row: Any, value: Any) -> Any:
        """Return the digits *value* with one more where they are odd and the row has a pad."""
        if not isinstance(value, str) or len(value) % 2 == 0:
            return value
        left, right = str(row.get("left_pad", ""))[:1], str(row.get("right_pad", ""))[:1]
        return left + value if left else value + right

    def content(self, key: str, value: Any, codec: str, *, nibbles: bool = False) -> bytes:
        """Return *value* as bytes: text in its codec, hexadecimal digits for ``b``."""
        if codec != "b":
            try:
                return bytes(value.encode(codec))
            except LookupError:
                self.fault("Failed to encode field, unknown encoding specified", key)
            except Exception:  # noqa: BLE001 -- a codec may be the program's own, and raise anything
                self.fault("Failed to encode field, invalid data", key)
        try:
            return binascii.a2b_hex(value)
        except (TypeError, ValueError):
            wrong = "non-hex data"
            if isinstance(value, str | bytes | bytearray) and len(value) % 2:
                wrong = "odd-length nibble data, specify pad" if nibbles else "odd-length hex data"
            self.fault(f"Failed to encode field, {wrong}", key)

    def row(self, key: str, needed: Needed) -> Any:
        """Return the row of *key*, in which what is *needed* is there."""
        try:
            row = self.spec[key]
        except KeyError:
            self.fault("Field is not in specification", key)
        wrong = fault(row, needed)
        if wrong:
            self.fault(wrong, key)
        return row

    def fault(self, msg: str, key: str) -> NoReturn:
        """Raise the error of field *key*."""
        raise EncodeError(msg, self.doc_dec, self.doc_enc, key) from None
