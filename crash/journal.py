"""What the gateway's journal says when the gateway has ended."""

from __future__ import annotations

from pathlib import Path

from iso_gateway.protocol.records import Row, RowState
from iso_gateway.store.sqlite import SqliteJournal


def rows_of(path: Path) -> list[Row]:
    """Return every row of the journal at *path*."""
    journal = SqliteJournal(path, None)
    try:
        return journal.in_states(frozenset(RowState))
    finally:
        journal.close()
