"""Where log lines go, without ever waiting for who reads them: payments go on where nobody reads the log any more."""

from __future__ import annotations

import errno
import io
import os
import select
from typing import Final, TextIO

PIECE: Final = 4096
"""Bytes given away at a time. What the system calls writable takes so many without making us wait (PIPE_BUF)."""

MOST: Final = 1024 * 1024
"""Bytes that may wait for a reader that stands still: some four thousand lines."""

FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
"""What a full disk says: it may have room again, and then the log tells why it was full of troubles."""


class Sink:
    """One stream for text."""

    def __init__(self, stream: TextIO) -> None:
        """Write to *stream*: past it, straight to its descriptor, where it has one."""
        self._stream = stream
        self._left = b""
        self._poll: select.poll | None = None
        try:
            self._descriptor = stream.fileno()
        except io.UnsupportedOperation:
            return
        self._poll = select.poll()
        self._poll.register(self._descriptor, select.POLLOUT)

    @property
    def full(self) -> bool:
        """Whether so much waits that no more can be taken."""
        return len(self._left) > MOST

    def give(self, text: str) -> None:
        """Write *text*, as far as it is taken without waiting; the rest is tried again with the next call."""
        try:
            if self._poll is None:
                self._stream.write(text)
                self._stream.flush()
                return
            self._left += text.encode(errors="backslashreplace")
            while self._left and self._poll.poll(0):
                self._left = self._left[os.write(self._descriptor, self._left[:PIECE]) :]
        except OSError as error:
            if error.errno not in FULL:
                self._left = b""  # the reader is gone, and what was not written never will be
