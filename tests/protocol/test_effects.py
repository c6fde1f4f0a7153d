"""What a void or refund does to its original's row: held, kept, freed, undone, and always as it was in the end."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from iso_gateway.protocol import effects
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.records import Change, Insert, Row, RowState, Taken
from iso_gateway.store.journal import Committed, Refused
from iso_gateway.store.memory import MemoryJournal
from tests.protocol.test_records import ROW

SALE = replace(ROW, id="sale", amount=1000)


def journal(**columns: Any) -> MemoryJournal:
    """Return a journal with the sale in it."""
    journal = MemoryJournal()
    journal.commit([(Insert(replace(SALE, **columns)),)])
    return journal


def money(journal: MemoryJournal) -> tuple[str, int, int]:
    """Return how the sale stands: taken, returned, reserved."""
    row = journal.get("sale")
    assert row is not None
    return str(row.taken), row.returned, row.reserved


@pytest.mark.parametrize(
    ("kind", "held", "kept"),
    [
        (Kind.VOID, ("in flight", 0, 0), ("done", 0, 0)),
        (Kind.COMPLETION, ("in flight", 0, 0), ("done", 0, 0)),
        (Kind.REFUND, ("", 0, 300), ("", 300, 0)),
    ],
)
def test_what_is_held_is_kept_or_freed(kind: Kind, held: tuple[str, int, int], kept: tuple[str, int, int]) -> None:
    store = journal()
    store.commit([effects.hold(kind, 300, SALE)])
    assert money(store) == held
    store.commit([effects.free(kind, 300, "sale")])
    assert money(store) == ("", 0, 0)
    store.commit([effects.hold(kind, 300, SALE), effects.keep(kind, 300, "sale")])
    assert money(store) == kept


@pytest.mark.parametrize("kind", [Kind.VOID, Kind.REFUND])
@pytest.mark.parametrize("approved", [False, True])
def test_a_reversed_void_or_refund_leaves_a_standing_sale(kind: Kind, approved: bool) -> None:  # noqa: FBT001
    store = journal()
    store.commit([effects.hold(kind, 300, SALE)])
    if approved:
        store.commit([effects.keep(kind, 300, "sale")])
    later = replace(ROW, id="later", kind=kind, amount=300, original="sale", approved=approved)
    store.commit([effects.undo(later)])
    assert money(store) == ("", 0, 0)


@pytest.mark.parametrize(
    "columns",
    [
        {"state": RowState.OWES_REVERSAL},
        {"state": RowState.REVERSED},
        {"taken": Taken.IN_FLIGHT},
        {"taken": Taken.DONE},
        {"reserved": 1},
        {"returned": 1},
    ],
)
@pytest.mark.parametrize("kind", [Kind.VOID, Kind.REFUND])
def test_whoever_comes_second_gets_a_conflict(kind: Kind, columns: dict[str, Any]) -> None:
    store = journal(**columns)
    before = store.get("sale")
    (outcome,) = store.commit([effects.hold(kind, 300, SALE)])
    assert isinstance(outcome, Refused)
    assert store.get("sale") == before


def test_two_refunds_one_after_the_other_both_fit() -> None:
    store = journal()
    store.commit([effects.hold(Kind.REFUND, 300, SALE), effects.keep(Kind.REFUND, 300, "sale")])
    row: Row | None = store.get("sale")
    assert row is not None
    assert store.commit([effects.hold(Kind.REFUND, 300, row)]) == [Committed()]


def test_a_kind_without_original_touches_nothing() -> None:
    assert effects.hold(Kind.SALE, 300, SALE) == ()
    assert effects.keep(Kind.REFUND, 300, "") == effects.free(Kind.VOID, 300, "") == ()
    assert effects.undo(ROW) == ()


def test_a_hold_names_what_must_not_have_changed() -> None:
    (change,) = effects.hold(Kind.REFUND, 300, replace(SALE, returned=200))
    assert isinstance(change, Change)
    assert change.where["returned"] == 200
