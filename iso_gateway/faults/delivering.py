"""From an answer and a fault to the wire: which bytes, after how long, and what becomes of the connection.

A fault is carried out from the inside to the outside: first what the message says (`misstated`), then its MAC, which
whoever has the key makes or spoils, then the bytes of its payload, then its frame (`delivery`). What a word does to the
inside, the next one gets: ``wrong=stan truncate=3 dribble=2`` is all three.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from iso_gateway.codec.message import Message
from iso_gateway.faults.fault import Chance, Fault, Silence, Wrong

if TYPE_CHECKING:
    from iso_gateway.framing import Framing

_STAN, _AMOUNT, _TERMINAL = 11, 4, 41
_MACS: Final = (64, 128)
_LAST_STAN: Final = 999_999


class Then(StrEnum):
    """What becomes of the connection when all bytes were given to it."""

    OPEN = "open"
    MUTE = "mute"
    """It stays open, and nothing is said on it any more."""
    CLOSE = "close"
    RESET = "reset"


class Piece(NamedTuple):
    """Bytes that are given to the connection together."""

    after: float
    """Seconds after the piece before it."""
    wire: bytes

    def __repr__(self) -> str:
        return f"Piece(after={self.after:g}, <{len(self.wire)} bytes>)"


class Delivery(NamedTuple):
    """How one answer is given."""

    after: float = 0.0
    """Seconds before the first byte; other answers may go out meanwhile."""
    held: bool = False
    """Whether it waits, after that, until another answer has gone out."""
    pieces: tuple[Piece, ...] = ()
    """Between two of them nothing else is said on the connection."""
    then: Then = Then.OPEN
    whole: bool = False
    """Whether what goes out is the answer, in a frame that can be read."""


def misstated(answer: Message, fault: Fault) -> Message:
    """Return *answer* as it says wrongly what *fault* has it say wrongly; elements that it has not stay away."""
    changes: dict[int, str] = {}
    if Wrong.STAN in fault.wrong and answer.text(_STAN).isdecimal():
        changes[_STAN] = f"{int(answer.text(_STAN)) % _LAST_STAN + 1:06}"
    if Wrong.AMOUNT in fault.wrong and answer.text(_AMOUNT).isdecimal():
        size = len(answer.text(_AMOUNT))
        changes[_AMOUNT] = f"{(int(answer.text(_AMOUNT)) + 1) % 10**size:0{size}}"
    if Wrong.TERMINAL in fault.wrong and (terminal := answer.text(_TERMINAL)).rstrip():
        changes[_TERMINAL] = _another(terminal)
    return answer.evolve(changes) if changes else answer


def with_wrong_mac(answer: Message) -> Message:
    """Return *answer* with another MAC than it has; one that has none stays as it is."""
    macs = {number: answer[number] for number in _MACS if number in answer}
    return answer.evolve({number: bytes([mac[0] ^ 1]) + mac[1:] for number, mac in macs.items() if mac})


def without_mac(answer: Message) -> Message:
    """Return *answer* without a MAC."""
    return answer.evolve({number: None for number in _MACS if number in answer})


def mangled(payload: bytes, fault: Fault, chance: Chance, most: int) -> bytes:
    """Return *payload*, of *most* bytes at the most, with the bytes that *fault* takes, adds, or puts in its place."""
    if fault.garbage:
        payload = chance.randbytes(fault.garbage)
    if fault.truncate:
        payload = payload[: max(len(payload) - fault.truncate, 0)]
    return (payload + bytes(fault.pad))[:most]


def without_answer(fault: Fault) -> Fault:
    """Return what of *fault* can be done where there is no answer to do it to: the end of the connection."""
    return Fault(silence=Silence.RECORDED, close=fault.close or fault.half_frame, reset=fault.reset)


def of_the_whole(fault: Fault) -> Fault:
    """Return what of *fault* is done to all connections at once."""
    return Fault(restart=fault.restart, refuse_connections=fault.refuse_connections)


def delay_of(fault: Fault, late: float, chance: Chance) -> float:
    """Return after how many seconds an answer goes out; *late* are those of one that comes after the time-out."""
    if fault.late:
        return late
    return fault.delay.seconds(chance) if fault.delay is not None else 0.0


def delivery(payload: bytes, header: bytes, framing: Framing, fault: Fault, late: float, chance: Chance) -> Delivery:  # noqa: PLR0917 -- an answer, its frame, and what goes wrong
    """Return how the answer *payload* is given in *framing*, with *fault* done to it.

    Args:
        payload: the answer with its MAC, both as `fault` has them already.
        header: its network headers.
        framing: what lies around it.
        fault: what goes wrong.
        late: seconds of an answer that comes after the time-out.
        chance: for delays and garbage.

    Raises:
        EncodeError: no frame can be that long.
    """
    then = Then.RESET if fault.reset else Then.CLOSE if fault.close or fault.half_frame else Then.OPEN
    after = delay_of(fault, late, chance)
    if not fault.answers:
        return Delivery(after, then=then)
    mangled_ = mangled(payload, fault, chance, framing.most)
    wire = framing.misframed(mangled_, header, fault.misframed) if fault.misframed else framing.frame(mangled_, header)
    whole = mangled_ == payload and not fault.misframed
    if fault.half_frame or fault.cut is not None:
        part = wire[: len(wire) // 2 if fault.half_frame else fault.cut]
        whole, wire = whole and part == wire, part
        if then is Then.OPEN:
            then = Then.MUTE
    pieces = _pieces(wire, fault) * (2 if fault.twice else 1)
    return Delivery(after, fault.out_of_order, pieces, then, whole)


def _pieces(wire: bytes, fault: Fault) -> tuple[Piece, ...]:
    if fault.dribble is None:
        return (Piece(0.0, wire),) if wire else ()
    size, pause = fault.dribble.bytes_at_once, fault.dribble.pause
    return tuple(Piece(pause if at else 0.0, wire[at : at + size]) for at in range(0, len(wire), size))


def _another(terminal: str) -> str:
    """Return the id of another terminal, as long as this one."""
    name = terminal.rstrip()
    last = (
        str((int(name[-1]) + 1) % 10)
        if name[-1].isdecimal() and name[-1].isascii()
        else "X"
        if name[-1] != "X"
        else "Y"
    )
    return name[:-1] + last + terminal[len(name) :]
