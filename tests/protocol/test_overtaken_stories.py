"""A copy of a request that comes in after its repeat was answered: what the terminal heard holds."""

from __future__ import annotations

import pytest

from iso_gateway import Message
from iso_gateway.protocol.overtaken import REMEMBERED, Refusals, earlier
from tests.support.desk import Desk

KEY = ("M", "T", "", "000001", "sale")


def refused(desk: Desk) -> Message:
    """Have the repeat of a sale refused, for no link is up, before the sale itself comes in; return the sale."""
    sale = desk.request()
    desk.lose_link()
    desk.pass_time(5)
    assert desk.asked(desk.repeat(sale), "t2") == "91"
    desk.bring_up()
    return sale


def test_what_comes_in_after_its_repeat_was_refused_is_not_sent() -> None:
    desk = Desk()
    sale = refused(desk)
    desk.host_got()
    desk.send(sale, "t1")
    assert desk.code() == "91"
    assert desk.host_got() == []
    assert desk.rows() == []


def test_a_terminal_that_asks_again_after_the_refusal_is_heard() -> None:
    desk = Desk()
    sale = refused(desk)
    desk.pass_time(5)
    desk.send(desk.repeat(sale), "t2")
    desk.host_answers("00")
    assert desk.code() == "00"


def test_the_same_message_again_is_no_older_than_itself() -> None:
    desk = Desk()
    desk.lose_link()
    sale = desk.request()
    assert desk.asked(sale) == "91"
    desk.bring_up()
    desk.send(sale)
    desk.host_answers("00")
    assert desk.code() == "00"


def test_a_refusal_is_forgotten_after_a_while() -> None:
    refusals = Refusals()
    refusals.add(KEY, "1120120005", "91", 0.0)
    assert refusals.before(KEY, "1120120000", REMEMBERED - 1) == "91"
    assert refusals.before(KEY, "1120120000", REMEMBERED) == ""
    refusals.add(("M", "T", "", "000002", "sale"), "1120120005", "91", REMEMBERED)
    assert len(refusals) == 1


def test_a_message_that_does_not_say_when_it_was_sent_is_never_older() -> None:
    refusals = Refusals()
    refusals.add(KEY, "", "91", 0.0)
    assert len(refusals) == 0
    refusals.add(KEY, "1120120005", "91", 0.0)
    assert refusals.before(KEY, "", 1.0) == ""


@pytest.mark.parametrize(
    ("one", "other", "before"),
    [
        ("1120120000", "1120120001", True),
        ("1120120001", "1120120001", False),
        ("1120120002", "1120120001", False),
        ("1231235959", "0101000000", True),
        ("0101000000", "1231235959", False),
        ("1130235959", "1201000000", True),
    ],
)
def test_the_year_may_end_between_two_copies(one: str, other: str, before: bool) -> None:  # noqa: FBT001
    assert earlier(one, other) is before
