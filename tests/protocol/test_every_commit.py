"""Promise 1 at every commit: each kind of transaction, with the journal failing, doubting or dying at each of them."""

from __future__ import annotations

from itertools import count, product
from typing import Final

import pytest

from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.records import APPROVED, HELD, RowState, Taken
from tests.support.deaths import FAULTS, Mortal, Story

KINDS: Final = (
    Kind.SALE,
    Kind.PREAUTH,
    Kind.VOID,
    Kind.REFUND,
    Kind.PREAUTH_CANCEL,
    Kind.COMPLETION,
    Kind.COMPLETION_ADVICE,
    Kind.COMPLETION_CANCEL,
    Kind.ADVICE,
    Kind.BALANCE,
    Kind.REVERSAL,
)
THEN: Final = ("asks again", "reverses", "goes away")


def dialects() -> list[tuple[str, str]]:
    return [("iso87-ascii", "iso87-ascii"), ("cup-pos", "cup-pos"), ("cup-pos", "iso87-ascii")]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("terminal", "host"), dialects())
def test_no_commit_loses_money_or_doubles_it(terminal: str, host: str, kind: Kind, fault: str) -> None:
    for lost, then in product((False, True), THEN):
        if then == "reverses" and kind in {Kind.REVERSAL, Kind.BALANCE}:
            continue
        for point in count():
            desk = Mortal(terminal, host, fault)
            if desk.terminal_dialect.profile.row(kind) is None or desk.host_dialect.profile.row(kind) is None:
                return
            story = Story(desk, kind, point, then, lost=lost)
            if not desk.happened:
                break
            judge(story, f"{kind} at commit {point}, the answer {'lost' if lost else 'came'}, the terminal {then}")


def judge(story: Story, where: str) -> None:
    """The host's books, the journal and what the terminal read tell of one and the same."""
    desk, booked = story.desk, story.booked
    assert not desk.node.owing.debts, where
    assert not desk.node.flow.requests, where
    assert not desk.rows(RowState.SENDING, RowState.OWES_REVERSAL, RowState.OWES_REPEAT), where
    if story.kind is Kind.REVERSAL:
        return judge_reversal(story, where)
    if story.kind is Kind.BALANCE:
        return None
    assert len(booked) <= 1, f"doubled: {where}"
    states = [row.state for row in story.rows]
    assert len(states) <= 1, where
    state = states[0] if states else None
    if booked:
        assert state in {*APPROVED, RowState.NOTED, RowState.STUCK}, f"lost: {state}, {where}"
        told = "00" in story.codes
        assert told or state in {RowState.UNCONFIRMED, RowState.STUCK}, f"nobody knows of it: {state}, {where}"
        assert not story.reversed or state is RowState.STUCK, where
    else:
        assert state in {None, RowState.REVERSED, RowState.DECLINED, RowState.STUCK}, f"{state}, {where}"
        assert "00" not in story.codes or story.reversed, f"a receipt for nothing: {where}"
    judge_original(story, standing=bool(booked), where=where)
    return None


def judge_reversal(story: Story, where: str) -> None:
    """What the terminal was told is reversed is reversed; what it gave up asking for may stand."""
    (sale,) = (each for each in story.desk.host.ledger if each.kind is Kind.SALE)
    row = story.named
    assert row is not None
    if story.codes[-1] == "00":
        assert not sale.stands, where
    assert row.state is (RowState.DONE if sale.stands else RowState.REVERSED), where


def judge_original(story: Story, *, standing: bool, where: str) -> None:
    """The row of what it names is held by nothing, and used up by what stands."""
    original = story.named
    if original is None or any(row.state is RowState.STUCK for row in story.rows):
        return
    assert original.taken not in HELD, where
    assert original.reserved == 0, f"{original.reserved}, {where}"
    if story.kind is Kind.REFUND:
        assert original.returned == (original.amount if standing else 0), f"{original.returned}, {where}"
    else:
        assert (original.taken is not Taken.NO) == standing, f"{original.taken}, {where}"
