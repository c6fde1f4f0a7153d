"""What an operator may do to a row: every act in every state, done or refused in words."""

from __future__ import annotations

from itertools import product
from typing import Any, Final

import pytest
from msgspec.structs import replace

from iso_gateway.protocol.acts import LONGEST_REASON, REFUSALS, Act, Deed, Refusal, entry_for
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.records import Audit, Change, Insert, Row, RowState, Taken
from tests.support.desk import NOON, Desk

DONE: Final[dict[tuple[Act, RowState], RowState]] = {
    (Act.RESEND, RowState.STUCK): RowState.OWES_REVERSAL,
    (Act.RESEND, RowState.OWES_REVERSAL): RowState.OWES_REVERSAL,
    (Act.RESEND, RowState.OWES_REPEAT): RowState.OWES_REPEAT,
    (Act.WRITE_OFF, RowState.STUCK): RowState.WRITTEN_OFF,
    (Act.CONFIRM, RowState.UNCONFIRMED): RowState.DONE,
    (Act.REVERSE, RowState.UNCONFIRMED): RowState.OWES_REVERSAL,
}
"""What is done, and the state that it leads to; all else is refused."""


def a_row(**columns: Any) -> Row:
    desk = Desk()
    desk.sale()
    return replace(desk.row(), **columns)


def wanted(act: Act, row: Row, reason: str = "host confirmed by phone") -> Deed | Refusal:
    return entry_for(act, row, "eve", reason, at=NOON, audit="audit-1")


@pytest.mark.parametrize(("act", "state"), list(product(Act, RowState)))
def test_every_act_in_every_state(act: Act, state: RowState) -> None:
    row = a_row(state=state)
    deed = wanted(act, row)
    if (act, state) == (Act.RESUBMIT, RowState.DONE):
        assert isinstance(deed, Deed)
        changed, owed, audit = deed.entry
        assert isinstance(changed, Change)
        assert (changed.set, changed.where["state"]) == ({}, RowState.DONE)
        assert owed == Insert(deed.row)
        assert (deed.row.state, deed.row.original, deed.row.id) == (RowState.OWES_REPEAT, row.id, "audit-1-r")
        assert audit == Audit("audit-1", NOON, "eve", "resubmit", row.id, "host confirmed by phone")
        return
    if (act, state) not in DONE:
        assert isinstance(deed, Refusal)
        assert deed.text == REFUSALS[act, state]
        return
    assert (act, state) not in REFUSALS
    assert isinstance(deed, Deed)
    assert deed.row.state is DONE[act, state]
    change, audit = deed.entry[0], deed.entry[-1]
    assert isinstance(change, Change)
    assert change.id == row.id
    assert change.where["state"] is state
    assert replace(row, **change.set) == deed.row
    assert audit == Audit("audit-1", NOON, "eve", str(act), row.id, "host confirmed by phone")


def test_a_stuck_repeat_is_owed_as_a_repeat_again() -> None:
    deed = wanted(Act.RESEND, a_row(state=RowState.STUCK, reversible=False))
    assert isinstance(deed, Deed)
    assert deed.row.state is RowState.OWES_REPEAT


@pytest.mark.parametrize(
    ("kind", "approved", "change"),
    [
        (Kind.VOID, False, Change("sale", set={"taken": Taken.NO})),
        (Kind.REFUND, False, Change("sale", add={"reserved": -1234})),
        (Kind.REFUND, True, Change("sale", add={"reserved": -1234})),  # held again since its reversal was owed
    ],
)
def test_what_is_written_off_frees_what_it_named(kind: Kind, approved: bool, change: Change) -> None:  # noqa: FBT001
    row = a_row(state=RowState.STUCK, kind=kind, original="sale", approved=approved)
    deed = wanted(Act.WRITE_OFF, row)
    assert isinstance(deed, Deed)
    assert deed.entry[1] == change


@pytest.mark.parametrize(
    "columns",
    [
        {"taken": Taken.VOID_IN_FLIGHT},
        {"taken": Taken.VOIDED},
        {"reserved": 1},
        {"returned": 1},
        {"reversible": False},
        {"host": None},
    ],
)
def test_what_was_taken_back_or_is_being_taken_back_is_not_reversed_besides(columns: dict[str, Any]) -> None:
    assert isinstance(wanted(Act.REVERSE, a_row(state=RowState.UNCONFIRMED, **columns)), Refusal)


def test_a_void_that_is_to_be_reversed_holds_its_sale_again() -> None:
    deed = wanted(Act.REVERSE, a_row(state=RowState.UNCONFIRMED, kind=Kind.VOID, original="sale"))
    assert isinstance(deed, Deed)
    assert deed.entry[1] == Change("sale", set={"taken": Taken.VOID_IN_FLIGHT})


def test_a_reversal_holds_only_for_the_row_as_it_was_judged() -> None:
    deed = wanted(Act.REVERSE, a_row(state=RowState.UNCONFIRMED, replays=2))
    assert isinstance(deed, Deed)
    assert isinstance(deed.entry[0], Change)
    assert deed.entry[0].where == {
        "state": RowState.UNCONFIRMED,
        "taken": Taken.NO,
        "returned": 0,
        "reserved": 0,
        "replays": 2,
    }


@pytest.mark.parametrize("reason", ["", "  ", "x" * (LONGEST_REASON + 1)])
def test_nothing_is_done_without_a_reason_that_fits(reason: str) -> None:
    assert isinstance(wanted(Act.RESEND, a_row(state=RowState.STUCK), reason), Refusal)
