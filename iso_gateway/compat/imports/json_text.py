"""JSON of strangers, with the line of each key: bounded, and a key that stands twice is told and not swallowed."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from iso_gateway.compat.imports.imported import LARGEST
from iso_gateway.errors import Problem, SpecError

_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|\n|[^\s{}\[\],:"]+')
_DEEPEST: Final = 8
"""How deep keys are held against each other; no spec is deeper."""
_LONGEST: Final = 512
"""Characters of a path; what is deeper has the path of what is around it."""


def read_json(text: str) -> tuple[Any, dict[str, int]]:
    """Return the content of *text* and the line (from 1) of every key in it, by dotted path.

    Raises:
        SpecError: it is no JSON, too large or too deep, or a key stands twice in one object.
    """
    if len(text) > LARGEST:
        raise SpecError([Problem("", f"longer than {LARGEST} characters")])
    try:
        data = msgspec.json.decode(text)
    except RecursionError:
        raise SpecError([Problem("", "nested too deep")]) from None
    except msgspec.DecodeError as error:
        at = re.search(r"\(byte (\d+)\)", str(error))
        line = None if at is None else text.encode(errors="replace").count(b"\n", 0, int(at[1])) + 1
        said = re.sub(r"\s*\(byte \d+\)", "", str(error))
        raise SpecError([Problem("", f"no JSON: {said}", line)]) from None
    lines, twice = _places(text)
    if twice:
        raise SpecError(twice)
    return data, lines


def _places(text: str) -> tuple[dict[str, int], list[Problem]]:
    """Return the lines of the keys of valid JSON, and the keys that stand twice."""
    lines: dict[str, int] = {}
    twice: list[Problem] = []
    line = 1
    around: list[tuple[str, int]] = []  # what is open: its path, and which item of a list comes next, -1 in an object
    here, last = "", ""
    for found in _TOKEN.finditer(text):
        piece = found[0]
        if piece == "\n":
            line += 1
            continue
        if piece in "{[":
            around.append((here, -1 if piece == "{" else 0))
            here = _below(here, "0") if piece == "[" else here
        elif piece in "}]":
            around.pop()
        elif piece == "," and around[-1][1] >= 0:
            path, item = around[-1]
            around[-1] = path, item + 1
            here = _below(path, str(item + 1))
        elif piece == ":":
            here = _below(around[-1][0], str(msgspec.json.decode(last)))
            if here in lines and len(around) <= _DEEPEST:
                twice.append(Problem(here, f"stands twice, first in line {lines[here]}", line))
            lines.setdefault(here, line)
        last = piece
    return lines, twice


def _below(path: str, key: str) -> str:
    return f"{path}.{key[:60]}".lstrip(".") if len(path) < _LONGEST else path
