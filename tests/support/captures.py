"""Captures for tshark: frames of one TCP connection as a classic pcap file.

The file is what libpcap has written since 1998 (magic a1b2c3d4), link type 101: raw IP, no Ethernet. Checksums are
zero; tshark does not look at them unless told to.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

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
