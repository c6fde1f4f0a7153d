"""Stories of preauths: cancelled, completed, the completion cancelled, and completed again (flows 2.5, ruling 5)."""

from __future__ import annotations

from typing import Any

import pytest

from iso_gateway import Message
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.lifecycle import Stage, stage
from iso_gateway.protocol.originals import Original
from iso_gateway.protocol.records import Row, RowState
from tests.support.desk import OTHER_PAN, Desk, setup

Pair = tuple[Message, Message]

PAIRS = pytest.mark.parametrize(
    ("terminal", "host"),
    [
        ("iso87-ascii", "iso87-ascii"),
        ("cup-pos", "iso87-ascii"),
        ("iso87-ascii", "cup-pos"),
        ("cup-pos", "cup-pos"),
        ("cup-pos", "iso93-ascii"),
        ("iso87-ascii", "iso93-ascii"),
    ],
)


def asked(desk: Desk, kind: Kind, amount: int = 1000, original: Pair | None = None, code: str = "00") -> Pair:
    """Let a terminal ask for *kind*, and the host answer *code*; return the request and the terminal's answer."""
    message = desk.request(kind, amount) if original is None else desk.later(kind, original, amount)
    desk.send(message)
    desk.host_answers(code)
    answer = desk.answer()
    assert desk.terminal_dialect.canonical(answer) == code
    return message, answer


def the_preauth(desk: Desk) -> Row:
    """Return the preauth's row."""
    (row,) = [row for row in desk.rows() if row.kind is Kind.PREAUTH]
    return row


def advised(desk: Desk) -> bool:
    """Return whether completions go out as advices there: they repeat, and are not reversed."""
    row = desk.host_dialect.profile.row(Kind.COMPLETION)
    assert row is not None
    return not row.reversible


@PAIRS
def test_a_cancelled_completion_gives_the_hold_back_and_another_may_follow(terminal: str, host: str) -> None:
    desk = Desk(setup(terminal, host))
    preauth = asked(desk, Kind.PREAUTH)
    assert stage(the_preauth(desk)) is Stage.AUTHORIZED
    completion = asked(desk, Kind.COMPLETION, 900, preauth)
    assert stage(the_preauth(desk)) is Stage.COMPLETED
    assert desk.asked(desk.later(Kind.COMPLETION, preauth, 900)) == "22"
    asked(desk, Kind.COMPLETION_CANCEL, 900, completion)
    assert stage(the_preauth(desk)) is Stage.AUTHORIZED
    asked(desk, Kind.COMPLETION, 800, preauth)
    assert stage(the_preauth(desk)) is Stage.COMPLETED


@PAIRS
def test_a_completions_cancel_goes_out_as_one_and_names_the_completion(terminal: str, host: str) -> None:
    desk = Desk(setup(terminal, host))
    preauth = asked(desk, Kind.PREAUTH)
    completion = asked(desk, Kind.COMPLETION, 900, preauth)
    desk.send(desk.later(Kind.COMPLETION_CANCEL, completion, 900))
    cancel = desk.last_sent
    row = desk.host_dialect.kind_row(cancel)
    assert row is not None
    assert Kind.COMPLETION_CANCEL in {each.kind for each in desk.host_dialect.alike(row)}
    assert desk.host_dialect.original(cancel).stan == "000502"
    (told,) = [row for row in desk.rows() if row.kind is Kind.COMPLETION_CANCEL]
    assert told.behind == the_preauth(desk).id


@PAIRS
def test_a_preauth_cancel_takes_the_hold_back_for_good(terminal: str, host: str) -> None:
    desk = Desk(setup(terminal, host))
    preauth = asked(desk, Kind.PREAUTH)
    asked(desk, Kind.PREAUTH_CANCEL, 1000, preauth)
    assert stage(the_preauth(desk)) is Stage.CANCELLED
    assert [row.kind for row in desk.rows()] == [Kind.PREAUTH, Kind.PREAUTH_CANCEL]
    assert desk.asked(desk.later(Kind.PREAUTH_CANCEL, preauth, 1000)) == "22"
    assert desk.asked(desk.later(Kind.COMPLETION, preauth, 1000)) == "22"
    assert not desk.sent


@PAIRS
@pytest.mark.parametrize("kind", [Kind.PREAUTH_CANCEL, Kind.COMPLETION])
def test_of_what_is_declined_the_preauth_knows_nothing(terminal: str, host: str, kind: Kind) -> None:
    desk = Desk(setup(terminal, host))
    preauth = asked(desk, Kind.PREAUTH)
    asked(desk, kind, 1000, preauth, code="05")
    assert stage(the_preauth(desk)) is Stage.AUTHORIZED
    asked(desk, kind, 1000, preauth)


def test_a_declined_cancel_of_a_completion_leaves_it_completed() -> None:
    desk = Desk()
    preauth = asked(desk, Kind.PREAUTH)
    completion = asked(desk, Kind.COMPLETION, 900, preauth)
    asked(desk, Kind.COMPLETION_CANCEL, 900, completion, code="05")
    assert stage(the_preauth(desk)) is Stage.COMPLETED
    asked(desk, Kind.COMPLETION_CANCEL, 900, completion)
    assert stage(the_preauth(desk)) is Stage.AUTHORIZED


# Each step in flight that times out owes its own reversal, and falls back to the stage before it; advices repeat.


@pytest.mark.parametrize(
    ("kind", "amount", "in_flight", "before"),
    [
        (Kind.PREAUTH_CANCEL, 1000, Stage.CANCEL_IN_FLIGHT, Stage.AUTHORIZED),
        (Kind.COMPLETION, 900, Stage.COMPLETION_IN_FLIGHT, Stage.AUTHORIZED),
    ],
)
def test_a_step_that_times_out_is_reversed_and_falls_back(
    kind: Kind, amount: int, in_flight: Stage, before: Stage
) -> None:
    desk = Desk(setup("cup-pos", "cup-pos"))
    preauth = asked(desk, Kind.PREAUTH)
    desk.send(desk.later(kind, preauth, amount))
    assert stage(the_preauth(desk)) is in_flight
    desk.pass_time(30)
    assert desk.code() == "98"
    first, reversal = desk.host_got()
    assert (reversal.mti, reversal[3], reversal["60.1"]) == ("0400", first[3], first["60.1"])
    assert stage(the_preauth(desk)) is in_flight
    assert desk.asked(desk.later(kind, preauth, amount)) == "22"
    desk.host_sends(desk.answer_to(reversal, "00"))
    assert stage(the_preauth(desk)) is before
    asked(desk, kind, amount, preauth)


def test_a_completion_cancel_that_times_out_is_reversed_and_the_completion_stands_again() -> None:
    desk = Desk(setup("cup-pos", "cup-pos"))
    preauth = asked(desk, Kind.PREAUTH)
    completion = asked(desk, Kind.COMPLETION, 900, preauth)
    desk.send(desk.later(Kind.COMPLETION_CANCEL, completion, 900))
    assert stage(the_preauth(desk)) is Stage.COMPLETION_CANCEL_IN_FLIGHT
    desk.pass_time(30)
    assert desk.code() == "98"
    reversal = desk.host_got()[-1]
    assert (reversal.mti, reversal["60.1"]) == ("0400", "21")
    assert desk.asked(desk.later(Kind.COMPLETION, preauth, 900)) == "22"
    desk.host_sends(desk.answer_to(reversal, "00"))
    assert stage(the_preauth(desk)) is Stage.COMPLETED
    asked(desk, Kind.COMPLETION_CANCEL, 900, completion)
    assert stage(the_preauth(desk)) is Stage.AUTHORIZED


@pytest.mark.parametrize("host", ["cup-pos", "iso87-ascii", "iso93-ascii"])
def test_a_completion_advice_is_repeated_until_it_is_answered_and_holds_till_then(host: str) -> None:
    desk = Desk(setup("cup-pos", host))
    preauth = asked(desk, Kind.PREAUTH)
    desk.send(desk.later(Kind.COMPLETION_ADVICE, preauth, 900))
    desk.pass_time(30)
    assert desk.code() == "98"
    first, again = desk.host_got()
    assert again.evolve({7: first.get(7)}, first.mti) == first
    assert stage(the_preauth(desk)) is Stage.COMPLETION_IN_FLIGHT
    desk.host_sends(desk.answer_to(again, "00"))
    assert stage(the_preauth(desk)) is Stage.COMPLETED


def test_a_preauth_cancel_of_1993_is_an_advice_and_repeats() -> None:
    desk = Desk(setup("cup-pos", "iso93-ascii"))
    preauth = asked(desk, Kind.PREAUTH)
    desk.send(desk.later(Kind.PREAUTH_CANCEL, preauth))
    desk.pass_time(30)
    first, again = desk.host_got()
    assert (first.mti, first[24], first[25], again.mti) == ("1420", "400", "4000", "1421")
    desk.host_sends(desk.answer_to(again, "00"))
    assert stage(the_preauth(desk)) is Stage.CANCELLED


# The reversal of what was approved.


def test_from_when_a_cancels_reversal_is_owed_no_other_completion_comes_in() -> None:
    desk = Desk()
    preauth = asked(desk, Kind.PREAUTH)
    completion = asked(desk, Kind.COMPLETION, 900, preauth)
    cancel = asked(desk, Kind.COMPLETION_CANCEL, 900, completion)
    assert desk.asked(desk.reversal(*cancel)) == "00"
    assert stage(the_preauth(desk)) is Stage.COMPLETION_CANCEL_IN_FLIGHT
    assert desk.asked(desk.later(Kind.COMPLETION, preauth, 900)) == "22"
    desk.pass_time(0)
    desk.host_answers("00")
    assert stage(the_preauth(desk)) is Stage.COMPLETED


def test_a_cancel_cannot_be_reversed_after_the_preauth_was_completed_again() -> None:
    desk = Desk()
    preauth = asked(desk, Kind.PREAUTH)
    completion = asked(desk, Kind.COMPLETION, 900, preauth)
    cancel = asked(desk, Kind.COMPLETION_CANCEL, 900, completion)
    asked(desk, Kind.COMPLETION, 800, preauth)
    assert desk.asked(desk.reversal(*cancel)) == "25"
    desk.pass_time(60)
    assert not desk.sent
    assert stage(the_preauth(desk)) is Stage.COMPLETED


def test_a_cancel_whose_approval_nobody_got_is_reversed_and_the_completion_stands() -> None:
    desk = Desk()
    preauth = asked(desk, Kind.PREAUTH)
    completion = asked(desk, Kind.COMPLETION, 900, preauth)
    desk.send(desk.later(Kind.COMPLETION_CANCEL, completion, 900))
    desk.hang_up()
    desk.host_answers("00")
    desk.pass_time(0)
    assert desk.host_answers("00").mti == "0400"
    assert stage(the_preauth(desk)) is Stage.COMPLETED


def test_a_cancel_that_nobody_got_and_that_was_built_upon_is_a_question() -> None:
    """Its reversal would complete the preauth a second time."""
    desk = Desk()
    preauth = asked(desk, Kind.PREAUTH)
    completion = asked(desk, Kind.COMPLETION, 900, preauth)
    desk.send(desk.later(Kind.COMPLETION_CANCEL, completion, 900), "t2")
    desk.hang_up("t2")
    (cancel,) = [row for row in desk.rows() if row.kind is Kind.COMPLETION_CANCEL]
    take = desk.journal.commit

    def overtaken(entries: Any) -> Any:
        """Let another completion come in between the approval and the commit of its fate."""
        if any(
            part.id == cancel.id and "reason" in part.set for entry in entries for part in entry if hasattr(part, "set")
        ):
            desk.journal.commit = take  # type: ignore[method-assign]
            desk.send(desk.later(Kind.COMPLETION, preauth, 800, terminal="TERM0002"), "t3")
        return take(entries)

    desk.journal.commit = overtaken  # type: ignore[method-assign]
    desk.host_answers("00")
    assert [row.state for row in desk.rows() if row.id == cancel.id] == [RowState.UNCONFIRMED]
    assert stage(the_preauth(desk)) is Stage.COMPLETION_IN_FLIGHT
    assert not desk.node.owing.debts


# What is refused, and by which code.


@pytest.mark.parametrize(
    ("kind", "amount", "pan", "code"),
    [
        (Kind.COMPLETION, 1150, None, "00"),
        (Kind.COMPLETION, 1151, None, "64"),
        (Kind.COMPLETION, 900, OTHER_PAN, "14"),
        (Kind.PREAUTH_CANCEL, 999, None, "64"),
        (Kind.PREAUTH_CANCEL, 1000, OTHER_PAN, "14"),
    ],
)
def test_what_does_not_fit_its_preauth_is_refused(kind: Kind, amount: int, pan: str | None, code: str) -> None:
    desk = Desk()
    preauth = asked(desk, Kind.PREAUTH)
    later = desk.later(kind, preauth, amount, **({"pan": pan} if pan else {}))
    desk.send(later)
    if code == "00":
        desk.host_answers()
    assert desk.code() == code
    assert (stage(the_preauth(desk)) is Stage.AUTHORIZED) == (code != "00")


def test_after_29_days_a_preauth_is_neither_completed_nor_cancelled() -> None:
    desk = Desk()
    preauth, other = asked(desk, Kind.PREAUTH), asked(desk, Kind.PREAUTH)
    desk.pass_time(29 * 86400)
    asked(desk, Kind.COMPLETION, 1000, preauth)
    desk.pass_time(86400)
    for kind in (Kind.COMPLETION, Kind.PREAUTH_CANCEL):
        assert desk.asked(desk.later(kind, other, 1000)) == "22"


def test_a_void_of_a_preauth_by_the_message_for_sales_is_refused() -> None:
    """0200/020000 takes back a sale or a completion, never a hold."""
    desk = Desk()
    preauth = asked(desk, Kind.PREAUTH)
    assert desk.asked(desk.later(Kind.VOID, preauth)) == "25"
    assert not desk.sent


def test_of_an_unknown_original_nobody_guesses_whether_it_was_a_sale_or_a_completion() -> None:
    """1987 says both alike; UnionPay does not."""
    named = Original(mti="0200", stan="000077", transmitted="1120115900", rrn="632400000077")
    desk = Desk(setup("iso87-ascii", "cup-pos"))
    assert desk.asked(desk.request(Kind.VOID, original=named)) == "25"
    same = Desk()
    same.send(same.request(Kind.VOID, original=named))
    assert same.host_answers("25")[3] == "020000"
    assert same.code() == "25"


# Voids of refunds.


def refunded(desk: Desk) -> tuple[Pair, Pair]:
    """Have a sale of 1000 refunded in full; return both."""
    sale = desk.sale(1000)
    return sale, asked(desk, Kind.REFUND, 1000, sale)


def the_sale(desk: Desk) -> Row:
    """Return the sale's row."""
    (row,) = [row for row in desk.rows() if row.kind is Kind.SALE]
    return row


def test_a_voided_refund_puts_the_remainder_back() -> None:
    desk = Desk()
    sale, refund = refunded(desk)
    desk.send(desk.later(Kind.VOID, refund))
    assert (the_sale(desk).returned, the_sale(desk).reserved) == (0, 1000)
    assert desk.asked(desk.later(Kind.REFUND, sale, 1)) == "61" or the_sale(desk).reserved == 1000
    desk.host_answers("00")
    assert desk.code() == "00"
    assert stage(the_sale(desk)) is Stage.APPROVED
    asked(desk, Kind.REFUND, 1000, sale)
    assert stage(the_sale(desk)) is Stage.REFUNDED


def test_while_a_refund_is_being_voided_no_other_one_is_sent() -> None:
    desk = Desk()
    sale, refund = refunded(desk)
    desk.send(desk.later(Kind.VOID, refund))
    assert desk.asked(desk.later(Kind.REFUND, sale, 1000), "t2") == "22"


@pytest.mark.parametrize("ending", ["declined", "reversed"])
def test_a_refund_whose_void_failed_counts_again(ending: str) -> None:
    desk = Desk()
    sale, refund = refunded(desk)
    desk.send(desk.later(Kind.VOID, refund))
    if ending == "declined":
        desk.host_answers("05")
        assert desk.code() == "05"
    else:
        desk.pass_time(30)
        desk.host_sends(desk.answer_to(desk.host_got()[-1], "00"))
        assert desk.code() == "68"
    assert stage(the_sale(desk)) is Stage.REFUNDED
    assert desk.asked(desk.later(Kind.REFUND, sale, 1)) == "61"


def test_a_void_of_a_refund_cannot_be_reversed_once_its_remainder_is_refunded_again() -> None:
    desk = Desk()
    sale, refund = refunded(desk)
    void = asked(desk, Kind.VOID, 1000, refund)
    asked(desk, Kind.REFUND, 600, sale)
    assert desk.asked(desk.reversal(*void)) == "25"
    assert (the_sale(desk).returned, the_sale(desk).reserved) == (600, 0)


def test_the_reversal_of_a_refunds_void_holds_the_remainder_until_it_is_settled() -> None:
    desk = Desk()
    sale, refund = refunded(desk)
    void = asked(desk, Kind.VOID, 1000, refund)
    assert desk.asked(desk.reversal(*void)) == "00"
    assert desk.asked(desk.later(Kind.REFUND, sale, 1)) == "22"
    desk.pass_time(0)
    desk.host_answers("00")
    assert stage(the_sale(desk)) is Stage.REFUNDED


def test_the_log_says_why_it_was_refused() -> None:
    desk = Desk()
    preauth = asked(desk, Kind.PREAUTH)
    asked(desk, Kind.COMPLETION, 900, preauth)
    assert desk.asked(desk.later(Kind.PREAUTH_CANCEL, preauth)) == "22"
    told = desk.said("txn")[-1]
    assert (told["code"], told["cause"]) == ("22", f"its original {the_preauth(desk).id} is done, completed")
