"""A recording: a file of JSON lines, the first of which says what it is. `HEADER` and the lines are all of its form.

    {"recording":1,"spec":"iso87-ascii","framing":"2be","began":"2026-11-23T10:00:00.000Z","redacted":true}
    {"event":"opened","at":0.0,"connection":1,"peer":"127.0.0.1:50312"}
    {"event":"message","at":0.001,"connection":1,"from":"client","message":"30323030...","says":"0200 · USD 12.34"}
    {"event":"ended","at":5.2,"connection":1,"from":"client","how":"closed"}

A line is written when it is known, and whole; the last one may be missing its end where a machine lost its power.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

import msgspec

from iso_gateway.catalog import load_spec
from iso_gateway.codec.message import Message
from iso_gateway.codec.spec import Spec
from iso_gateway.errors import DecodeError, Problem, ProblemsError, RecordingError
from iso_gateway.framing import Framing

VERSION: Final = 1
"""Of the form of the file; another one is refused."""
LONGEST_LINE: Final = 1024 * 1024
"""Bytes of a line that is read: several times the longest frame."""
MOST_LINES: Final = 500_000
"""Lines of a recording that is replayed; each takes some 2 kB of memory."""
TOLD: Final = 100
"""Faults of one file that are told at once."""


class Side(StrEnum):
    """Who sent something: the peer that dialled, or the one that was dialled."""

    CLIENT = "client"
    SERVER = "server"

    @property
    def other(self) -> Side:
        """The one that it is sent to."""
        return Side.SERVER if self is Side.CLIENT else Side.CLIENT


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first line."""

    recording: int
    """The version of the form."""
    spec: str
    """As ``--spec`` takes it."""
    framing: str
    began: str
    """UTC, ISO 8601; ``at`` of all lines counts from here."""
    redacted: bool
    """Whether card numbers are test numbers and secrets are blanked."""


class Line(msgspec.Struct, frozen=True, tag_field="event", omit_defaults=True, forbid_unknown_fields=True):
    """What all lines have."""

    at: float
    """Seconds since the beginning, when the bytes came."""
    connection: int
    """From 1."""


class Opened(Line, frozen=True, tag="opened"):
    """A peer dialled, and was passed on."""

    peer: str


class Spoken(Line, frozen=True, tag="message"):
    """One frame with a message in it."""

    side: Side = msgspec.field(name="from")
    message: str
    """From its MTI, in hexadecimal."""
    header: str = ""
    """The network headers, in hexadecimal."""
    says: str = ""
    """For people."""


class Unread(Line, frozen=True, tag="bytes"):
    """Bytes that are no frame, or a frame with no message in it that can be shared."""

    side: Side = msgspec.field(name="from")
    count: int
    why: str
    raw: str = ""
    """In hexadecimal; only where the recording is not redacted."""


class Idle(Line, frozen=True, tag="keepalive"):
    """Frames with nothing in them."""

    side: Side = msgspec.field(name="from")
    count: int = 1


class Ended(Line, frozen=True, tag="ended"):
    """One side will send no more."""

    side: Side = msgspec.field(name="from")
    how: str
    """``closed``, ``reset``, or why it was never reached."""


class Lost(Line, frozen=True, tag="lost"):
    """The recorder could not keep up: so much came that is not here. It was passed on all the same."""

    count: int


AnyLine = Opened | Spoken | Unread | Idle | Ended | Lost
_LINES: Final = msgspec.json.Decoder(AnyLine)
_HEADER: Final = msgspec.json.Decoder(Header)


class Entry(NamedTuple):
    """One line of a file, and the message in it."""

    number: int
    """Of the line, from 1."""
    line: AnyLine
    message: Message | None = None


class Recording(NamedTuple):
    """A whole recording."""

    path: str
    header: Header
    spec: Spec
    framing: Framing
    entries: tuple[Entry, ...]


def created(path: Path, header: Header) -> BinaryIO:
    """Return a new file that only its owner may read, with *header* as its first line, unbuffered.

    Raises:
        RecordingError: there is a file already, which is never overwritten, or none can be made.
    """
    try:
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        raise _refused(path, "the file is there already, and is not overwritten: name another one") from None
    except OSError as error:
        raise _refused(path, f"cannot be made: {(error.strerror or 'refused').lower()}") from None
    os.fchmod(number, 0o600)
    file = os.fdopen(number, "wb", buffering=0)
    file.write(msgspec.json.encode(header) + b"\n")
    return file


def as_line(line: AnyLine) -> bytes:
    """Return *line* as it stands in a file."""
    return msgspec.json.encode(line) + b"\n"


def read_recording(path: Path, spec_name: str = "") -> Recording:
    """Read the recording *path*; with *spec_name*, its messages are of that spec and not of the one that it names.

    Raises:
        RecordingError: it is none, or of another version, or a line of it is wrong: all that is wrong, with its line.
    """
    try:
        with path.open("rb") as file:
            return _read(path, _lines(path, file), spec_name)
    except OSError as error:
        raise _refused(path, f"cannot be read: {(error.strerror or 'refused').lower()}") from None


def _lines(path: Path, file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    number = 0
    while data := file.readline(LONGEST_LINE + 1):
        number += 1
        if len(data) > LONGEST_LINE:
            raise _refused(path, f"a line of more than {LONGEST_LINE} bytes: this is no recording", number)
        if number > MOST_LINES:
            raise _refused(path, f"more than {MOST_LINES} lines; split it", number)
        if data.endswith(b"\n"):
            yield number, data


def _read(path: Path, lines: Iterator[tuple[int, bytes]], spec_name: str) -> Recording:
    header = _header(path, next(lines, (1, b""))[1])
    try:
        spec, framing = load_spec(spec_name or header.spec), Framing.parse(header.framing)
    except ProblemsError as error:
        hint = " (--spec names another one)"
        faults = [Problem("", problem.at(error.source) + hint, 1) for problem in error.problems]
        raise RecordingError(faults, str(path)) from None
    entries: list[Entry] = []
    problems: list[Problem] = []
    for number, data in lines:
        try:
            entries.append(_entry(spec, number, _LINES.decode(data)))
        except msgspec.MsgspecError as error:
            problems.append(Problem("", f"no line of a recording: {_without_values(str(error))}", number))
        except (DecodeError, ValueError) as error:
            said = str(error) if isinstance(error, DecodeError) else "hexadecimal digits expected"
            problems.append(Problem("message", f"no message of {spec.name}: {said}", number))
        if len(problems) >= TOLD:
            break
    if problems:
        raise RecordingError(problems, str(path))
    return Recording(str(path), header, spec, framing, tuple(entries))


def _header(path: Path, data: bytes) -> Header:
    try:
        header = _HEADER.decode(data)
    except msgspec.MsgspecError:
        raise _refused(path, "no recording: iso-gateway record writes them", 1) from None
    if header.recording != VERSION:
        raise _refused(path, f"a recording of version {header.recording}; this is for version {VERSION}", 1)
    return header


def _entry(spec: Spec, number: int, line: AnyLine) -> Entry:
    message = spec.decode(bytes.fromhex(line.message)) if isinstance(line, Spoken) else None
    if isinstance(line, Spoken):
        bytes.fromhex(line.header)
    return Entry(number, line, message)


def _without_values(said: str) -> str:
    """Return what msgspec says of a line; it quotes only values of enumerations, which may be anything here."""
    return said.partition("'")[0].strip() if "Invalid enum" in said or "Invalid value" in said else said


def _refused(path: Path, reason: str, line: int | None = None) -> RecordingError:
    return RecordingError([Problem("", reason, line)], str(path))
