"""How much sense a message makes: whether dates are dates, card numbers have their check digit, currencies exist.

Bytes that a wrong spec happens to read to their end rarely pass; what is right passes nearly always.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, NamedTuple

from iso_gateway.codec import mask
from iso_gateway.codec.currency import find
from iso_gateway.codec.message import Message
from iso_gateway.codec.mti import KNOWN

Check = Callable[[str], bool]


class Sense(NamedTuple):
    """What the checks of one message came to."""

    good: int
    """Points of the checks that passed."""
    bad: int
    """Points of those that did not."""
    doubts: tuple[str, ...] = ()
    """The elements that made no sense, as ``DE 7``."""

    @property
    def share(self) -> float:
        """How much of what could be checked is good, from 0 to 1; 0 where nothing could."""
        return self.good / (self.good + self.bad) if self.good else 0.0

    def __add__(self, other: object) -> Sense:
        assert isinstance(other, Sense)
        return Sense(self.good + other.good, self.bad + other.bad, tuple(dict.fromkeys(self.doubts + other.doubts)))


def _matching(pattern: str) -> Check:
    compiled = re.compile(pattern)
    return lambda value: compiled.fullmatch(value) is not None


_TIME = r"(?:[01]\d|2[0-3])[0-5]\d[0-5]\d"
_DAY = r"(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
_USUAL: Final = re.compile(r"[01](?:1[0-3]|2[0-5]|3[0-3]|4[0-3]|5[0-3]|6[0-3]|8[0-3])[0-5]")
_TEXT: Final = _matching(r"[!-~][ -~]*")
"""Something, from the first character on."""
_CHECKS: Final[dict[int, tuple[int, Check]]] = {
    2: (4, lambda value: 12 <= len(value) <= 19 and mask.luhn(value)),
    3: (1, _matching(r"(?:[0-5]\d)(?:00|10|20|30|40|50|60)(?:00|10|20|30|40|50|60)")),
    4: (1, _matching(r"0{2}\d*|\d{16}")),
    7: (4, _matching(_DAY + _TIME)),
    12: (3, _matching(rf"(?:\d\d{_DAY})?{_TIME}")),
    13: (3, _matching(_DAY)),
    14: (2, _matching(r"\d\d(?:0[1-9]|1[0-2])")),
    15: (2, _matching(rf"(?:\d\d)?{_DAY}")),
    17: (2, _matching(_DAY)),
    32: (2, _matching(r"\d+")),
    33: (2, _matching(r"\d+")),
    35: (4, _matching(r"\d{12,19}[=D]\d{4,}F?")),
    37: (1, _matching(r"[0-9A-Za-z ]{12}")),
    38: (1, _matching(r"[0-9A-Za-z ]{6}")),
    39: (2, _matching(r"[0-9A-Z]\d|\d{3}|[A-Z]\d")),
    41: (2, _TEXT),
    42: (2, _TEXT),
    43: (1, _TEXT),
    49: (4, lambda value: find(value) is not None),
    50: (4, lambda value: find(value) is not None),
    51: (4, lambda value: find(value) is not None),
    70: (1, _matching(r"0\d\d|[12368]\d\d")),
    90: (2, lambda value: value[:4] in KNOWN["any"]),
}
"""Data element -> points, and what makes sense there."""


def sense(message: Message) -> Sense:
    """Return how much sense *message* makes; it is bound to its spec."""
    found = _one("MTI", 2, fine=_USUAL.fullmatch(message.mti) is not None)
    for number in message:
        check = _CHECKS.get(number)
        value = message[number]
        if check is not None and isinstance(value, str):
            found += _one(f"DE {number}", check[0], fine=check[1](value))
        elif isinstance(value, str) and value and not value.isprintable():
            found += _one(f"DE {number}", 1, fine=False)
    spec = message.spec
    broken = {error.field.partition(".")[0] for error in spec.broken(message)} if spec is not None else set()
    for number in message:
        field = spec.fields.get(number) if spec is not None else None
        if field is not None and field.inside is not None:
            found += _one(f"DE {number}", 3, fine=str(number) not in broken)
    return found


def _one(what: str, points: int, *, fine: bool) -> Sense:
    return Sense(points, 0) if fine else Sense(0, points, (what,))
