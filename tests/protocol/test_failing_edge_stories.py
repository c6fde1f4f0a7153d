"""Stories of an edge that fails: a security module or a journal that is slow, refuses, or cannot write."""

from __future__ import annotations

import pytest

from iso_gateway import Message
from iso_gateway.protocol import commands, events
from iso_gateway.protocol.acts import FORGED
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.originals import Original
from iso_gateway.protocol.records import RowState
from tests.support.desk import Desk, setup

BY_RRN = Original(rrn="632400000001")


# The security module and the journal take their time, or fail.
@pytest.mark.parametrize(("held", "code"), [(commands.Verify, "96"), (commands.Secure, "96"), (commands.Lookup, "68")])
def test_a_stage_that_takes_too_long_is_refused_and_nothing_is_sent(held: type[commands.Command], code: str) -> None:
    desk = Desk()
    desk.hold = {held}
    request = desk.request(Kind.REFUND, original=BY_RRN)
    desk.send(request)
    desk.hold = set()
    desk.pass_time(6)
    assert desk.code() == code
    desk.answer_held()
    assert not desk.sent
    assert not desk.rows()
    assert not desk.node.flow.requests


@pytest.mark.parametrize("held", [commands.Verify, commands.Secure, commands.Lookup])
def test_its_word_may_also_come_while_the_refusal_is_being_delivered(held: type[commands.Command]) -> None:
    desk = Desk()
    desk.hold = {held}
    desk.send(desk.request(Kind.REFUND, original=BY_RRN))
    desk.hold = {held, commands.Deliver}
    desk.pass_time(6)
    late = desk.held.pop(0)
    desk.hold = {commands.Deliver}
    for event in desk._carry_out(late):
        desk.feed(event)
    desk.answer_held()
    assert desk.code() in {"96", "68"}
    assert not desk.node.flow.requests


@pytest.mark.parametrize("held", [commands.Verify, commands.Secure])
@pytest.mark.parametrize("answered", [False, True])
def test_a_repeat_that_takes_too_long_never_hears_that_nothing_was_sent(
    held: type[commands.Command],
    answered: bool,  # noqa: FBT001
) -> None:
    desk = Desk()
    request = desk.request()
    desk.send(request)
    if answered:
        desk.host_answers("00")
        desk.answer()
    desk.hold = {held}
    desk.send(request, "t2")
    desk.hold = set()
    desk.pass_time(6)
    if held is commands.Verify:
        assert desk.code() == "68"
    elif answered:  # no answer is better than an approval without its MAC
        assert not desk.answers
    desk.answer_held()
    assert not [line for line in desk.said("txn") if line["code"] == "96"]


def test_an_answer_that_cannot_be_verified_in_time_is_an_unknown_outcome() -> None:
    desk = Desk()
    desk.send(desk.request())
    desk.hold = {commands.Verify}
    desk.host_answers("00")
    desk.pass_time(6)
    assert desk.code() == "68"
    assert desk.row().state is RowState.OWES_REVERSAL
    desk.answer_held()
    assert not desk.answers
    assert desk.row().state is RowState.OWES_REVERSAL


@pytest.mark.parametrize(("code", "verdict"), [("A0", "A0"), ("96", "96")])
def test_a_message_whose_mac_is_wrong_is_refused_by_name(code: str, verdict: str) -> None:
    desk = Desk()
    desk.hold = {commands.Verify}
    desk.send(desk.request())
    (command,) = desk.held
    assert isinstance(command, commands.Verify)
    desk.hold = set()
    desk.feed(events.Verified(command.id, code))
    assert desk.code() == verdict
    assert not desk.sent


def test_an_approval_whose_mac_is_wrong_is_never_accepted() -> None:
    desk = Desk()
    desk.send(desk.request())
    desk.hold = {commands.Verify}
    desk.host_answers("00")
    (command,) = desk.held
    assert isinstance(command, commands.Verify)
    desk.hold, desk.held = set(), []
    desk.feed(events.Verified(command.id, "A0"))
    assert desk.code() == "68"
    assert desk.row().reason == "A0"
    desk.pass_time(0)
    assert desk.last_sent[39] == "A0"


def test_a_pin_block_that_cannot_be_translated_is_refused_and_nothing_is_sent() -> None:
    desk = Desk()
    desk.hold = {commands.Secure}
    desk.send(desk.request())
    (command,) = desk.held
    assert isinstance(command, commands.Secure)
    desk.hold = set()
    desk.feed(events.Secured(command.id, None, "99"))
    assert desk.code() == "99"
    assert not desk.sent
    assert not desk.rows()


def test_a_journal_that_fails_before_sending_is_96_and_nothing_is_sent() -> None:
    desk = Desk()
    desk.journal_fails = True
    request = desk.request()
    assert desk.asked(request) == "96"
    desk.journal_fails = False
    desk.pass_time(60)
    assert not desk.sent
    assert not desk.node.owing.debts
    desk.send(request)
    desk.host_answers("00")
    assert desk.code() == "00"


@pytest.mark.parametrize("terminal", ["iso87-ascii", "cup-pos", "iso93-ascii"])
@pytest.mark.parametrize("kind", [Kind.SALE, Kind.ADVICE, Kind.PREAUTH])
def test_an_approval_that_cannot_be_recorded_is_not_delivered(terminal: str, kind: Kind) -> None:
    """Ruling 10: the row that says SENDING is the debt."""
    desk = Desk(setup(terminal, terminal))
    desk.send(desk.request(kind))
    desk.journal_fails = True
    sent = desk.host_answers("00")
    answer = desk.answer()
    assert desk.terminal_dialect.canonical(answer) == desk.terminal_dialect.profile.no_answer
    assert 38 not in answer
    desk.pass_time(5)
    assert not desk.sent
    desk.journal_fails = False
    desk.pass_time(30)
    reversible = desk.host_dialect.profile.row(kind).reversible  # type: ignore[union-attr]
    assert desk.last_sent.mti[1] == ("4" if reversible else sent.mti[1])
    assert desk.row().state is (RowState.OWES_REVERSAL if reversible else RowState.OWES_REPEAT)
    desk.host_answers("00")
    desk.pass_time(60)
    assert not desk.node.owing.debts


def test_a_time_out_that_cannot_be_recorded_is_a_debt_all_the_same() -> None:
    desk = Desk()
    request = desk.request()
    desk.send(request)
    desk.journal_fails = True
    desk.pass_time(30)
    assert desk.code() == "68"
    desk.journal_fails = False
    assert desk.asked(desk.repeat(request)) == "68"
    desk.pass_time(60)
    assert "0400" in [message.mti for message in desk.host_got()]
    assert desk.row().state is RowState.OWES_REVERSAL


def test_a_decline_that_cannot_be_recorded_is_recorded_later() -> None:
    desk = Desk()
    sale = desk.sale()
    void = desk.later(Kind.VOID, sale)
    desk.send(void)
    desk.journal_fails = True
    desk.host_answers("05")
    assert desk.code() == "05"
    desk.journal_fails = False
    desk.pass_time(5)
    assert not desk.rows(RowState.SENDING)
    assert desk.asked(desk.repeat(void)) == "05"
    desk.send(desk.later(Kind.VOID, sale))
    desk.host_answers("00")
    assert desk.code() == "00"


def test_the_fate_of_an_answer_that_cannot_be_recorded_never_leads_to_replay_and_reversal() -> None:
    desk = Desk()
    request = desk.request()
    desk.send(request)
    desk.hang_up()
    desk.hold = {commands.Journal}
    desk.host_answers("00")
    held, desk.held, desk.hold = desk.held, [], set()
    for command in held:
        for event in desk._carry_out(command):
            desk.journal_fails = True  # from the fate on
            desk.feed(event)
    assert desk.row().state is RowState.ANSWERED
    desk.journal_fails = False
    assert desk.asked(desk.repeat(request), "t2") == "00"
    desk.pass_time(60)
    assert not desk.sent
    assert desk.row().state is RowState.DONE
    assert not desk.node.owing.debts


def test_or_the_reversal_is_first_and_the_replay_hears_no_answer() -> None:
    desk = Desk()
    request = desk.request()
    desk.send(request)
    desk.hang_up()
    desk.hold = {commands.Journal}
    desk.host_answers("00")
    held, desk.held, desk.hold = desk.held, [], set()
    for command in held:
        for event in desk._carry_out(command):
            desk.journal_fails = True
            desk.feed(event)
    desk.journal_fails = False
    desk.pass_time(60)
    assert "0400" in [message.mti for message in desk.host_got()]
    assert desk.asked(desk.repeat(request), "t2") == "68"


def test_an_approval_that_was_committed_though_the_journal_could_not_say_so_is_reversed_once() -> None:
    """Ruling 10: the terminal heard that nobody knows, so the approval that is kept must not stand."""
    desk = Desk()
    sale = desk.sale()
    refund = desk.later(Kind.REFUND, sale, 500)
    desk.send(refund)
    desk.journal_doubts = True
    desk.host_answers("00")
    assert desk.code() == "68"
    desk.journal_doubts = False
    row = next(row for row in desk.rows() if row.kind is Kind.REFUND)
    assert row.state is RowState.ANSWERED
    desk.pass_time(40)
    assert desk.last_sent.mti[:2] == "04"
    desk.host_answers("00")
    original, row = desk.rows()
    assert row.state is RowState.REVERSED
    assert (original.reserved, original.returned) == (0, 0)


def test_but_one_that_the_terminal_has_got_by_asking_again_stands() -> None:
    desk = Desk()
    request = desk.request()
    desk.send(request)
    desk.journal_doubts = True
    desk.host_answers("00")
    assert desk.code() == "68"
    desk.journal_doubts = False
    assert desk.asked(desk.repeat(request)) == "00"
    desk.pass_time(60)
    assert desk.row().state is RowState.DONE
    assert not desk.host_got()
    assert not desk.node.owing.debts


def forged(desk: Desk, reversal: Message) -> str:
    """Return what *reversal*, whose MAC is wrong, is answered."""
    desk.hold = {commands.Verify}
    desk.send(reversal)
    (command,) = desk.held
    assert isinstance(command, commands.Verify)
    desk.hold, desk.held = set(), []
    desk.feed(events.Verified(command.id, "A0"))
    return desk.code()


def test_a_reversal_whose_mac_is_wrong_reverses_nothing_and_lists_its_original_once() -> None:
    """Ruling 12."""
    desk = Desk()
    sale, answer = desk.sale()
    desk.sent.clear()
    reversal = desk.reversal(sale, answer)
    for _ in range(2):
        assert forged(desk, reversal) == "A0"
    (row,) = desk.rows()
    assert (row.state, row.flags) == (RowState.DONE, (FORGED,))
    desk.pass_time(60)
    assert not desk.host_got()
    assert desk.asked(reversal) == "00"  # the same one with its right MAC is no repeat of what was refused
    assert desk.rows()[0].state is RowState.OWES_REVERSAL


def test_a_forged_reversal_leaves_what_nobody_knows_and_what_is_over_alone() -> None:
    desk = Desk()
    unknown = desk.request()
    assert forged(desk, desk.reversal(unknown)) == "A0"
    declined = desk.request()
    desk.send(declined)
    desk.host_answers("51")
    assert desk.code() == "51"
    assert forged(desk, desk.reversal(declined)) == "A0"
    assert [(row.state, row.flags) for row in desk.rows()] == [(RowState.DECLINED, ())]
