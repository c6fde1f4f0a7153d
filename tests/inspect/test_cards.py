"""What stands for card numbers in what is shared."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iso_gateway.codec import mask
from iso_gateway.inspect.cards import Cards

KEY = bytes(range(16))
NUMBERS = st.text("0123456789", min_size=12, max_size=19)


@pytest.mark.parametrize(
    ("number", "instead"),
    [
        ("4111111111111111", "4761730000000011"),
        ("5555555555554444", "5413330000000019"),
        ("6250941006528599", "6250940000000019"),
        ("378282246310005", "378282000000016"),
        ("3530111333300000", "3530110000000018"),
        ("6011000990139424", "6011000000000012"),
        ("30569309025904", "30569300000013"),
        ("9792030000000000", "9999990000000014"),
        ("5413330089600119", "5413330000000019"),
    ],
)
def test_the_first_card_of_a_scheme_is_number_one(number: str, instead: str) -> None:
    assert Cards(KEY)(number) == instead


def test_the_second_is_number_two_and_the_first_stays_what_it_was() -> None:
    cards = Cards(KEY)
    first, second = cards("4111111111111111"), cards("4012888888881881")
    assert (first[:-1], second[:-1]) == ("476173000000001", "476173000000002")
    assert cards("4111111111111111") == first
    assert len(cards) == 2


@given(NUMBERS)
def test_length_and_luhn_stay_and_the_number_goes(number: str) -> None:
    instead = Cards(KEY)(number)
    assert len(instead) == len(number)
    assert mask.luhn(instead) == mask.luhn(number)
    assert instead != number


@given(st.lists(NUMBERS, min_size=2, max_size=20, unique=True))
def test_different_cards_stay_different(numbers: list[str]) -> None:
    cards = Cards(KEY)
    assert len({cards(number) for number in numbers}) == len(numbers)


def test_the_number_that_would_stand_for_itself_gets_another() -> None:
    assert Cards(KEY)("4761730000000011") == "4761730000000029"


def test_a_number_that_another_card_has_stands_for_none() -> None:
    cards = Cards(KEY)
    cards.avoid("4761730000000011")
    assert cards("4111111111111111") == "4761730000000029"
    assert cards("4761730000000011") == "4761730000000037"


def test_more_cards_than_are_remembered_still_get_the_same_number_each_time() -> None:
    cards = Cards(KEY, remembered=1)
    cards("4111111111111111")
    assert cards("4012888888881881") == cards("4012888888881881")
    assert len(cards) == 1


def test_what_is_kept_stands_for_itself() -> None:
    cards = Cards(KEY)
    cards.keep("4761730000000011")
    assert cards("4761730000000011") == "4761730000000011"


@pytest.mark.parametrize("number", ["", "1", "41111111111", "41111111111111111111"])
def test_what_is_too_short_or_long_for_a_card_is_zeros(number: str) -> None:
    assert Cards(KEY)(number) == "0" * len(number)


def test_nothing_of_a_number_is_kept_in_clear() -> None:
    cards = Cards(KEY)
    cards("4111111111111111")
    assert repr(cards) == "<Cards, 1 known>"
    assert "1111111111" not in str(vars(cards))
