"""Stories of operators: what an act does to a running gateway, its debts and its questions."""

from __future__ import annotations

import pytest

from iso_gateway import Message
from iso_gateway.protocol import commands, events
from iso_gateway.protocol.acts import Act
from iso_gateway.protocol.debts import DebtState
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.records import RowState, Taken
from tests.support.desk import PAN, Desk
from tests.support.stories import reverse, row_of, timed_out


def stuck(desk: Desk) -> tuple[Message, Message]:
    """Have a sale time out and its reversal refused; return both as the host got them."""
    _, sale, reversal = timed_out(desk)
    reverse(desk, reversal, "12")
    assert desk.row().state is RowState.STUCK
    return sale, reversal


@pytest.mark.parametrize("restarted", [False, True])
def test_a_stuck_debt_is_sent_again_under_its_own_stan_and_settled(restarted: bool) -> None:  # noqa: FBT001
    desk = Desk()
    _, reversal = stuck(desk)
    desk.pass_time(86400)
    if restarted:
        desk.restart()
    desk.host_got()
    told = desk.act(Act.RESEND, desk.row())
    assert (told.id, told.ok) == ("act 1", True)
    desk.pass_time(0)
    again = desk.last_sent
    assert (again.mti, again[11], again[90]) == ("0401", reversal[11], reversal[90])
    desk.host_answers("00")
    assert desk.row().state is RowState.REVERSED
    assert [(audit.who, audit.act, audit.reason) for audit in desk.journal.audits(desk.row().id)] == [
        ("eve", "resend", "asked by the bank")
    ]
    assert "act resend by eve: asked by the bank" in desk.row().story


def test_a_stuck_debt_that_is_refused_again_is_stuck_again() -> None:
    desk = Desk()
    stuck(desk)
    for _ in range(2):
        desk.act(Act.RESEND, desk.row())
        desk.pass_time(0)
        reverse(desk, desk.host_got()[-1], "12")
        assert desk.row().state is RowState.STUCK
    assert not desk.node.owing.debts


@pytest.mark.parametrize("restarted", [False, True])
def test_what_is_written_off_is_sent_no_more_and_its_stans_are_free_after_a_while(restarted: bool) -> None:  # noqa: FBT001
    desk = Desk()
    stuck(desk)
    if restarted:
        desk.restart()
    assert desk.act(Act.WRITE_OFF, desk.row(), f"the bank booked it back by hand, card {PAN}").ok
    assert desk.row().state is RowState.WRITTEN_OFF
    desk.pass_time(1000)
    assert not desk.host_got()
    desk.feed(events.TimePassed())
    desk.node.links.next_stan("bank")
    assert len(desk.node.links.hosts["bank"].matching) == 0
    assert not desk.act(Act.RESEND, desk.row()).ok
    assert PAN not in repr(desk.journal.audits()) + desk.row().story


def test_a_written_off_void_lets_its_sale_go() -> None:
    desk = Desk()
    sale = desk.sale()
    desk.send(desk.later(Kind.VOID, sale))
    desk.pass_time(30)
    desk.answer()
    reverse(desk, desk.host_got()[-1], "12")
    assert row_of(desk, Kind.SALE).taken is Taken.VOID_IN_FLIGHT
    assert desk.asked(desk.later(Kind.VOID, sale)) in {"22", "25"}
    assert desk.act(Act.WRITE_OFF, row_of(desk, Kind.VOID)).ok
    assert row_of(desk, Kind.SALE).taken is Taken.NO


def test_a_debt_that_waits_for_its_time_can_be_sent_at_once() -> None:
    desk = Desk()
    timed_out(desk)
    (debt,) = desk.node.owing.debts.values()
    while debt.state is not DebtState.BACKING_OFF:
        desk.pass_time(1)
    desk.host_got()
    assert desk.act(Act.RESEND, desk.row()).ok
    assert desk.last_sent.mti == "0401"
    assert desk.row().state is RowState.OWES_REVERSAL


def questioned(desk: Desk) -> Message:
    """Have a sale approved, of which nobody knows whether the terminal has the answer."""
    request = desk.request()
    desk.send(request)
    desk.fate = events.Fate.CUT
    desk.host_answers("00")
    desk.answer()
    desk.fate = events.Fate.HANDED
    assert desk.row().state is RowState.UNCONFIRMED
    return request


def test_a_question_is_answered_by_an_operator_who_has_the_receipt() -> None:
    desk = Desk()
    request = questioned(desk)
    assert desk.act(Act.CONFIRM, desk.row()).ok
    assert desk.row().state is RowState.DONE
    assert desk.asked(desk.repeat(request)) == "00"
    assert not desk.sent


def test_or_by_one_who_knows_that_there_is_none() -> None:
    desk = Desk()
    request = questioned(desk)
    assert desk.act(Act.REVERSE, desk.row()).ok
    desk.pass_time(0)
    assert (desk.last_sent.mti, desk.last_sent[39]) == ("0400", "06")
    assert desk.asked(desk.repeat(request)) == "68"
    desk.host_answers("00")
    assert desk.row().state is RowState.REVERSED


def test_an_operator_and_a_replay_exclude_each_other() -> None:
    """Ruling 2: whoever is second hears that the row has moved on."""
    desk = Desk()
    request = questioned(desk)
    seen = desk.row()
    assert desk.asked(desk.repeat(request)) == "00"
    told = desk.act(Act.REVERSE, seen)
    assert not told.ok
    assert "the terminal has its answer" in told.text
    assert not desk.sent


def test_an_act_that_the_journal_cannot_commit_is_not_done() -> None:
    desk = Desk()
    stuck(desk)
    desk.journal_fails = True
    told = desk.act(Act.WRITE_OFF, desk.row())
    assert not told.ok
    assert "the journal cannot commit it now" in told.text
    desk.journal_fails = False
    assert desk.row().state is RowState.STUCK
    assert desk.act(Act.WRITE_OFF, desk.row()).ok


def test_an_act_on_a_row_that_moved_on_while_it_was_committed_is_decided_anew() -> None:
    desk = Desk()
    stuck(desk)
    row = desk.row()
    desk.hold = {commands.Journal}
    for number, act in enumerate((Act.WRITE_OFF, Act.RESEND)):
        desk.feed(events.ActWanted(f"act {number}", act, row, "eve", "both at once"))
    desk.answer_held()
    assert [(told.id, told.ok) for told in desk.told] == [("act 0", True), ("act 1", False)]
    assert desk.row().state is RowState.WRITTEN_OFF
    assert not desk.sent


@pytest.mark.parametrize("committed", [False, True])
def test_an_act_of_which_the_journal_cannot_say_whether_it_is_done_is_carried_out_if_it_is(committed: bool) -> None:  # noqa: FBT001
    desk = Desk()
    stuck(desk)
    desk.journal_doubts, desk.journal_fails = committed, not committed
    told = desk.act(Act.RESEND, desk.row())
    assert not told.ok
    assert "Look again" in told.text
    desk.journal_doubts, desk.journal_fails = False, False
    desk.pass_time(5)
    assert [message.mti for message in desk.host_got()] == (["0401"] if committed else [])
    assert desk.row().state is (RowState.OWES_REVERSAL if committed else RowState.STUCK)
    assert not desk.node.operators.pending
    assert not desk.told
