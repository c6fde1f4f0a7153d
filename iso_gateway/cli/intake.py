"""What is given to look at, taken in by bounded parts: a device or a pipe may never end."""

from __future__ import annotations

import os
import stat
import sys
from typing import IO, Final, NamedTuple

import click

from iso_gateway.cli.output import complain

LARGEST: Final = 4 * 1024 * 1024
"""Characters that are looked at for hex; a message has some hundred bytes."""
HEAD: Final = 512 * 1024
"""Bytes of an input that are kept: more than a message of `LONGEST` bytes takes as a dump with offsets and text."""
COUNTED: Final = 64 * 1024 * 1024
"""Bytes of an input that are counted; what is longer is not read further."""
LONGEST: Final = 65_535
"""Bytes of a message that are looked at: no length of two bytes announces more (ISO 8583 itself ends at 9,999)."""
_PART: Final = 64 * 1024


class Taken(NamedTuple):
    """What was read of an input."""

    content: bytes
    """Its first bytes."""
    more: int = 0
    """How many bytes follow, at least."""
    endless: bool = False
    """Whether there are more than were counted."""

    @property
    def size(self) -> str:
        """How much was given, in words."""
        total = len(self.content) + self.more
        return f"more than {total >> 20} MiB" if self.endless else f"{total:,} bytes"


class NotHex(ValueError):  # noqa: N818 -- what it is
    """Text that shows no bytes, or not only bytes; the reason says where."""

    def __init__(self, reason: str, before: bytes = b"") -> None:
        super().__init__(reason)
        self.before = before
        """What is shown before that."""


def of_stdin(head: int = HEAD) -> Taken:
    """Return what stands on stdin.

    Raises:
        click.UsageError: it is closed, or cannot be read.
    """
    if sys.stdin is None:
        raise click.UsageError("stdin is closed")
    if sys.stdin.isatty():
        complain("reading from the keyboard; Ctrl-D ends it")
    try:
        return _taken(sys.stdin.buffer, head)
    except OSError as error:
        raise click.UsageError(f"stdin cannot be read: {_said(error)}") from None


def of_file(name: str, head: int = HEAD) -> Taken | None:
    """Return the content of the file, pipe or device *name*; None where there is none of that name.

    Raises:
        click.UsageError: it is a folder, or cannot be read.
    """
    try:
        mode = os.stat(name).st_mode if name.strip() else None  # noqa: PTH116 -- pathlib takes longer than all of this
    except PermissionError:
        raise click.UsageError(f"{name}: cannot be read") from None
    except (OSError, ValueError):
        return None  # nothing there, or a name too long for a file: hex
    if mode is None:
        return None
    if stat.S_ISDIR(mode):
        raise click.UsageError(f"{name}: a folder, where hex or a file is expected")
    try:
        with open(name, "rb") as file:  # noqa: PTH123 -- as above
            return _taken(file, head)
    except OSError as error:
        raise click.UsageError(f"{name}: cannot be read: {_said(error)}") from None


def no_file(name: str) -> str:
    """Return that there is no file *name*, where its looks say that a file was meant; otherwise the empty text."""
    suffix = os.path.splitext(name)[1][1:]  # noqa: PTH122 -- as above
    return f"{name}: no such file, and no hex" if suffix.isalnum() or os.sep in name else ""


def _taken(file: IO[bytes], head: int) -> Taken:
    content = file.read(head)
    more = 0
    while len(content) == head and len(content) + more < COUNTED:
        part = file.read(_PART)
        if not part:
            return Taken(content, more)
        more += len(part)
    return Taken(content, more, endless=len(content) == head)


def _said(error: OSError) -> str:
    return (error.strerror or "the system refused").lower()
