"""Stories of reversals that terminals send: one debt, whoever asks for it (rulings 2 and 3)."""

from __future__ import annotations

from typing import Any

import pytest

from iso_gateway import Message
from iso_gateway.protocol import commands, events
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.originals import Original
from iso_gateway.protocol.records import Row, RowState, Taken
from tests.support.desk import OTHER_PAN, Desk, setup

BOTH = pytest.mark.parametrize("terminal", ["iso87-ascii", "cup-pos", "iso93-ascii"])


def named(desk: Desk, sale: Message, answer: Message | None = None, **more: Any) -> Message:
    """Return the terminal's reversal of *sale*, also for a dialect that names it by local time."""
    message = desk.reversal(sale, answer, **more)
    if desk.terminal_dialect.profile.original == "de56":
        element = sale.mti + sale[11] + sale[12] + "00"
        return message.evolve({56: element})
    return message


def row_of(desk: Desk, kind: Kind) -> Row:
    """Return the only row of *kind*."""
    (row,) = [row for row in desk.rows() if row.kind is kind]
    return row


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
    assert row_of(desk, Kind.SALE).state is RowState.ANSWERED
    assert not desk.node.owing.debts
    assert desk.asked(reversal) == "00"


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
    assert row_of(desk, Kind.SALE).state is RowState.ANSWERED


def test_a_reversal_need_not_say_the_amount() -> None:
    desk = Desk()
    sale, answer = desk.sale()
    assert desk.asked(desk.reversal(sale, answer, changes={4: None})) == "00"
    assert row_of(desk, Kind.SALE).state is RowState.OWES_REVERSAL


def test_a_reversal_that_names_nothing_is_refused() -> None:
    desk = Desk()
    assert desk.asked(desk.request(Kind.REVERSAL)) == "25"
    assert not desk.sent


# Ruling 3: the original is not known.
def test_a_reversal_by_stan_alone_gets_25_and_is_listed() -> None:
    desk = Desk()
    never = desk.request()
    assert desk.asked(desk.reversal(never.evolve({7: None}))) == "25"
    assert not desk.sent
    assert desk.said("listed")
    assert desk.rows(RowState.TOMBSTONE)


@pytest.mark.parametrize("terminal", ["iso87-ascii", "cup-pos"])
def test_a_sale_that_comes_after_its_reversal_gets_94_and_is_never_sent(terminal: str) -> None:
    desk = Desk(setup(terminal))
    sale = desk.request(changes={7: None})
    assert desk.asked(desk.reversal(sale)) == "25"
    assert desk.asked(sale) == "94"
    assert desk.asked(desk.repeat(sale.evolve({7: "1120120000"}))) == "94"
    assert not desk.sent


def test_the_stone_stands_in_the_originals_batch() -> None:
    desk = Desk(setup("cup-pos"))
    sale = desk.request()
    reversal = desk.reversal(sale).evolve({60: "22000008000", 61: "000007" + sale[11] + "1120"})
    assert desk.asked(reversal) == "25"
    assert desk.asked(sale) == "94"


@pytest.mark.parametrize("terminal", ["iso87-ascii", "cup-pos"])
def test_the_repeat_of_such_a_reversal_hears_the_same(terminal: str) -> None:
    desk = Desk(setup(terminal))
    sale = desk.request(changes={7: None})
    reversal = desk.reversal(sale)
    assert desk.asked(reversal) == "25"
    assert desk.asked(desk.repeat(reversal)) == "25"


def test_a_second_reversal_under_another_stan_hears_the_same() -> None:
    desk = Desk()
    sale = desk.request(changes={7: None})
    assert desk.asked(desk.reversal(sale)) == "25"
    assert desk.asked(desk.reversal(sale)) == "25"
    assert desk.asked(sale) == "94"


@pytest.mark.parametrize(
    "original",
    [
        Original(mti="0200", stan="000077", transmitted="1120110000"),
        Original(mti="0200", stan="000077", rrn="632400000077"),
        Original(mti="0200", stan="000077", approval="A00077"),
    ],
)
def test_a_reversal_with_an_identity_that_the_host_knows_is_forwarded(original: Original) -> None:
    desk = Desk()
    desk.send(desk.request(Kind.REVERSAL, original=original))
    forwarded = desk.host_answers("00")
    assert desk.code() == "00"
    if original.transmitted:
        assert forwarded[90] == "0200000077" + "1120110000" + "0" * 22
    else:
        assert 90 not in forwarded
    assert desk.asked(desk.request(stan="000077")) == "94"


@pytest.mark.parametrize(("host", "element"), [("cup-pos", 61), ("iso93-ascii", 56)])
def test_a_terminals_stan_never_names_a_sale_on_a_leg_where_the_gateway_numbers(host: str, element: int) -> None:
    desk = Desk(setup(host=host))
    original = Original(mti="0200", stan="000077", transmitted="1120110000", rrn="632400000077", date="1120")
    desk.send(desk.request(Kind.REVERSAL, original=original))
    forwarded = desk.last_sent
    assert forwarded[37] == "632400000077"
    assert "000077" not in str(forwarded.get(element, "")).replace("632400000077", "")


@pytest.mark.parametrize("host", ["cup-pos", "iso93-ascii"])
def test_where_nothing_but_the_stan_is_left_the_reversal_gets_25(host: str) -> None:
    desk = Desk(setup(host=host))
    original = Original(mti="0200", stan="000077", transmitted="1120110000")
    assert desk.asked(desk.request(Kind.REVERSAL, original=original)) == "25"
    assert not desk.sent


def test_what_the_host_says_to_a_forwarded_reversal_reaches_the_terminal() -> None:
    desk = Desk()
    original = Original(mti="0200", stan="000077", transmitted="1120110000")
    reversal = desk.request(Kind.REVERSAL, original=original)
    desk.send(reversal)
    desk.host_answers("25")
    assert desk.code() == "25"
    assert desk.asked(desk.repeat(reversal)) == "25"
    assert not desk.sent


def test_a_forwarded_reversal_that_nobody_answers_is_repeated_and_never_reversed() -> None:
    desk = Desk()
    reversal = desk.request(Kind.REVERSAL, original=Original(mti="0200", stan="000077", transmitted="1120110000"))
    desk.send(reversal)
    desk.pass_time(30)
    assert desk.code() == "68"
    assert [message.mti for message in desk.host_got()] == ["0400", "0401"]
    desk.pass_time(31)
    (again,) = desk.host_got()
    assert (again.mti, again[90][4:10]) == ("0401", "000077")
    desk.host_sends(desk.answer_to(again, "00"))
    assert desk.asked(desk.repeat(reversal)) == "00"


def test_a_forwarded_reversal_whose_answer_cannot_be_recorded_is_repeated_and_never_reversed() -> None:
    desk = Desk()
    desk.send(desk.request(Kind.REVERSAL, original=Original(mti="0200", stan="000077", transmitted="1120110000")))
    desk.journal_fails = True
    desk.host_answers("00")
    assert desk.code() == "68"
    desk.journal_fails = False
    desk.pass_time(10)
    assert {message.mti for message in desk.host_got()} == {"0401"}


def test_a_reversal_that_could_not_be_forwarded_may_be_asked_again() -> None:
    desk = Desk()
    original = Original(mti="0200", stan="000077", transmitted="1120110000")
    reversal = desk.request(Kind.REVERSAL, original=original)
    desk.hold = {commands.Send}
    desk.send(reversal)
    (command,) = desk.held
    desk.held, desk.hold = [], set()
    assert isinstance(command, commands.Send)
    desk.feed(events.NotSent(command.id))
    assert desk.code() == "91"
    desk.send(desk.repeat(reversal))
    assert desk.last_sent.mti == "0400"
    desk.host_answers("00")
    assert desk.code() == "00"


# Races, where the journal decides.
@BOTH
def test_a_reversal_that_meets_the_answer_of_its_sale_in_the_journal_is_decided_anew(terminal: str) -> None:
    desk = Desk(setup(terminal))
    sale = desk.request()
    desk.send(sale)
    asked = desk.last_sent
    desk.hold = {commands.Journal}
    desk.host_sends(desk.answer_to(asked, "00"))
    desk.send(named(desk, sale), "t2")
    desk.answer_held()
    codes = [desk.terminal_dialect.canonical(message) for _, message in desk.answers]
    assert sorted(codes) == ["00", "00"]
    assert row_of(desk, Kind.SALE).state is RowState.OWES_REVERSAL
    desk.pass_time(0)
    assert desk.last_sent.mti == "0400"


@BOTH
def test_the_other_way_round_the_sale_is_not_delivered_as_approved(terminal: str) -> None:
    desk = Desk(setup(terminal))
    sale = desk.request()
    desk.send(sale)
    asked = desk.last_sent
    desk.hold = {commands.Journal}
    desk.send(named(desk, sale), "t2")
    desk.host_sends(desk.answer_to(asked, "00"))
    desk.answer_held()
    codes = {connection: desk.terminal_dialect.canonical(message) for connection, message in desk.answers}
    assert codes == {"t1": desk.terminal_dialect.profile.no_answer, "t2": "00"}
    assert all(38 not in message for _, message in desk.answers)
    assert row_of(desk, Kind.SALE).state is RowState.OWES_REVERSAL


@BOTH
def test_a_reversal_while_the_intent_is_committed_never_replays_the_sale(terminal: str) -> None:
    """Looked up before the sale's row was there, committed after it."""
    desk = Desk(setup(terminal))
    sale = desk.request()
    desk.hold = {commands.Journal}
    desk.send(sale)
    desk.send(named(desk, sale), "t2")
    desk.answer_held()
    assert row_of(desk, Kind.SALE).state is RowState.OWES_REVERSAL
    assert [desk.terminal_dialect.canonical(message) for _, message in desk.answers] == ["00"]
    desk.pass_time(60)
    assert [message.mti for message in desk.host_got()][:2] == ["0200", "0400"]


@BOTH
def test_or_the_stone_comes_first_and_the_sale_is_never_sent(terminal: str) -> None:
    desk = Desk(setup(terminal))
    sale = desk.request()
    desk.hold = {commands.Secure}
    desk.send(sale)
    desk.hold = set()
    desk.send(named(desk, sale), "t2")
    desk.answer_held()
    assert not [message for message in desk.host_got() if message.mti[1] == "2"]


@pytest.mark.parametrize("seconds", [0, 90])
def test_a_sale_is_found_by_the_de_7_of_its_repeat(seconds: float) -> None:
    """Repeats have a DE 7 of their own, and the terminal may name that one."""
    desk = Desk()
    sale, answer = desk.sale()
    desk.pass_time(seconds)
    repeat = desk.repeat(sale)
    assert desk.asked(repeat) == "00"
    assert desk.asked(desk.reversal(repeat, answer)) == "00"
    assert row_of(desk, Kind.SALE).state is RowState.OWES_REVERSAL


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
    assert row_of(desk, Kind.SALE).taken is Taken.DONE


def test_a_sale_whose_void_is_in_flight_waits_with_its_reversal() -> None:
    desk = Desk()
    sale = desk.sale()
    desk.send(desk.later(Kind.VOID, sale))
    assert desk.asked(desk.reversal(*sale), "t2") == "22"
    desk.host_answers("00")
    assert row_of(desk, Kind.SALE).taken is Taken.DONE


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
    assert row_of(desk, Kind.SALE).state is RowState.ANSWERED
    assert row_of(desk, Kind.SALE).taken is Taken.IN_FLIGHT
    assert [message[3][:2] for message in desk.host_got()] == ["02"]
