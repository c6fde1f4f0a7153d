"""Stories of reversals that terminals send: one debt, whoever asks for it (rulings 2 and 3)."""

from __future__ import annotations

from typing import Any

import pytest

from iso_gateway.protocol import commands, events
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.records import RowState, Taken
from tests.support.desk import OTHER_PAN, Desk, setup
from tests.support.stories import BOTH, named, row_of


@BOTH
def test_the_reversal_of_an_approved_sale_is_accepted_and_owed(terminal: str) -> None:
    desk = Desk(setup(terminal))
    sale, answer = desk.sale()
    assert desk.asked(named(desk, sale, answer)) == "00"
    desk.pass_time(0)
    reversal = desk.host_answers("00")
    assert reversal.mti == "0400"
    assert reversal[90][:10] == "0200000501"
    assert reversal[37] == answer[37]
    assert row_of(desk, Kind.SALE).state is RowState.REVERSED
    assert not desk.answers


@BOTH
def test_the_reversal_is_answered_only_when_it_is_durable(terminal: str) -> None:
    desk = Desk(setup(terminal))
    sale, answer = desk.sale()
    desk.hold = {commands.Journal}
    desk.send(named(desk, sale, answer))
    assert not desk.answers
    assert not desk.sent
    desk.answer_held()
    assert desk.code() == "00"


@BOTH
def test_a_reversal_that_cannot_be_made_durable_is_not_accepted(terminal: str) -> None:
    desk = Desk(setup(terminal))
    sale, answer = desk.sale()
    desk.journal_fails = True
    reversal = named(desk, sale, answer)
    assert desk.asked(reversal) == desk.terminal_dialect.profile.no_answer
    desk.journal_fails = False
    assert row_of(desk, Kind.SALE).state is RowState.DONE
    assert not desk.sent
    assert desk.asked(reversal) == "00"
    desk.pass_time(1)
    assert [message.mti[1] for message in desk.host_got()] == ["4"]


@BOTH
def test_a_reversal_of_which_the_journal_cannot_say_whether_it_is_durable_is_owed_once(terminal: str) -> None:
    desk = Desk(setup(terminal))
    sale, answer = desk.sale()
    desk.journal_doubts = True
    reversal = named(desk, sale, answer)
    assert desk.asked(reversal) == desk.terminal_dialect.profile.no_answer
    desk.journal_doubts = False
    assert row_of(desk, Kind.SALE).state is RowState.OWES_REVERSAL
    desk.pass_time(40)
    assert [message.mti for message in desk.host_got()] == ["0400", "0401"]
    assert desk.asked(reversal) == "00"
    desk.pass_time(0)
    assert len(desk.node.owing.debts) == 1


@BOTH
def test_the_reversal_of_a_sale_in_flight_merges_with_it(terminal: str) -> None:
    desk = Desk(setup(terminal))
    sale = desk.request()
    desk.send(sale)
    desk.pass_time(5)
    assert desk.asked(named(desk, sale), "t2") == "00"
    desk.pass_time(0)
    sent = desk.host_got()
    assert [message.mti for message in sent] == ["0200", "0400"]
    desk.host_sends(desk.answer_to(sent[0], "00"))
    assert desk.code() == desk.terminal_dialect.profile.no_answer
    desk.host_sends(desk.answer_to(sent[1], "00"))
    assert row_of(desk, Kind.SALE).state is RowState.REVERSED
    assert not desk.node.owing.debts


def test_an_approval_that_comes_after_the_merge_is_remembered_when_the_host_says_not_found() -> None:
    desk = Desk()
    sale = desk.request()
    desk.send(sale)
    assert desk.asked(named(desk, sale), "t2") == "00"
    desk.pass_time(0)
    asked, reversal = desk.host_got()
    desk.host_sends(desk.answer_to(asked, "00"))
    desk.host_sends(desk.answer_to(reversal, "25"))
    desk.pass_time(31)
    desk.host_sends(desk.answer_to(desk.host_got()[-1], "25"))
    assert row_of(desk, Kind.SALE).state is RowState.STUCK


def test_an_approval_after_the_merged_sale_timed_out_is_remembered_too() -> None:
    desk = Desk()
    sale = desk.request()
    desk.send(sale)
    assert desk.asked(named(desk, sale), "t2") == "00"
    desk.pass_time(30)
    assert desk.code() == "68"
    sent = desk.host_got()
    desk.host_sends(desk.answer_to(sent[0], "00"))
    assert desk.said("late answer")
    for _ in range(2):  # the first attempt went out early: its answer proves nothing
        desk.host_sends(desk.answer_to(sent[-1], "25"))
        desk.pass_time(5)
    assert row_of(desk, Kind.SALE).state is RowState.STUCK


def test_the_stan_of_a_merged_sale_is_let_go_in_the_end() -> None:
    desk = Desk(setup(late_window=60))
    sale = desk.request()
    desk.send(sale)
    desk.asked(named(desk, sale), "t2")
    desk.pass_time(30)
    stans = {message[11] for message in desk.host_got()}
    reversal = desk.node.owing.debts[next(iter(desk.node.owing.debts))].message
    assert reversal is not None
    desk.host_sends(desk.answer_to(reversal, "00"))
    desk.pass_time(61)
    desk.sale(terminal="TERM0002")
    matching = desk.node.links.hosts["bank"].matching
    assert not [stan for stan in stans if matching.busy(stan)]


@BOTH
def test_the_reason_that_the_terminal_gives_reaches_the_host(terminal: str) -> None:
    desk = Desk(setup(terminal))
    sale, answer = desk.sale()
    reason: dict[int | str, Any] = {25: "4351"} if terminal == "iso93-ascii" else {39: "A0"}
    assert desk.asked(named(desk, sale, answer).evolve(reason)) == "00"
    desk.pass_time(0)
    assert desk.last_sent[39] == "A0"
    assert row_of(desk, Kind.SALE).reason == "A0"


def test_a_reversal_without_a_reason_says_that_the_terminal_asked() -> None:
    desk = Desk(setup(host="iso93-ascii"))
    sale, answer = desk.sale()
    assert desk.asked(desk.reversal(sale, answer)) == "00"
    desk.pass_time(0)
    row = desk.host_dialect.kind_row(desk.last_sent)
    assert row is not None
    assert row.kind is Kind.REVERSAL


@BOTH
def test_the_reversal_of_a_declined_sale_is_accepted_and_the_host_hears_nothing(terminal: str) -> None:
    desk = Desk(setup(terminal))
    sale = desk.request()
    desk.send(sale)
    desk.host_answers("51")
    desk.answer()
    assert desk.asked(named(desk, sale)) == "00"
    desk.pass_time(60)
    assert not desk.sent


@BOTH
def test_the_reversal_of_a_sale_that_was_never_sent_is_accepted(terminal: str) -> None:
    desk = Desk(setup(terminal))
    sale = desk.request()
    desk.hold = {commands.Send}
    desk.send(sale)
    (command,) = desk.held
    desk.held, desk.hold = [], set()
    assert isinstance(command, commands.Send)
    desk.feed(events.NotSent(command.id))
    desk.answer()
    assert desk.asked(named(desk, sale)) == "00"
    desk.pass_time(60)
    assert not desk.sent


@pytest.mark.parametrize("later", [Kind.REVERSAL, Kind.VOID])
def test_what_names_a_sale_means_the_repeat_that_left_and_not_the_first_that_did_not(later: Kind) -> None:
    desk = Desk()
    sale = desk.request()
    desk.hold = {commands.Send}
    desk.send(sale)
    (command,) = desk.held
    assert isinstance(command, commands.Send)
    desk.held, desk.hold = [], set()
    desk.feed(events.NotSent(command.id))
    assert desk.code() == "91"
    desk.pass_time(5)
    desk.send(desk.repeat(sale))
    desk.host_answers("00")
    answer = desk.answer()
    # The terminal knows the DE 7 of its first message; the row that was approved has that of the repeat.
    desk.send(desk.reversal(sale, answer) if later is Kind.REVERSAL else desk.later(later, (sale, answer)))
    desk.pass_time(0.1)
    assert len(desk.host_got()) == 1


@BOTH
def test_the_reversal_of_what_is_owed_already_makes_no_second_debt(terminal: str) -> None:
    desk = Desk(setup(terminal))
    sale = desk.request()
    desk.send(sale)
    desk.pass_time(30)
    desk.answer()
    assert desk.asked(named(desk, sale)) == "00"
    assert len(desk.node.owing.debts) == 1
    assert [message.mti[1] for message in desk.host_got()] == ["2", "4"]


@BOTH
def test_a_repeated_reversal_gets_its_first_answer(terminal: str) -> None:
    desk = Desk(setup(terminal))
    sale, answer = desk.sale()
    reversal = named(desk, sale, answer)
    assert desk.asked(reversal) == "00"
    assert desk.asked(desk.repeat(reversal)) == "00"
    desk.pass_time(0)
    assert len(desk.host_got()) == 1


@BOTH
def test_two_reversals_of_one_sale_are_one_debt(terminal: str) -> None:
    desk = Desk(setup(terminal))
    sale, answer = desk.sale()
    assert desk.asked(named(desk, sale, answer)) == "00"
    assert desk.asked(named(desk, sale, answer), "t2") == "00"
    assert len(desk.node.owing.debts) == 1


@BOTH
def test_once_reversed_a_sale_is_not_given_again(terminal: str) -> None:
    desk = Desk(setup(terminal))
    sale, answer = desk.sale()
    desk.asked(named(desk, sale, answer))
    assert desk.asked(desk.repeat(sale)) == desk.terminal_dialect.profile.no_answer


@pytest.mark.parametrize(
    ("changes", "code"), [({"pan": OTHER_PAN}, "14"), ({"amount": 1}, "64"), ({"amount": 999_999}, "64")]
)
def test_a_reversal_that_disagrees_with_its_original_is_refused(changes: dict[str, Any], code: str) -> None:
    desk = Desk()
    sale, answer = desk.sale()
    assert desk.asked(desk.reversal(sale, answer, **changes)) == code
    assert row_of(desk, Kind.SALE).state is RowState.DONE


def test_a_reversal_need_not_say_the_amount() -> None:
    desk = Desk()
    sale, answer = desk.sale()
    assert desk.asked(desk.reversal(sale, answer, changes={4: None})) == "00"
    assert row_of(desk, Kind.SALE).state is RowState.OWES_REVERSAL


def test_a_reversal_that_names_nothing_is_refused() -> None:
    desk = Desk()
    assert desk.asked(desk.request(Kind.REVERSAL)) == "25"
    assert not desk.sent


# What was done to the original since.
def test_a_voided_sale_is_not_reversed_on_top() -> None:
    desk = Desk()
    sale = desk.sale()
    desk.send(desk.later(Kind.VOID, sale))
    desk.host_answers("00")
    desk.answer()
    assert desk.asked(desk.reversal(*sale)) == "25"
    desk.pass_time(5)
    assert not desk.sent
    assert row_of(desk, Kind.SALE).taken is Taken.VOIDED


def test_a_sale_whose_void_is_in_flight_waits_with_its_reversal() -> None:
    desk = Desk()
    sale = desk.sale()
    desk.send(desk.later(Kind.VOID, sale))
    assert desk.asked(desk.reversal(*sale), "t2") == "22"
    desk.host_answers("00")
    assert row_of(desk, Kind.SALE).taken is Taken.VOIDED


@pytest.mark.parametrize(("settled", "code"), [(True, "25"), (False, "22")])
def test_a_sale_that_was_refunded_is_not_reversed_on_top(settled: bool, code: str) -> None:  # noqa: FBT001
    desk = Desk()
    sale = desk.sale()
    desk.send(desk.later(Kind.REFUND, sale, 100))
    if settled:
        desk.host_answers("00")
        desk.answer()
    assert desk.asked(desk.reversal(*sale), "t2") == code


def test_an_advice_that_is_being_repeated_is_not_called_reversed() -> None:
    desk = Desk()
    advice = desk.request(Kind.ADVICE)
    desk.send(advice)
    desk.pass_time(30)
    desk.answer()
    assert desk.asked(desk.reversal(advice)) == "68"
    desk.host_sends(desk.answer_to(desk.host_got()[-1], "00"))
    assert desk.asked(desk.reversal(advice)) == "00"
    desk.pass_time(0)
    assert desk.last_sent.mti == "0400"


def test_a_refund_that_was_told_twice_can_still_be_reversed() -> None:
    desk = Desk()
    sale = desk.sale()
    refund = desk.later(Kind.REFUND, sale, 100).evolve({}, "0220")
    desk.send(refund)
    desk.host_answers("00")
    desk.answer()
    assert desk.asked(desk.reversal(refund)) == "00"
    assert row_of(desk, Kind.REFUND).state is RowState.OWES_REVERSAL
    desk.pass_time(0)
    desk.host_answers("00")
    assert (row_of(desk, Kind.SALE).returned, row_of(desk, Kind.SALE).reserved) == (0, 0)


@BOTH
def test_a_replay_that_meets_the_reversal_in_the_journal_is_not_given(terminal: str) -> None:
    desk = Desk(setup(terminal))
    sale, answer = desk.sale()
    desk.hold = {commands.Journal}
    desk.send(named(desk, sale, answer), "t2")
    desk.send(desk.repeat(sale))
    desk.hold = {commands.Journal}
    desk.answer_held()
    codes = {connection: desk.terminal_dialect.canonical(message) for connection, message in desk.answers}
    assert codes == {"t1": desk.terminal_dialect.profile.no_answer, "t2": "00"}
    assert all(38 not in message for _, message in desk.answers)


def test_a_reversal_that_meets_the_void_in_the_journal_waits() -> None:
    """Both were looked up while the sale stood: only the journal can tell that one of them is too late."""
    desk = Desk()
    sale = desk.sale()
    desk.hold = {commands.Journal}
    desk.send(desk.later(Kind.VOID, sale))
    desk.send(desk.reversal(*sale), "t2")
    desk.answer_held()
    assert desk.code() == "22"
    assert row_of(desk, Kind.SALE).state is RowState.DONE
    assert row_of(desk, Kind.SALE).taken is Taken.VOID_IN_FLIGHT
    assert [message[3][:2] for message in desk.host_got()] == ["02"]


@pytest.mark.parametrize("filing", [False, True])
def test_an_approval_that_comes_in_time_after_its_reversal_found_nothing_is_reversed(
    filing: bool,  # noqa: FBT001
) -> None:
    """The terminal reversed; the host found nothing, late enough to be believed; and then it approves all the same."""
    desk = Desk()
    sale = desk.request()
    desk.send(sale)
    assert desk.asked(named(desk, sale), "t2") == "00"
    desk.pass_time(1)
    asked, reversal = desk.host_got()
    (debt,) = desk.node.owing.debts.values()
    debt.unanswered = [False]  # as if it had gone out after the time-out
    if filing:
        desk.hold = {commands.Journal}
    desk.host_sends(desk.answer_to(reversal, "25"))
    desk.host_sends(desk.answer_to(asked, "00"))
    desk.answer_held()
    assert desk.code() == "68"
    assert row_of(desk, Kind.SALE).state is RowState.OWES_REVERSAL
    desk.pass_time(2)
    (again,) = desk.host_got()
    assert again[11] == reversal[11]
    desk.host_sends(desk.answer_to(again, "00"))
    assert row_of(desk, Kind.SALE).state is RowState.REVERSED
