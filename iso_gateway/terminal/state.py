"""The memory of terminals in a small file, so that one command knows what the one before it did.

Rule 1: whoever takes a STAN holds the file's lock, so that two commands at once never share one. The lock is on a
file beside it, since the file itself is replaced, and it is not held while a request is under way.
Rule 2: the file is replaced whole and is on disk before a request is sent. A command that dies leaves the note of a
request whose outcome is unknown, and a reversal can still name it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from iso_gateway.errors import ConfigError, Problem
from iso_gateway.terminal.records import Memory, first_stan
from iso_gateway.terminal.scripts import Till

VERSION: Final = 1
LARGEST: Final = 64 * 1024 * 1024
"""Bytes; more than that is no state of ours."""


class Notebook(msgspec.Struct):
    """The memories of all terminals of one file."""

    version: int = VERSION
    terminals: dict[str, Memory] = {}
    """By merchant and terminal: ``MERCHANT0000001/TERM0001``."""

    def memory(self, till: Till, wall: datetime) -> Memory:
        """Return what *till* remembers; a new terminal begins to count where *wall* says."""
        key = f"{till.merchant}/{till.terminal}"
        if key not in self.terminals:
            self.terminals[key] = Memory(first_stan(wall))
        return self.terminals[key]


def default_path(environment: Mapping[str, str], home: Path) -> Path:
    """Return where the file is unless somebody says otherwise (XDG base directories)."""
    folder = Path(environment.get("XDG_STATE_HOME", ""))
    return (folder if folder.is_absolute() else home / ".local" / "state") / "iso-gateway" / "terminals.json"


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Notebook]:
    """Lock the file at *path* and give its content; it is replaced at the end, unless something was raised.

    Raises:
        ConfigError: it cannot be read or written, or holds something else.
    """
    try:
        path = path.resolve()
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _refused(path, f"cannot be used: {_why(error)}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        notebook = _read(path)
        yield notebook
        _write(path, notebook)
    finally:
        os.close(lock)


def _read(path: Path) -> Notebook:
    try:
        if path.stat().st_size > LARGEST:
            raise _refused(path, "is too large to be the state of terminals")
        data = path.read_bytes()
    except FileNotFoundError:
        return Notebook()
    except OSError as error:
        raise _refused(path, f"cannot be read: {_why(error)}") from error
    try:
        notebook = msgspec.json.decode(data, type=Notebook)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _refused(path, "is not the state of terminals; move it away, or name another file") from error
    if notebook.version != VERSION:
        raise _refused(path, f"has version {notebook.version}, {VERSION} expected")
    return notebook


def _write(path: Path, notebook: Notebook) -> None:
    """Replace the file in one step, readable by its owner alone."""
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        with contextlib.suppress(FileNotFoundError):
            new.unlink()
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(handle, "wb") as file:  # noqa: PTH123 -- of a descriptor, with its mode from the first moment
            file.write(msgspec.json.encode(notebook))
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            new.unlink()
        raise _refused(path, f"cannot be written: {_why(error)}") from error


def _why(error: OSError) -> str:
    return (error.strerror or "the system refused").lower()


def _refused(path: Path, reason: str) -> ConfigError:
    return ConfigError([Problem("state", f"{path} {reason}")])
