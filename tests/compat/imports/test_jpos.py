"""jPOS packagers as specs of ours."""

from __future__ import annotations

import pytest

from iso_gateway.codec.build import build_spec
from iso_gateway.compat.imports import jpos
from iso_gateway.errors import SpecError

HEAD = """<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<!DOCTYPE isopackager PUBLIC "-//jPOS/jPOS Generic Packager DTD 1.0//EN" "http://jpos.org/dtd/generic-packager-1.0.dtd">
"""


def packager(*fields: str, mti: str = "IFA_NUMERIC", bitmap: str = "IFA_BITMAP", attributes: str = "") -> str:
    """Return a packager with *fields*, each ``id length class`` and more attributes."""
    rows = [f"0 4 {mti}", f"1 16 {bitmap}", *fields]
    made = []
    for row in rows:
        number, length, word, *more = row.split()
        attributes_of_it = f'id="{number}" length="{length}" class="org.jpos.iso.{word}" {" ".join(more)}'
        made.append(f'<isofield {attributes_of_it} name="F {number}"/>')
    return f"{HEAD}<isopackager {attributes}>{''.join(made)}</isopackager>"


@pytest.mark.parametrize(
    ("field", "value", "on_the_wire"),
    [
        ("3 6 IFA_NUMERIC", "000123", b"000123"),
        ("3 6 IFB_NUMERIC", "000123", b"\x00\x01\x23"),
        ('3 3 IFB_NUMERIC pad="true"', "123", b"\x01\x23"),
        ('3 3 IFB_NUMERIC pad="false"', "123", b"\x12\x30"),
        ("3 3 IFB_FNUMERIC", "123", b"\x12\x3f"),
        ("3 6 IFE_NUMERIC", "123456", b"\xf1\xf2\xf3\xf4\xf5\xf6"),
        ("2 19 IFA_LLNUM", "12345", b"0512345"),
        ("2 19 IFB_LLNUM", "12345", b"\x05\x12\x34\x50"),
        ("2 19 IFB_LLHNUM", "1234", b"\x04\x12\x34"),
        ("2 19 IFE_LLNUM", "12", b"\xf0\xf2\xf1\xf2"),
        ("41 8 IF_CHAR", "TERM", b"TERM    "),
        ("48 999 IFA_LLLCHAR", "ABC", b"003ABC"),
        ("48 999 IFB_LLLCHAR", "ABC", b"\x00\x03ABC"),
        ("48 999 IFB_LLLHCHAR", "ABC", b"\x00\x03ABC"),
        ("48 255 IFB_LLHECHAR", "AB", b"\x02\xc1\xc2"),
        ("28 9 IFA_AMOUNT", "D00000100", b"D00000100"),
        ("28 9 IFB_AMOUNT", "D00000100", b"D\x00\x00\x01\x00"),
        ("52 8 IFA_BINARY", b"\x01\x02\x03\x04\x05\x06\x07\x08", b"0102030405060708"),
        ("52 8 IFB_BINARY", b"\x01\x02\x03\x04\x05\x06\x07\x08", b"\x01\x02\x03\x04\x05\x06\x07\x08"),
        ("55 255 IFA_LLLBINARY", b"\x9f\x36", b"002\x9f\x36"),
        ("55 255 IFB_LLLBINARY", b"\x9f\x36", b"\x00\x02\x9f\x36"),
        ("55 255 IFB_LLHBINARY", b"\x9f\x36", b"\x02\x9f\x36"),
        ("35 37 IFA_LLNUM", "1234=99", b"071234=99"),
        ("35 37 IFB_FLLNUM", "1234D99", b"\x07\x12\x34\xd9\x9f"),
        ("48 99 IFA_LLCHAR", "\u00e9\u00df", b"02\xe9\xdf"),
        ("48 8 IFB_HEX", "12AB34CD", b"\x12\xab\x34\xcd"),
        ("48 9 IFB_LLHEX", "12AB", b"\x04\x12\xab"),
        ("48 9 IFA_LLABINARY", b"\x12\xab", b"0212AB"),
        ("48 9 IFEB_LLNUM", "1234", b"\xf0\xf2\x12\x34"),
        ("48 9 IFEB_LLNUM", "123F", b"\xf0\xf2\x12\x3f"),
        ("48 9 IFAE_LLCHAR", "AB", b"02\xc1\xc2"),
        ("48 9 IFEA_LLCHAR", "AB", b"\xf0\xf2AB"),
        ("30 16 IFA_AMOUNT2003", "8402000000001234", b"8402000000001234"),
        ("30 16 IFB_AMOUNT2003", "8402000000001234", bytes.fromhex("8402000000001234")),
        ('55 99 IFB_LLHBINARY inclusive="true"', b"\x9f\x36", b"\x03\x9f\x36"),
        ("55 9 IFA_LLBINARY", b"\x9f\x36", b"02\x9f\x36"),
        (
            "52 8 IFE_BINARY",
            b"\x01\x02\x03\x04\x05\x06\x07\xab",
            "01020304050607AB".encode("cp1047"),
        ),
    ],
)
def test_a_class_lies_on_the_wire_as_jpos_lays_it(field: str, value: str | bytes, on_the_wire: bytes) -> None:
    imported = jpos.read(packager(field))
    spec = build_spec(imported.data)
    number = int(field.split(maxsplit=1)[0])
    payload = spec.encode(spec.message("0800", {number: value}))
    assert payload[20:] == on_the_wire
    assert spec.decode(payload)[number] == (value if isinstance(value, bytes) or number != 41 else value.ljust(8))
    assert imported.notes == []


@pytest.mark.parametrize(
    ("mti", "bitmap", "start"),
    [
        ("IFB_NUMERIC", "IFB_BITMAP", b"\x08\x00\x20\x00"),
        ("IFA_NUMERIC", "IFB_BITMAP", b"0800\x20\x00"),
        ("IFE_NUMERIC", "IFE_BITMAP", b"\xf0\xf8\xf0\xf0\xf2\xf0"),
    ],
)
def test_message_type_and_bitmap(mti: str, bitmap: str, start: bytes) -> None:
    spec = build_spec(jpos.read(packager("3 6 IFA_NUMERIC", mti=mti, bitmap=bitmap)).data)
    assert spec.encode(spec.message("0800", {3: "000000"})).startswith(start)


def test_a_third_bitmap_stands_where_they_say() -> None:
    spec = build_spec(
        jpos.read(packager("65 8 IFB_BITMAP", "140 3 IFA_NUMERIC", attributes='thirdBitmapField="65"')).data
    )
    message = spec.message("0800", {140: "123"})
    assert spec.decode(spec.encode(message)) == message


def test_what_does_not_translate_is_told_with_its_line_and_why() -> None:
    text = packager(
        "3 6 IFA_NUMERIC", "4 12 com.example.OurAmount", "65 1 IFA_BINARY", "7 x IFA_NUMERIC", "200 3 IF_CHAR"
    )
    imported = jpos.read(text)
    assert [(note.path, note.line is not None) for note in imported.notes] == [("4", True), ("7", True)]
    assert [(each.path, each.line is not None) for each in imported.remarks] == [("65", True), ("200", True)]
    assert "OurAmount: a class of one's own" in imported.notes[0].message
    assert list(imported.data["fields"]) == ["3"]


def test_a_digit_that_fills_stays_where_nobody_counts_digits() -> None:
    imported = jpos.read(packager("2 19 IFEB_LLNUM"))
    assert [each.message.partition(":")[0] for each in imported.remarks] == ["its length counts bytes"]
    spec = build_spec(imported.data)
    message = spec.decode(spec.encode(spec.message("0800", {2: "123"})))
    assert message[2] == "123F"


def test_what_jpos_takes_in_silence_is_told() -> None:
    text = packager("3 6 IFA_NUMERIC", "4 9 IF_UNUSED", "3 12 IF_CHAR", "130 3 IF_CHAR", "48 9 IFA_FLLCHAR")
    text = text.replace("</isopackager>", '\n<isovalidator class="x"/></isopackager>')
    imported = jpos.read(text)
    assert [(each.path, each.message) for each in imported.remarks] == [
        ("3", "stands twice, first in line 3: this one counts, as with jPOS"),
        ("130", "left out: the bitmap ends at 128, with jPOS too"),
    ]
    assert [(note.path, note.message) for note in imported.notes] == [
        ("isovalidator", "isovalidator: not translated"),
        ("48", "left out: its place is as large as its maximum whatever the length before it says"),
    ]
    assert imported.data["fields"]["3"]["max"] == 12
    assert list(imported.data["fields"]) == ["3"]


def test_a_bitmap_of_eight_bytes_announces_no_other() -> None:
    text = packager("3 6 IFA_NUMERIC", "70 3 IFA_NUMERIC").replace('id="1" length="16"', 'id="1" length="8"')
    spec = build_spec(jpos.read(text).data)
    assert spec.plan.bitmap_fixed == 8
    assert list(spec.fields) == [3]


def test_parts_one_after_the_other_are_taken_over() -> None:
    inner = "".join(
        f'<isofield id="{at}" length="{size}" name="part {at}" class="org.jpos.iso.{word}"/>'
        for at, (size, word) in enumerate([(3, "IFA_NUMERIC"), (5, "IF_CHAR")], 1)
    )
    field = (
        '<isofieldpackager id="48" length="8" name="private" class="org.jpos.iso.IFA_LLLCHAR" '
        f'packager="org.jpos.iso.packager.GenericSubFieldPackager" emitBitmap="false">{inner}</isofieldpackager>'
    )
    spec = build_spec(jpos.read(packager("3 6 IFA_NUMERIC").replace("</isopackager>", f"{field}</isopackager>")).data)
    message = spec.decode(spec.encode(spec.message("0800", {48: "123ABCDE"})))
    assert message["48.2"] == "ABCDE"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no XML"),
        ("<a", "no XML"),
        ("<a/>", "expected isopackager"),
        ("<isopackager/>", "no message type that we know"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "declares an entity"),
        ("<isopackager>" * 20, "nested more than 12 deep"),
        (packager(attributes='bitmapField="0"'), "the bitmap of a message stands behind its type"),
    ],
    ids=range(7),
)
def test_what_is_no_packager_is_refused_by_name(text: str, told: str) -> None:
    with pytest.raises(SpecError) as raised:
        jpos.read(text)
    assert told in str(raised.value)
