"""What a node asks of a journal, answered from any store."""

from __future__ import annotations

from typing import Final

from iso_gateway.protocol.commands import Gather, Lookup
from iso_gateway.protocol.events import Found, Gathered
from iso_gateway.protocol.records import Search
from iso_gateway.store.journal import JournalStore

LARGEST_BATCH: Final = 100_000
"""Rows: more than a terminal makes in a day."""


def answer(store: JournalStore, command: Lookup | Gather) -> Found | Gathered:
    """Return what *store* says to *command*.

    The rows of a batch that has no number in its dialect are those since the last one was closed.

    Raises:
        StoreError: it cannot be read.
    """
    if isinstance(command, Lookup):
        same, originals = store.find(command.key, command.original)
        # Asked for afterwards: what retired meanwhile counts as gone.
        return Found(command.id, same, originals, store.since)
    same, _ = store.find(command.key, None)
    batch = store.batch(command.merchant, command.terminal, command.batch)
    since = None
    if batch is not None and not command.batch:
        since = batch.closed or batch.opened
    wanted = Search(
        merchant=command.merchant, terminal=command.terminal, batch=command.batch, since=since, limit=LARGEST_BATCH
    )
    return Gathered(command.id, same, batch, tuple(store.search(wanted)))
