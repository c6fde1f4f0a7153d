"""The audit file beside a key store: what was done with keys, a line each, and each line bound to the one before.

A line is JSON; its last member is the SHA-256 of the line before, so that a line that is changed, taken out or put in
between shows at the next one. The hash of the last line stands in the store, under its MAC, so that a tail that was cut
shows too. Whoever has the master key can write both anew, and nobody else.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from iso_gateway.errors import KeyStoreError
from iso_gateway.hsm.key_table import Deed

START: Final = "0" * 64
"""What stands for the line before the first one."""
LONGEST_LINE: Final = 4096
OTHER_END: Final = "its end was cut off, or lines were added that the store does not know"


class AuditLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One deed, as it is written."""

    at: datetime
    actor: str
    act: str
    key: str
    """Name and version: ``acquirer/acme/pin@2``."""
    check_value: str
    result: str
    store: int
    """The version of the store that came of it."""
    before: str
    """The SHA-256 of the line before, hexadecimal."""


def lines_of(deeds: Sequence[Deed], at: datetime, store: int, head: str) -> tuple[list[bytes], str]:
    """Return *deeds* as lines behind the one whose hash is *head*, and the hash of the last one."""
    lines = []
    for deed in deeds:
        line = AuditLine(at, deed.actor, deed.act, str(deed.key), deed.check_value, deed.result, store, head)
        written = msgspec.json.encode(line)
        lines.append(written)
        head = hash_of(written)
    return lines, head


def hash_of(line: bytes) -> str:
    """Return what the next line says of *line*, which has no end of line."""
    return hashlib.sha256(line).hexdigest()


def append(path: Path, lines: Sequence[bytes]) -> None:
    """Write *lines* at the end of the file, and wait until they are on the disk.

    Raises:
        OSError: they are not.
    """
    number = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        data = b"".join(line + b"\n" for line in lines)
        while data:
            data = data[os.write(number, data) :]
        os.fsync(number)
    finally:
        os.close(number)


def last_hash(path: Path) -> str:
    """Return the hash of the file's last line; START where there is none.

    Raises:
        KeyStoreError: its last line has no end, or is too long to be one.
        OSError: it cannot be read.
    """
    try:
        with path.open("rb") as stream:
            size = stream.seek(0, os.SEEK_END)
            stream.seek(max(0, size - LONGEST_LINE - 1))
            tail = stream.read()
    except FileNotFoundError:
        return START
    if not tail:
        return START
    if not tail.endswith(b"\n"):
        raise KeyStoreError(f"{path}: its last line has no end; a write was cut short")
    last = tail[:-1].rpartition(b"\n")[2]
    if len(last) > LONGEST_LINE:
        raise KeyStoreError(f"{path}: its last line is no line of an audit file")
    return hash_of(last)


def read(path: Path) -> Iterator[tuple[int, bytes, AuditLine | None]]:
    """Yield each line of the file: its number, how it is written, and what it says.

    None for what it says: it is not bound to the line before.

    Raises:
        OSError: it cannot be read.
    """
    head = START
    with path.open("rb") as stream:
        number = 0
        while written := stream.readline(LONGEST_LINE + 2):
            number += 1
            line: Any = None
            with suppress(msgspec.MsgspecError):
                line = msgspec.json.decode(written, type=AuditLine)
            bound = line is not None and line.before == head and written.endswith(b"\n")
            yield number, written, line if bound else None
            head = hash_of(written.rstrip(b"\n"))


def verify(path: Path, head: str, end: int) -> str:
    """Return what is wrong with the first *end* bytes of the file, whose last line's hash is *head*; empty: nothing.

    Raises:
        OSError: it cannot be read.
    """
    last, size = START, 0
    if end and path.exists():
        for number, written, line in read(path):
            if line is None:
                return f"line {number} was changed, or one before it taken out"
            last, size = hash_of(written.rstrip(b"\n")), size + len(written)
            if size >= end:
                break
    return "" if (last, size) == (head, end) else OTHER_END
