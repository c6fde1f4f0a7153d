"""What jPOS has inside a field, as parts of ours: the bytes are those that its packagers write."""

from __future__ import annotations

import pytest

from iso_gateway.codec.build import build_spec
from iso_gateway.compat.imports import jpos
from iso_gateway.compat.imports.imported import Imported
from iso_gateway.errors import SpecError

SUB = "org.jpos.iso.packager.GenericSubFieldPackager"


def child(row: str) -> str:
    """Return a field after ``id length class`` and more attributes."""
    number, length, word, *more = row.split()
    word = word if "." in word else f"org.jpos.iso.{word}"
    return f'<isofield id="{number}" length="{length}" class="{word}" name="part {number}" {" ".join(more)}/>'


def whole(word: str, packager: str, *rows: str, attributes: str = "", length: int = 999) -> str:
    """Return a field 48 of *word* with *rows* inside; a row in angle brackets is taken as it is."""
    inner = "".join(row if row.startswith("<") else child(row) for row in rows)
    return (
        f'<isofieldpackager id="48" length="{length}" name="private" class="org.jpos.iso.{word}" '
        f'packager="{packager}" {attributes}>{inner}</isofieldpackager>'
    )


def imported(field: str) -> Imported:
    """Return what a packager with *field* comes to."""
    head = child("0 4 IFA_NUMERIC") + child("1 16 IFB_BITMAP")
    return jpos.read(f"<isopackager>{head}{field}</isopackager>")


HEAD = b"0100" + bytes.fromhex("0000000000010000")

NOP = "0 0 IF_NOP"
NO_MAP = 'emitBitmap="false"'
FROM_0 = 'emitBitmap="false" firstField="0"'
MAP_AT_0 = 'emitBitmap="true" bitmapField="0"'
MAPPER = 'tagSize="2" lenSize="2" swapTagAndLen="true" tagMapper="org.jpos.iso.packager.TTDecimalTagMapper"'
BASE1 = "org.jpos.iso.packager.Base1SubFieldPackager"
BASE1_MAP = "0 16 org.jpos.iso.packager.Base1_BITMAP126"
ODD = "1 3 IFB_NUMERIC pad='true'"
IFTA = "org.jpos.tlv.packager.IFTA_LLL"
ANY = f"1 99 {IFTA}CHAR token='####'"
EURO = "org.jpos.iso.packager.EuroSubFieldPackager"
SEQUENCE = "org.jpos.tlv.packager.TaggedSequencePackager"
GICC = "org.jpos.iso.packager.GICCSubFieldPackager"
MAPPED = "org.jpos.iso.packager.GenericTaggedFieldsPackager"
GENERIC = "org.jpos.iso.packager.GenericPackager"
HEADED = 'emitBitmap="true" bitmapField="0" firstField="0" headerLength="1"'
TOKEN = 'token="0000"'
DATASETS = "org.jpos.iso.packager.DatasetPackager"
BER = "org.jpos.tlv.packager.bertlv.BERTLVBinaryPackager"
HEX = "org.jpos.tlv.packager.bertlv.BERTLVAsciiHexPackager"


@pytest.mark.parametrize(
    ("field", "wire", "parts"),
    [
        (
            whole("IFB_LLHBINARY", SUB, NOP, "1 2 IFE_CHAR", "2 3 IFB_NUMERIC", "3 4 IFB_LLHNUM", attributes=NO_MAP),
            "06 C1C2 1230 02 12",
            {"48.1": "AB", "48.2": "123", "48.3": "12"},
        ),
        (
            whole("IFB_BINARY", SUB, "0 1 IF_CHAR", ODD, "2 2 IFB_BINARY", length=5, attributes=FROM_0),
            "58 0123 0A0B",
            {"48.1": "X", "48.2": "123", "48.3": b"\x0a\x0b"},
        ),
        (
            whole("IFA_LLLCHAR", SUB, "1 3 IFA_NUMERIC", "2 9 IFA_LLCHAR", attributes=NO_MAP),
            "303037 313233 3032 4142",
            {"48.1": "123", "48.2": "AB"},
        ),
        (
            whole("IFA_LLLCHAR", SUB, "1 2 IFB_BINARY", "2 2 IF_CHAR", attributes=NO_MAP),
            "303034 FF00 4142",
            {"48.1": b"\xff\x00", "48.2": "AB"},
        ),
        (
            whole("IFB_LLLLBINARY", SUB, "0 8 IFB_BITMAP", "2 2 IF_CHAR", "63 4 IFB_NUMERIC", attributes=MAP_AT_0),
            "0012 4000000000000002 4142 1234",
            {"48.2": "AB", "48.63": "1234"},
        ),
        (
            whole("IFB_LLHBINARY", BASE1, BASE1_MAP, "1 2 IFE_CHAR", "3 2 IFE_CHAR"),
            "0A 8000000000000000 C1C2",
            {"48.1": "AB"},
        ),
        (
            whole("IFA_LLLCHAR", SEQUENCE, ANY, f"2 9 {IFTA}NUM token='0012'", attributes=TOKEN),
            "303230" + b"0012003123".hex() + b"0777003ABC".hex(),
            {"48.0012": "123", "48.0777": "ABC"},
        ),
        (
            whole("IFA_LLLCHAR", MAPPED, "1 9 IFA_TTLLCHAR", attributes=MAPPER),
            "303036" + b"0201AB".hex(),
            {"48.01": "AB"},
        ),
        (
            whole("IFA_LLLBINARY", EURO, "22 9 IFMC_LLCHAR", "37 9 IFMC_LLCHAR"),
            "303133" + b"2203ABC3702XY".hex(),
            {"48.22": b"ABC", "48.37": b"XY"},
        ),
        (
            whole("IFE_LLLBINARY", GICC, "40 2 IFEP_LLLBINARY", "47 9 IFEP_LLLBINARY"),
            "F0F1F3 F0F0F4 F4F0 0102 F0F0F3 F4F7 99",
            {"48.40": b"\x01\x02", "48.47": b"\x99"},
        ),
        (whole("IFA_LLLBINARY", BER, attributes=NO_MAP), "303034 9F360101", {"48.9F36": b"\x01"}),
        (whole("IFA_LLLCHAR", HEX, attributes=NO_MAP), "303038" + b"9F360101".hex(), {"48.9F36": b"\x01"}),
        (whole("IFB_LLLLBINARY", DATASETS), "0007 01 0004 9F360102", {"48.01.9F36": b"\x02"}),
        (
            whole("IFB_LLLLBINARY", DATASETS, "1 2 IF_CHAR", "2 4 IFB_NUMERIC"),
            "0016 01 0004 9F360102 71 0006 6000 4142 1234",
            {"48.01.9F36": b"\x02", "48.71.1": "AB", "48.71.2": "1234"},
        ),
        (
            whole("IFE_LLLBINARY", GENERIC, "0 2 IFE_BITMAP", "1 3 IFE_CHAR", "2 1 IFE_CHAR", attributes=HEADED),
            "F0F0F9 41 C3F0F0F0 C1C2C3 C4",
            {"48.1": b"A", "48.2.1": "ABC", "48.2.2": "D"},
        ),
        (
            whole("IFA_LLLCHAR", SEQUENCE, "0 1 IF_CHAR", ANY, f"2 9 {IFTA}NUM token='0012'", attributes=TOKEN),
            "303131" + b"X0012003123".hex(),
            {"48.1": "X", "48.2.0012": "123"},
        ),
    ],
    ids=range(16),
)  # fmt: skip
def test_parts_lie_where_jpos_lays_them(field: str, wire: str, parts: dict[str, object]) -> None:
    spec = build_spec(imported(field).data)
    payload = HEAD + bytes.fromhex(wire)
    message = spec.decode(payload)
    assert {path: message[path] for path in parts} == parts
    assert spec.encode(message) == payload
    assert spec.encode(spec.message("0100", parts)) == payload


def test_what_a_tag_holds_may_be_tagged_itself() -> None:
    inner = (
        f'<isofieldpackager id="47" length="99" name="wallet" class="org.jpos.iso.IFEP_LLLBINARY" packager="{GICC}">'
        f"{child('1 4 IFEP_LLLBINARY')}</isofieldpackager>"
    )
    found = imported(whole("IFE_LLLBINARY", GICC, inner))
    assert found.notes == []
    message = build_spec(found.data).decode(HEAD + bytes.fromhex("F0F1F2 F0F0F9 F4F7 F0F0F4 F0F1 9899"))
    assert message["48.47.01"] == b"\x98\x99"


def test_composites_nest() -> None:
    inner = (
        f'<isofieldpackager id="2" length="9" name="inner" class="org.jpos.iso.IFB_LLHBINARY" packager="{SUB}" '
        f'emitBitmap="false">{child("1 2 IFB_NUMERIC")}{child("2 2 IF_CHAR")}</isofieldpackager>'
    )
    field = whole("IFB_LLHBINARY", SUB, "1 1 IF_CHAR", inner, attributes=NO_MAP, length=99)
    found = imported(field)
    message = build_spec(found.data).decode(HEAD + bytes.fromhex("05 58 03 12 4142"))
    assert (message["48.2.1"], message["48.2.2"]) == ("12", "AB")
    assert found.notes == []


@pytest.mark.parametrize(
    ("field", "told"),
    [
        (whole("IFA_LLLCHAR", "com.example.Ours", "1 1 IF_CHAR"), "a packager of one's own"),
        (whole("IFA_LLLCHAR", SUB, "1 1 IF_CHAR"), "it has a bitmap (emitBitmap), and none of its parts is one"),
        (whole("IFA_LLLCHAR", SUB, "1 9 IF_TCHAR", attributes=NO_MAP), "it ends at a character of its own"),
        (whole("IFE_LLLCHAR", SUB, "1 9 IFB_BINARY", attributes=NO_MAP), "text that is no ASCII"),
        (whole("IFB_BINARY", SUB, "1 9 IFB_BINARY", attributes=NO_MAP, length=8), "the parts take 9, the field 8"),
        (whole("IFA_LLLCHAR", SEQUENCE, "0 1 IF_CHAR", attributes='token="00"'), "a tag before each part expected"),
        (whole("IFA_LLLBINARY", EURO, "0 4 IF_CHAR", "1 9 IFEP_LLCHAR"), "here are IFEP_LLCHAR, IF_CHAR"),
        (whole("IFB_BINARY", SUB, "x 9 IFB_BINARY"), "a part whose id is no number"),
    ],
    ids=range(8),
)  # fmt: skip
def test_parts_without_a_like_leave_the_field_whole_and_are_told(field: str, told: str) -> None:
    found = imported(field)
    (note,) = found.notes
    assert note.line == 1
    assert "it is carried whole" in note.message
    assert told in note.message
    assert "parts" not in found.data["fields"]["48"]
    assert list(build_spec(found.data).fields) == [48]


def test_nesting_is_bounded() -> None:
    field = child("1 1 IF_CHAR")
    for _ in range(9):
        field = (
            f'<isofieldpackager id="1" length="99" name="x" class="org.jpos.iso.IFB_LLHBINARY" packager="{SUB}" '
            f'emitBitmap="false">{field}</isofieldpackager>'
        )
    found = imported(field.replace('id="1"', 'id="48"', 1))
    assert list(build_spec(found.data).fields) == [48]
    assert "nested more than 5 deep" in found.notes[0].message


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1", "windows-1252"])
def test_a_packager_may_be_in_the_encoding_that_it_declares(encoding: str) -> None:
    rows = child("0 4 IFA_NUMERIC") + child("1 16 IFB_BITMAP") + child("48 9 IFA_LLCHAR").replace("part 48", "donnée")
    text = f'<?xml version="1.0" encoding="{encoding}"?><!-- é --><isopackager>{rows}</isopackager>'
    assert jpos.read(text.encode(encoding)).data["fields"]["48"]["name"] == "donn_e"


LAUGHS = "".join(f'<!ENTITY a{at} "&a{at - 1};&a{at - 1};">' for at in range(1, 30))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f'<!DOCTYPE a [<!ENTITY a0 "x">{LAUGHS}]><isopackager>&a29;</isopackager>', "declares an entity"),
        ('<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><isopackager>&b;</isopackager>', "declares an entity"),
        ('<!DOCTYPE a [<!ENTITY % b SYSTEM "http://localhost/x">%b;]><isopackager/>', "declares an entity"),
        ("<isopackager/><isopackager/>", "a second root"),
        ("<?xml version='1.0' encoding='big5'?><isopackager/>", "save it as UTF-8"),
        ("<isopackager><isofield id=2/></isopackager>", "no XML"),
        ("<isopackager>" + "x" * (4 << 20), "longer than"),
    ],
    ids=range(7),
)
def test_hostile_xml_is_refused_by_name(text: str, told: str) -> None:
    with pytest.raises(SpecError) as raised:
        jpos.read(text.encode())
    assert told in str(raised.value)
