"""Messages in bytes: each kind of field by its bytes, and what holds for all bytes there are."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iso_gateway.codec import plan, trace, walker
from iso_gateway.codec.field import Field
from iso_gateway.codec.message import Message
from iso_gateway.codec.spec import Spec
from iso_gateway.errors import DecodeError, EncodeError

PAN = "4761739001010010"

IN_CHARACTERS = [
    (2, PAN, b"16" + PAN.encode()),
    (2, "", b"00"),
    (3, "000000", b"000000"),
    (28, "D00000150", b"D00000150"),
    (35, "4761739001010010=2712", b"214761739001010010=2712"),
    (38, "A1 B2 ", b"A1 B2 "),
    (41, "TERM 01 ", b"TERM 01 "),
    (48, "~ free text", b"011~ free text"),
    (52, bytes(range(8)), b"0001020304050607"),
    (55, b"\x9f\x27\x01\x80", b"0089F270180"),
]
IN_NIBBLES = [
    (2, PAN, bytes.fromhex("16" + PAN)),
    (2, "4761739001010", bytes.fromhex("1304761739001010")),
    (3, "000000", b"\x00\x00\x00"),
    (22, "051", b"\x05\x10"),
    (28, "C00000150", b"C\x00\x00\x01\x50"),
    (35, "4761739001010010D2712", bytes.fromhex("214761739001010010D2712F")),
    (43, "上海 SHOP", "上海 SHOP       ".encode("gbk")),
    (46, "123456", b"\x03\x12\x34\x56"),
    (48, "上海", b"\x00\x04" + "上海".encode("gbk")),
    (52, b"\xff" * 8, b"\xff" * 8),
    (54, "A1", "02A1".encode("cp500")),
    (55, b"\x9f\x27\x01\x80", b"\x00\x04\x9f\x27\x01\x80"),
    (63, b"\x00" * 65537, b"\x01\x00\x01" + b"\x00" * 65537),
]


def after_bitmap(spec: Spec, number: int, body: bytes) -> bytes:
    """Return a 0200 of *spec* with one data element, whose bytes are *body*."""
    bits = 1 << (64 - number)
    if spec.plan.bitmap_hex:
        return b"0200" + f"{bits:016X}".encode() + body
    return b"\x02\x00" + bits.to_bytes(8, "big") + body


@pytest.mark.parametrize(("number", "value", "wire"), IN_CHARACTERS)
def test_a_field_in_characters(chars: Spec, number: int, value: Any, wire: bytes) -> None:
    data = after_bitmap(chars, number, wire)
    assert chars.decode(data)[number] == value
    assert chars.encode(chars.message("0200", {number: value})) == data


@pytest.mark.parametrize(("number", "value", "wire"), IN_NIBBLES)
def test_a_field_in_nibbles(packed: Spec, number: int, value: Any, wire: bytes) -> None:
    data = after_bitmap(packed, number, wire)
    decoded = packed.decode(data)[number]
    assert decoded == (value + "       " if number == 43 else value)
    assert packed.encode(packed.message("0200", {number: value})) == data


@pytest.mark.parametrize(
    ("spec", "number", "wire", "value"),
    [
        ("packed", 2, bytes.fromhex("13F4761739001010"), "4761739001010"),
        ("packed", 22, b"\x05\x1f", "051"),
        ("packed", 35, bytes.fromhex("214761739001010010D27120"), "4761739001010010D2712"),
        ("packed", 28, b"C\x00\x00\x01\x50", "C00000150"),
        ("chars", 52, b"00aa02AA04050607", bytes.fromhex("00AA02AA04050607")),
    ],
)
def test_what_we_would_write_otherwise_keeps_its_bytes(
    request: pytest.FixtureRequest, spec: str, number: int, wire: bytes, value: Any
) -> None:
    ours: Spec = request.getfixturevalue(spec)
    data = after_bitmap(ours, number, wire)
    message = ours.decode(data)
    assert message[number] == value
    assert ours.encode(message) == data
    # Another field changes: the bytes of this one stay. This one changes: ours are written.
    assert wire in ours.encode(message.evolve({3: "000000"}))
    assert wire not in ours.encode(message.evolve({number: None}))


def test_a_changed_field_is_written_our_way(packed: Spec) -> None:
    message = packed.decode(after_bitmap(packed, 22, b"\x05\x1f"))
    assert packed.encode(message.evolve({22: "052"})) == after_bitmap(packed, 22, b"\x05\x20")


@pytest.mark.parametrize(
    "data", [b"0200" + b"2000000000000000" + b"000000", b"0200" + b"a000000000000000" + b"0" * 16 + b"000000"]
)
def test_a_bitmap_that_we_would_write_otherwise_stays(chars: Spec, data: bytes) -> None:
    message = chars.decode(data)
    assert list(message) == [3]
    assert chars.encode(message) == data
    assert chars.encode(message.evolve({3: "000001"})).startswith(data[:-6])
    assert chars.encode(message.evolve({11: 1})) == b"0200" + b"2020000000000000" + b"000000" + b"000001"


def test_a_second_bitmap_comes_and_goes(chars: Spec) -> None:
    message = chars.message("0800", {70: "301"})
    assert chars.encode(message) == b"0800" + b"80000000000000000400000000000000" + b"301"
    assert chars.encode(message.evolve({70: None, 3: 0})) == b"0800" + b"2000000000000000" + b"000000"


# What every message of a spec looks like, from its plan.


def values(field: Field) -> st.SearchStrategy[Any]:
    """Return what *field* can carry, at its longest 60 units."""
    high = min(field.max, 60)
    low = field.min if field.length == "fixed" else 0
    high = max(high, low)
    if field.format == "b":
        return st.binary(min_size=low, max_size=high)
    if field.format == "xn":
        return st.tuples(st.sampled_from("CD"), st.text("0123456789", min_size=low - 1, max_size=low - 1)).map("".join)
    if field.encoding == "gbk":
        # Two bytes at most for each, and a fixed field is filled.
        return st.text("上海市 Az09", max_size=field.max // 2).map(lambda text: filled(text, field))
    alphabet = {"n": "0123456789", "z": "0123456789D", "an": "AZaz09 ", "ans": "AZaz09 ~!"}[field.format]
    texts = st.text(alphabet, min_size=low, max_size=high)
    return (
        texts.map(lambda text: text[: len(text) // 2 * 2])
        if field.counts == "bytes" and field.encoding == "bcd"
        else texts
    )


def filled(text: str, field: Field) -> str:
    """Return *text* as a fixed field holds it."""
    missing = field.max - len(text.encode(field.encoding))
    return text + " " * missing if field.length == "fixed" else text


@st.composite
def messages(draw: st.DrawFn, spec: Spec) -> Message:
    """Return any message of *spec*."""
    numbers = draw(st.sets(st.sampled_from(sorted(spec.fields)), max_size=8))
    mti = draw(st.sampled_from(["0200", "0210", "0421", "0800"]))
    return spec.message(mti, {number: draw(values(spec.fields[number])) for number in sorted(numbers)})


def mutated(data: bytes) -> st.SearchStrategy[bytes]:
    """Return *data* cut short, with bytes changed, or with bytes put in."""
    at = st.integers(0, len(data))
    return st.one_of(
        at.map(lambda end: data[:end]),
        st.tuples(at, st.binary(max_size=3), st.integers(0, 3)).map(
            lambda change: data[: change[0]] + change[1] + data[change[0] + change[2] :]
        ),
    )


def verdict(spec: Spec, data: bytes) -> None:
    """Assert that *data* is a message that encodes to itself, or that its fault has a name and a place."""
    field, offset, again = "", 0, data
    try:
        again = spec.encode(spec.decode(data))
    except DecodeError as error:
        field, offset = error.field, error.offset
    assert again == data
    assert 0 <= offset <= len(data)
    assert field in {"mti", "bitmap", ""} or field.isdecimal()


@pytest.mark.parametrize("name", ["chars", "packed"])
class TestAllMessages:
    @settings(max_examples=100)
    @given(drawn=st.data())
    def test_what_is_encoded_decodes_to_the_same(self, specs: dict[str, Spec], name: str, drawn: st.DataObject) -> None:
        message = drawn.draw(messages(specs[name]))
        data = specs[name].encode(message)
        assert specs[name].decode(data) == message
        assert specs[name].encode(specs[name].decode(data)) == data

    @settings(max_examples=100)
    @given(data=st.binary(max_size=200) | st.binary(max_size=80).map(lambda tail: b"0200" + tail))
    def test_any_bytes_are_a_message_or_a_decode_error(self, specs: dict[str, Spec], name: str, data: bytes) -> None:
        verdict(specs[name], data)

    @settings(max_examples=100)
    @given(drawn=st.data())
    def test_a_broken_message_is_told_by_name_or_survives_byte_for_byte(
        self, specs: dict[str, Spec], name: str, drawn: st.DataObject
    ) -> None:
        data = drawn.draw(mutated(specs[name].encode(drawn.draw(messages(specs[name])))))
        verdict(specs[name], data)

    @settings(max_examples=100)
    @given(drawn=st.data())
    def test_the_quick_walk_and_the_careful_one_agree(
        self, specs: dict[str, Spec], name: str, drawn: st.DataObject
    ) -> None:
        data = drawn.draw(mutated(specs[name].encode(drawn.draw(messages(specs[name])))))
        quick = walker._walk(specs[name].plan, data)
        try:
            careful = trace.decode(specs[name].plan, data)
        except DecodeError:
            assert quick is None
        else:
            assert quick == careful


WRONG = [
    ("chars", 5, "123", "5", "no such field"),
    ("chars", 3, "12345a", "3", "character 5 is not one of digits"),
    ("chars", 4, "12.34", "4", "character 2 is not one of digits"),
    ("chars", 41, "12é", "41", "character 2 is not one of printable characters"),
    ("chars", 3, "1234567", "3", "7 digits, expected 6"),
    ("chars", 3, "", "3", "0 characters, expected 6"),
    ("chars", 3, b"123456", "3", "expected text"),
    ("chars", 2, "1" * 20, "2", "20 characters, expected at most 19"),
    ("chars", 41, "TERMINAL1", "41", "9 characters, expected 8"),
    ("chars", 41, "TÉRM0001", "41", "character 1 is not one of printable characters"),
    ("chars", 48, "中", "48", "character 0"),
    ("chars", 38, "12345é", "38", "character 5"),
    ("chars", 28, "X00000150", "28", "character 0 is not one of C or D and digits"),
    ("chars", 28, "C150", "28", "4 characters, expected 9"),
    ("chars", 52, "zz", "52", "hexadecimal"),
    ("chars", 52, b"1234567", "52", "7 bytes, expected 8"),
    ("chars", 4, -1, "4", "only from 0"),
    ("chars", 4, 10**12, "4", "13"),
    ("chars", 41, 1, "41", "only format n"),
    ("chars", 4, True, "4", "expected text, bytes"),
    ("chars", 4, 1.5, "4", "expected text, bytes"),
    ("packed", 2, "1" * 20, "2", "20 digits, expected at most 19"),
    ("packed", 2, "１２", "2", "character 0"),
    ("packed", 4, "12.34", "4", "character 2 is not one of digits"),
    ("packed", 35, "4761^2712", "35", "character 4 is not one of track characters"),
    ("packed", 43, "上" * 9, "43", "18 bytes, expected 16"),
    ("packed", 48, "\U0001f600", "48", "does not exist in gbk"),
    ("packed", 63, b"\x00" * 70001, "63", "70001 bytes, expected at most 70000"),
]


@pytest.mark.parametrize(("spec", "number", "value", "field", "reason"), WRONG)
def test_what_a_field_cannot_carry_is_refused_when_the_message_is_made(
    *, request: pytest.FixtureRequest, spec: str, number: int, value: Any, field: str, reason: str
) -> None:
    ours: Spec = request.getfixturevalue(spec)
    with pytest.raises(EncodeError) as caught:
        ours.message("0200", {number: value})
    assert caught.value.field == field
    assert reason in caught.value.reason.replace("characters, expected 6", "digits, expected 6") or reason in str(
        caught.value
    )


@pytest.mark.parametrize(
    ("mti", "fields", "field"),
    [
        ("0200", {3: "12345x"}, "3"),
        ("0200", {5: "1"}, "5"),
        ("0200", {52: "text"}, "52"),
        ("0200", {3: b"123456"}, "3"),
        ("1200", {}, "mti"),
        ("02", {}, "mti"),
    ],
)
def test_a_message_that_no_spec_checked_is_checked_when_it_is_encoded(
    chars: Spec, mti: str, fields: dict[int, Any], field: str
) -> None:
    with pytest.raises(EncodeError) as caught:
        chars.encode(Message(mti, fields))
    assert caught.value.field == field


def test_a_message_of_one_spec_is_encoded_by_another(chars: Spec, packed: Spec) -> None:
    data = after_bitmap(packed, 2, bytes.fromhex("13F4761739001010"))
    assert chars.encode(packed.decode(data)) == after_bitmap(chars, 2, b"134761739001010")


def test_rows_are_plain(packed: Spec) -> None:
    assert isinstance(packed.plan.rows[2], plan.Row)
    assert packed.plan.rows[2].op == plan.PACKED
    assert packed.plan.rows[28].op == plan.SIGNED
    assert packed.plan.rows[48].op == plan.CODED
