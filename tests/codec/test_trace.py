"""Where a message is wrong, to the byte, and what was read before it."""

from __future__ import annotations

import pytest

from iso_gateway.codec.spec import Spec
from iso_gateway.errors import DecodeError

PAN = b"4761739001010010"
B = b"7000000000000000"  # 2, 3, 4 in characters
P = bytes.fromhex("02007000000000000000")  # the same, packed, MTI included

IN_CHARACTERS = [
    # data, field, offset, part of the text, bytes missing
    (b"", "mti", 0, "0 bytes left, 4 needed", 4),
    (b"02", "mti", 0, "2 bytes left, 4 needed", 2),
    (b"ABCD", "mti", 0, "not four digits", 0),
    (b"1200" + B, "mti", 0, "another version", 0),
    (b"0900" + B, "mti", 0, "reserved", 0),
    (b"0200700", "bitmap", 4, "3 bytes left, 16 needed", 13),
    (b"0200" + b"70000000000000x0", "bitmap", 18, "not hexadecimal", 0),
    (b"0200" + b"F000000000000000" + b"0400", "bitmap", 20, "4 bytes left, 16 needed", 12),
    (b"0200" + b"F000000000000000" + b"04000000000000-0", "bitmap", 34, "not hexadecimal", 0),
    (b"0200" + b"7800000000000000", "5", 4, "no such field", 0),
    (b"0200" + b"C0000000000000008000000000000000", "65", 4, "third bitmap", 0),
    (b"0200" + B, "2", 20, "length prefix: 0 bytes left, 2 needed", 2),
    (b"0200" + B + b"1", "2", 20, "length prefix: 1 byte left, 2 needed", 1),
    (b"0200" + B + b"+6" + PAN, "2", 20, "not 2 digits", 0),
    (b"0200" + B + b" 6" + PAN, "2", 20, "not 2 digits", 0),
    (b"0200" + B + b"1_" + PAN, "2", 20, "not 2 digits", 0),
    (b"0200" + B + b"20" + PAN, "2", 20, "length 20, at most 19 allowed", 0),
    (b"0200" + B + b"16" + PAN[:10], "2", 22, "10 bytes left, 16 needed", 6),
    (b"0200" + B + b"16" + PAN[:10] + b"x" + PAN[11:], "2", 32, "not digits", 0),
    (b"0200" + B + b"16" + PAN + b"0000\xb200", "3", 42, "not digits", 0),
    (b"0200" + B + b"16" + PAN + b"000000" + b"12", "4", 44, "2 bytes left, 12 needed", 10),
    (b"0200" + B + b"16" + PAN + b"000000" + b"0" * 12 + b"!!", "", 56, "2 bytes after the last field", 0),
    (b"0200" + b"0000000000001000" + b"00 0000000000000", "52", 22, "not hexadecimal", 0),
    (b"0200" + b"0000000000001000" + b"00  000000000000", "52", 22, "not hexadecimal", 0),
    (b"0200" + b"0000000000001000" + b"000000000000000\x80", "52", 35, "not hexadecimal", 0),
    (b"0200" + b"0000000000000200" + b"003ABC", "55", 26, "odd number", 0),
    (b"0200" + b"0000001000000000" + b"X00000150", "28", 20, "not C or D", 0),
    (b"0200" + b"0000000000800000" + b"TERM\n001", "41", 24, "not printable", 0),
]
IN_NIBBLES = [
    (b"\x02", "mti", 0, "1 byte left, 2 needed", 1),
    (b"\x0a\x00", "mti", 0, "not four digits", 0),
    (bytes.fromhex("02000000001000000000") + b"C\x00", "28", 10, "2 bytes left, 5 needed", 3),
    (P[:5], "bitmap", 2, "3 bytes left, 8 needed", 5),
    (P + b"\x1a", "2", 10, "not 2 digits", 0),
    (P + b"\x20", "2", 10, "length 20, at most 19", 0),
    (P + b"\x13\x04\x76", "2", 11, "2 bytes left, 7 needed", 5),
    (P + bytes.fromhex("130476173900A010"), "2", 16, "not digits", 0),
    (P + bytes.fromhex("16476173900101001A"), "2", 18, "not digits", 0),
    (bytes.fromhex("02000000001000000000") + b"C\x00\x00\x0a\x50", "28", 13, "not C or D", 0),
    (
        bytes.fromhex("02000000000000010000") + b"\x00\x03" + b"A\xff\xff",
        "48",
        13,
        "not printable characters in gbk",
        0,
    ),
    (bytes.fromhex("02000000000000010000") + b"\x00\x03" + b"\xc9\xcf\x1b", "48", 14, "not printable", 0),
    (bytes.fromhex("02000000000000000400") + b"\xf0\x02", "54", 10, "not 2 digits", 0),
    (bytes.fromhex("02000000000000000002") + b"\x01\x11\x71", "63", 10, "length 70001, at most 70000", 0),
]


@pytest.mark.parametrize(("data", "field", "offset", "expected", "missing"), IN_CHARACTERS)
def test_the_place_in_a_message_of_characters(
    *, chars: Spec, data: bytes, field: str, offset: int, expected: str, missing: int
) -> None:
    check(chars, data, (field, offset, missing), expected)


@pytest.mark.parametrize(("data", "field", "offset", "expected", "missing"), IN_NIBBLES)
def test_the_place_in_a_packed_message(
    *, packed: Spec, data: bytes, field: str, offset: int, expected: str, missing: int
) -> None:
    check(packed, data, (field, offset, missing), expected)


def check(spec: Spec, data: bytes, place: tuple[str, int, int], expected: str) -> None:
    """Assert that *data* is refused at that place, without a word of what stands in it."""
    with pytest.raises(DecodeError) as caught:
        spec.decode(data)
    error = caught.value
    assert (error.field, error.offset, error.missing) == place
    assert expected in error.expected
    assert PAN.decode() not in str(error)


def test_what_was_read_before_the_fault_is_there_and_masked(chars: Spec) -> None:
    with pytest.raises(DecodeError) as caught:
        chars.decode(b"0200" + B + b"16" + PAN + b"00000x")
    partial = caught.value.partial
    assert partial is not None
    assert partial.mti == "0200"
    assert list(partial) == [2]
    assert partial.spec is chars
    assert PAN.decode() not in repr(caught.value)


def test_without_a_message_type_there_is_nothing_to_show(chars: Spec) -> None:
    with pytest.raises(DecodeError) as caught:
        chars.decode(b"02")
    assert caught.value.partial is None


@pytest.mark.parametrize("cut", range(58))
def test_each_cut_of_a_message_says_how_much_is_missing_at_least(chars: Spec, cut: int) -> None:
    data = b"0200" + B + b"16" + PAN + b"000000" + b"0" * 12 + b"--"
    whole = data[:-2]
    if cut == len(whole):
        return
    with pytest.raises(DecodeError) as caught:
        chars.decode(data[:cut])
    error = caught.value
    if cut < len(whole):
        assert 0 < error.missing <= len(whole) - cut


def test_spans_say_which_bytes_say_what(packed: Spec) -> None:
    data = P + bytes.fromhex("1304761739001010000000000000001234")
    assert [tuple(span)[:4] for span in packed.decode(data, trace=True).spans] == [
        ("mti", 0, 0, 2),
        ("bitmap", 2, 2, 10),
        ("2", 10, 11, 18),
        ("3", 18, 18, 21),
        ("4", 21, 21, 27),
    ]
    with pytest.raises(DecodeError, match="DE 4 at byte 21"):
        packed.decode(data[:-1], trace=True)


def test_offsets_of_a_decoded_message_are_those_of_its_bytes(packed: Spec) -> None:
    data = P + bytes.fromhex("13F4761739001010000000000000001234")
    message = packed.decode(data)
    starts = {int(span.field): span.body for span in packed.decode(data, trace=True).spans[2:]}
    assert {number: packed.offset(message, number) for number in message} == starts
