"""What a void, refund, cancel or completion does to the row of its original, step by step.

Before it is sent it *holds* the original, so that two of them cannot both succeed; approved, it *keeps* what it held;
declined, unsent or reversed, it *frees* it. An unknown outcome holds on until its debt is settled.
"""

from __future__ import annotations

from typing import Final

from iso_gateway.protocol.kinds import TRAITS, Kind
from iso_gateway.protocol.records import APPROVED, Change, Row, Taken

REFUNDABLE: Final = frozenset({Kind.ADVICE, Kind.COMPLETION, Kind.COMPLETION_ADVICE})
"""The advices that a later refund may name, so that their rows stay approved ones."""


def hold(kind: Kind, amount: int, original: Row) -> tuple[Change, ...]:
    """Return the change that reserves *original*; it conflicts where somebody else was faster."""
    if kind is Kind.REFUND:
        unchanged = {"state": APPROVED, "taken": Taken.NO, "returned": original.returned, "reserved": 0}
        return (Change(original.id, add={"reserved": amount}, where=unchanged),)
    if TRAITS[kind].original:
        unchanged = {"state": APPROVED, "taken": Taken.NO, "returned": 0, "reserved": 0}
        return (Change(original.id, set={"taken": Taken.IN_FLIGHT}, where=unchanged),)
    return ()


def keep(kind: Kind, amount: int, original: str) -> tuple[Change, ...]:
    """Return the change that makes the hold on the row *original* final."""
    if not original:
        return ()
    if kind is Kind.REFUND:
        return (Change(original, add={"reserved": -amount, "returned": amount}),)
    return (Change(original, set={"taken": Taken.DONE}),)


def free(kind: Kind, amount: int, original: str) -> tuple[Change, ...]:
    """Return the change that lets the row *original* go again."""
    if not original:
        return ()
    if kind is Kind.REFUND:
        return (Change(original, add={"reserved": -amount}),)
    return (Change(original, set={"taken": Taken.NO}),)


def undo(row: Row) -> tuple[Change, ...]:
    """Return what the reversal of *row* does to the row that *row* named: a reversed void leaves a standing sale."""
    if not row.original:
        return ()
    if row.kind is Kind.REFUND:
        column = "returned" if row.approved else "reserved"
        return (Change(row.original, add={column: -row.amount}),)
    return (Change(row.original, set={"taken": Taken.NO}),)
