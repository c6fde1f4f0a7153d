"""A message decoded with its trace knows which bytes say what, to the tag and to the half byte."""

from __future__ import annotations

import pickle
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iso_gateway.codec.message import Message
from iso_gateway.codec.spec import Spec
from iso_gateway.codec.trace import Span
from iso_gateway.errors import DecodeError
from tests.codec.nested import SPEC

ICC = bytes.fromhex("70810A9F2601AA5F34820001019F360100")


def spans(message: Message) -> dict[str, Span]:
    """Return the spans by their path."""
    return {each.field: each for each in message.spans}


def digits(data: bytes, span: Span) -> str:
    """Return the half bytes that a span names."""
    return "" if span.nibbles is None else data.hex()[slice(*span.nibbles)]


def test_every_node_has_its_head_and_its_value() -> None:
    data = SPEC.encode(SPEC.message("0200", {55: ICC}))
    message = SPEC.decode(data, trace=True)
    assert message == SPEC.decode(data)
    found = {each.field: (data[each.start : each.body], data[each.body : each.end]) for each in message.spans}
    assert list(found) == ["mti", "bitmap", "55", "55.70", "55.70.9F26", "55.70.5F34", "55.9F36"]
    assert found["55"] == (b"017", ICC)
    assert found["55.70"] == (bytes.fromhex("70810A"), ICC[3:13])
    assert found["55.70.5F34"] == (bytes.fromhex("5F34820001"), b"\x01")
    assert found["55.9F36"] == (bytes.fromhex("9F3601"), b"\0")
    assert all(each.nibbles is None and not each.fault for each in message.spans)


def test_packed_digits_have_half_bytes() -> None:
    data = SPEC.encode(SPEC.message("0200", {46: {"1": "12345", "2": "", "3": "", "4": "123"}}))
    found = spans(SPEC.decode(data, trace=True))
    first = found["46.1"]
    assert first.nibbles == (2 * first.body + 1, 2 * first.end)
    assert digits(data, found["46.4"]) == "123"


def test_parts_of_packed_digits_begin_at_half_bytes(packed: Spec) -> None:
    data = packed.encode(packed.message("0200", {60: "22000001123"}))
    found = spans(packed.decode(data, trace=True))
    assert {path: digits(data, each) for path, each in found.items() if each.nibbles} == {
        "60": "22000001123",
        "60.1": "22",
        "60.2": "000001",
        "60.3": "123",
    }


def test_parts_of_hexadecimal_text_lie_in_twice_the_bytes(chars: Spec) -> None:
    data = chars.encode(chars.message("0200", {55: bytes.fromhex("9F2602AABB820100")}))
    found = spans(chars.decode(data, trace=True))
    value = found["55.9F26"]
    assert (data[value.start : value.body], data[value.body : value.end]) == (b"9F2602", b"AABB")
    assert data[found["55.82"].body : found["55.82"].end] == b"00"


def test_what_is_broken_has_a_span_up_to_the_fault() -> None:
    data = SPEC.encode(SPEC.message("0200", {55: "9F3601AA70049F2602BB8201"}))
    found = spans(SPEC.decode(data, trace=True))
    assert found["55.9F36"].fault == ""
    inner, outer = found["55.70.9F26"], found["55.82"]
    assert "1 byte left, 2 needed" in inner.fault
    assert data[inner.start : inner.end] == bytes.fromhex("9F2602")
    assert "0 bytes left, 1 needed" in outer.fault
    assert outer.end == len(data)


def test_repeats_have_paths_of_their_own() -> None:
    data = SPEC.encode(SPEC.message("0200", {104: [("57", {"DF01": "x"}), ("57", {"DF01": "y"})]}))
    found = spans(SPEC.decode(data, trace=True))
    assert data[found["104.57#2.DF01"].body : found["104.57#2.DF01"].end] == b"y"


def test_only_what_was_decoded_has_a_trace() -> None:
    data = SPEC.encode(SPEC.message("0200", {55: ICC}))
    message = SPEC.decode(data, trace=True)
    assert SPEC.decode(data).spans == ()
    assert message.evolve({"55.9F36": "01"}).spans == ()
    assert message.response_to({}).spans == ()
    again = pickle.loads(pickle.dumps(message))  # noqa: TID251 -- it is ours
    assert (again, again.spans) == (message, message.spans)
    with pytest.raises(DecodeError, match="DE 55 at byte"):
        SPEC.decode(data[:-1], trace=True)


@given(st.binary(max_size=60), st.sampled_from([46, 48, 55, 57, 62, 104]))
def test_spans_are_within_those_around_them(value: bytes, number: int) -> None:
    data = SPEC.encode(SPEC.message("0200", {number: value}))
    found = SPEC.decode(data, trace=True).spans
    for each in found:
        assert 0 <= each.start <= each.body <= each.end <= len(data) or each.fault
        parent = each.field.rpartition(".")[0]
        around = [one for one in found if one.field == parent]
        assert not around or around[0].body <= each.start <= each.end <= around[0].end
    tops = [each for each in found if "." not in each.field and not each.fault]
    assert all(before.end == after.start for before, after in pairwise(tops))
