"""The log: one line for each thing worth knowing, as JSON or as key=value."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, TextIO

import msgspec


class Lines:
    """Writes events as lines; what it is given is masked already."""

    def __init__(self, stream: TextIO, form: str = "text") -> None:
        """Write to *stream*, as ``text`` or ``json``."""
        self._stream = stream
        self._json = form == "json"
        self._said: dict[tuple[str, str], str] = {}

    def write(self, wall: datetime, event: str, fields: Mapping[str, Any], level: str = "info") -> None:
        """Write one line."""
        stamp = f"{wall:%Y-%m-%dT%H:%M:%S}.{wall.microsecond // 1000:03}Z"
        if self._json:
            line = _quoted({"time": stamp, "level": level, "event": event, **fields})
        else:
            said = " ".join(f"{key}={_text(value)}" for key, value in fields.items() if value not in ("", None))
            line = f"{stamp} {level:7} {event}: {said}"
        # Payments go on where the disk is full or nobody reads the log any more.
        with suppress(OSError):
            self._stream.write(line + "\n")
            self._stream.flush()

    def once(self, wall: datetime, event: str, who: str, cause: str, level: str = "warning") -> None:
        """Write *cause* of *who*, unless it is what was said of *who* last: trouble once per cause."""
        if self._said.get((event, who)) != cause:
            self._said[event, who] = cause
            self.write(wall, event, {"who": who, "cause": cause}, level)

    def over(self, event: str, who: str) -> None:
        """Note that the trouble of *who* is over, so that its next one is told."""
        self._said.pop((event, who), None)


def _text(value: object) -> str:
    """Return *value* so that it is one word of the line: quoted where it has spaces, control characters escaped."""
    text = str(value) if not isinstance(value, bool) else "yes" if value else "no"
    plain = text.isprintable() and " " not in text and '"' not in text and "=" not in text
    return text if plain and text else _quoted(text)


def _quoted(value: object) -> str:
    """Return *value* as JSON, with an escape for all that a screen or a reader of lines would obey.

    JSON itself lets through what is no ASCII control character: C1 escapes, U+2028, marks that turn text around.
    """
    try:
        written = msgspec.json.encode(value).decode()
    except UnicodeEncodeError:  # half a surrogate, as in a file name that is no UTF-8
        written = json.dumps(value)
    if written.isprintable():
        return written
    return "".join(each if each.isprintable() else json.dumps(each)[1:-1] for each in written)
