"""What people and scripts are shown of a message."""

from __future__ import annotations

import json

import pytest

from iso_gateway.codec.describe import describe, summary, to_json, verdict
from iso_gateway.codec.message import Message
from iso_gateway.codec.spec import Spec

PAN = "4761739001010010"
ICC = bytes.fromhex("9F260801020304050607085A08476173900101001082008201AA")


@pytest.fixture
def sale(packed: Spec) -> Message:
    return packed.message("0201", {2: PAN, 4: 1234, 11: 123, 41: "TERM0001", 49: "840", 55: ICC, 60: "22000001000"})


def test_a_table_for_people(sale: Message) -> None:
    assert describe(sale).splitlines() == [
        "0201 financial request, repeat",
        "2     pan                               476173******0010",
        "4     amount                            000000001234",
        "11    stan                              000123",
        "41    terminal                          TERM0001",
        "49    currency                          840",
        "55    icc                               <26 bytes>",
        "  9F26  application_cryptogram          0102030405060708",
        "  5A    application_pan                 <8 bytes>",
        "  82    application_interchange_profile",
        "  82    application_interchange_profile AA",
        "60    batch                             ***********",
        "  1     message_type_code               22",
        "  2     batch_number                    000001",
        "  3     rest                            ***",
    ]


def test_long_values_go_on_below_and_nothing_is_over_80_columns(packed: Spec) -> None:
    text = describe(packed.message("0200", {63: bytes(200), 55: {"9F26": bytes(120)}}), unsafe=True)
    assert max(map(len, text.splitlines())) <= 80
    assert text.replace("\n", "").replace(" ", "").count("0" * 400) == 1


def test_a_broken_element_is_shown_with_its_fault(packed: Spec) -> None:
    text = describe(packed.message("0200", {55: bytes.fromhex("9F2608010203")}))
    assert "(cannot be read)" in text
    assert "3 bytes left, 8 needed" in text


def test_a_message_without_a_spec_or_a_known_type_is_shown_too() -> None:
    assert describe(Message("9999", {39: "00"})).splitlines() == ["9999", f"39{'':38}00"]


def test_unsafe_plain_data_makes_the_same_message_again(packed: Spec, sale: Message) -> None:
    plain = json.loads(json.dumps(to_json(sale, unsafe=True)))
    assert packed.message(plain["mti"], {int(key): value for key, value in plain["fields"].items()}) == sale
    assert plain["parts"]["55"] == {"9F26": "0102030405060708", "5A": PAN, "82": ["", "AA"]}


def test_plain_data_is_masked(sale: Message) -> None:
    plain = to_json(sale)
    assert plain["fields"]["2"] == "476173******0010"
    assert plain["fields"]["55"] == "<26 bytes>"
    assert plain["parts"]["60"] == {"1": "22", "2": "000001", "3": "***"}
    assert PAN not in json.dumps(plain)
    assert "parts" not in to_json(sale.evolve({55: None, 60: None}))


@pytest.mark.parametrize(
    ("mti", "fields", "line"),
    [
        ("0200", {4: 1234, 11: 123, 49: "840", 41: "TERM0001"}, "0200 · USD 12.34 · STAN 000123 · TERM0001"),
        ("0210", {4: 1234, 11: 123, 39: "00"}, "0210 approved 00 · 1234 minor units · STAN 000123"),
        ("0210", {39: "51"}, "0210 declined 51"),
        ("0400", {39: "98"}, "0400 98"),
        ("0800", {}, "0800"),
    ],
)
def test_a_line_that_says_what_happened(chars: Spec, mti: str, fields: dict[int, object], line: str) -> None:
    assert summary(chars.message(mti, fields)) == line


@pytest.mark.parametrize(
    ("code", "word"),
    [("00", "approved"), ("000", "approved"), ("10", "approved"), ("400", "accepted"), ("800", "accepted"),
     ("05", "declined"), ("51", "declined"), ("907", "declined"), ("", "declined")],
)  # fmt: skip
def test_a_code_in_one_word(code: str, word: str) -> None:
    assert verdict(code) == word
