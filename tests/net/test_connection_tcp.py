"""A connection over real sockets, once each way."""

from __future__ import annotations

import pytest
import trio
from trio.testing import open_stream_to_socket_listener

from iso_gateway.framing import Frame, Framing
from iso_gateway.net.connection import FramedConnection
from iso_gateway.net.outbox import Outcome
from tests.support.ends import plain

HANDED, NOT_HANDED, UNCERTAIN = Outcome.HANDED, Outcome.NOT_HANDED, Outcome.UNCERTAIN
FRAMING = Framing.parse("2be")


async def test_over_tcp_both_ways(nursery: trio.Nursery) -> None:
    listener = (await trio.open_tcp_listeners(0, host="127.0.0.1"))[0]
    dialled = await open_stream_to_socket_listener(listener)
    taken = await listener.accept()
    await listener.aclose()
    host, terminal = FramedConnection(plain(taken), FRAMING), FramedConnection(plain(dialled), FRAMING)
    answered = trio.Event()
    answers: list[bytes] = []

    def receive(frame: Frame) -> None:
        answers.append(frame.payload)
        answered.set()

    nursery.start_soon(host.run, lambda frame: host.send(frame.payload[::-1]))
    nursery.start_soon(terminal.run, receive)
    terminal.send(b"0800")
    with trio.fail_after(5):
        await answered.wait()
        await terminal.aclose()
        await host.aclose()
    assert answers == [b"0080"]


async def test_over_tcp_a_peer_that_never_reads() -> None:
    listener = (await trio.open_tcp_listeners(0, host="127.0.0.1"))[0]
    dialled = await open_stream_to_socket_listener(listener)
    async with listener, dialled:
        connection = FramedConnection(
            plain(await listener.accept()), Framing.parse("2be"), write_timeout=0.1, max_queued=10_000_000
        )
        outcomes: list[Outcome] = []
        for _ in range(150):
            connection.send(bytes(60_000), None, outcomes.append)
        with trio.fail_after(5):
            why = await connection.run(lambda _: None)
    assert str(why) == "the peer took nothing for 0.1 s"
    assert sorted(outcomes, key=[HANDED, UNCERTAIN, NOT_HANDED].index) == outcomes
    assert outcomes.count(UNCERTAIN) == 1
    assert set(outcomes) == set(Outcome)


async def test_over_tcp_a_reset_is_a_reset_after_what_was_given() -> None:
    listener = (await trio.open_tcp_listeners(0, host="127.0.0.1"))[0]
    dialled = await open_stream_to_socket_listener(listener)
    async with listener, dialled:
        connection = FramedConnection(plain(await listener.accept()), FRAMING)
        outcomes: list[Outcome] = []

        def reset(outcome: Outcome) -> None:
            outcomes.append(outcome)
            connection.reset("on purpose")

        connection.send_bytes(b"no frame", reset)
        with trio.fail_after(5):
            why = await connection.run(lambda _: None)
            assert await dialled.receive_some() == b"no frame"
            with pytest.raises(trio.BrokenResourceError):
                await dialled.receive_some()
    assert (str(why), outcomes) == ("on purpose", [HANDED])
    connection.reset("once more, which is nothing")


async def test_raw_bytes_wait_in_the_same_queue_as_frames(nursery: trio.Nursery) -> None:
    listener = (await trio.open_tcp_listeners(0, host="127.0.0.1"))[0]
    dialled = await open_stream_to_socket_listener(listener)
    async with listener, dialled:
        connection = FramedConnection(plain(await listener.accept()), FRAMING, max_queued=1000)
        outcomes: list[Outcome] = []
        connection.send(b"one")
        connection.send_bytes(b"\x00")
        connection.send_bytes(bytes(1000), outcomes.append)
        connection.send(b"two")
        nursery.start_soon(connection.run, lambda _: None)
        with trio.fail_after(5):
            came = b""
            while len(came) < 11:
                came += await dialled.receive_some()
            assert came == b"\x00\x03one\x00\x00\x03two"
            await connection.aclose()
    assert outcomes == [NOT_HANDED]
