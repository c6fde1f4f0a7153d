"""One writer for a journal: a lock on a file beside it, which goes with the process however that ends."""

from __future__ import annotations

import fcntl
import json
import os
import socket
from datetime import datetime
from pathlib import Path

from iso_gateway.errors import StoreError


class Held(StoreError):  # noqa: N818 -- reads better at the call
    """Another process has the journal; the text names it."""


class Lock:
    """The right to write a journal, until it is released or the process ends."""

    def __init__(self, journal: Path, now: datetime) -> None:
        """Take the lock of *journal* and write into its file who has it since *now*.

        Raises:
            Held: another process has it.
            OSError: the file cannot be written.
        """
        self.path = _beside(journal)
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._file)
            raise Held(f"{journal}: {_holder(self.path)} has this journal; stop it, or work through it") from None
        said = {"pid": os.getpid(), "host": socket.gethostname(), "since": now.isoformat(timespec="seconds")}
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, json.dumps(said).encode() + b"\n", 0)

    def release(self) -> None:
        """Let another process have it. The file stays: whoever removed it might remove that of the next holder."""
        os.close(self._file)


def _beside(journal: Path) -> Path:
    """Return the lock's file: beside the journal itself, whatever symbolic links lead to it."""
    real = journal.resolve()
    return real.with_name(f"{real.name}.lock")


def _holder(path: Path) -> str:
    """Return in words who wrote into the lock's file."""
    try:
        said = json.loads(path.read_bytes())
        return f"process {int(said['pid'])} on {said['host']!s:.64}, running since {said['since']!s:.32},"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process, which did not say its number,"


def holder(journal: Path) -> str | None:
    """Return in words who has the lock of *journal*, or None where nobody has; nobody is kept from taking it.

    The file of a lock outlives its holder, so that it is asked for; but only where its process lives, for who asks
    holds it for a moment.
    """
    path = _beside(journal)
    try:
        said = json.loads(path.read_bytes())
        if said["host"] == socket.gethostname():
            os.kill(int(said["pid"]), 0)
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _holder(path).rstrip(",")
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return None
