"""Stories of cut-over: the host says which business date begins, and what was made before stays of its day."""

from __future__ import annotations

from datetime import date, time

import pytest

from iso_gateway import Message
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.records import RowState
from tests.support.desk import Desk, setup

TODAY, TOMORROW = date(2026, 11, 20), date(2026, 11, 21)
HOSTS = pytest.mark.parametrize("host", ["iso87-ascii", "iso93-ascii"])


def announced(desk: Desk, day: str = "") -> Message:
    """Let the host announce a cut-over to *day*, MMDD, or to none that it names; return the gateway's answer."""
    facts: dict[str, str | bytes] = {
        "transmission_date_time": desk.now.wall.strftime("%m%d%H%M%S"),
        "system_trace_audit_number": "000042",
        **({"date_settlement": day} if day else {}),
    }
    if desk.host_dialect.number("date_time_local_transaction"):
        facts |= {"date_local_transaction": "1120", "time_local_transaction": "120000"}
    desk.host_sends(desk.host_dialect.network(Kind.CUT_OVER, facts, desk.now.wall.date()))
    return desk.sent.pop()[2]


@HOSTS
def test_a_cut_over_of_the_host_is_answered_and_moves_the_business_date(host: str) -> None:
    desk = Desk(setup(host, host))
    desk.sale()
    answer = announced(desk, "1121")
    assert (desk.host_dialect.canonical(answer), answer[11]) == ("00", "000042")
    desk.sale()
    assert [row.business_date for row in desk.rows()] == [TODAY, TOMORROW]
    assert desk.said("cut-over") == [{"link": "bank-1", "business_date": "2026-11-21"}]


@HOSTS
def test_a_cut_over_that_names_no_day_begins_the_next_one(host: str) -> None:
    desk = Desk(setup(host, host))
    announced(desk)
    desk.sale()
    assert desk.row().business_date == TOMORROW


def test_an_echo_of_the_host_moves_nothing() -> None:
    desk = Desk()
    facts: dict[str, str | bytes] = {"transmission_date_time": "1120120000", "system_trace_audit_number": "000042"}
    desk.host_sends(desk.host_dialect.network(Kind.ECHO, facts, TODAY))
    assert [desk.host_dialect.canonical(answer) for answer in desk.host_got()] == ["00"]
    desk.sale()
    assert desk.row().business_date == TODAY


def test_a_sale_is_of_the_day_that_its_answer_says() -> None:
    desk = Desk()
    desk.send(desk.request())
    desk.host_answers("00", {15: "1121"})
    assert desk.row().business_date == TOMORROW


def test_a_reversal_keeps_the_day_of_its_original_and_25_behind_a_cut_over_is_for_an_operator() -> None:
    desk = Desk()
    desk.send(desk.request())
    desk.pass_time(30)
    _, reversal = desk.host_got()
    announced(desk, "1121")
    desk.host_sends(desk.answer_to(reversal, "25"))
    row = desk.row()
    assert row.state is RowState.STUCK
    assert row.business_date == TODAY


def test_a_void_behind_a_cut_over_is_of_another_day() -> None:
    desk = Desk()
    sale = desk.sale()
    announced(desk, "1121")
    assert desk.asked(desk.later(Kind.VOID, sale)) == "25"
    assert desk.host_got() == []


def test_the_word_of_the_host_outlives_a_reload() -> None:
    desk = Desk()
    announced(desk, "1121")
    desk.node.reload(setup(cut_over=time(23, 0)), desk.now)
    desk.sale()
    assert desk.row().business_date == TOMORROW


def test_no_terminal_hears_of_it() -> None:
    desk = Desk()
    desk.connect()
    announced(desk, "1121")
    assert not desk.answers
    desk.sale()
    assert desk.said("refused") == []
