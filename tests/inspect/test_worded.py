"""Dates, times, amounts and the parts of one dialect, in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iso_gateway import load_spec
from iso_gateway.catalog import load_profile
from iso_gateway.inspect import chip, worded
from iso_gateway.inspect.registers import BY_LETTERS, COUNTRIES, merchant

SPEC = load_spec("iso87-ascii")
SALE = SPEC.message("0200", {3: 0, 4: 1234, 49: "840", 50: "978"})
CUP = load_profile("cup-pos")


@pytest.mark.parametrize(
    ("path", "name", "value", "said"),
    [
        ("7", "transmission_date_time", "1118143005", "18 November, 14:30:05"),
        ("7", "transmission_date_time", "1318143005", ""),
        ("7", "transmission_date_time", "1118993005", ""),
        ("12", "time_local_transaction", "093005", "09:30:05"),
        ("12", "date_time_local_transaction", "251118093005", "18 November 2025, 09:30:05"),
        ("12", "date_time_local_transaction_2003", "20251118093005", "18 November 2025, 09:30:05"),
        ("13", "date_local_transaction", "0229", "29 February"),
        ("15", "date_settlement", "0000", ""),
        ("15", "date_settlement_1993", "251118", "18 November 2025"),
        ("4", "amount_transaction", "000000001234", "USD 12.34"),
        ("28", "amount_transaction_fee", "D00000025", "debit USD 0.25"),
        ("29", "amount_settlement_fee", "C00000025", "credit EUR 0.25"),
        ("6", "amount_cardholder_billing", "000000001234", ""),
        ("95.1", "amount_transaction", "000000002100", "USD 21.00"),
        ("54", "additional_amounts", "0002840C000000010000", "available balance USD 100.00 credit"),
        ("54", "additional_amounts", "2002840D000000010000", "cheque account, available balance USD 100.00 debit"),
        ("54", "additional_amounts", "7799840C000000010000", "account 77, amount 99 USD 100.00 credit"),
        ("54", "additional_amounts", "0002392C000000010000", "available balance JPY 10000 credit"),
        ("54", "additional_amounts", "0002EURC000000010000", "available balance EUR 100.00 credit"),
        (
            "54", "amounts", "0001840D0000000001000040978C000000000500",
            "ledger balance USD 1.00 debit; cash EUR 5.00 credit",
        ),
        ("54", "additional_amounts", "100", ""),
        ("54", "additional_amounts", "0002840C00000001000", ""),
        ("54", "additional_amounts", "0002840E000000010000", ""),
        ("54", "additional_amounts", "0002000C000000010000", ""),
        ("54", "additional_amounts", "0002840C000000010000 ", ""),
        ("54.1", "additional_amount", "0002840C000000010000", "available balance USD 100.00 credit"),
        ("18", "merchant_type", "5411", "supermarket"),
        ("18", "merchant_type", "3501", "hotel"),
        ("18", "merchant_type", "0001", ""),
        ("26", "card_acceptor_business_code", "6011", "cash from a machine"),
        ("48.61.08", "merchant_category_code", "5812", "restaurant"),
        ("19", "acquiring_institution_country_code", "566", "Nigeria"),
        ("20", "pan_extended_country_code", "384", "Côte d'Ivoire"),
        ("43", "card_acceptor_name_location", f"{'SHOP 12':<25}{'LAGOS':<13}NG", "Nigeria"),
        ("43", "card_acceptor_name_location", f"{'SHOP 12':<25}{'LAGOS':<13}XX", ""),
        ("43", "card_acceptor_name_location", f"{'SHOP 12':<40}", ""),
        ("43", "card_acceptor_name_location", "SHOP NG", ""),
        ("69", "settlement_institution_country_code", "000", ""),
        ("54.1.1", "account_type", "30", "credit account"),
        ("54.1.2", "amount_type", "40", "cash"),
        ("4", "amount_transaction_2003", "8402000000001234", "USD 12.34"),
        ("4", "amount_transaction_2003", "3920000000001234", "JPY 1234"),
        ("4", "amount_transaction_2003", "8403000000001234", "USD 1234, 3 of its digits decimals"),
        ("4", "amount_transaction_2003", "0002000000001234", ""),
        ("8", "amount_cardholder_billing_fee_2003", "978200000025", "EUR 0.25"),
        ("30.1", "amount_transaction", "3920000000011000", "JPY 11000"),
        ("97", "amount_net_settlement_2003", "D84020000000000092532", "debit USD 925.32"),
        ("56", "message_reason_code_nibss", "4021", "time-out waiting for the response"),
        ("48.1", "domestic_debit_amount", "000000012300", "USD 123.00"),
        ("48.5", "domestic_result", "2", "out of balance"),
        ("60.3", "network_management_information_code_cup", "380", "chip parameter download"),
        ("60.1", "message_type_code", "23", "void"),
        ("60.1", "message_type_code", "00", ""),
        ("60.3", "network_management_information_code_cup", "301", "echo"),
        ("60.3", "network_management_information_code_cup", "001", "sign-on"),
        ("60.4", "terminal_read_capability", "6", "contactless chip"),
        ("60.6", "partial_approval_capability", "1", "partial approvals"),
        ("37", "retrieval_reference_number", "000000000001", ""),
    ],
)  # fmt: skip
def test_what_a_value_says(path: str, name: str, value: str, said: str) -> None:
    assert worded.meaning(path, name, value, SALE, CUP) == said


@pytest.mark.parametrize(
    ("tag", "value", "said"),
    [
        ("5F2A", "0840", ["USD"]),
        ("5F2A", "0000", []),
        ("9F1A", "0566", ["Nigeria"]),
        ("9F1A", "0000", []),
        ("9F15", "5411", ["supermarket"]),
        ("9A", "251118", ["18 November 2025"]),
        ("9C", "20", ["returns"]),
    ],
)
def test_what_a_tag_says(tag: str, value: str, said: list[str]) -> None:
    assert chip.meanings(tag, bytes.fromhex(value)) == said


def test_the_positions_of_nibss_are_those_of_1993() -> None:
    said = worded.meaning("123", "pos_data_code_nibss", "510101511344101", SALE)
    assert said.startswith("can read chip, can authenticate by PIN")


def test_every_country_and_trade_is_said_once_and_in_a_line() -> None:
    assert len(COUNTRIES) == 249
    assert len(set(COUNTRIES.values())) == 249
    assert sorted(BY_LETTERS.values()) == sorted(COUNTRIES.values())
    for code in range(10_000):
        said = merchant(f"{code:04d}")
        assert said == said.strip()
        assert len(said) <= 50
    assert [code for code in range(3000, 4000) if not merchant(str(code))] == []


NAMES = ["date", "time", "amount_transaction", "amount_transaction_2003", "currency_code", "account_type"]


@given(st.sampled_from(NAMES), st.text(max_size=20) | st.text("0123456789CD", max_size=21))
def test_any_value(name: str, value: str) -> None:
    assert isinstance(worded.meaning("54", name, value, SALE, CUP), str)
