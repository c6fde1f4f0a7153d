"""A cause that may be it, and how much speaks for it."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from iso_gateway.codec.message import Message
from iso_gateway.codec.unreadable import many
from iso_gateway.inspect.doctor.sanity import Sense, sense
from iso_gateway.inspect.told import Cause

USUAL: Final = (0.85, 5)
"""The share of sense, and the points, from which on a reading is believed for which something is taken for granted."""
BY_ITSELF: Final = (0.5, 2)
"""... and one that would be no accident anyway: behind a length that is right, up to where the bytes end."""
USE_SPEC: Final = "a spec that reads it so:"


class Suspicion(NamedTuple):
    """A cause that may be it."""

    price: float
    """What it takes for granted: 0 a frame that was left on, 1 one kind of thing that is written otherwise, ..."""
    sense: Sense
    """What the message says if it is."""
    cause: Cause
    needs: tuple[float, int] = USUAL
    """The share of sense and the points from which on it convinces."""
    about: str = ""
    """What it is about, where several suspicions are: the likeliest of them is told. Empty: the words of the cause."""

    @property
    def rank(self) -> tuple[Any, ...]:
        """What suspicions are sorted by, the likeliest first."""
        return self.price, -self.sense.share, -self.sense.good

    @property
    def convinces(self) -> bool:
        """Whether the message makes sense if it is so."""
        return self.sense.share >= self.needs[0] and self.sense.good >= self.needs[1]


def judged(message: Message) -> Sense:
    """Return how much sense *message* makes, which is bound to its spec."""
    return sense(message)


def read_so(message: Message, size: int, before: str = "read so") -> str:
    """Return the evidence that *message* came out of all its *size* bytes."""
    doubts = sense(message).doubts
    but = f", but {listed(doubts)} {'makes' if len(doubts) == 1 else 'make'} no sense" if doubts else ""
    return f"{before}, {size} of {many(size, 'byte')} come out exactly, {many(len(message), 'element')}{but}"


def elements(numbers: list[int]) -> str:
    """Return data elements as people say them: ``DE 2, 35 and 48``."""
    return f"DE {listed([str(each) for each in numbers])}"


def listed(words: list[str] | tuple[str, ...]) -> str:
    """Return *words* in a row: ``a, b and c``."""
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)
