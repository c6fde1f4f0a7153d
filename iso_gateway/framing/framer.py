"""Cutting a stream of bytes into frames.

The contract, the same for every split of the stream:

- The frames are the same, and so is the fault that ends them, with its offset in the stream.
- Frames that were complete before a fault are returned first. `Framer.fault` is set from then on, and every
  later call raises it: after a wrong length nothing in the stream has a known place any more.
- A frame without payload (length zero, or headers alone) is a keep-alive of many hosts: it is counted, and
  nothing is returned for it.
- Between two calls no more than the length field and *max_length* bytes are kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from iso_gateway.errors import BadFrame, FrameCutShort, FrameTooLong, FramingError
from iso_gateway.framing.headers import HEADERS
from iso_gateway.framing.lengths import LENGTHS, NO_NUMBER, first_wrong

if TYPE_CHECKING:
    from iso_gateway.framing.grammar import Framing


class Frame(msgspec.Struct, frozen=True, gc=False):
    """One message as it stood on the wire, without its length."""

    header: bytes
    """The network headers, joined; empty where the framing has none."""
    payload: bytes
    """The message, from its MTI; never empty."""

    def __repr__(self) -> str:
        # A payload holds card data; nobody who prints a frame meant to print that.
        return f"Frame(header={self.header.hex()}, payload=<{len(self.payload)} bytes>)"


class Framer:
    """The receiving end of one stream: bytes in, frames out."""

    def __init__(self, framing: Framing, max_length: int) -> None:
        length = LENGTHS[framing.length]
        self._framing = framing
        self._read = length.read
        self._prefix = length.size
        # What a length that counts itself says beyond the frame's content.
        self._own = length.size if framing.inclusive else 0
        self._max = max_length
        self._header_size = framing.header_size
        self._pending = bytearray()
        self._need = length.size
        self._offset = 0
        self.fault: FramingError | None = None
        """Why nothing more can be read from this stream, or None."""
        self.keepalives = 0
        """How many frames without payload came."""

    @property
    def buffered(self) -> int:
        """The bytes of the frame that is not complete yet; 0 between frames."""
        return len(self._pending)

    @property
    def needed(self) -> int:
        """How many bytes the frame that is not complete has, as far as those that came say."""
        return self._need

    @property
    def offset(self) -> int:
        """The bytes of the stream that were cut into frames so far."""
        return self._offset

    def receive(self, data: bytes | bytearray | memoryview) -> list[Frame]:
        """Take in *data* and return the frames that are complete with it.

        Raises:
            FrameTooLong: a length over *max_length*; nothing of that frame is kept.
            BadFrame: a length or network header that cannot be one.
        """
        if self.fault is not None:
            raise self.fault
        pending = self._pending
        if pending:
            pending += data
            if len(pending) < self._need:
                return []
            whole = bytes(pending)
            pending.clear()
        else:
            whole = bytes(data)
        frames: list[Frame] = []
        try:
            end = self._cut(whole, frames)
        except FramingError as fault:
            self.fault = fault
            if not frames:
                raise
            return frames
        self._offset += end
        if end < len(whole):
            pending += whole[end:]
        return frames

    def eof(self) -> None:
        """Take in that the stream ended.

        Raises:
            FrameCutShort: it ended inside a frame.
            FramingError: it had broken before.
        """
        if self.fault is not None:
            raise self.fault
        if self._pending:
            raise self.cut_short("the connection closed")

    def cut_short(self, how: str) -> FrameCutShort:
        """Return the fault of a stream that ends inside a frame, for the reason *how*."""
        have = len(self._pending)
        what = "length" if have < self._prefix else "frame"
        return FrameCutShort(self._offset + have, f"{how} after {have} bytes of a {what}, {self._need} needed")

    def _cut(self, data: bytes, frames: list[Frame]) -> int:
        """Append the complete frames of *data* to *frames*; return where the first incomplete one starts."""
        read, prefix, own, header_size = self._read, self._prefix, self._own, self._header_size
        end = len(data)
        at = 0
        while True:
            start = at + prefix
            if start > end:
                self._need = prefix
                return at
            length = read(data, at) - own
            if not 0 <= length <= self._max:
                raise self._bad_length(data, at, length + own)
            if not length:
                self.keepalives += 1
                at = start
                continue
            body = start + header_size
            if header_size:
                if length < header_size:
                    reason = f"a frame of {length} bytes announced, its headers alone have {header_size}"
                    raise BadFrame(self._offset + at, reason)
                if body > end:
                    self._need = prefix + header_size
                    return at
                self._check_headers(data, start)
            stop = start + length
            if stop > end:
                self._need = prefix + length
                return at
            if body == stop:
                self.keepalives += 1
            else:
                frames.append(Frame(data[start:body], data[body:stop]))
            at = stop

    def _check_headers(self, data: bytes, at: int) -> None:
        """Raise BadFrame where the network headers at *at* cannot be those of this framing."""
        for name in self._framing.headers:
            header = HEADERS[name]
            wrong = header.wrong(data, at)
            if wrong >= 0:
                raise BadFrame(self._offset + wrong, header.expected)
            at += header.size

    def _bad_length(self, data: bytes, at: int, said: int) -> FramingError:
        """Return the fault of the length at *at*, which reads as *said*."""
        length = LENGTHS[self._framing.length]
        if said == NO_NUMBER:
            wrong = first_wrong(length, data, at)
            return BadFrame(self._offset + wrong, f"a length of {_DIGITS[self._framing.length]} expected")
        if said < self._own:
            return BadFrame(self._offset + at, f"a length of {said} that counts its own {self._own} bytes")
        reason = f"a frame of {said - self._own} bytes announced, at most {self._max} allowed"
        return FrameTooLong(self._offset + at, reason)


_DIGITS = {"2bcd": "four BCD digits", "4ascii": "four ASCII digits"}
