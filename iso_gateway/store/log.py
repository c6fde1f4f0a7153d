"""The journal's log on the disk (SQLite's write-ahead log): when what was written to it lasts."""

from __future__ import annotations

import os
from typing import Final

LONG: Final = 16 << 20
"""The bytes at which what is in the log is moved to its place."""


class Log:
    """The log's file, for fdatasync. It may be closed at any time: SQLite's locks are on other files."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._number = -1
        self.is_new = True
        """Whether the next group is the first of a log: SQLite itself waits until the log's head is on the disk."""

    def sync(self) -> None:
        """Wait until all that was written to it is on the disk.

        Raises:
            OSError: it is not.
        """
        if self._number < 0:
            self._number = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        os.fdatasync(self._number)
        self.is_new = False

    @property
    def is_long(self) -> bool:
        """Whether it is time to move what is in it to its place."""
        return self._number >= 0 and os.fstat(self._number).st_size >= LONG

    def let_go(self) -> None:
        """Close it; the next one is another."""
        self.is_new = True
        if self._number >= 0:
            os.close(self._number)
            self._number = -1
