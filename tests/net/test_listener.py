"""Taking connections and dialling, over real sockets on ports that the system chooses."""

# ruff: noqa: ARG001 -- trio takes its clock from the test's arguments

from __future__ import annotations

import socket
from collections.abc import Callable
from functools import partial

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from iso_gateway.errors import ConfigError, NoConnection
from iso_gateway.net.address import Address
from iso_gateway.net.listener import Refusal, Refusals, dial, serve
from tests.support.ends import stream_over

ANY_PORT = Address("127.0.0.1", 0)


async def echo(sock: socket.socket) -> None:
    stream = stream_over(sock)
    async for data in stream:
        await stream.send_all(data)


async def says(stream: trio.SocketStream, data: bytes) -> bytes | bytearray:
    """Return what *stream* answers to *data*; nothing where it was closed."""
    with trio.fail_after(5):
        try:
            await stream.send_all(data)
            return await stream.receive_some()
        except trio.BrokenResourceError:
            return b""


async def listening(
    nursery: trio.Nursery,
    connections: int = 10,
    on_refused: Callable[[Refusal], None] | None = None,
    handler_nursery: trio.Nursery | None = None,
) -> Address:
    """Listen on a port that the system chooses, until *nursery* ends."""

    async def start(*, task_status: trio.TaskStatus[Address]) -> None:
        await serve(
            ANY_PORT,
            echo,
            connections=connections,
            on_refused=on_refused,
            handler_nursery=handler_nursery,
            task_status=task_status,
        )

    address = await nursery.start(start)
    assert isinstance(address, Address)
    return address


async def test_the_bound_address_is_told_and_serves(nursery: trio.Nursery) -> None:
    address = await listening(nursery)
    assert address.host == "127.0.0.1"
    assert address.port > 0
    async with stream_over(await dial(address, 5)) as stream:
        assert await says(stream, b"hello") == b"hello"
        assert stream.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_over_the_bound_a_connection_is_closed_and_told_once(nursery: trio.Nursery) -> None:
    refused: list[Refusal] = []
    address = await listening(nursery, 1, on_refused=refused.append)
    async with stream_over(await dial(address, 5)) as first:
        assert await says(first, b"first") == b"first"
        for _ in range(3):
            async with stream_over(await dial(address, 5)) as more:
                assert await says(more, b"more") == b""
        assert await says(first, b"still") == b"still"
    assert refused == [Refusal("more than 1 connections", 1)]


async def test_over_the_bound_another_may_make_room(nursery: trio.Nursery) -> None:
    inside: list[socket.socket] = []

    async def stay(sock: socket.socket) -> None:
        inside.append(sock)
        await echo(sock)

    def make_room() -> bool:
        inside.pop(0).shutdown(socket.SHUT_RD)
        return True

    refused: list[Refusal] = []
    address = await nursery.start(
        partial(serve, ANY_PORT, stay, connections=1, make_room=make_room, on_refused=refused.append)
    )
    streams = [stream_over(await dial(address, 5)) for _ in range(3)]
    assert await says(streams[2], b"the last") == b"the last"
    for stream in streams:
        await stream.aclose()
    assert [refusal.count for refusal in refused] == [1]


async def test_a_place_becomes_free_again(nursery: trio.Nursery) -> None:
    address = await listening(nursery, 1)
    for _ in range(3):
        async with stream_over(await dial(address, 5)) as stream:
            assert await says(stream, b"x") == b"x"
            await stream.send_eof()
            with trio.fail_after(5):
                assert await stream.receive_some() == b""
        await wait_all_tasks_blocked()


async def test_stopping_to_listen_keeps_those_who_are_there(nursery: trio.Nursery) -> None:
    async with trio.open_nursery() as listeners:
        address = await listening(listeners, handler_nursery=nursery)
        stream = stream_over(await dial(address, 5))
        assert await says(stream, b"x") == b"x"
        listeners.cancel_scope.cancel()
    assert await says(stream, b"still here") == b"still here"
    with pytest.raises(NoConnection, match="connection refused"):
        await dial(address, 5)
    await stream.aclose()


async def test_an_address_in_use_is_named(nursery: trio.Nursery) -> None:
    address = await listening(nursery)
    with pytest.raises(ConfigError) as caught:
        await serve(address, echo, connections=1)
    assert str(caught.value) == f"address {address} is in use"


@pytest.mark.parametrize(
    ("host", "text"),
    [("192.0.2.1", "address 192.0.2.1:0 is none of this machine"), ("no.such.host.invalid", "no such host name")],
)
async def test_an_address_elsewhere_is_named(host: str, text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        await serve(Address(host, 0), echo, connections=1)


async def test_nobody_there_is_no_connection() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        address = Address(*reserved.getsockname())
        with pytest.raises(NoConnection) as caught:
            await dial(address, 5)
    assert str(caught.value) == f"{address}: connection refused"


async def test_a_host_that_takes_no_connection_is_no_connection() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        address = Address(*full.getsockname())
        with socket.create_connection(address), pytest.raises(NoConnection, match=r"no answer within 0.05 s"):
            await dial(address, 0.05)


async def test_alerts_come_once_a_minute_and_cause(autojump_clock: MockClock) -> None:
    told: list[Refusal] = []
    refusals = Refusals(told.append)
    for _ in range(130):
        refusals.add("full")
        await trio.sleep(1)
    refusals.add("out of files")
    assert told == [Refusal("full", 1), Refusal("full", 60), Refusal("full", 60), Refusal("out of files", 1)]
