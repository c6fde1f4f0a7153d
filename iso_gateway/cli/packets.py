"""What a packet carries: the headers of Ethernet, IP and TCP taken off, as dumps of tcpdump and Wireshark have them."""

from __future__ import annotations

from typing import Final

from iso_gateway.cli.intake import NotHex

_BEFORE_IP: Final = {1: (14, 18, 22), 101: (0,), 113: (16,), 276: (20,), 0: (4,)}
"""Bytes before the IP header, by link type: Ethernet with VLAN tags, none, what ``tcpdump -i any`` writes, loopback."""
_SMALLEST: Final = 46
"""Bytes that Ethernet carries: a shorter packet is filled up."""
_HEADERS: Final = 40
"""Bytes of the headers of IPv4 and TCP, and of IPv6 alone."""


def carried(data: bytes) -> bytes | None:
    """Return what *data* carries over TCP, maybe nothing; None: it is no whole packet."""
    for link_type, sizes in _BEFORE_IP.items():
        if not any(_whole(data, size) for size in sizes):
            continue
        from iso_gateway.traffic.captures import Packet
        from iso_gateway.traffic.layers import Segment, segment

        found = segment(Packet(1, 0, link_type, data, len(data)))
        if isinstance(found, Segment) and not found.missing:
            return found.payload
    return None


def _whole(data: bytes, at: int) -> bool:
    """Return whether the rest of *data* from *at* is as long as an IP header there says."""
    if len(data) < at + _HEADERS:
        return False
    if data[at] >> 4 == 4:
        end = at + int.from_bytes(data[at + 2 : at + 4])
    elif data[at] >> 4 == 6:
        end = at + _HEADERS + int.from_bytes(data[at + 4 : at + 6])
    else:
        return False
    return end == len(data) or end < len(data) <= at + _SMALLEST


def one_of(dumps: list[bytes]) -> bytes:
    """Return the one of several dumps that says something: packets without data are left out.

    Raises:
        NotHex: several say something.
    """
    saying = [data for data in dumps if data and carried(data) != b""]
    if len(saying) > 1:
        raise NotHex(f"{len(saying)} dumps, each of other bytes: give the one meant")
    return saying[0] if saying else dumps[0]
