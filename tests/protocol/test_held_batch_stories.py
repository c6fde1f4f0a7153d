"""Stories of transactions that come while their batch is being settled: refused, and never for ever (flows 2.7)."""

from __future__ import annotations

from iso_gateway import Message
from iso_gateway.protocol.batch import BatchState, Totals
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.records import RowState
from iso_gateway.protocol.settlement import UPLOAD_LIMIT
from tests.protocol.test_settlement_stories import batch, end, settle, totals
from tests.support.desk import Desk, setup


def told_totals() -> tuple[Desk, tuple[Message, Message]]:
    """Have a sale, and its totals compared; the upload has not ended."""
    desk = Desk(setup("cup-pos", "cup-pos"))
    sale = desk.sale(1000)
    settle(desk, Totals(1000, 1))
    assert batch(desk).state is BatchState.UPLOADING
    return desk, sale


def test_between_the_totals_and_the_end_no_sale_is_taken() -> None:
    desk, _ = told_totals()
    sale = desk.request(amount=200)
    assert desk.asked(sale) == "90"
    assert not desk.sent
    assert len([row for row in desk.rows() if row.kind is Kind.SALE]) == 1
    assert desk.asked(end(desk, 1, balanced=True)) == "00"
    desk.sale(200)


def test_what_was_approved_before_is_answered_again_and_can_be_reversed() -> None:
    desk, (request, _) = told_totals()
    assert desk.asked(desk.repeat(request)) == "00"
    assert not desk.sent
    assert desk.asked(desk.reversal(request)) == "00"
    desk.pass_time(1)
    desk.host_answers("00")
    assert RowState.REVERSED in {row.state for row in desk.rows()}


def test_a_terminal_that_never_ends_its_upload_has_sales_again() -> None:
    desk, _ = told_totals()
    desk.pass_time(UPLOAD_LIMIT - 1)
    assert desk.asked(desk.request()) == "90"
    desk.pass_time(1)
    desk.sale(200)


def test_so_has_one_that_signs_on_or_begins_its_next_batch() -> None:
    desk, _ = told_totals()
    other = desk.request(changes={60: "22000008000"})
    desk.send(other)
    desk.host_answers("00")
    assert desk.code() == "00"
    desk, _ = told_totals()
    assert desk.asked(desk.request()) == "90"
    assert desk.asked(desk.request(Kind.SIGN_ON)) == "00"
    desk.sale(200)


def test_another_terminal_is_not_concerned() -> None:
    desk, _ = told_totals()
    desk.sale(200, terminal="TERM0002")


def test_while_a_host_compares_totals_nothing_is_taken_that_would_be_in_nobodys_sums() -> None:
    desk = Desk(setup(settlement="forward"))
    desk.sale(1000)
    desk.send(totals(desk, Totals(1000, 1)))
    (told,) = desk.host_got()
    assert told.mti == "0500"
    assert desk.asked(desk.request()) == "90"
    desk.pass_time(40)
    desk.answer()
    desk.sale(200)
