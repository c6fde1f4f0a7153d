"""Everything that a message says, in one structure and as a page."""

from __future__ import annotations

from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iso_gateway import Spec, load_spec
from iso_gateway.catalog import load_profile, spec_names
from iso_gateway.inspect import showing
from iso_gateway.inspect.explaining import explain
from iso_gateway.inspect.told import Explained
from iso_gateway.page import WIDTH, plain
from tests.support.drawn_messages import messages

SPEC = load_spec("iso87-ascii")
PROFILE = load_profile("iso87")
PAN = "4761739001010010"
CHIP = bytes.fromhex("9F360200015A08476173900101001095058000048000")
DECLINED = SPEC.encode(
    SPEC.message("0210", {2: PAN, 3: 0, 4: 1234, 11: 123, 22: "051", 39: "51", 41: "TERM0001", 49: "840", 55: CHIP})
)


def test_coded_values_are_said_in_words_and_every_byte_has_its_place() -> None:
    explained = explain(SPEC, DECLINED, PROFILE)
    assert explained.summary == "0210 sale declined 51, insufficient funds · USD 12.34 · STAN 000123 · TERM0001"
    said = {entry.path: (entry.value, entry.meaning) for entry in explained.entries}
    assert said["mti"] == ("0210", ["ISO 8583:1987, financial request response, acquirer"])
    assert said["22"] == ("051", ["chip, PIN can be entered"])
    assert said["49"] == ("840", ["USD"])
    assert said["55.95"][1][1] == "online PIN entered"
    places = [entry.place for entry in explained.entries if not entry.depth]
    assert all(
        before is not None and after is not None and before.end == after.start for before, after in pairwise(places)
    )
    assert places[-1] is not None
    assert places[-1].end == len(DECLINED) == explained.length
    assert not explained.faults


def test_the_json_is_the_shape_that_is_documented() -> None:
    made = msgspec.to_builtins(explain(SPEC, DECLINED, PROFILE))
    assert msgspec.convert(made, Explained) == explain(SPEC, DECLINED, PROFILE)
    assert set(made) == {"format", "summary", "spec", "length", "entries"}
    assert made["format"] == 1


def test_what_is_masked_is_masked_among_the_bytes_too() -> None:
    explained = explain(SPEC, DECLINED, PROFILE)
    page = plain(showing.of_explained(explained, DECLINED))
    everything = page + msgspec.json.encode(explained).decode()
    middle = PAN[6:12]
    assert middle not in everything
    assert middle.encode().hex(" ") not in page
    assert "476173******0010" in page
    clear = explain(SPEC, DECLINED, PROFILE, unsafe=True)
    assert middle in plain(showing.of_explained(clear, DECLINED))


@pytest.mark.parametrize(("text", "hidden"), [("CORNER SHOP", False), (f"SHOP {PAN}", True)])
def test_bytes_of_text_are_seen_where_nothing_in_it_is_hidden(text: str, *, hidden: bool) -> None:
    data = SPEC.encode(SPEC.message("0200", {11: "000123", 43: text}))
    explained = explain(SPEC, data, PROFILE)
    (entry,) = [entry for entry in explained.entries if entry.path == "43"]
    assert entry.masked is hidden
    page = plain(showing.of_explained(explained, data))
    assert ("34 37 36 31" in page) is False
    assert (text.encode().hex(" ")[:20] in page) is not hidden


def test_of_a_broken_message_all_that_was_read_is_explained() -> None:
    explained = explain(SPEC, DECLINED[:66], PROFILE)
    assert [entry.path for entry in explained.entries] == ["mti", "bitmap", "2", "3", "4", "11", "22"]
    assert (explained.faults[0].path, explained.faults[0].missing) == ("39", 1)


def test_bytes_that_are_nothing_are_explained_as_that() -> None:
    assert explain(SPEC, b"\xff" * 30).summary == "no message"


@pytest.mark.parametrize("name", spec_names())
@given(data=st.data())
def test_every_message_of_every_spec(name: str, data: st.DataObject) -> None:
    spec: Spec = load_spec(name)
    payload = spec.encode(data.draw(messages(spec)))
    explained = explain(spec, payload, load_profile(spec.profile) if spec.profile else None)
    lines = plain(showing.of_explained(explained, payload)).splitlines()
    assert [entry.path for entry in explained.entries if not entry.depth][:1] == ["mti"]
    assert all(len(line) <= WIDTH for line in lines)
    assert all(line.isprintable() for line in lines)


@given(
    st.binary(max_size=80) | st.integers(0, len(DECLINED)).map(lambda at: DECLINED[:at] + b"\xff" + DECLINED[at + 1 :])
)
def test_any_bytes(data: bytes) -> None:
    explained = explain(SPEC, data, PROFILE)
    assert all(line.isprintable() for line in plain(showing.of_explained(explained, data)).splitlines())


def said_of_54(value: str, spec: Spec = SPEC) -> tuple[str, list[str]]:
    """Return what is shown of DE 54 and what is said of it."""
    (found,) = [
        each for each in explain(spec, spec.encode(spec.message("0210", {54: value}))).entries if each.path == "54"
    ]
    return found.value, found.meaning


def test_additional_amounts_are_said_although_their_digits_are_masked() -> None:
    shown, said = said_of_54("1001840C0000000050001002840D000000000500")
    assert shown == "1001840C" + "*" * 32
    assert said == [
        "savings account, ledger balance USD 50.00 credit",
        "savings account, available balance USD 5.00 debit",
    ]


@pytest.mark.parametrize(
    "value",
    [
        "0002840C476173900101" + "0010840D000000000500",  # a card number across the two, which passes by Luhn
        "0002840C000476173900" + "1010010",
        "4761739001010010",
        "0002000C000000010000",
        "HELLO",
        "0002840C00000001000",
    ],
)
def test_of_what_is_no_additional_amount_nothing_is_said(value: str) -> None:
    assert said_of_54(value)[1] == []


@given(st.text("0123456789CD ", max_size=60), st.integers(0, 60))
def test_no_card_number_comes_out_of_additional_amounts(text: str, at: int) -> None:
    value = (text[:at] + PAN + text[at:])[:120]
    assert PAN[6:12] not in "".join(filter(str.isdecimal, "".join(said_of_54(value)[1])))
