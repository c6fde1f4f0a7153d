"""What a void, refund, cancel or completion does to the rows of what it names, step by step: `lifecycle`, in columns.

Before it is sent it *holds* its original, so that two of them cannot both succeed; approved, it *keeps* what it held;
declined, unsent or reversed, it *frees* it. An unknown outcome holds on until its debt is settled, and so does what was
approved from the moment on at which its own reversal is *owed*.

Two kinds change the row behind their original as well. A cancelled completion gives the preauth its hold back, so that
it can be completed again; a voided refund gives the sale its remainder back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.lifecycle import LIFE, Deed, Stage, stage, taken
from iso_gateway.protocol.records import APPROVED, Change, Row, RowState, Taken


class Course(NamedTuple):
    """The moments of one deed, but of a refund, which stands in amounts."""

    sent: Deed
    approved: Deed
    failed: Deed
    owed: Deed | None = None
    """None: it is never reversed."""


_VOID: Final = Course(Deed.VOID_SENT, Deed.VOID_APPROVED, Deed.VOID_FAILED, Deed.VOID_OWED)
_CANCEL: Final = Course(Deed.CANCEL_SENT, Deed.CANCEL_APPROVED, Deed.CANCEL_FAILED, Deed.CANCEL_OWED)
_COMPLETION: Final = Course(
    Deed.COMPLETION_SENT, Deed.COMPLETION_APPROVED, Deed.COMPLETION_FAILED, Deed.COMPLETION_OWED
)
_COMPLETION_CANCEL: Final = Course(
    Deed.COMPLETION_CANCEL_SENT,
    Deed.COMPLETION_CANCEL_APPROVED,
    Deed.COMPLETION_CANCEL_FAILED,
    Deed.COMPLETION_CANCEL_OWED,
)
_ADJUST: Final = Course(Deed.ADJUST_SENT, Deed.ADJUST_APPROVED, Deed.ADJUST_FAILED)

COURSES: Final[dict[Kind, Course]] = {
    Kind.VOID: _VOID,
    Kind.PREAUTH_CANCEL: _CANCEL,
    Kind.COMPLETION: _COMPLETION,
    Kind.COMPLETION_ADVICE: _COMPLETION,
    Kind.COMPLETION_CANCEL: _VOID,
    Kind.ADJUSTMENT: _ADJUST,
    Kind.REVERSAL: _ADJUST,  # of a part, by DE 95; one of the whole is a debt of the row itself, and never sent as such
}
"""What a kind does to the row that it names."""

_STAND: Final = {"state": APPROVED, "taken": Taken.NO, "returned": 0, "reserved": 0}
_REFUND_UNDER_WAY_NOT: Final = {"state": APPROVED, "taken": Taken.NO, "reserved": 0}


def behind(kind: Kind, original: Row) -> str:
    """Return the id of the row behind *original* that a request of *kind* changes too, or the empty text."""
    through = kind is Kind.COMPLETION_CANCEL or (kind is Kind.VOID and original.kind is Kind.REFUND)
    return original.original if through else ""


def hold(kind: Kind, amount: int, original: Row) -> tuple[Change, ...]:
    """Return the changes that reserve *original*; they conflict where somebody else was faster.

    Raises:
        LocalProtocolError: it cannot be reserved as it stands; the rules refuse that before.
    """
    if kind is Kind.REFUND:
        LIFE[stage(original), Deed.REFUND_SENT]
        unchanged = {**_REFUND_UNDER_WAY_NOT, "returned": original.returned}
        return (Change(original.id, add={"reserved": amount}, where=unchanged, room=amount),)
    course = COURSES.get(kind)
    if course is None:
        return ()
    reached = taken(LIFE[stage(original), course.sent])
    first = Change(original.id, set={"taken": reached}, where=_STAND)
    further = behind(kind, original)
    if not further:
        return (first,)
    if kind is Kind.COMPLETION_CANCEL:
        completed = {"state": APPROVED, "taken": Taken.COMPLETED}
        return first, Change(further, set={"taken": _after(_COMPLETION_CANCEL.sent)}, where=completed)
    again = {"returned": -original.amount, "reserved": original.amount}
    return first, Change(further, add=again, where=_REFUND_UNDER_WAY_NOT)


def keep(row: Row, amount: int) -> tuple[Change, ...]:
    """Return the changes that make final what *row* held; *amount* is what was approved of it."""
    if not row.original:
        return ()
    if row.kind is Kind.REFUND:
        return (Change(row.original, add={"reserved": -row.amount, "returned": amount}),)
    course = COURSES.get(row.kind)
    if course is None:
        return ()
    first = Change(row.original, set={"taken": _after(course.approved)})
    if row.kind is Kind.REVERSAL:  # its amount is what is left of the original's
        return (Change(row.original, set={"taken": _after(course.approved), "amount": row.amount}),)
    if not row.behind:
        return (first,)
    if row.kind is Kind.COMPLETION_CANCEL:
        return first, Change(row.behind, set={"taken": _after(_COMPLETION_CANCEL.approved)})
    return first, Change(row.behind, add={"reserved": -row.amount})


def free(row: Row) -> tuple[Change, ...]:
    """Return the changes that let go what *row* held: it was declined, never sent, or reversed."""
    if not row.original:
        return ()
    if row.kind is Kind.REFUND:
        return (Change(row.original, add={"reserved": -row.amount}),)
    course = COURSES.get(row.kind)
    if course is None:
        return ()
    first = Change(row.original, set={"taken": _after(course.failed)})
    if not row.behind:
        return (first,)
    if row.kind is Kind.COMPLETION_CANCEL:
        return first, Change(row.behind, set={"taken": _after(_COMPLETION_CANCEL.failed)})
    return first, Change(row.behind, add={"reserved": -row.amount, "returned": row.amount})


def owe(row: Row) -> tuple[Change, ...]:
    """Return the changes by which the approved *row* holds again what it kept: its own reversal is owed from now on.

    They belong into the commit that says so, and conflict where something was built upon *row* since. A row whose
    approval is not in the journal holds still.
    """
    if not row.original or not row.approved:
        return ()
    if row.kind is Kind.REFUND:
        return (Change(row.original, add={"returned": -row.amount, "reserved": row.amount}),)
    course = COURSES.get(row.kind)
    if course is None or course.owed is None:
        return ()
    first = Change(row.original, set={"taken": _after(course.owed)})
    if not row.behind:
        return (first,)
    if row.kind is Kind.COMPLETION_CANCEL:
        return first, Change(row.behind, set={"taken": _after(Deed.COMPLETION_CANCEL_OWED)}, where=_STAND)
    return first, Change(row.behind, add={"reserved": row.amount}, where=_REFUND_UNDER_WAY_NOT, room=row.amount)


def reversal_owed(row: Row, reason: str, where: Mapping[str, object], story: str = "") -> tuple[Change, ...]:
    """Return the changes by which the reversal of *row*, for *reason*, is owed, if it is still as *where* says."""
    columns = {"state": RowState.OWES_REVERSAL, "reason": reason}
    return Change(row.id, set=columns, where=where, story=story), *owe(row)


def undo(row: Row) -> tuple[Change, ...]:
    """Return what the settled reversal of *row* does to the rows that it named: a reversed void leaves a sale."""
    return free(row)


def _after(deed: Deed) -> Taken:
    """Return what the column says after *deed*, which leads to one stage alone but for where it began."""
    return _AFTER[deed]


_AFTER: Final[dict[Deed, Taken]] = {deed: taken(Stage(reached)) for (_, deed), reached in LIFE.items()}
