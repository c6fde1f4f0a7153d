"""The rule that came nearest to a message which fits none, and what differed: for logs, and for a test that fails.

    nearest: large sales
        mti       0200
      - amount    >5000
      + amount    100
        terminal  TERM0001

What was found is masked as the spec says, and so is what was expected of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from iso_gateway.codec import mask
from iso_gateway.codec.message import Message
from iso_gateway.faults.elements import NAMED
from iso_gateway.faults.when import Miss, Occasion, When, value_of

WHO: Final = ("mti", "kind")
"""What a rule is about; where this does not hold, all else means little."""
_OPEN: Final = frozenset({"present", "absent"})
"""Patterns that say nothing of a value."""


class Near(NamedTuple):
    """A rule, and by what it did not fit."""

    name: str
    when: When
    misses: list[Miss]

    @property
    def akin(self) -> bool:
        """Whether it is about messages of this type and kind, and something else differs."""
        return all(miss.subject not in WHO for miss in self.misses)


def nearest(rules: Iterable[tuple[str, When]], occasion: Occasion) -> Near | None:
    """Return which of *rules*, by their names, comes nearest to *occasion*, the first of several; None: there is none.

    Nearer is what is about the same type and kind of message, and then what fewer conditions keep apart.
    """
    near = [Near(name, when, when.misses(occasion)) for name, when in rules]
    return min(near, key=lambda each: (not each.akin, len(each.misses)), default=None)


def differences(near: Near, occasion: Occasion) -> Iterator[str]:
    """Yield a line for each condition of *near*: what holds, and what was expected (``-``) and found (``+``)."""
    missed = {miss.subject: miss for miss in near.misses}
    subjects = dict.fromkeys((*(condition.subject for condition in near.when.conditions), *missed))
    width = max(map(len, subjects), default=0)
    for subject in subjects:
        miss = missed.get(subject)
        if miss is None:
            yield f"  {subject:{width}}  {seen(occasion.message, subject, value_of(occasion, subject))}"
        else:
            yield f"- {subject:{width}}  {expected(occasion.message, subject, miss.expected)}"
            yield f"+ {subject:{width}}  {seen(occasion.message, subject, miss.found)}"


def in_words(near: Near, occasion: Occasion) -> str:
    """Return *near* on one line, as a log has it: ``large sales: amount expected >5000, found 100``."""
    said = [
        f"{miss.subject} expected {expected(occasion.message, miss.subject, miss.expected)},"
        f" found {seen(occasion.message, miss.subject, miss.found)}"
        for miss in near.misses
    ]
    return f"{near.name}: {'; '.join(said)}"


def seen(message: Message, subject: str, value: str | None) -> str:
    """Return what may be seen of *value*, which *message* has under *subject*."""
    return "nothing" if value is None else mask.printable(mask.value(_policy(message, subject), value))


def expected(message: Message, subject: str, pattern: str) -> str:
    """Return what may be seen of a pattern for *subject*: of what a spec masks, nothing but whether it is there."""
    shown = pattern in _OPEN or _policy(message, subject) in ("none", "scan")
    # Both ends of a range apart: together they are as many digits as a card number has.
    return mask.printable("..".join(map(mask.scan, pattern.split("..")))) if shown else "something else"


def _policy(message: Message, subject: str) -> str:
    """Return how the values of *subject* are masked."""
    number, dot, inside = NAMED.get(subject, subject).partition(".")
    if not number.isdecimal():
        return "none"  # a type, a kind, an amount, what the host knows of an account: none of them is a secret
    spec = message.spec
    field = None if spec is None else spec.fields.get(int(number))
    if not dot or spec is None:
        return field.mask if field is not None else mask.DEFAULTS.get(int(number), "all")
    nodes = spec.inside(message, int(number)) if int(number) in message else ()
    return next((node.item.mask for node in nodes if node.item is not None and node.path == inside), "all")
