"""Rulings 16 to 24, sentence by sentence where no other story tells them."""

from __future__ import annotations

from datetime import date, time
from zoneinfo import ZoneInfo

import pytest

from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.records import RowState
from tests.support.desk import Desk, setup
from tests.support.stories import reverse, timed_out

PAIRS = pytest.mark.parametrize(
    ("terminal", "host"),
    [
        (terminal, host)
        for terminal in ("iso87-ascii", "cup-pos", "iso93-ascii")
        for host in ("iso87-ascii", "cup-pos", "iso93-ascii")
    ],
)

# Ruling 16.


@PAIRS
def test_the_hosts_rrn_reaches_the_terminal_unchanged(terminal: str, host: str) -> None:
    desk = Desk(setup(terminal, host))
    desk.send(desk.request())
    assert desk.host_answers("00", {37: "0000R7  x9 A"}).get(37) is None
    assert desk.answer()[37] == "0000R7  x9 A"


# Ruling 18.


@pytest.mark.parametrize("code", ["68", "96", "98", "91", "ZZ"])
def test_what_a_host_says_without_deciding_owes_a_reversal(code: str) -> None:
    desk = Desk()
    desk.send(desk.request())
    desk.host_answers("00", {39: code, 37: None, 38: None})
    assert desk.code() == "68"
    assert desk.row().state is RowState.OWES_REVERSAL
    desk.pass_time(0)
    assert desk.host_got()[-1].mti == "0400"


# Ruling 21.


def test_the_business_date_is_what_the_host_says() -> None:
    desk = Desk()
    desk.send(desk.request())
    desk.host_answers("00", {15: "1121"})
    assert desk.code() == "00"
    assert desk.row().business_date == date(2026, 11, 21)


def test_without_de_15_it_is_the_acquirers_cut_over_clocks() -> None:
    desk = Desk(setup(cut_over=time(11, 30), zone=ZoneInfo("UTC")))
    desk.sale()
    assert desk.row().business_date == date(2026, 11, 21)


def test_a_date_that_cannot_be_meant_is_not_believed() -> None:
    desk = Desk()
    for said in ("0505", "9999"):
        desk.send(desk.request(amount=int(said) + 1))
        desk.host_answers("00", {15: said})
        assert desk.code() == "00"
    assert {row.business_date for row in desk.rows()} == {date(2026, 11, 20)}


@pytest.mark.parametrize(("now", "code"), [("1121", "00"), ("1122", "25")])
def test_a_void_is_of_the_same_day_where_the_host_says_so(now: str, code: str) -> None:
    """The host cut over before our midnight; later it says which day it is with every answer."""
    desk = Desk()
    sale = desk.request()
    desk.send(sale)
    desk.host_answers("00", {15: "1121"})
    answer = desk.answer()
    desk.pass_time(11 * 3600)
    desk.send(desk.request(amount=77))
    desk.host_answers("00", {15: now})
    desk.answer()
    void = desk.later(Kind.VOID, (sale, answer))
    desk.send(void)
    if code == "00":
        desk.host_answers("00")
    assert desk.code() == code


@pytest.mark.parametrize(
    ("said", "state"), [("1120", RowState.REVERSED), ("1121", RowState.STUCK), (None, RowState.REVERSED)]
)
def test_not_found_settles_only_while_the_host_says_the_same_day(said: str | None, state: RowState) -> None:
    desk = Desk()
    _, _, reversal = timed_out(desk)
    reverse(desk, reversal, "25", {15: said})
    assert desk.row().state is state


def test_a_debt_keeps_the_business_date_of_its_original() -> None:
    desk = Desk()
    _, _, reversal = timed_out(desk)
    desk.pass_time(86400)
    reverse(desk, desk.host_got()[-1] if desk.sent else reversal, "00")
    assert desk.row().business_date == date(2026, 11, 20)


# Ruling 24.


@PAIRS
def test_a_repeat_is_the_same_but_for_mti_and_de_7(terminal: str, host: str) -> None:
    desk = Desk(setup(terminal, host, keyed=False))
    _, _, reversal = timed_out(desk)
    desk.pass_time(40)
    again = desk.host_got()[-1]
    assert again.evolve({7: reversal.get(7)}, reversal.mti) == reversal
    marked = desk.host_dialect.profile.repeat_mti
    assert (again.mti[3] == "1") == marked
