"""What the node asks of the edge.

A command that needs an answer carries an id; its answer comes back as the event named beside it. A transaction has at
most one such command open at a time.
"""

from __future__ import annotations

from typing import Any

import msgspec

from iso_gateway.codec.message import Message
from iso_gateway.protocol.protection import NO_KEYS, KeySet, Material, Role
from iso_gateway.protocol.records import Entry, Key, OriginalQuery
from iso_gateway.security.keys import KeyState


class Verify(msgspec.Struct, frozen=True, gc=False):
    """Check the MAC of what came over *leg* -> Verified."""

    id: str
    leg: str
    """The listener's name, or the acquirer's."""
    message: Message
    payload: bytes = b""
    """The message as it came: what the MAC covers (ruling 14)."""
    keys: tuple[KeySet, ...] = NO_KEYS
    """The generations that may have made it, the likeliest first."""
    asked: Message | None = None
    """For an answer: what it answers."""
    hashed: bytes = b""
    """What the journal's fingerprint is wanted of, where its key is the module's."""


class Origin(msgspec.Struct, frozen=True, gc=False):
    """Where the PIN block of a message comes from."""

    leg: str
    message: Message
    keys: KeySet | None
    """The generation that verified it (ruling 11)."""


class Secure(msgspec.Struct, frozen=True, gc=False):
    """Translate the PIN block for *leg* and make the message's MAC -> Secured."""

    id: str
    leg: str
    message: Message
    keys: KeySet | None = None
    """The generation to send with; None where the leg has none."""
    origin: Origin | None = None
    """None: there is no PIN in it."""
    asked: Message | None = None
    """For an answer: what it answers."""
    pan: str = ""
    """The card number to be sealed for the journal in the same round trip, where the seal is the module's."""

    def __repr__(self) -> str:
        return f"<Secure {self.id} for {self.leg}>"


class Unseal(msgspec.Struct, frozen=True, gc=False):
    """Open the card number that the journal has, where the seal is the module's -> CardKnown."""

    id: str
    card: bytes


class TakeKeys(msgspec.Struct, frozen=True, gc=False):
    """Import *owner*'s next generation, pending, and keep it -> KeysTaken. All of *material*, or nothing."""

    id: str
    owner: str
    leg: str
    master: str
    """The name of the key under which they travelled."""
    material: tuple[Material, ...]


class GiveKeys(msgspec.Struct, frozen=True, gc=False):
    """Make *owner*'s next generation, pending, keep it, and wrap it for the other side -> KeysGiven."""

    id: str
    owner: str
    leg: str
    master: str
    roles: tuple[Role, ...]


class MarkKeys(msgspec.Struct, frozen=True, gc=False):
    """Have the key store know the state of a generation. Nobody waits: if it is lost, it is found out anew."""

    owner: str
    generation: int
    state: KeyState


class Journal(msgspec.Struct, frozen=True, gc=False):
    """Commit *entry* -> Journaled, Conflict or JournalFailed."""

    id: str
    entry: Entry


class File(msgspec.Struct, frozen=True, gc=False):
    """Commit *entry* with whatever is committed next, in order: nobody waits for it, and to lose it does no harm."""

    entry: Entry


class Lookup(msgspec.Struct, frozen=True, gc=False):
    """Find the row that holds *key* and the rows that *original* may mean -> Found."""

    id: str
    key: Key | None
    original: OriginalQuery | None


class Send(msgspec.Struct, frozen=True, gc=False):
    """Give *payload* to *link* -> SendUncertain or NotSent when it did not go; otherwise nothing."""

    id: str
    link: str
    payload: bytes


class Gather(msgspec.Struct, frozen=True, gc=False):
    """Read the batch *batch* of a terminal, or its latest, with the rows of it, and who claims *key* -> Gathered."""

    id: str
    key: Key
    merchant: str
    terminal: str
    batch: str


class Deliver(msgspec.Struct, frozen=True, gc=False):
    """Give *payload* to the terminal's connection -> Delivered, with what became of it."""

    id: str
    connection: str
    header: bytes
    payload: bytes


class Hangup(msgspec.Struct, frozen=True, gc=False):
    """Close a terminal's connection."""

    connection: str
    reason: str


class CloseLink(msgspec.Struct, frozen=True, gc=False):
    """Close a link's connection; it is dialled again unless the node drains."""

    link: str
    reason: str


class Told(msgspec.Struct, frozen=True, gc=False):
    """Tell the operator who asked for the act *id* whether it was done, and in words what or why not."""

    id: str
    ok: bool
    text: str


class Log(msgspec.Struct, frozen=True, gc=False):
    """Write one line; the values are masked."""

    event: str
    fields: dict[str, Any]
    level: str = "info"


Command = (
    Verify
    | Secure
    | Unseal
    | TakeKeys
    | GiveKeys
    | MarkKeys
    | Journal
    | File
    | Lookup
    | Gather
    | Send
    | Deliver
    | Hangup
    | CloseLink
    | Told
    | Log
)
