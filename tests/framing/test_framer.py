"""Cutting a stream into frames: whole, byte by byte, with a tail, in any split; and every way it can be wrong."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iso_gateway.errors import BadFrame, FrameCutShort, FrameTooLong, FramingError
from iso_gateway.framing import Frame, Framer, Framing

PAYLOADS = [b"0800", b"x", bytes(range(256))]


def in_pieces(framer: Framer, pieces: list[bytes]) -> tuple[list[Frame], FramingError | None]:
    """Return the frames of *pieces*, fed one after the other, and the fault that ended them."""
    frames: list[Frame] = []
    with contextlib.suppress(FramingError):
        for piece in pieces:
            frames += framer.receive(piece)
    return frames, framer.fault


def single_bytes(stream: bytes) -> list[bytes]:
    return [stream[at : at + 1] for at in range(len(stream))]


def the_stream(framing: Framing) -> bytes:
    return b"".join(framing.frame(payload) for payload in PAYLOADS)


def test_fed_whole(framing: Framing) -> None:
    framer = framing.framer()
    assert framer.receive(the_stream(framing)) == [Frame(framing.default_header, each) for each in PAYLOADS]
    assert framer.buffered == 0
    framer.eof()


def test_fed_byte_by_byte(framing: Framing) -> None:
    framer = framing.framer()
    frames, fault = in_pieces(framer, single_bytes(the_stream(framing)))
    assert [frame.payload for frame in frames] == PAYLOADS
    assert fault is None
    assert framer.offset == len(the_stream(framing))


def test_fed_with_a_tail(framing: Framing) -> None:
    framer = framing.framer()
    tail = framing.frame(b"0810")
    frames = framer.receive(the_stream(framing) + tail[:-1])
    assert [frame.payload for frame in frames] == PAYLOADS
    assert framer.buffered == len(tail) - 1
    assert framer.receive(tail[-1:]) == [Frame(framing.default_header, b"0810")]


def test_a_keep_alive_is_counted_and_not_delivered(framing: Framing) -> None:
    framer = framing.framer()
    assert framer.receive(framing.keepalive() + framing.frame(b"a") + framing.keepalive()) == [
        Frame(framing.default_header, b"a")
    ]
    assert framer.keepalives == 2


def test_headers_alone_are_a_keep_alive_too() -> None:
    framer = Framing.parse("2be+tpdu").framer()
    assert framer.receive(bytes.fromhex("0005 6000031234")) == []
    assert (framer.keepalives, framer.buffered) == (1, 0)


# framing, bytes after one good frame of 3 bytes payload, error, offset after that frame, text
BROKEN = [
    ("2be", "1001", FrameTooLong, 0, "a frame of 4097 bytes announced, at most 4096 allowed"),
    ("2le", "0110", FrameTooLong, 0, "a frame of 4097 bytes announced, at most 4096 allowed"),
    ("2be-inclusive", "1003", FrameTooLong, 0, "a frame of 4097 bytes announced, at most 4096 allowed"),
    ("2bcd", "4097", FrameTooLong, 0, "a frame of 4097 bytes announced, at most 4096 allowed"),
    ("4ascii", "39393939", FrameTooLong, 0, "a frame of 9999 bytes announced, at most 4096 allowed"),
    ("2be-inclusive", "0001", BadFrame, 0, "a length of 1 that counts its own 2 bytes"),
    ("2be-inclusive", "0000", BadFrame, 0, "a length of 0 that counts its own 2 bytes"),
    ("2bcd-inclusive", "0001", BadFrame, 0, "a length of 1 that counts its own 2 bytes"),
    ("4ascii-inclusive", "30303033", BadFrame, 0, "a length of 3 that counts its own 4 bytes"),
    ("4ascii", "3030205f", BadFrame, 2, "a length of four ASCII digits expected"),
    ("4ascii", "2b313233", BadFrame, 0, "a length of four ASCII digits expected"),
    ("4ascii", "303130b2", BadFrame, 3, "a length of four ASCII digits expected"),
    ("4be", "00001001", FrameTooLong, 0, "a frame of 4097 bytes announced, at most 4096 allowed"),
    ("4be", "30323030", FrameTooLong, 0, "a frame of 808595504 bytes announced, at most 4096 allowed"),
    ("4be-inclusive", "00000003", BadFrame, 0, "a length of 3 that counts its own 4 bytes"),
    ("2bcd", "0a00", BadFrame, 0, "a length of four BCD digits expected"),
    ("2bcd", "00f1", BadFrame, 1, "a length of four BCD digits expected"),
    ("2be+tpdu", "0004 60000000", BadFrame, 0, "a frame of 4 bytes announced, its headers alone have 5"),
    ("2be+tpdu", "0007 6100000000 0800", BadFrame, 2, "a TPDU starts with the id 60"),
    ("2be+tpdu", "0007 6100000000", BadFrame, 2, "a TPDU starts with the id 60"),
    ("2be+tpdu+cup", "000c 6000000000 60310000f000 08", BadFrame, 11, "a UnionPay header is twelve BCD digits"),
]


@pytest.mark.parametrize(("text", "broken", "error", "offset", "reason"), BROKEN)
def test_a_broken_frame_is_named_at_its_byte(
    text: str, broken: str, error: type[FramingError], offset: int, reason: str
) -> None:
    framing = Framing.parse(text)
    good = framing.frame(b"abc")
    stream = good + bytes.fromhex(broken)
    for pieces in [stream], single_bytes(stream):
        framer = framing.framer(4096)
        frames, fault = in_pieces(framer, pieces)
        assert [frame.payload for frame in frames] == [b"abc"]
        assert type(fault) is error
        assert (fault.offset, fault.reason) == (len(good) + offset, reason)
        assert framer.buffered == 0


def test_a_fault_alone_is_raised_at_once() -> None:
    with pytest.raises(FrameTooLong):
        Framing.parse("2be").framer(10).receive(b"\xff\xff")


def test_after_a_fault_nothing_more_is_read() -> None:
    framing = Framing.parse("2be")
    framer = framing.framer(10)
    assert len(framer.receive(framing.frame(b"a") + b"\xff\xff")) == 1
    with pytest.raises(FrameTooLong):
        framer.receive(framing.frame(b"b"))
    with pytest.raises(FrameTooLong):
        framer.eof()


def test_a_frame_of_exactly_the_bound_passes(framing: Framing) -> None:
    payload = bytes(64 - framing.header_size)
    assert framing.framer(64).receive(framing.frame(payload))[0].payload == payload
    with pytest.raises(FrameTooLong):
        framing.framer(64).receive(framing.frame(payload + b"\0"))


@pytest.mark.parametrize(
    ("received", "text"),
    [
        ("00", "byte 1 of the stream: the connection closed after 1 bytes of a length, 2 needed"),
        ("0006 60", "byte 3 of the stream: the connection closed after 3 bytes of a frame, 7 needed"),
        ("0006 6000000000", "byte 7 of the stream: the connection closed after 7 bytes of a frame, 8 needed"),
    ],
)
def test_an_end_inside_a_frame_is_told(received: str, text: str) -> None:
    framer = Framing.parse("2be+tpdu").framer()
    framer.receive(bytes.fromhex(received))
    with pytest.raises(FrameCutShort) as caught:
        framer.eof()
    assert str(caught.value) == text


def test_a_frame_does_not_print_its_payload() -> None:
    assert repr(Frame(b"\x60", b"4761739001010010")) == "Frame(header=60, payload=<16 bytes>)"


FRAMINGS = st.builds(
    Framing,
    st.sampled_from(["2be", "2le", "2bcd", "4be", "4ascii"]),
    st.booleans(),
    st.sampled_from([(), ("tpdu",), ("cup",), ("tpdu", "cup")]),
)


@settings(max_examples=100)
@given(framing=FRAMINGS, data=st.data())
def test_any_split_gives_the_same_frames(framing: Framing, data: st.DataObject) -> None:
    payloads = data.draw(st.lists(st.binary(max_size=60), max_size=6))
    tail = data.draw(st.binary(max_size=30))
    stream = b"".join(framing.frame(payload) for payload in payloads) + tail
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    pieces = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    whole, split = framing.framer(64 + 11), framing.framer(64 + 11)
    frames, fault = in_pieces(whole, [stream])
    frames_of_pieces, fault_of_pieces = in_pieces(split, pieces)
    assert frames[: len(payloads) - payloads.count(b"")] == [
        Frame(framing.default_header, payload) for payload in payloads if payload
    ]
    assert frames_of_pieces == frames
    assert str(fault_of_pieces) == str(fault)
    assert (split.buffered, split.keepalives) == (whole.buffered, whole.keepalives)


@settings(max_examples=100)
@given(framing=FRAMINGS, pieces=st.lists(st.binary(max_size=300), max_size=8))
def test_any_bytes_give_frames_or_one_fault_and_bounded_memory(framing: Framing, pieces: list[bytes]) -> None:
    framer = framing.framer(100)
    with contextlib.suppress(FramingError):
        for piece in pieces:
            for frame in framer.receive(piece):
                assert 0 < len(frame.header) + len(frame.payload) <= 100
            assert framer.buffered < 100 + 4
    assert framer.buffered < 100 + 4
