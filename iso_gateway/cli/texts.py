"""Messages that are text themselves, among what a log writes around them, or where another dialect was named.

10:00:01 INFO sent: 0200302000000080...    "02003020..."    [02003020...]
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Final

from iso_gateway.cli.intake import LONGEST

if TYPE_CHECKING:
    from iso_gateway.codec.spec import Spec

_BEGUN: Final = re.compile(r"(?<![0-9A-Za-z+/])[012][1-8][0-9]{2}[0-9A-F]{16}")
"""A message type and a bitmap in hexadecimal."""
_END: Final = re.compile(rb"[\"'\])}> ]")
MOST: Final = 16
"""Places where a message may begin, and where it may end, that are tried."""
_AROUND: Final = "\"'])}>;,. \t"
"""What may stand behind one and not belong to it."""


def candidates(text: str) -> list[bytes]:
    """Return what begins as a message in ASCII does, each to the end of its line, and what may stand around it off."""
    found = (
        text[begun.start() : begun.start() + LONGEST].splitlines()[0] for begun in islice(_BEGUN.finditer(text), MOST)
    )
    return [line.rstrip(_AROUND).encode() for line in found if line.isascii() and re.search("[G-Zg-z]", line)]


def within(text: str, spec: Spec) -> bytes | None:
    """Return the one message of *spec*, if that is written in ASCII, in a line of *text*; None: there is none.

    Of one that is broken, all of the line.
    """
    if spec.plan.mti_codec != "ascii" or spec.plan.bitmap_form != "hex":
        return None
    from iso_gateway.cli.framed import reads

    lines = candidates(text)
    whole = {each for line in lines for each in _ends(line) if reads(spec, each)}
    if len(whole) == 1:
        return whole.pop()
    return lines[0] if len(lines) == 1 else None


def _ends(line: bytes) -> Iterator[bytes]:
    """Yield *line*, and what stands before each mark that may end it."""
    yield line
    yield from (line[: mark.start()] for mark in islice(_END.finditer(line), MOST))


def in_characters(text: str, spec: Spec) -> str:
    """Return that *text* looks like a message in characters, which *spec* does not write; otherwise the empty text."""
    begun = _BEGUN.match(text.lstrip(" \t\r\n\"'["))
    if begun is None or not re.search("[G-Zg-z]", text):
        return ""
    if spec.plan.mti_codec == "ascii" and spec.plan.bitmap_form == "hex":
        return ""
    what = f"text as it stands, and {spec.name} is not written in characters"
    return f"{what}: try --spec iso87-ascii, or 'iso-gateway doctor'"
