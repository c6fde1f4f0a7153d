"""TOML with the line of every key, which `tomllib` does not tell.

`tomllib` reads; a second, lenient look at the same text finds the lines. It may be lenient because the text is
known to be TOML by then.
"""

from __future__ import annotations

import re
import tomllib
from typing import Any

from iso_gateway.catalog.lines import below
from iso_gateway.errors import ConfigError, Problem

MAX_CHARACTERS = 1 << 22
"""The largest document that is read: a hundred thousand terminals by name are 2 million."""
MAX_DEPTH = 32
"""How many parts a dotted key may have; `tomllib` and we take a time and room for it that grow with their square."""

_DEEP = re.compile(rf"(?:[A-Za-z0-9_-]{{1,64}}+[ \t]*+\.[ \t]*+){{{MAX_DEPTH}}}")
_ENDLESS = re.compile(r"[0-9_]{4301}")
"""More digits than Python makes a number of."""

_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")
_PIECE = re.compile(
    r"""
    (?P<text> \"{3} (?:[^\\]|\\.)*? \"{3,5}
            | '{3} .*? '{3,5}
            | " (?:[^"\\\n]|\\.)* "
            | ' [^'\n]* ' )
  | (?P<comment> \#[^\n]* )
  | (?P<newline> \n )
  | (?P<mark> [\[\]{},=] )
  | (?P<bare> [^\s\[\]{},=\#"']+ )
    """,
    re.VERBOSE | re.DOTALL,
)


def read_toml(text: str, source: str = "") -> tuple[dict[str, Any], dict[str, int]]:
    """Return the content of a TOML document and the line (from 1) of every path in it.

    A path is dotted, with the index in a list: ``acquirer.0.timeout``.

    Raises:
        ConfigError: with the place in *source* where it stops being TOML.
    """
    if len(text) > MAX_CHARACTERS:
        raise ConfigError([Problem("", f"longer than {MAX_CHARACTERS} characters")], source)
    text = text.replace("\r\n", "\n")
    if (deep := _DEEP.search(text)) is not None:
        raise ConfigError([Problem("", f"a key of more than {MAX_DEPTH} parts", _line(text, deep))], source)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        words = str(error)
        place = _PLACE.search(words)
        line = int(place[1]) if place and place[1] else text.count("\n") + 1
        words = _PLACE.sub("", words)
        raise ConfigError([Problem("", f"no TOML: {words[:1].lower()}{words[1:]}", line)], source) from None
    except RecursionError:
        raise ConfigError([Problem("", "nested too deeply")], source) from None
    except ValueError:
        endless = _ENDLESS.search(text)
        at = None if endless is None else _line(text, endless)
        raise ConfigError([Problem("", "no TOML: a number with too many digits", at)], source) from None
    return data, _Lines(text).found


def _line(text: str, found: re.Match[str]) -> int:
    return text.count("\n", 0, found.start()) + 1


class _Lines:
    """The lines of a text that is known to be TOML, by path."""

    def __init__(self, text: str) -> None:
        self.found: dict[str, int] = {}
        self._pieces: list[tuple[str, str, int]] = []
        self._at = 0
        self._last: dict[str, int] = {}  # the index of the newest table in each [[array]]
        line = 1
        for match in _PIECE.finditer(text):
            kind, piece = match.lastgroup or "", match[0]
            if kind != "comment":
                self._pieces.append((kind, piece, line))
            line += piece.count("\n")
        self._document()

    def _document(self) -> None:
        table = ""
        while self._at < len(self._pieces):
            _, piece, line = self._pieces[self._at]
            if piece == "\n":
                self._at += 1
            elif piece == "[":
                table = self._header(line)
            else:
                self._pair(table)

    def _header(self, line: int) -> str:
        """Read ``[a.b]`` or ``[[a.b]]``; return the path that what follows is below of."""
        opening = 0
        while self._pieces[self._at][1] == "[":
            opening += 1
            self._at += 1
        *above, name = self._key()
        path = ""
        for part in above:
            path = self._newest(below(path, part))
            self.found.setdefault(path, line)
        path = below(path, name)
        if opening == 2:
            self._last[path] = self._last.get(path, -1) + 1
            self.found.setdefault(path, line)
            path = below(path, self._last[path])
        self.found[path] = line
        self._at += opening
        return path

    def _newest(self, path: str) -> str:
        return below(path, self._last[path]) if path in self._last else path

    def _key(self) -> list[str]:
        """Read a dotted key, up to its ``=`` or ``]``."""
        parts: list[str] = []
        while self._pieces[self._at][1] not in ("=", "]"):
            kind, piece, _ = self._pieces[self._at]
            self._at += 1
            if kind == "text":
                parts.append(tomllib.loads(f"key = {piece}")["key"])
            else:
                parts += [part for part in piece.split(".") if part]
        return parts

    def _pair(self, path: str) -> None:
        """Read ``key = value`` below *path*."""
        line = self._pieces[self._at][2]
        for part in self._key():
            path = below(path, part)
            self.found.setdefault(path, line)
        self._at += 1  # the =
        self._value(path)

    def _value(self, path: str) -> None:
        _, piece, _ = self._pieces[self._at]
        if piece == "[":
            self._at += 1
            index = 0
            while (piece := self._pieces[self._at][1]) != "]":
                if piece in (",", "\n"):
                    self._at += 1
                    continue
                here = below(path, index)
                self.found[here] = self._pieces[self._at][2]
                self._value(here)
                index += 1
            self._at += 1
        elif piece == "{":
            self._at += 1
            while (piece := self._pieces[self._at][1]) != "}":
                if piece in (",", "\n"):
                    self._at += 1
                else:
                    self._pair(path)
            self._at += 1
        else:  # a date and its time are two pieces
            while self._at < len(self._pieces) and self._pieces[self._at][0] in ("text", "bare"):
                self._at += 1
