"""A journal in SQLite: one file, durable when a commit returns (WAL, and fdatasync of the log by ourselves).

Rule 1: one process writes, one group at a time. What it knows of the newest rows it need not read again.
Rule 2: who reads has a connection of their own and waits for no commit; what was committed before is seen.
Rule 3: after an error nothing of the group stays. Where that cannot be known, the file is opened anew and looked at.
Rule 4: a group is written (`begin`) and then made durable (`make_durable`), so that a caller with an event loop writes
there, which waits for nothing, and waits for the disk in a thread: SQLite's statements in a second thread of Python
cost twice what they cost in the first. Whatever could wait (another's lock, a checkpoint, the first group of a log,
whose head SQLite itself has to have on the disk) makes `begin` say no, and is done by `commit`, in the thread.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import threading  # noqa: TID251 -- commits run in a thread of their own, beside whoever reads
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from iso_gateway.errors import StoreError
from iso_gateway.protocol.batch import Batch
from iso_gateway.protocol.records import Audit, Entry, Key, OriginalQuery, Row, RowState, Search
from iso_gateway.store import reading, retiring, writing
from iso_gateway.store.group import ClashError, Group, Known
from iso_gateway.store.journal import Outcome
from iso_gateway.store.lock import Lock
from iso_gateway.store.log import Log
from iso_gateway.store.migrations import bring_up, damaged, is_damage, present, sound, version_of

T = TypeVar("T")

REMEMBERED: Final = 4096
"""Rows whose content the writer keeps in memory: the newest, which are the ones that change."""
BUSY: Final = 1.0
"""Seconds that a lock of another process on the file is waited for."""


class SqliteJournal:
    """Rows in an SQLite file."""

    blocking = True

    def __init__(self, path: str | os.PathLike[str], now: datetime | None) -> None:
        """Open the journal at *path*; one that is not there is made, for its owner alone.

        Args:
            path: the file.
            now: the time; None: the journal is only read, whoever writes it, and must be there.

        Raises:
            Held: another process writes it.
            StoreError: it cannot be opened, is none, is damaged, or of a newer version.
        """
        self.path = Path(path)
        self._log = Log(f"{os.path.realpath(path)}-wal")
        self._writing = threading.Lock()
        self._writer: sqlite3.Connection | None = None
        self._readers: list[sqlite3.Connection] = []
        self._known: dict[str, Known] = {}
        self._next_seq = 1
        self.since: datetime | None = None
        self.begun = False
        """Whether it was made now: nothing is known of what came before."""
        self._version = -1
        """SQLite's count of what others wrote: when it moves, nothing that we know is sure."""
        self._files: dict[str, tuple[int, int]] = {}
        """Which files on the disk the journal and its log are: their names may come to mean others, or none."""
        self._begun: Group | None = None
        """What was written, and is not durable yet."""
        self._doubt: sqlite3.Error | None = None
        """Why nobody knows whether it was."""
        self._lock: Lock | None = None
        with self._told("open"):
            if now is not None:
                self._lock = Lock(self.path, now)
        try:
            with self._told("open"):
                self._open(now)
        except BaseException:
            self.close()
            raise

    def _open(self, now: datetime | None) -> None:
        """Make what is missing, check what is there, and bring it up to the present version."""
        if now is None:
            self._begin(os.O_RDONLY)
            with self._reading() as connection:
                sound(connection)
                present(connection)
        else:
            self._begin(os.O_RDWR | os.O_CREAT)
            connection = self._opened()
            sound(connection)
            self.begun = version_of(connection) == 0
            bring_up(connection, now)
        with self._reading() as connection:
            self.since = retiring.since(connection)

    def _begin(self, how: int) -> None:
        """Open the file, as *how* says, to see that it can be a journal's.

        Raises:
            StoreError: it is no plain file, or has several names: of a second one nobody would see the log.
            OSError: it cannot be opened.
        """
        try:
            found = self.path.stat()
        except FileNotFoundError:
            found = None
        if found is not None and not stat.S_ISREG(found.st_mode):
            raise StoreError("this is no plain file; name another")
        if found is not None and found.st_nlink > 1:
            raise StoreError("the file has a second name (a hard link); remove one of them, for a journal has but one")
        os.close(os.open(self.path, how | os.O_CLOEXEC, 0o600))
        self._same_file(self.path)

    def _same_file(self, path: str | os.PathLike[str]) -> None:
        """See that *path* is still the file that it was: what is written to one without a name is lost in the end.

        Raises:
            StoreError: it is not.
        """
        try:
            found = os.stat(path)  # noqa: PTH116 -- twice for each commit: no Path is made for it
        except FileNotFoundError:
            found = None
        if found is None or self._files.setdefault(str(path), (found.st_dev, found.st_ino)) != (
            found.st_dev,
            found.st_ino,
        ):
            raise StoreError(
                f"{path} was removed, moved or replaced while it is in use; put that very file back, "
                "or copy /proc/PID/fd of this process before you end it"
            )

    # What the journal promises

    def commit(self, entries: Sequence[Entry]) -> list[Outcome]:
        """Commit *entries* as one group, whatever has to be waited for."""
        with self._to_write() as connection:
            _wait_for_others(connection, BUSY)
            try:
                outcomes = self._written(entries)
            finally:
                _wait_for_others(connection, 0)
            self._make_durable()
            self._move_the_log()
        return outcomes

    def begin(self, entries: Sequence[Entry]) -> list[Outcome] | None:
        """Write *entries* as one group, and wait for nothing; None, and nothing done, where `commit` has to do it."""
        if self._writer is None or self._log.is_new or not self._writing.acquire(blocking=False):
            return None
        try:
            with self._told("write"):
                return self._written(entries)
        except StoreError:
            return None
        finally:
            self._writing.release()

    def make_durable(self) -> None:
        """Have what `begin` wrote on the disk."""
        with self._to_write():
            self._make_durable()
            self._move_the_log()

    def find(self, key: Key | None, original: OriginalQuery | None) -> tuple[Row | None, tuple[Row, ...]]:
        """Return the row that claims *key*, and the rows that *original* may mean."""
        with self._reading() as connection:
            same = reading.by_key(connection, key) if key is not None else None
            rows = reading.originals(connection, original) if original is not None else ()
        return same.row if same is not None else None, rows

    def get(self, row_id: str) -> Row | None:
        """Return the row *row_id*."""
        with self._reading() as connection:
            found = reading.by_id(connection, row_id)
        return found.row if found is not None else None

    def in_states(self, states: frozenset[RowState]) -> list[Row]:
        """Return the rows in one of *states*, oldest first."""
        with self._reading() as connection:
            return reading.in_states(connection, states)

    def doubtful(self) -> list[Row]:
        """Return the rows that are reversed in doubt, oldest first."""
        with self._reading() as connection:
            return reading.doubtful(connection)

    def search(self, wanted: Search) -> list[Row]:
        """Return the rows that fit *wanted*, the newest first."""
        with self._reading() as connection:
            return reading.search(connection, wanted)

    def audits(self, row_id: str = "") -> list[Audit]:
        """Return what operators did, oldest first."""
        with self._reading() as connection:
            return reading.audits(connection, row_id)

    def batch(self, merchant: str, terminal: str, number: str = "") -> Batch | None:
        """Return the batch *number* of the terminal, or the one that was first kept last."""
        with self._reading() as connection:
            return reading.batch(connection, merchant, terminal, number)

    def batches(self, terminal: str = "", limit: int = 100) -> list[Batch]:
        """Return the batches of *terminal*, or of all, the newest first."""
        with self._reading() as connection:
            return reading.batches(connection, terminal, limit)

    def keep_dialect(self, name: str, data: bytes) -> None:
        """Keep *data*, the spec and profile whose hash is *name*."""
        with self._to_write() as connection:
            connection.execute("INSERT OR IGNORE INTO dialects VALUES (?, ?)", (name, data))
            self._make_durable()

    def dialect(self, name: str) -> bytes | None:
        """Return what was kept under the hash *name*, or None."""
        with self._reading() as connection:
            record = connection.execute("SELECT data FROM dialects WHERE name = ?", (name,)).fetchone()
        return record[0] if record is not None else None

    def same_key(self, check_value: bytes) -> bool:
        """Return whether the rows are sealed under the key of *check_value*; where there is none yet, it is."""
        if self._lock is not None:
            with self._to_write() as connection:
                connection.execute("INSERT OR IGNORE INTO meta VALUES ('key check', ?)", (check_value,))
                self._make_durable()
        with self._reading() as connection:
            kept = connection.execute("SELECT value FROM meta WHERE key = 'key check'").fetchone()
        return kept is None or bool(kept[0] == check_value)

    def retire(self, before: datetime, limit: int = 200) -> int:
        """Let go of at most *limit* of the oldest rows that came before *before* and on which nothing is open."""
        with self._to_write() as connection:
            gone, self.since = retiring.retire(connection, before, limit)
            self._make_durable()
            for row_id in gone:
                self._known.pop(row_id, None)
        return len(gone)

    def close(self) -> None:
        """Let go of the file; the last to do so moves what is in the log to its place."""
        with self._writing:
            while self._readers:
                self._readers.pop().close()
            self._let_go()
            if self._lock is not None:
                self._lock.release()
                self._lock = None

    # Writing

    @contextmanager
    def _to_write(self) -> Iterator[sqlite3.Connection]:
        """Lend the connection that writes, to nobody else meanwhile.

        Raises:
            StoreError: it cannot be had, or what is done with it fails.
        """
        with self._writing, self._told("write"):
            yield self._opened()

    def _written(self, entries: Sequence[Entry]) -> list[Outcome]:
        """Write *entries* to the log; only `_make_durable` makes that last."""
        try:
            return self._judged_and_written(entries, sure=False)
        except ClashError:
            # Somebody's key was taken: once more, and this time each key is looked up.
            return self._judged_and_written(entries, sure=True)

    def _judged_and_written(self, entries: Sequence[Entry], *, sure: bool) -> list[Outcome]:
        """Write *entries*; *sure*: with a look at each key before.

        Raises:
            ClashError: a key was held that was taken for free; nothing was written.
        """
        connection = self._opened()
        self._same_file(self.path)
        connection.execute("BEGIN IMMEDIATE")
        try:
            self._same_file(self._log.path)
            self._in_step(connection)
            group = Group(self._row, self._batch_version, self._holder if sure else None, self._next_seq)
            outcomes = group.judge(entries)
            writing.write(connection, group)
        except BaseException:
            self._undo(connection)
            raise
        self._begun, self._doubt = group, None
        try:
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._doubt = error
        else:
            self._remember(group)
        return outcomes

    def _make_durable(self) -> None:
        """Have what was written on the disk.

        Raises:
            sqlite3.Error: it is not there, or nobody can say.
            OSError: the same.
        """
        begun, self._begun = self._begun, None
        doubt, self._doubt = self._doubt, None
        try:
            if doubt is not None:
                raise doubt
            self._log.sync()
        except (sqlite3.Error, OSError):
            self._let_go()
            if begun is None or not self._there_after_all(begun):
                raise
            self._remember(begun)

    def _move_the_log(self) -> None:
        """Move what is in a long log to its place; where somebody still reads it, another time."""
        if self._log.is_long:
            self._opened().execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._log.is_new = True

    def _in_step(self, connection: sqlite3.Connection) -> None:
        """Forget what is known where another process has written."""
        (version,) = connection.execute("PRAGMA data_version").fetchone()
        if version != self._version:
            self._version = version
            self._known.clear()
            self._next_seq = retiring.last_seq(connection) + 1
            self.since = retiring.since(connection)

    def _row(self, row_id: str) -> Known | None:
        known = self._known.get(row_id)
        return known if known is not None else reading.by_id(self._opened(), row_id)

    def _holder(self, key: Key) -> str | None:
        known = reading.by_key(self._opened(), key)
        return known.row.id if known is not None else None

    def _batch_version(self, batch: Batch) -> int:
        return reading.batch_version(self._opened(), batch)

    def _remember(self, group: Group) -> None:
        self._next_seq = group.next_seq
        self._known.update(group.after)
        self._known.update(group.new)
        if (surplus := len(self._known) - REMEMBERED) > 0:
            for row_id in list(islice(self._known, surplus)):
                del self._known[row_id]

    def _undo(self, connection: sqlite3.Connection) -> None:
        """Have nothing of the group stay."""
        try:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        except sqlite3.Error:
            self._let_go()

    def _there_after_all(self, group: Group) -> bool:
        """Return whether *group* is in the file although its commit failed, and durable.

        Raises:
            sqlite3.Error: nobody can say.
        """
        connection = self._opened()
        for row_id, wanted in [*group.new.items(), *group.after.items()]:
            known = reading.by_id(connection, row_id)
            if known is None or known.row != wanted.row:
                return False
        # What is only in the log may not have reached the disk; what was moved to its place has.
        busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not busy

    def _opened(self) -> sqlite3.Connection:
        """Return the connection that writes."""
        if self._lock is None:
            raise StoreError(f"{self.path}: the journal was opened to be read, or is closed")
        if self._writer is None:
            self._writer = self._connected()
            self._version = -1
        return self._writer

    def _let_go(self) -> None:
        if self._writer is not None:
            with suppress(sqlite3.Error):
                self._writer.close()
            self._writer = None
            self._files.pop(self._log.path, None)
        self._log.let_go()

    def _connected(self) -> sqlite3.Connection:
        self._same_file(self.path)
        connection = sqlite3.connect(
            f"{self.path.absolute().as_uri()}?mode=rw",  # never a new and empty one
            uri=True,
            timeout=BUSY,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
        )
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")  # the log's head and checkpoints; its groups, `make_durable`
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute("PRAGMA cache_size = -65536")
        return connection

    # Reading

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection to read with.

        Raises:
            StoreError: the journal cannot be read.
        """
        with self._told("read"):
            connection = self._readers.pop() if self._readers else self._connected()
            try:
                yield connection
            except sqlite3.Error:
                connection.close()
                raise
            self._readers.append(connection)

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        """Say what went wrong with *what* as a StoreError."""
        try:
            yield
        except (sqlite3.Error, OSError, msgspec.MsgspecError) as error:
            said = damaged(str(error)) if is_damage(error) else f"cannot {what} the journal: {error}"
            raise StoreError(f"{self.path}: {said}") from error
        except StoreError as error:
            said = str(error)
            raise (error if said.startswith(str(self.path)) else StoreError(f"{self.path}: {said}")) from None


def _wait_for_others(connection: sqlite3.Connection, seconds: float) -> None:
    """Have *connection* wait so long for a lock of another process."""
    connection.execute(f"PRAGMA busy_timeout = {int(seconds * 1000)}")
