"""Stories of voids and refunds: what they may take back, and that nobody takes it back twice (flows 2.3, 2.4)."""

from __future__ import annotations

from typing import Any

import pytest

from iso_gateway import Message
from iso_gateway.protocol import commands
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.originals import Original
from iso_gateway.protocol.records import Row, RowState, Taken
from tests.support.desk import MERCHANT, OTHER_PAN, TERMINAL, Desk, setup

PAIRS = pytest.mark.parametrize(
    ("terminal", "host"),
    [("iso87-ascii", "iso87-ascii"), ("cup-pos", "iso87-ascii"), ("iso87-ascii", "cup-pos"), ("cup-pos", "cup-pos")],
)


def the_sale(desk: Desk) -> Row:
    """Return the sale's row."""
    (row,) = [row for row in desk.rows() if row.kind is Kind.SALE]
    return row


@PAIRS
def test_a_void_is_a_void_on_the_other_side_and_names_the_sale_there(terminal: str, host: str) -> None:
    desk = Desk(setup(terminal, host))
    sale = desk.sale()
    desk.send(desk.later(Kind.VOID, sale))
    assert the_sale(desk).taken is Taken.VOID_IN_FLIGHT
    void = desk.host_answers("00")
    row = desk.host_dialect.kind_row(void)
    assert row is not None
    assert row.kind is Kind.VOID
    named = desk.host_dialect.original(void)
    assert named.stan == "000501"
    assert (named.rrn, named.approval) == (sale[1][37], sale[1][38])
    assert void[11] == "000502"
    assert desk.code() == "00"
    assert the_sale(desk).taken is Taken.VOIDED


def test_de_90_holds_the_hosts_legs_values_as_they_were_sent() -> None:
    desk = Desk()
    sale = desk.sale()
    sent = the_sale(desk).host
    assert sent is not None
    desk.pass_time(100)
    desk.send(desk.later(Kind.VOID, sale))
    assert desk.last_sent[90] == "0200" + sent.stan + sent.transmitted + "0" * 22
    assert sent.transmitted == "1120120000"


@PAIRS
def test_a_second_void_is_refused_with_25(terminal: str, host: str) -> None:
    desk = Desk(setup(terminal, host))
    sale = desk.sale()
    desk.send(desk.later(Kind.VOID, sale))
    desk.host_answers("00")
    assert desk.code() == "00"
    assert desk.asked(desk.later(Kind.VOID, sale)) == "25"
    assert not desk.sent


def test_a_void_while_another_is_in_flight_is_refused_with_25() -> None:
    desk = Desk()
    sale = desk.sale()
    desk.send(desk.later(Kind.VOID, sale))
    assert desk.asked(desk.later(Kind.VOID, sale), "t2") == "25"
    assert len(desk.sent) == 1


def test_two_voids_that_meet_in_the_journal_are_one() -> None:
    desk = Desk()
    sale = desk.sale()
    desk.hold = {commands.Journal}
    desk.send(desk.later(Kind.VOID, sale))
    other = desk.later(Kind.VOID, sale, terminal="TERM0002")
    desk.send(other, "t2")
    desk.answer_held()
    assert len([message for message in desk.host_got() if message[3].startswith("02")]) == 1
    assert desk.code() == "25"


def test_a_void_that_was_declined_may_be_tried_again() -> None:
    desk = Desk()
    sale = desk.sale()
    desk.send(desk.later(Kind.VOID, sale))
    desk.host_answers("05")
    assert desk.code() == "05"
    assert the_sale(desk).taken is Taken.NO
    desk.send(desk.later(Kind.VOID, sale))
    desk.host_answers("00")
    assert desk.code() == "00"


@pytest.mark.parametrize(
    ("changes", "amount", "code"),
    [({"pan": OTHER_PAN}, None, "14"), ({}, 1, "64"), ({}, 1235, "64"), ({"pan": OTHER_PAN}, 1, "14")],
)
def test_a_void_that_disagrees_with_its_sale_is_refused(changes: dict[str, Any], amount: int | None, code: str) -> None:
    desk = Desk()
    sale = desk.sale()
    assert desk.asked(desk.later(Kind.VOID, sale, amount, **changes)) == code
    assert not desk.sent
    assert the_sale(desk).taken is Taken.NO


def test_a_void_of_yesterdays_sale_is_refused_with_25() -> None:
    desk = Desk()
    sale = desk.sale()
    desk.pass_time(13 * 3600)
    assert desk.asked(desk.later(Kind.VOID, sale)) == "25"


def test_the_void_of_a_declined_sale_is_refused_with_25() -> None:
    desk = Desk()
    sale = desk.request()
    desk.send(sale)
    desk.host_answers("51")
    assert desk.asked(desk.later(Kind.VOID, (sale, desk.answer()))) == "25"


def test_the_void_of_a_sale_whose_reversal_is_owed_is_refused_with_22() -> None:
    desk = Desk()
    sale = desk.request()
    desk.send(sale)
    desk.pass_time(30)
    desk.host_got()
    assert desk.asked(desk.later(Kind.VOID, (sale, desk.answer()))) == "22"
    assert not desk.sent


def test_a_void_by_the_rrn_alone_finds_its_sale_also_from_another_terminal() -> None:
    desk = Desk()
    _, answer = desk.sale()
    desk.send(desk.request(Kind.VOID, original=Original(rrn=answer[37]), terminal="TERM0002"))
    desk.host_answers("00")
    assert desk.code() == "00"
    assert the_sale(desk).taken is Taken.VOIDED


def test_a_void_that_times_out_gets_its_own_reversal_and_the_sale_can_be_voided_again() -> None:
    desk = Desk()
    sale = desk.sale()
    desk.send(desk.later(Kind.VOID, sale))
    desk.pass_time(30)
    assert desk.code() == "68"
    void, reversal = desk.host_got()
    assert reversal[90][:10] == "0200" + void[11]
    assert reversal[3] == void[3] == "020000"
    assert reversal.get(37) != sale[1][37]
    assert the_sale(desk).taken is Taken.VOID_IN_FLIGHT
    desk.host_sends(desk.answer_to(reversal, "00"))
    assert the_sale(desk).taken is Taken.NO
    assert the_sale(desk).state is RowState.DONE
    desk.send(desk.later(Kind.VOID, sale))
    desk.host_answers("00")
    assert desk.code() == "00"


def test_a_void_whose_approval_nobody_got_is_reversed_and_the_sale_stands_again() -> None:
    desk = Desk()
    sale = desk.sale()
    desk.send(desk.later(Kind.VOID, sale))
    desk.hang_up()
    desk.host_answers("00")
    desk.pass_time(0)
    desk.host_answers("00")
    assert the_sale(desk).taken is Taken.NO


def test_a_void_that_never_left_lets_the_sale_go() -> None:
    desk = Desk()
    sale = desk.sale()
    desk.hold = {commands.Journal}
    desk.send(desk.later(Kind.VOID, sale))
    desk.lose_link()
    desk.answer_held()
    assert desk.code() == "91"
    assert the_sale(desk).taken is Taken.NO


def test_a_refund_goes_out_for_the_part_and_the_remainder_can_follow() -> None:
    desk = Desk()
    sale = desk.sale(1000)
    for amount in (300, 700):
        desk.send(desk.later(Kind.REFUND, sale, amount))
        desk.host_answers("00")
        assert desk.code() == "00"
    assert (the_sale(desk).returned, the_sale(desk).reserved) == (1000, 0)
    assert desk.asked(desk.later(Kind.REFUND, sale, 1)) == "61"


@pytest.mark.parametrize(("amount", "code"), [(1001, "61"), (701, "22"), (1, "22")])
def test_of_parallel_refunds_the_second_waits_or_is_too_much(amount: int, code: str) -> None:
    desk = Desk()
    sale = desk.sale(1000)
    desk.send(desk.later(Kind.REFUND, sale, 300))
    assert desk.asked(desk.later(Kind.REFUND, sale, amount, terminal="TERM0002"), "t2") == code
    assert len(desk.sent) == 1


def test_refunds_that_meet_in_the_journal_do_not_overdraw_the_sale() -> None:
    desk = Desk()
    sale = desk.sale(1000)
    desk.hold = {commands.Journal}
    by_rrn = Original(rrn=sale[1][37])
    desk.send(desk.request(Kind.REFUND, 600, original=by_rrn))
    desk.send(desk.request(Kind.REFUND, 600, original=by_rrn, terminal="TERM0002"), "t2")
    desk.answer_held()
    assert len(desk.sent) == 1
    assert desk.code() == "22"
    assert the_sale(desk).reserved == 600


def test_a_refund_that_was_declined_frees_the_remainder() -> None:
    desk = Desk()
    sale = desk.sale(1000)
    desk.send(desk.later(Kind.REFUND, sale, 1000))
    desk.host_answers("05")
    desk.answer()
    assert (the_sale(desk).returned, the_sale(desk).reserved) == (0, 0)


def test_a_1987_refund_that_nobody_answers_is_reversed_and_frees_the_remainder() -> None:
    desk = Desk()
    sale = desk.sale(1000)
    desk.send(desk.later(Kind.REFUND, sale, 400))
    desk.pass_time(30)
    assert desk.code() == "68"
    reversal = desk.host_got()[-1]
    assert reversal.mti == "0400"
    assert the_sale(desk).reserved == 400
    desk.host_sends(desk.answer_to(reversal, "00"))
    assert (the_sale(desk).returned, the_sale(desk).reserved) == (0, 0)


def test_a_refund_whose_approval_cannot_be_recorded_leaves_the_sale_as_it_was() -> None:
    desk = Desk()
    sale = desk.sale(1000)
    desk.send(desk.later(Kind.REFUND, sale, 400))
    desk.journal_fails = True
    desk.host_answers("00")
    assert desk.code() == "68"
    desk.journal_fails = False
    desk.pass_time(5)
    desk.host_sends(desk.answer_to(desk.host_got()[-1], "00"))
    desk.pass_time(5)
    assert (the_sale(desk).returned, the_sale(desk).reserved) == (0, 0)


def test_a_voided_sale_is_not_refunded_and_a_refunded_one_not_voided() -> None:
    desk = Desk()
    voided, refunded = desk.sale(1000), desk.sale(500)
    for message in (desk.later(Kind.VOID, voided), desk.later(Kind.REFUND, refunded, 1)):
        desk.send(message)
        desk.host_answers("00")
        assert desk.code() == "00"
    assert desk.asked(desk.later(Kind.REFUND, voided, 1)) == "25"
    assert desk.asked(desk.later(Kind.VOID, refunded)) == "25"


def test_a_refund_of_another_day_is_allowed_up_to_a_month() -> None:
    desk = Desk()
    sale = desk.sale(1000)
    desk.pass_time(30 * 86400)
    desk.send(desk.later(Kind.REFUND, sale, 100))
    desk.host_answers("00")
    assert desk.code() == "00"
    desk.pass_time(86400)
    assert desk.asked(desk.later(Kind.REFUND, sale, 100)) == "22"


# Ruling 22: the original is not known here.
@pytest.mark.parametrize("kind", [Kind.VOID, Kind.REFUND])
def test_an_unknown_original_is_the_hosts_to_judge_where_it_can_know_it(kind: Kind) -> None:
    desk = Desk()
    desk.send(desk.request(kind, original=Original(rrn="632400000077", approval="A00077")))
    sent = desk.host_answers("25")
    assert (sent[37], sent[38]) == ("632400000077", "A00077")
    assert desk.code() == "25"


@pytest.mark.parametrize("kind", [Kind.VOID, Kind.REFUND])
def test_an_unknown_original_named_by_its_stan_alone_gets_25(kind: Kind) -> None:
    desk = Desk()
    assert desk.asked(desk.request(kind, original=Original(mti="0200", stan="000077"))) == "25"
    assert not desk.sent


# Ruling 7: a UnionPay refund is an advice; a 1987 host gets it as a request.
def bridged() -> tuple[Desk, Message, list[Message]]:
    """Let a bridged refund time out; return the desk, the refund, and what the host got."""
    desk = Desk(setup("cup-pos", "iso87-ascii"))
    refund = desk.later(Kind.REFUND, desk.sale(1000), 400)
    assert refund.mti == "0220"
    desk.send(refund)
    desk.pass_time(30)
    assert desk.code() == "98"
    return desk, refund, desk.host_got()


def test_a_bridged_refund_that_nobody_answers_is_reversed() -> None:
    desk, refund, sent = bridged()
    assert [message.mti for message in sent] == ["0200", "0400"]
    assert sent[0][3].startswith("20")
    assert desk.asked(desk.repeat(refund)) == "98"
    desk.host_sends(desk.answer_to(sent[1], "00"))
    assert (the_sale(desk).returned, the_sale(desk).reserved) == (0, 0)


def test_the_terminals_repeat_of_a_reversed_bridged_refund_gets_a_final_decline() -> None:
    desk, refund, sent = bridged()
    desk.host_sends(desk.answer_to(sent[1], "00"))
    for _ in range(3):
        assert desk.asked(desk.repeat(refund)) == "05"
    desk.pass_time(60)
    assert not desk.sent


def test_a_refund_as_an_advice_is_repeated_and_the_remainder_stays_reserved() -> None:
    desk = Desk(setup("cup-pos", "cup-pos"))
    sale = desk.sale(1000)
    refund = desk.later(Kind.REFUND, sale, 400)
    desk.send(refund)
    desk.pass_time(30)
    assert desk.code() == "98"
    first, second = desk.host_got()
    assert second.evolve({7: first[7]}) == first
    assert the_sale(desk).reserved == 400
    assert desk.asked(desk.later(Kind.REFUND, sale, 400)) == "22"
    desk.host_sends(desk.answer_to(second, "00"))
    assert (the_sale(desk).returned, the_sale(desk).reserved) == (400, 0)
    desk.send(desk.repeat(refund))
    answer = desk.answer()
    assert (answer[39], answer[37]) == ("00", f"6324{first[11]:0>8}")


def test_an_advice_that_the_host_calls_a_duplicate_is_for_an_operator() -> None:
    """It may have been booked: to free the remainder would let it be refunded twice."""
    desk = Desk(setup("cup-pos", "cup-pos"))
    sale = desk.sale(1000)
    desk.send(desk.later(Kind.REFUND, sale, 400))
    desk.pass_time(30)
    desk.host_sends(desk.answer_to(desk.host_got()[-1], "94"))
    assert the_sale(desk).reserved == 400
    assert len(desk.rows(RowState.STUCK)) == 1


def test_a_void_of_a_reversed_sale_is_refused_with_25() -> None:
    desk = Desk()
    sale = desk.sale()
    assert desk.asked(desk.reversal(*sale)) == "00"
    desk.pass_time(0)
    desk.host_answers("00")
    assert desk.asked(desk.later(Kind.VOID, sale)) == "25"


def test_a_void_can_be_reversed_by_the_terminal() -> None:
    desk = Desk()
    sale = desk.sale()
    void = desk.later(Kind.VOID, sale)
    desk.send(void)
    desk.host_answers("00")
    assert desk.asked(desk.reversal(void, desk.answer())) == "00"
    desk.pass_time(0)
    desk.host_answers("00")
    assert the_sale(desk).taken is Taken.NO
    assert the_sale(desk).state is RowState.DONE


# Ruling 6.
def test_a_void_goes_to_the_acquirer_of_its_sale_whatever_the_routes_say_by_then() -> None:
    desk = Desk()
    sale = desk.sale()
    desk.send(desk.later(Kind.VOID, sale))
    assert desk.sent[-1][1] == "bank-1"
    assert (sale[0][41], sale[0][42].strip()) == (TERMINAL, MERCHANT)


def test_a_unionpay_completion_finds_its_preauth_by_authorization_code_and_card() -> None:
    desk = Desk(setup("cup-pos", "iso87-ascii"))
    preauth = desk.request(Kind.PREAUTH, 1000)
    desk.send(preauth)
    desk.host_answers("00")
    answer = desk.answer()
    named = Original(approval=answer[38], date="1120")
    desk.send(desk.request(Kind.COMPLETION_ADVICE, 900, original=named))
    completion = desk.host_answers("00")
    assert completion.mti == "0220"
    assert completion[90][:10] == "0100000501"
    assert desk.code() == "00"
    assert desk.asked(desk.request(Kind.COMPLETION_ADVICE, 900, original=named)) == "22"


def test_a_completion_of_an_unknown_preauth_never_becomes_an_offline_sale() -> None:
    desk = Desk(setup("cup-pos", "iso87-ascii"))
    named = Original(approval="A00077", date="1120")
    assert desk.asked(desk.request(Kind.COMPLETION_ADVICE, 900, original=named)) == "40"
    assert not desk.sent


def test_a_reversed_refund_whose_own_time_out_cannot_be_recorded_is_not_undone_twice() -> None:
    """The terminal's reversal was settled while the refund was still awaited."""
    desk = Desk()
    sale = desk.sale(1000)
    refund = desk.later(Kind.REFUND, sale, 400)
    desk.send(refund)
    assert desk.asked(desk.reversal(refund), "t2") == "00"
    desk.pass_time(0)
    desk.host_sends(desk.answer_to(desk.host_got()[-1], "00"))
    desk.journal_fails = True
    desk.pass_time(30)
    desk.journal_fails = False
    desk.pass_time(60)
    assert not desk.host_got()
    assert not desk.node.owing.debts
    assert (the_sale(desk).returned, the_sale(desk).reserved) == (0, 0)
