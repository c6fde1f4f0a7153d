"""What logs write around bytes, taken off: times, levels, names of loggers, line numbers, and prose.

2026-11-23 10:00:01 DEBUG recv: 30323030...        one run of hexadecimal digits among words
10:00:01.123 [main] DEBUG c.a.Channel - 0000  30 32 30 30 ...
a dump, something before each of its lines
"""

from __future__ import annotations

import re
from typing import Final

from iso_gateway.cli.intake import NotHex

LONGEST_LINE: Final = 4096
"""Characters of a line that something is taken off."""
_TIME: Final = (
    r"(?:\d{4}[-/]\d\d[-/]\d\d|\d\d[-/.]\d\d[-/.]\d{2,4}|[A-Z][a-z]{2} +\d{1,2})?[T ]{0,2}"
    r"\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|(?:UTC|GMT| ?[+-]\d\d:?\d\d)\b)?"
)
_NOISE: Final = re.compile(
    rf"\s*(?:{_TIME}|\[[^\]\n]*\]|\([^)\n]*\)|"
    r"(?:TRACE|DEBUG|INFO|WARN|ERROR|FATAL)\b|(?=[A-Za-z_$@<][\w.$/@>-]{2,})[\w.$/@<>-]*[G-Zg-z_$@][\w.$/@<>-]*|[-|>=<:,]+(?=\s|$))[:>=|]?(?=\s|$)"
)
_TIMES: Final = re.compile(rf"(?<![0-9A-Za-z]){_TIME}(?![0-9A-Za-z])")
_RUN: Final = re.compile(
    r"(?<![0-9A-Za-z+/_-])(?:(?:0x)?(?:[0-9A-Fa-f]{2}){10,}"
    r"|[0-9A-Fa-f]{2}([ :-])[0-9A-Fa-f]{2}(?:\1[0-9A-Fa-f]{2}){8,})"
    r"(?=[\"'>)\]};,.]|\s*$| \w+[=:])",
    re.MULTILINE,
)
"""Ten bytes or more: a message has twelve. Something must end it: what goes on otherwise has a slip of the pen."""
_BEFORE: Final = re.compile(r"(?:[:=\[\"'<({>|#-]|[A-Za-z_]{3,}|^)\s*$", re.MULTILINE)
"""What introduces a run, and is not a piece of it that is spoilt."""
_NUMBERED: Final = re.compile(r"\s*(\d{1,6})[:.|]?\s")


def bare(text: str) -> str:
    """Return the lines of *text* without what a log writes before them; where it wrote nothing, *text* itself."""
    return "\n".join(_bare(line) for line in _unnumbered(text.splitlines()))


def _unnumbered(lines: list[str]) -> list[str]:
    """Return *lines* without their numbers, where each has one and they go up by one."""
    found = [_NUMBERED.match(line) for line in lines]
    numbers = [int(each[1]) for each in found if each is not None]
    if len(lines) < 2 or len(numbers) < len(lines) or numbers != list(range(numbers[0], numbers[0] + len(numbers))):
        return lines
    return [line[each.end() :] for line, each in zip(lines, found, strict=True) if each is not None]


def _bare(line: str) -> str:
    if len(line) > LONGEST_LINE:
        return line
    at = 0
    while (found := _NOISE.match(line, at)) and found.end() > at:
        at = found.end()
    return line[at:].strip() if at else line


def run(text: str) -> bytes | None:
    """Return the one run of digits that stands among words; None: there is none.

    Raises:
        NotHex: there are several, and nobody says which one is meant.
    """
    if not re.search("[G-Zg-wyz]", text):
        return None
    without = _TIMES.sub(lambda found: " " * len(found[0]), text)
    found = [
        match for match in _RUN.finditer(without) if _BEFORE.search(without[max(0, match.start() - 40) : match.start()])
    ]
    if len(found) > 1:
        lines = ", ".join(str(text.count("\n", 0, match.start()) + 1) for match in found[:4])
        raise NotHex(f"{len(found)} runs of hexadecimal digits among other text, in lines {lines}: give the one meant")
    return bytes.fromhex(re.sub("^0x|[ :-]", "", found[0][0])) if found else None
