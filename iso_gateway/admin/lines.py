"""The lines that both sides of the admin socket exchange.

Asked:    ``{"verb": "status", "arguments": {"acquirer": "bank"}}``
Answered: ``{"ok": {"links": 2}}`` or ``{"error": "no verb 'stats', did you mean 'status'?"}``
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from iso_gateway.errors import AdminError

MAX_REQUEST: Final = 64 * 1024
"""Bytes of a line that asks; verbs take names and numbers."""

MAX_ANSWER: Final = 16 * 1024 * 1024
"""Bytes of a line that answers; a list of all debts may be long."""


UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What reading bytes that are none of these lines ends with; the last for brackets within brackets."""


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is asked."""

    verb: str
    """One of the verbs that the process has."""
    arguments: dict[str, Any] = {}
    """What the verb takes."""


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is answered: one of both."""

    ok: dict[str, Any] | None = None
    """What the verb said."""
    error: str | None = None
    """Why there is nothing."""


_read_request = msgspec.json.Decoder(Request)
_read_answer = msgspec.json.Decoder(Answer)


def encode(line: Request | Answer) -> bytes:
    """Return *line* with its newline."""
    return msgspec.json.encode(line) + b"\n"


def request(verb: str, arguments: Mapping[str, Any]) -> bytes:
    """Return the line that asks for *verb*."""
    return encode(Request(verb, dict(arguments)))


def read_request(line: bytes) -> Request:
    """Return what *line* asks.

    Raises:
        AdminError: *line* is no request.
    """
    try:
        return _read_request.decode(line)
    except UNREADABLE as error:
        raise AdminError('one line of JSON expected, {"verb": "...", "arguments": {...}}') from error


def read_answer(line: bytes) -> dict[str, Any]:
    """Return what the verb said.

    Raises:
        AdminError: the process refused, or *line* is no answer.
    """
    try:
        answer = _read_answer.decode(line)
    except UNREADABLE as error:
        raise AdminError("the process answered with something that is no answer") from error
    if answer.ok is None:
        raise AdminError(answer.error or "the process refused without a reason")
    return answer.ok


class LineCutter:
    """Bytes in, lines out; a line over the bound is an error, and nothing is read after it."""

    def __init__(self, max_length: int) -> None:
        self._max_length = max_length
        self._pending = bytearray()

    def receive(self, data: bytes | bytearray) -> list[bytes]:
        """Return the lines that are complete with *data*, without their newlines; empty lines are none.

        Raises:
            AdminError: a line longer than *max_length*.
        """
        *whole, rest = data.split(b"\n")
        lines = []
        for piece in whole:
            line = bytes(self._pending + piece)
            self._pending.clear()
            self._check(len(line))
            if line.strip():
                lines.append(line)
        self._pending += rest
        self._check(len(self._pending))
        return lines

    def _check(self, length: int) -> None:
        if length > self._max_length:
            raise AdminError(f"a line of more than {self._max_length} bytes")
