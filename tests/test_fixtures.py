"""Every message of fixtures/ says the same to our codec, in both directions, and to the independent decoders."""

from __future__ import annotations

import copy
import re
from collections import Counter

import iso8583
import pytest
from iso8583.specs import default, default_ascii

from iso_gateway.catalog import load_spec
from tests.support.fixture_files import Sample, all_samples, spec_names
from tests.support.shipped import SHIPPED_SPECS

SAMPLES = all_samples()
each_sample = pytest.mark.parametrize("sample", SAMPLES, ids=str)

PUBLISHED_TEST_PANS = {
    "4761739001010010",
    "4111111111111111",
    "4012888888881881",
    "5413330089600119",
    "5555555555554444",
    "6250941006528599",
    "378282246310005",
    "6011000990139424",
    "3530111333300000",
}
NO_CARD_NUMBERS = {"420701032124328"}
"""Tag 42, its length and value, tag 43 and its length in DE 48 of a sample: by chance with a right check digit."""
MADE_OF_OTHER_NUMBERS = {53, 60, 61}
"""Control information; type, batch and codes; batch and STAN: 2600000000000000 has a right check digit too."""


def by_name(spec: str, name: str) -> Sample:
    return next(sample for sample in SAMPLES if (sample.spec, sample.name) == (spec, name))


@each_sample
def test_the_bytes_decode_to_the_fields(sample: Sample) -> None:
    message = load_spec(sample.spec).decode(sample.raw)
    assert message.mti == sample.mti
    assert {number: message[number] for number in message} == sample.fields


@each_sample
def test_the_fields_encode_to_the_bytes(sample: Sample) -> None:
    spec = load_spec(sample.spec)
    assert spec.encode(spec.message(sample.mti, sample.fields)) == sample.raw


@each_sample
def test_what_was_decoded_encodes_to_the_bytes_again(sample: Sample) -> None:
    spec = load_spec(sample.spec)
    assert spec.encode(spec.decode(sample.raw)) == sample.raw


@each_sample
def test_pyiso8583_agrees_in_both_directions(sample: Sample) -> None:
    assert "pyiso8583" in sample.checked_by
    lowered = load_spec(sample.spec).to_pyiso8583()
    theirs, _ = iso8583.decode(sample.raw, lowered)
    assert without_bitmaps(theirs) == document(sample)
    raw, _ = iso8583.encode(document(sample), lowered)
    assert bytes(raw) == sample.raw


@pytest.mark.parametrize("sample", [sample for sample in SAMPLES if sample.spec == "iso87-ascii"], ids=str)
def test_pyiso8583_agrees_with_its_own_table_too(sample: Sample) -> None:
    theirs, _ = iso8583.decode(sample.raw, default_ascii)
    assert without_bitmaps(theirs) == document(sample)


@pytest.mark.parametrize("sample", [sample for sample in SAMPLES if sample.spec == "iso87-ebcdic"], ids=str)
def test_pyiso8583_agrees_with_its_own_table_moved_to_ebcdic(sample: Sample) -> None:
    moved = copy.deepcopy(default)
    for row in moved.values():
        row["len_enc"] = "cp500"
        if row["data_enc"] == "ascii":
            row["data_enc"] = "cp500"
    theirs, _ = iso8583.decode(sample.raw, moved)
    assert without_bitmaps(theirs) == document(sample)


def document(sample: Sample) -> dict[str, str]:
    """Return *sample* as pyiso8583 has messages: text by number, bytes as hexadecimal characters."""
    fields = {
        str(number): value.hex().upper() if isinstance(value, bytes) else value
        for number, value in sample.fields.items()
    }
    return {"t": sample.mti, **fields}


def without_bitmaps(decoded: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in decoded.items() if key not in {"h", "p", "1"}}


@pytest.mark.parametrize(
    ("spec", "name", "path", "value"),
    [
        ("iso87-ascii", "chip_sale_with_pin", "55.9F02", bytes.fromhex("000000001234")),
        ("iso87-ascii", "chip_sale_with_pin", "55.84", bytes.fromhex("A0000000031010")),
        ("iso87-ascii", "void", "90.1", "0200"),
        ("iso87-ascii", "void", "90.2", "000123"),
        ("iso87-binary", "partial_reversal", "90.5", "00007654321"),
        ("iso87-binary", "partial_reversal", "95.1", "000000002100"),
        ("iso93-ascii", "chip_sale_with_pin", "55.5A", bytes.fromhex("4761739001010010")),
        ("iso93-ascii", "reversal_advice", "56.3", "251118093005"),
        ("iso93-ascii", "reversal_advice", "56.5", "12345678901"),
        ("iso87-ebcdic", "chip_sale_with_pin", "55.9F02", bytes.fromhex("000000001234")),
        ("iso87-ebcdic", "void", "90.2", "000123"),
        ("iso93-binary", "chip_sale_with_pin", "55.5A", bytes.fromhex("4761739001010010")),
        ("iso93-binary", "reversal_advice", "56.5", "12345678901"),
        ("cup-pos", "mag_stripe_sale", "60.1", "22"),
        ("cup-pos", "mag_stripe_sale", "60.2", "000001"),
        ("cup-pos", "sign_on_request", "60.3", "005"),
        ("cup-pos", "void", "61.2", "000401"),
        ("cup-pos", "refund", "61.3", "1118"),
        ("cup-pos", "sale_approved", "63.1", "CUP"),
        ("cup-pos", "sale_approved", "63.2", "交易成功"),
        ("cup-pos", "sign_on_with_double_length_keys", "62.2", bytes.fromhex("01020304")),
        ("cup-pos", "sign_on_with_track_key", "62.6", bytes.fromhex("11223344")),
        ("cup-pos", "batch_totals", "48.1", "000000012300"),
        ("cup-pos", "batch_totals", "48.4", "001"),
        ("iso2003", "chip_sale_with_pin", "4.1", "840"),
        ("iso2003", "chip_sale_with_pin", "4.3", "000000001234"),
        ("iso2003", "chip_sale_with_pin", "22.1", bytes.fromhex("00000004")),
        ("iso2003", "chip_sale_with_pin", "55.9F36", bytes.fromhex("0042")),
        ("iso2003", "reversal_advice", "56.2", "000000000301"),
        ("iso2003", "reconciliation", "74.8", "0000000012"),
        ("nibss-pos", "chip_sale_of_a_library", "55.9F36", bytes.fromhex("0D5A")),
        ("nibss-pos", "reversal", "90.2", "000011"),
        ("nibss-pos", "parameter_answer", "62.03", "2033LA000000001"),
    ],
)
def test_what_lies_inside_a_field_is_found_by_its_path(spec: str, name: str, path: str, value: str | bytes) -> None:
    assert load_spec(spec).decode(by_name(spec, name).raw)[path] == value


@each_sample
def test_no_secret_of_a_sample_stands_in_its_repr(sample: Sample) -> None:
    shown = repr(load_spec(sample.spec).decode(sample.raw))
    secrets = {sample.fields[number] for number in (2, 35, 36, 45, 52, 55) if sample.fields.get(number)}
    for secret in secrets:
        assert (secret.hex() if isinstance(secret, bytes) else secret) not in shown.lower()
        assert (secret.hex().upper() if isinstance(secret, bytes) else secret) not in shown


def test_there_are_enough_messages_of_each_spec() -> None:
    assert len(SAMPLES) >= 30
    assert all(count >= 8 for count in Counter(sample.spec for sample in SAMPLES).values())
    assert spec_names() == list(SHIPPED_SPECS)


def test_no_two_messages_of_a_spec_have_one_name() -> None:
    assert [name for name, count in Counter(map(str, SAMPLES)).items() if count > 1] == []


@each_sample
def test_a_sample_says_where_it_is_from_and_has_each_pan_published(sample: Sample) -> None:
    assert sample.source
    assert card_numbers(sample) <= PUBLISHED_TEST_PANS


def test_the_search_for_card_numbers_finds_one_in_every_place() -> None:
    assert card_numbers(by_name("iso93-ascii", "chip_sale_with_pin")) == {"4761739001010010"}
    foreign = Sample(
        "", "", "", (), "0200", {48: "PAID WITH 4242424242424242", 55: bytes.fromhex("5A084000056655665556")}, b""
    )
    assert card_numbers(foreign) == {"4242424242424242", "4000056655665556"}


def card_numbers(sample: Sample) -> set[str]:
    """Return what could be a card number in any field that is not made of other numbers.

    In text it is a run of 13 to 19 digits that starts like a card's and has a right check digit (ISO/IEC 7812);
    in bytes, such digits behind tag 5A or 57 and a length.
    """
    found: set[str] = set()
    for number, value in sample.fields.items():
        if isinstance(value, bytes):
            found.update(re.findall(r"(?:5A0[7-9A]|57[01][0-9A-F])([2-6]\d{12,18})", value.hex().upper()))
        elif number not in MADE_OF_OTHER_NUMBERS:
            found.update(re.findall(r"(?<!\d)[2-6]\d{12,18}(?!\d)", value))
    return {run for run in found if luhn(run)} - NO_CARD_NUMBERS


def luhn(digits: str) -> bool:
    doubled = [int(digit) * (1 + index % 2) for index, digit in enumerate(reversed(digits))]
    return sum(each // 10 + each % 10 for each in doubled) % 10 == 0
