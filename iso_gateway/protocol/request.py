"""One request under way: what was asked, by whom, and what has been found out about it so far."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any, Final

import msgspec

from iso_gateway.codec import mask, tlv
from iso_gateway.codec.message import Message
from iso_gateway.codec.unreadable import Unreadable
from iso_gateway.protocol import effects
from iso_gateway.protocol.chip import kept_of_chip
from iso_gateway.protocol.dialect import Dialect, Facts
from iso_gateway.protocol.events import Fate
from iso_gateway.protocol.kinds import TRAITS, Kind
from iso_gateway.protocol.moment import Moment
from iso_gateway.protocol.originals import NOT_NAMED, Original
from iso_gateway.protocol.profile import KindRow
from iso_gateway.protocol.protection import KeySet
from iso_gateway.protocol.records import Entry, HostLeg, Insert, Row, RowState
from iso_gateway.protocol.setup import Listener
from iso_gateway.protocol.story import Teller, Word, line
from iso_gateway.protocol.transaction import TRANSITIONS, State, Step

if TYPE_CHECKING:
    from iso_gateway.protocol.link import Link


class Connection:
    """A terminal's connection: where it came in, and how much of it is in flight."""

    __slots__ = ("certificate", "hung_up", "in_flight", "known", "listener", "name", "peer", "place")

    def __init__(self, name: str, listener: Listener, peer: str, certificate: tuple[str, ...] = ()) -> None:
        self.name = name
        self.listener = listener
        self.peer = peer
        self.certificate = certificate
        """The names in the peer's verified certificate."""
        self.place = f"{listener.name}, from {peer}"
        """Where it came in, for people."""
        self.in_flight = 0
        self.hung_up = False
        """Whether we asked for its end; what came with the last frame is not heard any more."""
        self.known = False
        """Whether a message of a known terminal came in here."""


class Asker:
    """One message that waits for the outcome: the first, or a repeat that joined it."""

    __slots__ = ("connection", "header", "keys", "merchant", "message", "payload", "stan", "terminal")

    def __init__(self, connection: Connection, header: bytes, message: Message, payload: bytes = b"") -> None:
        self.connection = connection
        self.header = header
        self.message = message
        self.payload = payload
        """The message as it came."""
        self.keys: KeySet | None = None
        """The generation that verified it: its answer is made with that one, and its PIN opened (ruling 11)."""
        self.terminal = message.text(41)
        self.merchant = message.text(42)
        self.stan = message.text(11)


_VERIFYING, _SENDING, _TELL_RECEIVED = State.VERIFYING, RowState.SENDING, Word.RECEIVED  # see forwarding.py
_REVERSAL, _OWES_REVERSAL = Kind.REVERSAL, RowState.OWES_REVERSAL

NOTHING: Final[Mapping[str, Any]] = {}


class Request(Teller):
    """A terminal's request, from its frame to the fate of its answer."""

    # What its kind may have.
    named_by_stan: bool = False
    """Whether it has the STAN, batch and look of the message that it is about."""
    original: Original = NOT_NAMED
    """What it says of the message that it is about."""
    original_kinds: tuple[Kind, ...] = ()
    """What that one may be."""

    # What is found out on the way; nothing so far.
    deadline: float | None = None
    fingerprint: bytes = b""
    card_hash: bytes = b""
    tombstone: tuple[Insert, ...] = ()
    """What an unknown original is remembered by."""
    looked: bool = False
    """Whether the journal has been asked for an earlier message under the same key."""
    why: str = ""
    """Why the gateway refuses it, or answers it itself."""
    refusal: str = ""
    """The canonical code to refuse with, once it is clear that this is no repeat."""
    suspect: str = ""
    """The STAN of an earlier sale that it looks like, about which the journal was asked."""
    flags: tuple[str, ...] = ()
    original_row: Row | None = None
    until: float = 0.0
    """How long it may wait for others, on the monotonic clock."""
    instead: Facts = {}  # noqa: RUF012 -- as below
    """What the gateway says to the host in the place of what the terminal said."""
    row_instead: KindRow | None = None
    """How it looks to the host, where its kind looks in several ways."""
    conclude: Callable[[Message], Entry] | None = None
    """What a clear answer of the host does besides; it may change what the terminal hears."""
    acquirer: str = ""
    link: Link | None = None
    host_row: KindRow | None = None
    """How its kind looks on the host's leg."""
    host_keys: KeySet | None = None
    """The generation with which it was secured for its link."""
    host_request: Message | None = None
    sealed: bytes = b""
    """The card number for the journal, where the seal is the security module's."""
    payload: bytes = b""
    journaled: Row | None = None
    """The row as it was committed before sending."""
    committing: float = 0.0
    """When the journal was asked to commit the intent, on the monotonic clock."""
    given: Moment | None = None
    """When it was given to its link."""
    outcome: Mapping[str, Any] = NOTHING
    """What was committed of the outcome since, or is being committed: columns of that row."""
    proposed: Row | None = None
    """The row as it is once the fate of the answer is committed."""
    entry: Entry = ()
    """What is being committed of the outcome."""
    host_answer: Message | None = None
    code: str = ""
    own_code: str = ""
    """DE 39 as the host wrote it, for a terminal of the same dialect; empty where the code is not the host's."""
    approved: bool = False
    owes: str = ""
    """The reason of the debt that this request leaves, or empty."""
    replaying: Row | None = None
    answer: Facts = {}  # noqa: RUF012 -- nobody changes it: another one takes its place
    ready: list[tuple[Asker, bytes | None]]
    """Its answers with their MACs, as they come from the security module; None: there is none."""
    fates: tuple[Fate, ...] = ()

    def __init__(self, name: str, asker: Asker, kind: Kind, row: KindRow, now: Moment) -> None:
        self.id = name
        self.askers = [asker]
        self.message = message = asker.message
        self.listener = listener = asker.connection.listener
        self.kind = kind
        self.kind_row = row
        self.arrived = now
        self.state = _VERIFYING

        dialect = listener.dialect
        self.terminal = asker.terminal
        self.merchant = asker.merchant
        self.stan = asker.stan
        self.batch = dialect.batch(message)
        amount = message.text(4)
        self.amount = int(amount) if amount.isdecimal() else 0
        self.currency = message.text(49)
        self.pan = dialect.pan(message)
        self.card = mask.pan(self.pan)
        """The card number as people may see it."""
        self.key = (asker.merchant, asker.terminal, self.batch, asker.stan, str(kind))
        """What makes two requests the same."""
        if TRAITS[kind].original:
            self.named_by_stan = kind is Kind.REVERSAL and dialect.profile.reversal_stan == "same"
            self.original = self._named()
            self.original_kinds = dialect.reversed_kinds(message) if self.named_by_stan else dialect.nameable(row)

    def _named(self) -> Original:
        said = self.listener.dialect.original(self.message)
        if not self.named_by_stan or said.stan == self.stan:
            return said
        # The reversal of a void copies the DE 61 with which the void named its sale: its own STAN says what it means.
        return msgspec.structs.replace(said, stan=self.stan, batch=self.batch)

    def about(self, original: Row) -> None:
        """Take in that it names *original*, which tells its kind where several look alike; its key stays."""
        self.original_row = original
        for row in self.listener.dialect.alike(self.kind_row):
            if original.kind in TRAITS[row.kind].original:
                self.kind, self.kind_row = row.kind, row
                break

    def __repr__(self) -> str:
        return f"<Request {self.id} {self.kind} {self.state}>"

    def step(self, step: Step) -> None:
        """Go where *step* leads.

        Raises:
            LocalProtocolError: it cannot happen now.
        """
        self.state = TRANSITIONS[self.state, step]

    @property
    def dated(self) -> bool:
        """Whether it says when it was made, so that an equal one is a repeat at any age (ruling 4)."""
        facts = self.listener.dialect.facts(self.message)
        return "date_local_transaction" in facts and "time_local_transaction" in facts

    def known_by(self, card_hash: bytes) -> None:
        """Work out what a repeat has in common with its first message (ruling 4), the card's keyed hash in it."""
        get = self.message.get
        self.card_hash = card_hash
        said = f"{get(3)}\x1f{get(4)}\x1f{get(12)}\x1f{get(13)}\x1f{get(49)}\x1f"
        self.fingerprint = self.card_hash + said.encode() + _counter(get(55))

    @property
    def owed_state(self) -> RowState:
        """What an unknown outcome of it is: the host's leg decides whether it is reversed, or repeated (ruling 7)."""
        reversed_there = self.host_row is not None and self.host_row.reversible and self.kind is not _REVERSAL
        return _OWES_REVERSAL if reversed_there else RowState.OWES_REPEAT

    def as_recorded(self) -> Row | None:
        """Return its row with the outcome that was committed."""
        return None if self.journaled is None else msgspec.structs.replace(self.journaled, **self.outcome)


def _counter(chip: str | bytes | None) -> bytes:
    """Return the card's transaction counter in DE 55; a broken one has none to compare."""
    try:
        return (tlv.find(chip, "9F36") or b"") if isinstance(chip, bytes) else b""
    except Unreadable:
        return b""


ASKED_ANEW: Final = frozenset({Kind.INQUIRY, Kind.UPLOAD, Kind.UPLOAD_END})
"""What is answered anew each time it is asked, so that no key is kept for it."""


def journal_row(
    request: Request, sealed: bytes, leg: HostLeg | None, today: date, dialect: Dialect | None = None
) -> Row:
    """Return the row that is committed before *request* is sent, in the words of *dialect*."""
    return Row(
        id=request.id,
        claims=() if request.kind in ASKED_ANEW else (request.key,),
        kind=request.kind,
        state=_SENDING,
        fingerprint=request.fingerprint,
        terminal=request.terminal,
        merchant=request.merchant,
        batch=request.batch,
        stan=request.stan,
        mti=request.message.mti,
        amount=request.amount,
        currency=request.currency,
        pan=request.card,
        card=sealed,
        card_hash=request.card_hash,
        transmitted=request.message.text(7),
        received=request.arrived.wall,
        business_date=today,
        host=leg,
        original=request.original_row.id if request.original_row else "",
        flags=request.flags,
        behind=effects.behind(request.kind, request.original_row) if request.original_row else "",
        reversible=request.owed_state is _OWES_REVERSAL,
        dialect=dialect.hash if dialect is not None else "",
        story=line(request.arrived.wall, _TELL_RECEIVED, request.askers[0].connection.place) + request.take(),
    )


def noted(request: Request, today: date, code: str) -> Row:
    """Return the row of a *request* that is answered with *code* and of which the host hears nothing."""
    return msgspec.structs.replace(journal_row(request, b"", None, today), state=RowState.NOTED, code=code)


def host_leg(request: Request, message: Message, dialect: Dialect, local: str, now: Moment) -> HostLeg:
    """Return what the journal keeps of *message*, the request as the host gets it in *dialect*.

    *local* is the gateway's own local time, for a message that says none.
    """
    assert request.link is not None
    fields = message.only(dialect.kept)
    if dialect.chip_tags and isinstance(chip := message.get(55), bytes):
        said = kept_of_chip(chip, dialect.chip_tags)
        if said:
            fields[55] = said
    return HostLeg(
        acquirer=request.acquirer,
        link=request.link.name,
        mti=message.mti,
        stan=message.text(11),
        transmitted=message.text(7),
        local=local_as_sent(message, local),
        fields=fields,
        sent=now.wall,
    )


def local_as_sent(message: Message, otherwise: str) -> str:
    """Return the local date and time that *message* says, YYMMDDhhmmss, or *otherwise* where it says none.

    The terminal's clock need not be the gateway's: who names the message later must say what the host was told.
    """
    time, day = message.text(12), message.text(13)
    if len(time) == 12:  # 1993: DE 12 has the date in it
        return time
    return otherwise[:2] + day + time if len(day) == 4 and len(time) == 6 else otherwise
