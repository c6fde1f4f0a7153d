"""Approvals of which nobody knows whether the terminal has them, and what answers that (ruling 2).

A terminal that was told "approved" prints its receipt, and one that was not reverses, or asks again. So UNCONFIRMED is
answered by the terminal's reversal, by a repeat whose answer was handed over, by batch totals that agree, by an
operator; and, only where the terminal's profile says that its terminals reverse before anything else, by the next
request: elsewhere a clerk who saw "failed" swipes again, and that very swipe must not hide the double charge.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from iso_gateway.protocol.commands import File
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.records import Change, Entry, Row, RowState
from iso_gateway.protocol.request import Request
from iso_gateway.protocol.story import Word, line
from iso_gateway.protocol.world import World


def confirming(rows: Iterable[Row], wall: datetime, why: str) -> Entry:
    """Return what confirms those of *rows* that are in question, and nothing else: matching batch totals do.

    *why* says so in their stories.
    """
    return tuple(_confirmed(row.id, wall, why) for row in rows if row.state is RowState.UNCONFIRMED)


def _confirmed(row_id: str, wall: datetime, why: str) -> Change:
    story = line(wall, Word.CONFIRMED, why)
    return Change(row_id, set={"state": RowState.DONE}, where={"state": RowState.UNCONFIRMED}, story=story)


class Questions:
    """What is in question."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.of: dict[tuple[str, str], set[str]] = {}
        """By merchant and terminal: the ids of its rows that are in question."""

    def ask(self, row: Row) -> None:
        """Note that *row* is in question; what is repeated and never reversed says nothing by what comes after."""
        if row.reversible:
            self.of.setdefault((row.merchant, row.terminal), set()).add(row.id)

    def answered(self, row: Row) -> None:
        """Note that *row* is in question no more."""
        of = self.of.get((row.merchant, row.terminal))
        if of is not None:
            of.discard(row.id)
            if not of:
                del self.of[row.merchant, row.terminal]

    def next_request(self, request: Request) -> None:
        """Confirm what is in question: a terminal that reverses first has sent something new."""
        if request.kind is Kind.REVERSAL:
            return
        why = "it went on without a reversal"
        for row_id in sorted(self.of.pop((request.merchant, request.terminal), ())):
            self._world.log("confirmed", id=row_id, terminal=request.terminal, cause=why)
            self._world.emit(File((_confirmed(row_id, self._world.now.wall, why),)))
