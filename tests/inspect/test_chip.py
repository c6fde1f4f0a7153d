"""What the chip's coded values say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iso_gateway import load_spec
from iso_gateway.catalog import load_profile
from iso_gateway.inspect import chip
from iso_gateway.inspect.explaining import explain


@pytest.mark.parametrize(
    ("tag", "value", "said"),
    [
        ("95", "0000000000", ["nothing set"]),
        ("95", "8000048000", [
            "offline data authentication was not performed", "online PIN entered",
            "transaction exceeds the floor limit",
        ]),
        ("82", "1980", [
            "cardholder verification supported", "terminal risk management is to be performed", "CDA supported",
            "EMV mode supported",
        ]),
        ("9B", "E800", [
            "offline data authentication was performed", "cardholder verification was performed",
            "card risk management was performed", "terminal risk management was performed",
        ]),
        ("9F34", "420300", [
            "enciphered PIN verified online, if the terminal supports it, else the next rule: result unknown",
        ]),
        ("9F34", "1E0302", ["signature, if the terminal supports it: successful"]),
        ("9F34", "3F0000", ["no CVM performed"]),
        ("8E", "00000000000003E842031F06", [
            "Y = 1000", "enciphered PIN verified online, if the terminal supports it, else the next rule",
            "no CVM required, if under X in the application's currency",
        ]),
        ("9F27", "80", ["ARQC: online authorization requested"]),
        ("9F27", "0A", ["AAC: declined", "advice required", "PIN try limit exceeded"]),
        ("9F35", "22", ["attended, offline with online capability, of a merchant"]),
        ("8A", "5931", ["Y1, approved offline"]),
        ("8A", "3030", ['"00"']),
        ("8A", "0000", []),
        ("9F33", "E0F0C8", [
            "manual key entry", "magnetic stripe", "chip with contacts", "plaintext PIN for chip verification",
            "enciphered PIN for online verification", "signature", "enciphered PIN for offline verification",
            "SDA", "DDA", "CDA",
        ]),
        ("9F26", "0102030405060708", []),
        ("95", "0004", ["byte 2, bit 3: reserved", "2 bytes, though it has 5"]),
        ("9F33", "000004", ["byte 3, bit 3: reserved"]),
        ("9F40", "F000F0A001", [
            "cash", "goods", "services", "cashback", "numeric keys", "alphabetical and special keys", "command keys",
            "function keys", "print for the attendant", "display for the attendant", "code table 1",
        ]),
        ("9F40", "0080000380", ["cash deposit", "code table 10", "code table 9", "code table 8"]),
        ("9F07", "AB80", [
            "domestic cash", "domestic goods", "domestic services", "at ATMs", "at terminals other than ATMs",
            "domestic cashback",
        ]),
        ("9F0D", "0000008000", ["transaction exceeds the floor limit"]),
        ("84", "A0000003330101", ["UnionPay"]),
        ("9F06", "A0000000999999", []),
        ("9F36", "0042", ["66"]),
        ("9F21", "143005", ["14:30:05"]),
        ("9F39", "07", ["contactless chip"]),
        ("50", "56495341", ['"VISA"']),
        ("9F1E", "3132333435363738", ['"12345678"']),
        ("9F1E", "0102", []),
        ("9F4E", b"4111111111111111".hex(), ['"411111******1111"']),
        ("9F5B", "2000000000", ["script processing was successful"]),
        ("DF31", "1300000000", ["script processing failed at command 3"]),
        ("9F02", "000000001234", []),
    ],
)  # fmt: skip
def test_a_value_in_words(tag: str, value: str, said: list[str]) -> None:
    assert chip.meanings(tag, bytes.fromhex(value)) == said


def test_what_a_tag_needs_of_the_rest_of_the_message() -> None:
    context = chip.Context("414", load_profile("iso87").meaning)
    assert chip.meanings("9F02", bytes.fromhex("000000001234"), context) == ["KWD 1.234"]
    assert chip.meanings("9F03", bytes.fromhex("00000000123F"), context) == []
    assert chip.meanings("8A", b"51", context) == ["51, insufficient funds"]


def test_the_amounts_of_the_chip_are_in_its_own_currency_and_an_unknown_tag_is_told_to_be_that() -> None:
    spec = load_spec("iso87-ascii")
    chip_data = bytes.fromhex("9F02060000000012345F2A020392DF190100")
    explained = explain(spec, spec.encode(spec.message("0200", {49: "840", 55: chip_data})))
    said = {each.path: each.meaning for each in explained.entries}
    assert said["55.9F02"] == ["JPY 1234"]
    assert said["55.DF19"] == ["unknown tag"]


BITS = {"82": 2, "95": 5, "9B": 2, "9F07": 2, "9F0D": 5, "9F33": 3, "9F40": 5, "9F66": 4, "9F6C": 2}


@pytest.mark.parametrize("tag", BITS)
def test_every_bit_is_told_and_none_twice(tag: str) -> None:
    each = [chip.meanings(tag, (1 << bit).to_bytes(BITS[tag])) for bit in range(8 * BITS[tag])]
    assert all(len(said) == 1 for said in each)
    assert len({said[0] for said in each}) == len(each)
    assert len(chip.meanings(tag, b"\xff" * BITS[tag])) == len(each)


@given(st.sampled_from(sorted(chip.CODED)), st.binary(max_size=40))
def test_any_bytes_are_taken(tag: str, value: bytes) -> None:
    assert all(line and line.isprintable() for line in chip.meanings(tag, value))
