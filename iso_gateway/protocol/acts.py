"""What an operator may do to a row, and why not the rest: a table of acts and states.

    resend     a stuck debt is owed again, and sent at once; one that is being sent anyway is sent at once
    write-off  a stuck debt is closed: nobody owes anything any more, and the reason says who bears it
    confirm    the terminal has its receipt: what was a question stands; or what was only listed was looked at
    reverse    the terminal has none: what was a question is reversed at the host

Each act is committed together with its audit row, which says who, when and why. The same decision serves the running
gateway (`events.ActWanted`) and the journal of a stopped one.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import msgspec

from iso_gateway.protocol import effects
from iso_gateway.protocol.records import HELD, Audit, Change, Entry, Row, RowState, Taken
from iso_gateway.protocol.story import Word, added, line, said

LONGEST_REASON: Final = 200
"""Characters of an operator's reason, and of a name."""


class Act(StrEnum):
    """What an operator can ask for."""

    RESEND = "resend"
    WRITE_OFF = "write-off"
    CONFIRM = "confirm"
    REVERSE = "reverse"


class Refusal(msgspec.Struct, frozen=True):
    """The act is not done."""

    text: str
    """Why not, and what to do."""


class Deed(msgspec.Struct, frozen=True):
    """The act is done once *entry* is committed."""

    entry: Entry
    row: Row
    """The row as it is then."""
    text: str
    """What was done, in words."""


OWED: Final = frozenset({RowState.OWES_REVERSAL, RowState.OWES_REPEAT})

_UNDER_WAY: Final = "it is on its way; when its outcome stays unknown it becomes a debt by itself"
_STANDS: Final = "it is approved, and the terminal has its answer: take it back with a void or a refund"
_CLOSED: Final = "nothing is owed on it, and nothing is in question"
_QUESTION: Final = "it is a question, not a debt: confirm it, or reverse it"
_DEBT: Final = "it is a debt, not a question: resend it, or write it off once it is stuck"
_PAID: Final = "it is being settled by itself; only a stuck debt is written off. To send it at once: resend"
_DELIVERING: Final = "its answer is being delivered; it becomes a question if nobody can say whether it arrived"

_EVERYWHERE: Final[dict[RowState, str]] = {
    RowState.SENDING: _UNDER_WAY,
    RowState.ANSWERED: _DELIVERING,
    RowState.DONE: _STANDS,
    RowState.DECLINED: _CLOSED,
    RowState.NOTED: _CLOSED,
    RowState.NOT_SENT: _CLOSED,
    RowState.REVERSED: _CLOSED,
    RowState.WRITTEN_OFF: "it was written off; a debt that was closed by hand stays closed",
    RowState.TOMBSTONE: "it only keeps a key from being used; nothing was ever sent",
}
"""What no act can be done to."""

REFUSALS: Final[dict[tuple[Act, RowState], str]] = {
    **{(act, state): text for act in Act for state, text in _EVERYWHERE.items()},
    (Act.RESEND, RowState.UNCONFIRMED): _QUESTION,
    (Act.WRITE_OFF, RowState.UNCONFIRMED): _QUESTION,
    (Act.WRITE_OFF, RowState.OWES_REVERSAL): _PAID,
    (Act.WRITE_OFF, RowState.OWES_REPEAT): _PAID,
    **{(act, state): _DEBT for act in (Act.CONFIRM, Act.REVERSE) for state in (*OWED, RowState.STUCK)},
}
"""Every act and state that do not go together, and why."""


def entry_for(act: Act, row: Row, who: str, reason: str, *, at: datetime, audit: str) -> Deed | Refusal:
    """Return what doing *act* to *row* commits, or why it is not done.

    Args:
        act: What is asked for.
        row: The row as the journal has it; the entry conflicts where it has moved on since.
        who: The operator's name.
        reason: Why, in the operator's words; it must not be empty. What may be a card number in it is hidden.
        at: The present instant, UTC.
        audit: An id for the audit row that no other has.
    """
    if not reason.strip():
        return Refusal("a reason is needed: it is what the audit row tells later")
    if max(len(reason), len(who)) > LONGEST_REASON:
        return Refusal(f"a name and a reason have {LONGEST_REASON} characters at the most")
    listed = act is Act.CONFIRM and is_listed(row)
    refused = "" if listed else REFUSALS.get((act, row.state), "") or _moved_on(act, row)
    if refused:
        return Refusal(refused)
    columns, effect, text = _done(act, row, at)
    who, reason = said(who), said(reason)
    written = Audit(audit, at, who, str(act), row.id, reason)
    story = added(row.story, line(at, Word.ACT, f"{act} by {who or 'nobody'}: {reason}"))
    changed = Change(row.id, set=columns, where=_as_judged(act, row), story=story)
    return Deed((changed, *effect, written), msgspec.structs.replace(row, **columns), text)


def is_listed(row: Row) -> bool:
    """Return whether *row* was answered without the host, for an operator to look at: its flag says why."""
    return row.state is RowState.NOTED and row.host is None and bool(row.flags)


def _moved_on(act: Act, row: Row) -> str:
    """Return what keeps *row* from being reversed: it may only go as a whole."""
    if act is not Act.REVERSE:
        return ""
    if row.taken in HELD or row.reserved:
        return "a void, refund or completion of it is under way: ask again when that is settled"
    if row.taken or row.returned:
        return "it was voided, completed or refunded since: whoever did that had its receipt. Confirm it"
    if not row.reversible:
        return "its kind is not reversed at its host: take it back with a void or a refund, or confirm it"
    return "" if row.host is not None else "it never reached a host"


def _as_judged(act: Act, row: Row) -> dict[str, Any]:
    """Return what must still hold of *row* when *act* is committed."""
    if act is Act.REVERSE:
        return {"state": row.state, "taken": Taken.NO, "returned": 0, "reserved": 0, "replays": row.replays}
    return {"state": row.state}


def _done(act: Act, row: Row, at: datetime) -> tuple[dict[str, Any], Entry, str]:
    """Return the columns that *act* sets in *row*, what it does to other rows, and what was done in words."""
    match act:
        case Act.RESEND if row.state is RowState.STUCK:
            owed = RowState.OWES_REVERSAL if row.reversible else RowState.OWES_REPEAT
            return {"state": owed, "owed_since": at}, (), f"{owed}: it is sent again as soon as a link is up"
        case Act.RESEND:
            return {"owed_since": at}, (), "it is sent again as soon as a link is up"
        case Act.WRITE_OFF:
            return {"state": RowState.WRITTEN_OFF}, effects.undo(row), "written off; nothing is sent any more"
        case Act.CONFIRM if is_listed(row):
            return {"flags": ()}, (), "looked at: it is listed no more"
        case Act.CONFIRM:
            return {"state": RowState.DONE}, (), "confirmed: it stands"
        case Act.REVERSE:
            owes = {"state": RowState.OWES_REVERSAL, "reason": "06", "owed_since": at}
            return owes, effects.owe(row), "owes reversal: it is sent as soon as a link is up"
