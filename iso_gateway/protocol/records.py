"""What the journal keeps: one row per request, and the changes that are made to rows.

A row says enough to answer a repeat, to build a reversal and to judge a void or refund, and holds no secret: the x
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import msgspec

from iso_gateway.protocol.batch import Batch
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.legs import MAC

if TYPE_CHECKING:
    from iso_gateway.codec.spec import Spec

Key = tuple[str, str, str, str, str]
"""Merchant (DE 42), terminal (DE 41), batch, STAN (DE 11), kind: what makes two requests the same (ruling 4)."""


class RowState(StrEnum):
    """Where a request stands, for the journal."""

    SENDING = "sending"
    """Committed before the first byte left; the outcome is not known."""
    ANSWERED = "answered"
    """The host approved; the answer is kept and goes to the terminal."""
    DONE = "done"
    """Approved, and the socket took all of the answer."""
    DECLINED = "declined"
    """The host declined: final, nothing was booked."""
    NOTED = "noted"
    """Answered for good, and of such a kind that no receipt depends on it: a balance, a reversal."""
    NOT_SENT = "not sent"
    """Never handed to a socket; nothing is owed, and the terminal may ask again under the same key."""
    UNCONFIRMED = "unconfirmed"
    """Approved, and whether the terminal got the answer is a question; its receipt decides."""
    OWES_REVERSAL = "owes reversal"
    OWES_REPEAT = "owes repeat"
    """An advice that the host has not acknowledged."""
    REVERSED = "reversed"
    STUCK = "stuck"
    """A debt that only an operator can settle; never deleted."""
    WRITTEN_OFF = "written off"
    """A debt that an operator closed; the audit row says why."""
    TOMBSTONE = "tombstone"
    """A reversal came before its original: whatever comes under these keys later is refused with 94."""


APPROVED: Final = frozenset({RowState.ANSWERED, RowState.DONE, RowState.UNCONFIRMED})
OPEN_DEBT: Final = frozenset({RowState.OWES_REVERSAL, RowState.OWES_REPEAT, RowState.STUCK})


class Taken(StrEnum):
    """What has been done to an approved transaction since; the steps are those of `lifecycle`."""

    NO = ""
    VOID_IN_FLIGHT = "void in flight"
    """A void of it, or the cancel of a completion, is under way."""
    VOIDED = "voided"
    CANCEL_IN_FLIGHT = "cancel in flight"
    CANCELLED = "cancelled"
    COMPLETION_IN_FLIGHT = "completion in flight"
    COMPLETED = "completed"
    COMPLETION_CANCEL_IN_FLIGHT = "completion cancel in flight"
    """It was completed, and that is being taken back."""
    ADJUST_IN_FLIGHT = "adjustment in flight"
    """Its amount is about to become another one."""


HELD: Final = frozenset(
    {
        Taken.VOID_IN_FLIGHT,
        Taken.CANCEL_IN_FLIGHT,
        Taken.COMPLETION_IN_FLIGHT,
        Taken.COMPLETION_CANCEL_IN_FLIGHT,
        Taken.ADJUST_IN_FLIGHT,
    }
)
"""Something is under way that names the row: it is kept until that is settled."""


class HostLeg(msgspec.Struct, frozen=True, gc=False):
    """The request as the host got it: what a reversal is built from."""

    acquirer: str
    link: str
    mti: str
    stan: str
    transmitted: str
    """DE 7 as sent."""
    local: str
    """Local date and time as sent, YYMMDDhhmmss."""
    fields: dict[int, str | bytes]
    """The other elements as sent, but for what is masked, and the MAC; of DE 55 the tags that a reversal says."""
    sent: datetime


class Row(msgspec.Struct, frozen=True, gc=False):
    """One request of one terminal."""

    id: str
    claims: tuple[Key, ...]
    """The keys that it holds; no other row may hold one of them."""
    kind: Kind
    state: RowState
    fingerprint: bytes
    """What a repeat has in common with its first, with the card's hash: tells it from another one under the key."""
    terminal: str
    merchant: str
    batch: str
    stan: str
    mti: str
    amount: int
    currency: str
    pan: str
    """Masked."""
    card: bytes
    """The card number, sealed."""
    card_hash: bytes
    transmitted: str
    """DE 7 as the terminal sent it."""
    received: datetime
    business_date: date
    host: HostLeg | None = None
    rrn: str = ""
    approval: str = ""
    approved: bool = False
    """Whether an approval of the host was recorded, whatever became of it since."""
    code: str = ""
    """The canonical response code that was decided."""
    own_code: str = ""
    """DE 39 as the host wrote it, where the code is the host's."""
    answer: dict[str, str | bytes] = {}
    """What the host's answer said, by name, for a repeat; without card data."""
    original: str = ""
    """The id of the row that this one names."""
    behind: str = ""
    """The id of the row that the original names, where this one changes that one too: the sale behind a voided refund,
    the preauth behind a cancelled completion."""
    reversible: bool = True
    """Whether an unknown outcome is reversed at the host, or repeated; of a stuck debt, which of the two is owed."""
    reason: str = ""
    """Why a debt is owed: 98 no answer, 96 not delivered, A0 MAC, 06 other, 17 the terminal asked."""
    attempts: int = 0
    replays: int = 0
    taken: Taken = Taken.NO
    returned: int = 0
    """Refunded so far, minor units."""
    reserved: int = 0
    """Held for refunds whose outcome is open."""
    dialect: str = ""
    """The hash of the spec and profile in which `host` was written."""
    flags: tuple[str, ...] = ()
    """What the back office should look at: ``double? ID`` of an earlier row."""
    story: str = ""
    """What happened, a line each: ``<epoch ms> <word> [text]``; no secret in it. It is only ever added to."""
    debt_stan: str = ""
    """DE 11 of the reversal that is owed: its repeats have the same, also those of a later process (ruling 15)."""
    owed_since: datetime | None = None
    """When it was first sent as a debt, or an operator had it sent again; its age counts from then."""
    tried: datetime | None = None
    """When the debt was sent last."""
    approval_seen: bool = False
    """Whether an approval came after the outcome was given up: not-found then settles nothing (ruling 1)."""
    doubtful_until: datetime | None = None
    """Reversed in that the host did not find it: until then its late approval makes it owed again (ruling 1)."""

    @property
    def doubtful(self) -> bool:
        """Whether it is reversed only as far as nobody approves it after all."""
        return self.doubtful_until is not None and self.state is RowState.REVERSED


class Insert(msgspec.Struct, frozen=True, gc=False):
    """Add *row*; a conflict where one of its keys is claimed, unless by a row in *releasing*."""

    row: Row
    releasing: tuple[str, ...] = ()


class Change(msgspec.Struct, frozen=True, gc=False):
    """Set and add to columns of one row; a conflict where *where* does not hold."""

    id: str
    set: Mapping[str, Any] = {}
    add: Mapping[str, int] = {}
    where: Mapping[str, Any] = {}
    """Column to the value it must have, or to a frozenset of values."""
    room: int = 0
    """A conflict, too, where less than this remains of the row's amount, refunds and what is held for them aside."""
    story: str = ""
    """Lines to be added to the row's story."""


class Audit(msgspec.Struct, frozen=True, gc=False):
    """What an operator did, and why; never changed."""

    id: str
    at: datetime
    who: str
    act: str
    row: str
    """The id of the row that it was done to."""
    reason: str


Entry = tuple[Insert | Change | Audit | Batch, ...]
"""What is committed together or not at all."""


class OriginalQuery(msgspec.Struct, frozen=True, gc=False):
    """Which rows may be the original that a message names; empty where the message does not say."""

    merchant: str
    terminal: str
    stan: str = ""
    batch: str = ""
    transmitted: str = ""
    rrn: str = ""
    approval: str = ""
    card: bytes = b""
    """The card number's hash: an authorization code alone is no name, but with the card it is."""
    kinds: tuple[Kind, ...] = ()


class Search(msgspec.Struct, frozen=True):
    """What a back office looks for: rows that agree with everything said here; what is empty or None is not said."""

    rrn: str = ""
    stan: str = ""
    """The terminal's."""
    terminal: str = ""
    merchant: str = ""
    batch: str = ""
    card_hash: bytes = b""
    amount: int | None = None
    states: frozenset[RowState] = frozenset()
    kinds: frozenset[Kind] = frozenset()
    flagged: bool = False
    """Only rows with a flag."""
    since: datetime | None = None
    """Received then or later."""
    until: datetime | None = None
    """Received before."""
    before: str = ""
    """The id of the last row of the page before: only what comes after it, in the order of the answer."""
    limit: int = 100


def fits(row: Row, search: Search) -> bool:
    """Return whether *row* agrees with everything that *search* says, but for its page."""
    named = (
        (search.rrn, row.rrn),
        (search.stan, row.stan),
        (search.terminal, row.terminal),
        (search.merchant, row.merchant),
        (search.batch, row.batch),
        (search.card_hash, row.card_hash),
    )
    return (
        all(not wanted or wanted == carried for wanted, carried in named)
        and (search.amount is None or search.amount == row.amount)
        and (not search.states or row.state in search.states)
        and (not search.kinds or row.kind in search.kinds)
        and (not search.flagged or bool(row.flags))
        and (search.since is None or row.received >= search.since)
        and (search.until is None or row.received < search.until)
    )


def may_be_original(row: Row, query: OriginalQuery) -> bool:
    """Return whether *row* agrees with everything that *query* says.

    A STAN counts only together with the terminal or the RRN; an RRN may come from another terminal of the same
    merchant, and so may an authorization code with its card.
    """
    if row.kind not in query.kinds or row.merchant != query.merchant:
        return False
    by_rrn = bool(query.rrn and row.rrn == query.rrn)
    if query.stan and (row.stan != query.stan or (row.terminal != query.terminal and not by_rrn)):
        return False
    if query.rrn and row.rrn and row.rrn != query.rrn:
        return False
    if not query.stan and not by_rrn and not _by_approval(row, query):
        return False
    if query.approval and row.approval and row.approval != query.approval:
        return False
    if query.batch and row.batch and row.batch != query.batch:
        return False
    return not query.transmitted or not row.transmitted or first_or_repeat(query.transmitted, row.transmitted)


def _by_approval(row: Row, query: OriginalQuery) -> bool:
    return bool(query.approval and row.approval == query.approval and query.card and row.card_hash == query.card)


REPEATED_WITHIN: Final = timedelta(hours=24)
"""How long after a message its repeat may come and still count as the same sending."""


def first_or_repeat(said: str, known: str) -> bool:
    """Return whether the DE 7 *said* and the *known* one may be those of one message and its repeats.

    Repeats have a DE 7 of their own, and a terminal may name any of them. The journal need not know the first either:
    where that never left, or never came, it is a repeat that has the row.
    """
    if said == known:
        return True
    for year in ("2001", "2000"):  # no year is carried; 0229 exists in the second alone
        try:
            at, then = (datetime.strptime(f"{year}{text}+0000", "%Y%m%d%H%M%S%z") for text in (said, known))
        except ValueError:
            continue
        apart = abs(at - then)
        return min(apart, timedelta(days=365) - apart) <= REPEATED_WITHIN
    return False


MADE_ANEW: Final = MAC | {53, 96}
"""Elements made anew whenever a message is sent: security and MAC."""

KEPT_ALTHOUGH_FREE: Final = frozenset({43})
"""Free text that a reversal says again: the merchant's name and place."""


def may_be_kept(spec: Spec) -> frozenset[int]:
    """Return the elements that the journal may hold of a message of *spec*: only what the spec shows to everybody.

    A masked element may be a card number, a track, a PIN block, or free text with a verification value in it.
    """
    shown = {de for de, field in spec.fields.items() if field.mask == "none" or de in KEPT_ALTHOUGH_FREE}
    return frozenset(shown - MADE_ANEW)
