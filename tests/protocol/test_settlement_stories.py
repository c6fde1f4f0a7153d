"""Stories of batches: totals, records, the end, and what is listed where not all agree (flows 2.7, ruling 20)."""

from __future__ import annotations

import pytest

from iso_gateway import Message
from iso_gateway.protocol.batch import Batch, BatchState, Totals, What
from iso_gateway.protocol.events import Fate
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.reconciling import (
    Block,
    Verdict,
    totals_facts,
    totals_said,
    verdict_said,
    written_blocks,
)
from iso_gateway.protocol.records import RowState
from tests.support.desk import MERCHANT, PAN, TERMINAL, Desk, setup

EVERY = pytest.mark.parametrize("name", ["iso87-ascii", "iso93-ascii", "cup-pos"])


def totals(desk: Desk, said: Totals, stan: str = "") -> Message:
    """Return the terminal's 0500 that says *said*."""
    request = bare(desk, Kind.SETTLEMENT, stan)
    facts = totals_facts(desk.terminal_dialect, said)
    number = desk.terminal_dialect.number
    return request.evolve({number(name) or 0: value for name, value in facts.items() if number(name)})


def bare(desk: Desk, kind: Kind, stan: str = "") -> Message:
    """Return a message about the batch, without its content."""
    drawn = desk.request(kind, stan=stan)
    return drawn.evolve({2: None, 4: None, 22: None})


def upload(desk: Desk, *blocks: Block) -> Message:
    """Return 0320/201 with *blocks*."""
    return bare(desk, Kind.UPLOAD).evolve({48: written_blocks(blocks)})


def end(desk: Desk, count: int, *, balanced: bool) -> Message:
    """Return 0320/207 or 0320/202."""
    network = "207" if balanced else "202"
    return bare(desk, Kind.UPLOAD_END).evolve({48: f"{count:04}", 60: f"00000007{network}"})


def batch(desk: Desk) -> Batch:
    """Return the terminal's only batch, or its latest."""
    kept = desk.journal.batch(MERCHANT, TERMINAL)
    assert kept is not None
    return kept


def settle(desk: Desk, said: Totals) -> tuple[Verdict, Totals | None]:
    """Let the terminal say its totals; return what it hears."""
    desk.send(totals(desk, said))
    answer = desk.answer()
    return verdict_said(desk.terminal_dialect, answer), totals_said(desk.terminal_dialect, answer)


def a_day(desk: Desk) -> Totals:
    """Have two sales, of which one is voided, and a refund; return what the terminal counts."""
    desk.sale(1000)
    second = desk.sale(500)
    desk.send(desk.later(Kind.VOID, second))
    desk.host_answers("00")
    assert desk.code() == "00"
    third = desk.sale(300)
    desk.send(desk.later(Kind.REFUND, third, 100))
    desk.host_answers("00")
    assert desk.code() == "00"
    return Totals(1800, 3, 600, 2)


@EVERY
def test_totals_that_agree_are_balanced(name: str) -> None:
    desk = Desk(setup(name, name))
    said = a_day(desk)
    assert settle(desk, said) == (Verdict.BALANCED, said)
    kept = batch(desk)
    assert (kept.pos, kept.ours, kept.balanced, kept.differences) == (said, said, True, ())
    assert kept.state is (BatchState.UPLOADING if name == "cup-pos" else BatchState.CLOSED)
    assert desk.host_got() == []


@EVERY
def test_totals_that_do_not_agree_are_answered_with_ours_and_listed(name: str) -> None:
    desk = Desk(setup(name, name))
    ours = a_day(desk)
    assert settle(desk, Totals(1800, 3, 500, 1)) == (Verdict.NOT_BALANCED, ours)
    kept = batch(desk)
    assert (kept.balanced, [each.what for each in kept.differences]) == (False, [What.TOTALS])
    assert (kept.differences[0].pos, kept.differences[0].ours) == (1300, 1200)


def test_what_was_reversed_or_declined_is_in_no_batch() -> None:
    desk = Desk()
    desk.sale(1000)
    desk.send(desk.request(Kind.SALE, 70))
    desk.host_answers("51")
    assert desk.code() == "51"
    gone = desk.sale(200)
    desk.send(desk.reversal(*gone))
    assert desk.code() == "00"
    desk.pass_time(1)
    desk.host_answers("00")  # the reversal
    assert settle(desk, Totals(1000, 1)) == (Verdict.BALANCED, Totals(1000, 1))


def test_the_upload_finds_out_record_by_record_what_differs() -> None:
    desk = Desk(setup("cup-pos", "cup-pos"))
    right = desk.sale(1000)
    other = desk.sale(500)
    only_ours = desk.sale(300)
    assert settle(desk, Totals(1000 + 400 + 77, 3))[0] is Verdict.NOT_BALANCED
    assert desk.asked(upload(desk, Block("00", right[0][11], PAN, 1000), Block("00", other[0][11], PAN, 400))) == "00"
    assert desk.asked(upload(desk, Block("00", "999000", PAN, 77))) == "00"
    assert batch(desk).state is BatchState.UPLOADING
    assert desk.asked(end(desk, 3, balanced=False)) == "00"
    kept = batch(desk)
    assert kept.state is BatchState.CLOSED
    assert kept.closed == desk.now.wall
    assert [(each.what, each.stan, each.pos, each.ours) for each in kept.differences] == [
        (What.AMOUNT, other[0][11], 400, 500),
        (What.POS_ONLY, "999000", 77, None),
        (What.CENTRE_ONLY, only_ours[0][11], None, 300),
    ]
    assert PAN not in repr(kept)
    assert all(each.proposal for each in kept.differences)


def other_currency(desk: Desk, amount: int) -> Message:
    """Have a sale in euros approved, among others in dollars."""
    request = desk.request(amount=amount, changes={49: "978"})
    desk.send(request)
    desk.host_answers("00", {49: "978"})
    assert desk.code() == "00"
    return request


@EVERY
def test_currencies_are_never_added_and_what_is_of_another_one_is_listed(name: str) -> None:
    desk = Desk(setup(name, name))
    desk.sale(1000)
    euros = other_currency(desk, 70)
    assert settle(desk, Totals(1070, 2)) == (Verdict.NOT_BALANCED, Totals(1000, 1))
    kept = batch(desk)
    assert (kept.currency, kept.ours) == ("840", Totals(1000, 1))
    assert [(each.what, each.stan) for each in kept.differences] == [(What.CURRENCY, euros[11]), (What.TOTALS, "")]
    assert "EUR 0.70" in kept.differences[0].proposal


def test_it_stays_listed_whatever_agrees() -> None:
    desk = Desk(setup("cup-pos", "cup-pos"))
    sale = desk.sale(1000)
    euros = other_currency(desk, 70)
    assert settle(desk, Totals(1000, 1))[0] is Verdict.BALANCED
    assert [each.what for each in batch(desk).differences] == [What.CURRENCY]
    told = (Block("00", sale[0][11], PAN, 900), Block("00", euros[11], PAN, 70))
    assert desk.asked(upload(desk, *told)) == "00"
    assert desk.asked(end(desk, 2, balanced=False)) == "00"
    assert [each.what for each in batch(desk).differences] == [What.CURRENCY, What.AMOUNT]


def test_a_record_of_another_card_is_named() -> None:
    desk = Desk(setup("cup-pos", "cup-pos"))
    sale = desk.sale(1000)
    settle(desk, Totals(900, 1))
    assert desk.asked(upload(desk, Block("00", sale[0][11], "4111111111111111", 1000))) == "00"
    assert desk.asked(end(desk, 1, balanced=False)) == "00"
    assert [each.what for each in batch(desk).differences] == [What.CARD]


def test_the_upload_and_its_end_may_be_repeated() -> None:
    desk = Desk(setup("cup-pos", "cup-pos"))
    sale = desk.sale(1000)
    settle(desk, Totals(900, 1))
    told = upload(desk, Block("00", sale[0][11], PAN, 900))
    assert [desk.asked(told), desk.asked(told)] == ["00", "00"]
    over = end(desk, 1, balanced=False)
    assert [desk.asked(over), desk.asked(over), desk.asked(told)] == ["00", "00", "00"]
    kept = batch(desk)
    assert len(kept.details) == 1
    assert [each.what for each in kept.differences] == [What.AMOUNT]


def test_records_before_totals_are_refused() -> None:
    desk = Desk(setup("cup-pos", "cup-pos"))
    desk.sale(1000)
    assert desk.asked(upload(desk, Block("00", "000001", PAN, 1000))) == "12"
    assert desk.asked(end(desk, 1, balanced=False)) == "12"
    assert desk.journal.batch(MERCHANT, TERMINAL) is None


@pytest.mark.parametrize("content", ["0", "03" + "0" * 40, "99"])
def test_a_message_without_totals_or_records_is_refused_with_30(content: str) -> None:
    desk = Desk(setup("cup-pos", "cup-pos"))
    assert desk.asked(bare(desk, Kind.SETTLEMENT).evolve({48: content})) == "30"
    assert desk.asked(bare(desk, Kind.UPLOAD).evolve({48: content})) == "30"


# Debts


@EVERY
def test_totals_wait_for_debts_that_are_being_paid(name: str) -> None:
    desk = Desk(setup(name, name))
    desk.sale(1000)
    desk.send(desk.request(Kind.SALE, 500))
    desk.pass_time(30)
    assert desk.code() == desk.terminal_dialect.profile.no_answer
    _, reversal = desk.host_got()
    desk.send(totals(desk, Totals(1000, 1)))
    assert not desk.answers
    desk.pass_time(3)
    assert not desk.answers
    desk.host_sends(desk.answer_to(reversal))
    desk.pass_time(2)
    assert verdict_said(desk.terminal_dialect, desk.answer()) is Verdict.BALANCED


def test_totals_that_waited_too_long_get_no_answer_and_the_batch_stays_open() -> None:
    desk = Desk()
    desk.sale(1000)
    desk.send(desk.request(Kind.SALE, 500))
    desk.pass_time(30)
    desk.code()
    asked = totals(desk, Totals(1000, 1))
    desk.send(asked)
    desk.pass_time(25)
    assert desk.code() == "68"
    assert desk.journal.batch(MERCHANT, TERMINAL) is None


def test_a_stuck_debt_is_listed_and_holds_nothing_up() -> None:
    desk = Desk()
    desk.sale(1000)
    desk.send(desk.request(Kind.SALE, 500))
    desk.pass_time(30)
    desk.code()
    desk.sent.popleft()  # the sale
    desk.host_answers("12")
    (stuck,) = desk.rows(RowState.STUCK)
    assert settle(desk, Totals(1000, 1))[0] is Verdict.BALANCED
    (listed,) = batch(desk).differences
    assert (listed.what, listed.row, listed.ours) == (What.OWED, stuck.id, 500)


@EVERY
def test_totals_that_agree_answer_the_questions_of_the_batch(name: str) -> None:
    desk = Desk(setup(name, name))
    desk.fate = Fate.CUT
    desk.sale(1000)
    desk.fate = Fate.HANDED
    (row,) = desk.rows(RowState.UNCONFIRMED)
    assert settle(desk, Totals(1, 1))[0] is Verdict.NOT_BALANCED
    assert desk.rows(RowState.UNCONFIRMED) == [row]
    if name == "cup-pos":  # else that closed the batch
        assert settle(desk, Totals(1000, 1))[0] is Verdict.BALANCED
        (row,) = [each for each in desk.rows(RowState.DONE) if each.kind is Kind.SALE]
        assert " confirmed " in row.story


# Repeats, and the batch after


@EVERY
def test_a_repeat_of_the_totals_gets_the_first_answer(name: str) -> None:
    desk = Desk(setup(name, name))
    said = a_day(desk)
    asked = totals(desk, said)
    desk.send(asked)
    first = desk.answer()
    desk.send(desk.repeat(asked))
    assert desk.answer().only(frozenset({39, 48, 66, 74, 76, 86, 88})) == first.only(
        frozenset({39, 48, 66, 74, 76, 86, 88})
    )
    assert len(desk.journal.batches()) == 1


@pytest.mark.parametrize("name", ["iso87-ascii", "iso93-ascii"])
def test_without_a_batch_number_a_batch_is_what_came_since_the_last_was_closed(name: str) -> None:
    desk = Desk(setup(name, name))
    desk.sale(1000)
    desk.pass_time(1)
    assert settle(desk, Totals(1000, 1))[0] is Verdict.BALANCED
    desk.pass_time(1)
    desk.sale(30)
    assert settle(desk, Totals(30, 1))[0] is Verdict.BALANCED
    assert [(each.number, each.state) for each in desk.journal.batches()] == [
        ("000002", BatchState.CLOSED),
        ("000001", BatchState.CLOSED),
    ]


def test_a_terminal_begins_nothing_while_its_batch_is_settled() -> None:
    desk = Desk()
    desk.send(desk.request(Kind.SALE, 500))
    desk.send(totals(desk, Totals()))
    assert not desk.answers
    assert desk.asked(desk.request(Kind.SALE, 70)) == "90"
    desk.host_answers("00")
    assert desk.code() == "00"
    desk.pass_time(2)
    assert verdict_said(desk.terminal_dialect, desk.answer()) is Verdict.NOT_BALANCED


def test_a_journal_that_fails_leaves_the_batch_open() -> None:
    desk = Desk()
    desk.sale(1000)
    desk.journal_fails = True
    assert desk.asked(totals(desk, Totals(1000, 1))) == "68"
    desk.journal_fails = False
    assert desk.journal.batch(MERCHANT, TERMINAL) is None
    assert settle(desk, Totals(1000, 1))[0] is Verdict.BALANCED


def test_a_closed_batch_is_told_again_to_a_terminal_that_does_not_know() -> None:
    desk = Desk(setup("cup-pos", "cup-pos"))
    desk.sale(1000)
    desk.pass_time(60)
    assert settle(desk, Totals(1000, 1))[0] is Verdict.BALANCED
    assert desk.asked(end(desk, 0, balanced=True)) == "00"
    desk.pass_time(60)
    assert settle(desk, Totals(1000, 1)) == (Verdict.BALANCED, Totals(1000, 1))
    assert desk.asked(end(desk, 0, balanced=True)) == "00"
    assert batch(desk).state is BatchState.CLOSED


def test_a_number_that_comes_again_with_new_transactions_is_a_batch_anew() -> None:
    desk = Desk(setup("cup-pos", "cup-pos"))
    desk.sale(1000)
    desk.pass_time(60)
    settle(desk, Totals(1000, 1))
    assert desk.asked(end(desk, 0, balanced=True)) == "00"
    desk.pass_time(60)
    desk.sale(30)
    assert settle(desk, Totals(30, 1)) == (Verdict.BALANCED, Totals(30, 1))
    assert desk.asked(end(desk, 0, balanced=True)) == "00"
    assert len(desk.journal.batches()) == 1
