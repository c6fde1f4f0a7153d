"""The short form of a framing, ``LENGTH[-inclusive][+HEADER...]``, and what it means for one frame.

=========  ===============================================  ==========================================
LENGTH     the length, before everything else               example: 100 bytes follow
=========  ===============================================  ==========================================
2be        2 bytes, high byte first                         00 64
2le        2 bytes, low byte first                          64 00
2bcd       2 bytes, four BCD digits                         01 00
4be        4 bytes, high byte first, to 65 535              00 00 00 64
4ascii     4 bytes, four ASCII digits                       30 31 30 30
=========  ===============================================  ==========================================

``-inclusive``: the length counts its own bytes too (2be: 00 66). Headers, in the order of the wire, are counted
by the length: ``tpdu`` (id 60, destination, source: 5 bytes) and ``cup`` (UnionPay's POS header: 6 bytes).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from iso_gateway.errors import EncodeError, Problem, SpecError, did_you_mean
from iso_gateway.framing.framer import Framer
from iso_gateway.framing.headers import HEADERS
from iso_gateway.framing.lengths import LENGTHS

if TYPE_CHECKING:
    from collections.abc import Callable

DEFAULT_MAX_LENGTH = 4096
"""Headers and payload in bytes. ISO 8583 messages of POS dialects stay under 2 KiB; 4 KiB leaves room."""


@dataclass(frozen=True)
class Framing:
    """What lies around a message on one kind of connection."""

    length: str
    """How the length is written: a key of LENGTHS."""
    inclusive: bool = False
    """Whether the length counts its own bytes."""
    headers: tuple[str, ...] = ()
    """The network headers in the order of the wire: keys of HEADERS."""
    header_size: int = field(init=False, repr=False, compare=False)
    """How many bytes all headers take."""
    default_header: bytes = field(init=False, repr=False, compare=False)
    """The headers that are sent where nobody says otherwise."""
    _own: int = field(init=False, repr=False, compare=False)
    _most: int = field(init=False, repr=False, compare=False)
    _write: Callable[[int], bytes] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        length = LENGTHS[self.length]
        computed = {
            "header_size": sum(HEADERS[name].size for name in self.headers),
            "default_header": b"".join(HEADERS[name].default for name in self.headers),
            "_own": length.size if self.inclusive else 0,
            "_most": length.most,
            "_write": length.write,
        }
        for name, value in computed.items():
            object.__setattr__(self, name, value)

    def __reduce__(self) -> tuple[type[Framing], tuple[str, bool, tuple[str, ...]]]:
        # The computed rest holds a method of struct, which does not pickle.
        return type(self), (self.length, self.inclusive, self.headers)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the short form.

        Raises:
            SpecError: *text* is no framing; all its faults, each with a suggestion where one is near.
        """
        length, *headers = text.strip().split("+")
        name, dash, suffix = length.partition("-")
        faults = []
        if name not in LENGTHS:
            known = ", ".join(LENGTHS)
            faults.append(f"no length {name!r}{did_you_mean(name, list(LENGTHS))} (known: {known})")
        if dash and suffix != "inclusive":
            faults.append(f"only '-inclusive' may follow a length, not '-{suffix}'")
        for header in headers:
            if header not in HEADERS:
                known = ", ".join(HEADERS)
                faults.append(f"no header {header!r}{did_you_mean(header, list(HEADERS))} (known: {known})")
        if len(set(headers)) < len(headers):
            faults.append("each header at most once")
        if faults:
            raise SpecError(Problem("framing", fault) for fault in faults)
        return cls(name, bool(dash), tuple(headers))

    def __str__(self) -> str:
        """Return the short form."""
        return "+".join([self.length + "-inclusive" * self.inclusive, *self.headers])

    def framer(self, max_length: int = DEFAULT_MAX_LENGTH) -> Framer:
        """Return a new receiving end that takes at most *max_length* bytes of headers and payload per frame.

        Raises:
            ValueError: *max_length* leaves no room for a payload.
        """
        if max_length <= self.header_size:
            raise ValueError(f"max_length must be over the {self.header_size} bytes of headers")
        return Framer(self, max_length)

    def frame(self, payload: bytes, header: bytes | None = None) -> bytes:
        """Return *payload* as it goes onto the wire, with *header* or the framing's default header.

        Raises:
            EncodeError: the length cannot say so much, or *header* has another size than the framing's headers.
        """
        if header is None:
            header = self.default_header
        elif len(header) != self.header_size:
            reason = f"a network header of {len(header)} bytes, {self.header_size} expected"
            raise EncodeError("", reason)
        length = len(header) + len(payload) + self._own
        if length > self._most:
            raise EncodeError("", f"{len(payload)} bytes of payload, the length can say {self._most} in all")
        return self._write(length) + header + payload

    @property
    def most(self) -> int:
        """The most bytes of payload that a frame can have."""
        return self._most - self._own - self.header_size

    def misframed(self, payload: bytes, header: bytes, off: int) -> bytes:
        """Return *payload* with a length that says *off* bytes more than follow, as far as a length can say so.

        For tests of whoever receives it.
        """
        said = len(header) + len(payload) + self._own + off
        return self._write(min(max(said, 0), self._most)) + header + payload

    def keepalive(self) -> bytes:
        """Return a frame with nothing in it: the length alone."""
        return self._write(self._own)

    def answer_header(self, header: bytes) -> bytes:
        """Return the headers of the answer to a request with *header*: TPDU addresses swapped, the rest kept."""
        answer = []
        for name in self.headers:
            size = HEADERS[name].size
            answer.append(HEADERS[name].answered(header[:size]))
            header = header[size:]
        return b"".join(answer)
