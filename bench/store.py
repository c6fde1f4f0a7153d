"""The journal in SQLite: one commit for a group beside one for each row, and what a sale costs in it.

    python bench/store.py [--seconds 2] [--callers 64] [--folder .] [--json]

Both ways write the same rows, in turns, each to a file of its own on one disk. With 64 callers at a time the group must
be 10 times as fast, or the exit code is 1: whoever waits for a disk should not wait alone. A sale is three entries, as
the gateway writes them: its intent, its outcome, and that the answer was handed over.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Final

from msgspec.structs import replace

from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.records import Change, Entry, HostLeg, Insert, Row, RowState
from iso_gateway.store.journal import Committed
from iso_gateway.store.sqlite import SqliteJournal

TIMES: Final = 10
"""How many times as fast the group has to be, at 64 callers."""
TERMINALS: Final = 256
BEGAN: Final = datetime(2026, 11, 20, 12, tzinfo=UTC)

LEG: Final = HostLeg(
    "bank", "bank-1", "0200", "000001", "1120120000", "261120120000",
    {3: "000000", 4: "000000001234", 18: "5411", 22: "051", 25: "00", 32: "00000123456", 41: "TERM0001",
     42: "MERCHANT0000001", 43: "CORNER SHOP            SPRINGFIELD    US", 49: "840"},
    BEGAN,
)  # fmt: skip
SALE: Final = Row(
    id="", claims=(), kind=Kind.SALE, state=RowState.SENDING, fingerprint=b"", terminal="", merchant="MERCHANT0000001",
    batch="", stan="", mti="0200", amount=1234, currency="840", pan="476173******0010", card=b"", card_hash=b"",
    transmitted="1120120000", received=BEGAN, business_date=date(2026, 11, 20), host=LEG, dialect="0123456789abcdef",
    story="1795176000000 received counter 127.0.0.1:50123\n1795176000001 sent bank-1 000001\n",
)  # fmt: skip
ANSWER: Final[dict[str, str | bytes]] = {
    "retrieval_reference_number": "632400000001", "approval_code": "A00001", "action_code": "00",
    "amount_transaction": "000000001234",
}  # fmt: skip


def sales() -> Iterator[Row]:
    """Yield the intents of sales, of one terminal after the other."""
    for number in count(1):
        terminal, stan = f"TERM{number % TERMINALS:04}", f"{number // TERMINALS % 1_000_000:06}"
        yield replace(
            SALE,
            id=f"261120120000abcd-{number}",
            claims=(("MERCHANT0000001", terminal, "", stan, "sale"),),
            terminal=terminal,
            stan=stan,
            fingerprint=os.urandom(48),
            card=os.urandom(44),
            card_hash=os.urandom(16),
            received=BEGAN + timedelta(milliseconds=number),
            host=replace(LEG, stan=f"{number % 1_000_000:06}"),
        )


def answered(row: Row) -> Entry:
    """Return the entry with the outcome of *row*."""
    columns: dict[str, Any] = {
        "state": RowState.ANSWERED, "code": "00", "own_code": "00", "approved": True, "answer": ANSWER,
        "rrn": f"6324{row.id.partition('-')[2]:0>8}", "approval": os.urandom(3).hex().upper(),
    }  # fmt: skip
    return (Change(row.id, set=columns, where={"state": RowState.SENDING}, story="1795176000020 answered 00\n"),)


def handed(row: Row) -> Entry:
    """Return the entry that says that the answer to *row* was handed over."""
    where = {"state": RowState.ANSWERED}
    return (Change(row.id, set={"state": RowState.DONE}, where=where, story="1795176000021 delivered\n"),)


def rate(journal: SqliteJournal, rows: Iterator[Row], callers: int, seconds: float) -> float:
    """Return how many rows a second are committed for *callers* that wait together; the store's time alone counts."""
    done, passed = 0, 0.0
    while passed < seconds:
        group: list[Entry] = [(Insert(next(rows)),) for _ in range(callers)]
        began = time.perf_counter()
        check(journal.commit(group))
        passed += time.perf_counter() - began
        done += callers
    return done / passed


def cost(journal: SqliteJournal, rows: Iterator[Row], callers: int, number: int) -> float:
    """Return the processor's microseconds for a sale, of *number* of them in groups of *callers* at each stage."""
    stages: list[list[Row]] = [[], []]
    spent = 0.0
    for _ in range(0, number, callers):
        new = [next(rows) for _ in range(callers)]
        group: list[Entry] = [(Insert(row),) for row in new]
        group += [answered(row) for row in stages[0]] + [handed(row) for row in stages[1]]
        stages = [new, stages[0]]
        before = time.process_time()
        check(journal.commit(group))
        spent += time.process_time() - before
    return spent / number * 1e6


def check(outcomes: Sequence[object]) -> None:
    """Stop where something was not committed."""
    if any(not isinstance(outcome, Committed) for outcome in outcomes):
        raise SystemExit("a row was refused: the measurement is worth nothing")


def measured(folder: Path, callers: int, seconds: float, rounds: int = 3) -> dict[str, float]:
    """Return what was measured, files in *folder*: rates in rows a second, microseconds and bytes a sale."""
    alone, together = SqliteJournal(folder / "alone", BEGAN), SqliteJournal(folder / "together", BEGAN)
    one, many = sales(), sales()
    rates = [
        (rate(alone, one, 1, seconds / rounds / 2), rate(together, many, callers, seconds / rounds / 2))
        for _ in range(rounds)
    ]
    alone.close()
    together.close()
    number = max(callers, int(10_000 * seconds))
    journal = SqliteJournal(folder / "sales", BEGAN)
    microseconds = cost(journal, sales(), callers, number)
    journal.close()
    return {
        "callers": callers,
        "alone": statistics.median(each for each, _ in rates),
        "together": statistics.median(each for _, each in rates),
        "times": statistics.median(grouped / single for single, grouped in rates),
        "cpu_us_per_sale": microseconds,
        "bytes_per_sale": (folder / "sales").stat().st_size / number,
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, tell, and return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=3, help="for the two ways together")
    parser.add_argument("--callers", type=int, default=64)
    parser.add_argument("--folder", type=Path, default=Path(), help="on the disk that is to be measured")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    gc.freeze()
    with tempfile.TemporaryDirectory(dir=given.folder, prefix="bench-store-") as folder:
        said = measured(Path(folder), given.callers, given.seconds)
    if given.json:
        print(json.dumps({name: round(value, 1) for name, value in said.items()}))
    else:
        print(f"one commit a row     {said['alone']:9,.0f} rows/s")
        print(f"{given.callers} callers a commit  {said['together']:9,.0f} rows/s   {said['times']:.1f} times")
        print(f"a sale, all of it    {said['cpu_us_per_sale']:9.1f} microseconds of CPU, in groups of {given.callers}")
        print(f"                     {said['bytes_per_sale']:9,.0f} bytes")
    return 0 if said["times"] >= TIMES or given.callers < 64 else 1


if __name__ == "__main__":
    sys.exit(main())
