"""How messages of one terminal belong together: what repeats, reverses or names what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from iso_gateway.codec.mti import is_repeat, original
from iso_gateway.host.judging.seen import Seen
from iso_gateway.protocol.dialect import Dialect
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.originals import Original
from iso_gateway.protocol.peeking import peek

MAY_CHANGE: Final = frozenset({7, 64, 128})
"""The elements in which a repeat may differ from its first send, beside the MTI (ruling 24)."""


def differing(one: Seen, other: Seen, but: Iterable[int] = MAY_CHANGE) -> list[int]:
    """Return the elements in which two messages differ, those of *but* left out."""
    left_out = frozenset(but)
    numbers = {*one.message, *other.message} - left_out
    return sorted(de for de in numbers if one.message.get(de) != other.message.get(de))


Key = tuple[Kind | None, str, str, str]
"""Kind, batch, STAN and type without its repeat mark: what makes two messages the same (ruling 4)."""


def key_of(seen: Seen) -> Key:
    """Return what *seen* has in common with its repeats."""
    return seen.kind, seen.batch, seen.stan, original(seen.message.mti)


def repeated(seen: Seen, earlier: Seen | None) -> Seen | None:
    """Return the first send of what *seen* repeats, if *earlier*, the latest with its key, shows it to be one.

    It is one if it says so, if nothing else changed, or if the earlier one was not answered. Otherwise it is a new
    message under an old number.
    """
    if earlier is None:
        return None
    first = earlier.repeats or earlier
    is_one = is_repeat(seen.message.mti) or earlier.outcome_unknown or not differing(seen, first)
    return first if is_one else None


def names(dialect: Dialect, seen: Seen, earlier: Seen) -> bool:
    """Say whether *seen* names *earlier* as its original."""
    if dialect.profile.reversal_stan == "same" and seen.message.mti[1] == "4":
        types = peek(seen.message, "60.1"), peek(earlier.message, "60.1")
        return (seen.stan, seen.batch) == (earlier.stan, earlier.batch) and (types[0] == types[1] or not all(types))
    named = dialect.original(seen.message)
    return bool(named.stan or named.rrn or named.approval) and _fits(named, earlier)


def _fits(named: Original, earlier: Seen) -> bool:
    answer = earlier.answer
    rrn = "" if answer is None else answer.text(37)
    approval = "" if answer is None else answer.text(38)
    if named.stan:
        local = earlier.message.text(12) if len(earlier.message.text(12)) == 12 else ""
        pairs = (
            (named.stan, earlier.stan),
            (named.mti, original(earlier.message.mti)),
            (named.transmitted, earlier.message.text(7)),
            (named.local, local),
            (named.batch, earlier.batch),
        )
        return all(not said or not has or said == has for said, has in pairs)
    return all(not said or said == has for said, has in ((named.rrn, rrn), (named.approval, approval)))


def of_which(dialect: Dialect, reversal: Seen, earlier: Iterable[Seen]) -> Iterator[Seen]:
    """Yield the *earlier* messages that *reversal* names, in their order."""
    kinds = dialect.reversed_kinds(reversal.message)
    return (each for each in earlier if each.kind in kinds and names(dialect, reversal, each))
