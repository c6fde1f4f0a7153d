"""Messages of both directions -> who asked, who answered, and how long it took.

An answer belongs to the request of its type (0210 to 0200, 0201), STAN and, where both have one, terminal (DE 41): of
several to the latest of the same connection, and where there is none to the latest of that terminal. A request is a
repeat where its MTI says so, or where it says the same as the one before but for the moment and the MAC (flows 2.2); a
repeat shares the answer. The time of an answer counts from the last byte of the latest request before it to its own.

Memory is bounded: `MOST_OPEN` exchanges are remembered.
"""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from iso_gateway.codec import mti
from iso_gateway.codec.message import Message
from iso_gateway.traffic.segments import Direction

MOST_OPEN: Final = 65_536
"""Exchanges, answered or not, and answers without a request, that are remembered."""
_MOMENT: Final = frozenset({7, 12, 13, 64, 128})
"""What differs between a request and its repeat: the times, the MAC."""
REPEATED_WITHIN: Final = 60 * 10**9
"""Nanoseconds. Later, the same once more without a repeat mark is a request of its own: an echo whose STAN never
changes."""
SKEW: Final = 10**7
"""Nanoseconds by which an answer may seem to be before its request: a network card with several queues."""


class Told(NamedTuple):
    """One message, and where it was."""

    number: int
    """The packet of its last byte."""
    time: int
    """When that came: nanoseconds since 1970."""
    direction: Direction
    message: Message
    kind: str
    """What the profile says that it is; empty where it says nothing."""
    offset: int = 0
    """The byte of its direction with which its frame begins."""


@dataclass(slots=True, eq=False)
class Exchange:
    """A request, its repeats and its answers."""

    request: Told
    sent: list[tuple[int, int]]
    """Time and packet of the request and its repeats."""
    answers: int = 0


class Paired(NamedTuple):
    """What one message turned out to be."""

    told: Told
    word: str
    """``request``, ``repeat``, ``answer``, ``again`` (answered already), ``alone`` (of no request that was seen)."""
    exchange: Exchange | None = None
    partner: int = 0
    """Of an answer: the packet of its request; of a request whose answer was read before it: that of the answer."""
    after: int = 0
    """Of an answer: nanoseconds since the request."""
    elsewhere: bool = False
    """Whether the answer came over another connection than the request."""


@dataclass(slots=True)
class Row:
    """What is known of one type and kind of request."""

    mti: str
    kind: str
    count: int = 0
    repeats: int = 0
    answered: int = 0
    latencies: array[int] = field(default_factory=lambda: array("q"))
    """Nanoseconds, of the first answers."""

    def percentile(self, share: float) -> int | None:
        """Return the latency that *share* of the answers kept, in nanoseconds; None where there is none."""
        if not self.latencies:
            return None
        ordered = sorted(self.latencies)
        return ordered[max(0, -int(-share * len(ordered) // 1) - 1)]


Key = tuple[str, str, int | str]
"""Type of the answer, STAN, and the number of the connection or the terminal."""


class Conversations:
    """The exchanges on one port."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], Row] = {}
        self._open: OrderedDict[Exchange, None] = OrderedDict()
        """The oldest first."""
        self._keys: dict[Key, list[Exchange]] = {}
        self._alone: OrderedDict[Key, Told] = OrderedDict()

    def take(self, told: Told) -> Iterator[Paired | Exchange | Told]:
        """Yield what *told* is.

        An `Exchange` is one that nobody answered, a `Told` an answer that nobody asked for, and for neither of them is
        anything awaited any longer.
        """
        if mti.is_request(told.message.mti):
            yield from self._request(told)
        else:
            yield from self._answer(told)

    def finish(self) -> Iterator[Exchange | Told]:
        """Yield the exchanges that nobody answered, and the answers that nobody asked for."""
        yield from [each for each in self._open if awaits(each)]
        yield from self._alone.values()
        self._open.clear()
        self._keys.clear()
        self._alone.clear()

    def _request(self, told: Told) -> Iterator[Paired | Exchange]:
        row = self.rows.setdefault(_row(told), Row(*_row(told)))
        known = [each for each in self._known(told) if each.request.direction.upstream is told.direction.upstream]
        for each in known:
            if _repeats(told, each):
                row.repeats += 1
                each.sent.append((told.time, told.number))
                yield Paired(told, "repeat", each)
                return
        row.count += 1
        exchange = Exchange(told, [(told.time, told.number)])
        yield from self._remember(exchange, known)
        answer = self._before(told)
        if answer is None:
            yield Paired(told, "request", exchange)
            return
        exchange.answers = 1
        row.answered += 1
        after = max(0, answer.time - told.time)
        row.latencies.append(after)
        yield Paired(told, "request", exchange, answer.number, after)

    def _known(self, told: Told) -> list[Exchange]:
        """Return the exchanges that *told* may be of: those of its connection, the latest first, then the others."""
        found = [each for key in _keys(told) for each in reversed(self._keys.get(key, ()))]
        return [each for each in dict.fromkeys(found) if not _differ(each.request.message, told.message)]

    def _remember(self, exchange: Exchange, instead: list[Exchange]) -> Iterator[Exchange]:
        """Take in *exchange* in the place of others; yield those that have to go, and were not answered."""
        self._open[exchange] = None
        for key in _keys(exchange.request):
            self._keys.setdefault(key, []).append(exchange)
        while instead or len(self._open) > MOST_OPEN:
            gone = instead.pop() if instead else next(iter(self._open))
            del self._open[gone]
            for key in _keys(gone.request):
                self._keys[key].remove(gone)
                if not self._keys[key]:
                    del self._keys[key]
            if awaits(gone):
                yield gone

    def _before(self, told: Told) -> Told | None:
        """Return the answer to *told* that was read before it: the other direction was held up by missing bytes."""
        key = _keys(told)[0]
        answer = self._alone.get(key)
        if answer is None or answer.time < told.time - SKEW or _differ(told.message, answer.message):
            return None
        return self._alone.pop(key)

    def _answer(self, told: Told) -> Iterator[Paired | Told]:
        asked = (each for each in self._known(told) if each.request.direction.upstream is not told.direction.upstream)
        exchange = next(asked, None)
        if exchange is None:
            yield Paired(told, "alone")
            yield from self._keep(told)
            return
        time, number = max((each for each in exchange.sent if each[0] <= told.time), default=exchange.sent[0])
        after = max(0, told.time - time)
        exchange.answers += 1
        elsewhere = exchange.request.direction.connection is not told.direction.connection
        if exchange.answers == 1:
            row = self.rows[_row(exchange.request)]
            row.answered += 1
            row.latencies.append(after)
        word = "answer" if exchange.answers <= len(exchange.sent) else "again"
        yield Paired(told, word, exchange, number, after, elsewhere)

    def _keep(self, told: Told) -> Iterator[Told]:
        """Keep an answer whose request may still be read; yield one that has to go."""
        key = _keys(told)[0]
        if key in self._alone:
            yield self._alone.pop(key)
        self._alone[key] = told
        if len(self._alone) > MOST_OPEN:
            yield self._alone.popitem(last=False)[1]


def awaits(exchange: Exchange) -> bool:
    """Return whether *exchange* should have an answer and has none; a notification (xx4x) asks for none."""
    return not exchange.answers and exchange.request.message.mti[2] != "4"


def stan(message: Message) -> str:
    """Return DE 11; empty where there is none."""
    carried = message.get(11)
    return carried if isinstance(carried, str) else ""


def _keys(told: Told) -> list[Key]:
    """Return under what an exchange is remembered: its connection, and its terminal where it names one."""
    kind = told.message.mti
    answer = str(mti.MTI(kind).response()) if mti.is_request(kind) else mti.original(kind)
    number = stan(told.message)
    keys: list[Key] = [(answer, number, told.direction.connection.number)]
    if terminal := _terminal(told.message):
        keys.append((answer, number, terminal))
    return keys


def _row(told: Told) -> tuple[str, str]:
    return mti.original(told.message.mti), told.kind


def _terminal(message: Message) -> str:
    carried = message.get(41)
    return carried.rstrip() if isinstance(carried, str) else ""


def _differ(request: Message, answer: Message) -> bool:
    """Return whether both name a terminal, and not the same."""
    asked, answered = _terminal(request), _terminal(answer)
    return bool(asked and answered and asked != answered)


def _repeats(told: Told, exchange: Exchange) -> bool:
    """Return whether *told* says again what the request of *exchange* said."""
    message, before = told.message, exchange.request.message
    if mti.is_repeat(message.mti):
        return True
    soon = told.time - exchange.sent[-1][0] <= REPEATED_WITHIN
    return soon and message.mti == before.mti and _lasting(message) == _lasting(before)


def _lasting(message: Message) -> dict[int, str | bytes]:
    return {number: value for number, value in message.items() if number not in _MOMENT}
