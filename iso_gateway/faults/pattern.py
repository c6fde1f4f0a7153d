"""What a value must look like: exact text, a shape with ``*``, a range, one of several, there or not.

0200          that text
TERM*         anything that begins so; ``?`` is one character
>5000         a number above; also <, >=, <=
100..200      a number from, to
05|51         one of them, each a pattern of its own
!00           anything else
present       it is there; ``absent``: it is not
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable
from typing import Final

Test = Callable[[str | None], bool]

LONGEST: Final = 200
"""Characters of a pattern."""
_BOUND: Final = re.compile(r"(>=|<=|>|<)\s*(-?[0-9]{1,18})")
_RANGE: Final = re.compile(r"(-?[0-9]{1,18})\.\.(-?[0-9]{1,18})")
_COMPARE: Final[dict[str, Callable[[int, int], bool]]] = {
    ">": lambda value, bound: value > bound,
    "<": lambda value, bound: value < bound,
    ">=": lambda value, bound: value >= bound,
    "<=": lambda value, bound: value <= bound,
}


class Pattern:
    """A pattern that was read; equal where its text is."""

    __slots__ = ("_fits", "text", "texts")

    def __init__(self, text: str) -> None:
        """Read *text*.

        Raises:
            ValueError: it is empty, too long, or a range that nothing is in.
        """
        if not text or len(text) > LONGEST:
            raise ValueError(f"a pattern of 1 to {LONGEST} characters expected")
        self.text = text
        self.texts = tuple(each for each in (part.lstrip("!") for part in text.split("|")) if _is_plain(each))
        """What it says in so many words, and not by a shape or a range."""
        self._fits = _test(text)

    def fits(self, value: str | None) -> bool:
        """Say whether *value* fits; None is what is not there."""
        return self._fits(value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pattern) and other.text == self.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return f"Pattern({self.text!r})"


def _is_plain(text: str) -> bool:
    shaped = _BOUND.fullmatch(text) or _RANGE.fullmatch(text) or "*" in text or "?" in text
    return bool(text) and not shaped and text not in {"present", "absent"}


def _test(text: str) -> Test:
    if "|" in text:
        several = [_test(each) for each in text.split("|")]
        return lambda value: any(test(value) for test in several)
    if text.startswith("!") and len(text) > 1:
        other = _test(text[1:])
        return lambda value: not other(value)
    if text in {"present", "absent"}:
        return lambda value: (value is not None) is (text == "present")
    if bound := _BOUND.fullmatch(text):
        compare, limit = _COMPARE[bound[1]], int(bound[2])
        return lambda value: (number := _number(value)) is not None and compare(number, limit)
    if span := _RANGE.fullmatch(text):
        least, most = int(span[1]), int(span[2])
        if least > most:
            raise ValueError("the first number of a range is the smaller one")
        return lambda value: (number := _number(value)) is not None and least <= number <= most
    if "*" in text or "?" in text:
        shape = re.compile(fnmatch.translate(text.replace("[", "[[]")))
        return lambda value: value is not None and shape.match(value) is not None
    return lambda value: value is not None and value.rstrip(" ") == text.rstrip(" ")


def _number(value: str | None) -> int | None:
    digits = (value or "").strip()
    return int(digits) if re.fullmatch(r"-?[0-9]{1,18}", digits) else None
