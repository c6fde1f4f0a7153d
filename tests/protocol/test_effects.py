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


def later(kind: Kind, amount: int = 300, **columns: Any) -> Row:
    """Return the row of a request that names the sale."""
    return replace(ROW, id="later", kind=kind, amount=amount, original="sale", **columns)


@pytest.mark.parametrize(
    ("kind", "held", "kept"),
    [
        (Kind.VOID, ("void in flight", 0, 0), ("voided", 0, 0)),
        (Kind.REFUND, ("", 0, 300), ("", 300, 0)),
    ],
)
def test_what_is_held_is_kept_or_freed_and_held_again_when_its_reversal_is_owed(
    kind: Kind, held: tuple[str, int, int], kept: tuple[str, int, int]
) -> None:
    store = journal()
    store.commit([effects.hold(kind, 300, SALE)])
    assert money(store) == held
    store.commit([effects.free(later(kind))])
    assert money(store) == ("", 0, 0)
    store.commit([effects.hold(kind, 300, SALE), effects.keep(later(kind), 300)])
    assert money(store) == kept
    store.commit([effects.owe(later(kind, approved=True))])
    assert money(store) == held
    store.commit([effects.undo(later(kind, approved=True))])
    assert money(store) == ("", 0, 0)


def test_an_approval_that_the_journal_never_heard_of_still_holds() -> None:
    assert effects.owe(later(Kind.VOID, approved=False)) == ()


def test_of_a_refund_that_was_approved_in_part_the_rest_can_be_refunded() -> None:
    store = journal()
    store.commit([effects.hold(Kind.REFUND, 300, SALE), effects.keep(later(Kind.REFUND), 200)])
    assert money(store) == ("", 200, 0)


@pytest.mark.parametrize(
    "columns",
    [
        {"state": RowState.OWES_REVERSAL},
        {"state": RowState.REVERSED},
        {"taken": Taken.VOID_IN_FLIGHT},
        {"taken": Taken.VOIDED},
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
    store.commit([effects.hold(Kind.REFUND, 300, SALE), effects.keep(later(Kind.REFUND), 300)])
    row: Row | None = store.get("sale")
    assert row is not None
    assert store.commit([effects.hold(Kind.REFUND, 300, row)]) == [Committed()]


def test_a_kind_without_original_touches_nothing() -> None:
    assert effects.hold(Kind.SALE, 300, SALE) == ()
    nameless = replace(later(Kind.VOID, approved=True), original="")
    assert effects.keep(nameless, 300) == effects.free(nameless) == effects.owe(nameless) == ()
    assert effects.undo(ROW) == ()


def test_an_inquiry_holds_nothing() -> None:
    inquiry = later(Kind.INQUIRY, approved=True)
    assert effects.hold(Kind.INQUIRY, 300, SALE) == ()
    assert effects.keep(inquiry, 300) == effects.free(inquiry) == effects.owe(inquiry) == ()


@pytest.mark.parametrize(("kind", "left"), [(Kind.ADJUSTMENT, 1000), (Kind.REVERSAL, 300)])
def test_an_adjustment_lets_go_again_and_a_partial_reversal_leaves_the_rest(kind: Kind, left: int) -> None:
    store = journal()
    store.commit([effects.hold(kind, 300, SALE)])
    assert money(store)[0] == "adjustment in flight"
    assert not effects.owe(later(kind, approved=True))
    store.commit([effects.free(later(kind))])
    assert money(store) == ("", 0, 0)
    store.commit([effects.hold(kind, 300, SALE), effects.keep(later(kind), 1000)])
    sale = store.get("sale")
    assert sale is not None
    assert (sale.taken, sale.amount) == (Taken.NO, left)


def test_a_hold_names_what_must_not_have_changed() -> None:
    (change,) = effects.hold(Kind.REFUND, 300, replace(SALE, returned=200))
    assert isinstance(change, Change)
    assert change.where["returned"] == 200
