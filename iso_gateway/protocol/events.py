"""What the edge tells the node."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from iso_gateway.codec.message import Message
from iso_gateway.protocol.acts import Act
from iso_gateway.protocol.batch import Batch
from iso_gateway.protocol.protection import KeySet, KnownKeys, Material
from iso_gateway.protocol.records import Row


class TerminalConnected(msgspec.Struct, frozen=True, gc=False):
    """Somebody connected to a listener; *peer* is the address as people write it."""

    connection: str
    listener: str
    peer: str
    certificate: tuple[str, ...] = ()
    """The names in the peer's verified certificate; none where it showed none."""


class TerminalFrame(msgspec.Struct, frozen=True, gc=False):
    """A whole frame from a terminal; *header* is what its answer's header is made from."""

    connection: str
    header: bytes
    payload: bytes


class TerminalGone(msgspec.Struct, frozen=True, gc=False):
    """The connection is closed, by whomever."""

    connection: str


class LinkConnected(msgspec.Struct, frozen=True, gc=False):
    """A link has a connection; its session begins."""

    link: str


class LinkFrame(msgspec.Struct, frozen=True, gc=False):
    """A whole frame from a host."""

    link: str
    payload: bytes


class LinkLost(msgspec.Struct, frozen=True, gc=False):
    """The link's connection is over; what became of each frame given to it has been told before."""

    link: str
    reason: str
    offset: int | None = None
    """The byte of the stream where it broke, where what the host sent was no frame."""


class Answer(msgspec.Struct, frozen=True, gc=False):
    """What answers a command, by the command's id."""

    id: str


class Verified(Answer, frozen=True, gc=False):
    """Answers Verify; *code* is empty where the message is genuine, else A0, A7 or 96."""

    code: str = ""
    keys: KeySet | None = None
    """The generation that made its MAC."""
    fingerprint: bytes = b""
    """Of what was to be hashed."""


class Secured(Answer, frozen=True, gc=False):
    """Answers Secure; *message* is None where it failed, then *code* says how: 96, 99 or A7."""

    message: Message | None
    code: str = ""
    payload: bytes = b""
    """The message in bytes, MAC and all, where the edge has them already."""
    sealed: bytes = b""
    """The card number for the journal."""


class CardKnown(msgspec.Struct, frozen=True, gc=False):
    """Answers Unseal; empty where it cannot be opened."""

    id: str
    pan: str

    def __repr__(self) -> str:
        return f"<CardKnown {self.id}>"


class KeysTaken(msgspec.Struct, frozen=True, gc=False):
    """Answers TakeKeys: the new generation is kept, or *keys* is None and nothing changed."""

    id: str
    keys: KeySet | None
    check_values: tuple[bytes, ...] = ()
    """Ours, in the order of the material: the other side compares them."""
    cause: str = ""
    """Why not, for the log; no data."""


class KeysGiven(msgspec.Struct, frozen=True, gc=False):
    """Answers GiveKeys: the new generation is kept, or *keys* is None."""

    id: str
    keys: KeySet | None
    material: tuple[Material, ...] = ()
    cause: str = ""


class KeysKnown(msgspec.Struct, frozen=True, gc=False):
    """What the key store has for each owner: told before anybody is listened to, and after a reload."""

    known: tuple[KnownKeys, ...]


class Journaled(Answer, frozen=True, gc=False):
    """Answers Journal: the entry is durable."""


class Conflict(Answer, frozen=True, gc=False):
    """Answers Journal: nothing was committed, because of *row*."""

    row: Row


class JournalFailed(Answer, frozen=True, gc=False):
    """Answers Journal: whether it was committed is not known, and it must count as not."""

    reason: str
    gone: bool = False
    """Whether it is known after all: nothing was, for a row that it changes is not there."""


class Found(Answer, frozen=True, gc=False):
    """Answers Lookup."""

    same_key: Row | None
    originals: tuple[Row, ...]
    since: datetime | None = None
    """From when on the journal has every row; None: for as long as this process runs."""


class Gathered(Answer, frozen=True, gc=False):
    """Answers Gather: who claims the key, the batch as the journal has it, and the rows that may be of it."""

    same_key: Row | None
    batch: Batch | None
    rows: tuple[Row, ...]


class SendUncertain(Answer, frozen=True, gc=False):
    """Answers Send: some, all or none of it went out, and there is no way to know which. It counts as sent."""


class NotSent(Answer, frozen=True, gc=False):
    """Answers Send: not a byte was handed to the socket."""


class Fate(StrEnum):
    """What became of an answer."""

    HANDED = "handed"
    """The socket took all of it."""
    NOT_HANDED = "not handed"
    """Not a byte of it was handed to the socket."""
    CUT = "cut"
    """Some, all or none of it went out."""


class Delivered(Answer, frozen=True, gc=False):
    """Answers Deliver."""

    fate: Fate


class Recovered(msgspec.Struct, frozen=True, gc=False):
    """What an earlier process left: told before anybody is listened to (`recovery`)."""

    rows: tuple[Row, ...]
    """Those on which something is open."""
    newest: tuple[Row, ...] = ()
    """The last ones, open or not: new STANs go on behind theirs."""
    dialects: tuple[bytes, ...] = ()
    """The data of the dialects that these rows name, as the journal has kept it."""


class ActWanted(msgspec.Struct, frozen=True, gc=False):
    """An operator wants *act* done to *row*, as the journal had it a moment ago -> Told."""

    id: str
    act: Act
    row: Row
    who: str
    reason: str


class TimePassed(msgspec.Struct, frozen=True, gc=False):
    """The node's deadline was reached."""


class DrainWanted(msgspec.Struct, frozen=True, gc=False):
    """Accept nothing new, finish what is in flight, sign off."""


Event = (
    TerminalConnected
    | TerminalFrame
    | TerminalGone
    | LinkConnected
    | LinkFrame
    | LinkLost
    | Verified
    | Secured
    | CardKnown
    | KeysTaken
    | KeysGiven
    | KeysKnown
    | Journaled
    | Conflict
    | JournalFailed
    | Found
    | Gathered
    | SendUncertain
    | NotSent
    | Delivered
    | Recovered
    | ActWanted
    | TimePassed
    | DrainWanted
)
