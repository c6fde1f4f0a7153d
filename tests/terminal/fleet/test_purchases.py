"""Amounts and cards: no magic cents unless asked for, and nothing twice in a row."""

from __future__ import annotations

import pytest

from iso_gateway.errors import ConfigError
from iso_gateway.host.magic import ENDINGS, KEYED_ENDINGS
from iso_gateway.terminal.fleet.purchases import CARDS, MAGIC_CENTS, Purchases, read_amounts, read_cards
from tests.test_house import PUBLISHED

USD, JPY = "840", "392"


def test_the_magic_cents_are_the_hosts() -> None:
    assert {int(cents) for cents in ENDINGS | KEYED_ENDINGS} == MAGIC_CENTS


def test_the_cards_are_published_ones() -> None:
    assert set(CARDS) <= PUBLISHED


@pytest.mark.parametrize("text", ["", "0.01..20.00"])
def test_a_range_has_no_magic_cents(text: str) -> None:
    assert not {minor % 100 for minor in read_amounts(text, USD)} & MAGIC_CENTS


@pytest.mark.parametrize(
    ("text", "currency", "amounts"),
    [
        ("9.68,12.34", USD, [968, 1234]),
        ("1.00..1.03", USD, [100, 101, 102, 103]),
        ("168..170", JPY, []),
        ("500,1005", JPY, [500, 1005]),
    ],
)
def test_amounts_are_read(text: str, currency: str, amounts: list[int]) -> None:
    if amounts:
        assert read_amounts(text, currency) == amounts
    else:
        with pytest.raises(ConfigError, match="all of them are magic"):
            read_amounts(text, currency)


@pytest.mark.parametrize(
    ("text", "said"),
    [("2.00..1.00", "the smaller one comes first"), ("1.234", "3 given"), ("1.00..", "digits expected")],
)
def test_wrong_amounts_are_told(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        read_amounts(text, USD)


def test_a_wrong_card_is_told_and_not_shown() -> None:
    with pytest.raises(ConfigError) as raised:
        read_cards(("4761-7390",))
    assert "4761" not in str(raised.value)
    assert read_cards(("4761 7390 0101 0010",)) == ("4761739001010010",)
    assert read_cards(()) == CARDS


@pytest.mark.parametrize("count", [1, 2, 7, 100])
def test_all_amounts_come_before_any_comes_again(count: int) -> None:
    purchases = Purchases(list(range(100, 100 + count)), USD)
    for terminal in (0, 3):
        bought = [purchases.nth(terminal, number)[0] for number in range(count)]
        assert len(set(bought)) == count


def test_amounts_are_typed_as_their_currency_has_them() -> None:
    assert Purchases([1205], USD).nth(0, 0)[0] == "12.05"
    assert Purchases([1205], JPY).nth(0, 0)[0] == "1205"
