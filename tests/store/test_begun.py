"""A group is written where nothing waits, and made durable where the disk is waited for."""

from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path

import pytest

from iso_gateway.errors import StoreError
from iso_gateway.protocol.records import Change, Insert
from iso_gateway.store.journal import Committed, Failed
from iso_gateway.store.sqlite import SqliteJournal
from tests.protocol.test_records import ROW
from tests.store.test_contract import row


class Disk:
    """Counts what is waited for, and fails as often as it is told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.waited: list[str] = []
        self.fails = 0
        self._really = os.fdatasync
        monkeypatch.setattr("iso_gateway.store.log.os.fdatasync", self)

    def __call__(self, number: int) -> None:
        self.waited.append(Path(f"/proc/self/fd/{number}").readlink().name)
        if self.fails:
            self.fails -= 1
            raise OSError(errno.EIO, "Input/output error")
        self._really(number)


def test_a_commit_is_durable_when_it_returns(journal: SqliteJournal, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = Disk(monkeypatch)
    journal.commit([(Insert(row()),)])
    assert disk.waited == ["journal.db-wal"]
    assert journal._opened().execute("PRAGMA journal_mode").fetchone() == ("wal",)
    journal.keep_dialect("d", b"data")
    journal.same_key(b"check")
    journal.retire(ROW.received)
    assert disk.waited == ["journal.db-wal"] * 4


# Begun here, made durable there


def test_what_is_begun_waits_for_no_disk_until_it_is_made_durable(
    journal: SqliteJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.commit([(Insert(row()),)])
    disk = Disk(monkeypatch)
    assert journal.begin([(Insert(row("000002")),)]) == [Committed()]
    assert disk.waited == []
    journal.make_durable()
    assert disk.waited == ["journal.db-wal"]
    assert journal.get("row-000002") == row("000002")
    outcomes = journal.begin([(Change("row-000002", set={"code": "00"}),), (Insert(row()),)])
    assert [type(outcome) for outcome in outcomes or ()] == [Committed, Failed]
    journal.make_durable()
    assert journal.get("row-000002") == row("000002", code="00")


def test_what_would_wait_is_not_begun(journal: SqliteJournal, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entries = [(Insert(row("000009")),)]
    assert journal.begin(entries) is None, "the first group of a log: SQLite waits for its head"
    journal.commit([(Insert(row()),)])
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert journal.begin(entries) is None, "another process has the file"
    other.execute("ROLLBACK")
    other.close()
    with journal._writing:
        assert journal.begin(entries) is None, "another thread writes"
    monkeypatch.setattr("iso_gateway.store.log.LONG", 1)
    assert journal.commit([(Insert(row("000002")),)]) == [Committed()]
    assert path.with_name("journal.db-wal").stat().st_size == 0, "its content has moved to its place"
    assert journal.begin(entries) is None, "the first group of another log"
    assert journal.get("row-000009") is None
    assert journal.commit(entries) == [Committed()]


def test_a_disk_that_fails_once_is_found_out_about(journal: SqliteJournal, monkeypatch: pytest.MonkeyPatch) -> None:
    journal.commit([(Insert(row()),)])
    disk = Disk(monkeypatch)
    disk.fails = 1
    assert journal.begin([(Insert(row("000002")),)]) == [Committed()]
    journal.make_durable()  # for what is in the log could be moved to its place, and that was waited for
    assert journal.get("row-000002") == row("000002")
    assert journal.begin([(Insert(row("000003")),)]) is None
    assert journal.commit([(Insert(row("000003")),), (Change("row-000002", set={"code": "00"}),)]) == [Committed()] * 2


def test_what_may_not_be_on_the_disk_is_not_called_durable(
    journal: SqliteJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.commit([(Insert(row()),)])
    disk = Disk(monkeypatch)
    disk.fails = 1
    monkeypatch.setattr(SqliteJournal, "_there_after_all", lambda _self, _group: False)
    assert journal.begin([(Insert(row("000002")),)]) == [Committed()]
    with pytest.raises(StoreError, match=r"cannot write the journal: .*Input/output error"):
        journal.make_durable()
    assert journal.commit([(Insert(row("000003")),)]) == [Committed()]
