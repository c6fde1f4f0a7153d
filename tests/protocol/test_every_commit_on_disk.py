"""Promise 1 at every commit to a file of SQLite: locked, full, or left behind by a process that died."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import Any

import pytest

from iso_gateway.protocol.kinds import Kind
from tests.protocol.test_every_commit import judge
from tests.support.deaths import Story
from tests.support.disk_deaths import DISK_FAULTS, MortalOnDisk


@pytest.fixture(autouse=True)
def _nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("iso_gateway.store.sqlite.BUSY", 0.005)


@pytest.mark.parametrize("fault", DISK_FAULTS)
@pytest.mark.parametrize("kind", [Kind.SALE, Kind.VOID, Kind.REFUND, Kind.ADVICE])
@pytest.mark.parametrize(("lost", "then"), [(True, "reverses"), (False, "asks again")])
def test_no_commit_loses_money_or_doubles_it(kind: Kind, fault: str, then: str, tmp_path: Path, *, lost: bool) -> None:
    refused: list[str] = []
    for point in count():
        desk = MortalOnDisk("iso87-ascii", "iso87-ascii", fault, tmp_path)
        story = Story(desk, kind, point, then, lost=lost)
        journal: Any = desk.journal
        try:
            judge(story, f"{kind} at commit {point}, the answer {'lost' if lost else 'came'}, the terminal {then}")
        finally:
            journal.close()
        refused += desk.refused
        if not desk.happened:
            break
    assert point > 1
    said = {"is locked": "locked", "is full": "full"}.get(fault)
    assert all(said and said in text for text in refused)
    if fault != "is full" or kind is not Kind.SALE:  # whose row is the first of all, and has room in an empty page
        assert bool(refused) is (said is not None)
