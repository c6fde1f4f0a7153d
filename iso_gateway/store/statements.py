"""What is written to the tables, many rows in one statement.

SQLite's driver lets other threads run during each step of a statement and then waits for its turn again: a statement
for each row would be a wait for each row while the gateway is busy. So rows go in by dozens.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from itertools import chain
from typing import Any, Final

_SIZES: Final = (64, 16, 4, 1)
"""How many rows one statement takes; few sizes, so that the driver's cache holds them all."""


class Bulk:
    """A statement that takes any number of rows of values."""

    def __init__(self, before: str, columns: int, after: str = "", *, tuples: bool = True) -> None:
        """Run *before*, values for *columns* each in brackets unless *tuples* is false, then *after*."""
        one = ", ".join("?" * columns)
        each = f"({one})" if tuples else one
        self._by_size = {size: f"{before} {', '.join([each] * size)} {after}" for size in _SIZES}

    def run(self, connection: sqlite3.Connection, rows: Sequence[tuple[Any, ...]]) -> int:
        """Run it for all of *rows*; return how many rows of the table it touched."""
        touched = 0
        start = 0
        for size in _SIZES:
            while len(rows) - start >= size:
                values = list(chain.from_iterable(rows[start : start + size]))
                touched += connection.execute(self._by_size[size], values).rowcount
                start += size
        return touched


ADD_ROWS: Final = Bulk("INSERT OR FAIL INTO rows VALUES", 15)
ADD_CLAIMS: Final = Bulk("INSERT OR FAIL INTO claims VALUES", 6, "ON CONFLICT DO NOTHING")
"""A key that is held is not taken: fewer rows are touched than were given."""
DROP_CLAIMS: Final = Bulk("DELETE FROM claims WHERE (stan, terminal, merchant, batch, kind) IN (VALUES", 5, ")")
ADD_UNCLAIMED: Final = Bulk("INSERT OR IGNORE INTO unclaimed VALUES", 4)
DROP_UNCLAIMED: Final = Bulk("DELETE FROM unclaimed WHERE (stan, terminal, merchant, seq) IN (VALUES", 4, ")")
ADD_UNSETTLED: Final = Bulk("INSERT OR IGNORE INTO unsettled VALUES", 1)
DROP_UNSETTLED: Final = Bulk("DELETE FROM unsettled WHERE seq IN (", 1, ")", tuples=False)
ADD_FLAGGED: Final = Bulk("INSERT OR IGNORE INTO flagged VALUES", 1)
DROP_FLAGGED: Final = Bulk("DELETE FROM flagged WHERE seq IN (", 1, ")", tuples=False)
TELL: Final = Bulk("INSERT OR REPLACE INTO later VALUES", 7)
"""All that became of a row."""
MOVE: Final = Bulk(
    "INSERT OR FAIL INTO later (seq, state, story) VALUES",
    3,
    "ON CONFLICT DO UPDATE SET state = excluded.state, story = later.story || excluded.story",
)
"""Another state of a row of which something was told before, and lines for its story."""
ADD_AUDITS: Final = Bulk("INSERT INTO audits (id, at, who, act, row, reason) VALUES", 6)
KEEP_BATCHES: Final = Bulk(
    "INSERT INTO batches (merchant, terminal, number, version, closed, data) VALUES",
    6,
    "ON CONFLICT (terminal, merchant, number) DO UPDATE"
    " SET version = excluded.version, closed = excluded.closed, data = excluded.data",
)
DROP_ROWS: Final = Bulk("DELETE FROM rows WHERE seq IN (", 1, ")", tuples=False)
DROP_LATER: Final = Bulk("DELETE FROM later WHERE seq IN (", 1, ")", tuples=False)
