"""What an operator may do to a row, and why not the rest: a table of acts and states.

    resend     a stuck debt is owed again, and sent at once; one that is being sent anyway is sent at once
    write-off  a stuck debt is closed: nobody owes anything any more, and the reason says who bears it
    confirm    the terminal has its receipt: what was a question stands; or what was only listed was looked at
    reverse    the terminal has none: what was a question is reversed at the host
    resubmit   the terminal has its receipt, and the host has no record: the host is told by an advice, once (flows 2.6)

Each act is committed together with its audit row, which says who, when and why. The same decision serves the running
gateway (`events.ActWanted`) and the journal of a stopped one.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import msgspec

from iso_gateway.protocol import effects
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.records import HELD, Audit, Change, Entry, Insert, Row, RowState, Taken
from iso_gateway.protocol.story import Word, added, line, said

LONGEST_REASON: Final = 200
"""Characters of an operator's reason, and of a name."""


class Act(StrEnum):
    """What an operator can ask for."""

    RESEND = "resend"
    WRITE_OFF = "write-off"
    CONFIRM = "confirm"
    REVERSE = "reverse"
    RESUBMIT = "resubmit"


class Refusal(msgspec.Struct, frozen=True):
    """The act is not done."""

    text: str
    """Why not, and what to do."""


class Deed(msgspec.Struct, frozen=True):
    """The act is done once *entry* is committed."""

    entry: Entry
    row: Row
    """The row as it is then; of a resubmission, the row that is owed."""
    text: str
    """What was done, in words."""


OWED: Final = frozenset({RowState.OWES_REVERSAL, RowState.OWES_REPEAT})

RESUBMITTED: Final = frozenset({Kind.SALE, Kind.ADVICE, Kind.COMPLETION, Kind.COMPLETION_ADVICE})
"""What an advice can tell once more: what a customer paid by."""

_UNDER_WAY: Final = "it is on its way; when its outcome stays unknown it becomes a debt by itself"
_STANDS: Final = "it is approved, and the terminal has its answer: take it back with a void or a refund"
_CLOSED: Final = "nothing is owed on it, and nothing is in question"
_QUESTION: Final = "it is a question, not a debt: confirm it, or reverse it"
_DEBT: Final = "it is a debt, not a question: resend it, or write it off once it is stuck"
_PAID: Final = "it is being settled by itself; only a stuck debt is written off. To send it at once: resend"
_WAIT: Final = "wait: its outcome is being settled"
_HOST_SAYS_NO: Final = "the host declined or took it back, and a receipt would stand against that: it is not submitted"
_NO_CODE: Final = "it has no authorization code of the host: without one nothing is submitted"
_DELIVERING: Final = "its answer is being delivered; it becomes a question if nobody can say whether it arrived"

FORGED: Final = "a reversal of it came with a wrong MAC"
"""The flag of what a terminal, or somebody else, wanted reversed; nothing was (ruling 12)."""

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

_NOT_SUBMITTED: Final[dict[RowState, str]] = {
    **dict.fromkeys((RowState.SENDING, *OWED), _WAIT),
    **dict.fromkeys((RowState.DECLINED, RowState.REVERSED), _HOST_SAYS_NO),
    **dict.fromkeys((RowState.NOT_SENT, RowState.TOMBSTONE, RowState.NOTED), _NO_CODE),
    RowState.ANSWERED: _DELIVERING,
    RowState.UNCONFIRMED: "it is a question: confirm it first, where the terminal has its receipt",
    RowState.STUCK: "it is a debt that is stuck: resend it, or write it off",
    RowState.WRITTEN_OFF: _EVERYWHERE[RowState.WRITTEN_OFF],
}
"""What is not told to the host again: only what is approved, and whose receipt is with the terminal, is."""

REFUSALS: Final[dict[tuple[Act, RowState], str]] = {
    **{(act, state): text for act in Act if act is not Act.RESUBMIT for state, text in _EVERYWHERE.items()},
    **{(Act.RESUBMIT, state): text for state, text in _NOT_SUBMITTED.items()},
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
    who, reason = said(who), said(reason)
    columns, effect, text = _done(act, row, at)
    written = Audit(audit, at, who, str(act), row.id, reason)
    story = added(row.story, line(at, Word.ACT, f"{act} by {who or 'nobody'}: {reason}"))
    changed = Change(row.id, set=columns, where=_as_judged(act, row), story=story)
    if act is Act.RESUBMIT:
        told = resubmission(
            row, f"{audit}-r", at, line(at, Word.ACT, f"{act} of {row.id} by {who or 'nobody'}: {reason}")
        )
        return Deed((changed, Insert(told), written), told, f"{text}: {told.id}")
    return Deed((changed, *effect, written), msgspec.structs.replace(row, **columns), text)


def is_listed(row: Row) -> bool:
    """Return whether an operator is to look at *row*, whose flag says why.

    It was answered without the host; or it stands, although somebody wanted it reversed whose MAC is wrong.
    """
    if row.state is RowState.DONE:
        return FORGED in row.flags
    return row.state is RowState.NOTED and row.host is None and bool(row.flags)


def _moved_on(act: Act, row: Row) -> str:
    """Return what keeps *row* from being reversed, or told again: it may only go as a whole."""
    if act not in (Act.REVERSE, Act.RESUBMIT):
        return ""
    if act is Act.RESUBMIT and not row.approval:
        return _NO_CODE
    if act is Act.RESUBMIT and row.kind not in RESUBMITTED:
        return f"a {row.kind} is not told by an advice: settle it with the host by hand"
    if row.taken in HELD or row.reserved:
        return "a void, refund or completion of it is under way: ask again when that is settled"
    if row.taken or row.returned:
        gone = "it was voided, completed or refunded since: whoever did that had its receipt"
        return f"{gone}. Confirm it" if act is Act.REVERSE else f"{gone}, and the host knew of it"
    if act is Act.REVERSE and not row.reversible:
        return "its kind is not reversed at its host: take it back with a void or a refund, or confirm it"
    return "" if row.host is not None else "it never reached a host"


def _as_judged(act: Act, row: Row) -> dict[str, Any]:
    """Return what must still hold of *row* when *act* is committed."""
    if act in (Act.REVERSE, Act.RESUBMIT):
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
            left = tuple(flag for flag in row.flags if row.state is RowState.DONE and flag != FORGED)
            return {"flags": left}, (), "looked at: it is listed no more"
        case Act.CONFIRM:
            return {"state": RowState.DONE}, (), "confirmed: it stands"
        case Act.REVERSE:
            owes = {"state": RowState.OWES_REVERSAL, "reason": "06", "owed_since": at}
            return owes, effects.owe(row), "owes reversal: it is sent as soon as a link is up"
        case Act.RESUBMIT:
            return {}, (), "the host is told of it by an advice as soon as a link is up"


def resubmission(row: Row, new_id: str, at: datetime, story: str) -> Row:
    """Return what is owed once *row* is to be told to its host again, as a row of its own.

    Its key is made of the original's id alone, so that a second one conflicts. The running gateway gives it a STAN when
    it is sent first.
    """
    assert row.host is not None
    return Row(
        id=new_id,
        claims=((row.merchant, row.terminal, row.batch, row.id, str(Kind.RESUBMISSION)),),
        kind=Kind.RESUBMISSION,
        state=RowState.OWES_REPEAT,
        fingerprint=row.fingerprint,
        terminal=row.terminal,
        merchant=row.merchant,
        batch=row.batch,
        stan=row.stan,
        mti=row.mti,
        amount=row.amount,
        currency=row.currency,
        pan=row.pan,
        card=row.card,
        card_hash=row.card_hash,
        transmitted=row.transmitted,
        received=at,
        business_date=row.business_date,
        host=msgspec.structs.replace(row.host, link="", stan="", sent=at),
        rrn=row.rrn,
        approval=row.approval,
        original=row.id,
        reversible=False,
        dialect=row.dialect,
        story=story,
    )
