"""The host's ledger through an admin socket: page by page, from a mark on, and again while debts are paid."""

# ruff: noqa: ARG001 -- trio takes its clock from the test's arguments

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from iso_gateway.admin.server import serve_admin
from iso_gateway.cli.fleet.host_ledger import SETTLING, HostLedger
from iso_gateway.protocol.kinds import Kind
from iso_gateway.terminal.fleet.agreement import Agreement
from iso_gateway.terminal.fleet.course import Course
from iso_gateway.terminal.fleet.tally import Entry
from iso_gateway.terminal.records import Outcome, Reversal


class Books:
    """What a host says of its ledger, two rows at a time."""

    def __init__(self, count: int, settled_after: int = 0) -> None:
        """Have *count* sales; all are approved until the ledger was asked for *settled_after* times from its mark."""
        self.count, self.settled_after, self.asked = count, settled_after, 0

    def ledger(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return the page after ``since``."""
        since = arguments.get("since", 0)
        self.asked += since == 10
        state = "approved" if self.asked <= self.settled_after else "reversed"
        rows = [
            {"serial": 11 + number, "kind": "sale", "state": state, "terminal": "T1", "stan": f"{number:06}"}
            | {"rrn": f"R{number}", "approval": "", "amount": 100}
            for number in range(self.count)
        ]
        page = [row for row in rows if row["serial"] > since][:2]
        return {"transactions": page, "latest": 10 + self.count, "forgotten": 0}


async def compared(folder: Path, books: Books, entries: list[Entry], *, debts: int) -> Agreement | None:
    """Return how *entries* compare with *books*, after the mark 10."""
    course = Course([])
    course.tally.entries.extend(entries)
    course.tally.debts["approved"] += debts
    async with trio.open_nursery() as nursery:
        path = await nursery.start(serve_admin, folder / "host-1.sock", {"ledger": books.ledger})
        ledger = HostLedger(None)
        ledger.path, ledger._since = path, 10
        agreement = await ledger.compared(course)
        nursery.cancel_scope.cancel()
    return agreement


def reversed_sales(count: int) -> list[Entry]:
    """Return sales that nobody answered, and that were reversed."""
    return [
        Entry("T1", Kind.SALE, f"{number:06}", Outcome.UNKNOWN, Reversal.DONE, amount=100) for number in range(count)
    ]


async def test_all_pages_are_read(autojump_clock: MockClock, tmp_path: Path) -> None:
    agreement = await compared(tmp_path, Books(5), reversed_sales(5), debts=5)
    assert agreement == Agreement(5, 0, 0, ())


async def test_a_gateway_has_time_to_pay_its_debts(autojump_clock: MockClock, tmp_path: Path) -> None:
    books = Books(3, settled_after=4)
    agreement = await compared(tmp_path, books, reversed_sales(3), debts=3)
    assert agreement == Agreement(3, 0, 0, ())
    assert books.asked == 5


async def test_what_is_never_settled_is_a_difference_in_the_end(autojump_clock: MockClock, tmp_path: Path) -> None:
    agreement = await compared(tmp_path, Books(1, settled_after=1000), reversed_sales(1), debts=1)
    assert agreement is not None
    assert agreement.differences == 1
    assert trio.current_time() == pytest.approx(SETTLING, abs=1)


async def test_without_debts_nothing_is_waited_for(autojump_clock: MockClock, tmp_path: Path) -> None:
    agreement = await compared(tmp_path, Books(1, settled_after=1000), [], debts=0)
    assert agreement == Agreement(0, 0, 0, ())
    assert trio.current_time() < 1


async def test_a_host_that_has_gone_leaves_the_ledgers_uncompared(autojump_clock: MockClock, tmp_path: Path) -> None:
    ledger = HostLedger(None)
    ledger.path = tmp_path / "nobody.sock"
    assert await ledger.compared(Course([])) is None
    assert "no process listens there" in ledger.why
