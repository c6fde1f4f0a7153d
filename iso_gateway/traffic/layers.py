"""Packets -> segments of TCP: what lies around them is taken off, layer by layer.

Taken off are Ethernet with VLAN tags, Linux cooked capture of both versions (``tcpdump -i any``), the null and loopback
headers of BSD, IPv4 and IPv6 with their extension headers. Nothing here joins fragments of IP: they are told of.
"""

from __future__ import annotations

import ipaddress
import struct
from typing import Final, NamedTuple

from iso_gateway.traffic.captures import Packet

_NULL, _ETHERNET, _LOOP, _COOKED, _IPV4, _IPV6, _COOKED_2 = 0, 1, 108, 113, 228, 229, 276
_RAW: Final = frozenset({12, 14, 101})
_VLAN: Final = frozenset({0x8100, 0x88A8, 0x9100})
_MOST_TAGS: Final = 4
_ETHERTYPES: Final = {0x0800: 4, 0x86DD: 6}
_FAMILIES: Final = {2: 4, 10: 6, 24: 6, 28: 6, 30: 6}
"""AF_INET, and AF_INET6 as Linux, NetBSD, FreeBSD and Darwin number it."""
_TCP: Final = 6
_OPTIONS: Final = frozenset({0, 43, 60})
"""Extension headers of IPv6 that say their length in eights: hop by hop, routing, destination."""
_FRAGMENT, _AUTHENTICATION = 44, 51
_MOST_HEADERS: Final = 8

FIN, SYN, RST, ACK = 1, 2, 4, 16

Address = tuple[bytes, int]
"""IP address, 4 or 16 bytes, and port."""


class Segment(NamedTuple):
    """One segment of TCP."""

    number: int
    """Of its packet."""
    time: int
    """Nanoseconds since 1970."""
    source: Address
    destination: Address
    sequence: int
    acknowledged: int
    """What the sender awaits next; says nothing without ACK."""
    flags: int
    """FIN, SYN, RST, ACK."""
    payload: bytes
    """What was captured of it."""
    missing: int
    """How many bytes more there were on the wire."""


class Unread(NamedTuple):
    """A packet that may be of TCP, and cannot be read."""

    number: int
    reason: str


class _Not(Exception):  # noqa: N818 -- never seen outside
    """No packet of TCP, or (with words) one that cannot be read."""


def segment(packet: Packet) -> Segment | Unread | None:
    """Return the segment in *packet*; None for what is no TCP."""
    try:
        return _segment(packet)
    except _Not as reason:
        return Unread(packet.number, str(reason)) if str(reason) else None
    except (struct.error, IndexError):
        return Unread(packet.number, "a packet cut short inside its headers")


def known(link_type: int) -> bool:
    """Return whether packets of that kind can be read."""
    return link_type in _RAW or link_type in {_NULL, _ETHERNET, _LOOP, _COOKED, _IPV4, _IPV6, _COOKED_2}


def written(address: Address) -> str:
    """Return *address* as people write it: ``10.0.0.1:5000``, ``[::1]:5000``."""
    host, port = ipaddress.ip_address(address[0]), address[1]
    return f"[{host}]:{port}" if host.version == 6 else f"{host}:{port}"


def _segment(packet: Packet) -> Segment:
    data = packet.data
    version, at = _network(packet.link_type, data)
    if version == 4:
        source, destination, at, end = _ipv4(data, at)
    elif version == 6:
        source, destination, at, end = _ipv6(data, at)
    else:
        raise _Not
    from_port, to_port, sequence, acknowledged, size, flags = struct.unpack_from(">HHIIBB", data, at)
    at += max(20, (size >> 4) * 4)
    # A length of zero: the network card cuts the segment up, and what was captured is before that.
    end = end or at + len(data[at:])
    payload = data[at:end]
    missing = max(0, end - at - len(payload))
    source, destination = (source[0], from_port), (destination[0], to_port)
    return Segment(packet.number, packet.time, source, destination, sequence, acknowledged, flags, payload, missing)


def _network(link_type: int, data: bytes) -> tuple[int, int]:
    """Return the version of IP in *data* (0: another protocol), and where it begins."""
    if link_type == _ETHERNET:
        return _ethernet(data)
    if link_type == _COOKED:
        return _tagged(data, struct.unpack_from(">14xH", data)[0], 16)
    if link_type == _COOKED_2:
        return _tagged(data, struct.unpack_from(">H", data)[0], 20)
    if link_type in {_NULL, _LOOP}:
        # The family is in the byte order of the machine that captured: whichever it was, it is a small number.
        family = min(int.from_bytes(data[:4], "big"), int.from_bytes(data[:4], "little"))
        return _FAMILIES.get(family, 0), 4
    if link_type in _RAW or link_type in {_IPV4, _IPV6}:
        return data[0] >> 4, 0
    raise _Not(f"a packet of link type {link_type}, which is not read here")


def _ethernet(data: bytes) -> tuple[int, int]:
    return _tagged(data, struct.unpack_from(">12xH", data)[0], 14)


def _tagged(data: bytes, kind: int, at: int) -> tuple[int, int]:
    """Return what `_network` does of an Ethernet type and what follows it, past tags of VLANs."""
    for _ in range(_MOST_TAGS):
        if kind not in _VLAN:
            break
        (kind,) = struct.unpack_from(">2xH", data, at)
        at += 4
    return _ETHERTYPES.get(kind, 0), at


def _ipv4(data: bytes, at: int) -> tuple[Address, Address, int, int]:
    first, length, fragment, protocol, source, destination = struct.unpack_from(">BxH2xHxB2x4s4s", data, at)
    if protocol != _TCP:
        raise _Not
    if fragment & 0x3FFF:
        raise _Not("a fragment of IPv4: only whole packets are read")
    header = (first & 15) * 4
    if header < 20:
        raise _Not("a header of IPv4 that is shorter than one can be")
    return (source, 0), (destination, 0), at + header, at + length if length else 0


def _ipv6(data: bytes, at: int) -> tuple[Address, Address, int, int]:
    length, protocol, source, destination = struct.unpack_from(">4xHBx16s16s", data, at)
    at += 40
    end = at + length if length else 0
    for _ in range(_MOST_HEADERS):
        if protocol in _OPTIONS:
            protocol, size = data[at], 8 * data[at + 1] + 8
        elif protocol == _AUTHENTICATION:
            protocol, size = data[at], 4 * data[at + 1] + 8
        elif protocol == _FRAGMENT:
            protocol, place, size = data[at], int.from_bytes(data[at + 2 : at + 4], "big"), 8
            if place & 0xFFF9 and protocol == _TCP:
                raise _Not("a fragment of IPv6: only whole packets are read")
        else:
            break
        at += size
    if protocol != _TCP:
        raise _Not
    return (source, 0), (destination, 0), at, end
