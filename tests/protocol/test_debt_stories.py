"""Stories of debts beside each other: their order, their STANs, their end; and of advices, which are repeated."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from iso_gateway.protocol import events
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.records import RowState
from iso_gateway.protocol.setup import Debtor
from tests.support.desk import Desk, setup
from tests.support.stories import reverse, timed_out


def test_debts_of_one_terminal_go_in_order_and_those_of_others_beside_them() -> None:
    desk = Desk(links=())
    desk.feed(events.LinkConnected("bank-1"))
    desk.host_answers("00")
    for number, terminal in enumerate(["TERM0001", "TERM0001", "TERM0002"]):
        desk.send(desk.request(amount=100 + number, terminal=terminal))
        desk.host_answers("96")
        desk.answer()
    desk.pass_time(0)
    assert [int(message[4]) for message in desk.host_got()] == [100, 102]


def test_what_is_stuck_leaves_the_order_of_its_terminal() -> None:
    desk = Desk()
    for amount in (100, 101):
        desk.send(desk.request(amount=amount))
        desk.host_answers("96")
        desk.answer()
    desk.pass_time(0)
    (first,) = desk.host_got()
    reverse(desk, first, "12")
    desk.pass_time(0)
    assert [int(message[4]) for message in desk.host_got()] == [101]


def test_a_debt_holds_up_no_new_sale_of_its_terminal() -> None:
    desk = Desk()
    timed_out(desk)
    desk.sale()
    assert desk.rows(RowState.DONE)


def test_no_more_debts_are_under_way_than_the_window_allows() -> None:
    desk = Desk(setup(debtor=Debtor(window=2)))
    for number in range(1, 6):
        desk.send(desk.request(terminal=f"TERM{number:04}"))
        desk.host_answers("96")
    desk.pass_time(5)
    assert len(desk.sent) == 2
    for _ in range(5):
        while desk.sent:
            desk.host_answers("00")
        desk.pass_time(1)
    assert len(desk.rows(RowState.REVERSED)) == 5


def test_a_debt_that_grows_too_old_is_for_an_operator() -> None:
    desk = Desk(setup(debtor=Debtor(give_up_after=600)))
    timed_out(desk)
    desk.pass_time(800)
    assert desk.row().state is RowState.STUCK
    assert "too old" in desk.said("stuck")[0]["cause"]


def test_a_debt_waits_for_a_link_and_is_paid_as_soon_as_one_is_up() -> None:
    desk = Desk()
    desk.send(desk.request())
    desk.lose_link()
    desk.host_got()
    desk.pass_time(600)
    assert not desk.sent
    desk.bring_up()
    assert desk.last_sent.mti == "0400"
    desk.host_answers("00")
    assert desk.row().state is RowState.REVERSED


def test_a_debt_uses_any_link_of_its_acquirer() -> None:
    desk = Desk(links=("bank-1", "bank-2"))
    desk.send(desk.request())
    link = desk.sent[-1][1]
    desk.lose_link(link)
    desk.pass_time(0)
    assert desk.sent[-1][1] != link
    assert desk.last_sent.mti == "0400"


def test_a_card_number_that_cannot_be_unsealed_is_for_an_operator() -> None:
    desk = Desk()
    desk.send(desk.request())
    row = desk.row()
    desk.node.flow.requests[row.id].journaled = replace(row, card=b"damaged" * 4)
    desk.pass_time(31)
    assert desk.rows(RowState.STUCK)


# Ruling 15.
def test_no_stan_is_used_again_while_its_debt_is_open() -> None:
    desk = Desk()
    _, sale, reversal = timed_out(desk)
    host = desk.node.links.hosts["bank"]
    host.numbering._next = int(sale[11])
    desk.send(desk.request(terminal="TERM0002"))
    assert desk.last_sent[11] not in {sale[11], reversal[11]}


@pytest.mark.parametrize("code", ["12", "40"])
def test_no_stan_is_used_again_while_an_operator_must_decide(code: str) -> None:
    desk = Desk()
    _, sale, reversal = timed_out(desk)
    reverse(desk, reversal, code)
    desk.pass_time(86400)
    desk.feed(events.TimePassed())
    desk.host_got()
    desk.node.links.hosts["bank"].numbering._next = int(sale[11])
    assert desk.node.links.next_stan("bank") not in {sale[11], reversal[11]}


def test_a_stan_of_a_settled_debt_stays_reserved_for_late_answers_and_is_then_free() -> None:
    desk = Desk(setup(late_window=120))
    _, sale, reversal = timed_out(desk)
    reverse(desk, reversal, "00")
    host = desk.node.links.hosts["bank"]
    host.numbering._next = int(sale[11])
    desk.pass_time(119)
    assert desk.node.links.next_stan("bank") not in {sale[11], reversal[11]}
    desk.pass_time(2)
    desk.feed(events.TimePassed())
    host.numbering._next = int(sale[11])
    assert desk.node.links.next_stan("bank") == sale[11]


# Advices are repeated, never reversed (flows 2.6).
def test_an_advice_that_nobody_answers_is_repeated_until_it_is() -> None:
    desk = Desk()
    request = desk.request(Kind.ADVICE)
    desk.send(request)
    desk.pass_time(30)
    first, second = desk.host_got()
    assert (first.mti, second.mti) == ("0220", "0221")
    assert second.evolve({7: first[7]}, "0220") == first
    assert desk.code() == "68"
    assert desk.row().state is RowState.OWES_REPEAT
    assert desk.asked(desk.repeat(request)) == "68"
    desk.pass_time(31)
    (third,) = desk.host_got()
    assert third.mti == "0221"
    desk.host_sends(desk.answer_to(third, "00"))
    assert desk.row().state is RowState.UNCONFIRMED
    desk.send(desk.repeat(request))
    answer = desk.answer()
    assert (answer[39], answer[37]) == ("00", f"6324{first[11]:0>8}")
    assert not desk.sent


def test_an_advice_that_the_host_refuses_at_last_gives_the_terminal_that_answer() -> None:
    desk = Desk()
    request = desk.request(Kind.ADVICE)
    desk.send(request)
    desk.pass_time(30)
    desk.host_sends(desk.answer_to(desk.host_got()[-1], "05"))
    desk.answer()
    assert desk.row().state is RowState.DECLINED
    assert desk.asked(desk.repeat(request)) == "05"


def test_the_answer_of_an_advice_may_come_while_its_repeat_waits_for_its_turn() -> None:
    desk = Desk()
    desk.send(desk.request(amount=1))
    desk.host_answers("96")
    desk.answer()
    desk.send(desk.request(Kind.ADVICE))
    advice = desk.last_sent
    desk.pass_time(30)
    desk.host_got()
    for code in ("96", "00"):
        desk.host_sends(desk.answer_to(advice, code))
    assert len(desk.rows(RowState.UNCONFIRMED)) == 1


def test_a_settled_debt_says_so_in_the_log() -> None:
    desk = Desk()
    _, _, reversal = timed_out(desk)
    assert desk.said("owed")[0]["reason"] == "98"
    reverse(desk, reversal, "00")
    assert desk.said("settled")[0]["attempts"] == 1
    assert not desk.node.owing.debts


def test_a_refund_that_was_told_by_its_repeats_is_a_question_until_the_terminal_asks_again() -> None:
    desk = Desk(setup("cup-pos", "cup-pos"))
    sale = desk.sale()
    refund = desk.later(Kind.REFUND, sale, 500)
    desk.send(refund)
    desk.pass_time(30)
    assert desk.code() == "98"
    desk.pass_time(1)
    desk.host_got()
    desk.pass_time(40)
    desk.host_answers("00")
    (row,) = [row for row in desk.rows() if row.kind is Kind.REFUND]
    assert row.state is RowState.UNCONFIRMED
    assert desk.asked(desk.repeat(refund)) == "00"
    (row,) = [row for row in desk.rows() if row.kind is Kind.REFUND]
    assert row.state is RowState.DONE
