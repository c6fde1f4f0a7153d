"""The terminals' ledger beside the host's: what agrees, what differs, and what is owed."""

from __future__ import annotations

from typing import Any

import pytest

from iso_gateway.protocol.kinds import Kind
from iso_gateway.terminal.fleet.agreement import SHOWN, Agreement, compare
from iso_gateway.terminal.fleet.tally import Entry
from iso_gateway.terminal.records import Outcome, Reversal

A, D, U = Outcome.APPROVED, Outcome.DECLINED, Outcome.UNKNOWN
DONE, REFUSED, NONE = Reversal.DONE, Reversal.REFUSED, Reversal.NONE


def ours(outcome: Outcome, reversal: Reversal = NONE, **changes: Any) -> Entry:
    """Return a sale of 1.00 as its terminal has it."""
    known = {"rrn": "R1", "approval": "C1"} if outcome is A else {}
    said: dict[str, Any] = {"terminal": "T1", "kind": Kind.SALE, "stan": "000001", "amount": 100, **known, **changes}
    return Entry(outcome=outcome, reversal=reversal, **said)


def row(state: str, **changes: Any) -> dict[str, Any]:
    """Return the same as the host has it."""
    said = {"kind": "sale", "terminal": "T1", "stan": "000001", "rrn": "R1", "approval": "C1", "amount": 100}
    return {**said, "state": state, **changes}


@pytest.mark.parametrize(
    ("entry", "state", "told"),
    [
        (ours(A), "approved", (1, 0, 0)),
        (ours(A), "voided", (1, 0, 0)),
        (ours(A), "declined", (0, 1, 0)),
        (ours(A), "reversed", (0, 1, 0)),
        (ours(A), None, (0, 1, 0)),
        (ours(A, DONE), "reversed", (1, 0, 0)),
        (ours(A, DONE), "approved", (0, 1, 0)),
        (ours(A, REFUSED), "approved", (1, 0, 0)),
        (ours(D), "declined", (1, 0, 0)),
        (ours(D), None, (1, 0, 0)),
        (ours(D), "approved", (0, 1, 0)),
        (ours(U), "approved", (0, 0, 1)),
        (ours(U), "reversed", (0, 0, 1)),
        (ours(U), None, (0, 0, 1)),
        (ours(U, DONE), "reversed", (1, 0, 0)),
        (ours(U, DONE), None, (1, 0, 0)),
        (ours(U, DONE), "approved", (0, 1, 0)),
        (ours(U, REFUSED), "approved", (0, 1, 0)),
        (ours(U, REFUSED), "declined", (1, 0, 0)),
        (ours(U, REFUSED), None, (1, 0, 0)),
    ],
)
def test_one_transaction_on_both_sides(entry: Entry, state: str | None, told: tuple[int, int, int]) -> None:
    agreement = compare([entry], [] if state is None else [row(state)])
    assert (agreement.matched, agreement.differences, agreement.owed) == told


def test_behind_a_gateway_the_rrn_counts_and_not_the_stan() -> None:
    entries = [ours(A, stan="000001", rrn="R1"), ours(A, stan="000002", rrn="R2", approval="C2")]
    rows = [row("approved", stan="000002", rrn="R1"), row("approved", stan="000001", rrn="R2", approval="C2")]
    assert compare(entries, rows) == Agreement(2, 0, 0, ())


def test_behind_a_gateway_what_is_owed_has_another_stan_and_is_no_difference() -> None:
    agreement = compare([ours(U)], [row("approved", stan="777777")])
    assert (agreement.differences, agreement.owed) == (0, 1)


def test_another_amount_is_a_difference() -> None:
    (difference,) = compare([ours(A)], [row("approved", amount=200)]).shown
    ours_said, host_said = "sale approved, 100 minor units", "sale approved, 200 minor units"
    assert difference.line() == f"T1 STAN 000001 RRN R1: {ours_said} at the terminal, {host_said} at the host"


def test_what_only_the_host_knows_is_a_difference_and_what_others_sent_is_none() -> None:
    rows = [row("approved"), row("approved", rrn="R9", stan="000009"), row("approved", terminal="T9")]
    agreement = compare([ours(A)], rows)
    assert (agreement.matched, agreement.differences) == (1, 1)
    assert agreement.shown[0].ours == "nothing is known"


def test_what_moves_no_money_is_not_compared() -> None:
    rows = [row("approved"), row("approved", kind="balance", stan="2"), row("approved", kind="reversal", stan="3")]
    assert compare([ours(A)], rows).differences == 0


def test_a_declined_void_with_the_rrn_of_its_sale_leaves_the_sale_alone() -> None:
    void = ours(D, kind=Kind.VOID, stan="000002", rrn="R1")
    assert compare([void, ours(A)], [row("approved")]) == Agreement(2, 0, 0, ())


def test_a_stan_that_is_anothers_by_chance_is_not_taken() -> None:
    entries = [ours(D, amount=500), ours(A, stan="000007")]
    assert compare(entries, [row("approved")]) == Agreement(2, 0, 0, ())


def test_what_is_too_old_to_be_remembered_is_told_apart() -> None:
    agreement = compare([ours(A)], [row("approved", rrn="R5", approval="C5", stan="5")], forgotten=10)
    assert (agreement.differences, agreement.not_compared) == (0, 2)


def test_of_many_differences_the_first_are_shown() -> None:
    entries = [ours(A, rrn=f"R{number}", approval="", stan=f"{number:06}") for number in range(50)]
    agreement = compare(entries, [])
    assert (agreement.differences, len(agreement.shown)) == (50, SHOWN)
