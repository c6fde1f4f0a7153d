"""Stories of links to hosts: signed on, tested, refused, and what the host asks (rulings 15 and 24)."""

from __future__ import annotations

import pytest

from iso_gateway.protocol import events
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.records import RowState
from iso_gateway.protocol.session import State, Timing
from iso_gateway.protocol.setup import Limits
from tests.support.desk import Desk, setup

SPECS = ("iso87-ascii", "iso87-binary", "iso93-ascii", "cup-pos")
ECHOES = Timing(answer=10, echo_every=60, sign_on_again=30)


def link_state(desk: Desk, link: str = "bank-1") -> State:
    """Return the state of *link*, asked anew each time."""
    return desk.node.links.links[link].session.state


@pytest.mark.parametrize("host", SPECS)
def test_no_money_before_the_sign_on_is_answered_with_00(host: str) -> None:
    desk = Desk(setup(host=host), links=())
    desk.feed(events.LinkConnected("bank-1"))
    row = desk.host_dialect.kind_row(desk.last_sent)
    assert row is not None
    assert row.kind is Kind.SIGN_ON
    assert desk.asked(desk.request()) == "91"
    desk.host_answers("00")
    desk.send(desk.request())
    assert len(desk.sent) == 1


def test_a_refused_sign_on_is_tried_again_and_takes_no_money_meanwhile() -> None:
    desk = Desk(links=())
    desk.feed(events.LinkConnected("bank-1"))
    desk.host_answers("91")
    assert desk.asked(desk.request()) == "91"
    desk.pass_time(30)
    desk.host_answers("00")
    desk.sale()


@pytest.mark.parametrize("code", ["05", "96", "68"])
def test_only_00_signs_on(code: str) -> None:
    desk = Desk(links=())
    desk.feed(events.LinkConnected("bank-1"))
    desk.host_answers(code)
    assert link_state(desk) is State.REFUSED


def test_without_any_link_the_terminal_hears_91_at_once() -> None:
    desk = Desk(links=())
    assert desk.asked(desk.request()) == "91"
    assert not desk.rows()


@pytest.mark.parametrize("host", SPECS)
def test_a_silent_link_is_tested_and_an_answer_keeps_it(host: str) -> None:
    desk = Desk(setup(host=host, timing=ECHOES))
    desk.pass_time(60)
    row = desk.host_dialect.kind_row(desk.last_sent)
    assert row is not None
    assert row.kind is Kind.ECHO
    desk.host_answers("00")
    assert link_state(desk) is State.UP
    assert not desk.closed


def test_a_link_that_does_not_answer_the_test_is_closed() -> None:
    desk = Desk(setup(timing=ECHOES))
    desk.pass_time(71)
    assert desk.closed == ["bank-1"]
    assert link_state(desk) is State.DOWN


def test_any_message_of_the_host_keeps_the_link_alive() -> None:
    desk = Desk(setup(timing=ECHOES))
    for _ in range(5):
        desk.pass_time(50)
        desk.sale()
    assert not [message for message in desk.host_got() if message.mti == "0800"]


def test_tests_that_nobody_answers_do_not_use_up_numbers() -> None:
    """The host answers sales and not echoes: each echo's STAN is let go when the next one is asked."""
    desk = Desk(setup(timing=ECHOES))
    for _ in range(20):
        desk.pass_time(61)
        desk.host_got()
        desk.sale()
    assert len(desk.node.links.hosts["bank"].matching) <= 1


@pytest.mark.parametrize("host", SPECS)
def test_what_the_host_asks_of_the_network_is_answered(host: str) -> None:
    desk = Desk(setup(host=host))
    facts = {"transmission_date_time": "1120120000", "system_trace_audit_number": "000077"}
    request = desk.host_dialect.network(Kind.ECHO, facts, desk.now.wall.date())
    desk.host_sends(request)
    answer = desk.last_sent
    assert int(answer.mti) == int(request.mti) + 10
    assert answer[11] == "000077"
    assert desk.host_dialect.canonical(answer) == "00"


def test_a_host_may_test_the_line_before_we_have_signed_on() -> None:
    desk = Desk(links=())
    desk.feed(events.LinkConnected("bank-1"))
    facts = {"transmission_date_time": "1120120000", "system_trace_audit_number": "000077"}
    desk.host_sends(desk.host_dialect.network(Kind.ECHO, facts, desk.now.wall.date()))
    assert [message.mti for message in desk.host_got()] == ["0800", "0810"]
    assert link_state(desk) is State.SIGNING_ON


def test_a_financial_request_of_the_host_is_not_taken() -> None:
    desk = Desk()
    desk.host_sends(desk.host_dialect.spec.message("0200", {3: "000000", 4: 1, 11: "000077"}))
    assert not desk.sent
    assert desk.said("host request")


def test_an_answer_to_nothing_is_noted() -> None:
    desk = Desk()
    desk.host_sends(desk.host_dialect.spec.message("0210", {11: "000077", 39: "00"}))
    desk.host_sends(desk.host_dialect.spec.message("0810", {11: "000077", 39: "00"}))
    assert len(desk.said("unmatched")) == 2


def test_an_undecodable_answer_makes_one_transaction_unknown_and_closes_nothing() -> None:
    desk = Desk()
    desk.send(desk.request())
    desk.send(desk.request(terminal="TERM0002"), "t2")
    broken = desk.host_dialect.spec.encode(desk.answer_to(desk.sent[0][2]))[:-3]
    desk.feed(events.LinkFrame("bank-1", broken))
    assert not desk.closed
    assert desk.said("undecodable")
    desk.host_sends(desk.answer_to(desk.sent[1][2]))
    assert desk.code() == "00"
    desk.pass_time(30)
    assert desk.code() == "68"
    assert len(desk.rows(RowState.OWES_REVERSAL)) == 1


def test_a_second_answer_changes_nothing() -> None:
    desk = Desk()
    desk.send(desk.request())
    request = desk.host_answers("00")
    desk.host_sends(desk.answer_to(request, "51"))
    assert desk.code() == "00"
    assert not desk.answers
    assert desk.row().state is RowState.DONE


def test_up_links_share_by_fewest_in_flight() -> None:
    desk = Desk(links=("bank-1", "bank-2"))
    for number in range(1, 7):
        desk.send(desk.request(terminal=f"TERM{number:04}"))
    links = [link for _, link, _ in desk.sent]
    assert sorted(links) == ["bank-1"] * 3 + ["bank-2"] * 3


def test_an_answer_may_come_over_another_link_of_the_acquirer() -> None:
    desk = Desk(links=("bank-1", "bank-2"))
    desk.send(desk.request())
    _, link, request = desk.sent.popleft()
    other = {"bank-1": "bank-2", "bank-2": "bank-1"}[link]
    desk.host_sends(desk.answer_to(request), other)
    assert desk.code() == "00"
    assert not desk.node.links.links[link].in_flight


def test_stans_are_the_acquirers_and_not_the_links() -> None:
    desk = Desk(links=("bank-1", "bank-2"))
    for number in range(1, 7):
        desk.send(desk.request(terminal=f"TERM{number:04}"))
    stans = [message[11] for message in desk.host_got()]
    assert len(set(stans)) == 6


def test_after_999999_the_gateway_numbers_from_000001() -> None:
    desk = Desk()
    desk.node.links.hosts["bank"].numbering._next = 999_999
    for number in (1, 2):
        desk.send(desk.request(terminal=f"TERM{number:04}"))
    assert [message[11] for message in desk.host_got()] == ["999999", "000001"]


def test_a_full_link_takes_no_more_and_the_next_terminal_hears_91() -> None:
    desk = Desk(setup(limits=Limits(per_link=2)))
    for number in (1, 2):
        desk.send(desk.request(terminal=f"TERM{number:04}"))
    assert desk.asked(desk.request(terminal="TERM0003")) == "91"
    assert len(desk.sent) == 2
    desk.host_answers("00")
    desk.answer()
    desk.send(desk.request(terminal="TERM0004"))
    assert len(desk.sent) == 2


def test_a_lost_link_makes_what_it_was_given_unknown_and_no_more() -> None:
    desk = Desk(links=("bank-1", "bank-2"))
    for number in (1, 2):
        desk.send(desk.request(terminal=f"TERM{number:04}"), f"t{number}")
    desk.lose_link("bank-1")
    assert len(desk.rows(RowState.OWES_REVERSAL)) == 1
    assert len(desk.rows(RowState.SENDING)) == 1
    assert desk.code() == "68"
    assert not desk.answers


def test_a_write_that_failed_is_an_unknown_outcome() -> None:
    desk = Desk()
    desk.send(desk.request())
    desk.feed(events.SendUncertain(desk.sent[-1][0]))
    assert desk.code() == "68"
    assert desk.row().state is RowState.OWES_REVERSAL


def test_a_frame_that_comes_when_its_link_is_gone_is_no_crash() -> None:
    desk = Desk()
    desk.send(desk.request())
    request = desk.last_sent
    desk.lose_link()
    desk.host_sends(desk.answer_to(request))
    assert desk.row().state is RowState.OWES_REVERSAL


def test_links_up_and_down_are_logged() -> None:
    desk = Desk()
    desk.lose_link()
    assert [line.get("state") for line in desk.said("link")] == ["signing on", "up", "down"]
