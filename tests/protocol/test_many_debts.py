"""Thousands of debts at once: what each of them costs does not grow with their number, and new money has room."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest
from msgspec.structs import replace

from iso_gateway.protocol import events
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.records import Insert, Row, RowState
from iso_gateway.protocol.setup import Debtor, Limits
from tests.support.desk import Desk, setup


def left(number: int, *, terminals: int) -> Desk:
    """Return a desk whose journal was left with *number* debts of *terminals*, and whose links are down."""
    desk = Desk(setup(debtor=Debtor(window=8), keyed=False))
    desk.send(desk.request())
    row = desk.row()
    assert row.host is not None
    rows = (owed(row, each, f"TERM{1 + each % terminals:04}") for each in range(number))
    desk.journal.commit([(Insert(each),) for each in rows])
    desk.restart(links=())
    return desk


def owed(row: Row, number: int, terminal: str) -> Row:
    """Return the *number*-th debt."""
    assert row.host is not None
    stan = f"{100_000 + number:06}"
    leg = replace(row.host, stan=stan, fields={**row.host.fields, 11: stan, 41: terminal})
    key = (row.merchant, terminal, "", f"{number:06}", f"sale {number}")
    return replace(
        row, id=f"old-{number}", claims=(key,), terminal=terminal, state=RowState.OWES_REVERSAL, reason="98", host=leg
    )


def pay(desk: Desk) -> int:
    """Have all debts paid by a host that answers at once; return how many were."""
    desk.bring_up("bank-1")
    paid = 0
    while desk.sent:
        while desk.sent:
            desk.host_answers("00")
            paid += 1
        desk.pass_time(0)
    return paid


def steps_of(work: Callable[[], Any]) -> int:
    """Return how many lines of the protocol's code *work* runs through, those of its loops each time."""
    count = 0

    def tracer(frame: FrameType, event: str, _: object) -> Any:
        nonlocal count
        if "protocol" not in frame.f_code.co_filename:
            return None
        count += event == "line"
        return tracer

    before = sys.gettrace()
    sys.settrace(tracer)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("terminals", [1, 99])
def test_what_a_debt_costs_does_not_grow_with_their_number(terminals: int) -> None:
    costs = []
    for number in (100, 800):
        desk = left(number, terminals=terminals)
        costs.append(steps_of(lambda: pay(desk)) / number)  # noqa: B023 -- it is called at once
        assert not desk.node.owing.debts
    assert costs[1] < costs[0] * 1.3, costs


@pytest.mark.parametrize("terminals", [1, 99])
def test_five_thousand_debts_are_paid_and_nothing_of_them_stays(terminals: int) -> None:
    desk = left(5000, terminals=terminals)
    assert len(desk.node.owing.debts) == 5001
    assert pay(desk) == 5001
    assert len(desk.rows(RowState.REVERSED)) == 5001
    ledger = desk.node.owing._ledger
    assert not ledger._queues
    assert not any(ledger._waiting.values())
    assert not ledger.owes()


def test_a_silent_host_is_not_asked_more_than_the_window_allows_and_each_terminal_gets_its_turn() -> None:
    desk = left(500, terminals=99)
    desk.bring_up("bank-1")
    desk.pass_time(29)
    first = [message.text(41) for message in desk.host_got()]
    assert len(first) == len(set(first)) == 8
    desk.pass_time(30)
    second = [message.text(41) for message in desk.host_got()]
    assert len(second) == 8
    assert not set(first) & set(second)


def test_old_debts_leave_room_for_new_money_and_new_money_for_old_debts() -> None:
    desk = Desk(setup(limits=Limits(per_link=8), debtor=Debtor(window=8)))
    for number in range(1, 6):
        desk.send(desk.request(terminal=f"TERM{number:04}"))
        desk.host_answers("96")
    desk.pass_time(0)
    assert len(desk.host_got()) == 2, "a quarter of what a link may carry"
    for number in range(11, 19):
        desk.send(desk.request(terminal=f"TERM{number:04}"))
    assert len(desk.host_got()) == 8, "and all of that for sales"
    desk.answers.clear()
    assert desk.asked(desk.request(terminal="TERM0020")) == "91"
    desk.pass_time(31)
    assert "0400" in {message.mti for message in desk.host_got()}, "the link being full of sales"


def test_each_link_has_a_window_of_its_own() -> None:
    desk = Desk(setup(debtor=Debtor(window=2)), links=("bank-1", "bank-2"))
    for number in range(1, 7):
        desk.send(desk.request(terminal=f"TERM{number:04}"))
        desk.host_answers("96")
    desk.pass_time(0)
    assert sorted(link for _, link, _ in desk.sent) == ["bank-1", "bank-1", "bank-2", "bank-2"]


def test_a_place_that_a_lost_link_had_is_free_again() -> None:
    desk = Desk(setup(debtor=Debtor(window=1)))
    for number in range(1, 4):
        desk.send(desk.request(terminal=f"TERM{number:04}"))
        desk.host_answers("96")
    desk.pass_time(0)
    for _ in range(3):
        desk.lose_link()
        desk.host_got()
        desk.bring_up()
        desk.pass_time(5)
        assert desk.host_got()
    for _ in range(40):
        while desk.sent:
            desk.host_answers("00")
        desk.pass_time(5)
    assert len(desk.rows(RowState.REVERSED)) == 3


def test_a_stuck_debt_keeps_only_what_names_its_original_waiting() -> None:
    desk = Desk()
    sale = desk.sale()
    desk.send(desk.later(Kind.VOID, sale))
    desk.pass_time(30)
    desk.answer()
    desk.host_sends(desk.answer_to(desk.host_got()[-1], "12"))
    assert desk.rows(RowState.STUCK)
    assert desk.asked(desk.later(Kind.VOID, sale)) != "00"
    assert desk.asked(desk.later(Kind.REFUND, sale, 10)) != "00"
    assert not desk.host_got()
    desk.sale()
    desk.feed(events.TimePassed())
    assert len(desk.rows(RowState.DONE)) == 2
