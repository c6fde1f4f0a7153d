"""Rows that leave the journal: old, and nothing is open on them. They go in small steps, so that nobody waits long."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from iso_gateway.errors import StoreError
from iso_gateway.store import reading, statements
from iso_gateway.store.migrations import bring_up, damaged, is_damage, present, sound
from iso_gateway.store.packing import micros, moment
from iso_gateway.store.writing import columns_of

STEP: Final = 200
"""Rows that go in one transaction."""

_OLD: Final = """
    SELECT seq FROM rows
    WHERE received < ? AND NOT EXISTS (SELECT 1 FROM unsettled WHERE unsettled.seq = rows.seq)
    ORDER BY seq LIMIT ?
"""


def since(connection: sqlite3.Connection) -> datetime:
    """Return from when on the journal has every row."""
    (kept,) = connection.execute("SELECT value FROM meta WHERE key = 'since'").fetchone()
    return moment(kept)


def last_seq(connection: sqlite3.Connection) -> int:
    """Return the number of the last row that was ever added; none is given twice, whatever has left."""
    (last,) = connection.execute(
        "SELECT max(ifnull((SELECT max(seq) FROM rows), 0), ifnull((SELECT value FROM meta WHERE key = 'left'), 0))"
    ).fetchone()
    return int(last)


def retire(connection: sqlite3.Connection, before: datetime, limit: int) -> tuple[list[str], datetime]:
    """Delete at most *limit* closed rows that came before *before*, and the batches that were closed then.

    Returns:
        The ids of the rows that went, and from when on the journal has every row.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        gone = _deleted(connection, [seq for (seq,) in connection.execute(_OLD, (micros(before), limit))])
        connection.execute(
            "DELETE FROM batches WHERE closed < ? AND seq < (SELECT max(seq) FROM batches AS newer"
            " WHERE newer.terminal = batches.terminal AND newer.merchant = batches.merchant)",
            (micros(before),),
        )
        covered = since(connection)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return gone, covered


def _deleted(connection: sqlite3.Connection, seqs: list[int]) -> list[str]:
    """Delete the rows *seqs* with all that leads to them; return their ids."""
    if not seqs:
        return []
    rows = [reading.by_seq(connection, seq).row for seq in seqs]
    statements.DROP_CLAIMS.run(connection, [columns_of(key) for row in rows for key in row.claims])
    names = [(row.stan, row.terminal, row.merchant, seq) for row, seq in zip(rows, seqs, strict=True)]
    statements.DROP_UNCLAIMED.run(connection, names)
    numbers = [(seq,) for seq in seqs]
    for drop in (statements.DROP_FLAGGED, statements.DROP_LATER, statements.DROP_ROWS):
        drop.run(connection, numbers)
    newest = max(micros(row.received) for row in rows)
    connection.execute("UPDATE meta SET value = max(value, ?) WHERE key = 'since'", (newest,))
    connection.execute(
        "INSERT INTO meta VALUES ('left', ?1) ON CONFLICT DO UPDATE SET value = max(value, ?1)", (max(seqs),)
    )
    return [row.id for row in rows]


def archive(journal: Path, to: Path, before: datetime) -> int:
    """Move closed rows that came before *before* from *journal* to the file *to*, which is a journal, too.

    A gateway may run on *journal* meanwhile. Each step is committed there before it is deleted here: where the process
    dies between the two, the next archive to the same file finds those rows in it and goes on.

    Returns:
        How many rows were moved.

    Raises:
        StoreError: one of the files is no journal, or cannot be read or written.
    """
    moved = 0
    try:
        os.close(os.open(to, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        with closing(_connected(to)) as target:
            bring_up(target, before)
        with closing(_connected(journal)) as connection:
            present(connection)
            connection.execute("ATTACH ? AS archive", (os.fspath(to),))
            connection.execute("PRAGMA archive.synchronous = FULL")
            connection.execute("INSERT OR IGNORE INTO archive.meta SELECT * FROM main.meta WHERE key = 'key check'")
            connection.execute("INSERT OR IGNORE INTO archive.dialects SELECT * FROM main.dialects")
            while seqs := [seq for (seq,) in connection.execute(_OLD, (micros(before), STEP))]:
                _copy(connection, seqs)
                connection.execute("BEGIN IMMEDIATE")
                with connection:
                    _deleted(connection, seqs)
                moved += len(seqs)
    except (sqlite3.Error, OSError, StoreError) as error:
        raise StoreError(f"{journal}: cannot archive to {to}: {error}") from error
    return moved


def figures(journal: Path) -> dict[str, Any]:
    """Read all of the file *journal*, and return what is in it.

    Raises:
        StoreError: it is damaged, no journal, or cannot be read.
    """
    try:
        with closing(_connected(journal)) as connection:
            sound(connection, thoroughly=True)
            present(connection)
            counted = {
                name: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608 -- ours
                for name, table in (("rows", "rows"), ("open", "unsettled"), ("batches", "batches"))
            }
            size = journal.stat().st_size
            each = round(size / counted["rows"]) if counted["rows"] else 0
            covered = since(connection).isoformat(timespec="seconds")
    except (sqlite3.Error, OSError, StoreError) as error:
        raise StoreError(f"{journal}: {damaged(str(error)) if is_damage(error) else error}") from error
    return {**counted, "bytes": size, "bytes_a_row": each, "complete_since": covered, "damage": "none"}


def _copy(connection: sqlite3.Connection, seqs: list[int]) -> None:
    marks = ", ".join("?" * len(seqs))
    connection.execute("BEGIN")
    with connection:
        for table in ("rows", "later", "flagged"):
            connection.execute(
                f"INSERT OR IGNORE INTO archive.{table} SELECT * FROM main.{table} WHERE seq IN ({marks})",  # noqa: S608
                seqs,
            )
        # There they hold no keys: a row of another archive may come under the same.
        connection.execute(
            f"INSERT OR IGNORE INTO archive.unclaimed"  # noqa: S608 -- ours
            f" SELECT stan, terminal, merchant, seq FROM main.rows WHERE seq IN ({marks})",
            seqs,
        )
        connection.execute(
            f"INSERT OR IGNORE INTO archive.audits SELECT * FROM main.audits WHERE row IN"  # noqa: S608 -- ours
            f" (SELECT id FROM main.rows WHERE seq IN ({marks}))",
            seqs,
        )


def _connected(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=10, isolation_level=None)
    connection.execute("PRAGMA synchronous = FULL")
    return connection
