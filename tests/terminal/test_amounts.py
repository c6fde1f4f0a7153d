"""Amounts are read exactly, by each currency's own decimals; what is wrong with one is said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iso_gateway.codec.currency import CURRENCIES, format_amount
from iso_gateway.errors import ConfigError
from iso_gateway.terminal.amounts import currency_digits, minor_units


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("12.34", "840", 1234),
        ("12", "840", 1200),
        ("12.3", "840", 1230),
        ("0.05", "840", 5),
        ("0", "840", 0),
        ("007.10", "840", 710),
        (" 12.34 ", "840", 1234),
        ("1200", "392", 1200),
        ("1.234", "414", 1234),
        ("1.2345", "990", 12345),
        ("9999999999.99", "840", 999_999_999_999),
        # 4.35 * 100 is 434.99999999999994 for who counts in floats.
        ("4.35", "840", 435),
    ],
)
def test_an_amount_is_read_exactly(text: str, currency: str, minor: int) -> None:
    assert minor_units(text, currency) == minor


@pytest.mark.parametrize(
    ("text", "currency", "said"),
    [
        ("12.345", "840", "USD has 2 decimals, 3 given"),
        ("12.00", "392", "JPY has no decimals, 2 given"),
        ("12,34", "840", "decimals stand after a point"),
        ("-1.00", "840", "digits expected, as in 12.34"),
        ("1e3", "840", "digits expected"),
        (".50", "840", "digits expected"),
        ("12.", "840", "digits expected"),
        ("", "392", "digits expected, as in 12"),
        ("١٢", "840", "digits expected"),
        ("10000000000.00", "840", "DE 4 holds 12 digits"),
    ],
)
def test_what_is_no_amount_is_told_with_the_reason(text: str, currency: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        minor_units(text, currency)


@given(minor=st.integers(0, 10**12 - 1), currency=st.sampled_from(sorted(CURRENCIES)))
def test_what_is_printed_is_read_back(minor: int, currency: str) -> None:
    assert minor_units(format_amount(minor, currency).split()[1], currency) == minor


@pytest.mark.parametrize(("name", "digits"), [("USD", "840"), ("usd", "840"), ("978", "978"), ("Jpy", "392")])
def test_a_currency_is_known_by_letters_and_digits(name: str, digits: str) -> None:
    assert currency_digits(name) == digits


def test_a_currency_that_is_none_gets_the_nearest() -> None:
    with pytest.raises(ConfigError, match="did you mean 'USD'"):
        currency_digits("USDD")
