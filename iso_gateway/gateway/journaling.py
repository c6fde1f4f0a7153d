"""Commits for the node: all that came meanwhile goes into one group (group commit)."""

from __future__ import annotations

import threading  # noqa: TID251 -- the writer of a store that blocks
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import Final, NamedTuple

import trio

from iso_gateway.errors import StoreError
from iso_gateway.net.poller import Bell, the_poller
from iso_gateway.protocol.commands import File, Gather, Journal, Lookup
from iso_gateway.protocol.events import Conflict, Event, Journaled, JournalFailed
from iso_gateway.store.asking import answer
from iso_gateway.store.journal import Committed, Failed, JournalStore, Outcome, Refused

Group = list[Journal | File]

LINGER: Final = 0.5
"""Seconds that a File may wait for a Journal to go with; and between attempts while the journal fails."""

KEPT_BACK: Final = 10_000
"""How much of what was filed is kept while the journal fails; of what is more the oldest goes, which does no harm."""


class Done(NamedTuple):
    """A group that was committed, or not."""

    group: Group
    said: list[Outcome] | StoreError


class Journaling:
    """Gathers Journal commands and answers each by its event.

    A store that does not block is asked in the loop, whenever the node has nothing else to do. With one that does, one
    group follows the other: each is everything that has gathered while the last was being committed. It is written in
    the loop where that waits for nothing, and a thread waits for the disk. There is never more than one out, so
    entries are committed in the order in which they came.
    """

    def __init__(
        self,
        store: JournalStore,
        feed: Callable[[Sequence[Event]], None],
        tell: Callable[[str | None], None] = lambda _trouble: None,
    ) -> None:
        """Commit to *store* and *feed* the answers back; *tell* why it fails, once a cause, and None when it works."""
        self.store = store
        self._feed = feed
        self._tell = tell
        self.trouble: str | None = None
        """Why it fails, where it does."""
        self._waiting: Group = []
        self._awaited = False
        """Whether there is a Journal in what waits."""
        self._idle = False
        """Whether the thread waits for a group."""
        self._groups: SimpleQueue[Done | Group | None] = SimpleQueue()
        """For the thread: what was begun and is to be made durable, or what it has to commit whole; None: no more."""
        self._done: SimpleQueue[Done | Exception] = SimpleQueue()
        self._bug: Exception | None = None
        self._broken = trio.Event()

    def submit(self, command: Journal) -> None:
        """Have *command* committed with the next group."""
        self._waiting.append(command)
        self._awaited = True

    def file(self, command: File) -> None:
        """Have *command* committed with the next group, or after LINGER."""
        self._waiting.append(command)

    def commit_now(self) -> list[Event]:
        """Commit what waits, and return the answers; where the store blocks, have it done and fed later."""
        if not self._waiting:
            return []
        if self.store.blocking:
            if self._awaited and self._idle:
                self._hand_over()
            return []
        return self._settled(self._committed(self._taken()))

    def _taken(self) -> Group:
        group, self._waiting = self._waiting, []
        self._awaited = False
        return group

    def _hand_over(self) -> None:
        self._idle = False
        group = self._taken()
        said = self.store.begin([command.entry for command in group])
        self._groups.put(group if said is None else Done(group, said))

    def look_up(self, command: Lookup | Gather) -> Event | None:
        """Answer *command* at once, or None where the store blocks: then ``run`` answers it."""
        if self.store.blocking:
            return None
        return answer(self.store, command)

    async def look_up_in_thread(self, command: Lookup | Gather) -> None:
        """Answer *command* from a store that blocks; one that cannot be read knows nothing in time."""
        try:
            answered = await trio.to_thread.run_sync(answer, self.store, command)
        except StoreError as error:
            self._note(str(error))
            return
        self._feed([answered])

    async def run(self) -> None:
        """Commit groups for ever, for a store that blocks; in the end, what still waits."""
        bell = Bell(the_poller(), self._take_answers)
        thread = threading.Thread(target=self._write, args=(bell.ring,), name="journal", daemon=True)
        thread.start()
        self._idle = True
        try:
            while not self._broken.is_set():
                if self._waiting and self._idle:
                    self._hand_over()
                with trio.move_on_after(LINGER):
                    await self._broken.wait()
        finally:
            self._groups.put(self._taken())
            self._groups.put(None)
            thread.join()
            bell.close()
        assert self._bug is not None
        raise self._bug

    def _write(self, ring: Callable[[], None]) -> None:
        """Commit group after group, in the thread."""
        while (given := self._groups.get()) is not None:
            try:
                self._done.put(self._lasting(given) if isinstance(given, Done) else self._committed(given))
            except Exception as bug:  # noqa: BLE001 -- it is `run` that raises it
                self._done.put(bug)
            ring()

    def _take_answers(self) -> None:
        """Feed what the thread has done."""
        while not self._done.empty():
            done = self._done.get()
            if isinstance(done, Exception):
                self._bug = self._bug or done
                self._broken.set()
                return
            self._idle = True
            self._feed(self._settled(done))  # and at the end of that, the next group is handed over

    def _committed(self, group: Group) -> Done:
        """Commit *group*, in whatever thread."""
        if not group:
            return Done(group, [])
        try:
            return Done(group, self.store.commit([command.entry for command in group]))
        except StoreError as error:
            return Done(group, error)

    def _lasting(self, done: Done) -> Done:
        """Wait until what was begun lasts."""
        try:
            self.store.make_durable()
        except StoreError as error:
            return Done(done.group, error)
        return done

    def _settled(self, done: Done) -> list[Event]:
        """Return the answers to a group; what was only filed, and in vain, is filed again, before what came since."""
        group, said = done
        if isinstance(said, StoreError):
            self._note(str(said))
            filed = [command for command in group if isinstance(command, File)]
            self._waiting[:0] = filed[-KEPT_BACK:]
            return [JournalFailed(command.id, str(said)) for command in group if isinstance(command, Journal)]
        if group:
            self._note(None)
        pairs = zip(group, said, strict=True)
        return [
            Journaled(command.id) if type(outcome) is Committed else _told(command.id, outcome)
            for command, outcome in pairs
            if type(command) is Journal
        ]

    def _note(self, trouble: str | None) -> None:
        """Say what troubles the journal, where that is news."""
        if trouble != self.trouble:
            self.trouble = trouble
            self._tell(trouble)


def _told(asker: str, outcome: Outcome) -> Event:
    """Return *outcome* as the event for *asker*."""
    match outcome:
        case Committed():
            return Journaled(asker)
        case Refused(row):
            return Conflict(asker, row)
        case Failed(reason):
            return JournalFailed(asker, reason, gone=True)
