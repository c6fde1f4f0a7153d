"""A message that broke may have been read askew: the digits of its card are shown in no other element either."""

from __future__ import annotations

import copy
import pickle

import pytest

from iso_gateway import Spec, load_spec
from iso_gateway.codec.describe import describe, summary, to_json
from iso_gateway.codec.unsure import UnsureMessage, cards
from iso_gateway.errors import DecodeError
from iso_gateway.inspect import explaining, showing
from tests.support.shipped import SHIPPED_SPECS

PAN = "4761739001010010"
HIDDEN = [PAN[at : at + 7] for at in range(1, 9)]
ASCII, BINARY = load_spec("iso87-ascii"), load_spec("iso87-binary")
VALUES = {2: PAN, 3: "000000", 4: 1234, 11: 123, 35: f"{PAN}D4912201987654", 41: "TERM0001", 49: "840"}


def wire(spec: Spec) -> bytes:
    """Return a sale as *spec* writes it."""
    mti = next(each for each in ("0200", "1200", "2200") if each in spec.plan.mtis)
    return spec.encode(spec.message(mti, {number: VALUES[number] for number in VALUES if number in SPEAKS[spec.name]}))


SPEAKS = {name: VALUES.keys() if name != "iso2003" else {2, 3, 11, 41} for name in SHIPPED_SPECS}
"""Amounts of 2003 have their currency inside."""


def shown(spec: Spec, data: bytes) -> str:
    """Return all that people see of *data*, without blanks."""
    explained = explaining.explain(spec, data)
    page = "".join(piece.text for line in showing.of_explained(explained, data) for piece in line)
    said = [page, str([entry.value for entry in explained.entries])]
    try:
        spec.decode(data)
    except DecodeError as error:
        if error.partial is not None:
            said += [describe(error.partial), str(to_json(error.partial)), summary(error.partial), repr(error.partial)]
    return "".join("".join(said).split())


@pytest.mark.parametrize("name", SHIPPED_SPECS)
@pytest.mark.parametrize("other", SHIPPED_SPECS)
def test_no_spec_shows_the_card_number_of_bytes_that_it_reads_askew(name: str, other: str) -> None:
    data, spec = wire(load_spec(name)), load_spec(other)
    for size in range(7):  # more, and nothing tells of the length any more
        for bytes_given in (data[size:], data[:4] + bytes(size) + data[4:], data[:4] + data[4 + size :]):
            text = shown(spec, bytes_given)
            assert [each for each in HIDDEN if each in text] == []


@pytest.mark.parametrize(
    ("bitmap", "broken"),
    [
        ("f220000000808000", "bit 1 is on, and the card number is where a second bitmap would be"),
        ("", "there is none, and the card number is taken for it"),
        ("72200000008080", "a byte is missing"),
    ],
)
def test_bitmaps_hide_what_is_a_card_number(bitmap: str, broken: str) -> None:
    for data in (
        bytes.fromhex(f"0200{bitmap}16{PAN}000000000000123400012311230405060001235445524d30303031383430"),
        f"0200{bitmap.upper()}16{PAN}0000000000001234000123TERM0001840".encode(),
    ):
        text = shown(BINARY if data[0] == 2 else ASCII, data)
        in_ascii = PAN[6:12].encode().hex()
        assert PAN[6:12] not in text, broken
        assert in_ascii not in text, broken


def test_of_a_message_that_is_cut_all_is_shown_that_was_read_well() -> None:
    with pytest.raises(DecodeError) as caught:
        ASCII.decode(wire(ASCII)[:-1])
    partial = caught.value.partial
    assert isinstance(partial, UnsureMessage)
    assert partial.doubted == frozenset()
    assert [partial[4], partial[11], partial[41]] == ["000000001234", "000123", "TERM0001"]
    assert all(f"{number}={partial[number]}" in repr(partial) for number in (3, 4, 11, 41))


TAIL = "D4912201987654"
PIECES = [TAIL[at : at + 6] for at in range(len(TAIL) - 5)]


@pytest.mark.parametrize("name", SHIPPED_SPECS)
def test_what_a_track_has_behind_its_number_is_shown_in_no_other_element(name: str) -> None:
    spec = load_spec(name)
    data = wire(spec)
    spans = {span.field: span for span in spec.decode(data, trace=True).spans}
    prefix = spans.get("35", spans["2"])
    tried = 0
    for less in range(1, 24):  # the length of the track, or of the card number, says less than there is
        at = prefix.body - 1
        askew = data[:at] + bytes([(data[at] - less) % 256]) + data[at + 1 :]
        text = shown(spec, askew).replace("=", "D")
        assert [each for each in PIECES if each in text] == [], less
        tried += 1
    for number in (2, 3, 4, 11):
        span = spans.get(str(number))
        if span is not None:  # an element is missing, and its bit is on
            text = shown(spec, data[: span.start] + data[span.end :]).replace("=", "D")
            assert [each for each in PIECES if each in text] == [], number
            tried += 1
    assert tried > 20


def test_the_last_digits_of_a_card_number_are_not_shown_in_the_element_behind_it() -> None:
    data = wire(ASCII).replace(f"16{PAN}".encode(), f"15{PAN}".encode())
    with pytest.raises(DecodeError) as caught:
        ASCII.decode(data)
    assert caught.value.partial is not None
    assert {2, 3} <= caught.value.partial.doubted


def test_a_copy_doubts_as_much() -> None:
    data = wire(BINARY)
    askew = data[:2] + data[2:10] + data[11:]  # the length of DE 2 is gone
    with pytest.raises(DecodeError) as caught:
        BINARY.decode(askew)
    partial = caught.value.partial
    assert partial is not None
    for again in (copy.copy(partial), copy.deepcopy(partial), pickle.loads(pickle.dumps(partial))):  # noqa: TID251
        assert repr(again) == repr(partial)
        assert again.doubted == partial.doubted


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"..16" + PAN.encode() + b"..", [(10, 16)]),
        ("..16".encode("cp500") + PAN.encode("cp500"), [(10, 16)]),
        (b"\x00\x16" + bytes.fromhex(PAN), [(5, 8)]),
        (b"\x5a\x08" + bytes.fromhex(PAN), [(5, 8)]),
        (f"..{PAN}=4912".encode(), [(8, 14)]),
        (f"..{PAN}=49122011234567 {PAN}..".encode(), [(8, 14), (18, 33), (40, 46)]),
        (f"..{PAN[:-1]}9=49122011234567..".encode(), [(8, 14), (18, 33)]),
        (f"..{PAN}^DOE/J^49122011234567..".encode(), [(8, 14), (18, 39)]),
        (bytes.fromhex(f"{PAN}D4912201"), [(3, 6)]),
        (b"..15" + PAN.encode() + b"..", []),
        (b"..16" + PAN[:-1].encode() + b"1..", []),
        (b"..16" + b"0" * 16, []),
        (b"20261123040506000123", []),
    ],
)
def test_a_card_number_is_known_by_its_length_or_by_what_follows(data: bytes, found: list[tuple[int, int]]) -> None:
    hidden = {at for first, last in cards(data) for at in range(first, last)}
    assert hidden >= {at for first, last in found for at in range(first, last)}
    assert bool(hidden) == bool(found)
