"""Stories of dropped orders: the terminal has its receipt, the host has no record, and an operator tells it (2.6)."""

from __future__ import annotations

import pytest

from iso_gateway import Message
from iso_gateway.protocol.acts import Act
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.originals import ELEMENT
from iso_gateway.protocol.reconciling import journal_totals
from iso_gateway.protocol.records import RowState
from tests.support.desk import Desk, setup
from tests.support.stories import BOTH, row_of


def dropped(desk: Desk) -> tuple[Message, Message]:
    """Have a sale approved and delivered, of which the host is to have no record; return both messages."""
    request = desk.request()
    desk.send(request)
    host_request = desk.last_sent
    desk.host_answers("00")
    desk.answer()
    assert desk.row().state is RowState.DONE
    return request, host_request


def resubmitted(desk: Desk) -> Message:
    """Have an operator resubmit the sale; return what the host gets."""
    told = desk.act(Act.RESUBMIT, row_of(desk, Kind.SALE), "the host lost it")
    assert told.ok, told.text
    desk.pass_time(0)
    return desk.last_sent


@BOTH
def test_a_dropped_order_is_told_once_by_an_advice_with_its_code(terminal: str) -> None:
    desk = Desk(setup(terminal, terminal))
    _, sale = dropped(desk)
    advice = resubmitted(desk)
    assert advice.mti[1:] == sale.mti[1] + "20"
    assert advice[11] != sale[11]
    assert advice[38] == row_of(desk, Kind.SALE).approval
    looks = desk.host_dialect.kind_row(advice)
    assert looks is not None
    assert looks.kind is Kind.ADVICE
    same = [de for de in (2, 4, 41, 42, 49) if de in sale]
    assert advice.only(set(same)) == sale.only(set(same))
    desk.host_answers("00")
    row = row_of(desk, Kind.RESUBMISSION)
    assert (row.state, row.approved, row.original) == (RowState.NOTED, True, row_of(desk, Kind.SALE).id)
    assert "resubmit by eve: the host lost it" in row_of(desk, Kind.SALE).story
    assert [audit.act for audit in desk.journal.audits(row.original)] == ["resubmit"]
    assert not desk.node.owing.debts
    assert journal_totals(desk.rows()).debit_count == 1


@pytest.mark.parametrize("settled", [False, True])
def test_a_second_resubmission_is_refused(settled: bool) -> None:  # noqa: FBT001
    desk = Desk()
    dropped(desk)
    resubmitted(desk)
    if settled:
        desk.host_answers("00")
    desk.host_got()
    told = desk.act(Act.RESUBMIT, row_of(desk, Kind.SALE), "again")
    assert not told.ok
    assert "resubmission" in told.text
    desk.pass_time(0)
    assert not desk.sent
    assert len(desk.rows()) == 2


def test_what_was_not_answered_is_repeated_with_the_same_number_by_a_later_process() -> None:
    desk = Desk()
    dropped(desk)
    first = resubmitted(desk)
    desk.restart()
    desk.pass_time(0)
    again = desk.last_sent
    assert (first.mti, again.mti) == ("0220", "0221")
    assert again[11] == first[11]
    assert again[4] == first[4]
    desk.host_answers("00")
    assert row_of(desk, Kind.RESUBMISSION).state is RowState.NOTED


def test_the_late_answer_to_what_an_earlier_process_sent_settles_it() -> None:
    desk = Desk()
    dropped(desk)
    first = resubmitted(desk)
    desk.restart(links=())
    desk.bring_up()
    desk.host_sends(desk.answer_to(first))
    assert row_of(desk, Kind.RESUBMISSION).state is RowState.NOTED


def test_a_silent_host_gets_it_again() -> None:
    desk = Desk()
    dropped(desk)
    first = resubmitted(desk)
    desk.host_got()
    desk.pass_time(60)
    assert desk.last_sent.mti == "0221"
    assert desk.last_sent[11] == first[11]


@pytest.mark.parametrize("code", ["05", "94", "12"])
def test_a_host_that_refuses_it_leaves_it_to_an_operator(code: str) -> None:
    desk = Desk()
    dropped(desk)
    first = resubmitted(desk)
    desk.host_answers(code)
    row = row_of(desk, Kind.RESUBMISSION)
    assert (row.state, row_of(desk, Kind.SALE).state) == (RowState.STUCK, RowState.DONE)
    assert desk.act(Act.RESEND, row).ok
    desk.pass_time(0)
    assert (desk.last_sent.mti, desk.last_sent[11]) == ("0221", first[11])
    desk.host_answers(code)
    assert desk.act(Act.WRITE_OFF, row_of(desk, Kind.RESUBMISSION)).ok
    assert row_of(desk, Kind.SALE).state is RowState.DONE


@pytest.mark.parametrize(("terminal", "kind"), [("iso87-ascii", Kind.COMPLETION_ADVICE), ("cup-pos", Kind.COMPLETION)])
def test_a_completion_is_told_with_the_name_of_its_preauth(terminal: str, kind: Kind) -> None:
    desk = Desk(setup(terminal, terminal))
    preauth = desk.request(Kind.PREAUTH)
    desk.send(preauth)
    desk.host_answers("00")
    desk.send(desk.later(kind, (preauth, desk.answer())))
    completion = desk.last_sent
    desk.host_answers("00")
    desk.answer()
    assert desk.act(Act.RESUBMIT, row_of(desk, kind)).ok
    desk.pass_time(0)
    advice = desk.last_sent
    element = ELEMENT[desk.host_dialect.profile.original]
    assert advice.mti[1:] == completion.mti[1] + "20"
    assert (advice[element], advice[4]) == (completion[element], completion[4])
    desk.host_answers("00")
    assert row_of(desk, Kind.RESUBMISSION).state is RowState.NOTED


def test_without_a_code_nothing_is_told() -> None:
    desk = Desk()
    desk.send(desk.request())
    desk.host_answers("00", {38: None})
    desk.answer()
    told = desk.act(Act.RESUBMIT, desk.row())
    assert not told.ok
    assert "authorization code" in told.text


def test_what_was_voided_since_is_not_told_again() -> None:
    desk = Desk()
    sale = desk.sale()
    desk.send(desk.later(Kind.VOID, sale))
    desk.host_answers("00")
    desk.answer()
    assert not desk.act(Act.RESUBMIT, row_of(desk, Kind.SALE)).ok
    assert not desk.act(Act.RESUBMIT, row_of(desk, Kind.VOID)).ok


def test_an_act_that_was_never_committed_is_not_asked_for_for_ever() -> None:
    desk = Desk()
    dropped(desk)
    desk.journal_fails = True
    assert not desk.act(Act.RESUBMIT, desk.row()).ok
    desk.journal_fails = False
    desk.pass_time(5)
    assert not desk.node.operators.pending
    assert len(desk.rows()) == 1
    assert resubmitted(desk).mti == "0220"


def test_an_act_that_was_committed_after_all_is_carried_out() -> None:
    desk = Desk()
    dropped(desk)
    desk.journal_doubts = True
    assert not desk.act(Act.RESUBMIT, desk.row()).ok
    desk.journal_doubts = False
    desk.pass_time(5)
    assert desk.last_sent.mti == "0220"
