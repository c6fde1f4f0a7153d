"""The crash test finds what is lost and what is doubled: three ledgers, and what may stand in them side by side."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from crash.compare import Slip, Verdict, compare
from crash.run import Outcome
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.records import Row, RowState

NONE = Verdict((), (), ())


def slip(outcome: str, kind: Kind = Kind.SALE) -> Slip:
    return Slip("TERM0001", kind, "000007", 1400, outcome, "632600000001" if outcome == "approved" else "")


def row(state: RowState, kind: Kind = Kind.SALE, rrn: str = "632600000001") -> Row:
    return Row(
        id="1", claims=(), kind=kind, state=state, fingerprint=b"", terminal="TERM0001", merchant="M", batch="",
        stan="000007", mti="0200", amount=1400, currency="840", pan="", card=b"", card_hash=b"", transmitted="",
        received=datetime(2026, 11, 22, tzinfo=UTC), business_date=date(2026, 11, 22), rrn=rrn,
    )  # fmt: skip


def booked(state: str, kind: str = "sale") -> dict[str, Any]:
    return {"terminal": "TERM0001", "kind": kind, "state": state, "amount": 1400, "rrn": "632600000001"}


@pytest.mark.parametrize(
    ("outcome", "state", "at_host", "found"),
    [
        ("approved", RowState.DONE, ["approved"], ""),
        ("approved", RowState.ANSWERED, ["voided"], ""),
        ("approved", RowState.UNCONFIRMED, ["part refunded"], ""),  # the receipt decides the question
        ("approved", RowState.NOTED, ["completed"], ""),
        ("approved", RowState.DONE, [], "lost"),
        ("approved", RowState.DONE, ["reversed"], "lost"),
        ("approved", None, ["approved"], "lost"),
        ("approved", RowState.SENDING, ["approved"], "lost"),
        ("approved", RowState.REVERSED, ["approved"], "lost"),
        ("approved", RowState.OWES_REVERSAL, ["approved"], "lost"),
        ("approved", RowState.STUCK, ["approved"], "doubled"),
        ("approved", RowState.DONE, ["approved", "approved"], "doubled"),
        ("declined", RowState.DECLINED, ["declined"], ""),
        ("declined", RowState.DECLINED, [], ""),
        ("declined", None, [], ""),
        ("declined", RowState.DECLINED, ["approved"], "lost"),
        ("reversed", RowState.REVERSED, ["reversed"], ""),
        ("reversed", RowState.REVERSED, ["reversed", "approved"], "lost"),
        ("reversed", None, ["approved"], "lost"),
        ("reversed", RowState.DONE, ["approved"], "lost"),
        ("reversed", RowState.OWES_REVERSAL, ["approved"], "lost"),
        ("reversed", RowState.OWES_REVERSAL, [], "lost"),
        ("declined", RowState.SENDING, [], "lost"),
        ("reversed", RowState.STUCK, ["approved"], "owed"),
        ("reversed", RowState.UNCONFIRMED, ["approved"], "owed"),
    ],
)
def test_a_transaction_stands_in_one_way_in_three_ledgers(
    outcome: str, state: RowState | None, at_host: list[str], found: str
) -> None:
    rows = [] if state is None else [row(state)]
    verdict = compare([slip(outcome)], rows, [booked(each) for each in at_host])
    counts = {"lost": len(verdict.lost), "doubled": len(verdict.doubled), "owed": len(verdict.owed)}
    assert [where for where, count in counts.items() if count] == ([found] if found else [])


def test_a_receipt_has_the_number_of_the_journal_and_of_the_host() -> None:
    assert compare([slip("approved")], [row(RowState.DONE, rrn="632600000002")], [booked("approved")]).lost


def test_a_void_is_a_transaction_of_its_own() -> None:
    slips = [slip("approved"), slip("approved", Kind.VOID)]
    rows = [row(RowState.DONE), row(RowState.DONE, Kind.VOID)]
    assert compare(slips, rows, [booked("voided"), booked("approved", "void")]) == NONE
    assert compare(slips, rows, [booked("approved")]).lost


def test_a_completion_is_an_advice_to_some_hosts() -> None:
    rows = [row(RowState.DONE, Kind.COMPLETION_ADVICE)]
    assert compare([slip("approved", Kind.COMPLETION)], rows, [booked("approved", "completion_advice")]) == NONE


def test_what_nobody_asked_for_is_lost() -> None:
    assert compare([], [], [booked("approved")]).lost
    assert compare([], [], [booked("declined"), booked("reversed"), booked("approved", "reversal")]) == NONE


@pytest.mark.parametrize(
    ("outcome", "fine"),
    [
        (Outcome(3, 60, NONE), True),
        (Outcome(3, 60, Verdict((), (), ("a question",))), True),
        (Outcome(2, 60, NONE), False),
        (Outcome(3, 59, NONE), False),
        (Outcome(3, 60, Verdict(("a sale",), (), ())), False),
        (Outcome(3, 60, Verdict((), ("a sale",), ())), False),
    ],
)
def test_what_is_lost_doubled_or_too_little_fails_the_run(outcome: Outcome, *, fine: bool) -> None:
    assert outcome.fine(3) == fine


def test_the_last_line_counts() -> None:
    said = Outcome(3, 60, Verdict(("a", "b"), ("c",), ())).line()
    assert said == '{"kills": 3, "sales": 60, "lost": 2, "doubled": 1, "owed": 0}'
