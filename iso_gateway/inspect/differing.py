"""What differs between two messages, by path down to the part; and what an answer made of its request."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from typing import Final, NamedTuple

from iso_gateway.codec.message import ECHO, Message
from iso_gateway.codec.mti import MTI
from iso_gateway.inspect.leaves import Leaf, leaves

VOLATILE: Final = ("7", "11", "12", "13", "37", "64", "128")
"""What is hardly ever the same in two messages: transmission time, STAN, local time, RRN, MACs."""

MATCHED: Final = frozenset({"3", "4", "7", "11", "41", "42", "49"})
"""What requests and answers are matched and compared by; of these an answer echoes unchanged what its spec echoes."""
_PARTIAL: Final = frozenset({"10", "002"})
"""Codes with which DE 4 is what was approved, and not what was asked for."""


class How(StrEnum):
    """How the two stand to each other at one path."""

    SAME = "same"
    CHANGED = "changed"
    ONLY_LEFT = "only left"
    ONLY_RIGHT = "only right"


class Difference(NamedTuple):
    """One path of two messages."""

    path: str
    name: str
    how: How
    left: str
    """As people may see it; empty where nothing is there."""
    right: str

    @property
    def hidden(self) -> bool:
        """Whether the two differ only in what is masked."""
        return self.how is How.CHANGED and self.left == self.right


def compare(left: Message, right: Message, ignore: Collection[str] = (), *, unsafe: bool = False) -> list[Difference]:
    """Return every path of either message, in the order of the left one, what is only right at its place.

    Args:
        left: one message.
        right: the other, of the same spec or of another one.
        ignore: paths that are left out, with all that is inside: ``7``, ``55.9F37``, ``mti``.
        unsafe: have nothing masked.
    """
    ours = {leaf.path: leaf for leaf in leaves(left, unsafe=unsafe) if not _under(leaf.path, ignore)}
    theirs = {leaf.path: leaf for leaf in leaves(right, unsafe=unsafe) if not _under(leaf.path, ignore)}
    paths = sorted({*ours, *theirs}, key=_place({path: at for at, path in enumerate([*ours, *theirs])}))
    return [_difference(path, ours.get(path), theirs.get(path)) for path in paths]


class _place:  # noqa: N801 -- it is called
    """Orders paths: by element, and within one as they came."""

    def __init__(self, seen: dict[str, int]) -> None:
        self._seen = seen

    def __call__(self, path: str) -> tuple[int, int]:
        element = path.partition(".")[0]
        return int(element) if element.isdecimal() else -1, self._seen[path]


def _under(path: str, ignore: Collection[str]) -> bool:
    return any(path == each or path.startswith((f"{each}.", f"{each}#")) for each in ignore)


def _difference(path: str, left: Leaf | None, right: Leaf | None) -> Difference:
    name = next((leaf.name for leaf in (left, right) if leaf is not None), "")
    if left is None or right is None:
        how = How.ONLY_RIGHT if left is None else How.ONLY_LEFT
    else:
        how = How.SAME if left.value == right.value else How.CHANGED
    return Difference(path, name, how, left.shown if left else "", right.shown if right else "")


class Made(StrEnum):
    """What an answer made of an element of its request."""

    ECHOED = "echoed"
    CHANGED = "changed"
    MISSING = "missing"
    """It must be echoed, and is not there."""
    LEFT_OUT = "left out"
    """An answer need not repeat it."""
    ADDED = "added"


class Answered(NamedTuple):
    """One path of a request and its answer."""

    difference: Difference
    made: Made
    wrong: bool
    """Whether an answer may not do so: what both sides match on is changed or missing."""


def answered(
    request: Message, answer: Message, ignore: Collection[str] = (), *, unsafe: bool = False
) -> list[Answered]:
    """Return what *answer* made of *request*; of `MATCHED`, what its spec echoes must be there unchanged."""
    spec = request.spec
    echo = MATCHED & {str(number) for number in (ECHO if spec is None else spec.echo)}
    if answer.text(39) in _PARTIAL:
        echo -= {"4"}
    found: list[Answered] = []
    for difference in compare(request, answer, ignore, unsafe=unsafe):
        if difference.path == "mti":
            found.append(Answered(difference, Made.CHANGED, wrong=not _answers(request.mti, answer.mti)))
            continue
        must = difference.path.partition(".")[0] in echo
        made = {
            How.SAME: Made.ECHOED,
            How.CHANGED: Made.CHANGED,
            How.ONLY_LEFT: Made.MISSING if must else Made.LEFT_OUT,
            How.ONLY_RIGHT: Made.ADDED,
        }[difference.how]
        found.append(Answered(difference, made, wrong=must and made in {Made.CHANGED, Made.MISSING}))
    return found


def _answers(request: str, answer: str) -> bool:
    try:
        return MTI(request).response() == answer
    except ValueError:
        return False
