"""The journal in memory keeps to its bound, and what is open stays."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from iso_gateway.protocol.records import Change, Insert, OriginalQuery, Row, RowState, Taken
from iso_gateway.store.memory import SAME_NAME, MemoryJournal
from tests.protocol.test_records import ROW


def numbered(number: int, **columns: Any) -> Row:
    """Return the *number*-th row."""
    stan = f"{number:06}"
    named = {"id": f"row-{number}", "claims": (("M", "T", "", stan, "sale"),), "stan": stan, "rrn": f"{number:012}"}
    named["state"] = RowState.DONE
    return replace(ROW, **{**named, **columns})


def fill(store: MemoryJournal, first: int, last: int, **columns: Any) -> None:
    for number in range(first, last + 1):
        store.commit([(Insert(numbered(number, **columns)),)])


@pytest.mark.parametrize("bound", [1, 5, 20, 100])
def test_the_oldest_rows_go_and_nothing_of_them_remains(bound: int) -> None:
    store = MemoryJournal(bound)
    fill(store, 1, 3 * bound)
    assert len(store) <= bound
    assert store.get(f"row-{3 * bound}") is not None
    assert store.get("row-1") is None
    assert store.find(("M", "T", "", "000001", "sale"), None) == (None, ())
    for asked in ({"stan": "000001"}, {"rrn": f"{1:012}"}):
        query = OriginalQuery("M", "T", kinds=(ROW.kind,), **asked)  # type: ignore[arg-type]
        assert store.find(None, query) == (None, ())


@pytest.mark.parametrize(
    "columns",
    [
        {"state": RowState.SENDING},
        {"state": RowState.ANSWERED},
        {"state": RowState.OWES_REVERSAL},
        {"state": RowState.OWES_REPEAT},
        {"state": RowState.STUCK},
        {"state": RowState.UNCONFIRMED},
        {"taken": Taken.VOID_IN_FLIGHT},
        {"reserved": 100},
    ],
)
def test_a_row_on_which_something_is_open_never_goes(columns: dict[str, Any]) -> None:
    store = MemoryJournal(20)
    fill(store, 1, 5, **columns)
    fill(store, 6, 100)
    assert all(store.get(f"row-{number}") is not None for number in range(1, 6))
    assert len(store) <= 20


def test_where_the_oldest_are_all_open_the_next_ones_go() -> None:
    store = MemoryJournal(20)
    fill(store, 1, 10, state=RowState.STUCK)
    fill(store, 11, 200)
    assert len(store) <= 20


def test_nothing_open_is_dropped_for_the_bound_and_looking_for_room_stays_rare() -> None:
    store = MemoryJournal(20)
    fill(store, 1, 60, state=RowState.STUCK)
    assert len(store) == 60
    store.commit([(Change(f"row-{number}", set={"state": RowState.REVERSED}),) for number in range(1, 61)])
    fill(store, 61, 70)
    assert len(store) <= 20


NAMED_ALIKE: dict[str, dict[str, Any]] = {
    "RRN": {"rrn": "000000000001", "approval": ""},
    "approval code": {"rrn": "", "approval": "000001"},
    "STAN": {"stan": "000001", "rrn": "", "approval": ""},
}


@pytest.mark.parametrize("columns", NAMED_ALIKE.values(), ids=NAMED_ALIKE.keys())
def test_a_host_or_terminal_that_names_everything_alike_does_not_make_the_journal_slow(columns: dict[str, Any]) -> None:
    store = MemoryJournal(1000)
    fill(store, 1, 990, **columns)
    (by_name,) = [index for index in (store._by_stan, store._by_rrn, store._by_approval) if len(index) == 1]
    assert [len(names) for names in by_name.values()] == [SAME_NAME]
    asked = {"rrn": columns["rrn"], "stan": columns.get("stan", ""), "approval": columns["approval"]}
    same, found = store.find(None, OriginalQuery("M", "T", kinds=(ROW.kind,), card=ROW.card_hash, **asked))
    assert same is None
    assert [row.id for row in found] == [f"row-{number}" for number in range(991 - SAME_NAME, 991)]
    fill(store, 991, 5000, **columns)
    assert len(store) <= 1000
    assert [len(names) for names in by_name.values()] == [SAME_NAME]


def test_a_closed_journal_has_forgotten_everything() -> None:
    store = MemoryJournal()
    fill(store, 1, 3)
    store.close()
    assert len(store) == 0
    assert store.find(("M", "T", "", "000001", "sale"), OriginalQuery("M", "T", rrn=f"{1:012}")) == (None, ())
