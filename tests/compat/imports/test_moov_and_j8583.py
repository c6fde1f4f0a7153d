"""Specifications of moov-io/iso8583 read and written, and configurations of j8583 read."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from iso_gateway import Spec, load_spec
from iso_gateway.catalog import read_yaml, spec_names
from iso_gateway.codec.build import build_spec
from iso_gateway.compat.imports import j8583, jpos, moov, moov_writing
from iso_gateway.compat.imports.imported import Imported
from iso_gateway.errors import SpecError
from iso_gateway.inspect import vectors


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
        (52, {"type": "Binary", "length": 8, "enc": "HexToASCII", "prefix": "ASCII.Fixed"}, b"\x01" * 8, b"01" * 8),
        (48, {"type": "Hex", "length": 8, "enc": "HexToASCII", "prefix": "ASCII.LL"}, b"\x01\xab", b"0201AB"),
        (
            48,
            {"type": "String", "length": 9, "enc": "EBCDIC", "prefix": "EBCDIC.LL"},
            "[!]^",
            b"\xf0\xf4\x4a\x4f\x5a\x5f",
        ),
        (48, {"type": "String", "length": 9, "enc": "EBCDIC1047", "prefix": "EBCDIC1047.LL"}, "A", b"\xf0\xf1\xc1"),
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


TYPES = ("String", "Numeric", "Track1", "Track2", "Track3", "Binary", "Hex")
ENCODINGS = {
    "ASCII": (b"31323334", b"1234", "ascii"),
    "EBCDIC": (b"F1F2F3F4", b"1234", "cp500"),
    "EBCDIC1047": (b"F1F2F3F4", b"1234", "cp1047"),
    "BCD": (b"1234", b"1234", "bcd"),
    "LBCD": (b"1234", b"1234", "bcd"),
    "Binary": (b"31323334", b"31323334", "binary"),
    "HexToASCII": (b"3331333233333334", b"31323334", "hex"),
    "ASCIIToHex": (b"31323334", b"31323334", "binary"),
}
"""What their four units of an encoding are on the wire, what we show of them, and the encoding here."""


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("enc", ENCODINGS)
def test_every_encoding_of_moov_in_every_type_takes_as_many_bytes_as_theirs(kind: str, enc: str) -> None:
    wire, shown, encoding = ENCODINGS[enc]
    imported = moov.read(specification(48, type=kind, length=4, enc=enc, prefix="ASCII.LL"))
    assert imported.notes == []
    row = imported.data["fields"]["48"]
    assert row["encoding"] == encoding
    spec = build_spec(imported.data)
    payload = b"08000000000000010000" + b"04" + bytes.fromhex(wire.decode())
    value = spec.decode(payload)[48]
    assert value == (bytes.fromhex(shown.decode()) if isinstance(value, bytes) else shown.decode())
    # Whoever knew it as text and has bytes now, or the other way round, is told.
    was_text, is_text = kind not in {"Binary", "Hex"}, isinstance(value, str)
    assert [note.path for note in imported.remarks] == (["48"] if was_text != is_text or enc == "ASCIIToHex" else [])


@pytest.mark.parametrize(
    ("enc", "encoding"),
    [
        ("ASCII", "ascii"),
        ("Binary", "ascii"),
        ("EBCDIC", "cp500"),
        ("BCD", "bcd"),
        ("LBCD", "bcd"),
        ("ASCIIToHex", "bcd"),
    ],
)
def test_a_message_type_of_moov(enc: str, encoding: str) -> None:
    data = json.loads(specification(3, **text_of(6)))
    data["fields"]["0"]["enc"] = enc
    assert moov.read(json.dumps(data)).data["mti"] == {"encoding": encoding}


def test_a_message_type_without_a_like_is_told_with_those_that_have_one() -> None:
    data = json.loads(specification(3, **text_of(6)))
    data["fields"]["0"]["enc"] = "HexToASCII"
    with pytest.raises(SpecError, match="a message type in ASCII, EBCDIC, EBCDIC1047, Binary, BCD, LBCD, ASCIIToHex"):
        moov.read(json.dumps(data))


def test_yaml_of_moov_is_read_as_its_json_is() -> None:
    text = composite(prefix="ASCII.LL", bitmap=BIT_MAP, subfields={"1": text_of(2), "3": LL})
    data, lines = read_yaml(yaml.safe_dump(json.loads(text)))
    imported = moov.read_data(moov.typed(data), lines)
    assert imported.data == moov.read(text).data
    assert imported.notes == []


LOST = {"cup-pos": {35, 36}, "iso87-binary": {35, 36}, "iso93-binary": {35, 36}, "scheme-host": {35, 36}}
"""What cannot be said there: separators in packed digits."""


@pytest.mark.parametrize("name", spec_names())
def test_what_is_written_for_moov_reads_back_as_the_same_bytes(name: str) -> None:
    ours = load_spec(name)
    text, notes = moov_writing.written(ours)
    back = build_spec(moov.read(text).data)
    left_out = {int(note.path.removeprefix("fields.")) for note in notes if note.message.startswith("left out")}
    assert left_out >= LOST.get(name, set())
    assert set(ours.fields) - left_out == set(back.fields)
    for vector in vectors.vectors(ours).valid:
        number = int(next(iter(vector.fields), 0))
        if len(vector.fields) == 1 and number in back.fields:
            # Theirs has no bitmap in EBCDIC, which is ASCII then; what follows it is alike everywhere.
            body = bytes.fromhex(vector.hex)[head(ours, number) :]
            empty = back.encode(back.message(vector.mti, {}))[: back.plan.mti_size]
            bits = bitmap(number)
            payload = empty + (bits if back.plan.bitmap_form == "binary" else bits.hex().upper().encode()) + body
            assert back.encode(back.decode(payload)) == payload, vector.name


def bitmap(number: int) -> bytes:
    """Return the bitmap that announces *number* alone."""
    bits = 1 << (128 - number) if number <= 64 else (1 << 127) | (1 << (128 - number))
    return bits.to_bytes(16, "big")[: 8 if number <= 64 else 16]


def head(spec: Spec, number: int) -> int:
    """Return the bytes before the body of *number* where it stands alone."""
    return spec.plan.mti_size + (spec.plan.bitmap_size if number <= 64 else 2 * spec.plan.bitmap_size)


def composite(**row: Any) -> str:
    """Return a specification whose field 48 is a Composite."""
    return specification(48, type="Composite", length=255, **row)


def text_of(length: int, prefix: str = "ASCII.Fixed", enc: str = "ASCII", **more: Any) -> dict[str, Any]:
    """Return a subfield."""
    return {"type": "String", "length": length, "enc": enc, "prefix": prefix, **more}


LL = text_of(9, "ASCII.LL")
SORTED = {"sort": "StringsByInt"}
BER = {"enc": "BerTLVTag", "sort": "StringsByHex"}
TAGGED = {"length": 2, "enc": "ASCII", "padding": {"type": "Left", "pad": "0"}, **SORTED}
BIT_MAP = {"type": "Bitmap", "length": 8, "enc": "HexToASCII", "prefix": "Hex.Fixed", "disableAutoExpand": True}
NESTED = {
    "type": "Composite",
    "length": 4,
    "prefix": "ASCII.Fixed",
    "tag": SORTED,
    "subfields": {"1": text_of(2), "2": text_of(2)},
}


@pytest.mark.parametrize(
    ("text", "wire", "parts"),
    [
        (
            composite(prefix="ASCII.LLL", tag=SORTED, subfields={"10": text_of(3), "2": text_of(2)}),
            "303035" + b"ABCDE".hex(),
            {"48.2": "AB", "48.10": "CDE"},
        ),
        (
            composite(prefix="ASCII.LL", tag=SORTED, subfields={"1": text_of(4, "BCD.Fixed", "BCD"), "2": NESTED}),
            "3036 1234" + b"ABCD".hex(),
            {"48.1": "1234", "48.2.1": "AB", "48.2.2": "CD"},
        ),
        (
            composite(prefix="ASCII.LL", bitmap=BIT_MAP, subfields={"1": text_of(2), "3": text_of(2)}),
            "3138" + b"2000000000000000AB".hex(),
            {"48.3": "AB"},
        ),
        (
            composite(prefix="ASCII.LLL", tag=BER, subfields={"9F36": text_of(2, "BerTLV", "Binary", type="Binary")}),
            "303035 9F36 02 00C4",
            {"48.9F36": b"\x00\xc4"},
        ),
        (
            composite(prefix="ASCII.LLL", tag=TAGGED, subfields={"1": LL, "12": LL}),
            "303132" + b"0102AB1202CD".hex(),
            {"48.01": "AB", "48.12": "CD"},
        ),
    ],
    ids=["in order", "nested", "bitmap", "ber", "tagged"],
)  # fmt: skip
def test_a_composite_of_moov_is_cut_as_theirs(text: str, wire: str, parts: dict[str, Any]) -> None:
    imported = moov.read(text)
    assert imported.notes == []
    spec = build_spec(imported.data)
    payload = b"0800" + b"0000000000010000" + bytes.fromhex(wire)
    message = spec.decode(payload)
    assert {path: message[path] for path in parts} == parts
    assert spec.encode(spec.message("0800", parts)) == payload


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (composite(prefix="ASCII.LL"), "it has none"),
        (composite(prefix="ASCII.LL", subfields={"x": text_of(2)}), "keys that are no numbers"),
        (
            composite(prefix="ASCII.LL", tag=TAGGED, subfields={"1": text_of(2)}),
            "in several ways, or have none",
        ),
        (composite(prefix="ASCII.LL", subfields={"1": text_of(256)}), "the parts take 256"),
        (composite(prefix="ASCII.LL", subfields={"1": text_of(2, enc="Odd")}), "part 1: encoding Odd: nothing"),
        (composite(prefix="ASCII.LL", bitmap={"enc": "BCD"}, subfields={"1": text_of(2)}), "a bitmap in Binary"),
    ],
    ids=range(6),
)
def test_a_composite_without_a_like_is_carried_whole(text: str, told: str) -> None:
    imported = moov.read(text)
    (note,) = imported.notes
    assert (note.path, note.line) == ("48", 1)
    assert "it is carried whole" in note.message
    assert told in note.message
    assert list(build_spec(imported.data).fields) == [48]


def test_faults_of_moov_have_their_lines() -> None:
    with pytest.raises(SpecError, match=r":2: fields.1.enc: a bitmap in Binary"):
        moov.read('{"fields": {"0": {"enc": "ASCII"},\n"1": {"enc": "BCD"}}}')


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"type": "Odd", "length": 3, "enc": "ASCII", "prefix": "ASCII.Fixed"}, "type Odd: nothing here"),
        ({"type": "String", "length": 3, "enc": "BerTLVTag", "prefix": "ASCII.Fixed"}, "encoding BerTLVTag: nothing"),
        ({"type": "String", "length": 3, "enc": "ASCII", "prefix": "BerTLV"}, "prefix 'BerTLV': nothing here"),
        ({"type": "String", "length": -1, "enc": "ASCII", "prefix": "ASCII.Fixed"}, "its length is no number"),
    ],
)
def test_what_of_moov_does_not_translate_is_told(row: dict[str, Any], told: str) -> None:
    imported = moov.read(specification(48, **row))
    assert [told in note.message for note in imported.notes] == [True]


@pytest.mark.parametrize(
    ("kind", "enc", "wire"),
    [("String", "HexToASCII", b"00FF"), ("String", "Binary", b"\x00\xff"), ("String", "ASCIIToHex", b"\x00\xff")],
)
def test_text_that_is_any_bytes_on_the_wire_is_bytes(kind: str, enc: str, wire: bytes) -> None:
    imported = moov.read(specification(52, type=kind, length=2, enc=enc, prefix="Binary.Fixed"))
    assert imported.notes == []
    assert [(each.path, each.message.endswith("there, bytes here")) for each in imported.remarks] == [("52", True)]
    assert build_spec(imported.data).decode(b"0800" + b"0000000000001000" + wire)[52] == b"\x00\xff"


def test_the_odd_digit_stands_where_the_encoding_says_whatever_the_padding() -> None:
    padding = {"type": "Left", "pad": "0"}
    imported = moov.read(specification(22, type="Numeric", length=3, enc="LBCD", prefix="BCD.Fixed", padding=padding))
    assert build_spec(imported.data).decode(b"0800" + b"0000040000000000" + b"\x01\x20")[22] == "012"


def test_the_names_of_early_versions_are_read_and_their_lines() -> None:
    rows = {
        "Field000": {"type": "String", "length": 4, "enc": "asciiEncoder", "prefix": "ASCII.fixed"},
        "Field001": {"type": "Bitmap", "length": 16, "enc": "hexEncoder", "prefix": "Hex.fixed"},
        "Field004": {
            "type": "Numeric", "length": 12, "enc": "bcdEncoder", "prefix": "BCD.fixed",
            "padding": {"type": "leftPadder", "pad": 48},
        },
        "Field012": {"type": "Odd", "length": 3, "enc": "asciiEncoder", "prefix": "ASCII.fixed"},
    }  # fmt: skip
    imported = moov.read(json.dumps({"name": "early", "fields": rows}, indent=0))
    (note,) = imported.notes
    assert (note.path, note.message) == ("12", "left out: type Odd: nothing here is like it")
    assert note.line is not None
    assert [each.path for each in imported.remarks] == ["1"], "that bit 1 announces another bitmap"
    spec = build_spec(imported.data)
    bits = b"10" + 30 * b"0"
    assert spec.encode(spec.message("0800", {4: 5})) == b"0800" + bits + bytes.fromhex("000000000005")


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


EVERY_TYPE = """<j8583-config><parse type="0200">
<field num="3" type="NUMERIC" length="6"/><field num="12" type="TIME"/><field num="13" type="DATE4"/>
<field num="14" type="DATE_EXP"/><field num="15" type="DATE6"/><field num="16" type="DATE12"/>
<field num="17" type="DATE14"/><field num="60" type="LLBCDBIN"/><field num="61" type="LLLBCDBIN"/>
<field num="62" type="LLLLVAR"/><field num="63" type="LLLLBIN"/>
<field num="48" type="LLLVAR"><field num="1" type="NUMERIC" length="3"/><field num="2" type="LLVAR"/></field>
</parse><template type="0200"><field num="3" type="NUMERIC" length="6">650000</field>
<field num="70" type="NUMERIC" length="3">301</field></template></j8583-config>"""


@pytest.mark.parametrize(
    ("binary", "number", "value", "on_the_wire"),
    [
        (False, 12, "235959", b"235959"),
        (True, 13, "1231", b"\x12\x31"),
        (True, 14, "2912", b"\x29\x12"),
        (True, 15, "291231", b"\x29\x12\x31"),
        (True, 16, "291231235959", bytes.fromhex("291231235959")),
        (True, 17, "20291231235959", bytes.fromhex("20291231235959")),
        (True, 60, "666666666", bytes.fromhex("09 0666666666")),
        (True, 60, "0123", bytes.fromhex("04 0123")),
        (True, 61, "ABCD", bytes.fromhex("0004 ABCD")),
        (False, 60, b"\x06\x66", b"040666"),
        (True, 62, "AB", b"\x00\x02AB"),
        (False, 62, "AB", b"0002AB"),
        (True, 63, b"\x01", b"\x00\x01\x01"),
        (False, 63, b"\x01", b"000201"),
        (False, 70, "301", b"301"),
        (True, 48, "12302AB", b"\x00\x0712302AB"),
    ],
)
def test_every_type_of_j8583(binary: bool, number: int, value: str | bytes, on_the_wire: bytes) -> None:  # noqa: FBT001
    imported = j8583.read(EVERY_TYPE, binary=binary)
    assert imported.notes == []
    spec = build_spec(imported.data)
    payload = spec.encode(spec.message("0200", {number: value}))
    assert payload.endswith(on_the_wire)
    assert spec.decode(payload)[number] == value


def test_a_composite_of_j8583_has_parts() -> None:
    spec = build_spec(j8583.read(EVERY_TYPE).data)
    message = spec.message("0200", {"48.1": "123", "48.2": "AB"})
    assert message[48] == "12302AB"


def test_what_of_j8583_does_not_translate_is_told() -> None:
    text = """<j8583-config><include file="x"/><parse type="0200">
<field num="48" type="LLBIN"><field num="1" type="ALPHA"
length="3"/></field><field num="49" type="LLVAR"><field num="1" type="ALPHA"/></field><other/></parse></j8583-config>"""
    told = [(note.path, note.message.rpartition(": ")[2]) for note in j8583.read(text).notes]
    assert told == [
        ("include", "where it names a file, import that one too"),
        ("0200 48", "parts of a binary field"),
        ("0200 49", "its length is no number from 1"),
        ("0200 other", "not translated"),
    ]


@given(
    st.sampled_from([jpos.read, moov.read, j8583.read]),
    st.text(max_size=60) | st.sampled_from([CONFIGURATION[:200], specification(3)[:90], "[1]", '{"fields": {"0": 1}}']),
)
def test_any_text_is_a_spec_or_refused_by_name(read: Any, text: str) -> None:
    with contextlib.suppress(SpecError):
        assert isinstance(read(text), Imported)
