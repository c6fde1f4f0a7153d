"""A journal that fails after it has committed: what it had after all is found, and lies in nobody's way."""

from __future__ import annotations

import pytest

from iso_gateway.protocol import commands, events
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.records import RowState, Taken
from iso_gateway.protocol.setup import Limits
from tests.support.desk import Desk, setup
from tests.support.stories import row_of


class Unsure(Desk):
    """A desk whose journal may say that it has failed, and have committed."""

    lies = False

    def _commit(self, command: commands.Journal | commands.File) -> list[events.Event]:
        told = super()._commit(command)
        if not self.lies or isinstance(command, commands.File):
            return told
        return [events.JournalFailed(command.id, "disk error")]


@pytest.mark.parametrize("terminal", ["iso87-ascii", "cup-pos"])
def test_an_intent_that_was_committed_after_all_is_closed_and_can_be_asked_for_again(terminal: str) -> None:
    desk = Unsure(setup(terminal))
    sale = desk.request()
    desk.hold = {commands.Lookup}
    desk.lies = True
    desk.send(sale)
    desk.lies = False
    desk.answer_held()
    assert desk.code() == "96"
    assert desk.row().state is RowState.NOT_SENT
    assert not desk.sent
    desk.send(desk.repeat(sale))
    desk.host_answers("00")
    assert desk.code() == "00"


def test_one_that_could_not_be_looked_up_then_is_closed_by_the_repeat() -> None:
    desk = Unsure(setup(limits=Limits(stage=5)))
    sale = desk.request()
    desk.hold = {commands.Lookup}
    desk.lies = True
    desk.send(sale)
    desk.pass_time(6)
    assert desk.code() == "68"
    desk.lies, desk.hold = False, set()
    desk.held.clear()
    assert desk.row().state is RowState.SENDING
    assert desk.asked(desk.repeat(sale)) == "96"
    assert desk.row().state is RowState.NOT_SENT
    desk.send(desk.repeat(sale))
    desk.host_answers("00")
    assert desk.code() == "00"


def test_what_it_held_is_free_again() -> None:
    desk = Unsure()
    sale = desk.sale()
    desk.hold = {commands.Journal}
    void = desk.later(Kind.VOID, sale)
    desk.send(void)
    desk.hold = {commands.Lookup}
    desk.lies = True
    (command,) = desk.held
    desk.held.clear()
    for event in desk._carry_out(command):
        desk.feed(event)
    assert row_of(desk, Kind.SALE).taken is not Taken.NO
    desk.lies = False
    desk.answer_held()
    assert desk.code() == "96"
    assert row_of(desk, Kind.SALE).taken is Taken.NO
    desk.send(desk.repeat(void))
    desk.host_answers("00")
    assert desk.code() == "00"


def test_a_reversal_is_not_told_for_ever_that_nobody_knows() -> None:
    desk = Unsure()
    sale = desk.request()
    reversal = desk.reversal(sale)
    desk.hold = {commands.Journal}
    desk.send(reversal)
    (command,) = desk.held
    desk.held.clear()
    desk.hold = {commands.Lookup}
    desk.lies = True
    for event in desk._carry_out(command):
        desk.feed(event)
    desk.lies = False
    desk.answer_held()
    assert desk.code() == "96"
    desk.send(desk.repeat(reversal))
    desk.host_answers("25")
    assert desk.code() == "25"


def test_what_is_in_hand_is_left_alone() -> None:
    desk = Desk(setup(keyed=False))
    sale = desk.request()
    desk.send(sale)
    desk.hold = {commands.Journal}
    desk.host_sends(desk.answer_to(desk.last_sent))
    # Its outcome is being committed: the row says SENDING, and a debt may come of it yet.
    (command,) = desk.held
    desk.held.clear()
    assert isinstance(command, commands.Journal)
    desk.feed(events.JournalFailed(command.id, "disk error"))
    assert desk.code() == "68"
    desk.feed(events.TimePassed())
    assert desk.row().state is RowState.SENDING
    desk.send(desk.repeat(sale))
    assert desk.code() == "68"
    assert desk.row().state is RowState.SENDING


def refunded(desk: Unsure, host: str) -> None:
    """Have a refund of a sale approved, and the commit of that said to have failed."""
    sale = desk.sale()
    desk.send(desk.later(Kind.REFUND, sale, 400))
    desk.lies = True
    desk.host_answers("00")
    desk.lies = False
    assert desk.code() == {"iso87-ascii": "68", "cup-pos": "98"}[host]


def test_a_refund_that_was_recorded_after_all_is_reversed_once() -> None:
    desk = Unsure()
    refunded(desk, "iso87-ascii")
    desk.pass_time(3)
    desk.host_answers("00")
    assert row_of(desk, Kind.REFUND).state is RowState.REVERSED
    sale = row_of(desk, Kind.SALE)
    assert (sale.returned, sale.reserved) == (0, 0)


def test_a_refund_that_was_recorded_after_all_and_is_only_repeated_is_a_question() -> None:
    desk = Unsure(setup("cup-pos", "cup-pos"))
    refunded(desk, "cup-pos")
    desk.pass_time(3)
    assert not desk.sent
    assert row_of(desk, Kind.REFUND).state is RowState.UNCONFIRMED
    sale = row_of(desk, Kind.SALE)
    assert (sale.returned, sale.reserved) == (400, 0)
    assert not desk.node.owing.debts


def test_the_end_of_a_debt_that_was_committed_after_all_is_committed_once() -> None:
    desk = Unsure()
    sale = desk.sale()
    desk.send(desk.later(Kind.REFUND, sale, 400))
    desk.pass_time(31)
    desk.host_got()
    assert row_of(desk, Kind.SALE).reserved == 400
    desk.pass_time(40)
    desk.lies = True
    desk.host_answers("00")
    desk.lies = False
    desk.pass_time(3)
    assert row_of(desk, Kind.REFUND).state is RowState.REVERSED
    sale_row = row_of(desk, Kind.SALE)
    assert (sale_row.returned, sale_row.reserved) == (0, 0)
    assert not desk.node.owing.debts


def test_what_was_owed_after_all_is_held_again_once() -> None:
    desk = Unsure()
    sale = desk.sale()
    desk.send(desk.later(Kind.REFUND, sale, 400))
    desk.fate = events.Fate.NOT_HANDED
    desk.hold = {commands.Deliver}
    desk.host_answers("00")
    desk.lies = True
    desk.answer_held()
    desk.lies = False
    desk.fate = events.Fate.HANDED
    desk.pass_time(3)
    sale_row = row_of(desk, Kind.SALE)
    assert (sale_row.returned, sale_row.reserved) == (0, 400)
    desk.host_answers("00")
    sale_row = row_of(desk, Kind.SALE)
    assert (sale_row.returned, sale_row.reserved) == (0, 0)
