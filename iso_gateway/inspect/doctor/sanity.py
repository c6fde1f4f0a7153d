"""How much sense a message makes: whether dates are dates, card numbers have their check digit, currencies exist.

Bytes that a wrong spec happens to read to their end rarely pass; what is right passes nearly always. An element is
judged alone (`judged`), so that a search can ask while it reads; a whole message also by what is inside its elements
and by what stands in it twice: the card number in DE 2 and on the track, the date in DE 7 and DE 13.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, NamedTuple

from iso_gateway.codec import mask
from iso_gateway.codec.currency import find
from iso_gateway.codec.message import Message
from iso_gateway.codec.mti import KNOWN
from iso_gateway.codec.plan import PACKED, Value

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


HEX_BITMAP: Final = 3
"""Points for a bitmap in characters, which chance hardly ever writes."""
NOTHING: Final = Sense(0, 0)


def _matching(pattern: str) -> Check:
    compiled = re.compile(pattern)
    return lambda value: compiled.fullmatch(value) is not None


_TIME = r"(?:[01]\d|2[0-3])[0-5]\d[0-5]\d"
_DAY = r"(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
_USUAL: Final = re.compile(r"[012](?:1[0-3]|2[0-5]|3[0-3]|4[0-3]|5[0-3]|6[0-3]|8[0-3])[0-5]")
_ID: Final = _matching(r" {0,4}[!-~]+(?: [!-~]+)* *")
"""Words with one space between them, filled up at one end: where two elements run into each other there are more."""
_AMOUNT: Final = _matching(r"00\d*|\d{16}")
_CURRENCY: Final[Check] = lambda value: find(value) is not None  # noqa: E731 -- a row of a table
_CHECKS: Final[dict[int, tuple[int, int, Check]]] = {
    2: (4, 3, lambda value: 12 <= len(value) <= 19 and value.isdecimal() and mask.luhn(value)),
    3: (2, 1, _matching(r"[0-59][0-9A-Z](?:[0-6]0|00)(?:[0-6]0|00)")),
    4: (2, 1, _AMOUNT),
    5: (2, 1, _AMOUNT),
    6: (2, 1, _AMOUNT),
    7: (4, 4, _matching(rf"(?:20\d\d)?{_DAY}{_TIME}")),
    12: (3, 3, _matching(rf"(?:(?:20)?\d\d{_DAY})?{_TIME}")),
    13: (3, 3, _matching(rf"{_DAY}|\d\d(?:0[1-9]|1[0-2])")),
    14: (2, 2, _matching(r"\d\d(?:0[1-9]|1[0-2])")),
    15: (2, 2, _matching(rf"(?:(?:20)?\d\d)?{_DAY}")),
    16: (2, 2, _matching(_DAY)),
    17: (2, 2, _matching(_DAY)),
    18: (1, 1, _matching(r"(?:0[7-9]|[1-9]\d)\d\d|0000")),
    22: (2, 1, _matching(r"(?:0[0-79]|10|79|8[0-7]|9[0-8])[0-9]0?|[0-9A-Z]{12,}|[0-9A-Z]{6}")),
    23: (1, 1, _matching(r"0\d\d")),
    25: (1, 1, _matching(r"[0-6]\d|[1489]\d\d\d")),
    26: (1, 1, _matching(r"0[4-9]|1[0-2]|(?:0[7-9]|[1-9]\d)\d\d")),
    32: (2, 2, _matching(r"[0-9A-Z]+")),
    33: (2, 2, _matching(r"\d+")),
    35: (4, 4, _matching(r";?\d{12,19}[=D]\d{4,}F?\??")),
    37: (2, 2, _matching(r"[0-9A-Za-z]{12}| *[0-9A-Za-z]+ *")),
    38: (1, 1, _matching(r"[0-9A-Za-z]{1,6} *| {6}")),
    39: (2, 2, _matching(r"[0-9A-Z]\d|\d{3,4}|[A-Z]\d")),
    41: (2, 2, _ID),
    42: (2, 2, _ID),
    43: (2, 2, _matching(r"[!-~].*[A-Za-z]{2} *|[0-9A-Za-z][^\x00-\x1f]*")),
    49: (4, 4, _CURRENCY),
    50: (4, 4, _CURRENCY),
    51: (4, 4, _CURRENCY),
    54: (3, 1, _matching(r"(?:\d{4}(?:\d{3}|[A-Z]{3})[CDcd]\d{12})+")),
    70: (2, 2, _matching(r"0[0-9]\d|[1-38]\d\d")),
    90: (3, 2, lambda value: value[:4] in KNOWN["any"] and re.match(_DAY, value[10:]) is not None),
    95: (1, 1, _matching(r"\d{24}.*")),
}
"""Data element -> points if it makes sense and if not, and what makes sense there."""
_NEVER_EMPTY: Final = frozenset({2, 3, 4, 7, 11, 12, 13, 14, 15, 18, 35, 37, 38, 39, 41, 42, 49, 50, 51, 70, 90, 95})
"""Elements that are left out rather than sent with nothing in them."""
_CODES: Final = frozenset({38, 39})
"""Codes that are packed in few dialects, ..."""
_ASCII_DIGITS: Final = re.compile(r"(?:3\d)+")
"""... and that are hardly so if each byte would be a digit in ASCII."""
_PIN_AND_MACS: Final = frozenset({52, 64, 128})
"""Random bytes: that eight of them are all printable hardly ever happens."""


def judged(number: int, value: Value, *, packed: bool = False) -> Sense:
    """Return how much sense *value* makes as data element *number*; what may stand anywhere says nothing.

    Args:
        number: the data element.
        value: what is in it.
        packed: whether its digits are two to the byte.
    """
    if packed and number in _CODES and isinstance(value, str) and _ASCII_DIGITS.fullmatch(value):
        return _one(f"DE {number}", 0, 3, fine=False)
    if isinstance(value, bytes):
        if number not in _PIN_AND_MACS or len(value) < 8 or len(set(value)) == 1:
            return NOTHING
        # As text it was text: a number in characters, or the end of another element.
        return _one(f"DE {number}", 1, 2, fine=not (value.isascii() and value.decode("ascii").isprintable()))
    if value and sum("\x7f" < each < "\u0100" for each in value) > len(value) / 2:
        return _one(f"DE {number}", 0, 2, fine=False)  # bytes of something else, or of another character set
    check = _CHECKS.get(number)
    if not value:
        # What may vary may be empty; a code that is named and says nothing is none.
        return (
            _one(f"DE {number}", 0, check[1], fine=False) if check is not None and number in _NEVER_EMPTY else NOTHING
        )
    if check is not None:
        return _one(f"DE {number}", check[0], check[1], fine=check[2](value))
    if not value.isprintable():
        return Sense(0, 2, (f"DE {number}",))
    return NOTHING


def judged_mti(mti: str) -> Sense:
    """Return how much sense a message type makes."""
    return _one("MTI", 3, 3, fine=_USUAL.fullmatch(mti) is not None)


def sense(message: Message) -> Sense:
    """Return how much sense *message* makes; it is bound to its spec."""
    found = judged_mti(message.mti)
    for number, value in message.items():
        row = message.spec.plan.rows.get(number) if message.spec is not None else None
        found += judged(number, value, packed=row is not None and row.op == PACKED)
    spec = message.spec
    if spec is not None:
        found += Sense(HEX_BITMAP if spec.plan.bitmap_hex else 0, 0) + _inside(message)
        kept = message._kept or {}  # noqa: SLF001 -- the pads that came otherwise
        for number in message:
            row = spec.plan.rows.get(number)
            if number in kept and row is not None and row.pad and isinstance(message[number], str):
                found += Sense(0, 3, (f"pad of DE {number}",))
    return found + _twice(message)


def _inside(message: Message) -> Sense:
    """Return how much sense the elements make of which the spec says what is inside."""
    found, spec = NOTHING, message.spec
    assert spec is not None
    broken = {error.field.partition(".")[0] for error in spec.broken(message)}
    for number in message:
        field = spec.fields.get(number)
        if field is not None and field.inside is not None and message[number]:
            found += _one(f"DE {number}", 3, 3, fine=str(number) not in broken)
    return found


def _twice(message: Message) -> Sense:
    """Return the points for what stands in two elements alike; that it differs says nothing."""
    track, card = message.text(35), message.text(2)
    found = 4 if len(card) >= 12 and track.startswith(card) else 0
    found += 2 if message.text(14) and message.text(14) == re.sub(r".*?[=D]", "", track, count=1)[:4] else 0
    found += 2 if message.text(13) and message.text(7)[-10:-6] == message.text(13)[-4:] else 0
    found += 1 if message.text(12) and message.text(7)[-4:] == message.text(12)[-4:] else 0
    found += 2 if message.text(11) and message.text(37).endswith(message.text(11)) else 0
    return Sense(found, 0)


def _one(what: str, points: int, against: int, *, fine: bool) -> Sense:
    return Sense(points, 0) if fine else Sense(0, against, (what,))
