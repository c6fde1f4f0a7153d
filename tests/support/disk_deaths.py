"""A mortal desk whose journal is a file of SQLite, and what such a file can do at one chosen commit."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any, Final

from iso_gateway.errors import StoreError
from iso_gateway.protocol import commands, events
from iso_gateway.store.remains import keep_dialects
from iso_gateway.store.sqlite import SqliteJournal
from tests.support.deaths import OUTAGE, DiedError, Mortal

DISK_FAULTS: Final = ("is locked", "is full", "dies before", "dies after")
"""*Locked*: another process has the file to itself. *Full*: no page can be added, for some time."""

ENOUGH: Final = 1_000_000
"""Pages that a disk with room has."""


class MortalOnDisk(Mortal):
    """A desk that does *fault* at a commit to a file in *folder*; who dies leaves the file and its log as they are."""

    def __init__(self, terminal: str, host: str, fault: str, folder: Path) -> None:
        super().__init__(terminal, host, fault)
        self._paths = (folder / f"{number}.db" for number in count(len(list(folder.iterdir()))))
        self.path = next(self._paths)
        self.refused: list[str] = []
        """What SQLite said to the commits that failed."""
        with closing(sqlite3.connect(self.path)) as empty:
            empty.execute("PRAGMA page_size = 512")  # so that nearly every commit needs one more
            empty.execute("PRAGMA journal_mode = WAL")
        journal: Any = SqliteJournal(self.path, self.now.wall)
        self.journal = journal
        keep_dialects(journal, self.setup)

    def _commit(self, command: commands.Journal | commands.File) -> list[events.Event]:
        if self.mono >= self.out_until:
            self._let_grow(ENOUGH)
        if isinstance(command, commands.Journal):
            self.point -= 1
            if self.point == -1:
                self.happened = True
                return self._faulty(command)
        return self._to_disk(command)

    def _faulty(self, command: commands.Journal) -> list[events.Event]:
        match self.fault:
            case "dies before":
                raise DiedError
            case "dies after":
                self._to_disk(command)
                raise DiedError
            case "is full":
                self.out_until = self.mono + OUTAGE
                self._let_grow(1)  # as few as it has
                self._fill()
                return self._to_disk(command)
        with closing(sqlite3.connect(self.path, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            return self._to_disk(command)

    def _let_grow(self, pages: int) -> None:
        journal: Any = self.journal
        journal._opened().execute(f"PRAGMA max_page_count = {pages}")

    def _fill(self) -> None:
        """Use up the pages that are free for anything."""
        journal: Any = self.journal
        with contextlib.suppress(StoreError):
            for number in range(10_000):
                journal.keep_dialect(f"filler {number}", bytes(400))

    def _to_disk(self, command: commands.Journal | commands.File) -> list[events.Event]:
        self.point, point = -1, self.point
        try:
            return super(Mortal, self)._commit(command)
        except StoreError as error:
            self.refused.append(str(error))
            return [] if isinstance(command, commands.File) else [events.JournalFailed(command.id, str(error))]
        finally:
            self.point = point

    def restart(self, *given: Any, **more: Any) -> None:
        """Let another process start on what the dead one left on the disk: nobody has closed that."""
        dead: Any = self.journal
        before, self.path = self.path, next(self._paths)
        for end in ("", "-wal"):
            shutil.copyfile(f"{before}{end}", f"{self.path}{end}")
        dead.close()
        journal: Any = SqliteJournal(self.path, self.now.wall)
        self.journal = journal
        super().restart(*given, **more)
