"""Stories of requests that go well, or are declined: through the node, between every two dialects."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from iso_gateway.protocol import commands
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.records import RowState
from tests.support.desk import PAN, TERMINAL, Desk, setup

SPECS = ("iso87-ascii", "iso87-binary", "iso93-ascii", "cup-pos")


@pytest.mark.parametrize("terminal", SPECS)
@pytest.mark.parametrize("host", SPECS)
def test_a_sale_is_approved_and_delivered(terminal: str, host: str) -> None:
    desk = Desk(setup(terminal, host))
    request = desk.request()
    desk.send(request)
    sale = desk.host_answers("00")
    answer = desk.answer()
    assert sale[11] != request[11]
    assert (sale[2], sale[4], sale[41]) == (PAN, "000000001234", TERMINAL)
    assert desk.terminal_dialect.canonical(answer) == "00"
    assert answer[11] == request[11]
    assert answer[37] == f"6324{sale[11]:0>8}"
    assert answer[38] == "A" + sale[11][1:]
    assert desk.row().state is RowState.DONE
    assert [line["code"] for line in desk.said("txn")] == ["00"]
    assert not desk.node.owing.debts


@pytest.mark.parametrize("code", ["51", "05", "54", "14", "61", "55"])
@pytest.mark.parametrize(("terminal", "host"), [("iso87-ascii", "iso93-ascii"), ("cup-pos", "iso87-ascii")])
def test_a_decline_is_final_and_reaches_the_terminal_in_its_own_words(code: str, terminal: str, host: str) -> None:
    desk = Desk(setup(terminal, host))
    desk.send(desk.request())
    desk.host_answers(code)
    assert desk.code() == code
    assert desk.row().state is RowState.DECLINED
    assert not desk.sent


def test_nothing_is_sent_before_it_is_journaled() -> None:
    desk = Desk()
    desk.hold = {commands.Journal}
    desk.send(desk.request())
    assert [type(command) for command in desk.held] == [commands.Journal]
    assert not desk.sent
    desk.pass_time(4)
    assert not desk.sent
    desk.answer_held()
    assert [message.mti for message in desk.host_got()] == ["0200"]


def test_what_is_journaled_too_late_is_not_sent_any_more() -> None:
    desk = Desk()
    desk.hold = {commands.Journal}
    request = desk.request()
    desk.send(request)
    desk.pass_time(6)
    desk.answer_held()
    assert desk.code() == "96"
    assert not desk.sent
    assert desk.row().state is RowState.NOT_SENT
    desk.send(request)
    desk.host_answers("00")
    assert desk.code() == "00"


def test_an_approval_is_not_delivered_before_it_is_journaled() -> None:
    desk = Desk()
    desk.send(desk.request())
    desk.hold = {commands.Journal}
    desk.host_answers("00")
    assert not desk.answers
    desk.answer_held()
    assert desk.code() == "00"


@pytest.mark.parametrize(
    ("keyed", "order"),
    [
        (True, ["Verify", "Secure", "Journal", "Send", "Verify", "Journal", "Secure", "Deliver", "File"]),
        (False, ["Journal", "Send", "Journal", "Deliver", "File"]),
    ],
)
def test_the_order_of_a_sale_is_that_of_the_design(*, keyed: bool, order: list[str]) -> None:
    desk = Desk(setup(keyed=keyed))
    desk.order.clear()
    desk.sale()
    assert [name for name in desk.order if name != "Log"] == order


def test_answers_that_come_in_another_order_reach_their_own_terminals() -> None:
    desk = Desk()
    requests = [desk.request(amount=100 + number, terminal=f"TERM{number:04}") for number in range(1, 5)]
    for number, request in enumerate(requests):
        desk.send(request, f"connection {number}")
    for _, link, sale in reversed(list(desk.sent)):
        desk.host_sends(desk.answer_to(sale), link)
    answered = dict(desk.answers)
    for number, request in enumerate(requests):
        answer = answered[f"connection {number}"]
        assert (answer[11], answer[41], answer[4]) == (request[11], request[41], request[4])


def test_de_7_is_the_moment_of_sending_and_de_12_13_are_the_terminals() -> None:
    desk = Desk()
    request = desk.request(changes={7: "1120110000", 12: "235959", 13: "1119"})
    desk.send(request)
    sent = desk.last_sent
    assert sent[7] == "1120120000"
    assert (sent[12], sent[13]) == ("235959", "1119")


def test_a_terminal_without_a_clock_gets_the_acquirers_local_time() -> None:
    desk = Desk()
    desk.send(desk.request(changes={12: None, 13: None}))
    assert (desk.last_sent[12], desk.last_sent[13]) == ("120000", "1120")


# Ruling 16.
@pytest.mark.parametrize(("sends", "expected"), [(True, "632412000501"), (False, None)])
def test_the_gateway_gives_an_rrn_only_where_the_host_wants_one(
    sends: bool,  # noqa: FBT001
    expected: str | None,
) -> None:
    desk = Desk(setup(sends_rrn=sends))
    desk.send(desk.request())
    assert desk.last_sent.get(37) == expected
    desk.host_answers("00", {37: "999999999999"})
    assert desk.answer()[37] == "999999999999"


def test_the_gateways_institution_stands_in_de_32() -> None:
    desk = Desk(setup(institution="12345"))
    desk.send(desk.request(changes={32: "99999"}))
    assert desk.last_sent[32] == "12345"


@pytest.mark.parametrize("kind", [Kind.PREAUTH, Kind.ADVICE, Kind.BALANCE])
def test_other_kinds_cross_as_themselves(kind: Kind) -> None:
    desk = Desk(setup("cup-pos", "iso87-ascii"))
    desk.send(desk.request(kind))
    row = desk.host_dialect.kind_row(desk.last_sent)
    assert row is not None
    assert row.kind is kind
    desk.host_answers("00")
    assert desk.code() == "00"


def test_a_balance_that_nobody_answers_owes_nothing() -> None:
    desk = Desk()
    desk.send(desk.request(Kind.BALANCE))
    desk.pass_time(31)
    assert desk.code() == "68"
    assert len(desk.host_got()) == 1
    assert not desk.node.owing.debts
    assert not desk.rows(RowState.OWES_REPEAT, RowState.OWES_REVERSAL)


def test_a_number_of_a_balance_given_up_is_kept_for_a_late_answer_and_then_let_go() -> None:
    desk = Desk(setup(late_window=120))
    desk.send(desk.request(Kind.BALANCE))
    stan = desk.last_sent[11]
    desk.pass_time(31)
    host = desk.node.links.hosts["bank"]
    assert host.matching.busy(stan)
    desk.pass_time(121)
    desk.sale()
    assert not host.matching.busy(stan)


# Ruling 9.
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({4: "000000009999"}, "DE 4"),
        ({3: "200000"}, "DE 3"),
        ({49: "978"}, "DE 49"),
        ({2: "4111111111111111"}, "DE 2"),
    ],
)
def test_an_approval_of_something_else_is_an_unknown_outcome(changes: dict[int | str, Any], said: str) -> None:
    desk = Desk()
    desk.send(desk.request())
    desk.host_answers("00", changes)
    answer = desk.answer()
    assert answer[39] == "68"
    assert 38 not in answer
    assert [message.mti for message in desk.host_got()] == ["0400"] or desk.row().state is RowState.OWES_REVERSAL
    assert said in desk.said("unknown outcome")[0]["cause"]
    assert desk.row().reason == "06"


def test_an_answer_for_another_terminal_is_not_taken() -> None:
    desk = Desk()
    desk.send(desk.request())
    desk.host_answers("00", {41: "TERM0002"})
    assert not desk.answers
    assert "DE 41 differs" in desk.said("unmatched")[0]["cause"]


def test_a_partial_approval_is_for_the_amount_that_the_host_says() -> None:
    desk = Desk(setup(partial_approval=True))
    request = desk.request(amount=10_000)
    desk.send(request)
    desk.host_answers("10", {4: "000000006000"})
    answer = desk.answer()
    assert (answer[39], answer[4]) == ("10", "000000006000")
    assert desk.row().amount == 6000
    void = desk.later(Kind.VOID, (request, answer), 10_000)
    assert desk.asked(void) == "64"
    desk.send(desk.later(Kind.VOID, (request, answer), 6000))
    desk.host_answers("00")
    assert desk.code() == "00"


def test_a_partial_approval_that_the_terminal_cannot_take_is_reversed_and_declined() -> None:
    desk = Desk()
    request = desk.request(amount=10_000)
    desk.send(request)
    desk.host_answers("10", {4: "000000006000"})
    assert desk.code() == "51"
    desk.pass_time(0)
    reversal = desk.host_answers("00")
    assert (reversal.mti, reversal[4]) == ("0400", "000000010000")
    assert desk.row().state is RowState.REVERSED
    assert desk.asked(desk.repeat(request)) == "51"


@pytest.mark.parametrize("amount", [10_000, 6000])
def test_a_partial_approval_is_reversed_by_whichever_amount_the_terminal_names(amount: int) -> None:
    desk = Desk(setup(partial_approval=True))
    request = desk.request(amount=10_000)
    desk.send(request)
    desk.host_answers("10", {4: "000000006000"})
    assert desk.asked(desk.reversal(request, desk.answer(), amount=amount)) == "00"
    desk.pass_time(0)
    assert desk.last_sent[4] == "000000010000"


def test_a_partial_approval_of_nobody_knows_how_much_is_reversed() -> None:
    desk = Desk(setup(partial_approval=True))
    desk.send(desk.request())
    desk.host_answers("10", {4: None})
    assert desk.code() == "68"
    assert desk.row().state is RowState.OWES_REVERSAL


# Ruling 18.
@pytest.mark.parametrize("code", ["68", "96", "98", "91"])
def test_a_host_that_does_not_know_owes_a_reversal(code: str) -> None:
    desk = Desk()
    desk.send(desk.request())
    desk.host_answers(code)
    assert desk.code() == "68"
    assert desk.row().state is RowState.OWES_REVERSAL
    desk.pass_time(0)
    assert desk.last_sent.mti == "0400"


def test_a_code_that_no_table_lists_owes_a_reversal() -> None:
    desk = Desk()
    desk.send(desk.request())
    desk.host_answers("00", {39: "Z9"})
    assert desk.code() == "68"
    assert desk.row().state is RowState.OWES_REVERSAL


def test_an_answer_without_a_code_owes_a_reversal() -> None:
    desk = Desk()
    desk.send(desk.request())
    desk.host_answers("00", {39: None})
    assert desk.code() == "68"
    assert desk.row().state is RowState.OWES_REVERSAL


def test_a_code_that_both_sides_write_alike_reaches_the_terminal_as_it_is() -> None:
    desk = Desk(setup("cup-pos", "cup-pos"))
    request = desk.request()
    desk.send(request)
    desk.host_answers("00", {39: "A2"})
    assert desk.answer()[39] == "A2"
    desk.send(desk.repeat(request))
    assert desk.answer()[39] == "A2"


def test_what_the_terminal_cannot_show_does_not_take_the_rrn_with_it() -> None:
    """DE 54 of the host is longer than the terminal's: the approval still has its RRN and authorization code."""
    desk = Desk(setup("cup-pos", "iso87-ascii"))
    desk.send(desk.request())
    desk.host_answers("00", {54: "0001840C000000001000" * 3})
    answer = desk.answer()
    assert answer[39] == "00"
    assert answer[37].startswith("6324")
    assert answer[38].startswith("A")
    assert 54 not in answer


def test_a_settlement_date_that_is_no_day_does_not_stop_the_answer() -> None:
    desk = Desk(setup("iso93-ascii", "iso87-ascii"))
    desk.send(desk.request())
    desk.host_answers("00", {15: "9999"})
    answer = desk.answer()
    assert desk.terminal_dialect.canonical(answer) == "00"
    assert answer[37].startswith("6324")


def test_a_business_day_is_the_acquirers() -> None:
    desk = Desk()
    desk.sale()
    assert desk.row().business_date == (desk.now.wall + timedelta(0)).date()


def test_an_answer_whose_fate_is_not_filed_stays_a_question_for_the_next_start() -> None:
    desk = Desk()
    desk.hold = {commands.File}
    desk.sale()
    assert desk.row().state is RowState.ANSWERED
    desk.answer_held()
    assert desk.row().state is RowState.DONE
