"""What a journal tells the process that starts on it: what is open, which STANs were last, in which dialects."""

from __future__ import annotations

from typing import Final

from iso_gateway.protocol.events import Recovered
from iso_gateway.protocol.records import Search
from iso_gateway.protocol.recovery import LEFT_OPEN
from iso_gateway.protocol.setup import Setup
from iso_gateway.store.journal import JournalStore

NEWEST: Final = 200
"""Rows from which it is seen with which STAN to go on."""


def keep_dialects(store: JournalStore, setup: Setup) -> None:
    """Have *store* keep the dialects of *setup*'s hosts, before a row names one of them.

    Raises:
        StoreError: the journal cannot be written.
    """
    for acquirer in setup.acquirers.values():
        store.keep_dialect(acquirer.dialect.hash, acquirer.dialect.data)


def remains(store: JournalStore) -> Recovered:
    """Return what the node is told before it listens to anybody.

    Raises:
        StoreError: the journal cannot be read.
    """
    rows = store.in_states(LEFT_OPEN) + store.doubtful()
    names = sorted({row.dialect for row in rows if row.dialect})
    dialects = (store.dialect(name) for name in names)
    newest = store.search(Search(limit=NEWEST))
    kept = tuple(data for data in dialects if data is not None)
    return Recovered(tuple(rows), tuple(newest), kept)
