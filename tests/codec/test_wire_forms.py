"""How a spec may say that things lie on the wire: one row for each way, with its very bytes."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from iso_gateway import IncompleteError
from iso_gateway.codec import trace
from iso_gateway.codec.build import build_spec
from iso_gateway.codec.charsets import EBCDIC, ONE_BYTE
from iso_gateway.codec.spec import Spec
from iso_gateway.errors import DecodeError, EncodeError, SpecError

FIXED = {"length": "fixed"}


def spec_of(row: dict[str, str], *, mti: str = "ascii", bitmap: str = "binary") -> Spec:
    """Return a spec of one data element, DE 2."""
    return build_spec(
        {
            "name": "one",
            "version": "1987",
            "mti": {"encoding": mti},
            "bitmap": {"encoding": bitmap},
            "fields": {"2": {"name": "it", "format": "ans", "mask": "none", **row}},
        }
    )


def lvar(letters: int, prefix: str, largest: int, **row: str) -> dict[str, str]:
    return {"length": "L" * letters + "VAR", "prefix": prefix, "max": str(largest), **row}


WAYS: list[tuple[dict[str, str], Any, bytes]] = [
    # Character sets of one byte.
    ({"encoding": "cp500", **FIXED, "max": "4"}, "A1[!", b"\xc1\xf1\x4a\x4f"),
    ({"encoding": "cp037", **FIXED, "max": "4"}, "A1[!", b"\xc1\xf1\xba\x5a"),
    ({"encoding": "cp1047", **FIXED, "max": "4"}, "A1[!", b"\xc1\xf1\xad\x5a"),
    ({"encoding": "cp1140", **FIXED, "max": "2"}, "€1", b"\x9f\xf1"),
    ({"encoding": "latin-1", **FIXED, "max": "2"}, "\xfc!", b"\xfc!"),
    ({"encoding": "cp500", **lvar(2, "cp500", 9)}, "A\xfc", b"\xf0\xf2\xc1\xdc"),
    ({"encoding": "cp500", "format": "n", **FIXED, "max": "3"}, "042", b"\xf0\xf4\xf2"),
    ({"encoding": "cp500", "format": "xn", **FIXED, "max": "4"}, "D150", b"\xc4\xf1\xf5\xf0"),
    ({"encoding": "cp500", "format": "z", **lvar(2, "cp500", 37)}, "4D2", b"\xf0\xf3\xf4\xc4\xf2"),
    # Character sets of several, counted in bytes and in characters.
    ({"encoding": "gbk", **lvar(2, "ascii", 40)}, "上A", b"03\xc9\xcfA"),
    ({"encoding": "gbk", "counts": "characters", **lvar(2, "ascii", 40)}, "上A", b"02\xc9\xcfA"),
    ({"encoding": "utf-8", "counts": "characters", **lvar(2, "bcd", 40)}, "\xfc上", b"\x02\xc3\xbc\xe4\xb8\x8a"),
    ({"encoding": "gb18030", "counts": "characters", **lvar(1, "ascii", 9)}, "\U0001f600a", b"2\x949\xfc6a"),
    ({"encoding": "shift_jis", "counts": "characters", **FIXED, "max": "3"}, "\uff71上a", b"\xb1\x8f\xe3a"),
    ({"encoding": "euc_kr", "counts": "characters", **FIXED, "max": "2"}, "\u4e0a ", b"\xdf\xbe "),
    # Bytes as characters.
    ({"format": "b", "encoding": "hex-ebcdic", **FIXED, "max": "2"}, b"\x1a\xf0", b"\xf1\xc1\xc6\xf0"),
    ({"format": "b", "encoding": "hex-ebcdic", **lvar(2, "cp500", 9)}, b"\x1a", b"\xf0\xf1\xf1\xc1"),
    ({"format": "b", "encoding": "hex", "counts": "characters", **lvar(2, "hex", 99)}, b"\x1a" * 6, b"0C" + b"1A" * 6),
    # Packed digits, with any nibble on either side.
    ({"format": "z", "encoding": "bcd", **lvar(2, "binary", 37)}, "4D2", b"\x03\x4d\x2f"),
    ({"format": "z", "encoding": "bcd", "pad": "left 0", **lvar(2, "bcd", 37)}, "4D2", b"\x03\x04\xd2"),
    ({"format": "n", "encoding": "bcd", "pad": "left A", **lvar(2, "bcd", 37)}, "123", b"\x03\xa1\x23"),
    ({"format": "nibbles", "pad": "right 7", **lvar(2, "bcd", 37)}, "1F3", b"\x03\x1f\x37"),
    ({"format": "n", "encoding": "bcd", "pad": "none", **FIXED, "max": "4"}, "1234", b"\x12\x34"),
    # Prefixes: wider than their letters, up to six of them, themselves counted in.
    ({**lvar(2, "binary", 300, prefix_bytes="2")}, "AB", b"\x00\x02AB"),
    ({**lvar(2, "bcd", 19, prefix_bytes="2")}, "AB", b"\x00\x02AB"),
    ({**lvar(1, "binary", 300, prefix_bytes="4")}, "AB", b"\x00\x00\x00\x02AB"),
    ({**lvar(6, "ascii", 999_999)}, "AB", b"000002AB"),
    ({**lvar(6, "cp1047", 999_999)}, "AB", b"\xf0\xf0\xf0\xf0\xf0\xf2AB"),
    ({**lvar(6, "bcd", 999_999)}, "AB", b"\x00\x00\x02AB"),
    ({**lvar(2, "hex", 255)}, "A" * 26, b"1A" + b"A" * 26),
    ({"inclusive": "true", **lvar(2, "ascii", 97)}, "AB", b"04AB"),
    ({"inclusive": "true", **lvar(3, "cp500", 99)}, "AB", b"\xf0\xf0\xf5AB"),
    ({"inclusive": "true", **lvar(2, "binary", 253, prefix_bytes="2")}, "AB", b"\x00\x04AB"),
    ({"inclusive": "true", "encoding": "bcd", "format": "n", **lvar(2, "bcd", 19)}, "123", b"\x05\x01\x23"),
    ({"inclusive": "true", "format": "nibbles", "counts": "bytes", **lvar(2, "bcd", 19)}, "1234", b"\x03\x12\x34"),
    ({"inclusive": "true", "encoding": "gbk", "counts": "characters", **lvar(2, "ascii", 9)}, "上", b"03\xc9\xcf"),
    ({"inclusive": "true", **lvar(6, "binary", 70_000)}, "AB", b"\x00\x00\x05AB"),
]  # fmt: skip


@pytest.mark.parametrize(("row", "value", "wire"), WAYS)
def test_a_value_and_its_bytes(row: dict[str, str], value: Any, wire: bytes) -> None:
    spec = spec_of(row)
    data = b"0200\x40" + bytes(7) + wire
    assert spec.encode(spec.message("0200", {2: value})) == data
    assert spec.decode(data)[2] == value
    assert spec.decode(data, strict=False)[2] == value
    for end in range(len(data)):
        with pytest.raises(IncompleteError) as caught:
            spec.decode(data[:end])
        assert 0 < caught.value.missing <= len(data) - end


@pytest.mark.parametrize(
    ("row", "short", "filled"),
    [
        ({"pad": "left space"}, "AB", "  AB"),
        ({"pad": "right x"}, "AB", "ABxx"),
        ({"pad": "left *", "encoding": "cp1047"}, "AB", "**AB"),
        ({"pad": "right \xb7", "encoding": "cp037"}, "AB", "AB\xb7\xb7"),
        ({"format": "n", "pad": "right 9"}, "12", "1299"),
        ({"encoding": "gbk"}, "上", "上  "),
        ({"encoding": "gbk", "counts": "characters"}, "上", "上   "),
        ({"encoding": "gbk", "counts": "characters", "pad": "left space"}, "上", "   上"),
        ({"format": "b", "pad": "right 00"}, b"\x01\x02", b"\x01\x02\x00\x00"),
        ({"format": "b", "pad": "left ff", "encoding": "hex"}, b"\x01\x02", b"\xff\xff\x01\x02"),
        ({"format": "b", "pad": "left ff", "encoding": "hex-ebcdic"}, b"\x01", b"\xff\xff\xff\x01"),
    ],
)
def test_a_short_value_is_filled_on_either_side_and_never_stripped(
    row: dict[str, str], short: Any, filled: Any
) -> None:
    spec = spec_of({"length": "fixed", "max": "4", **row})
    message = spec.message("0200", {2: short})
    assert message[2] == filled
    assert spec.decode(spec.encode(message))[2] == filled


@pytest.mark.parametrize("row", [{"pad": "none"}, {"format": "b"}, {"encoding": "bcd", "format": "n", "pad": "none"}])
def test_without_a_pad_nothing_is_filled(row: dict[str, str]) -> None:
    with pytest.raises(EncodeError):
        spec_of({"length": "fixed", "max": "4", **row}).message(
            "0200", {2: b"\x01" if row.get("format") == "b" else "1"}
        )


JAMO = b"\xa4\xd4\xa4\xa1\xa4\xbf\xa4\xd4"
"""A syllable made up of its letters (KS X 1001, annex 3): 8 bytes for what has 2."""
KEPT = [
    ({"encoding": "euc_kr", **lvar(2, "ascii", 9)}, "가", b"08" + JAMO),
    ({"encoding": "euc_kr", "counts": "characters", **lvar(2, "ascii", 9)}, "가", b"01" + JAMO),
    ({"encoding": "euc_kr", **FIXED, "max": "8"}, "가", JAMO),
    ({"encoding": "euc_kr", "counts": "characters", **FIXED, "max": "1"}, "가", JAMO),
    ({"encoding": "big5", **lvar(2, "ascii", 9)}, "／", b"02\xa1\xfe"),
    ({"encoding": "big5", "counts": "characters", **lvar(2, "ascii", 9)}, "／", b"01\xa1\xfe"),
    ({"format": "b", "encoding": "hex-ebcdic", **FIXED, "max": "1"}, b"\x1a", b"\xf1\x81"),
]


@pytest.mark.parametrize(("row", "value", "wire"), KEPT)
def test_what_we_would_write_otherwise_keeps_its_bytes(row: dict[str, str], value: Any, wire: bytes) -> None:
    spec = spec_of(row)
    data = b"0200\x40" + bytes(7) + wire
    message = spec.decode(data)
    assert message[2] == value
    assert spec.encode(message) == data
    assert spec.encode(message.evolve({})) == data
    assert spec.encode(spec.message("0200", {2: value})) != data


BY_CHARACTER = {"encoding": "gbk", "counts": "characters"}
WRONG: list[tuple[dict[str, str], bytes, int, str, int]] = [
    # row, bytes from the field on, offset, words, bytes missing or 0 where the bytes are malformed
    ({**BY_CHARACTER, **lvar(2, "ascii", 9)}, b"02\xc9", 14, "0 characters left, 2 needed", 2),
    ({**BY_CHARACTER, **lvar(2, "ascii", 9)}, b"02A\xff\xff", 15, "not printable characters in gbk", 0),
    ({**BY_CHARACTER, **lvar(2, "ascii", 9)}, b"02A\x1b", 15, "not printable", 0),
    ({**BY_CHARACTER, **lvar(2, "ascii", 9)}, b"10A", 12, "length 10, at most 9", 0),
    ({"format": "b", "encoding": "hex-ebcdic", **FIXED, "max": "1"}, b"\xf11", 13, "not hexadecimal", 0),
    ({"format": "b", "encoding": "hex-ebcdic", **FIXED, "max": "1"}, b"\xf1", 12, "1 byte left, 2 needed", 1),
    ({"encoding": "cp500", "format": "n", **FIXED, "max": "2"}, b"\xf01", 13, "not digits", 0),
    ({"inclusive": "true", **lvar(2, "ascii", 97)}, b"01", 12, "length 1, at least 2 needed", 0),
    ({"inclusive": "true", **lvar(2, "ascii", 9)}, b"12ABCDEFGHIJ", 12, "length 12, at most 11", 0),
    ({"inclusive": "true", **lvar(2, "ascii", 9)}, b"04A", 14, "1 byte left, 2 needed", 1),
    ({"inclusive": "true", **lvar(6, "binary", 70_000)}, b"\x00\x00\x02", 12, "length 2, at least 3", 0),
    *(
        ({**lvar(3, prefix, 99)}, said.encode(prefix), 12, "not 3 digits", 0)
        for prefix, said in itertools.product(("ascii", *EBCDIC), ("+10", " 10", "1_0", "10 ", "-01"))
    ),
    *(({**lvar(2, "hex", 255)}, said, 12, "not 2 digits", 0) for said in (b"0x", b"+1", b"1a", b" 1", b"G0")),
    *(({**lvar(6, "ascii", 999_999)}, said, 12, "not 6 digits", 0) for said in (b"+00010", b"  0010", b"1_0000")),
    ({**lvar(3, "bcd", 99)}, b"\x0a\x10", 12, "not 4 digits", 0),
    ({**lvar(2, "binary", 300, prefix_bytes="2")}, b"\x01\x2d", 12, "length 301, at most 300", 0),
    ({**lvar(2, "binary", 300, prefix_bytes="2")}, b"\x01", 12, "length prefix: 1 byte left, 2 needed", 1),
    ({**FIXED, "max": "1"}, b"AB", 13, "1 byte after the last field", 0),
]  # fmt: skip


@pytest.mark.parametrize(("row", "wire", "offset", "words", "missing"), WRONG)
def test_what_is_wrong_is_told_with_its_place(
    *, row: dict[str, str], wire: bytes, offset: int, words: str, missing: int
) -> None:
    with pytest.raises(DecodeError) as caught:
        spec_of(row).decode(b"0200\x40" + bytes(7) + wire)
    assert (caught.value.offset, caught.value.missing) == (offset, missing)
    assert isinstance(caught.value, IncompleteError) == bool(missing)
    assert words in caught.value.expected


IN_EBCDIC = [(each, b"\xf0\xf2\xf0\xf0") for each in EBCDIC]


@pytest.mark.parametrize(("codec", "mti"), [("ascii", b"0200"), ("bcd", b"\x02\x00"), *IN_EBCDIC])
def test_the_message_type_in_its_encodings(codec: str, mti: bytes) -> None:
    spec = spec_of({**FIXED, "max": "1"}, mti=codec)
    data = mti + b"\x40" + bytes(7) + b"A"
    assert spec.encode(spec.message("0200", {2: "A"})) == data
    assert spec.decode(data).mti == "0200"
    with pytest.raises(DecodeError, match="not four digits"):
        spec.decode(b"\xff" * len(data))
    with pytest.raises(DecodeError, match="MTI at byte 0: no message type of this spec"):
        spec.decode(mti[:-1] + bytes([mti[-1] | 9]) + data[len(mti) :])


def test_a_bitmap_in_ebcdic_characters() -> None:
    spec = spec_of({**FIXED, "max": "1"}, bitmap="hex-ebcdic")
    data = b"0200" + "4000000000000000".encode("cp037") + b"A"
    assert spec.encode(spec.message("0200", {2: "A"})) == data
    assert spec.decode(data)[2] == "A"
    with pytest.raises(DecodeError, match="bitmap at byte 5: not hexadecimal digits"):
        spec.decode(data[:5] + b"0" + data[6:])


def numbers(*some: int, **bitmap: str) -> Spec:
    """Return a spec of one-character fields."""
    row = {"name": "it", "format": "n", "length": "fixed", "max": "1", "mask": "none"}
    return build_spec(
        {
            "name": "bits",
            "version": "1987",
            "mti": {"encoding": "ascii"},
            "bitmap": {"encoding": "binary", **bitmap},
            "fields": {str(number): row for number in some},
            "echo": [],
        }
    )


BITMAPS = [
    # spec, values, bitmaps and fields in hexadecimal
    (numbers(3, 70, 130, 192, third="follows"), {3: "1"}, "2000000000000000 31"),
    (numbers(3, 70, 130, 192, third="follows"), {70: "1"}, "8000000000000000 0400000000000000 31"),
    (
        numbers(3, 70, 130, 192, third="follows"),
        {3: "1", 70: "2", 130: "3", 192: "4"},
        "A000000000000000 8400000000000000 4000000000000001 31323334",
    ),
    (numbers(3, 130, third="follows"), {130: "1"}, "8000000000000000 8000000000000000 4000000000000000 31"),
    (numbers(3, 66, 130, third="field"), {3: "1", 66: "2"}, "A000000000000000 4000000000000000 3132"),
    (
        numbers(3, 66, 130, third="field"),
        {3: "1", 66: "2", 130: "3"},
        "A000000000000000 C000000000000000 31 4000000000000000 32 33",
    ),
    (numbers(3, 130, third="field"), {130: "3"}, "8000000000000000 8000000000000000 4000000000000000 33"),
    (numbers(3, 130, third="field"), {3: "1"}, "2000000000000000 31"),
    (numbers(3, 64, fixed="8"), {3: "1", 64: "2"}, "2000000000000001 3132"),
    (numbers(3, 70, fixed="16"), {3: "1"}, "2000000000000000 0000000000000000 31"),
    (numbers(1, 3, 65, 70, fixed="16"), {1: "1", 3: "2", 65: "3"}, "A000000000000000 8000000000000000 313233"),
    (numbers(3, 192, fixed="24"), {192: "2"}, "0000000000000000 0000000000000000 0000000000000001 32"),
]


@pytest.mark.parametrize(("spec", "values", "wire"), BITMAPS)
def test_bitmaps_of_each_kind(spec: Spec, values: dict[int, str], wire: str) -> None:
    data = b"0200" + bytes.fromhex(wire)
    assert spec.encode(spec.message("0200", values)) == data
    message = spec.decode(data)
    assert dict(message.items()) == values
    assert {number: spec.offset(message, number) for number in message} == {
        int(span.field): span.body for span in trace.spans(spec.plan, data) if span.field.isdecimal()
    }


SAYS_NOTHING = [
    # A bitmap that we would not write, what is read, and what is written once a field comes in.
    (numbers(3, 4, 130, third="follows"), "A000000000000000 0000000000000000 31", "3000000000000000 3132"),
    (
        numbers(3, 4, 130, third="follows"),
        "A000000000000000 8000000000000000 0000000000000000 31",
        "3000000000000000 3132",
    ),
    (
        numbers(3, 4, 66, third="field"),
        "A000000000000000 8000000000000000 31 0000000000000000",
        "3000000000000000 3132",
    ),
    (numbers(3, 4, fixed="16"), "A000000000000000 0000000000000000 31", "3000000000000000 0000000000000000 3132"),
]


@pytest.mark.parametrize(("spec", "wire", "after"), SAYS_NOTHING)
def test_a_bitmap_that_says_nothing_stays_until_the_fields_change(spec: Spec, wire: str, after: str) -> None:
    data = b"0200" + bytes.fromhex(wire)
    message = spec.decode(data)
    assert list(message) == [3]
    assert spec.encode(message) == data
    assert len(spec.encode(message.evolve({3: "7"}))) == len(data)
    assert spec.offset(message, 3) == data.index(b"1", 5)
    assert spec.encode(message.evolve({4: "2"})) == b"0200" + bytes.fromhex(after)


@pytest.mark.parametrize(
    ("spec", "wire", "field", "words", "missing"),
    [
        (numbers(3), "8000000000000000 8000000000000000", "65", "a third bitmap is not supported", 0),
        (numbers(3, fixed="16"), "0000000000000000 8000000000000000", "65", "the spec has no such field", 0),
        (numbers(3, 130, third="follows"), "8000000000000000 8000000000000000", "bitmap", "0 bytes left, 8 needed", 8),
        (numbers(3, 130, third="follows"), "8000000000000000 80000000", "bitmap", "4 bytes left, 8 needed", 4),
        (
            numbers(3, 130, third="follows"),
            "8000000000000000 8000000000000000 0000000000000001",
            "192",
            "the spec has no such field",
            0,
        ),
        (numbers(3, 130, third="field"), "A000000000000000 8000000000000000 31 40", "bitmap", "1 byte left, 8", 7),
        (
            numbers(3, 130, third="field"),
            "A000000000000000 8000000000000000 31 8000000000000000",
            "129",
            "the spec has no such field",
            0,
        ),
        (numbers(3, 130, third="field"), "A000000000000000 8000000000000000 31 4000000000000000", "130", "0 bytes", 1),
        (numbers(3, fixed="16"), "2000000000000000 31", "bitmap", "9 bytes left, 16 needed", 7),
        (numbers(3, fixed="8"), "8000000000000000 31", "", "1 byte after the last field", 0),
    ],
)
def test_what_is_wrong_with_bitmaps(*, spec: Spec, wire: str, field: str, words: str, missing: int) -> None:
    with pytest.raises(DecodeError) as caught:
        spec.decode(b"0200" + bytes.fromhex(wire))
    assert (caught.value.field, caught.value.missing) == (field, missing)
    assert words in caught.value.expected


@pytest.mark.parametrize(
    ("some", "bitmap", "path", "words"),
    [
        ((1, 3), {}, "fields.1", "bit 1 announces the second bitmap"),
        ((3, 65), {"third": "follows"}, "fields.65", "bit 65 announces a third bitmap"),
        ((3, 65), {"third": "field"}, "fields.65", "bit 65 announces a third bitmap"),
        ((3, 129), {}, "fields.129", "is in a third bitmap: say where that stands, bitmap.third"),
        ((3, 65), {"fixed": "8"}, "fields.65", "a bitmap of 8 bytes ends at data element 64"),
        ((3,), {"fixed": "8", "third": "follows"}, "bitmap.third", "a fixed bitmap announces no other"),
        ((3,), {"fixed": "9"}, "bitmap.fixed", "expected"),
        ((3,), {"third": "folows"}, "bitmap.third", "expected"),
        ((3,), {"encoding": "ebcdic"}, "bitmap.encoding", "expected"),
        ((193,), {"third": "follows"}, "fields.193", "from 1 to 192"),
    ],
)
def test_what_bitmaps_cannot_name(some: tuple[int, ...], bitmap: dict[str, str], path: str, words: str) -> None:
    with pytest.raises(SpecError) as caught:
        numbers(*some, **bitmap)
    assert [problem for problem in caught.value.problems if problem.path == path and words in problem.message]


def test_every_byte_is_one_character_and_back_in_the_sets_of_one_byte() -> None:
    plain = bytes(range(256))
    for codec in set(ONE_BYTE) - {"ascii"}:
        text = plain.decode(codec)
        assert len(set(text)) == 256
        assert text.encode(codec) == plain
        assert sorted(each for each in text if each.isdecimal()) == list("0123456789")


def test_cp1047_differs_from_cp037_where_ibm_says() -> None:
    # As `iconv -f IBM1047` of glibc 2.36 has it.
    plain = bytes(range(256))
    pairs = zip(plain, plain.decode("cp1047"), plain.decode("cp037"), strict=True)
    assert {byte: ours for byte, ours, other in pairs if ours != other} == {
        0x5F: "^",
        0xAD: "[",
        0xB0: "\xac",
        0xBA: "\xdd",
        0xBB: "\xa8",
        0xBD: "]",
    }
    with pytest.raises(UnicodeEncodeError):
        "上".encode("cp1047")
