"""The journal's file: one writer, no damage, no other version, nothing lost when the process is."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading  # noqa: TID251 -- readers beside a writer
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from iso_gateway.errors import StoreError
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.records import Change, Insert, OriginalQuery, Row, RowState
from iso_gateway.store import migrations, reading, schema
from iso_gateway.store.journal import Committed, Refused
from iso_gateway.store.lock import Held
from iso_gateway.store.packing import BODY
from iso_gateway.store.sqlite import REMEMBERED, SqliteJournal
from tests.protocol.test_records import ROW
from tests.store.test_contract import key, row

VERSION_1 = Path(__file__).with_name("version_1.sql")


def rewritten(path: Path, *statements: str) -> None:
    """Run *statements* on the file as somebody else would."""
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    connection.close()


def test_only_its_owner_may_read_the_file(journal: SqliteJournal, path: Path) -> None:
    journal.commit([(Insert(row()),)])
    for name in ("journal.db", "journal.db-wal", "journal.db.lock"):
        assert (path.with_name(name).stat().st_mode & 0o077) == 0, name


# One writer


def test_a_second_writer_is_refused_and_hears_who_has_it(journal: SqliteJournal, path: Path) -> None:
    with pytest.raises(Held, match=rf"process {os.getpid()} on .*, running since 2026-11-20T12:00:00\+00:00, has"):
        SqliteJournal(path, ROW.received)
    assert journal.commit([(Insert(row()),)]) == [Committed()]
    journal.close()
    again = SqliteJournal(path, ROW.received)
    assert again.get("row-000001") == row()
    again.close()


def test_who_only_reads_needs_no_lock_and_sees_each_commit(journal: SqliteJournal, path: Path) -> None:
    reader = SqliteJournal(path, None)
    assert reader.get("row-000001") is None
    journal.commit([(Insert(row()),)])
    assert reader.get("row-000001") == row()
    with pytest.raises(StoreError, match="opened to be read"):
        reader.commit([(Insert(row("000002")),)])
    with pytest.raises(StoreError, match="cannot open"):
        SqliteJournal(path.with_name("none.db"), None)
    assert not path.with_name("none.db").exists()
    reader.close()


HOLD = """
import sys, time
from tests.protocol.test_records import ROW
from tests.store.test_contract import row
from iso_gateway.protocol.records import Insert
from iso_gateway.store.sqlite import SqliteJournal
journal = SqliteJournal(sys.argv[1], ROW.received)
journal.commit([(Insert(row()),)])
print("committed", flush=True)
journal._opened().execute("BEGIN IMMEDIATE")
journal._opened().execute("DELETE FROM rows")
time.sleep(60)
"""


def test_after_a_kill_the_lock_is_free_and_what_was_committed_is_there(path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLD, path], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"committed\n"
        with pytest.raises(Held, match=f"process {process.pid} "):
            SqliteJournal(path, ROW.received)
        process.send_signal(signal.SIGKILL)
    journal = SqliteJournal(path, ROW.received)
    assert journal.get("row-000001") == row()
    assert journal.find(key("000001"), None) == (row(), ())
    journal.close()


def test_what_another_process_wrote_beside_is_seen(journal: SqliteJournal, path: Path) -> None:
    journal.commit([(Insert(row()),)])
    rewritten(path, "DELETE FROM rows", "DELETE FROM claims")
    (outcome,) = journal.commit([(Change("row-000001", set={"code": "00"}),)])
    assert not isinstance(outcome, Committed)
    assert journal.commit([(Insert(row(id="another")),)]) == [Committed()]


def test_a_row_is_changed_also_when_newer_ones_have_crowded_it_out(journal: SqliteJournal) -> None:
    count = REMEMBERED + 10
    journal.commit([(Insert(row(f"{number:06}", story="1 received\n")),) for number in range(count)])
    twice = (Change("row-000000", set={"code": "00", "rrn": "R"}, story="2 answered\n"),)
    assert journal.commit([twice, (Change("row-000000", set={"state": RowState.DONE}, story="3 done\n"),)])
    assert len(journal._known) <= REMEMBERED + 1
    expected = row("000000", code="00", rrn="R", state=RowState.DONE, story="1 received\n2 answered\n3 done\n")
    assert journal.get("row-000000") == expected


def test_many_conflicts_in_large_groups_answer_each_its_own_caller(journal: SqliteJournal) -> None:
    journal.commit([(Insert(row(f"{number:06}")),) for number in range(0, 300, 3)])
    outcomes = journal.commit([(Insert(row(f"{number:06}", id=f"new-{number}")),) for number in range(300)])
    assert [isinstance(outcome, Refused) for outcome in outcomes] == [number % 3 == 0 for number in range(300)]


def test_readers_in_several_threads_do_not_wait_for_a_commit(journal: SqliteJournal) -> None:
    journal.commit([(Insert(row()),)])
    found: list[Row | None] = []
    with journal._writing:
        threads = [threading.Thread(target=lambda: found.append(journal.get("row-000001"))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
    assert found == [row()] * 4


@pytest.mark.usefixtures("journal")
def test_a_second_writer_is_refused_by_whatever_link_it_comes(path: Path) -> None:
    other = path.parent / "elsewhere"
    other.mkdir()
    (other / "link.db").symlink_to(path)
    with pytest.raises(Held, match=f"process {os.getpid()}"):
        SqliteJournal(other / "link.db", ROW.received)
    (other / "hard.db").hardlink_to(path)
    with pytest.raises(StoreError, match=r"second name \(a hard link\)"):
        SqliteJournal(other / "hard.db", ROW.received)


# The file goes away under us


@pytest.mark.parametrize("name", ["journal.db", "journal.db-wal"])
@pytest.mark.parametrize("how", ["removed", "replaced"])
def test_nothing_is_committed_to_a_file_that_has_no_name_any_more(
    journal: SqliteJournal, path: Path, name: str, how: str
) -> None:
    journal.commit([(Insert(row()),)])
    file, away = path.with_name(name), path.with_name("away")
    file.rename(away)
    if how == "replaced":
        file.write_bytes(away.read_bytes())
    for number in ("000002", "000003"):
        with pytest.raises(StoreError, match=rf"{name} was removed, moved or replaced while it is in use; put that"):
            journal.commit([(Insert(row(number)),)])
    away.rename(file)
    assert journal.commit([(Insert(row("000002")),)]) == [Committed()]
    assert journal.get("row-000001") == row()


def test_no_empty_journal_comes_where_one_was(journal: SqliteJournal, path: Path) -> None:
    journal.commit([(Insert(row()),)])
    path.unlink()
    while journal._readers:
        journal._readers.pop().close()
    with pytest.raises(StoreError, match="was removed"):
        journal.get("row-000001")
    assert not path.exists()


# What is no journal of ours


@pytest.mark.parametrize("what", ["pipe", "device", "folder"])
def test_what_is_no_plain_file_is_refused(path: Path, what: str) -> None:
    if what == "pipe":
        os.mkfifo(path)
    elif what == "device":
        path.symlink_to("/dev/null")
    else:
        path.mkdir()
    for now in (ROW.received, None):
        with pytest.raises(StoreError, match=r"journal.db: this is no plain file; name another"):
            SqliteJournal(path, now)


def test_another_database_is_left_alone(path: Path) -> None:
    rewritten(path, "CREATE TABLE theirs (a)")
    with pytest.raises(StoreError, match="no journal of iso-gateway; name another file"):
        SqliteJournal(path, ROW.received)
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT name FROM sqlite_schema").fetchall() == [("theirs",)]
    connection.close()


def test_a_newer_version_is_refused_by_name(journal: SqliteJournal, path: Path) -> None:
    journal.close()
    rewritten(path, f"PRAGMA user_version = {schema.VERSION + 1}")
    for now in (ROW.received, None):
        with pytest.raises(StoreError, match=f"journal.db: .*is of version {schema.VERSION + 1}.*run the newer"):
            SqliteJournal(path, now)


@pytest.mark.parametrize("damage", ["cut", "scribbled", "text"])
def test_a_damaged_file_is_refused_with_what_to_do(path: Path, damage: str) -> None:
    journal = SqliteJournal(path, ROW.received)
    journal.commit([(Insert(row(f"{number:06}")),) for number in range(300)])
    journal.close()
    content = path.read_bytes()
    changed = {
        "cut": content[: len(content) // 2],
        "scribbled": content[:4096] + b"\xaa" * 8192 + content[12288:],
        "text": b"no database at all, but long enough to be looked at" * 100,
    }
    path.write_bytes(changed[damage])
    with pytest.raises(StoreError, match=r"journal.db: .*damaged \(.*restore the last copy.*\.recover"):
        SqliteJournal(path, ROW.received)
    assert path.read_bytes() == changed[damage]


# Versions


def kept_in_version_1() -> list[Row]:
    """Return the rows that the file of version 1 was made of."""
    return [
        row("000001", state=RowState.DONE, rrn="R1", approval="A1", code="00", answer={"a": "b", "c": b"\xff"},
            story="1 received\n2 answered 00\n3 delivered\n"),
        row("000002", state=RowState.STUCK, kind=Kind.VOID, claims=(), flags=("double? row-000001",)),
    ]  # fmt: skip


def test_a_journal_of_version_1_is_read_as_it_was_written(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.executescript(VERSION_1.read_text())
    connection.close()
    journal = SqliteJournal(path, ROW.received)
    assert [journal.get(each.id) for each in kept_in_version_1()] == kept_in_version_1()
    assert journal.find(key("000001"), None)[0] == kept_in_version_1()[0]
    found = journal.find(None, OriginalQuery("M", "T", stan="000002", kinds=(Kind.VOID,)))
    assert found == (None, (kept_in_version_1()[1],))
    assert journal.since == ROW.received
    assert journal.commit([(Insert(row("000003")),)]) == [Committed()]
    assert [each.id for each in journal.in_states(frozenset(RowState))] == ["row-000001", "row-000002", "row-000003"]
    journal.close()


def test_a_journal_of_version_1_is_brought_up_to_the_tables_of_today(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.executescript(VERSION_1.read_text())
    connection.close()
    SqliteJournal(path, ROW.received).close()
    new = path.with_name("new.db")
    SqliteJournal(new, ROW.received).close()
    assert in_words(path) == in_words(new)


def in_words(path: Path) -> set[tuple[str, str]]:
    """Return the tables and indexes of the journal at *path*, each as it was made."""
    with closing(sqlite3.connect(path)) as connection:
        made = connection.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL")
        return {(name, " ".join(sql.split())) for name, sql in made}


def test_a_code_of_approval_is_found_on_whatever_shelf_its_row_is(journal: SqliteJournal) -> None:
    shelf = 1 << schema.SHELF
    for number in (1, 2, shelf, shelf + 1, 5 * shelf - 1):
        journal._next_seq = number
        new = row(f"{number:06}")
        journal.commit([(Insert(new),)])
        journal.commit([(Change(new.id, set={"approval": "000000", "approved": True}),)])
    _, found = journal.find(None, OriginalQuery("M", "T", approval="000000", card=b"hash", kinds=(Kind.SALE,)))
    assert [each.stan for each in found] == [f"{number:06}" for number in (1, 2, shelf, shelf + 1, 5 * shelf - 1)]


def test_a_code_that_every_sale_has_is_looked_for_among_the_newest(
    journal: SqliteJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "LOOKED_AT", 3)
    journal._next_seq = (1 << schema.SHELF) - 2
    for number in range(1, 6):
        new = row(f"{number:06}")
        journal.commit([(Insert(new),)])
        journal.commit([(Change(new.id, set={"approval": "000000", "approved": True}),)])
    _, found = journal.find(None, OriginalQuery("M", "T", approval="000000", card=b"hash", kinds=(Kind.SALE,)))
    assert [each.stan for each in found] == ["000003", "000004", "000005"]


def test_no_shelf_is_looked_through_without_its_index(journal: SqliteJournal, path: Path) -> None:
    journal.close()
    with closing(sqlite3.connect(path)) as connection:
        plan = connection.execute(f"EXPLAIN QUERY PLAN {reading._ON_SHELF}", (0, "000000", 1)).fetchall()
    assert [step[3] for step in plan] == ["SEARCH later USING COVERING INDEX later_approval (<expr>=? AND approval=?)"]


def test_a_step_to_the_next_version_is_taken_whole_or_not_at_all(
    journal: SqliteJournal, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.commit([(Insert(row()),)])
    journal.close()
    monkeypatch.setattr(migrations, "VERSION", schema.VERSION + 1)
    monkeypatch.setitem(migrations.STEPS, schema.VERSION, ("CREATE TABLE new (a)", "DROP TABLE nobodys"))
    with pytest.raises(StoreError, match="no such table: nobodys"):
        SqliteJournal(path, ROW.received)
    assert "new" not in tables(path)
    monkeypatch.setitem(migrations.STEPS, schema.VERSION, ("CREATE TABLE new (a)",))
    with pytest.raises(StoreError, match="older version"):
        SqliteJournal(path, None)
    later = SqliteJournal(path, ROW.received)
    assert later.get("row-000001") == row()
    later.close()
    assert "new" in tables(path)


def tables(path: Path) -> set[str]:
    connection = sqlite3.connect(path)
    names = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema")}
    connection.close()
    return names


def test_every_column_of_a_row_is_kept() -> None:
    """A new column goes to the end of BODY: an older journal's rows just do not have it."""
    in_the_table = {"id", "kind", "state", "merchant", "terminal", "stan", "batch", "amount", "card_hash", "received"}
    assert sorted(Row.__struct_fields__) == sorted({*BODY, *in_the_table, "story"})
    assert BODY[:9] == (
        *("claims", "fingerprint", "mti", "currency", "pan", "card", "transmitted", "business_date", "host"),
    )


# The key


def test_a_journal_knows_the_key_of_its_rows(journal: SqliteJournal, path: Path) -> None:
    assert journal.same_key(b"one")
    assert journal.same_key(b"one")
    assert not journal.same_key(b"two")
    journal.close()
    again = SqliteJournal(path, ROW.received)
    assert (again.same_key(b"two"), again.same_key(b"one")) == (False, True)
    again.close()


# Failures


class Failing:
    """A connection that fails at one statement, before or after it has its effect."""

    def __init__(self, real: sqlite3.Connection, at: str, *, after: bool) -> None:
        self._real, self._at, self._after = real, at, after

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def execute(self, statement: str, *values: Any) -> Any:
        if self._after or not statement.startswith(self._at):
            said = self._real.execute(statement, *values)
        if statement.startswith(self._at):
            raise sqlite3.OperationalError("disk I/O error")
        return said


def fail(journal: SqliteJournal, at: str, *, after: bool = False) -> None:
    journal._writer = Failing(journal._opened(), at, after=after)  # type: ignore[assignment]


@pytest.mark.parametrize("at", ["BEGIN", "INSERT", "PRAGMA data_version", "COMMIT"])
def test_after_an_error_nothing_stays_and_the_next_commit_works(journal: SqliteJournal, at: str) -> None:
    journal.commit([(Insert(row()),)])
    fail(journal, at)
    with pytest.raises(StoreError, match="cannot write the journal: disk I/O error"):
        journal.commit([(Insert(row("000002")),)])
    journal._writer = getattr(journal._writer, "_real", journal._writer)
    assert journal.get("row-000002") is None
    assert journal.commit([(Insert(row("000002")),)]) == [Committed()]


def test_a_commit_that_failed_and_is_there_all_the_same_is_no_failure(journal: SqliteJournal) -> None:
    journal.commit([(Insert(row()),)])
    fail(journal, "COMMIT", after=True)
    change = Change("row-000001", set={"code": "00"})
    assert journal.commit([(change,), (Insert(row("000002")),)]) == [Committed(), Committed()]
    assert journal.get("row-000001") == row(code="00")
    assert journal.get("row-000002") == row("000002")


def test_a_full_disk_fails_the_group_and_room_lets_it_through(journal: SqliteJournal) -> None:
    journal.commit([(Insert(row()),)])
    (pages,) = journal._opened().execute("PRAGMA page_count").fetchone()
    journal._opened().execute(f"PRAGMA max_page_count = {pages}")
    group = [(Insert(row(f"{number:06}", story="x" * 1000)),) for number in range(10, 60)]
    with pytest.raises(StoreError, match="database or disk is full"):
        journal.commit(group)
    assert journal.get("row-000010") is None
    journal._opened().execute("PRAGMA max_page_count = 1000000")
    assert journal.commit(group) == [Committed()] * 50


def test_a_lock_on_the_file_fails_the_group_and_passes(
    journal: SqliteJournal, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("iso_gateway.store.sqlite.BUSY", 0.01)
    journal._let_go()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="database is locked"):
        journal.commit([(Insert(row()),)])
    other.execute("ROLLBACK")
    other.close()
    assert journal.commit([(Insert(row()),)]) == [Committed()]
