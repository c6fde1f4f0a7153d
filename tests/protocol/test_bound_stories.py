"""Stories of bounds, refusals, reload and drain: each is answered, and other terminals notice nothing."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from iso_gateway.protocol import commands, events
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.originals import Original
from iso_gateway.protocol.routing import Route
from iso_gateway.protocol.setup import Limits
from tests.support.desk import Desk, setup
from tests.support.trusting import known

BY_RRN = Original(rrn="632400000001")


def test_a_second_financial_request_of_a_terminal_in_flight_gets_96() -> None:
    desk = Desk()
    desk.send(desk.request())
    assert desk.asked(desk.request()) == "96"
    assert len(desk.sent) == 1
    desk.host_answers("00")
    assert desk.code() == "00"
    desk.sale()


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_a_terminal_may_have_as_many_in_flight_as_it_is_allowed(limit: int) -> None:
    desk = Desk(setup(limits=Limits(per_terminal=limit)))
    for _ in range(limit):
        desk.send(desk.request())
    assert desk.asked(desk.request()) == "96"
    assert len(desk.sent) == limit


@pytest.mark.parametrize("kind", [Kind.ADVICE, Kind.REVERSAL, Kind.BALANCE])
def test_advices_reversals_and_inquiries_do_not_count(kind: Kind) -> None:
    desk = Desk()
    desk.send(desk.request())
    desk.send(desk.request(kind, original=BY_RRN if kind is Kind.REVERSAL else None))
    assert len(desk.sent) == 2


def test_repeats_do_not_count() -> None:
    desk = Desk()
    request = desk.request()
    desk.send(request)
    desk.send(desk.repeat(request))
    desk.send(desk.repeat(desk.request()))
    assert not desk.answers
    assert len(desk.sent) == 2


def test_terminals_do_not_count_for_each_other() -> None:
    desk = Desk()
    for number in range(1, 10):
        desk.send(desk.request(terminal=f"TERM{number:04}"))
    assert len(desk.sent) == 9


def test_a_connection_may_have_only_so_many_in_flight() -> None:
    desk = Desk(setup(limits=Limits(per_connection=3)))
    for number in range(1, 4):
        desk.send(desk.request(terminal=f"TERM{number:04}"))
    assert desk.asked(desk.request(terminal="TERM0004")) == "96"
    desk.send(desk.request(terminal="TERM0004"), "t2")
    assert len(desk.sent) == 4
    while desk.sent:
        desk.host_answers("00")
    desk.answers.clear()
    desk.send(desk.request(terminal="TERM0005"))
    assert len(desk.sent) == 1


def test_what_was_refused_is_not_counted() -> None:
    desk = Desk(links=())
    for _ in range(200):
        assert desk.asked(desk.request()) == "91"
    assert not desk.node.flow.requests
    assert desk.node.connections["t1"].in_flight == 0


def test_refused_by_a_bound_and_asked_again_it_is_a_new_request() -> None:
    desk = Desk()
    desk.send(desk.request())
    second = desk.request()
    assert desk.asked(second) == "96"
    desk.host_answers("00")
    desk.answer()
    desk.send(second)
    desk.host_answers("00")
    assert desk.code() == "00"


# Routes.
def test_without_a_route_the_terminal_hears_92() -> None:
    desk = Desk(replace(setup(), routes=(Route("bank", currency=("978",)),)))
    assert desk.asked(desk.request()) == "92"
    assert not desk.rows()


# Messages that are not understood (bad input).
@pytest.mark.parametrize(
    ("terminal", "code"), [("iso87-ascii", "58"), ("cup-pos", "97"), ("iso93-ascii", "58"), ("iso87-binary", "58")]
)
def test_an_unknown_terminal_hears_so_in_its_dialect(terminal: str, code: str) -> None:
    desk = Desk(setup(terminal))
    assert desk.asked(desk.request(terminal="NOBODY00")) == code
    assert not desk.sent
    assert desk.said("refused")


def test_a_terminal_of_another_merchant_hears_03() -> None:
    desk = Desk()
    assert desk.asked(desk.request(changes={42: "MERCHANT0000002"})) == "03"


@pytest.mark.parametrize(("terminal", "fields"), [("iso87-ascii", {3: "990000"}), ("cup-pos", {60: "99000007000"})])
def test_a_kind_that_the_dialect_does_not_know_hears_40(terminal: str, fields: dict[int | str, Any]) -> None:
    desk = Desk(setup(terminal))
    assert desk.asked(desk.request(changes=fields)) == "40"
    assert not desk.sent


def test_a_message_without_a_stan_hears_30() -> None:
    desk = Desk()
    assert desk.asked(desk.request(changes={11: None})) == "30"


def test_a_request_without_an_amount_hears_13() -> None:
    desk = Desk()
    for amount in (None, "000000000000"):
        assert desk.asked(desk.request(changes={4: amount})) == "13"
    assert not desk.sent


def test_what_the_other_side_has_no_words_for_hears_40() -> None:
    desk = Desk(setup("cup-pos", "nibss-pos"))
    assert desk.asked(desk.request(Kind.PREAUTH_CANCEL, original=BY_RRN)) == "40"


def test_money_that_the_other_side_cannot_carry_hears_30() -> None:
    desk = Desk(setup("iso87-ascii", "iso93-ascii"))
    assert desk.asked(desk.request(changes={95: "0" * 42})) == "30"
    assert not desk.sent


def test_a_day_that_does_not_exist_hears_30() -> None:
    desk = Desk(setup("iso87-ascii", "iso93-ascii"))
    assert desk.asked(desk.request(changes={13: "9999"})) == "30"
    assert not desk.sent


@pytest.mark.parametrize("cut", [1, 5, 20])
def test_a_message_that_breaks_off_after_it_said_who_it_is_from_hears_30(cut: int) -> None:
    desk = Desk()
    payload = desk.terminal_dialect.spec.encode(desk.request(changes={48: "x" * 30}))
    desk.send_bytes(payload[:-cut])
    answer = desk.answer()
    assert answer[39] == "30"
    assert desk.said("format error")[0]["answered"] == "30"
    assert not desk.hung_up


@pytest.mark.parametrize("payload", [b"", b"garbage", b"0200", bytes(200), b"0200" + b"F" * 16])
def test_garbage_closes_the_connection_with_one_line_and_no_guessed_answer(payload: bytes) -> None:
    desk = Desk()
    desk.send_bytes(payload)
    assert desk.hung_up == ["t1"]
    assert not desk.answers
    assert len(desk.said("format error")) == 1
    assert desk.said("format error")[0]["peer"] == "192.0.2.1:1"


def test_other_terminals_notice_nothing_of_garbage() -> None:
    desk = Desk()
    desk.send(desk.request())
    desk.send_bytes(b"garbage", "t2")
    desk.host_answers("00")
    assert desk.code() == "00"


def test_an_answer_from_a_terminal_is_not_taken() -> None:
    desk = Desk()
    desk.send(desk.request().evolve({39: "00"}, "0210"))
    assert not desk.answers
    assert not desk.sent


@pytest.mark.parametrize("terminal", ["iso87-ascii", "iso93-ascii", "cup-pos"])
@pytest.mark.parametrize("kind", [Kind.SIGN_ON, Kind.SIGN_OFF, Kind.ECHO])
def test_sign_on_and_line_tests_of_terminals_are_answered_here(terminal: str, kind: Kind) -> None:
    desk = Desk(setup(terminal), links=())
    assert desk.asked(desk.request(kind)) == "00"
    assert not desk.sent


# Drain.
def test_a_draining_node_finishes_what_is_in_flight_and_signs_off() -> None:
    desk = Desk()
    request = desk.request()
    desk.send(request)
    desk.feed(events.DrainWanted())
    assert desk.asked(desk.request(terminal="TERM0002"), "t2") == "91"
    assert len(desk.sent) == 1
    desk.host_answers("00")
    assert desk.code() == "00"
    desk.host_answers("00")  # to the sign-off
    assert desk.closed == ["bank-1"]


def test_a_repeat_that_comes_while_draining_still_gets_its_answer() -> None:
    desk = Desk()
    done = desk.sale()
    pending = desk.request()
    desk.send(pending)
    desk.feed(events.DrainWanted())
    desk.send(desk.repeat(done[0]), "t2")
    assert desk.answer()[37] == done[1][37]
    desk.send(desk.repeat(pending), "t3")
    desk.host_answers("00")
    assert [desk.code(), desk.code()] == ["00", "00"]


def test_a_draining_node_waits_for_debts_that_can_be_paid() -> None:
    desk = Desk()
    desk.send(desk.request())
    desk.feed(events.DrainWanted())
    desk.host_answers("96")
    assert not desk.node.idle
    desk.pass_time(0)
    assert [message.mti for _, _, message in desk.sent] == ["0400"]
    desk.host_answers("00")
    assert desk.last_sent[70] == "002"


def test_a_draining_node_does_not_wait_for_debts_that_nobody_takes() -> None:
    desk = Desk()
    desk.send(desk.request())
    desk.lose_link()
    desk.feed(events.DrainWanted())
    assert desk.node.idle


# Reload.
def test_what_is_in_flight_ends_though_a_reload_takes_its_acquirer_away() -> None:
    desk = Desk()
    desk.send(desk.request())
    desk.send(desk.request(terminal="TERM0002"), "t2")
    desk.node.reload(replace(desk.setup, acquirers={}, routes=()), desk.now)
    desk.host_answers("00")
    assert desk.code() == "00"
    desk.pass_time(30)
    assert desk.code() == "68"
    assert desk.asked(desk.request(), "t3") == "92"


def test_a_debt_survives_a_reload_that_takes_its_acquirer_away_and_another_that_brings_it_back() -> None:
    desk = Desk()
    desk.send(desk.request())
    desk.lose_link()
    desk.node.reload(replace(desk.setup, acquirers={}, routes=()), desk.now)
    desk.pass_time(600)
    desk.node.reload(desk.setup, desk.now)
    desk.host_got()
    desk.bring_up()
    desk.pass_time(60)
    assert "0400" in [message.mti for message in desk.host_got()]


def test_a_reload_takes_new_terminals_to_old_connections() -> None:
    desk = Desk()
    desk.connect()
    listener = replace(desk.setup.listeners["counter"], terminals={"NEW00001": ""})
    desk.node.reload(replace(desk.setup, listeners={"counter": listener}), desk.now)
    desk.feed(events.KeysKnown(tuple(known([("terminal/NEW00001", 1), ("acquirer/bank", 1)]))))
    desk.send(desk.request(terminal="NEW00001"))
    assert len(desk.sent) == 1


def test_a_frame_of_a_connection_that_is_gone_is_no_crash() -> None:
    desk = Desk()
    payload = desk.terminal_dialect.spec.encode(desk.request())
    desk.feed(events.TerminalFrame("nobody", b"", payload))
    assert not desk.sent


def test_the_next_sale_may_come_as_soon_as_the_answer_was_given_out() -> None:
    """A quick terminal is no crowd: its answer is on the way, and what became of it is not yet told."""
    desk = Desk()
    desk.send(desk.request())
    desk.hold = {commands.Deliver}
    desk.host_answers("00")
    desk.send(desk.request(amount=777))
    assert desk.last_sent[4] == "000000000777"
