"""The ways in which a connection ends, and what becomes of the sends that were waiting."""

# ruff: noqa: ARG001 -- trio takes its clock from the test's arguments

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trio
from trio.testing import MockClock

from iso_gateway.framing import Frame, Framing
from iso_gateway.net.connection import FramedConnection
from iso_gateway.net.outbox import Outcome
from tests.support.ends import fill

if TYPE_CHECKING:
    from tests.net.conftest import MakeLine

HANDED, NOT_HANDED, UNCERTAIN = Outcome.HANDED, Outcome.NOT_HANDED, Outcome.UNCERTAIN
FRAMING = Framing.parse("2be")


def wire(*payloads: str) -> bytes:
    return b"".join(FRAMING.frame(payload.encode()) for payload in payloads)


async def test_closing_lets_out_what_waits(make_line: MakeLine) -> None:
    line = make_line()
    await line.settles()
    line.send("answer")
    await line.connection.aclose()
    assert (line.outcomes, line.why) == ({"answer": HANDED}, None)
    assert await line.peer.receive_some() == wire("answer")
    assert await line.peer.receive_some() == b""


async def test_hanging_up_lets_out_what_waits_and_takes_nothing_more(make_line: MakeLine) -> None:
    line = make_line()
    fill(line.ours)
    await line.settles()
    line.send("answer")
    await line.peer.send_all(wire("one"))
    await line.settles()
    line.connection.hang_up()
    for more in (wire("two"), b"\xff\xff and no frame", wire("three")):
        await line.peer.send_all(more)
        await line.settles()
    assert line.received == [b"one"]
    line.peer.empty()
    await line.settles()
    assert (line.outcomes, line.ended, line.why) == ({"answer": HANDED}, True, None)


async def test_hung_up_on_in_the_middle_of_a_reading_the_rest_of_it_is_not_taken(make_line: MakeLine) -> None:
    line = make_line()
    received = line.received = _HangsUpAfterTwo(line.connection)
    await line.peer.send_all(wire(*"0123456789"))
    await line.settles()
    assert (list(received), line.ended, line.why) == ([b"0", b"1"], True, None)


class _HangsUpAfterTwo(list[bytes]):
    """What came, until there are two of it."""

    def __init__(self, connection: FramedConnection) -> None:
        super().__init__()
        self._connection = connection

    def append(self, payload: bytes) -> None:
        super().append(payload)
        if len(self) == 2:
            self._connection.hang_up()


async def test_hung_up_on_inside_a_frame_is_no_trouble_of_the_frame(
    make_line: MakeLine, autojump_clock: MockClock
) -> None:
    line = make_line(frame_timeout=1.0, write_timeout=5.0)
    fill(line.ours)
    await line.settles()
    line.send("answer")
    await line.peer.send_all(wire("half")[:-2])
    await line.settles()
    line.connection.hang_up()
    await trio.sleep(2)
    assert not line.ended
    line.peer.empty()
    await line.settles()
    assert (line.outcomes, line.ended, line.why) == ({"answer": HANDED}, True, None)


async def test_closing_refuses_what_comes_after(make_line: MakeLine, nursery: trio.Nursery) -> None:
    line = make_line()
    fill(line.ours)
    line.send("before")
    await line.settles()
    nursery.start_soon(line.connection.aclose)
    await line.settles()
    line.send("after")
    line.peer.empty()
    await line.settles()
    assert line.outcomes == {"after": NOT_HANDED, "before": HANDED}
    assert line.ended


async def test_closing_does_not_wait_for_ever(make_line: MakeLine, autojump_clock: MockClock) -> None:
    line = make_line(write_timeout=5.0)
    fill(line.ours)
    await line.settles()
    line.send("stuck")
    with trio.fail_after(6):
        await line.connection.aclose()
    assert line.outcomes == {"stuck": NOT_HANDED}


async def test_closing_that_is_cancelled_closes_at_once(make_line: MakeLine, autojump_clock: MockClock) -> None:
    line = make_line()
    fill(line.ours)
    line.send("stuck")
    await line.settles()
    with trio.move_on_after(1):
        await line.connection.aclose()
    await line.settles()
    assert (line.outcomes, line.ended) == ({"stuck": NOT_HANDED}, True)


async def test_closing_without_a_run_hands_nothing(new_line: MakeLine) -> None:
    line = new_line()
    line.send("never")
    await line.connection.aclose()
    assert line.outcomes == {"never": NOT_HANDED}
    await line.run()
    assert (line.ended, line.why) == (True, None)
    assert await line.peer.receive_some() == b""


async def test_closing_twice_is_fine(make_line: MakeLine) -> None:
    line = make_line()
    await line.settles()
    await line.connection.aclose()
    await line.connection.aclose()
    assert line.ended


async def test_a_cancelled_run_still_settles(new_line: MakeLine) -> None:
    line = new_line()
    line.ours.narrow()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(line.run)
        line.send("in hand" * 9000)
        await line.settles()
        line.send("waiting")
        nursery.cancel_scope.cancel()
    assert line.outcomes == {"in hand" * 9000: UNCERTAIN, "waiting": NOT_HANDED}


async def test_a_frame_that_makes_us_abort_is_the_last(new_line: MakeLine) -> None:
    line = new_line()
    received: list[bytes] = []

    def abort_at_once(frame: Frame) -> None:
        received.append(frame.payload)
        line.connection.abort("unknown terminal")

    await line.peer.send_all(wire("one", "two"))
    why = await line.connection.run(abort_at_once)
    assert (received, str(why)) == ([b"one"], "unknown terminal")


async def test_a_bug_in_on_frame_comes_out_and_settles(new_line: MakeLine) -> None:
    line = new_line()

    def broken(_: Frame) -> None:
        line.send("after the bug")
        raise OSError("a bug, not the line's trouble")

    await line.peer.send_all(wire("one"))
    with pytest.raises(OSError, match="a bug"):
        await line.connection.run(broken)
    assert line.outcomes == {"after the bug": NOT_HANDED}
