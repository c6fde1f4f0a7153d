"""Inside a data element: tags and positional parts, read, changed and built."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import pytest

from iso_gateway.catalog import load_spec
from iso_gateway.codec.build import build_spec
from iso_gateway.codec.message import Message, bound
from iso_gateway.codec.parts import Parts
from iso_gateway.codec.spec import Spec
from iso_gateway.errors import DecodeError, EncodeError

ICC = bytes.fromhex("9F2608010203040506070882021980820200009F27810180")


def test_tags_are_in_order_and_repeats_stay(packed: Spec) -> None:
    parts = packed.message("0200", {55: ICC}).parts(55)
    assert list(parts) == ["9F26", "82", "9F27"]
    assert [key for key, _ in parts.items()] == ["9F26", "82", "82", "9F27"]
    assert parts["82"] == b"\x19\x80"
    assert parts["9f27"] == b"\x80"
    assert parts.all("82") == [b"\x19\x80", b"\x00\x00"]
    assert parts.get("95") is None
    assert "9f26" in parts
    assert "95" not in parts
    assert 82 not in parts
    assert len(parts) == 4
    with pytest.raises(KeyError):
        parts["95"]


def test_parts_compare_and_hide_their_values(packed: Spec) -> None:
    parts = packed.message("0200", {55: ICC}).parts(55)
    assert parts == packed.message("0210", {55: ICC}).parts(55)
    assert parts != Parts()
    assert repr(parts) == "<Parts 9F26 82 82 9F27>"
    assert pickle.loads(pickle.dumps(parts)) == parts  # noqa: TID251 -- it is ours


@pytest.mark.parametrize(
    ("value", "parts"),
    [
        ("22000001000", {"1": "22", "2": "000001", "3": "000"}),
        ("22000001", {"1": "22", "2": "000001"}),
        ("22", {"1": "22"}),
        ("", {}),
    ],
)
def test_parts_at_the_end_may_be_absent(packed: Spec, value: str, parts: dict[str, str]) -> None:
    message = packed.message("0200", {60: value})
    assert dict(message.parts(60).items()) == parts
    assert packed.message("0200", {60: parts}) == message


def test_a_layout_is_chosen_by_size(packed: Spec) -> None:
    short = packed.message("0810", {62: bytes(range(12))})
    assert short["62.2"] == bytes(range(8, 12))
    assert packed.message("0810", {62: bytes(range(20))})["62.2"] == bytes(range(16, 20))
    other = packed.message("0810", {62: b"\0" * 13})
    assert len(other.parts(62)) == 0
    assert other.get("62.1") is None
    assert packed.message("0810", {62: {"1": bytes(16), "2": bytes(4)}})[62] == bytes(20)
    assert packed.message("0810", {62: {1: bytes(8), 2: "01020304"}})[62] == bytes(8) + b"\1\2\3\4"


BROKEN = [
    # spec, element, value, path, offset in the message
    ("packed", 60, "220000", "60.2", 10 + 2 + 1),
    ("packed", 60, "2200000", "60.2", 10 + 2 + 1),
    ("packed", 55, bytes.fromhex("9F2608010203"), "55.9F26", 10 + 2 + 3),
    ("packed", 55, bytes.fromhex("8202198095"), "55.95", 10 + 2 + 5),
    ("chars", 60, "220000", "60.2", 20 + 3 + 2),
    ("chars", 55, bytes.fromhex("9F2608010203"), "55.9F26", 20 + 3 + 6),
    ("chars", 55, bytes.fromhex("9F"), "55", 20 + 3),
]


@pytest.mark.parametrize(("name", "number", "value", "path", "offset"), BROKEN)
def test_a_broken_part_fails_its_reader_and_not_the_message(
    *, specs: dict[str, Spec], name: str, number: int, value: Any, path: str, offset: int
) -> None:
    spec = specs[name]
    message = spec.decode(spec.encode(spec.message("0200", {number: value})))
    assert message[number] == value
    with pytest.raises(DecodeError) as caught:
        message.parts(number)
    assert (caught.value.field, caught.value.offset) == (path, offset)
    assert [(each.field, each.offset) for each in spec.broken(message)] == [(path, offset)]


def test_the_offset_of_a_part_counts_what_stands_before_it(packed: Spec) -> None:
    data = packed.encode(packed.message("0200", {2: "4761739001010", 4: 100, 55: bytes.fromhex("9F2608010203")}))
    with pytest.raises(DecodeError) as caught:
        packed.decode(data)["55.9F26"]
    assert caught.value.offset == data.index(b"\x9f\x26") + 3


def test_what_is_whole_has_nothing_to_check(packed: Spec) -> None:
    assert packed.broken(packed.message("0200", {4: 1, 55: ICC, 60: "22000001"})) == []


def test_one_tag_changes_and_every_other_byte_stays(packed: Spec) -> None:
    message = packed.message("0200", {55: ICC})
    changed = message.evolve({"55.9F26": b"\xff" * 8})
    assert changed[55] == ICC.replace(bytes(range(1, 9)), b"\xff" * 8)
    assert message.evolve({"55.82": None})[55] == bytes.fromhex("9F260801020304050607089F27810180")
    assert message.evolve({"55.95": "0000000000"})[55] == ICC + bytes.fromhex("95050000000000")
    assert packed.message("0200", {"55.9F27": "80"})[55] == bytes.fromhex("9F270180")


def test_one_positional_part_changes(packed: Spec) -> None:
    message = packed.message("0200", {60: "22000001000"})
    assert message.evolve({"60.2": "000009"})[60] == "22000009000"
    assert message.evolve({"60.2": 9})[60] == "22000009000"
    assert message.evolve({"60.3": None})[60] == "22000001"
    assert packed.message("0200", {"60.1": "22", "60.2": 7})[60] == "22000007"
    assert packed.message("0810", {62: bytes(12)}).evolve({"62.2": "01020304"})[62][8:] == b"\1\2\3\4"


REFUSED = [
    ({55: {"9F": "00"}}, "55.9F", "not a tag"),
    ({55: {"9F26": "0"}}, "55.9F26", "hexadecimal"),
    ({55: {"9F26": 1}}, "55.9F26", "hexadecimal"),
    ({55: [("9F26",)]}, "55", "pairs"),
    ({55: {"9F26": bytes(260)}}, "55", "at most 255"),
    ({60: {"1": "2"}}, "60.1", "expected 2"),
    ({60: {"1": "2x"}}, "60.1", "character 1"),
    ({60: {"2": "000001"}}, "60.1", "is missing, and part 2 comes after it"),
    ({60: {"9": "1"}}, "60.9", "no such part"),
    ({60: {"1": b"22"}}, "60.1", "expected text"),
    ({60: [("1", "22"), ("1", "22")]}, "60", "twice"),
    ({62: {"1": bytes(9), "2": bytes(4)}}, "62.1", "expected 8"),
    ({62: {"1": bytes(8)}}, "62", "no layout"),
    ({4: {"1": "1"}}, "4", "expected text, bytes"),
    ({"4.1": "1"}, "4.1", "no such part"),
    ({"5.1": "1"}, "5.1", "no such part"),
    ({"55.9F": "1"}, "55.9F", "not a tag"),
    ({"x": "1"}, "x", "not the path of a field"),
    ({"99999.1": "1"}, "99999.1", "not the path of a field"),
]


@pytest.mark.parametrize(("fields", "path", "reason"), REFUSED)
def test_what_a_part_cannot_hold_is_refused_by_its_path(
    packed: Spec, fields: dict[Any, Any], path: str, reason: str
) -> None:
    with pytest.raises(EncodeError) as caught:
        packed.message("0200", fields)
    assert caught.value.field == path
    assert reason in caught.value.reason


def test_a_broken_element_cannot_be_changed_from_inside(packed: Spec) -> None:
    with pytest.raises(EncodeError, match=r"DE 55.9F26: what it holds now is broken"):
        packed.message("0200", {55: bytes.fromhex("9F2608010203")}).evolve({"55.82": "1980"})
    with pytest.raises(EncodeError, match="of this size has no parts"):
        packed.message("0810", {62: bytes(13)}).evolve({"62.1": bytes(8)})
    with pytest.raises(EncodeError, match=r"60.1: is missing"):
        packed.message("0200", {60: "22000001"}).evolve({"60.1": None})


def test_what_follows_the_last_part_is_a_fault(data: Callable[[str], dict[str, Any]]) -> None:
    ours = data("packed")
    del ours["fields"]["60"]["parts"]["3"]
    spec = build_spec(ours)
    with pytest.raises(DecodeError) as caught:
        spec.message("0200", {60: "220000019"}).parts(60)
    assert (caught.value.field, caught.value.offset) == ("60", 10 + 2 + 4)
    assert caught.value.expected == "1 character after the last part"
    with pytest.raises(EncodeError, match=r"60.3: the spec has no such part"):
        spec.message("0200", {"60.3": "9"})


def test_a_part_that_is_not_of_its_format_is_a_fault(chars: Spec) -> None:
    message = Message("0200", {60: "2x"})
    with pytest.raises(DecodeError, match=r"^DE 60.1 at byte 24: not digits$"):
        bound("0200", dict(message.items()), chars).parts(60)


CHANGES = [
    # before, changes, after
    ("9F278101808202198000", {"9F27": b"\x40"}, "9F278101408202198000"),
    ("9F278101808202198000", {"82": b"\x01"}, "9F2781018082010100"),
    ("9F278101808202198000", {"9F27": None}, "8202198000"),
    ("82021980FF82021981", {"82": None}, "FF"),
    ("82021980", {"95": b"\0" * 5}, "8202198095050000000000"),
    ("8202198000", {"95": b"\1"}, "8202198095010100"),
    ("9F27820001AA", {"9F27": b"\xaa"}, "9F27820001AA"),
    ("9F27820001AA", {"9F27": b"\xab\xcd"}, "9F2702ABCD"),
    ("8202198082021981", {"82": b"\x00\x00"}, "8202000082021981"),
]


@pytest.mark.parametrize(("before", "changes", "after"), CHANGES)
def test_one_tag_changes_and_all_else_stays(
    packed: Spec, before: str, changes: dict[str, bytes | None], after: str
) -> None:
    message = packed.message("0200", {55: bytes.fromhex(before)})
    assert message.evolve({f"55.{tag}": value for tag, value in changes.items()})[55].hex().upper() == after


def test_what_no_value_says_stays_where_a_part_changes(packed: Spec, chars: Spec) -> None:
    data = packed.encode(packed.message("0200", {60: "22000001123"}))
    odd = data[:-6] + bytes([data[-6] | 0xF0]) + data[-5:]
    assert odd.endswith(bytes.fromhex("F22000001123"))
    assert packed.encode(packed.decode(odd).evolve({"60.2": 9})) == odd[:-6] + bytes.fromhex("F22000009123")
    lower = chars.encode(chars.message("0200", {55: "9F2602AABB8201CC"})).replace(b"9F2602AABB", b"9f2602aAbB")
    assert chars.encode(chars.decode(lower).evolve({"55.82": "DDEE"})).endswith(b"0189f2602aAbB8202DDEE")
    assert chars.encode(chars.decode(lower).evolve({"55.9F26": "AABC"})).endswith(b"0169f2602aABC8201CC")


@pytest.mark.parametrize("given", [{90: {"1": "0200", "2": "000123"}}, {"90.1": "0200", "90.2": "000123"}])
def test_parts_left_out_at_the_end_move_no_other(given: dict[Any, Any]) -> None:
    message = load_spec("iso87-ascii").message("0420", given)
    assert message[90] == "0200000123" + "0" * 32
    assert (message["90.1"], message["90.2"], message["90.5"]) == ("0200", "000123", "0" * 11)
