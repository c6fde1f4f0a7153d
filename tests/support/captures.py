"""Captures made by hand: what two sides say over TCP, as packets, as files of both formats, behind every link layer.

`capture` is the short form: frames that a client sends, one packet each. Checksums are zero; neither tshark nor our
reader looks at them unless told to.
"""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

_LINK_TYPE_RAW = 101
_LOOPBACK = 0x7F000001
_TCP = 6
_PUSH_ACK = 0x18


def capture(frames: Iterable[bytes], *, port: int) -> bytes:
    """Return a pcap file in which a client sends each of *frames* in one packet to *port*, a second apart."""
    out = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, _LINK_TYPE_RAW)]
    sequence = 1
    for second, frame in enumerate(frames):
        tcp = struct.pack(">HHIIBBHHH", 49152, port, sequence, 1, 5 << 4, _PUSH_ACK, 65535, 0, 0) + frame
        size = 20 + len(tcp)
        packet = struct.pack(">BBHHHBBHII", 0x45, 0, size, second, 0, 64, _TCP, 0, _LOOPBACK, _LOOPBACK) + tcp
        out.append(struct.pack("<IIII", second, 0, len(packet), len(packet)) + packet)
        sequence += len(frame)
    return b"".join(out)


CLIENT = ("10.0.0.5", 40122)
SERVER = ("10.0.0.1", 5000)
START = 1_767_225_600 * 10**9
"""2026-01-01 00:00:00 UTC."""
MS = 10**6
_SYN, _ACK, _FIN, _RST = 2, 16, 1, 4


class Sent(NamedTuple):
    """One packet: when it passed, and its bytes from the IP header on."""

    time: int
    data: bytes


def ip(source: tuple[str, int], target: tuple[str, int], tcp: bytes, *, ports: bool = True) -> bytes:
    """Return *tcp* (without its ports) in a packet of IPv4 or IPv6, as the addresses are."""
    if ports:
        tcp = struct.pack(">HH", source[1], target[1]) + tcp
    here, there = ipaddress.ip_address(source[0]).packed, ipaddress.ip_address(target[0]).packed
    if len(here) == 16:
        return struct.pack(">IHBB", 6 << 28, len(tcp), _TCP, 64) + here + there + tcp
    return struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0, 64, _TCP, 0) + here + there + tcp


@dataclass
class Talk:
    """One connection: each call adds packets, *step* nanoseconds apart."""

    client: tuple[str, int] = CLIENT
    server: tuple[str, int] = SERVER
    time: int = START
    step: int = MS
    sequences: list[int] = field(default_factory=lambda: [0xFFFFFFF0, 5000])
    """Of the client and the server; the client's goes round soon."""
    packets: list[Sent] = field(default_factory=list)

    def add(self, data: bytes, *, up: bool = True, flags: int = _ACK, sequence: int | None = None) -> Talk:
        """Add one segment; where no *sequence* is given, the next one."""
        mine, theirs = self.sequences if up else self.sequences[::-1]
        number = mine if sequence is None else sequence
        tcp = struct.pack(">IIBBHHH", number & 0xFFFFFFFF, theirs & 0xFFFFFFFF, 5 << 4, flags, 65535, 0, 0) + data
        ends = (self.client, self.server) if up else (self.server, self.client)
        self.packets.append(Sent(self.time, ip(*ends, tcp)))
        self.time += self.step
        if sequence is None:
            self.sequences[0 if up else 1] += len(data) + bool(flags & (_SYN | _FIN))
        return self

    def open(self) -> Talk:
        """Shake hands."""
        return self.add(b"", flags=_SYN).add(b"", up=False, flags=_SYN | _ACK).add(b"")

    def up(self, *segments: bytes) -> Talk:
        """Have the client send."""
        for each in segments:
            self.add(each)
        return self

    def down(self, *segments: bytes) -> Talk:
        """Have the server send."""
        for each in segments:
            self.add(each, up=False)
        return self

    def close(self) -> Talk:
        """Have both sides say that they are done."""
        return self.add(b"", flags=_FIN | _ACK).add(b"", up=False, flags=_FIN | _ACK).add(b"")

    def reset(self) -> Talk:
        """Have the server break it off."""
        return self.add(b"", up=False, flags=_RST)

    def wait(self, nanoseconds: int) -> Talk:
        """Let time pass."""
        self.time += nanoseconds
        return self


def _ether(data: bytes) -> bytes:
    return b"\x86\xdd" if data[0] >> 4 == 6 else b"\x08\x00"


LINKS: dict[str, tuple[int, Callable[[bytes], bytes]]] = {
    "ethernet": (1, lambda data: bytes(12) + _ether(data) + data),
    "ethernet, filled up": (1, lambda data: bytes(12) + _ether(data) + data + bytes(6)),
    "VLAN": (1, lambda data: bytes(12) + b"\x81\x00\x00\x07" + _ether(data) + data),
    "two VLANs": (1, lambda data: bytes(12) + b"\x88\xa8\x00\x01\x81\x00\x00\x07" + _ether(data) + data),
    "cooked": (113, lambda data: bytes(14) + _ether(data) + data),
    "cooked, version 2": (276, lambda data: _ether(data) + bytes(18) + data),
    "raw IP": (101, lambda data: data),
    "null": (0, lambda data: (b"\x1e" if data[0] >> 4 == 6 else b"\x02") + bytes(3) + data),
    "loopback": (108, lambda data: bytes(3) + (b"\x18" if data[0] >> 4 == 6 else b"\x02") + data),
}
"""What may lie around IP: link type, and what makes a packet of it."""


def classic(
    packets: Sequence[Sent], *, order: str = "<", nano: bool = False, link: str = "raw IP", snap: int = 0
) -> bytes:
    """Return *packets* as a pcap file."""
    kind, wrapped = LINKS[link]
    out = [struct.pack(f"{order}IHHiIII", 0xA1B23C4D if nano else 0xA1B2C3D4, 2, 4, 0, 0, 65535, kind)]
    for each in packets:
        seconds, fraction = divmod(each.time, 10**9)
        data = wrapped(each.data)
        kept = data[:snap] if snap else data
        fraction = fraction if nano else fraction // 1000
        out += [struct.pack(f"{order}IIII", seconds, fraction, len(kept), len(data)), kept]
    return b"".join(out)


def pcapng(packets: Sequence[Sent], *, order: str = "<", resolution: int = 9, link: str = "raw IP") -> bytes:
    """Return *packets* as a pcapng file of one section and one interface, times in units of 10^-*resolution* s."""
    kind, wrapped = LINKS[link]
    option = struct.pack(f"{order}HHB3xHH", 9, 1, resolution, 0, 0)
    blocks = [
        block(0x0A0D0D0A, struct.pack(f"{order}IHHq", 0x1A2B3C4D, 1, 0, -1), order),
        block(5, b"what nobody needs ", order),
        block(1, struct.pack(f"{order}HHI", kind, 0, 0) + option, order),
    ]
    for each in packets:
        data = wrapped(each.data)
        units = each.time // 10 ** (9 - resolution)
        head = struct.pack(f"{order}IIIII", 0, units >> 32, units & 0xFFFFFFFF, len(data), len(data))
        blocks.append(block(6, head + data, order))
    return b"".join(blocks)


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    """Return one block of pcapng."""
    body += bytes(-len(body) % 4)
    size = struct.pack(f"{order}I", len(body) + 12)
    return struct.pack(f"{order}I", kind) + size + body + size
