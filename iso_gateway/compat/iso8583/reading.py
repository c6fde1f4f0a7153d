"""Bytes -> dicts step by step, for what the quick way refuses: it names the field and the place.

The order in which things are looked at, and what is in the two dicts at each point, are pyiso8583's.
"""

from __future__ import annotations

from typing import Any, NoReturn

from iso_gateway.compat.iso8583.lowered import elements
from iso_gateway.compat.iso8583.rows import (
    FIELD,
    HEX,
    LENGTH,
    WHOLE,
    DecodedDict,
    EncodedDict,
    Needed,
    SpecDict,
    fault,
)


class DecodeError(ValueError):
    """Bytes that are no message of the specification; ``str()`` has the message, the field and the position.

    Attributes:
        msg: what is wrong, without the place.
        s: the bytes that were to be decoded.
        doc_dec: what was decoded before, by field.
        doc_enc: what was read before, by field.
        pos: the byte at which it went wrong, from 0.
        field: the key of the field.
    """

    def __init__(  # noqa: PLR0917 -- pyiso8583's, which programs may call
        self, msg: str, s: bytes | bytearray, doc_dec: DecodedDict, doc_enc: EncodedDict, pos: int, field: str
    ) -> None:
        super().__init__(f"{msg}: field {field} pos {pos}")
        self.msg = msg
        self.s = s
        self.doc_dec = doc_dec
        self.doc_enc = doc_enc
        self.pos = pos
        self.field = field

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.msg, self.s, self.doc_dec, self.doc_enc, self.pos, self.field)


class Reading:
    """One message being read."""

    def __init__(self, s: bytes | bytearray, spec: SpecDict) -> None:
        self.s = s
        self.raw = bytes(s)
        self.spec = spec
        self.pos = 0
        self.doc_dec: DecodedDict = {}
        self.doc_enc: EncodedDict = {}

    def message(self) -> tuple[DecodedDict, EncodedDict]:
        """Return both dicts of the whole message.

        Raises:
            DecodeError: it is none of this specification.
        """
        if self.row("h", (("max_len", int),))["max_len"] > 0:
            self.field("h")
        self.mti()
        last = "p"
        self.bitmap("p")
        numbers = elements(self.doc_dec["p"])
        if 1 in numbers:
            last = "1"
            self.bitmap("1")
            numbers += [64 + number for number in elements(self.doc_dec["1"])]
        if 65 in numbers:
            self.bitmap("1", extended=True)
            numbers += [128 + number for number in elements(self.doc_dec["1"][16:])]
        for number in numbers:
            if number not in {1, 65}:
                last = str(number)
                self.field(last)
        if self.pos != len(self.raw):
            self.fault("Extra data after last field", last)
        return self.doc_dec, self.doc_enc

    def mti(self) -> None:
        """Read the MTI: four characters, or two bytes."""
        codec = self.row("t", WHOLE)["data_enc"]
        size = 2 if codec == "b" else 4
        data = self.raw[self.pos : self.pos + size]
        self.doc_dec["t"] = ""
        self.doc_enc["t"] = {"len": b"", "data": data}
        if len(data) != size:
            self.fault(f"Field data is {len(data)} bytes, expecting {size}", "t")
        self.doc_dec["t"] = self.text("t", data, codec)
        self.pos += size

    def bitmap(self, key: str, *, extended: bool = False) -> None:
        """Read one bitmap; *extended*: the third, which goes on where the second ended."""
        codec = self.row(key, WHOLE)["data_enc"]
        size = 8 if codec == "b" else 16
        data = self.raw[self.pos : self.pos + size]
        if not extended:
            self.doc_dec[key] = ""
            self.doc_enc[key] = {"len": b"", "data": b""}
        self.doc_enc[key]["data"] += data
        if len(data) != size:
            expected = 2 * size if extended else size
            self.fault(f"Field data is {len(self.doc_enc[key]['data'])} bytes, expecting {expected}", key)
        text = self.text(key, data, codec)
        self.doc_dec[key] += text
        if len(text) != 16 or not HEX.issuperset(text):
            self.fault("Failed to decode field, non-hex data", key)
        self.pos += size

    def field(self, key: str) -> None:
        """Read one field with its length."""
        row = self.row(key, FIELD)
        count = row.get("len_count", "bytes")
        width = row["len_type"]
        size: int = row["max_len"]
        head = self.raw[self.pos : self.pos + width]
        self.doc_dec[key] = ""
        self.doc_enc[key] = encoded = {"len": head, "data": b""}
        if len(head) != width:
            self.fault(f"Field length is {len(head)} bytes wide, expecting {width}", key)
        if width:
            size = self.length(key, head)
            if size > row["max_len"]:
                self.fault(f"Field data is {size} {count}, larger than maximum {row['max_len']}", key)
        self.pos += width
        if size == 0:
            return
        wide = (size + 1) // 2 if count == "nibbles" else size
        encoded["data"] = data = self.raw[self.pos : max(self.pos, self.pos + wide)]
        if len(data) != wide:
            found = 2 * len(data) if count == "nibbles" else len(data)
            self.fault(f"Field data is {found} {count}, expecting {size}", key)
        self.doc_dec[key] = self.text(key, data, row["data_enc"])
        if row["data_enc"] == "b" and count == "nibbles" and size & 1:
            self.doc_dec[key] = self.unpadded(key, size)
        self.pos += wide

    def length(self, key: str, head: bytes) -> int:
        """Return what the prefix *head* says: digits and nothing else."""
        encoding = self.row(key, LENGTH)["len_enc"]
        if encoding == "b":
            return int.from_bytes(head, "big")
        if encoding == "bcd":
            digits = head.hex()
            wrong = "invalid BCD data"
        else:
            wrong = "non-numeric data"
            try:
                digits = head.decode(encoding)
            except LookupError:
                self.fault("Failed to decode field length, unknown encoding specified", key)
            except Exception:  # noqa: BLE001 -- a codec may be the program's own, and raise anything
                self.fault("Failed to decode field length, invalid data", key)
        # int() would take signs, spaces, underscores and the digits of other scripts.
        if not (digits.isascii() and digits.isdecimal()):
            self.fault(f"Failed to decode field length, {wrong}", key)
        return int(digits)

    def text(self, key: str, data: bytes, codec: str) -> str:
        """Return *data* as text: hexadecimal digits for ``b``."""
        if codec == "b":
            return data.hex().upper()
        try:
            return data.decode(codec)
        except LookupError:
            self.fault("Failed to decode field, unknown encoding specified", key)
        except Exception:  # noqa: BLE001 -- see length()
            self.fault("Failed to decode field, invalid data", key)

    def unpadded(self, key: str, size: int) -> str:
        """Return the digits of *key* without the one that only fills the last byte."""
        row, digits = self.spec[key], self.doc_dec[key]
        left, right = str(row.get("left_pad", ""))[:1], str(row.get("right_pad", ""))[:1]
        if left and digits[:1] == left:
            return digits[1:]
        if not right or digits[-1:] != right:
            self.fault(f"Field data is {len(digits)} nibbles, expecting {size}", key)
        return digits[:-1]

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
        """Raise the error of field *key* at the present byte."""
        raise DecodeError(msg, self.s, self.doc_dec, self.doc_enc, self.pos, key) from None
