"""The tables of a journal in SQLite, as they are now; `migrations` brings older ones up to them.

    rows       what a request was when it was committed; never changed
    later      what became of it since, where anything did: state, what is looked for, and the rest as msgpack
    claims     who holds which key: the duplicate check (ruling 4)
    unclaimed  the rows that hold no key with their own STAN, so that they are found by it all the same
    unsettled  the rows on which something is open: few, and found without a look at the others
    flagged    the rows that the back office should look at
    batches    the terminals' batches: totals, what was uploaded, what differs
    audits     what operators did
    dialects   specs and profiles by hash
    meta       what the journal says of itself: since when it is complete, up to which seq rows have left, and the check
               value of the key that its rows are sealed under

An index costs a page in the log with each row, as its place is anywhere; `seq` counts up, so what is ordered by it
goes to the end. Hence few indexes, and the key of ``claims`` begins with the STAN: terminals that began together go on
side by side. A code of approval is any number, so its index has a shelf for each 4096 rows: new codes go to the last
one, a few pages, and who looks for one goes from shelf to shelf.
"""

from __future__ import annotations

from typing import Final

APPLICATION_ID: Final = 0x49534F47
"""``ISOG``, so that `file` and we can tell a journal from another database."""

VERSION: Final = 2

SHELF: Final = 12
"""Codes of approval are looked for among so many rows at a time, the newest first: 2 to this power."""

LATER_APPROVAL: Final = f"CREATE INDEX later_approval ON later (seq >> {SHELF}, approval) WHERE approval IS NOT NULL"

TABLES: Final = (
    """
    CREATE TABLE rows (
        seq INTEGER PRIMARY KEY,
        id TEXT NOT NULL,
        received INTEGER NOT NULL,
        kind TEXT NOT NULL,
        merchant TEXT NOT NULL,
        terminal TEXT NOT NULL,
        stan TEXT NOT NULL,
        batch TEXT NOT NULL,
        amount INTEGER NOT NULL,
        card_hash BLOB NOT NULL,
        state TEXT NOT NULL,
        rrn TEXT,
        approval TEXT,
        story TEXT NOT NULL,
        body BLOB NOT NULL
    ) STRICT
    """,
    "CREATE UNIQUE INDEX rows_id ON rows (id)",
    "CREATE INDEX rows_rrn ON rows (rrn) WHERE rrn IS NOT NULL",
    "CREATE INDEX rows_approval ON rows (approval) WHERE approval IS NOT NULL",
    """
    CREATE TABLE later (
        seq INTEGER PRIMARY KEY,
        state TEXT NOT NULL,
        amount INTEGER,
        rrn TEXT,
        approval TEXT,
        story TEXT NOT NULL,
        changes BLOB
    ) STRICT
    """,
    "CREATE INDEX later_rrn ON later (rrn) WHERE rrn IS NOT NULL",
    LATER_APPROVAL,
    """
    CREATE TABLE claims (
        stan TEXT NOT NULL,
        terminal TEXT NOT NULL,
        merchant TEXT NOT NULL,
        batch TEXT NOT NULL,
        kind TEXT NOT NULL,
        seq INTEGER NOT NULL,
        PRIMARY KEY (stan, terminal, merchant, batch, kind)
    ) WITHOUT ROWID, STRICT
    """,
    """
    CREATE TABLE unclaimed (
        stan TEXT NOT NULL,
        terminal TEXT NOT NULL,
        merchant TEXT NOT NULL,
        seq INTEGER NOT NULL,
        PRIMARY KEY (stan, terminal, merchant, seq)
    ) WITHOUT ROWID, STRICT
    """,
    "CREATE TABLE unsettled (seq INTEGER PRIMARY KEY) STRICT",
    "CREATE TABLE flagged (seq INTEGER PRIMARY KEY) STRICT",
    """
    CREATE TABLE audits (
        seq INTEGER PRIMARY KEY,
        id TEXT NOT NULL,
        at INTEGER NOT NULL,
        who TEXT NOT NULL,
        act TEXT NOT NULL,
        row TEXT NOT NULL,
        reason TEXT NOT NULL
    ) STRICT
    """,
    "CREATE INDEX audits_row ON audits (row)",
    """
    CREATE TABLE batches (
        seq INTEGER PRIMARY KEY,
        merchant TEXT NOT NULL,
        terminal TEXT NOT NULL,
        number TEXT NOT NULL,
        version INTEGER NOT NULL,
        closed INTEGER,
        data BLOB NOT NULL,
        UNIQUE (terminal, merchant, number)
    ) STRICT
    """,
    "CREATE TABLE dialects (name TEXT PRIMARY KEY, data BLOB NOT NULL) WITHOUT ROWID, STRICT",
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value ANY NOT NULL) WITHOUT ROWID, STRICT",
)
