"""Stories of answers that do not come: what is owed, how it is paid, and what the host may say to it (ruling 1)."""

from __future__ import annotations

from datetime import time

import pytest

from iso_gateway import Message
from iso_gateway.protocol import commands, events
from iso_gateway.protocol.records import RowState
from iso_gateway.protocol.setup import Debtor
from tests.support.desk import PAN, Desk, setup
from tests.support.stories import reverse, timed_out

SPECS = ("iso87-ascii", "iso87-binary", "iso93-ascii", "cup-pos")


@pytest.mark.parametrize(
    ("terminal", "host", "code"),
    [
        ("iso87-ascii", "iso87-ascii", "68"),
        ("iso87-ascii", "cup-pos", "68"),
        ("cup-pos", "iso87-ascii", "98"),
        ("cup-pos", "cup-pos", "98"),
        ("iso93-ascii", "iso87-binary", "68"),
        ("cup-pos", "iso93-ascii", "98"),
    ],
)
def test_a_silent_host_owes_a_reversal_and_the_terminal_hears_so(terminal: str, host: str, code: str) -> None:
    desk = Desk(setup(terminal, host))
    desk.send(desk.request())
    desk.pass_time(29.9)
    assert not desk.answers
    desk.pass_time(0.1)
    assert desk.code() == code
    sale, reversal = desk.host_got()
    assert reversal.mti[1] == "4"
    assert desk.row().state is RowState.OWES_REVERSAL
    assert desk.row().reason == "98"
    reverse(desk, reversal, "00")
    assert desk.row().state is RowState.REVERSED
    assert not desk.node.owing.debts
    assert sale.mti[1] == "2"


@pytest.mark.parametrize("host", ["iso87-ascii", "iso87-binary"])
def test_a_1987_reversal_names_the_sale_as_it_was_sent(host: str) -> None:
    desk = Desk(setup(host=host, institution="12345"))
    _, sale, reversal = timed_out(desk)
    assert reversal.mti == "0400"
    assert reversal[90] == "0200" + sale[11] + sale[7] + "0" * 22
    assert reversal[11] != sale[11]
    assert reversal[39] == "98"
    assert reversal[7] == "1120120030"
    for de in (2, 3, 4, 12, 13, 22, 32, 41, 42, 49):
        assert reversal[de] == sale[de], de


def test_a_unionpay_reversal_has_the_stan_of_its_sale() -> None:
    desk = Desk(setup("cup-pos", "cup-pos"))
    _, sale, reversal = timed_out(desk)
    assert reversal.mti == "0400"
    assert reversal[11] == sale[11]
    assert reversal[60] == sale[60]
    assert reversal[61] == "000007" + sale[11] + sale[13]
    assert reversal[39] == "98"
    assert (reversal[2], reversal[3], reversal[4]) == (PAN, sale[3], sale[4])


def test_a_1993_reversal_names_the_sale_in_de_56() -> None:
    desk = Desk(setup("iso93-ascii", "iso93-ascii"))
    _, sale, reversal = timed_out(desk)
    assert reversal.mti == "1420"
    assert reversal[56] == "1200" + sale[11] + "261120120000" + "00"
    assert (reversal[24], reversal[25]) == ("400", "4021")
    assert reversal[11] != sale[11]


@pytest.mark.parametrize(
    ("terminal", "host", "mti"),
    [("iso87-ascii", "iso87-ascii", "0401"), ("iso87-ascii", "cup-pos", "0400"), ("cup-pos", "iso93-ascii", "1421")],
)
def test_a_reversal_that_nobody_answers_is_repeated_the_same_but_for_mti_and_de_7(
    terminal: str, host: str, mti: str
) -> None:
    desk = Desk(setup(terminal, host))
    _, _, first = timed_out(desk)
    desk.pass_time(31)
    (second,) = desk.host_got()
    assert second.mti == mti
    assert second[7] != first[7]
    assert second.evolve({7: first[7]}, first.mti) == first
    assert desk.row().attempts == 2


def test_pauses_grow_until_the_host_answers() -> None:
    desk = Desk(setup(host_timeout=5, debtor=Debtor(first_pause=1, longest_pause=10)))
    desk.send(desk.request())
    desk.pass_time(5)
    at = []
    for _ in range(6):
        while not any(message.mti[1] == "4" for _, _, message in desk.sent):
            desk.pass_time(0.5)
        at.append(desk.mono - 1005)
        desk.host_got()
    assert at == [0, 6, 13, 22, 35, 50]


def test_the_attempt_is_journaled_before_it_is_sent() -> None:
    desk = Desk()
    desk.send(desk.request())
    desk.pass_time(29)
    desk.host_got()
    desk.hold = {commands.Journal}
    desk.pass_time(1)
    assert not desk.answers
    assert not desk.sent
    desk.answer_held()
    assert desk.code() == "68"
    desk.hold = {commands.Journal}
    desk.pass_time(0)
    assert not desk.sent
    desk.answer_held()
    assert desk.last_sent.mti == "0400"


def test_a_late_approval_is_noted_and_the_debt_stays() -> None:
    desk = Desk()
    request, sale, reversal = timed_out(desk)
    desk.host_sends(desk.answer_to(sale, "00"))
    assert not desk.answers
    assert desk.row().state is RowState.OWES_REVERSAL
    assert [(line["verdict"], line["means"]) for line in desk.said("late answer")] == [("matched late", "approved")]
    assert desk.asked(desk.repeat(request)) == "68"
    reverse(desk, reversal, "00")
    assert desk.row().state is RowState.REVERSED


def test_25_after_a_late_approval_is_for_an_operator() -> None:
    desk = Desk()
    _, sale, reversal = timed_out(desk)
    desk.host_sends(desk.answer_to(sale, "00"))
    reverse(desk, reversal, "25")
    assert desk.row().state is RowState.STUCK
    assert not desk.node.owing.debts
    assert desk.said("stuck")


def test_25_after_the_hosts_time_out_settles() -> None:
    desk = Desk()
    _, _, reversal = timed_out(desk)
    reverse(desk, reversal, "25")
    assert desk.row().state is RowState.REVERSED


def test_25_on_another_business_day_is_for_an_operator() -> None:
    desk = Desk(setup(cut_over=time(12, 0, 20)))
    _, _, reversal = timed_out(desk)
    reverse(desk, reversal, "25")
    assert desk.row().state is RowState.STUCK


def lost_early(host: str) -> tuple[Desk, Message]:
    """Lose the link right after a sale went out over it; return the reversal that goes over another one."""
    desk = Desk(setup(host=host), links=("bank-1", "bank-2"))
    desk.send(desk.request())
    desk.pass_time(1)
    desk.lose_link(desk.sent[-1][1])
    assert desk.code() == "68"
    desk.pass_time(0)
    return desk, desk.host_got()[-1]


@pytest.mark.parametrize(("host", "code"), [("iso87-ascii", "25"), ("cup-pos", "00")])
def test_not_found_before_the_hosts_time_out_is_asked_again_once_after_it(host: str, code: str) -> None:
    """The reversal overtook its sale: it may still be decided, and charged, until the time-out."""
    desk, reversal = lost_early(host)
    desk.host_sends(desk.answer_to(reversal, code), "bank-2")
    assert desk.row().state is RowState.OWES_REVERSAL
    desk.pass_time(28.5)
    assert not desk.sent
    desk.pass_time(1)
    (again,) = desk.host_got()
    assert again[11] == reversal[11]
    desk.host_sends(desk.answer_to(again, code), "bank-2")
    assert desk.row().state is RowState.REVERSED


def test_00_of_a_host_that_says_25_where_it_finds_nothing_settles_at_once() -> None:
    desk, reversal = lost_early("iso87-ascii")
    desk.host_sends(desk.answer_to(reversal, "00"), "bank-2")
    assert desk.row().state is RowState.REVERSED


@pytest.mark.parametrize("code", ["12", "40", "30", "13", "64", "94", "05"])
def test_a_hard_refusal_is_for_an_operator_and_never_dropped(code: str) -> None:
    desk = Desk()
    request, _, reversal = timed_out(desk)
    reverse(desk, reversal, code)
    assert desk.row().state is RowState.STUCK
    desk.pass_time(7 * 86400)
    assert not [message for message in desk.host_got() if message.mti[1] == "4"]
    assert desk.asked(desk.repeat(request)) == "68"


@pytest.mark.parametrize(("host", "state"), [("iso87-ascii", RowState.REVERSED), ("cup-pos", RowState.STUCK)])
def test_94_on_a_repeat_is_done_only_where_reversals_have_their_own_stan(host: str, state: RowState) -> None:
    desk = Desk(setup(host=host))
    timed_out(desk)
    desk.pass_time(31)
    reverse(desk, desk.host_got()[-1], "94")
    assert desk.row().state is state


@pytest.mark.parametrize("lost", ["before", "not sent"])
def test_94_on_the_first_that_really_went_out_is_not_done(lost: str) -> None:
    """An attempt that never left is no attempt: the duplicate is not ours."""
    desk = Desk()
    desk.send(desk.request())
    desk.hold = {commands.Send} if lost == "not sent" else {commands.Secure}
    desk.pass_time(30)
    command = next(
        held for held in desk.held if isinstance(held, commands.Send | commands.Secure) and "debt" in held.id
    )
    if lost == "not sent":
        desk.held, desk.hold = [], set()
        desk.feed(events.NotSent(command.id))
    else:
        desk.lose_link()
        desk.answer_held()
        desk.host_got()
        desk.bring_up()
    desk.pass_time(2)
    reversal = desk.host_got()[-1]
    assert reversal.mti == "0400"
    reverse(desk, reversal, "94")
    assert desk.row().state is RowState.STUCK


@pytest.mark.parametrize("code", ["68", "91", "96", "98", "A0", "77"])
def test_no_decision_is_asked_again(code: str) -> None:
    desk = Desk()
    _, _, reversal = timed_out(desk)
    reverse(desk, reversal, code)
    assert desk.row().state is RowState.OWES_REVERSAL
    if code in {"A0", "77"}:
        assert desk.host_answers("00").mti == "0800"
    desk.pass_time(1)
    assert desk.host_got()[-1].mti == "0401"


# Ruling 12.
@pytest.mark.parametrize("code", ["A0", "77"])
def test_a_host_that_wants_a_new_sign_on_gets_one_and_then_the_debt_with_a_new_mac(code: str) -> None:
    desk = Desk()
    _, _, reversal = timed_out(desk)
    reverse(desk, reversal, code)
    assert desk.last_sent.mti == "0800"
    assert desk.asked(desk.request(terminal="TERM0002")) == "91"
    desk.pass_time(2)
    assert [message.mti for _, _, message in desk.sent] == ["0800"]
    desk.host_answers("00")
    assert desk.last_sent.mti == "0401"
    assert desk.order[-3:] == ["Journal", "Secure", "Send"]
    reverse(desk, desk.host_got()[-1], code)
    desk.pass_time(2)
    assert [message.mti for message in desk.host_got()] == ["0401"], "one sign-on in a while is enough"


def test_any_answer_under_the_key_settles_also_that_to_an_earlier_attempt() -> None:
    desk = Desk()
    _, _, first = timed_out(desk)
    desk.pass_time(31)
    desk.host_got()
    reverse(desk, first, "00")
    assert desk.row().state is RowState.REVERSED
    reverse(desk, first, "00")
    assert [line["cause"] for line in desk.said("late answer")] == ["its request is settled"]


@pytest.mark.parametrize(
    ("code", "state"), [("96", RowState.OWES_REVERSAL), ("00", RowState.REVERSED), ("12", RowState.STUCK)]
)
@pytest.mark.parametrize("held", [commands.Journal, commands.Secure])
def test_the_answer_to_an_earlier_attempt_may_come_while_the_next_is_prepared(
    code: str, state: RowState, held: type[commands.Command]
) -> None:
    desk = Desk()
    _, _, first = timed_out(desk)
    desk.pass_time(30.5)
    desk.hold = {held}
    desk.pass_time(0.5)
    assert desk.held
    reverse(desk, first, code)
    desk.answer_held()
    assert desk.row().state is state
    if state is not RowState.OWES_REVERSAL:
        assert not desk.node.owing.debts


def test_the_end_of_a_debt_that_cannot_be_committed_is_committed_later() -> None:
    desk = Desk()
    _, _, reversal = timed_out(desk)
    desk.journal_fails = True
    reverse(desk, reversal, "00")
    assert desk.row().state is RowState.OWES_REVERSAL
    desk.journal_fails = False
    desk.pass_time(5)
    assert desk.row().state is RowState.REVERSED
    assert not desk.host_got()
    assert not desk.node.owing.debts


def test_an_end_that_comes_while_an_attempt_is_committed_is_committed_after_it() -> None:
    desk = Desk()
    _, _, first = timed_out(desk)
    desk.pass_time(30.5)
    desk.hold = {commands.Journal}
    desk.pass_time(0.5)
    reverse(desk, first, "00")
    assert len(desk.held) == 1
    desk.answer_held()
    assert desk.row().state is RowState.REVERSED
    assert not desk.node.owing.debts


def test_a_late_decline_before_the_reversal_was_sent_settles_without_it() -> None:
    desk = Desk(links=("bank-1", "bank-2"))
    desk.send(desk.request())
    sale = desk.last_sent
    desk.lose_link("bank-1")
    desk.lose_link("bank-2")
    assert desk.row().state is RowState.OWES_REVERSAL
    desk.sent.clear()
    desk.feed(events.LinkConnected("bank-2"))  # not signed on yet: nothing is paid
    desk.host_sends(desk.answer_to(sale, "51"), "bank-2")
    assert desk.row().state is RowState.DECLINED
    desk.host_answers("00")
    desk.pass_time(10)
    assert not desk.sent


# Ruling 1: a late approval reopens only what was settled by 25, or by an early 00.
def test_an_approval_after_25_reopens_the_debt() -> None:
    desk = Desk()
    _, sale, reversal = timed_out(desk)
    reverse(desk, reversal, "25")
    assert desk.row().state is RowState.REVERSED
    desk.host_sends(desk.answer_to(sale, "00"))
    assert desk.row().state is RowState.OWES_REVERSAL
    desk.pass_time(1)
    (again,) = desk.host_got()
    assert again.mti == "0401"
    reverse(desk, again, "00")
    assert desk.row().state is RowState.REVERSED


def test_an_approval_after_00_is_only_noted() -> None:
    desk = Desk()
    _, sale, reversal = timed_out(desk)
    reverse(desk, reversal, "00")
    desk.host_sends(desk.answer_to(sale, "00"))
    assert desk.row().state is RowState.REVERSED
    assert desk.said("late answer")
    desk.pass_time(5)
    assert not desk.host_got()


def test_a_decline_after_25_changes_nothing() -> None:
    desk = Desk()
    _, sale, reversal = timed_out(desk)
    reverse(desk, reversal, "25")
    desk.host_sends(desk.answer_to(sale, "51"))
    assert desk.row().state is RowState.REVERSED


def test_not_found_that_was_said_early_and_comes_late_is_asked_again() -> None:
    """The host read the reversal before it decided the sale; only its answer took so long."""
    desk, reversal = lost_early("iso87-ascii")
    desk.pass_time(29.5)
    desk.host_sends(desk.answer_to(reversal, "25"), "bank-2")
    assert desk.row().state is RowState.OWES_REVERSAL
    desk.pass_time(1)
    desk.host_sends(desk.answer_to(desk.host_got()[-1], "25"), "bank-2")
    assert desk.row().state is RowState.REVERSED


def test_as_many_late_words_are_doubted_as_attempts_went_out_early() -> None:
    desk, first = lost_early("iso87-ascii")
    desk.pass_time(5)
    desk.lose_link("bank-2")
    desk.bring_up("bank-1")
    desk.pass_time(3)
    (second,) = desk.host_got()
    desk.pass_time(25)
    for reversal in (first, second):
        desk.host_sends(desk.answer_to(reversal, "25"))
        assert desk.row().state is RowState.OWES_REVERSAL
        desk.pass_time(10)
    desk.host_sends(desk.answer_to(desk.host_got()[-1], "25"))
    assert desk.row().state is RowState.REVERSED


def test_an_approval_while_25_is_being_committed_reopens_the_debt() -> None:
    desk = Desk()
    _, sale, reversal = timed_out(desk)
    desk.hold = {commands.Journal}
    reverse(desk, reversal, "25")
    desk.host_sends(desk.answer_to(sale, "00"))
    desk.answer_held()
    assert desk.row().state is RowState.OWES_REVERSAL
    desk.pass_time(1)
    reverse(desk, desk.host_got()[-1], "00")
    assert desk.row().state is RowState.REVERSED
