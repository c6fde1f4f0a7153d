"""Several messages in what is given: one a line, one an argument; and what a packet carries under its headers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from iso_gateway.cli.dresses import read_hex
from iso_gateway.cli.given import raw_given, taken_in, whole
from iso_gateway.cli.intake import LARGEST, NotHex
from iso_gateway.cli.packets import carried
from iso_gateway.cli.texts import texts
from iso_gateway.errors import DecodeError

if TYPE_CHECKING:
    from iso_gateway.codec.spec import Spec

_SHORTEST: Final = 12
"""Bytes of a message, a message type and a bitmap; a line with fewer is a piece of one."""
MOST: Final = 64
"""Lines that `doctor` takes for a message each."""
_LABEL: Final = re.compile(r"^[^0-9A-Fa-f]*(?:[A-Za-z ]+[:=]|\d{4}-\d\d-\d\d\S*|[<>#-])\s*")
"""What logs write before the hex of a line: ``request:``, ``>``."""


class Meant(NamedTuple):
    """One thing that may be meant by what is given."""

    messages: tuple[bytes, ...]
    """Messages or rows of frames, all wrapped alike."""
    note: str = ""
    """What was taken off; empty where nothing was."""


def meant(given: tuple[str, ...]) -> tuple[list[Meant], str]:
    """Return all that may be meant by what is given, the likelier first, and why it is not all of it.

    Raises:
        click.UsageError: there is no such file, or it cannot be read.
    """
    apart = _apart(given)
    if apart:
        return [Meant(apart)], ""
    found, unread = raw_given(given)
    some: list[Meant] = []
    if found and (lines := _lines(found[-1])):
        some.append(Meant(lines))
    for data in found:
        payload = carried(data)
        some += [Meant((payload,), f"{len(data) - len(payload)} bytes of packet headers taken off")] if payload else []
        some.append(Meant((data,)))
    return some, unread


def messages_given(given: tuple[str, ...], spec: Spec, masked: list[str] | None = None) -> tuple[bytes, ...]:
    """Return the messages of *spec* that are given: one as hex, in a file or on stdin, or there one a line.

    Where *masked* is given, elements that a log has masked are left out and added to it.

    Raises:
        NoMessage: it is no hex, or not all of it is, or it is too much.
        click.UsageError: there is no such file, or it cannot be read.
    """
    taken, where = taken_in(given, LARGEST)
    lines = () if taken.more else _lines(taken.content, len(taken.content))
    # Hex that was wrapped is one message, of which no line is one.
    return lines if any(_is_message(data, spec) for data in lines) else (whole(taken, where, spec, masked),)


def _is_message(data: bytes, spec: Spec) -> bool:
    try:
        spec.decode(data)
    except DecodeError:
        return False
    return True


def _apart(given: tuple[str, ...]) -> tuple[bytes, ...]:
    """Return the messages of several arguments; nothing where those are pieces of one."""
    if len(given) < 2 or any(re.fullmatch(r"[0-9A-Fa-fx]{1,23}", each) for each in given):
        return ()
    found: list[bytes] = []
    for each in given:
        first = raw_given((each,))[0][:1]
        if not first or len(first[0]) < _SHORTEST:
            return ()
        found += first
    return tuple(found)


def _lines(raw: bytes, most: int = MOST) -> tuple[bytes, ...]:
    """Return the messages of a text with one a line; nothing where it is none."""
    lines = [line for line in raw.decode("latin-1").splitlines() if line.strip()]
    if not 2 <= len(lines) <= most:
        return ()
    found: list[bytes] = []
    for line in lines:
        data = _line(line)
        if len(data) < _SHORTEST:
            return ()
        found.append(data)
    return tuple(found)


def _line(line: str) -> bytes:
    for text in (line, _LABEL.sub("", line, count=1)):
        try:
            return read_hex(text)
        except NotHex:
            continue
    if found := texts(line):
        return found[0].encode()
    return line.encode("latin-1") if re.match(r"[012]\d{3}", line) else b""
