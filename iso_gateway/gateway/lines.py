"""The log: one line for each thing worth knowing, as JSON or as key=value."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import compress
from typing import Any, Final, TextIO

import msgspec

from iso_gateway.gateway.sink import Sink

PLAIN: Final = re.compile(r"[!#-<>-~]*").fullmatch
"""Whether a text is one word of a line as it stands: ASCII without a space, a quote or an equals sign."""


def at_once(work: Callable[[], None]) -> None:
    """Do *work*."""
    work()


class Lines:
    """Writes events as lines; what it is given is masked already."""

    def __init__(self, stream: TextIO, form: str = "text") -> None:
        """Write to *stream*, as ``text`` or ``json``."""
        self.flush_by: Callable[[Callable[[], None]], None] = at_once
        """Has `flush` called: at once, or by somebody who gathers what is to be done. Lines of one moment go out in
        one write then, and a process that is killed in that moment loses them; the journal is what counts."""
        self._sink = Sink(stream)
        self._json = form == "json"
        self._said: dict[tuple[str, str], str] = {}
        self._waiting: list[str] = []
        self._lost = 0
        self._wall: datetime | None = None
        self._stamp = ""

    def write(
        self, wall: datetime, event: str, fields: Mapping[str, Any], level: str = "info", under: str = ""
    ) -> None:
        """Write one line; as text with *under* below it: lines for people, fit for a screen."""
        if wall is not self._wall:
            self._wall = wall
            self._stamp = f"{wall:%Y-%m-%dT%H:%M:%S}.{wall.microsecond // 1000:03}Z"
        told = self._line(event, fields, level)
        self._waiting.append(f"{told}\n{under}" if under and not self._json else told)
        if len(self._waiting) == 1:
            self.flush_by(self.flush)

    def flush(self) -> None:
        """Give away what waits, as far as it is taken without waiting; beyond a bound, tell later how many were not."""
        lines, self._waiting = self._waiting, []
        if self._sink.full:
            self._lost += len(lines)
            lines = []
        elif self._lost:
            lines.insert(0, self._line("lost", {"count": self._lost, "cause": "nobody read the log"}, "warning"))
            self._lost = 0
        self._sink.give("".join([f"{line}\n" for line in lines]))

    def _line(self, event: str, fields: Mapping[str, Any], level: str) -> str:
        if self._json:
            return _quoted({"time": self._stamp, "level": level, "event": event, **fields})
        return f"{self._stamp} {level:7} {event}: {_words(fields)}"

    def once(self, wall: datetime, event: str, who: str, cause: str, level: str = "warning") -> None:
        """Write *cause* of *who*, unless it is what was said of *who* last: trouble once per cause."""
        if self._said.get((event, who)) != cause:
            self._said[event, who] = cause
            self.write(wall, event, {"who": who, "cause": cause}, level)

    def over(self, event: str, who: str) -> None:
        """Note that the trouble of *who* is over, so that its next one is told."""
        self._said.pop((event, who), None)


def _words(fields: Mapping[str, Any]) -> str:
    """Return *fields* as words of a line; those without a value are left out."""
    texts = [value if type(value) is str else _text(value) for value in fields.values()]
    if not PLAIN("".join(texts)):
        texts = [_word(text) for text in texts]
    # A sale's line has twenty of them: put together without a step of the interpreter for each.
    return " ".join(map("=".join, compress(zip(fields, texts, strict=True), texts)))


def _text(value: object) -> str:
    if value is None:
        return ""
    return str(value) if not isinstance(value, bool) else "yes" if value else "no"


def _word(text: str) -> str:
    """Return *text* so that it is one word: quoted where it has spaces, control characters escaped."""
    plain = text.isprintable() and " " not in text and '"' not in text and "=" not in text
    return text if plain else _quoted(text)


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
