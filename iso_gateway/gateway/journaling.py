"""Commits for the node: all that came meanwhile goes into one group (group commit)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import trio

from iso_gateway.errors import StoreError
from iso_gateway.protocol.commands import File, Journal, Lookup
from iso_gateway.protocol.events import Conflict, Event, Found, Journaled, JournalFailed
from iso_gateway.store.journal import Committed, Failed, JournalStore, Outcome, Refused


class Journaling:
    """Gathers Journal commands and answers each by its event.

    A store that does not block is asked in the loop, whenever the node has nothing else to do; one that does has a
    writer task that takes, each time, everything that has gathered while the last group was being committed.
    """

    def __init__(self, store: JournalStore, feed: Callable[[Sequence[Event]], None]) -> None:
        self.store = store
        self._feed = feed
        self._waiting: list[Journal | File] = []
        self._wake = trio.Event()

    def submit(self, command: Journal) -> None:
        """Have *command* committed with the next group."""
        self._waiting.append(command)
        if self.store.blocking:
            self._wake.set()

    def file(self, command: File) -> None:
        """Have *command* committed with the next group, whenever that is."""
        self._waiting.append(command)

    def commit_now(self) -> list[Event]:
        """Commit what waits in a store that does not block; return the answers."""
        if not self._waiting or self.store.blocking:
            return []
        group, self._waiting = self._waiting, []
        return self._committed(group)

    def look_up(self, command: Lookup) -> Event | None:
        """Answer *command* at once, or None where the store blocks: then ``run`` answers it."""
        if self.store.blocking:
            return None
        same, originals = self.store.find(command.key, command.original)
        return Found(command.id, same, originals)

    async def look_up_in_thread(self, command: Lookup) -> None:
        """Answer *command* from a store that blocks; one that cannot be read knows nothing in time."""
        try:
            same, originals = await trio.to_thread.run_sync(self.store.find, command.key, command.original)
        except StoreError:
            return
        self._feed([Found(command.id, same, originals)])

    async def run(self) -> None:
        """Commit groups for ever, for a store that blocks."""
        while True:
            await self._wake.wait()
            self._wake = trio.Event()
            group, self._waiting = self._waiting, []
            if group:
                self._feed(await trio.to_thread.run_sync(self._committed, group))

    def _committed(self, group: Sequence[Journal | File]) -> list[Event]:
        try:
            outcomes = self.store.commit([command.entry for command in group])
        except StoreError as error:
            return [JournalFailed(command.id, str(error)) for command in group if isinstance(command, Journal)]
        pairs = zip(group, outcomes, strict=True)
        return [_told(command.id, outcome) for command, outcome in pairs if isinstance(command, Journal)]


def _told(asker: str, outcome: Outcome) -> Event:
    """Return *outcome* as the event for *asker*."""
    match outcome:
        case Committed():
            return Journaled(asker)
        case Refused(row):
            return Conflict(asker, row)
        case Failed(reason):
            return JournalFailed(asker, reason)
