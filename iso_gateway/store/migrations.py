"""A journal of an older version -> one of ours, step by step, each step one transaction."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from typing import Final

from iso_gateway.errors import StoreError
from iso_gateway.store.packing import micros
from iso_gateway.store.schema import APPLICATION_ID, LATER_APPROVAL, TABLES, VERSION

STEPS: Final[dict[int, tuple[str, ...]]] = {1: ("DROP INDEX later_approval", LATER_APPROVAL)}
"""By the version before, what makes the next one of it."""


def bring_up(connection: sqlite3.Connection, now: datetime) -> None:
    """Make the tables in an empty file, which is complete since *now*, or bring an older journal up to the present.

    Raises:
        StoreError: it is no journal, or of a version that this program does not know yet.
        sqlite3.Error: it cannot be read or written.
    """
    version = version_of(connection)
    if version == VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = version_of(connection)
        for step in range(version, VERSION):
            for statement in TABLES if version == 0 else STEPS[step]:
                connection.execute(statement)
            if version == 0:
                connection.execute("INSERT INTO meta VALUES ('since', ?)", (micros(now),))
                break
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def sound(connection: sqlite3.Connection, *, thoroughly: bool = False) -> None:
    """Check that the file is whole; *thoroughly*: the indexes against the tables, too.

    Raises:
        StoreError: it is not; with what was found.
    """
    try:
        found = [said for (said,) in connection.execute(f"PRAGMA {'integrity' if thoroughly else 'quick'}_check(3)")]
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
        found = [str(error)]
    if found != ["ok"]:
        raise StoreError(damaged("; ".join(line.replace("\n", " ") for line in found)))


def is_damage(error: Exception) -> bool:
    """Return whether *error* says that the file is not whole, or no database."""
    return getattr(error, "sqlite_errorcode", None) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def damaged(found: str) -> str:
    """Return what to do about a file in which *found* was found."""
    return (
        f"the journal is damaged ({found:.300}). Do not run on it: restore the last copy, or save what can be read "
        "with: sqlite3 FILE .recover | sqlite3 NEW-FILE"
    )


def present(connection: sqlite3.Connection) -> None:
    """Check that the journal is of the present version, for whoever may not change it.

    Raises:
        StoreError: it is not.
    """
    if version_of(connection) != VERSION:
        raise StoreError("the journal is of an older version; 'iso-gateway run' brings it up to the present one")


def version_of(connection: sqlite3.Connection) -> int:
    """Return the version of the journal's tables, 0 where it is empty.

    Raises:
        StoreError: it is no journal, or of a version that this program does not know yet.
    """
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if tables == 0:
        return 0
    if application != APPLICATION_ID:
        raise StoreError("this is no journal of iso-gateway; name another file")
    if version > VERSION:
        raise StoreError(
            f"the journal is of version {version}, and this program knows versions up to {VERSION}: "
            "run the newer iso-gateway that wrote it"
        )
    return int(version)
