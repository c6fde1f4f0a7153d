"""Stories of approvals of which nobody knows whether their terminal has them, and of what answers that (ruling 2)."""

from __future__ import annotations

import pytest

from iso_gateway import Message
from iso_gateway.protocol import commands, events
from iso_gateway.protocol.questions import confirming
from iso_gateway.protocol.records import RowState
from tests.support.desk import NOON, Desk, setup
from tests.support.stories import named


def questioned(desk: Desk) -> Message:
    """Have a sale approved whose answer was cut, and return the request."""
    request = desk.request()
    desk.send(request)
    desk.fate = events.Fate.CUT
    desk.host_answers("00")
    desk.fate = events.Fate.HANDED
    desk.answer()
    assert desk.row().state is RowState.UNCONFIRMED
    return request


@pytest.mark.parametrize(("terminal", "state"), [
    ("cup-pos", RowState.DONE),  # its terminals reverse before they ask for anything new
    ("iso87-ascii", RowState.UNCONFIRMED),  # a clerk who saw "failed" swipes again: that hides no double charge
])  # fmt: skip
@pytest.mark.parametrize("restarted", [False, True])
def test_the_next_request_says_only_where_terminals_reverse_first_that_the_last_was_understood(
    terminal: str,
    state: RowState,
    restarted: bool,  # noqa: FBT001
) -> None:
    desk = Desk(setup(terminal, terminal))
    questioned(desk)
    if restarted:
        desk.restart()
    desk.sale(777, terminal="TERM0002")
    assert desk.rows()[0].state is RowState.UNCONFIRMED, "another terminal's request says nothing"
    desk.sale(555)
    assert desk.rows()[0].state is state
    assert (" confirmed" in desk.rows()[0].story) == (state is RowState.DONE)


def test_a_request_that_is_never_journaled_confirms_nothing() -> None:
    desk = Desk(setup("cup-pos", "cup-pos"))
    request = questioned(desk)
    desk.fate = events.Fate.CUT
    desk.send(request, "t2")  # the same once more is a repeat, and no new request
    assert desk.row().state is RowState.UNCONFIRMED
    desk.fate = events.Fate.HANDED
    desk.lose_link()
    desk.send(desk.request(amount=555))
    assert desk.rows()[0].state is RowState.UNCONFIRMED


@pytest.mark.parametrize("terminal", ["cup-pos", "iso87-ascii"])
def test_a_reversal_is_no_next_request(terminal: str) -> None:
    desk = Desk(setup(terminal, terminal))
    request = questioned(desk)
    assert desk.asked(named(desk, request)) == "00"
    assert RowState.OWES_REVERSAL in {row.state for row in desk.rows()}


def test_a_repeat_whose_answer_was_handed_over_confirms() -> None:
    desk = Desk()
    request = questioned(desk)
    assert desk.asked(desk.repeat(request)) == "00"
    assert desk.row().state is RowState.DONE


def test_matching_totals_confirm_what_is_in_question_and_touch_nothing_else() -> None:
    desk = Desk()
    questioned(desk)
    desk.sale(terminal="TERM0002")
    desk.send(desk.request(terminal="TERM0003"))
    entry = confirming(desk.rows(), NOON, "batch 000007 agrees")
    assert len(entry) == 1
    desk.journal.commit([entry])
    assert [row.state for row in desk.rows()] == [RowState.DONE, RowState.DONE, RowState.SENDING]
    assert "batch 000007 agrees" in desk.rows()[0].story


def test_a_replay_under_way_and_a_reversal_exclude_each_other_in_one_commit() -> None:
    desk = Desk()
    request = questioned(desk)
    desk.hold = {commands.Journal}
    desk.send(named(desk, request), "t2")
    desk.send(desk.repeat(request), "t3")
    desk.answer_held()
    codes = {connection: answer[39] for connection, answer in desk.answers}
    assert codes == {"t2": "00", "t3": "68"}
    assert RowState.OWES_REVERSAL in {row.state for row in desk.rows()}
