"""What comes in: frames whole, dribbled, broken, late, or not at all."""

# ruff: noqa: ARG001 -- trio takes its clock from the test's arguments

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
import trio
from trio.testing import MockClock

from iso_gateway.errors import BadFrame, FrameCutShort, FrameTooLong, NoConnection
from iso_gateway.framing import Frame, Framing
from iso_gateway.net.connection import TURN, FramedConnection

if TYPE_CHECKING:
    from tests.net.conftest import MakeLine

FRAMING = Framing.parse("2be")


def wire(*payloads: str) -> bytes:
    return b"".join(FRAMING.frame(payload.encode()) for payload in payloads)


async def test_frames_come_in_order(make_line: MakeLine) -> None:
    line = make_line()
    await line.peer.send_all(wire("one", "two"))
    await line.peer.send_all(wire("three"))
    await line.settles()
    assert line.received == [b"one", b"two", b"three"]


async def test_a_dribbled_frame_comes_whole(make_line: MakeLine, autojump_clock: MockClock) -> None:
    line = make_line(frame_timeout=10.0)
    for byte in wire("slow"):
        await line.peer.send_all(bytes([byte]))
        await trio.sleep(1)
    await trio.sleep(100)
    assert line.received == [b"slow"]
    assert not line.ended


async def test_more_bytes_of_a_half_frame_win_no_time(make_line: MakeLine, autojump_clock: MockClock) -> None:
    line = make_line(frame_timeout=10.0)
    start = trio.current_time()
    await line.peer.send_all(b"\x00\xff")
    while not line.ended:
        await trio.sleep(0.75)
        if not line.ended:
            await line.peer.send_all(b"x")
    assert trio.current_time() - start == pytest.approx(10, abs=0.75)
    assert isinstance(line.why, FrameCutShort)
    assert str(line.why) == "byte 15 of the stream: no end for 10 s after 15 bytes of a frame, 257 needed"


async def test_each_frame_has_its_own_time(make_line: MakeLine, autojump_clock: MockClock) -> None:
    """A busy peer whose frames never end at the end of a packet is not slow."""
    line = make_line(frame_timeout=10.0)
    stream = wire(*(["abc"] * 9))
    for at in range(0, len(stream) - 3, 3):
        await line.peer.send_all(stream[at : at + 3])
        await trio.sleep(4)
    assert not line.ended
    assert len(line.received) == 8


async def test_a_peer_with_very_much_to_say_lets_others_get_a_word_in(make_line: MakeLine) -> None:
    greedy, modest = make_line(), make_line()
    await modest.settles()
    before: list[int] = []
    modest.received = _Notes(lambda: before.append(len(greedy.received)))
    await greedy.peer.send_all(wire(*["x"] * 1000))
    await modest.peer.send_all(wire("please"))
    await modest.settles()
    assert len(greedy.received) == 1000
    assert before[0] <= 3 * TURN


class _Notes(list[bytes]):
    """What came, and *note* called for each."""

    def __init__(self, note: Callable[[], None]) -> None:
        super().__init__()
        self._note = note

    def append(self, payload: bytes) -> None:
        super().append(payload)
        self._note()


async def test_a_keep_alive_is_no_frame(make_line: MakeLine, autojump_clock: MockClock) -> None:
    line = make_line(idle_timeout=10.0)
    for _ in range(3):
        await trio.sleep(8)
        await line.peer.send_all(FRAMING.keepalive())
    await line.settles()
    assert (line.received, line.connection.keepalives, line.ended) == ([], 3, False)


async def test_a_peer_that_closes_between_frames_is_no_trouble(make_line: MakeLine) -> None:
    line = make_line()
    await line.peer.send_all(wire("bye"))
    await line.peer.aclose()
    await line.settles()
    assert (line.received, line.ended, line.why) == ([b"bye"], True, None)


async def test_a_peer_that_closes_inside_a_frame_is_told(make_line: MakeLine) -> None:
    line = make_line()
    await line.peer.send_all(wire("whole", "half")[:-2])
    await line.peer.aclose()
    await line.settles()
    assert line.received == [b"whole"]
    assert isinstance(line.why, FrameCutShort)


@pytest.mark.parametrize(
    ("framing", "broken", "error"),
    [("2be", b"\xff\xff", FrameTooLong), ("4ascii", b"GET ", BadFrame)],
)
async def test_wrong_bytes_end_the_connection_by_name(
    new_line: MakeLine, framing: str, broken: bytes, error: type[Exception]
) -> None:
    line = new_line()
    connection = FramedConnection(line.ours, Framing.parse(framing))
    good = Framing.parse(framing).frame(b"good")
    await line.peer.send_all(good + broken)
    received: list[Frame] = []
    assert isinstance(await connection.run(received.append), error)
    assert [frame.payload for frame in received] == [b"good"]
    with pytest.raises(trio.BrokenResourceError):
        await line.peer.send_all(b"x")


async def test_an_idle_peer_is_let_go(make_line: MakeLine, autojump_clock: MockClock) -> None:
    line = make_line(idle_timeout=30.0)
    await trio.sleep(29.9)
    await line.peer.send_all(wire("still here"))
    await trio.sleep(29.9)
    assert not line.ended
    await trio.sleep(1)
    assert isinstance(line.why, NoConnection)
    assert str(line.why) == "idle for 30 s"


async def test_an_answer_of_ours_is_no_idleness(make_line: MakeLine, autojump_clock: MockClock) -> None:
    line = make_line(idle_timeout=30.0)
    await trio.sleep(29)
    line.send("answer")
    await trio.sleep(29)
    assert not line.ended


async def test_without_an_idle_timeout_a_silent_peer_stays(make_line: MakeLine, autojump_clock: MockClock) -> None:
    line = make_line()
    await trio.sleep(86400)
    assert not line.ended
