"""Commits of a store that blocks: one group at a time, all that gathered meanwhile, and nothing left behind."""

from __future__ import annotations

import threading  # noqa: TID251 -- stands in the way of a commit
from collections.abc import Sequence

import pytest
import trio
import trio.testing

from iso_gateway.errors import StoreError
from iso_gateway.gateway import journaling
from iso_gateway.gateway.journaling import Journaling
from iso_gateway.protocol.commands import File, Journal
from iso_gateway.protocol.events import Event, Journaled, JournalFailed
from iso_gateway.protocol.records import Change, Entry
from iso_gateway.store.journal import Committed, Outcome
from iso_gateway.store.memory import MemoryJournal


class SlowJournal(MemoryJournal):
    """Commits when it is let, and remembers the ids of each group."""

    blocking = True

    def __init__(self, *, begins: bool) -> None:
        """Commit whole, or with *begins* in two steps."""
        super().__init__()
        self.begins = begins
        self.groups: list[list[str]] = []
        self.may = threading.Event()
        self.may.set()
        self.bug: Exception | None = None
        self._begun: list[str] = []

    def commit(self, entries: Sequence[Entry]) -> list[Outcome]:
        said = self._begin(entries)
        self.make_durable()
        return said

    def begin(self, entries: Sequence[Entry]) -> list[Outcome] | None:
        return self._begin(entries) if self.begins else None

    def make_durable(self) -> None:
        assert self.may.wait(10)
        if self.bug is not None:
            raise self.bug
        self.groups.append(self._begun)

    def _begin(self, entries: Sequence[Entry]) -> list[Outcome]:
        self._begun = [part.id for entry in entries for part in entry if isinstance(part, Change)]
        return [Committed() for _ in entries]


def entry(row: str) -> Entry:
    return (Change(row),)


class Loop:
    """A node that only listens."""

    def __init__(self, *, begins: bool) -> None:
        self.store = SlowJournal(begins=begins)
        self.fed: list[Event] = []
        self.heard = trio.Event()
        self.journaling = Journaling(self.store, self.feed)

    def feed(self, events: Sequence[Event]) -> None:
        self.fed += events
        self.heard.set()
        self.heard = trio.Event()
        self.journaling.commit_now()

    def submit(self, *rows: str) -> None:
        for row in rows:
            self.journaling.submit(Journal(row, entry(row)))
        assert self.journaling.commit_now() == []

    async def until(self, count: int) -> None:
        with trio.fail_after(10):
            while len(self.fed) < count:
                await self.heard.wait()


@pytest.fixture(params=["committed whole", "begun and made durable"])
def loop(request: pytest.FixtureRequest) -> Loop:
    return Loop(begins=request.param != "committed whole")


async def test_what_gathers_during_a_commit_is_the_next_group(loop: Loop, nursery: trio.Nursery) -> None:
    nursery.start_soon(loop.journaling.run)
    await trio.testing.wait_all_tasks_blocked()
    loop.store.may.clear()
    loop.submit("a")
    for row in ("b", "c", "d"):
        loop.submit(row)
    loop.store.may.set()
    await loop.until(4)
    assert loop.store.groups == [["a"], ["b", "c", "d"]]
    assert loop.fed == [Journaled(row) for row in "abcd"]
    nursery.cancel_scope.cancel()


async def test_what_came_before_the_thread_is_committed_too(loop: Loop, nursery: trio.Nursery) -> None:
    loop.submit("a", "b")
    nursery.start_soon(loop.journaling.run)
    await loop.until(2)
    assert loop.store.groups == [["a", "b"]]
    nursery.cancel_scope.cancel()


async def test_what_nobody_waits_for_goes_with_the_next_group(loop: Loop, nursery: trio.Nursery) -> None:
    nursery.start_soon(loop.journaling.run)
    await trio.testing.wait_all_tasks_blocked()
    loop.journaling.file(File(entry("f")))
    assert loop.journaling.commit_now() == []
    loop.submit("a")
    await loop.until(1)
    assert loop.store.groups == [["f", "a"]]
    assert loop.fed == [Journaled("a")]
    nursery.cancel_scope.cancel()


async def test_what_nobody_waits_for_does_not_wait_for_ever(
    loop: Loop, nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journaling, "LINGER", 0.01)
    nursery.start_soon(loop.journaling.run)
    await trio.testing.wait_all_tasks_blocked()
    loop.journaling.file(File(entry("f")))
    with trio.fail_after(10):
        while not loop.store.groups:  # noqa: ASYNC110 -- a thread fills it
            await trio.sleep(0.01)
    assert loop.store.groups == [["f"]]
    nursery.cancel_scope.cancel()


async def test_the_end_commits_what_waits(loop: Loop) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(loop.journaling.run)
        await trio.testing.wait_all_tasks_blocked()
        loop.journaling.file(File(entry("f")))
        nursery.cancel_scope.cancel()
    assert loop.store.groups == [["f"]]


async def test_a_bug_in_the_store_comes_out(loop: Loop) -> None:
    loop.store.bug = ZeroDivisionError()
    loop.submit("a")
    with pytest.raises(ZeroDivisionError):
        await loop.journaling.run()


async def test_a_store_that_cannot_is_no_bug(loop: Loop, nursery: trio.Nursery) -> None:
    loop.store.bug = StoreError("no room on the disk")
    nursery.start_soon(loop.journaling.run)
    loop.submit("a")
    await loop.until(1)
    assert loop.fed == [JournalFailed("a", "no room on the disk")]
    nursery.cancel_scope.cancel()


async def test_trouble_is_told_once_a_cause_and_its_end_too(loop: Loop, nursery: trio.Nursery) -> None:
    told: list[str | None] = []
    loop.journaling = Journaling(loop.store, loop.feed, told.append)
    nursery.start_soon(loop.journaling.run)
    for number, trouble in enumerate(["full", "full", "locked", "", "", "full"], 1):
        loop.store.bug = StoreError(trouble) if trouble else None
        loop.submit(f"r{number}")
        await loop.until(number)
    assert told == ["full", "locked", None, "full"]
    nursery.cancel_scope.cancel()


async def test_what_was_filed_in_vain_is_filed_again_before_what_came_since(
    loop: Loop, nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journaling, "KEPT_BACK", 2)
    loop.store.bug = StoreError("full")
    nursery.start_soon(loop.journaling.run)
    await trio.testing.wait_all_tasks_blocked()
    for name in ("f1", "f2", "f3"):
        loop.journaling.file(File(entry(name)))
    loop.submit("a")
    await loop.until(1)
    loop.journaling.file(File(entry("f4")))
    loop.store.bug = None
    loop.submit("b")
    await loop.until(2)
    assert loop.store.groups == [["f2", "f3", "f4", "b"]]
    assert loop.fed == [JournalFailed("a", "full"), Journaled("b")]
    nursery.cancel_scope.cancel()
