"""Old rows leave where nothing is open on them, in small steps, for good or to a file; and how much a row takes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from bench.store import BEGAN, answered, handed, sales
from iso_gateway.errors import StoreError
from iso_gateway.protocol.batch import Batch
from iso_gateway.protocol.records import Audit, Change, Insert, OriginalQuery, RowState, Search, Taken
from iso_gateway.store.journal import Committed, JournalStore
from iso_gateway.store.retiring import archive, figures
from iso_gateway.store.sqlite import SqliteJournal
from tests.protocol.test_records import ROW
from tests.store.test_contract import STORES, key, row

DAY = timedelta(days=1)
NEW = ROW.received + 40 * DAY


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest) -> Iterator[JournalStore]:
    opened = STORES[request.param]()
    yield opened
    opened.close()


def days(store: JournalStore, count: int, **columns: Any) -> None:
    """Add a closed row for each of *count* days."""
    named = {"state": RowState.DONE, **columns}
    rows = (row(f"{day:06}", received=ROW.received + day * DAY, **named) for day in range(count))
    assert store.commit([(Insert(each),) for each in rows]) == [Committed()] * count


def ids(store: JournalStore) -> list[str]:
    return [each.id for each in reversed(store.search(Search(limit=1000)))]


def test_the_oldest_go_a_few_at_a_time_and_nothing_of_them_remains(store: JournalStore) -> None:
    days(store, 10, rrn="R1", approval="A1", flags=("double? x",))
    before = ROW.received + 5 * DAY
    assert store.retire(before, 3) == 3
    assert ids(store) == [f"row-{day:06}" for day in range(3, 10)]
    assert store.retire(before, 3) == 2
    assert store.retire(before, 3) == 0
    assert ids(store) == [f"row-{day:06}" for day in range(5, 10)]
    assert store.find(key("000004"), OriginalQuery("M", "T", stan="000004", kinds=(ROW.kind,))) == (None, ())
    assert store.commit([(Insert(row("000004", id="again")),)]) == [Committed()]
    assert store.get("row-000004") is None
    found = store.find(None, OriginalQuery("M", "T", rrn="R1", kinds=(ROW.kind,)))[1]
    assert sorted(each.id for each in found) == [f"row-{day:06}" for day in range(5, 10)]
    assert len(store.search(Search(flagged=True))) == 5


def test_the_journal_says_from_when_on_it_has_every_row(store: JournalStore) -> None:
    days(store, 4)
    store.retire(ROW.received + 2 * DAY)
    assert store.since == ROW.received + 1 * DAY
    assert store.retire(ROW.received) == 0
    assert store.since == ROW.received + 1 * DAY


OPEN: list[dict[str, Any]] = [
    *({"state": state} for state in (RowState.SENDING, RowState.ANSWERED, RowState.UNCONFIRMED)),
    *({"state": state} for state in (RowState.OWES_REVERSAL, RowState.OWES_REPEAT, RowState.STUCK)),
    {"taken": Taken.VOID_IN_FLIGHT},
    {"reserved": 1},
]


@pytest.mark.parametrize("columns", OPEN, ids=repr)
def test_what_is_open_stays_however_old_and_goes_when_it_is_settled(
    store: JournalStore, columns: dict[str, Any]
) -> None:
    days(store, 3, **columns)
    assert store.retire(NEW) == 0
    settled = {"state": RowState.REVERSED, "taken": Taken.NO, "reserved": 0}
    store.commit([(Change("row-000001", set=settled),)])
    assert store.retire(NEW) == 1
    assert ids(store) == ["row-000000", "row-000002"]


def test_a_change_of_a_row_that_retired_meanwhile_fails_alone(store: JournalStore) -> None:
    days(store, 2)
    store.retire(ROW.received + DAY)
    outcomes = store.commit([(Change("row-000000", set={"code": "00"}),), (Change("row-000001", set={"code": "00"}),)])
    assert [isinstance(outcome, Committed) for outcome in outcomes] == [False, True]


def test_no_number_is_given_twice_though_all_have_left(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    store = SqliteJournal(path, ROW.received)
    days(store, 5)
    assert store.retire(NEW) == 5
    store.close()
    store = SqliteJournal(path, ROW.received)
    assert store.since == ROW.received + 4 * DAY
    store.commit([(Insert(row("000009")),)])
    assert store._known["row-000009"].seq == 6
    store.close()


def test_old_batches_go_and_the_last_of_each_terminal_stays(tmp_path: Path) -> None:
    store = SqliteJournal(tmp_path / "journal.db", ROW.received)
    batches = [Batch("M", "T", f"00000{day}", ROW.received, closed=ROW.received + day * DAY) for day in range(3)]
    store.commit([(each,) for each in [*batches, Batch("M", "U", "000001", ROW.received)]])
    store.retire(NEW)
    assert [(each.terminal, each.number) for each in store.batches()] == [("U", "000001"), ("T", "000002")]
    store.close()


# The archive


def test_an_archive_takes_what_is_old_and_closed_and_can_be_searched(tmp_path: Path) -> None:
    path, to = tmp_path / "journal.db", tmp_path / "2026.db"
    store = SqliteJournal(path, ROW.received)
    days(store, 6, rrn="R1", story="1 received\n")
    audit = Audit("a1", ROW.received, "till 3", "confirm", "row-000001", "seen")
    store.commit([(Change("row-000000", set={"state": RowState.STUCK}),), (audit,)])
    store.commit([(Change("row-000001", set={"code": "00"}, story="2 answered 00\n"),)])
    store.same_key(b"key")
    store.keep_dialect("d", b"data")
    moved = store.get("row-000001")
    assert archive(path, to, ROW.received + 3 * DAY) == 2
    assert ids(store) == ["row-000000", "row-000003", "row-000004", "row-000005"]
    assert archive(path, to, ROW.received + 3 * DAY) == 0
    kept = SqliteJournal(to, None)
    assert ids(kept) == ["row-000001", "row-000002"]
    assert kept.get("row-000001") == moved
    assert kept.audits() == [audit]
    assert kept.dialect("d") == b"data"
    query = OriginalQuery("M", "T", stan="000002", kinds=(ROW.kind,))
    assert [each.id for each in kept.find(None, query)[1]] == ["row-000002"]
    assert len(kept.search(Search(stan="000002"))) == 1
    kept.close()
    # Whoever runs on the journal sees at once that they have left.
    store.commit([(Insert(row("000009")),)])
    assert store.since == ROW.received + 2 * DAY
    store.close()


def test_an_archive_that_was_cut_off_is_finished_by_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, to = tmp_path / "journal.db", tmp_path / "2026.db"
    store = SqliteJournal(path, ROW.received)
    days(store, 4)
    with monkeypatch.context() as broken:
        broken.setattr("iso_gateway.store.retiring._deleted", lambda *_: (_ for _ in ()).throw(OSError("power")))
        with pytest.raises(StoreError, match="power"):
            archive(path, to, NEW)
    assert len(ids(store)) == 4
    assert archive(path, to, NEW) == 4
    store.close()
    kept = SqliteJournal(to, None)
    assert ids(kept) == [f"row-{day:06}" for day in range(4)]
    kept.close()


def test_another_file_is_no_archive(tmp_path: Path) -> None:
    store = SqliteJournal(tmp_path / "journal.db", ROW.received)
    other = sqlite3.connect(tmp_path / "other.db")
    other.execute("CREATE TABLE theirs (a)")
    other.close()
    days(store, 2)
    with pytest.raises(StoreError, match=r"cannot archive to .*other\.db: this is no journal"):
        archive(tmp_path / "journal.db", tmp_path / "other.db", NEW)
    assert len(ids(store)) == 2
    store.close()


# Growth

LARGEST_SALE = 1_200
"""Bytes of the file for a plain sale with its indexes, answer and story; docs/performance.md has what was measured."""


def test_a_sale_takes_no_more_of_the_disk_than_the_docs_say(tmp_path: Path) -> None:
    store = SqliteJournal(tmp_path / "journal.db", BEGAN)
    rows = sales()
    count = 1500
    for _ in range(count // 50):
        group = [next(rows) for _ in range(50)]
        for stage in ([(Insert(each),) for each in group], [answered(e) for e in group], [handed(e) for e in group]):
            assert store.commit(stage) == [Committed()] * 50
    store.close()
    said = figures(tmp_path / "journal.db")
    assert said["rows"] == count
    assert 500 < said["bytes_a_row"] < LARGEST_SALE
    assert (said["open"], said["damage"]) == (0, "none")


def test_room_that_rows_leave_is_used_again(tmp_path: Path) -> None:
    store = SqliteJournal(tmp_path / "journal.db", BEGAN)
    rows = sales()
    sizes = []
    for _ in range(6):
        group = [replace(next(rows), state=RowState.DONE) for _ in range(400)]
        store.commit([(Insert(each),) for each in group])
        while store.retire(group[-1].received + DAY):
            pass
        store._opened().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        sizes.append((tmp_path / "journal.db").stat().st_size)
    assert max(sizes) < 1.3 * sizes[0]
    store.close()
