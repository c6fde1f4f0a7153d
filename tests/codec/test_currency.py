"""Currencies: where the point goes."""

from __future__ import annotations

import pytest

from iso_gateway.codec.currency import CURRENCIES, find, format_amount


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (1234, "840", "USD 12.34"),
        (5, "978", "EUR 0.05"),
        (-150, "978", "-EUR 1.50"),
        (0, "156", "CNY 0.00"),
        (1200, "392", "JPY 1200"),
        (1234, "414", "KWD 1.234"),
        (12345, "990", "CLF 1.2345"),
        (1234, "USD", "USD 12.34"),
        (1234, None, "1234 minor units"),
        (1234, "000", "000 1234 minor units"),
        (1234, "S  ", "1234 minor units"),
        (1234, " LA", "1234 minor units"),
    ],
)
def test_an_amount_as_people_read_it(minor: int, currency: str | None, text: str) -> None:
    assert format_amount(minor, currency) == text


def test_each_currency_has_its_code_once() -> None:
    assert len(CURRENCIES) == len({each.code for each in CURRENCIES.values()})
    assert all(len(number) == 3 and number.isdecimal() for number in CURRENCIES)
    assert all(len(each.code) == 3 and each.code.isupper() for each in CURRENCIES.values())


@pytest.mark.parametrize(
    ("number", "code", "exponent"),
    [
        ("036", "AUD", 2), ("124", "CAD", 2), ("156", "CNY", 2), ("344", "HKD", 2), ("356", "INR", 2),
        ("392", "JPY", 0), ("410", "KRW", 0), ("446", "MOP", 2), ("566", "NGN", 2), ("702", "SGD", 2),
        ("704", "VND", 0), ("756", "CHF", 2), ("788", "TND", 3), ("826", "GBP", 2), ("901", "TWD", 2),
        ("048", "BHD", 3), ("952", "XOF", 0), ("532", "XCG", 2), ("924", "ZWG", 2),
    ],
)  # fmt: skip
def test_the_table_against_the_standard(number: str, code: str, exponent: int) -> None:
    assert CURRENCIES[number] == (code, exponent)
    assert find(code) is CURRENCIES[number]
