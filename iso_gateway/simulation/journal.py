"""The journal of a process that may die: what was not committed is forgotten, and the disk may fail."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from iso_gateway.protocol.batch import Batch
from iso_gateway.protocol.commands import File, Gather, Journal, Lookup
from iso_gateway.protocol.events import Conflict, Event, Journaled, JournalFailed
from iso_gateway.protocol.records import Change, Insert
from iso_gateway.simulation.chance import Chance
from iso_gateway.simulation.faults import Trouble
from iso_gateway.simulation.heap import Heap
from iso_gateway.simulation.trace import Trace
from iso_gateway.store.asking import answer
from iso_gateway.store.journal import Committed, Outcome, Refused
from iso_gateway.store.memory import MemoryJournal

FULL_FOR: Final = (5.0, 60.0)
"""Seconds that a full disk stays full."""

Feed = Callable[[Sequence[Event]], None]


class ForgetfulJournal:
    """Commits groups one after another, each at its own instant; one that the process did not live to see may be lost.

    A group is committed whole when its time comes, like the one transaction of a store on disk.
    """

    def __init__(self, heap: Heap, chance: Chance, trouble: Trouble, trace: Trace) -> None:
        self.durable = MemoryJournal(10**9)
        """What a new process finds."""
        self._heap = heap
        self._chance = chance
        self._trouble = trouble
        self._trace = trace
        self._waiting: list[Journal | File] = []
        self._writing: list[Journal | File] = []
        self._life = 0
        self._full_until = 0.0
        self._feed: Feed | None = None

    @property
    def busy(self) -> bool:
        """Whether somebody waits for a commit."""
        return bool(self._writing) or any(isinstance(command, Journal) for command in self._waiting)

    def opened(self, feed: Feed) -> None:
        """Serve a new process, which hears what becomes of its commands by *feed*."""
        self._feed = feed

    def fill_up(self) -> None:
        """Have no room for some seconds."""
        self._full_until = self._heap.mono + self._chance.between(*FULL_FOR)

    def died(self) -> None:
        """Forget what the process that died had not seen committed; what was being written may be there or not."""
        if self._writing and self._heap.mono >= self._full_until and self._chance.hits(0.5):
            self._commit(self._writing)
        self._life += 1
        self._waiting, self._writing, self._feed = [], [], None

    def submit(self, command: Journal | File) -> None:
        """Have *command* committed with the next group."""
        self._waiting.append(command)

    def commit_soon(self) -> None:
        """Begin to write what waits, unless a group is being written."""
        if self._writing or not any(isinstance(command, Journal) for command in self._waiting):
            return
        self._writing, self._waiting = self._waiting, []
        slow = self._trouble.strikes(self._chance, "commit_slow")
        seconds = self._chance.between(0.5, 8.0) if slow else self._chance.between(0.000_5, 0.006)
        self._heap.after(seconds, self._written, self._life)

    def look_up(self, command: Lookup | Gather) -> None:
        """Answer *command* in a while; a disk that fails knows nothing."""
        if self._heap.mono >= self._full_until:
            self._heap.after(self._chance.between(0.000_2, 0.003), self._found, command, self._life)

    def _found(self, command: Lookup | Gather, life: int) -> None:
        if life == self._life and self._feed is not None:
            self._feed([answer(self.durable, command)])

    def _written(self, life: int) -> None:
        if life != self._life or self._feed is None:
            return
        group, self._writing = self._writing, []
        full = self._heap.mono < self._full_until
        if full or self._trouble.strikes(self._chance, "commit_failed"):
            answers = _failed(group)
        elif self._trouble.strikes(self._chance, "commit_unsure"):
            self._commit(group)
            answers = _failed(group)
        else:
            answers = self._commit(group)
        self._feed(answers)
        self.commit_soon()

    def _commit(self, group: Sequence[Journal | File]) -> list[Event]:
        """Make *group* durable."""
        outcomes = self.durable.commit([command.entry for command in group])
        answers = []
        for command, outcome in zip(group, outcomes, strict=True):
            if isinstance(outcome, Committed):
                self._tell(command)
            if isinstance(command, Journal):
                answers.append(_told(command.id, outcome))
        return answers

    def _tell(self, command: Journal | File) -> None:
        for part in command.entry:
            if isinstance(part, Insert):
                self._trace.tell(part.row.id, f"journal: {part.row.kind} {part.row.terminal}/{part.row.stan} "
                                              f"{part.row.state}")  # fmt: skip
            elif isinstance(part, Batch):
                self._trace.tell(part.number, f"journal: batch of {part.terminal} {part.state}")
            elif isinstance(part, Change):
                said = ", ".join(f"{column} {part.set[column]}" for column in _TOLD if column in part.set)
                added = ", ".join(f"{column} {amount:+}" for column, amount in part.add.items())
                self._trace.tell(part.id, f"journal: {said or added or 'changed'}")


_TOLD: Final = ("state", "reason", "code", "attempts", "taken", "amount")


def _failed(group: Sequence[Journal | File]) -> list[Event]:
    return [JournalFailed(command.id, "disk error") for command in group if isinstance(command, Journal)]


def _told(asker: str, outcome: Outcome) -> Event:
    match outcome:
        case Committed():
            return Journaled(asker)
        case Refused(row):
            return Conflict(asker, row)
        case failed:
            return JournalFailed(asker, failed.reason, gone=True)
