"""One request over one connection: its answer is found, and its absence says whether anything was sent."""

# ruff: noqa: ARG001 -- trio takes its clock from the test's arguments

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
import trio
from trio.testing import MockClock

from iso_gateway import Message
from iso_gateway.errors import NoAnswer, NoConnection
from iso_gateway.framing import Framing
from iso_gateway.net.address import Address
from iso_gateway.protocol.kinds import Kind
from iso_gateway.terminal import scripts
from iso_gateway.terminal.client import ask, converse
from iso_gateway.terminal.scripts import Slip, Till
from tests.support.desk import NOON, dialect
from tests.support.ends import ends, fill

HERE = dialect("iso87-ascii")
FRAMING = Framing.parse("2be")
ECHO = scripts.network(HERE, Slip(Till(), "000123", NOON), Kind.ECHO)
Stream = trio.SocketStream
Host = Callable[[Stream], Awaitable[None]]


def wire(message: Message) -> bytes:
    """Return *message* in its frame."""
    return FRAMING.frame(HERE.spec.encode(message))


def answer(**changes: str) -> Message:
    """Return the answer to ECHO, with *changes* by ``de11``."""
    return HERE.answer(ECHO, "00", {}, NOON.date()).evolve({int(de[2:]): value for de, value in changes.items()})


async def conversation(host: Host, patience: float = 60) -> Message:
    """Return the answer to ECHO that *host*, at the other end of a stream, gives."""
    ours, theirs = ends()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(host, theirs)
        try:
            return (await converse(ours, FRAMING, HERE.spec, ECHO, patience)).message
        finally:
            nursery.cancel_scope.cancel()


def trio_seconds(clock: MockClock) -> int:
    """Return how long the test took, in whole seconds of its own clock."""
    return round(clock.current_time())


def saying(*messages: bytes, close: bool = False, after: float = 0.0) -> Host:
    """Return a host that reads the request and says *messages*."""

    async def host(stream: Stream) -> None:
        assert await stream.receive_some() == wire(ECHO)
        for each in messages:
            await trio.sleep(after)
            await stream.send_all(each)
        if close:
            await stream.aclose()
        else:
            await trio.sleep_forever()

    return host


async def no_answer(host: Host, patience: float = 60) -> str:
    """Return why there is none."""
    with pytest.RaisesGroup(pytest.RaisesExc(NoAnswer), flatten_subgroups=True, allow_unwrapped=True) as caught:
        await conversation(host, patience)
    error: BaseException = caught.value
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return str(error)


async def test_the_answer_is_returned() -> None:
    assert await conversation(saying(wire(answer()))) == answer()


async def test_an_answer_may_come_in_pieces(autojump_clock: MockClock) -> None:
    pieces = [bytes([each]) for each in wire(answer())]
    assert await conversation(saying(*pieces, after=0.1)) == answer()
    assert trio_seconds(autojump_clock) == len(pieces) // 10


async def test_others_are_passed_over(autojump_clock: MockClock) -> None:
    others = (wire(answer(de11="000122")), wire(ECHO), wire(ECHO.evolve({11: "000001"}, "0800")))
    assert await conversation(saying(*others, wire(answer()), after=1.0)) == answer()
    assert trio_seconds(autojump_clock) == 4


async def test_silence_says_how_long_and_what_came_instead(autojump_clock: MockClock) -> None:
    said = await no_answer(saying(wire(answer(de11="000122")), wire(ECHO)), 30)
    assert said == "no answer within 30 s (2 other messages came, the first with another STAN)"
    assert trio_seconds(autojump_clock) == 30


async def test_an_answer_that_comes_too_late_is_none(autojump_clock: MockClock) -> None:
    assert "no answer within 5 s" in await no_answer(saying(wire(answer()), after=6), 5)
    assert trio_seconds(autojump_clock) == 5


async def test_a_connection_that_closes_without_an_answer_leaves_the_outcome_open() -> None:
    assert "closed the connection" in await no_answer(saying(close=True))


async def test_half_an_answer_is_none() -> None:
    assert "announced" not in (said := await no_answer(saying(wire(answer())[:9], close=True)))
    assert "the connection closed after 9 bytes" in said


async def test_bytes_that_are_no_message_end_the_waiting_and_say_where() -> None:
    said = await no_answer(saying(FRAMING.frame(b"0810nonsense")))
    assert "no message of iso87-ascii: bitmap at byte 4" in said


async def test_bytes_that_are_no_frame_end_the_waiting() -> None:
    assert "announced" in await no_answer(saying(b"\xff\xff"))


async def test_a_connection_that_was_closed_before_took_nothing() -> None:
    ours, theirs = ends()
    await theirs.aclose()
    with pytest.raises(NoConnection, match="before anything was sent"):
        await converse(ours, FRAMING, HERE.spec, ECHO, 60)


async def test_a_connection_that_takes_nothing_took_nothing(autojump_clock: MockClock) -> None:
    ours, _ = ends()
    fill(ours)
    with pytest.raises(NoConnection, match="before anything was sent"):
        await converse(ours, FRAMING, HERE.spec, ECHO, 60)


async def test_nobody_there_is_no_connection_and_names_the_address() -> None:
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listeners[0].socket.getsockname()[1]
    for each in listeners:
        await each.aclose()
    with pytest.raises(NoConnection, match=f"127.0.0.1:{port}: connection refused"):
        await ask(Address("127.0.0.1", port), FRAMING, HERE.spec, ECHO, 5)


async def test_over_real_tcp_too() -> None:
    async def host(stream: trio.SocketStream) -> None:
        assert await stream.receive_some() == wire(ECHO)
        await stream.send_all(wire(answer()))
        assert await stream.receive_some() == b""

    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(trio.serve_tcp, host, 0)
        port = listeners[0].socket.getsockname()[1]
        heard = await ask(Address("127.0.0.1", port), FRAMING, HERE.spec, ECHO, 5)
        assert heard == (answer(), HERE.spec.encode(answer()))
        nursery.cancel_scope.cancel()
