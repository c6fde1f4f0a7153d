"""What the node asks of the edge.

A command that needs an answer carries an id; its answer comes back as the event named beside it. A transaction has at
most one such command open at a time.
"""

from __future__ import annotations

from typing import Any

import msgspec

from iso_gateway.codec.message import Message
from iso_gateway.protocol.records import Entry, Key, OriginalQuery


class Verify(msgspec.Struct, frozen=True, gc=False):
    """Check the MAC of what came over *leg* -> Verified."""

    id: str
    leg: str
    message: Message


class Secure(msgspec.Struct, frozen=True, gc=False):
    """Translate the PIN block for *leg* and make its MAC -> Secured."""

    id: str
    leg: str
    message: Message


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


Command = Verify | Secure | Journal | File | Lookup | Gather | Send | Deliver | Hangup | CloseLink | Told | Log
