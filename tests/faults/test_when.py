"""Conditions: which messages are meant."""

from __future__ import annotations

import random  # noqa: TID251 -- seeded

import pytest

from iso_gateway import load_spec
from iso_gateway.errors import ConfigError
from iso_gateway.faults.pattern import Pattern
from iso_gateway.faults.when import Bare, Counting, Miss, resolved, when_of
from iso_gateway.protocol.kinds import Kind

SPEC = load_spec("iso87-ascii")
SALE = SPEC.message("0200", {3: "000000", 4: 6051, 11: "000123", 41: "TERM0001"})


@pytest.mark.parametrize(
    ("pattern", "fits", "others"),
    [
        ("0200", ["0200", "0200  "], ["0201", "", None]),
        ("TERM*", ["TERM", "TERM0001"], ["XTERM", None]),
        ("TERM000?", ["TERM0001"], ["TERM00011", "TERM000"]),
        ("[1]*", ["[1]2"], ["1"]),
        ("*51", ["6051"], ["5160"]),
        (">5000", ["5001", "00005001"], ["5000", "x", None]),
        ("<=10", ["10", "-3"], ["11"]),
        ("1..3", ["1", "3"], ["0", "4", None]),
        ("05|51", ["05", "51"], ["00", None]),
        ("!00", ["05", None], ["00"]),
        ("present", [""], [None]),
        ("absent", [None], [""]),
    ],
)
def test_patterns(pattern: str, fits: list[str | None], others: list[str | None]) -> None:
    read = Pattern(pattern)
    assert all(read.fits(value) for value in fits)
    assert not any(read.fits(value) for value in others)


def test_conditions_in_words_and_as_a_table_are_the_same() -> None:
    words = when_of("mti:0200 amount:>5000 terminal:TERM* nth:3 probability:0.5")
    table = {"mti": "0200", "amount": ">5000", "terminal": "TERM*", "nth": "3", "probability": "0.5"}
    assert words == when_of(table)
    assert words.misses(Bare(SALE, Kind.SALE)) == []


def test_what_does_not_hold_is_told_with_what_was_found() -> None:
    when = resolved(when_of("kind:void amount:<5000 39:00 processing_code:000000"), SPEC)
    assert when.misses(Bare(SALE, Kind.SALE)) == [
        Miss("kind", "void", "sale"),
        Miss("amount", "<5000", "6051"),
        Miss("39", "00", None),
    ]


@pytest.mark.parametrize(("nth", "meant"), [("2", [2]), ("2..3", [2, 3]), ("every,2", [2, 4]), ("1", [1])], ids=str)
def test_the_nth_of_those_that_fit(nth: str, meant: list[int]) -> None:
    counting = Counting(when_of({"mti": "0200", "nth": nth}), random.Random(1))
    other = SALE.evolve({41: "TERM0002"})
    held = []
    for number in range(1, 5):
        held += [number] if counting.holds(Bare(SALE)) else []
        counting.holds(Bare(other))
    assert held == meant


def test_probability_0_is_never_and_1_always() -> None:
    assert not any(Counting(when_of("probability:0"), random.Random(1)).holds(Bare(SALE)) for _ in range(100))
    assert all(Counting(when_of("probability:1"), random.Random(1)).holds(Bare(SALE)) for _ in range(100))


@pytest.mark.parametrize(
    "said",
    ["mti", "mti:0200 mti:0210", "nth:0", "nth:5..3", "nth:x", "probability:2", "probability:nan", "amount:9..1"],
)
def test_what_is_no_condition_is_refused(said: str) -> None:
    with pytest.raises(ConfigError):
        when_of(said)


def test_elements_that_the_spec_does_not_have_are_told() -> None:
    with pytest.raises(ConfigError) as raised:
        resolved(when_of("amonut:5 999:x mti:0200 55.9F26:* account.available:>0"), SPEC)
    assert len(raised.value.problems) == 2
    assert "no element 'amonut', did you mean 'amount'?" in str(raised.value)


def test_elements_and_parts_are_called_as_the_spec_calls_them() -> None:
    batch = "pos_transaction_type_and_batch.batch_number:000001"
    said = f"card_acceptor_terminal_id:TERM* merchant:M* {batch} icc_data.9f26:present icc_data.5F34:01"
    when = resolved(when_of(said), load_spec("cup-pos"))
    assert [condition.subject for condition in when.conditions] == ["41", "merchant", "60.2", "55.9F26", "55.5F34"]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("mti:200", "when.mti: never fits: iso87-ascii has no such message type"),
        ("amount:>abc", "when.amount: never fits: a number is expected after >, as in >5000"),
        ("amount:5x0", "when.amount: never fits: an amount is a number of minor units"),
        ("kind:sael", "when.kind: never fits: no kind of message, did you mean 'sale'?"),
        ("original.kind:sale|viod", "when.original.kind: never fits: no kind of message, did you mean 'void'?"),
        ("3:00", "when.3: never fits: 6 digits expected"),
        ("39:000", "when.39: never fits: at most 2 characters expected"),
        ("11:!12345x", "when.11: never fits: digits expected"),
        ("52:xyz", "when.52: never fits: hexadecimal, in capitals, expected"),
        ("account.avialable:>0", "when.account.avialable: iso87-ascii has no element 'account.avialable', did you"),
        ("41.1:x", "when.41.1: nothing is known of what is inside 41"),
    ],
)
def test_what_no_message_of_the_spec_fits_is_told(said: str, why: str) -> None:
    with pytest.raises(ConfigError) as raised:
        resolved(when_of(said), SPEC)
    assert str(raised.value).startswith(why)


def test_the_nth_of_all_terminals_together() -> None:
    counting = Counting(when_of("nth_of_all:2..3"), random.Random(1))
    terminals = [SALE.evolve({41: f"TERM000{number}"}) for number in (1, 2, 1, 2)]
    assert [counting.holds(Bare(each)) for each in terminals] == [False, True, True, False]


def test_counting_tells_what_it_counted() -> None:
    counting = Counting(when_of("nth:2 probability:0"), random.Random(1))
    assert counting.misses(Bare(SALE)) == [Miss("nth", "2", "1")]
    assert counting.misses(Bare(SALE)) == [Miss("probability", "0", None)]
