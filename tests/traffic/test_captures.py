"""Capture files: both formats, both byte orders, every link layer, and files that are damaged or none at all."""

from __future__ import annotations

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iso_gateway.errors import CaptureError
from iso_gateway.traffic import layers
from iso_gateway.traffic.captures import LARGEST, MOST_INTERFACES, Damage, Packet, packets
from iso_gateway.traffic.layers import Segment, Unread
from tests.support.captures import LINKS, START, Sent, Talk, block, classic, ip, pcapng

TALK = Talk().open().up(b"one", b"two").down(b"three").close().packets
V6 = Talk(client=("fd00::5", 40122), server=("fd00::1", 5000)).open().up(b"one", b"two").down(b"three").close().packets
SAID = [(b"one", 40122), (b"two", 40122), (b"three", 5000)]


def read(data: bytes) -> list[Packet | Damage]:
    return list(packets(io.BytesIO(data)))


def payloads(data: bytes) -> list[tuple[bytes, int]]:
    """Return what the segments of a capture carry, and from which port."""
    found = [layers.segment(each) for each in read(data) if isinstance(each, Packet)]
    return [(each.payload, each.source[1]) for each in found if isinstance(each, Segment) and each.payload]


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("talk", [TALK, V6], ids=["IPv4", "IPv6"])
def test_segments_are_found_behind_every_link_layer(link: str, talk: list[Sent]) -> None:
    assert payloads(classic(talk, link=link)) == SAID
    assert payloads(pcapng(talk, link=link)) == SAID


@pytest.mark.parametrize(
    "data",
    [
        *(classic(TALK, order=order, nano=nano) for order in "<>" for nano in (False, True)),
        *(pcapng(TALK, order=order, resolution=resolution) for order in "<>" for resolution in (3, 6, 9)),
    ],
)
def test_every_form_of_a_file_says_the_same(data: bytes) -> None:
    found = read(data)
    assert [(each.number, each.time, each.data) for each in found if isinstance(each, Packet)] == [
        (number, each.time, each.data) for number, each in enumerate(TALK, 1)
    ]


def test_a_section_may_follow_another_in_another_byte_order() -> None:
    found = read(pcapng(TALK[:3]) + pcapng(TALK[3:], order=">"))
    assert [each.data for each in found if isinstance(each, Packet)] == [each.data for each in TALK]


def test_an_interface_says_how_its_times_are_meant() -> None:
    """Units of 2^-10 seconds, 100 seconds to be added; then an interface that says nothing: microseconds."""
    options = struct.pack("<HHB3xHHqHH", 9, 1, 0x8A, 14, 8, 100, 0, 0)
    blocks = [
        block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)),
        block(1, struct.pack("<HHI", 101, 0, 0) + options),
        block(1, struct.pack("<HHI", 101, 0, 3)),
        block(6, struct.pack("<IIIII", 0, 0, 512, 1, 1) + b"a"),
        block(6, struct.pack("<IIIII", 1, 0, 7, 1, 1) + b"b"),
        block(2, struct.pack("<HHIIII", 0, 0, 0, 1024, 1, 1) + b"c"),
        block(3, struct.pack("<I", 5) + b"dddd"),
    ]
    assert read(b"".join(blocks)) == [
        Packet(1, 100 * 10**9 + 5 * 10**8, 101, b"a", 1),
        Packet(2, 7000, 101, b"b", 1),
        Packet(3, 101 * 10**9, 101, b"c", 1),
        Packet(4, 0, 101, b"dddd", 5),
    ]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "nothing in it"),
        (b"no capture at all", "expected pcap or pcapng"),
        (b"\x1f\x8b\x08\x00rest", "gunzip"),
        (classic([])[:23], "first 24 bytes"),
        (b"\x0a\x0d\x0d\x0a\x1c\x00\x00\x00????", "without a byte order"),
    ],
)
def test_what_is_no_capture_is_refused_by_name(data: bytes, reason: str) -> None:
    with pytest.raises(CaptureError, match=reason):
        read(data)


WHOLE = classic(TALK[:1])
PCAPNG = pcapng(TALK[:1])


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (WHOLE + WHOLE[24:-1], "inside a packet"),
        (WHOLE + b"\x00" * 15, "inside a packet's header"),
        (WHOLE + struct.pack("<IIII", 0, 0, LARGEST + 1, 1), "at most"),
        (PCAPNG + PCAPNG[-72:-1], "inside a block"),
        (PCAPNG + b"\x06\x00", "inside a block's header"),
        (PCAPNG + struct.pack("<II", 6, 13), "a multiple of 4"),
        (PCAPNG + struct.pack("<II", 6, 8), "12 at least"),
        (PCAPNG + struct.pack("<II", 6, 1 << 30), "at most"),
        (PCAPNG + block(6, b"short"), "too short for what it is"),
        (PCAPNG + block(6, struct.pack("<IIIII", 0, 0, 0, 9, 9)), "in a block that holds 0"),
        (PCAPNG + block(6, struct.pack("<IIIII", 1, 0, 0, 0, 0)), "no block describes"),
        (PCAPNG + struct.pack("<III", 9, 12, 16), "two lengths differ"),
        (PCAPNG + struct.pack("<II", 0x0A0D0D0A, 28) + b"????", "without a byte order"),
        (PCAPNG + block(1, struct.pack("<HHI", 1, 0, 0)) * MOST_INTERFACES, "interfaces"),
    ],
)
def test_of_a_damaged_file_what_came_before_stands(data: bytes, reason: str) -> None:
    first, damage = read(data)
    assert isinstance(first, Packet)
    assert first.data == TALK[0].data
    assert isinstance(damage, Damage)
    assert damage.number == 2
    assert reason in damage.reason


@given(st.binary(max_size=300), st.sampled_from([b"", WHOLE[:24], WHOLE, PCAPNG[:28], PCAPNG]))
def test_any_bytes_give_packets_and_no_traceback(rest: bytes, before: bytes) -> None:
    try:
        found = read(before + rest)
    except CaptureError:
        return
    for each in found:
        if isinstance(each, Packet):
            layers.segment(each)


@given(st.binary(max_size=120), st.sampled_from([0, 1, 12, 101, 108, 113, 147, 228, 229, 276]))
def test_any_packet_gives_a_segment_or_a_reason(data: bytes, link_type: int) -> None:
    found = layers.segment(Packet(1, 0, link_type, data, len(data)))
    assert found is None or isinstance(found, Segment | Unread)


TCP = struct.pack(">HHIIBBHHH", 9, 5000, 1, 1, 5 << 4, 16, 0, 0, 0) + b"payload"


def of(data: bytes, link_type: int = 101) -> Segment | Unread | None:
    return layers.segment(Packet(1, START, link_type, data, len(data)))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (
            ip(("10.0.0.5", 0), ("10.0.0.1", 0), TCP, ports=False)[:6] + b"\x20\x00" + bytes([64, 6]) + bytes(30),
            "fragment",
        ),
        (b"\x44" + ip(("10.0.0.5", 0), ("10.0.0.1", 0), TCP, ports=False)[1:], "shorter than one can be"),
        (ip(("10.0.0.5", 0), ("10.0.0.1", 0), TCP, ports=False)[:30], "cut short"),
        (b"", "cut short"),
    ],
)
def test_a_packet_that_cannot_be_read_says_why(data: bytes, reason: str) -> None:
    found = of(data)
    assert isinstance(found, Unread)
    assert reason in found.reason


def test_what_is_no_tcp_says_nothing() -> None:
    datagram = ip(("10.0.0.5", 0), ("10.0.0.1", 0), TCP, ports=False)
    assert of(datagram[:9] + b"\x11" + datagram[10:]) is None
    assert of(bytes(12) + b"\x08\x06" + bytes(40), 1) is None
    assert isinstance(of(b"", 147), Unread)


@pytest.mark.parametrize(
    ("first", "chain"),
    [
        (0, b"\x06\x00" + bytes(6)),
        (60, b"\x2b\x01" + bytes(14) + b"\x06\x00" + bytes(6)),
        (51, b"\x06\x01" + bytes(10)),
        (44, b"\x06\x00\x00\x00" + bytes(4)),
    ],
    ids=["hop by hop", "destination, routing", "authentication", "a fragment that is whole"],
)
def test_extension_headers_of_ipv6_are_passed(first: int, chain: bytes) -> None:
    packet = struct.pack(">IHBB", 6 << 28, len(chain + TCP), first, 64) + bytes(32) + chain + TCP
    found = of(packet)
    assert isinstance(found, Segment)
    assert found.payload == b"payload"
    fragment = of(packet.replace(b"\x06\x00\x00\x00", b"\x06\x00\x00\x09"))
    assert isinstance(fragment, Unread) is (first == 44)


def test_what_was_not_captured_is_counted() -> None:
    """The card's offload may leave the length zero; a snap length cuts the packet, not its header."""
    packet = ip(("10.0.0.5", 0), ("10.0.0.1", 0), TCP, ports=False)
    cut = of(packet[:-3])
    assert isinstance(cut, Segment)
    assert (cut.payload, cut.missing) == (b"payl", 3)
    offloaded = of(packet[:2] + b"\x00\x00" + packet[4:])
    assert isinstance(offloaded, Segment)
    assert (offloaded.payload, offloaded.missing) == (b"payload", 0)
