"""Specifications of moov-io/iso8583 read and written, and configurations of j8583 read."""

from __future__ import annotations

import contextlib
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iso_gateway import load_spec
from iso_gateway.catalog import spec_names
from iso_gateway.codec.build import build_spec
from iso_gateway.compat.imports import j8583, jpos, moov
from iso_gateway.compat.imports.imported import Imported
from iso_gateway.errors import SpecError


def specification(number: int, **row: Any) -> str:
    """Return a specification with one field."""
    fields = {
        "0": {"type": "String", "length": 4, "enc": "ASCII", "prefix": "ASCII.Fixed"},
        "1": {"type": "Bitmap", "length": 8, "enc": "HexToASCII", "prefix": "Hex.Fixed"},
        str(number): row,
    }
    return msgspec.json.encode({"name": "One Field", "fields": fields}).decode()


@pytest.mark.parametrize(
    ("number", "row", "value", "on_the_wire"),
    [
        (3, {"type": "Numeric", "length": 6, "enc": "ASCII", "prefix": "ASCII.Fixed"}, "000123", b"000123"),
        (3, {"type": "Numeric", "length": 6, "enc": "BCD", "prefix": "BCD.Fixed"}, "000123", b"\x00\x01\x23"),
        (3, {"type": "Numeric", "length": 3, "enc": "BCD", "prefix": "BCD.Fixed"}, "123", b"\x01\x23"),
        (3, {"type": "Numeric", "length": 3, "enc": "LBCD", "prefix": "BCD.Fixed"}, "123", b"\x12\x30"),
        (2, {"type": "String", "length": 19, "enc": "ASCII", "prefix": "ASCII.LL"}, "1234", b"041234"),
        (2, {"type": "Numeric", "length": 19, "enc": "BCD", "prefix": "BCD.LL"}, "12345", b"\x05\x01\x23\x45"),
        (48, {"type": "String", "length": 999, "enc": "EBCDIC", "prefix": "EBCDIC.LLL"}, "A", b"\xf0\xf0\xf1\xc1"),
        (48, {"type": "String", "length": 300, "enc": "ASCII", "prefix": "Binary.LL"}, "AB", b"\x00\x02AB"),
        (52, {"type": "Binary", "length": 8, "enc": "Binary", "prefix": "Binary.Fixed"}, b"\x01" * 8, b"\x01" * 8),
        (52, {"type": "Hex", "length": 8, "enc": "ASCII", "prefix": "Hex.Fixed"}, b"\x01" * 8, b"01" * 8),
    ],
)
def test_a_field_of_moov_lies_on_the_wire_as_theirs(
    number: int, row: dict[str, Any], value: str | bytes, on_the_wire: bytes
) -> None:
    spec = build_spec(moov.read(specification(number, **row)).data)
    assert spec.name == "one-field"
    payload = spec.encode(spec.message("0800", {number: value}))
    assert payload[20:] == on_the_wire
    assert spec.decode(payload)[number] == value


@pytest.mark.parametrize("name", spec_names())
def test_what_is_written_for_moov_reads_back_as_the_same_bytes(name: str) -> None:
    ours = load_spec(name)
    text, notes = moov.written(ours)
    back = build_spec(moov.read(text).data)
    left_out = {note.path.removeprefix("fields.") for note in notes if note.message.startswith("left out")}
    assert {str(number) for number in ours.fields} - left_out == {str(number) for number in back.fields}
    assert len(back.fields) > 50
    for number in back.fields:
        old, new = ours.plan.rows[number], back.plan.rows[number]
        assert (new.width, new.step, new.high) == (old.width, old.step, old.high), number


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"type": "Odd", "length": 3, "enc": "ASCII", "prefix": "ASCII.Fixed"}, "type Odd in ASCII: nothing here"),
        ({"type": "String", "length": 3, "enc": "ASCII", "prefix": "BerTLV"}, "prefix 'BerTLV': nothing here"),
        ({"type": "String", "length": -1, "enc": "ASCII", "prefix": "ASCII.Fixed"}, "its length is no number"),
    ],
)
def test_what_of_moov_does_not_translate_is_told(row: dict[str, Any], told: str) -> None:
    imported = moov.read(specification(48, **row))
    assert [told in note.message for note in imported.notes] == [True]


CONFIGURATION = """<?xml version="1.0"?>
<!DOCTYPE j8583-config PUBLIC "-//J8583//DTD CONFIG 1.0//EN" "http://j8583.sourceforge.net/j8583.dtd">
<j8583-config>
<header type="0200">ISO015000050</header>
<parse type="0200"><field num="2" type="LLVAR"/><field num="4" type="AMOUNT"/><field num="7" type="DATE10"/>
<field num="41" type="ALPHA" length="8"/><field num="52" type="BINARY" length="8"/>
<field num="55" type="LLLBIN"/></parse>
<parse type="0210" extends="0200"><field num="39" type="ALPHA" length="2"/><field num="41" type="exclude"/>
<field num="7" type="DATE12"/></parse>
</j8583-config>"""


@pytest.mark.parametrize(
    ("binary", "number", "value", "on_the_wire"),
    [
        (False, 2, "1234", b"041234"),
        (False, 4, "000000001234", b"000000001234"),
        (False, 55, b"\x9f\x36", b"0049F36"),
        (False, 52, b"\x01" * 8, b"01" * 8),
        (True, 4, "000000001234", b"\x00\x00\x00\x00\x12\x34"),
        (True, 55, b"\x9f\x36", b"\x00\x02\x9f\x36"),
        (True, 41, "TERM0001", b"TERM0001"),
    ],
)
def test_a_field_of_j8583(binary: bool, number: int, value: str | bytes, on_the_wire: bytes) -> None:  # noqa: FBT001
    imported = j8583.read(CONFIGURATION, binary=binary)
    spec = build_spec(imported.data)
    payload = spec.encode(spec.message("0210", {number: value}))
    assert payload[10 if binary else 20 :] == on_the_wire
    assert [(note.path, note.line) for note in imported.notes] == [("header 0200", 4), ("0210 7", 9)]


@given(
    st.sampled_from([jpos.read, moov.read, j8583.read]),
    st.text(max_size=60) | st.sampled_from([CONFIGURATION[:200], specification(3)[:90], "[1]", '{"fields": {"0": 1}}']),
)
def test_any_text_is_a_spec_or_refused_by_name(read: Any, text: str) -> None:
    with contextlib.suppress(SpecError):
        assert isinstance(read(text), Imported)
