"""Stories of the same message again: one charge, whatever came in between (rulings 2, 4; promise 2)."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from iso_gateway.protocol import commands, events
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.records import RowState
from tests.support.desk import OTHER_PAN, Desk, setup


@pytest.mark.parametrize("terminal", ["iso87-ascii", "iso93-ascii", "cup-pos"])
@pytest.mark.parametrize("connection", ["t1", "another"])
def test_a_repeat_in_flight_joins_and_both_get_the_one_answer(terminal: str, connection: str) -> None:
    desk = Desk(setup(terminal))
    request = desk.request()
    desk.send(request)
    desk.pass_time(5)
    desk.send(desk.repeat(request), connection)
    assert len(desk.sent) == 1
    desk.host_answers("00")
    (first_to, first), (second_to, second) = desk.answers
    assert {first_to, second_to} == {"t1", connection}
    assert (first[37], first[38]) == (second[37], second[38])
    assert first.mti == second.mti
    assert len(desk.rows()) == 1
    assert desk.said("joined")


@pytest.mark.parametrize("terminal", ["iso87-ascii", "iso93-ascii", "cup-pos"])
def test_a_repeat_afterwards_gets_the_first_answer_again(terminal: str) -> None:
    desk = Desk(setup(terminal))
    request, answer = desk.sale()
    desk.pass_time(60)
    desk.send(desk.repeat(request))
    again = desk.answer()
    assert (again[37], again[38], again[39]) == (answer[37], answer[38], answer[39])
    assert not desk.sent
    assert desk.row().replays == 1
    assert [line["replay"] for line in desk.said("txn")] == [False, True]


@pytest.mark.parametrize("code", ["51", "05", "54"])
def test_a_declined_request_is_declined_again_and_not_asked_again(code: str) -> None:
    desk = Desk()
    request = desk.request()
    desk.send(request)
    desk.host_answers(code)
    assert desk.code() == code
    assert desk.asked(desk.repeat(request)) == code
    assert not desk.sent


@pytest.mark.parametrize("when", ["verifying", "securing", "journaling"])
def test_a_repeat_joins_at_every_stage_before_sending(when: str) -> None:
    desk = Desk()
    request = desk.request()
    held = {"verifying": commands.Verify, "securing": commands.Secure, "journaling": commands.Journal}[when]
    desk.hold = {held}
    desk.send(request)
    desk.hold = set()
    if when == "verifying":
        desk.hold = {held}
    desk.send(desk.repeat(request), "t2")
    desk.answer_held()
    assert len(desk.sent) == 1
    desk.host_answers("00")
    assert [desk.code(), desk.code()] == ["00", "00"]
    assert len(desk.rows()) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": 9999},
        {"pan": OTHER_PAN},
        {"changes": {49: "978"}},
        {"changes": {12: "235959"}},
        {"changes": {13: "1119"}},
    ],
)
@pytest.mark.parametrize("answered", [False, True])
def test_another_message_under_the_same_key_gets_94_and_no_stored_answer(
    changes: dict[str, Any],
    answered: bool,  # noqa: FBT001
) -> None:
    desk = Desk()
    desk.send(desk.request(stan="000007"))
    if answered:
        desk.host_answers("00")
        desk.answer()
    sent = len(desk.sent)
    desk.send(desk.request(stan="000007", **changes), "t2")
    answer = desk.answer()
    assert answer[39] == "94"
    assert 38 not in answer
    assert 37 not in answer
    assert len(desk.sent) == sent
    assert desk.said("duplicate")


@pytest.mark.parametrize(
    "other",
    [
        {"terminal": "TERM0002"},
        {"kind": Kind.REFUND, "changes": {37: "632400000001"}},
        {"kind": Kind.PREAUTH},
    ],
)
def test_another_terminal_or_kind_under_the_same_stan_is_no_repeat(other: dict[str, Any]) -> None:
    desk = Desk()
    desk.sale(stan="000007")
    desk.send(desk.request(stan="000007", **other), "t2")
    assert len(desk.sent) == 1


def test_another_batch_is_another_request() -> None:
    desk = Desk(setup("cup-pos"))
    desk.sale(stan="000007")
    desk.send(desk.request(stan="000007", changes={60: "22000008000"}))
    assert len(desk.sent) == 1


# Ruling 4: without a batch number a key lives for 24 hours.
@pytest.mark.parametrize(("hours", "code"), [(23, "94"), (25, None)])
def test_without_a_batch_a_key_is_free_again_after_24_hours(hours: int, code: str | None) -> None:
    desk = Desk()
    desk.sale(stan="000007")
    desk.pass_time(hours * 3600)
    desk.send(desk.request(stan="000007", amount=500))
    if code is None:
        desk.host_answers("00")
        assert desk.code() == "00"
        assert len(desk.rows()) == 2
    else:
        assert desk.code() == code


def test_with_a_batch_a_key_is_taken_at_any_age() -> None:
    desk = Desk(setup("cup-pos"))
    desk.sale(stan="000007")
    desk.pass_time(100 * 3600)
    assert desk.asked(desk.request(stan="000007", amount=500)) == "94"


def test_a_repeat_across_midnight_is_a_repeat() -> None:
    desk = Desk()
    request, answer = desk.sale()
    desk.pass_time(13 * 3600)
    desk.send(desk.repeat(request))
    assert desk.answer()[37] == answer[37]


def test_an_equal_message_with_its_own_time_is_a_repeat_at_any_age() -> None:
    desk = Desk()
    request, answer = desk.sale()
    desk.pass_time(30 * 3600)
    desk.send(request)
    assert desk.answer()[37] == answer[37]
    assert not desk.sent


def test_an_equal_message_without_a_time_of_its_own_is_new_after_24_hours() -> None:
    """The STAN came round again, and somebody bought the same for the same price: that is another sale."""
    desk = Desk()
    changes: dict[int | str, Any] = {12: None, 13: None}
    desk.sale(stan="000007", changes=changes)
    desk.pass_time(30 * 3600)
    desk.send(desk.request(stan="000007", changes=changes))
    assert len(desk.sent) == 1


def test_a_marked_repeat_is_a_repeat_at_any_age() -> None:
    desk = Desk()
    request, answer = desk.sale(changes={12: None, 13: None})
    desk.pass_time(30 * 3600)
    desk.send(desk.repeat(request))
    assert desk.answer()[37] == answer[37]


def test_no_key_is_released_while_its_debt_is_open() -> None:
    desk = Desk()
    desk.send(desk.request(stan="000007"))
    desk.lose_link()
    assert desk.code() == "68"
    desk.pass_time(30 * 3600)
    assert desk.asked(desk.request(stan="000007", amount=500)) == "94"


def test_not_sent_is_91_and_may_be_asked_again_under_the_same_key() -> None:
    desk = Desk()
    request = desk.request()
    desk.hold = {commands.Send}
    desk.send(request)
    (command,) = desk.held
    desk.held, desk.hold = [], set()
    assert isinstance(command, commands.Send)
    desk.feed(events.NotSent(command.id))
    assert desk.code() == "91"
    assert desk.row().state is RowState.NOT_SENT
    assert not desk.node.owing.debts
    desk.send(request)
    desk.host_answers("00")
    assert desk.code() == "00"
    assert len(desk.rows(RowState.DONE)) == 1


def test_a_link_that_goes_while_the_intent_is_journaled_is_not_sent_to() -> None:
    desk = Desk()
    desk.hold = {commands.Journal}
    desk.send(desk.request())
    desk.lose_link()
    desk.answer_held()
    assert desk.code() == "91"
    assert not desk.sent
    assert desk.row().state is RowState.NOT_SENT


def test_another_link_takes_what_was_not_given_to_the_first() -> None:
    desk = Desk(links=("bank-1", "bank-2"))
    desk.hold = {commands.Journal}
    desk.send(desk.request())
    desk.lose_link("bank-1")
    desk.answer_held()
    assert [link for _, link, _ in desk.sent] == ["bank-2"]


def test_what_was_handed_to_a_link_is_never_sent_again_on_another() -> None:
    desk = Desk(links=("bank-1", "bank-2"))
    desk.send(desk.request())
    desk.lose_link(desk.sent[-1][1])
    desk.pass_time(60)
    assert [message.mti for message in desk.host_got()][:2] == ["0200", "0400"]


def test_while_a_sale_is_being_reversed_its_repeat_hears_no_answer() -> None:
    desk = Desk(setup("cup-pos"))
    request = desk.request()
    desk.send(request)
    desk.pass_time(30)
    assert desk.code() == "98"
    for _ in range(3):
        assert desk.asked(desk.repeat(request)) == "98"
    reversals = [message for message in desk.host_got() if message.mti[1] == "4"]
    desk.host_sends(desk.answer_to(reversals[-1]))
    assert desk.row().state is RowState.REVERSED
    assert desk.asked(desk.repeat(request)) == "98"
    assert not desk.sent


def test_no_approval_is_given_again_once_its_reversal_is_owed() -> None:
    desk = Desk()
    request = desk.request()
    desk.fate = events.Fate.NOT_HANDED
    desk.send(request)
    desk.host_answers("00")
    desk.fate = events.Fate.HANDED
    desk.send(desk.repeat(request))
    answer = desk.answer()
    assert answer[39] == "68"
    assert 37 not in answer
    assert 38 not in answer


# Delivery (ruling 2).
def test_an_approval_of_which_no_byte_was_handed_over_is_reversed() -> None:
    desk = Desk()
    desk.fate = events.Fate.NOT_HANDED
    desk.send(desk.request())
    desk.host_answers("00")
    assert desk.row().state is RowState.OWES_REVERSAL
    assert desk.row().reason == "96"
    desk.pass_time(0)
    reversal = desk.host_answers("00")
    assert (reversal.mti, reversal[39]) == ("0400", "96")
    assert reversal[37].startswith("6324")
    assert desk.row().state is RowState.REVERSED


def test_a_terminal_that_hung_up_is_handed_nothing() -> None:
    desk = Desk()
    desk.send(desk.request())
    desk.hang_up()
    desk.host_answers("00")
    assert desk.row().state is RowState.OWES_REVERSAL


def test_a_decline_that_nobody_hears_owes_nothing() -> None:
    desk = Desk()
    desk.send(desk.request())
    desk.hang_up()
    desk.host_answers("51")
    assert desk.row().state is RowState.DECLINED
    assert not desk.node.owing.debts


def test_an_approval_of_which_some_may_have_gone_out_is_a_question_and_not_a_debt() -> None:
    desk = Desk()
    request = desk.request()
    desk.fate = events.Fate.CUT
    desk.send(request)
    desk.host_answers("00")
    desk.answer()
    assert desk.row().state is RowState.UNCONFIRMED
    desk.pass_time(3600)
    assert not desk.sent
    desk.fate = events.Fate.HANDED
    assert desk.asked(desk.repeat(request)) == "00"


def test_one_of_two_askers_that_got_the_answer_is_enough() -> None:
    desk = Desk()
    request = desk.request()
    desk.send(request)
    desk.send(desk.repeat(request), "t2")
    desk.hang_up("t1")
    desk.host_answers("00")
    assert desk.code() == "00"
    assert desk.row().state is RowState.DONE


def test_a_repeat_that_was_answered_while_the_first_got_nothing_ends_the_matter() -> None:
    """Replay and reversal exclude each other in one commit."""
    desk = Desk()
    request = desk.request()
    desk.send(request)
    desk.hold = {commands.Deliver}
    desk.host_answers("00")
    (first,) = desk.held
    desk.held, desk.hold = [], set()
    desk.send(desk.repeat(request), "t2")
    assert desk.code() == "00"
    assert isinstance(first, commands.Deliver)
    desk.feed(events.Delivered(first.id, events.Fate.NOT_HANDED))
    assert desk.row().state is RowState.DONE
    desk.pass_time(60)
    assert not desk.sent
    assert not desk.node.flow.requests


def test_a_replay_that_is_not_handed_over_leaves_a_question() -> None:
    desk = Desk()
    request, _ = desk.sale()
    desk.fate = events.Fate.NOT_HANDED
    desk.send(desk.repeat(request))
    assert desk.row().state is RowState.UNCONFIRMED
    assert not desk.node.flow.requests


# Refusals and repeats.
@pytest.mark.parametrize("lost", ["link", "route"])
def test_a_repeat_gets_its_first_answer_though_the_way_is_gone_by_now(lost: str) -> None:
    desk = Desk()
    request, answer = desk.sale()
    if lost == "link":
        desk.lose_link()
    else:
        desk.node.reload(replace(desk.setup, routes=()), desk.now)
    desk.send(desk.repeat(request))
    assert desk.answer()[37] == answer[37]
