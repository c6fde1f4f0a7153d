"""Capture files -> packets: classic pcap in both byte orders and both resolutions of time, and pcapng.

The formats are those of draft-ietf-opsawg-pcap and draft-ietf-opsawg-pcapng. A file is read from front to back, one
packet at a time: its size does not matter, and no length in it is believed further than `LARGEST`. Where a file turns
out to be damaged, what came before stands, and a `Damage` is the last thing that it gives.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple, Protocol

from iso_gateway.errors import CaptureError

LARGEST: Final = 1 << 20
"""Bytes of one packet or block; libpcap itself writes no packet over 256 KiB."""
MOST_INTERFACES: Final = 1024
"""Of one section of pcapng."""

_CLASSIC: Final = {
    b"\xd4\xc3\xb2\xa1": ("<", 1000),
    b"\xa1\xb2\xc3\xd4": (">", 1000),
    b"\x4d\x3c\xb2\xa1": ("<", 1),
    b"\xa1\xb2\x3c\x4d": (">", 1),
}
"""The first four bytes: byte order, nanoseconds to a unit of the fraction."""
_SECTION: Final = 0x0A0D0D0A
_INTERFACE, _OLD_PACKET, _SIMPLE_PACKET, _PACKET = 1, 2, 3, 6
_ORDERS: Final = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}
_RESOLUTION, _OFFSET = 9, 14
"""The options of an interface that its times depend on."""
_MICROSECONDS: Final = 6


class Source(Protocol):
    """What a capture is read from: a file, or stdin."""

    def read(self, size: int, /) -> bytes:
        """Return the next *size* bytes, fewer at the end alone."""


class Packet(NamedTuple):
    """One packet."""

    number: int
    """From 1, as Wireshark numbers them."""
    time: int
    """Nanoseconds since 1970, UTC; 0 where the capture does not say."""
    link_type: int
    """What it begins with: a LINKTYPE of tcpdump.org."""
    data: bytes
    """What was captured of it."""
    length: int
    """How long it was on the wire."""


class Damage(NamedTuple):
    """Where a file cannot be read any further."""

    number: int
    """Of the packet that would have come, from 1."""
    offset: int
    """In the file."""
    reason: str


class Interface(NamedTuple):
    """One interface of a pcapng section."""

    link_type: int
    snap: int
    """The most bytes of a packet that were captured; 0: all."""
    denominator: int
    """Units of time to a second."""
    offset: int
    """Seconds to be added."""


class _Broken(Exception):  # noqa: N818 -- never seen outside
    """The file is damaged here."""


def packets(source: Source) -> Iterator[Packet | Damage]:
    """Return the packets of a capture, in the order of the file.

    Raises:
        CaptureError: it does not begin as a capture does.
    """
    magic = source.read(4)
    if magic in _CLASSIC:
        header = source.read(20)
        if len(header) < 20:
            raise CaptureError("a pcap file whose first 24 bytes are not all there")
        return _File(source, 24).classic(*_CLASSIC[magic], header)
    if magic == _SECTION.to_bytes(4, "big"):
        rest = source.read(8)
        if rest[4:] not in _ORDERS:
            raise CaptureError("a pcapng file without a byte order in its first block")
        return _File(source, 12).blocks(rest)
    if not magic:
        raise CaptureError("no capture: there is nothing in it")
    hint = ": it is packed, unpack it with gunzip" if magic[:2] == b"\x1f\x8b" else ""
    raise CaptureError(f"no capture{hint or ', expected pcap or pcapng as tcpdump and Wireshark write them'}")


class _File:
    """A capture that is being read."""

    def __init__(self, source: Source, offset: int) -> None:
        self._source = source
        self._offset = offset
        self._number = 0
        self._interfaces: list[Interface] = []

    def _take(self, size: int, what: str) -> bytes:
        if size > LARGEST:
            raise _Broken(f"{what} of {size} bytes, at most {LARGEST} are believed")
        data = self._source.read(size)
        if len(data) < size:
            raise _Broken(f"the file ends inside {what}: {len(data)} bytes left, {size} needed")
        self._offset += size
        return data

    def _head(self, size: int, what: str) -> bytes:
        """Return the next head, or nothing at the end of the file."""
        data = self._source.read(size)
        if data and len(data) < size:
            raise _Broken(f"the file ends inside {what}: {len(data)} bytes left, {size} needed")
        self._offset += len(data)
        return data

    def classic(self, order: str, unit: int, header: bytes) -> Iterator[Packet | Damage]:
        """Yield the packets of a pcap file behind its *header*, whose last four bytes say what packets begin with."""
        (link_type,) = struct.unpack(f"{order}16xI", header)
        head = struct.Struct(f"{order}IIII")
        try:
            while raw := self._head(head.size, "a packet's header"):
                seconds, fraction, size, length = head.unpack(raw)
                data = self._take(size, "a packet")
                # The upper half says whether there are checksums behind the packets, which nothing here looks at.
                yield self._packet(seconds * 10**9 + fraction * unit, link_type & 0xFFFF, data, length)
        except _Broken as broken:
            yield self._damage(broken)

    def blocks(self, rest: bytes) -> Iterator[Packet | Damage]:
        """Yield the packets of a pcapng file, of whose first block type, length and byte order (*rest*) were read."""
        order = _ORDERS[rest[4:]]
        try:
            (size,) = struct.unpack(f"{order}I", rest[:4])
            self._close(order, size, self._body(size, 16))
            while head := self._head(8, "a block's header"):
                kind, size = struct.unpack(f"{order}II", head)
                if kind == _SECTION:
                    order = self._section(head[4:])
                    continue
                body = self._close(order, size, self._body(size, 12))
                found = self._block(order, kind, body)
                if found is not None:
                    yield found
        except _Broken as broken:
            yield self._damage(broken)

    def _body(self, size: int, known: int) -> bytes:
        """Return what follows the *known* - 4 bytes that were read of a block of *size* bytes, its end too."""
        if size < known or size % 4:
            raise _Broken(f"a block of {size} bytes, expected a multiple of 4, {known} at least")
        return self._take(size - known + 4, "a block")

    @staticmethod
    def _close(order: str, size: int, body: bytes) -> bytes:
        """Return *body* without the length at its end, which must be that at its beginning."""
        if struct.unpack(f"{order}I", body[-4:])[0] != size:
            raise _Broken("a block whose two lengths differ")
        return body[:-4]

    def _section(self, size: bytes) -> str:
        """Take in the beginning of another section, whose byte order may be another; return that."""
        order = _ORDERS.get(self._take(4, "a block"))
        if order is None:
            raise _Broken("a section without a byte order")
        (length,) = struct.unpack(f"{order}I", size)
        self._close(order, length, self._body(length, 16))
        self._interfaces.clear()
        return order

    def _block(self, order: str, kind: int, body: bytes) -> Packet | None:
        try:
            if kind == _INTERFACE:
                self._interface(order, body)
            elif kind == _PACKET:
                which, high, low, size, length = struct.unpack_from(f"{order}IIIII", body)
                return self._timed(which, high << 32 | low, body[20:], size, length)
            elif kind == _OLD_PACKET:
                which, high, low, size, length = struct.unpack_from(f"{order}HxxIIII", body)
                return self._timed(which, high << 32 | low, body[20:], size, length)
            elif kind == _SIMPLE_PACKET:
                (length,) = struct.unpack_from(f"{order}I", body)
                snap = self._of(0).snap or length
                return self._packet(0, self._of(0).link_type, body[4 : 4 + min(length, snap)], length)
        except struct.error:
            raise _Broken("a block that is too short for what it is") from None
        return None

    def _timed(self, which: int, units: int, data: bytes, size: int, length: int) -> Packet:
        interface = self._of(which)
        if size > len(data):
            raise _Broken(f"a packet of {size} bytes in a block that holds {len(data)}")
        time = interface.offset * 10**9 + units * 10**9 // interface.denominator
        return self._packet(time, interface.link_type, data[:size], length)

    def _interface(self, order: str, body: bytes) -> None:
        if len(self._interfaces) >= MOST_INTERFACES:
            raise _Broken(f"over {MOST_INTERFACES} interfaces")
        link_type, snap = struct.unpack_from(f"{order}HxxI", body)
        options = dict(_options(order, body[8:]))
        resolution = options.get(_RESOLUTION, b"")[:1] or bytes([_MICROSECONDS])
        power = resolution[0] & 0x7F
        offset = options.get(_OFFSET, b"")
        self._interfaces.append(
            Interface(
                link_type,
                snap,
                2**power if resolution[0] & 0x80 else 10**power,
                struct.unpack(f"{order}q", offset)[0] if len(offset) == 8 else 0,
            )
        )

    def _of(self, which: int) -> Interface:
        if which >= len(self._interfaces):
            raise _Broken(f"a packet of interface {which}, which no block describes")
        return self._interfaces[which]

    def _packet(self, time: int, link_type: int, data: bytes, length: int) -> Packet:
        self._number += 1
        return Packet(self._number, time, link_type, data, length)

    def _damage(self, broken: _Broken) -> Damage:
        return Damage(self._number + 1, self._offset, str(broken))


def _options(order: str, data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the options at the end of a block: code and value, each value filled up to four bytes."""
    at = 0
    while at + 4 <= len(data):
        code, size = struct.unpack_from(f"{order}HH", data, at)
        if not code:
            return
        yield code, data[at + 4 : at + 4 + size]
        at += 4 + size + -size % 4
