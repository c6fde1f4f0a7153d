"""What happened to one transaction, step by step: its story, what its columns say besides, and operators' acts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

import msgspec

from iso_gateway.protocol.records import Audit, Row
from iso_gateway.protocol.story import Party, Told, Word, line, read, said

JOURNALED: Final = "journaled"
"""A step that the host leg tells, and no line."""


class Step(msgspec.Struct, frozen=True):
    """One thing that happened."""

    at: datetime
    word: str
    by: str
    to: str
    """Another party where something went from one to the other."""
    sentence: str
    """What the word means."""
    text: str = ""
    """What is particular here: a code, a reason, a place. Masked."""


def timeline(row: Row, audits: Iterable[Audit] = ()) -> tuple[Step, ...]:
    """Return the steps of *row* in order; what happened at one instant stays in the order in which it was told."""
    # An act's audit says all of it, at more length than its line in the story, which may have been cut.
    acts = tuple(audits)
    told = [each for each in read(row.story) if not (acts and each.word == Word.ACT)]
    steps = [*_from_columns(row, {each.word for each in told}), *map(_step, told), *map(_act, acts)]
    return tuple(sorted(steps, key=lambda step: (step.at, RANKS.get(step.word, _OTHERS))))


RANKS: Final = {Word.RECEIVED: 0, JOURNALED: 2, Word.SENT: 3, Word.NOT_SENT: 3, Word.DELIVERED: 9, Word.SETTLED: 9}
"""What goes first or last of what happened in one millisecond; the rest stands between."""

_OTHERS: Final = 5


def _step(told: Told) -> Step:
    meaning = told.meaning
    return Step(told.at, told.word, str(meaning.by), str(meaning.to), meaning.sentence, told.text)


def _from_columns(row: Row, told: set[str]) -> Iterator[Step]:
    """Yield what the columns of *row* tell, and its story does not."""
    request = f"{row.mti} {row.kind} STAN {row.stan}"
    if Word.RECEIVED not in told:
        yield _step(Told(row.received, Word.RECEIVED, said(request)))
    leg = row.host
    if leg is not None:
        text = f"{leg.mti} STAN {leg.stan} for {leg.acquirer}"
        (at,) = (each.at for each in read(line(leg.sent, Word.SENT)))  # to the millisecond, as a story's lines are
        yield Step(at, JOURNALED, str(Party.GATEWAY), str(Party.GATEWAY), "its intent goes to the journal", text)


def _act(audit: Audit) -> Step:
    text = f"{audit.act} by {said(audit.who)}: {said(audit.reason)}"
    return _step(Told(audit.at, Word.ACT, text))


UNKNOWN: Final = (
    Word.NOT_SENT,
    Word.TIMED_OUT,
    Word.LINK_LOST,
    Word.BAD_MAC,
    Word.MISMATCH,
    Word.UNCLEAR,
    Word.RECOVERED,
)
"""The words that tell why there is no answer to go by."""


def verdict(row: Row) -> str:
    """Return why the host's answer to *row* is missing or unclear, or the empty text."""
    texts = [told.text or told.meaning.sentence for told in read(row.story) if told.word in UNKNOWN]
    late = [told.text for told in read(row.story) if told.word == Word.LATE]
    return "; ".join([*texts[-1:], *late[:1]])


def named_by(row: Row) -> tuple[str, ...]:
    """Return the ids of the rows that name *row*, as its story tells."""
    ids = {
        told.text.rpartition(" ")[2]: None
        for told in read(row.story)
        if told.word in (Word.HELD, Word.KEPT, Word.REVERSED_BY)
    }
    return tuple(ids)
