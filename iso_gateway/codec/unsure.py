"""What was read of bytes that are no message of their spec, where digits of a card may stand in any element.

Where a byte is missing at the front, a bit of the bitmap or a length is wrong, or the spec is another one, elements are
not what they are taken for: twelve digits of a card come out as an amount, which nobody masks. So card numbers are
looked for in the bytes themselves, and what lies over one is hidden, whatever its name is. Taken for one are 13 to 19
digits that pass by Luhn and begin as those of schemes do, in ASCII, EBCDIC or packed, where their very number stands
before them as a length, or a track's separator and an expiry behind them; and the same number wherever it stands again.
Digits with neither are not: among the dates and amounts of any message some pass by Luhn, and then nothing of a broken
message could be told. What a track has behind its separator is as secret, also where a digit of its number is lost.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from iso_gateway.codec import mask, trace
from iso_gateway.codec.message import Message

if TYPE_CHECKING:
    from iso_gateway.codec.parts.tree import Node
    from iso_gateway.codec.plan import Value
    from iso_gateway.codec.spec import Spec

LOOKED_AT: Final = 8192
"""Bytes of the message in which card numbers are looked for; what lies behind them is hidden."""
_SHORTEST: Final = 13
_LONGEST: Final = 19
_USUAL: Final = 16
_FIRST: Final = 6
_LAST: Final = 4
"""Digits at either end of a card number that may be seen (PCI DSS 4.0, 3.4.1)."""

_SIZES: Final = range(_SHORTEST, _LONGEST + 1)
_TRACK: Final = re.compile(r"(?=([2-6]\d{12,18})[=Dd^](?:\d\d(?:0[1-9]|1[0-2])|[=Dd^]))", re.ASCII)
"""A separator, and year and month behind it or another one."""
_REST: Final = re.compile(r"[=Dd]\d{0,24}|\^[^^]{0,26}\^[\d ]{0,60}", re.ASCII)
"""What a track has behind its number: expiry, service code, discretionary data; of track 1 the name before them."""
_SPOILT: Final = re.compile(r"(\d{12,19})[=Dd]\d\d(?:0[1-9]|1[0-2])\d{3,24}", re.ASCII)
"""A track whose number does not pass by Luhn: with an expiry and a service code it is one all the same."""
_IN_TEXT: Final = tuple(re.compile(rf"(?=(?:{size}|\x{size:02x})([2-6]\d{{{size - 1}}}))", re.ASCII) for size in _SIZES)
_PACKED: Final = tuple(
    re.compile(
        rf"(?=(?:{size}|{size:02x}|{(size + 1) // 2:02x}){'0?' if size % 2 else ''}([2-6]\d{{{size - 1}}}))", re.ASCII
    )
    for size in _SIZES
)
"""In hexadecimal. The length is in BCD, or binary, in digits or in bytes; an odd number may have a 0 before it."""


class UnsureMessage(Message):
    """What was read before the fault; `DecodeError.partial`. What `evolve` makes of it is sure of itself again."""

    __slots__ = ("_data", "_over")

    _data: bytes
    _over: frozenset[int] | None

    @property
    def doubted(self) -> frozenset[int]:
        """The elements over a card number that is not theirs: nothing of them is to be seen."""
        if self._over is None:
            self._over = frozenset(_doubted(self, self._data))
        return self._over

    def sure(self, nodes: Iterable[Node]) -> Iterator[Node]:
        """Yield *nodes*, the parts of an element, with those hidden that lie over a card number."""
        places = list(spots(self._data))
        for node in nodes:
            start, end = node.body // 2, (node.end + 1) // 2
            shown = node.item is not None and node.item.mask in {"none", "scan"}
            if shown and (end > LOOKED_AT or any(start < each.rest and each.start < end for each in places)):
                assert node.item is not None
                yield node._replace(item=node.item._replace(mask="all"))
            else:
                yield node

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (super().__reduce__(), self._data)


def unsure(partial: Message, spec: Spec, data: bytes) -> UnsureMessage:
    """Return *partial*, what *spec* made of *data* before it broke, bound to the spec."""
    made = UnsureMessage._made(partial.mti, dict(partial.items()), spec, None, False)  # noqa: FBT003, SLF001
    made._data = data  # noqa: SLF001 -- this is its second constructor
    made._over = None  # noqa: SLF001
    return made


def _again(made: tuple[Callable[..., Message], tuple[Any, ...]], data: bytes) -> UnsureMessage:
    message = made[0](*made[1])
    assert message.spec is not None
    return unsure(message, message.spec, data)


class Spot(NamedTuple):
    """Where a card number stands, and what of its track follows: characters or half bytes, later bytes."""

    start: int
    end: int
    """Behind the number."""
    rest: int
    """Behind its track; the same where there is none."""

    def bytes_of(self, width: int) -> Spot:
        """Return the bytes that it touches, of which each is *width* characters."""
        return Spot(self.start // width, -(-self.end // width), -(-self.rest // width))


def spots(data: bytes) -> Iterator[Spot]:
    """Yield where card numbers stand in *data*, in bytes."""
    head = data[:LOOKED_AT]
    for text in (head.decode("latin-1"), head.decode("cp500")):
        yield from _found(text, _IN_TEXT)
    yield from (each.bytes_of(2) for each in _found(head.hex(), _PACKED, aligned=2))


def cards(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield the first byte, and the one after the last, of those digits of each card number that must not be seen."""
    head = data[:LOOKED_AT]
    for text in (head.decode("latin-1"), head.decode("cp500")):
        for each in _found(text, _IN_TEXT):
            yield each.start + _FIRST, each.end - _LAST
            yield each.end, each.rest
    for each in _found(head.hex(), _PACKED, aligned=2):
        yield (each.start + _FIRST) // 2, (each.end - _LAST + 1) // 2
        yield each.end // 2, (each.rest + 1) // 2


def _found(text: str, sized: Iterable[re.Pattern[str]], aligned: int = 1) -> Iterator[Spot]:
    """Yield what is taken for a card number; a length begins at a multiple of *aligned* characters."""
    known: set[str] = set()
    ends: set[int] = set()
    for pattern in sized:
        for found in pattern.finditer(text):
            if found.start() % aligned == 0 and mask.luhn(found[1]):
                known.add(found[1])
                yield Spot(found.start(1), found.end(1), _behind(text, found.end(1)))
    tracks = [found for found in _TRACK.finditer(text) if mask.luhn(found[1])]
    sure = {found.end(1) for found in tracks if found[1] in known}
    for found in tracks:  # what stands before a number, its length too, may make another one of it
        ends.add(found.end(1))
        if found[1] in known or found.end(1) not in sure:
            known.add(found[1])
            yield Spot(found.start(1), found.end(1), _behind(text, found.end(1)))
    for found in _SPOILT.finditer(text):
        if found.end(1) not in ends:
            yield Spot(max(found.start(), found.end(1) - _USUAL), found.end(1), found.end())
    for number in known:
        yield from (Spot(again.start(), again.end(), again.end()) for again in re.finditer(number, text))


def _behind(text: str, at: int) -> int:
    """Return where the track ends whose number ends *at*; *at* itself where no track does."""
    found = _REST.match(text, at)
    return found.end() if found is not None else at


def card_bytes(data: bytes) -> set[int]:
    """Return which bytes of *data*, which is no message, must not be seen: those over the digits of a card number."""
    return {at for first, last in cards(data) for at in range(first, last)}


def _doubted(message: Message, data: bytes) -> Iterator[int]:
    spec = message.spec
    assert spec is not None
    places = list(spots(data))
    for span in trace.spans_so_far(spec.plan, data):
        if not span.field.isdecimal() or int(span.field) not in message:
            continue
        policy = spec.fields[int(span.field)].mask
        over = any(span.body < each.rest and each.start < span.end for each in places)
        # A card number in an element for one is shown as the element says, and one that is read askew is none.
        at_home = policy == "pan" and _is_card(message[int(span.field)])
        if (over or (span.end > LOOKED_AT and policy != "pan")) and policy not in {"all", "track"} and not at_home:
            yield int(span.field)


def _is_card(value: Value) -> bool:
    return isinstance(value, str) and value.isascii() and value.isdecimal() and mask.luhn(value)
