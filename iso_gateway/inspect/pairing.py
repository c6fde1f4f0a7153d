"""Which messages of two lists belong together: by message type, STAN and terminal, in their order."""

from __future__ import annotations

from collections.abc import Sequence

from iso_gateway.codec.message import Message
from iso_gateway.codec.mti import MTI

Pair = tuple[Message | None, Message | None]
"""None: the other has no partner."""


def paired(left: Sequence[Message], right: Sequence[Message], *, answers: bool = False) -> list[Pair]:
    """Return the pairs in the order of *left*, then what is only in *right*.

    Args:
        left: some messages.
        right: others.
        answers: these answer those, and are of the type of an answer.
    """
    free = list(right)
    pairs: list[Pair] = []
    for message in left:
        kind = _answered(message.mti) if answers else message.mti
        partner = next((each for each in free if each.mti == kind and _alike(message, each)), None)
        if partner is not None:
            free.remove(partner)
        pairs.append((message, partner))
    return pairs + [(None, each) for each in free]


def _alike(one: Message, other: Message) -> bool:
    """Return whether STAN is the same, and the terminal where both have one."""
    same = one.text(11) == other.text(11)
    return same and (not one.text(41) or not other.text(41) or one.text(41) == other.text(41))


def _answered(mti: str) -> str:
    try:
        return MTI(mti).response()
    except ValueError:
        return mti
