"""What is due when: the same for the same seed, the number exact, every terminal in its turn."""

from __future__ import annotations

from collections import Counter

import pytest

from iso_gateway.errors import ConfigError
from iso_gateway.terminal.fleet.course import names_from
from iso_gateway.terminal.fleet.schedule import dues, how_many, read_mix
from iso_gateway.terminal.orders import Verb

MIX = {Verb.SALE: 3, Verb.VOID: 1}


def test_the_same_seed_gives_the_same_run() -> None:
    assert list(dues(50, 4, MIX, 7, 5)) == list(dues(50, 4, MIX, 7, 5))
    assert list(dues(50, 4, MIX, 7, 5)) != list(dues(50, 4, MIX, 7, 6))


def test_each_slot_has_one_and_each_terminal_its_turn() -> None:
    due = list(dues(50, 4, MIX, 8, 1))
    assert len(due) == how_many(50, 4) == 200
    assert all(number / 50 <= each.at < (number + 1) / 50 for number, each in enumerate(due))
    assert set(Counter(each.terminal for each in due).values()) == {25}
    assert 120 < sum(each.verb is Verb.SALE for each in due) < 180


def test_a_run_has_one_transaction_at_least() -> None:
    assert how_many(0.01, 1) == 1


def test_a_mix_is_kinds_and_weights() -> None:
    assert read_mix("sale=80, void=5,balance=0") == {Verb.SALE: 80, Verb.VOID: 5}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sael=1", "no kind 'sael', did you mean 'sale'?"),
        ("settle=1", "no kind 'settle'"),
        ("sale", "sale needs a weight"),
        ("sale=-1", "sale needs a weight"),
        ("sale=1,sale=2", "sale stands there twice"),
        ("sale=0", "all weights are 0"),
        ("", "no kind ''"),
    ],
)
def test_a_wrong_mix_is_told(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said.replace("?", r"\?")):
        read_mix(text)


def test_all_that_is_wrong_with_a_mix_is_told_at_once() -> None:
    with pytest.raises(ConfigError) as raised:
        read_mix("sael=1,void")
    assert len(raised.value.problems) == 2


@pytest.mark.parametrize(
    ("first", "count", "names"),
    [
        ("TERM0001", 3, ["TERM0001", "TERM0002", "TERM0003"]),
        ("T9", 1, ["T9"]),
        ("00000098", 2, ["00000098", "00000099"]),
    ],
)
def test_terminals_are_counted_upward(first: str, count: int, names: list[str]) -> None:
    assert names_from(first, count) == names


@pytest.mark.parametrize(("first", "count"), [("TERM9999", 2), ("TILL", 1), ("T9", 2)])
def test_names_that_run_out_are_told(first: str, count: int) -> None:
    with pytest.raises(ConfigError, match=f"{first} cannot be counted on to {count} terminals"):
        names_from(first, count)
