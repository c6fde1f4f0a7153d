"""Faults that stand for a while: read, added, struck, over."""

from __future__ import annotations

import random  # noqa: TID251 -- seeded
from collections.abc import Mapping
from typing import Any

import pytest

from iso_gateway import load_spec
from iso_gateway.errors import ConfigError
from iso_gateway.faults.fault import Fault
from iso_gateway.faults.grammar import fault_of
from iso_gateway.faults.standing import MOST, InForce, standing_of
from iso_gateway.faults.when import Bare
from iso_gateway.protocol.kinds import Kind

SPEC = load_spec("iso87-ascii")
SALE = Bare(SPEC.message("0200", {3: "000000", 4: 6051, 11: "000123", 41: "TERM0001"}), Kind.SALE)
VOID = Bare(SPEC.message("0200", {3: "020000", 4: 6051, 11: "000124", 41: "TERM0001"}), Kind.VOID)
SIGN_ON = Bare(SPEC.message("0800", {11: "000001", 70: "001"}), Kind.SIGN_ON)


class Desk:
    """Faults in force, and what was told of them."""

    def __init__(self) -> None:
        self.told: list[Mapping[str, Any]] = []
        self.faults = InForce(random.Random(1), self.told.append)

    def add(self, text: str, match: str = "", now: float = 0.0, place: str = "") -> int:
        """Add one."""
        return self.faults.add(standing_of(text, match, SPEC), now, place)

    @property
    def what(self) -> list[str]:
        """What happened, in order."""
        return [f"{told['what']} {told['number']}" for told in self.told]


@pytest.mark.parametrize(
    ("text", "match", "again"),
    [
        ("silence", "", "silence for=60s"),
        ("silence times=3 for=2m", "mti:0200 amount:>5000", "silence times=3 for=120s match=mti:0200 amount:>5000"),
        ("for=250ms twice delay=2s", "", "delay=2s twice for=250ms"),
        ("twice match=kind:sale terminal:TERM*", "", "twice for=60s match=kind:sale terminal:TERM*"),
    ],
)
def test_a_standing_fault_is_read_and_written(text: str, match: str, again: str) -> None:
    standing = standing_of(text, match, SPEC)
    assert standing.text == again
    assert standing_of(again, spec=SPEC) == standing


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        standing_of("silense times=0 for=2h twice=3 times=4", "mtl:0200 amount", SPEC)
    assert str(caught.value).splitlines() == [
        "fault: times is said twice",
        "fault: no fault is called 'silense', did you mean 'silence'?",
        "fault: twice: it takes no value",
        "match: 'amount': SUBJECT:PATTERN expected, as in mti:0200",
        "fault: times: a number from 1 to 1000000 expected",
        "fault: for: a duration like 250ms, 2s or 1m expected, an hour at most",
    ]


@pytest.mark.parametrize(
    ("text", "match", "told"),
    [
        ("twice for=0", "", "fault: for: over 0 seconds expected"),
        ("twice for", "", "fault: for: a duration"),
        ("times=3", "", "fault: is empty; known are silence"),
        ("twice match=mti:0200", "mti:0400", "match: is said twice"),
        ("twice", "mtl:0200", "match.mtl: iso87-ascii has no element 'mtl', did you mean 'mti'?"),
    ],
)
def test_what_is_no_standing_fault_is_refused(text: str, match: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        standing_of(text, match, SPEC)
    assert told in str(caught.value)


def test_it_strikes_as_often_as_it_says_and_is_over_then() -> None:
    desk = Desk()
    desk.add("silence times=2")
    assert [desk.faults.strike(SALE, 1.0) for _ in range(3)] == [fault_of("silence"), fault_of("silence"), None]
    assert desk.what == ["added 1", "struck 1", "spent 1"]
    assert not desk.faults


def test_it_is_over_when_its_time_is() -> None:
    desk = Desk()
    desk.add("silence for=2s", now=10.0)
    assert desk.faults.expire(11.0) == 12.0
    assert desk.faults.strike(SALE, 11.9) == fault_of("silence")
    assert desk.faults.strike(SALE, 12.0) is None
    assert desk.faults.rows(12.0) == []
    assert desk.faults.expire(12.0) is None
    assert desk.told[-1] == {"what": "expired", "number": 1, "fault": "silence", "struck": 1}


def test_only_what_fits_its_conditions_is_struck_and_counted() -> None:
    desk = Desk()
    desk.add("twice times=1", "kind:sale amount:*51")
    assert desk.faults.strike(VOID, 0.0) is None
    assert desk.faults.strike(SALE, 0.0) == fault_of("twice")


def test_probability_0_is_never_and_1_always() -> None:
    desk = Desk()
    desk.add("twice", "probability:0")
    desk.add("close", "probability:1")
    assert {desk.faults.strike(SALE, 0.0) for _ in range(100)} == {fault_of("close")}
    assert [row["struck"] for row in desk.faults.rows(0.0)] == [0, 100]


def test_several_strike_together_and_the_earlier_counts_where_they_clash() -> None:
    desk = Desk()
    for text in ("delay=2s", "twice", "silence times=1", "delay=1s wrong=stan"):
        desk.add(text)
    assert desk.faults.strike(SALE, 0.0) == fault_of("delay=2s twice wrong=stan")
    assert [row["struck"] for row in desk.faults.rows(0.0)] == [1, 1, 0, 1]


def test_what_is_about_sign_ons_strikes_nothing_else() -> None:
    desk = Desk()
    desk.add("refuse-sign-on=91 times=1")
    assert desk.faults.strike(SALE, 0.0) is None
    assert desk.faults.strike(SIGN_ON, 0.0) == Fault(refuse_sign_on="91")


def test_those_of_one_place_strike_there_alone() -> None:
    desk = Desk()
    desk.add("twice", place="bank")
    assert desk.faults.strike(SALE, 0.0) is None
    assert desk.faults.strike(SALE, 0.0, "bank") == fault_of("twice")
    assert desk.faults.rows(0.0)[0]["acquirer"] == "bank"


def test_nobody_connects_while_it_is_so() -> None:
    desk = Desk()
    desk.add("refuse-connections for=5s")
    assert desk.faults.strike(SALE, 0.0) is None
    assert [desk.faults.refuses_connections(now) for now in (0.0, 4.9, 5.0)] == [True, True, False]


@pytest.mark.parametrize(("text", "left"), [("restart", []), ("restart refuse-connections for=5s", [1])])
def test_a_restart_happens_once_and_what_goes_on_stays(text: str, left: list[int]) -> None:
    desk = Desk()
    desk.add(text)
    assert desk.faults.begun(0.0) == fault_of(text.removesuffix(" for=5s"))
    assert [row["number"] for row in desk.faults.rows(0.0)] == left


def test_they_are_cleared_by_number_or_all_and_a_wrong_number_clears_none() -> None:
    desk = Desk()
    for _ in range(3):
        desk.add("twice")
    with pytest.raises(ConfigError, match="no fault 7 is in force"):
        desk.faults.clear([1, 7])
    assert desk.faults.clear([1]) == 1
    assert desk.faults.clear() == 2
    assert desk.what[3:] == ["cleared 1", "cleared 2", "cleared 3"]


def test_there_is_a_bound() -> None:
    desk = Desk()
    for _ in range(MOST):
        desk.add("twice")
    with pytest.raises(ConfigError, match="in force already"):
        desk.add("twice")


def test_what_strikes_often_is_told_of_seldom() -> None:
    desk = Desk()
    desk.add("twice")
    for _ in range(1000):
        desk.faults.strike(SALE, 0.0)
    assert [told["times"] for told in desk.told if told["what"] == "struck"] == [1, 10, 100, 1000]


def test_a_change_is_told_of() -> None:
    desk = Desk()
    changes: list[int] = []
    desk.faults.on_change = lambda: changes.append(len(desk.faults.rows(0.0)))
    desk.add("twice times=1")
    desk.faults.strike(SALE, 0.0)
    assert changes == [1, 0]
