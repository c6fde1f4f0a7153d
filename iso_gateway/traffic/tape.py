"""What passes between two peers -> lines of a recording, redacted unless it is said that they shall not be.

First the bytes of a direction are cut, which costs microseconds; then each piece waits its turn to be read, redacted
and written. What waits is bounded: where the disk or the processor cannot keep up, pieces are left out and counted, and
never does anybody wait for them.
"""

from __future__ import annotations

from collections import deque
from typing import Final, NamedTuple

from iso_gateway.codec.describe import summary
from iso_gateway.codec.spec import Spec
from iso_gateway.errors import CannotRedact, DecodeError, FramingError
from iso_gateway.framing import Frame, Framing
from iso_gateway.inspect.redacting import Redactor
from iso_gateway.traffic.recorded import AnyLine, Ended, Idle, Lost, Opened, Side, Spoken, Unread

LONGEST_FRAME: Final = 65535
"""Bytes of a frame that is taken for one; what is announced longer is bytes."""
WAITING: Final = 16 * 1024 * 1024
"""Bytes that may wait to be written."""
_COST: Final = 300
"""Bytes that a piece costs beside its own."""
_WHY_CUT: Final = "a frame that was cut short"
_BEHIND: Final = "behind bytes that are no frame"


What = Frame | bytes | int
"""A frame, bytes that are none, a number of keep-alives."""
Cuts = list[tuple[What, str]]
"""Each with why bytes are no frame."""


class Piece(NamedTuple):
    """What is to become one line."""

    at: float
    connection: int
    side: Side
    what: What | None
    """None: what `word` says."""
    word: str = ""
    """Why bytes are no frame; how the side ended; the peer of a connection that was `opened`."""
    opened: bool = False

    @property
    def cost(self) -> int:
        """Bytes of memory, about."""
        match self.what:
            case Frame(header, payload):
                return _COST + len(header) + len(payload)
            case bytes(data):
                return _COST + len(data)
            case _:
                return _COST


class Cutter:
    """Cuts what one side of one connection sends into frames, and what is none."""

    def __init__(self, framing: Framing) -> None:
        self._framer = framing.framer(LONGEST_FRAME)
        self._begun = bytearray()
        """The bytes of the frame that is not complete."""

    def cut(self, data: bytes) -> Cuts:
        """Return what is complete with *data*: frames, numbers of keep-alives, and bytes with why they are neither."""
        framer = self._framer
        if framer.fault is not None:
            return [(data, _BEHIND)]
        found: Cuts = []
        at = 0
        while at < len(data):
            # No more bytes than it asks for, so that it is known which ones it does not take.
            piece = data[at : at + framer.needed - framer.buffered]
            at += len(piece)
            self._begun += piece
            try:
                frames = framer.receive(piece)
            except FramingError as fault:
                found.append((bytes(self._begun) + data[at:], str(getattr(fault, "reason", fault))))
                self._begun.clear()
                break
            if not framer.buffered:
                found.append((frames[0] if frames else 1, ""))
                self._begun.clear()
        return found

    def end(self) -> Cuts:
        """Return what is left of a frame when its side sends no more."""
        return [(bytes(self._begun), _WHY_CUT)] if self._begun else []


class Tape:
    """What waits to be written, in order."""

    def __init__(self, most: int = WAITING) -> None:
        """Hold at most *most* bytes."""
        self._most = most
        self._pieces: deque[Piece] = deque()
        self._bytes = 0
        self._lost = 0
        self._lost_at = 0.0
        self.lost = 0
        """How many pieces were left out in all."""

    def __len__(self) -> int:
        return len(self._pieces) + bool(self._lost)

    def add(self, piece: Piece) -> None:
        """Have *piece* wait; where there is no room, leave it out and count it."""
        if self._bytes + piece.cost > self._most:
            self._lost += 1
            self._lost_at = piece.at
            self.lost += 1
            return
        self._bytes += piece.cost
        self._pieces.append(piece)

    def next(self) -> Piece | Lost:
        """Return the first piece that waits; behind the last one, how many were left out since."""
        if not self._pieces:
            lost, self._lost = self._lost, 0
            return Lost(round(self._lost_at, 6), 0, lost)
        piece = self._pieces.popleft()
        self._bytes -= piece.cost
        return piece


class Scribe:
    """Writes pieces down as lines."""

    def __init__(self, spec: Spec, redactor: Redactor | None) -> None:
        """Read frames as messages of *spec*; without *redactor* they are written as they came."""
        self._spec = spec
        self._redactor = redactor
        self.messages = 0
        self.unread = 0

    def line(self, piece: Piece | Lost) -> AnyLine:
        """Return *piece* as a line. Whatever it holds and whatever goes wrong, there is one."""
        if isinstance(piece, Lost):
            return piece
        at, connection, side = round(piece.at, 6), piece.connection, piece.side
        match piece.what:
            case None if piece.opened:
                return Opened(at, connection, piece.word)
            case None:
                return Ended(at, connection, side, piece.word)
            case int(count):
                return Idle(at, connection, side, count)
            case bytes(data):
                return self._unread(piece, data, piece.word)
            case Frame(header, payload):
                try:
                    message, says = self._read(payload)
                except (DecodeError, CannotRedact) as error:
                    return self._unread(piece, payload, str(error), header)
                except Exception:  # noqa: BLE001 -- what we cannot read must neither stop the traffic nor be shown
                    return self._unread(piece, payload, "not understood by the recorder, which is a bug of it", header)
                self.messages += 1
                return Spoken(at, connection, side, message.hex(), header.hex(), says)

    def _read(self, payload: bytes) -> tuple[bytes, str]:
        message = self._spec.decode(payload)
        if self._redactor is None:
            return payload, summary(message)
        redacted = self._redactor.message(message)
        return self._spec.encode(redacted), summary(redacted)

    def _unread(self, piece: Piece, data: bytes, why: str, header: bytes = b"") -> Unread:
        self.unread += 1
        raw = "" if self._redactor is not None else (header + data).hex()
        return Unread(round(piece.at, 6), piece.connection, piece.side, len(header) + len(data), why, raw)
