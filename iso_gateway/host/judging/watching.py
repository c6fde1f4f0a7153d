"""What the judge remembers of one terminal: bounded, whatever the terminal does."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Final

from iso_gateway.host.judging.relations import Key, differing, key_of, names, of_which, repeated
from iso_gateway.host.judging.seen import MONEY, NO_OUTCOME, Seen
from iso_gateway.protocol.dialect import Dialect
from iso_gateway.protocol.kinds import Kind

REMEMBERED: Final = 200
"""Messages of one terminal, among which originals and first sends are looked for."""
UNSETTLED: Final = 32
"""Messages of unknown outcome of one terminal; above, the oldest is not asked for any more."""
CARDS: Final = 16
"""Card numbers of one terminal that are looked for where none may stand."""

_DUPLICATE: Final = "94"


class Upload:
    """The records of one batch, as they come."""

    __slots__ = ("agreed", "announced", "came", "settlement")

    def __init__(self, settlement: Seen, announced: int, *, agreed: bool) -> None:
        self.settlement = settlement
        self.announced = announced
        """How many records the totals count."""
        self.agreed = agreed
        self.came: dict[str, Seen] = {}
        """By STAN of the record, the message that brought it."""


def _in_vain(reversal: Seen) -> bool:
    """Say whether *reversal* was answered, and has not undone what it was sent for, by its own fault."""
    if reversal.guessed:
        return reversal.believable
    # 25: what it names is not there any more, as it was undone already
    return reversal.believable and not reversal.booked and not reversal.willed and reversal.code not in _GONE


_GONE: Final = NO_OUTCOME | {"25"}


class Watch:
    """One terminal, as its messages show it."""

    def __init__(self, dialect: Dialect, terminal: str, merchant: str) -> None:
        self.dialect = dialect
        self.terminal = terminal
        self.merchant = merchant
        self.last_stan: Seen | None = None
        """The latest message that had a number of its own."""
        self.signed_on = False
        self.upload: Upload | None = None
        self.cards: deque[str] = deque(maxlen=CARDS)
        self._recent: deque[Seen] = deque()
        self._by_key: dict[Key, Seen] = {}
        """Of those, the latest with each key; one that was refused for having the number of another is not that."""
        self._unsettled: deque[Seen] = deque(maxlen=UNSETTLED)
        self._reversals: dict[Seen, Seen] = {}
        """By first send of what was reversed, the reversal that counts: one that was carried out, or the latest."""
        self._inquiries: deque[Seen] = deque(maxlen=UNSETTLED)
        """What was asked since the last look: how it is answered is known when the next message comes."""

    def __repr__(self) -> str:
        return f"<Watch of {self.terminal}, {len(self._recent)} messages>"

    @property
    def newest_first(self) -> Iterator[Seen]:
        """What came lately."""
        return reversed(self._recent)

    @property
    def unsettled(self) -> list[Seen]:
        """The messages whose outcome the terminal cannot know, and about which it has done nothing; oldest first."""
        for inquiry in self._inquiries:
            if inquiry.believable and inquiry.code == "00" and inquiry.asks is not None:
                inquiry.asks.settled = True  # it has been told what became of it (ruling 8)
        self._inquiries = deque((each for each in self._inquiries if each.given is None), UNSETTLED)
        return [each for each in self._unsettled if not each.settled and each.outcome_unknown]

    def relate(self, seen: Seen) -> None:
        """Find out what *seen* is about: what it repeats, and what it reverses."""
        seen.repeats = repeated(seen, self._by_key.get(key_of(seen)))
        if seen.kind is Kind.INQUIRY:
            asked = (each for each in self.newest_first if each.kind in MONEY and names(self.dialect, seen, each))
            seen.asks = next(asked, None)
        if seen.kind is not Kind.REVERSAL:
            return
        seen.undoes = next(of_which(self.dialect, seen, self.newest_first), None)
        if seen.undoes is None and seen.repeats is None:
            owed = [each for each in self.unsettled if each.kind in MONEY]
            alike = [each for each in owed if not differing(each, seen, set(each.message) - {4})]
            seen.undoes = next(iter(alike or owed), None)
            seen.guessed = seen.undoes is not None

    @property
    def standing(self) -> list[tuple[Seen, Seen]]:
        """What was reversed in vain, and the reversal: it was refused for what it says, or names something else."""
        return [
            (first, reversal)
            for first, reversal in self._reversals.items()
            if (about := reversal.undoes) is not None
            and (about.booked and about.outcome_unknown)  # of what was answered, both sides know that it stands
            and _in_vain(reversal)
        ]

    def reversal_of(self, seen: Seen) -> Seen | None:
        """Return what has reversed *seen*, or was to."""
        return self._reversals.get(seen.repeats or seen)

    def _reverse(self, reversal: Seen, undone: Seen) -> None:
        first = undone.repeats or undone
        earlier = self._reversals.get(first)
        if earlier is None or not earlier.booked or earlier.guessed:
            self._reversals[first] = reversal
        if len(self._reversals) > UNSETTLED:
            del self._reversals[next(iter(self._reversals))]

    def reversible(self, seen: Seen) -> bool:
        """Say whether *seen* is undone by a reversal; what is told as a fact is repeated."""
        if seen.kind is None or seen.kind is Kind.REVERSAL:
            return False
        row = self.dialect.kind_row(seen.message)
        return row is None or row.reversible

    def forget(self, number: int) -> None:
        """Forget the messages up to *number*."""
        while self._recent and self._recent[0].number <= number:
            self._forget_oldest()
        for kept in (self._unsettled, self._inquiries):
            while kept and kept[0].number <= number:
                kept.popleft()

        for first in [first for first in self._reversals if first.number <= number]:
            del self._reversals[first]

    def _forget_oldest(self) -> None:
        oldest = self._recent.popleft()
        if self._by_key.get(key_of(oldest)) is oldest:
            del self._by_key[key_of(oldest)]

    def take(self, seen: Seen) -> None:
        """Remember *seen*, once it was judged."""
        for about in (seen.repeats, seen.undoes):
            if about is not None:
                about.settled = True
        if seen.undoes is not None:
            self._reverse(seen, seen.undoes)
        if seen.repeats is not None:
            for each in self._unsettled:
                each.settled = each.settled or each.repeats is seen.repeats
        if len(self._recent) == REMEMBERED:
            self._forget_oldest()
        self._recent.append(seen)
        if seen.code != _DUPLICATE or key_of(seen) not in self._by_key:
            self._by_key[key_of(seen)] = seen
        if seen.asks is not None:
            self._inquiries.append(seen)
        if seen.kind in MONEY or seen.kind is Kind.REVERSAL:
            self._unsettled.append(seen)
        if not seen.doubt and (card := self.dialect.pan(seen.message)) and card not in self.cards:
            self.cards.append(card)
