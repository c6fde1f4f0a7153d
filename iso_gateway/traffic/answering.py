"""What a recording would answer to a request that somebody makes now.

A request is looked up by what identifies it: message type, kind, and the elements of `IDENTIFYING`. Of several
recorded ones with the same identity each has its turn, in order, and after the last comes the first again. A repeat
(0201, or the same STAN once more) gets what the recorded repeat got, or else the first answer again.

The answer is the recorded one, but what it echoed comes from the request of now: STAN, times, RRN, card number. A time
that it did not echo is the present one.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, NamedTuple

from iso_gateway.codec import mask, mti
from iso_gateway.codec.message import Message
from iso_gateway.errors import CannotCarry, EncodeError
from iso_gateway.protocol.dialect import Dialect
from iso_gateway.protocol.moment import date_and_time, transmission_time
from iso_gateway.traffic.exchanges import Exchange, identity

REMEMBERED: Final = 10_000
"""Requests of now whose repeats are recognized."""
COMPARED: Final = 2000
"""Identities among which the nearest one to a stranger is looked for."""
_CODE, _NOT_RECORDED, _NOT_RECORDED_1993 = 39, "96", "909"

Identity = tuple[tuple[str, str], ...]


class Near(NamedTuple):
    """The recorded request that comes nearest to one that is not recorded."""

    line: int
    differs: list[str]
    """``DE 4: 000000001300, recorded 000000001234``, masked."""


@dataclass(slots=True, eq=False)
class _Chain:
    """A recorded request and its repeats."""

    exchanges: list[Exchange]


@dataclass(slots=True, eq=False)
class _Turns:
    """All recorded requests of one identity."""

    chains: list[_Chain]
    next: int = 0


class Answers:
    """A recording, as who is asked has it."""

    def __init__(self, recorded: Sequence[Exchange], dialect: Dialect | None) -> None:
        """Answer as *recorded*; without *dialect*, no kinds are known."""
        self._dialect = dialect
        self._turns: dict[Identity, _Turns] = {}
        self._given: OrderedDict[tuple[str, str, Identity], tuple[_Chain, int]] = OrderedDict()
        """What who repeats gets again."""
        for exchange in recorded:
            turns = self._turns.setdefault(self._identity(exchange.message), _Turns([]))
            last = turns.chains[-1].exchanges[-1] if turns.chains else None
            if last is not None and _repeats(exchange.message, last.message):
                turns.chains[-1].exchanges.append(exchange)
            else:
                turns.chains.append(_Chain([exchange]))

    def find(self, request: Message) -> Exchange | None:
        """Return the recorded exchange whose turn it is for *request*, or None where there is none like it."""
        known = self._identity(request)
        turns = self._turns.get(known)
        if turns is None:
            return None
        key = request.text(41), request.text(11), known
        given = self._given.pop(key, None) if 11 in request else None
        if given is not None:
            chain, at = given[0], min(given[1] + 1, len(given[0].exchanges) - 1)
        else:
            chain, at = turns.chains[turns.next], 0
            turns.next = (turns.next + 1) % len(turns.chains)
        self._given[key] = chain, at
        if len(self._given) > REMEMBERED:
            self._given.popitem(last=False)
        return chain.exchanges[at]

    def nearest(self, request: Message) -> Near | None:
        """Return the recorded request that differs least from *request*, which `find` did not find."""
        wanted = dict(self._identity(request))
        best: tuple[list[str], Exchange] | None = None
        for known, turns in list(self._turns.items())[:COMPARED]:
            recorded = dict(known)
            keys = [key for key in wanted | recorded if wanted.get(key) != recorded.get(key)]
            if best is None or len(keys) < len(best[0]):
                best = keys, turns.chains[0].exchanges[0]
        if best is None:
            return None
        keys, exchange = best
        differs = [f"{_label(key)}: {_shown(request, key, wanted)}, recorded {self._of(exchange, key)}" for key in keys]
        return Near(exchange.request.number, differs)

    def refusal(self, request: Message, today: datetime) -> Message | None:
        """Return the answer that says that *request* is not recorded (96), or None where none can be made."""
        try:
            if self._dialect is not None:
                return self._dialect.answer(request, _NOT_RECORDED, {}, today.date())
            return request.response_to({_CODE: _NOT_RECORDED if request.mti[0] == "0" else _NOT_RECORDED_1993})
        except (CannotCarry, EncodeError):
            return None

    def _identity(self, message: Message) -> Identity:
        return tuple(identity(message, self._dialect).items())

    def _of(self, exchange: Exchange, key: str) -> str:
        return _shown(exchange.message, key, identity(exchange.message, self._dialect))


def rewritten(exchange: Exchange, answer: Message, request: Message, wall: datetime) -> Message:
    """Return *answer*, recorded for *exchange*, as the answer to *request*, given at *wall*.

    Raises:
        EncodeError: its spec cannot carry what is to be echoed.
    """
    recorded = exchange.message
    changes: dict[int | str, str | bytes | None] = {}
    for number, value in answer.items():
        if number == _CODE:
            continue
        if number in recorded and recorded[number] == value:
            changes[number] = request.get(number)
        elif number in (7, 12, 13) and isinstance(value, str):
            changes[number] = _time(number, len(value), wall)
    return answer.evolve({number: value for number, value in changes.items() if value != answer.get(number)})


def _time(number: int, width: int, wall: datetime) -> str:
    """Return data element 7, 12 or 13 of *width* digits, in UTC."""
    at = wall.astimezone(UTC)
    if number == 7:
        return transmission_time(at)[-width:]
    local = date_and_time(at)
    if number == 13:
        return local[2:6] if width == 4 else local[:width]
    return local[6:] if width == 6 else f"{at.year // 100}{local}"[-width:]


def _repeats(message: Message, before: Message) -> bool:
    return mti.is_repeat(message.mti) or (11 in message and message.get(11) == before.get(11))


def _label(key: str) -> str:
    return f"DE {key}" if key[:1].isdecimal() else {"mti": "MTI"}.get(key, key)


def _shown(message: Message, key: str, said: dict[str, str]) -> str:
    if key.isdecimal() and int(key) in message:
        return mask.shown(message, int(key)).strip() or "nothing"
    return said.get(key, "nothing") if not key.isdecimal() else "nothing"
