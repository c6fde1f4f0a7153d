"""Hostile neighbours over real TCP: whatever they send, others are served, and the log stays readable."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
import trio

from iso_gateway import Message
from iso_gateway.gateway.restraint import PER_SOURCE
from iso_gateway.protocol.kinds import Kind
from tests.support.desk import Desk, setup
from tests.support.edge import PATIENCE, Running, Terminal, running


def requests(spec: str = "iso87-ascii") -> Desk:
    """Return a maker of a terminal's messages; its node is not used."""
    return Desk(setup(spec), links=())


def lines(gateway: Running, event: str) -> list[str]:
    """Return the lines of *event* in the log."""
    return [line for line in gateway.log.getvalue().splitlines() if f" {event}: " in line]


async def pour(stream: trio.SocketStream, data: bytes) -> None:
    """Send *data*, as far as the other side takes it."""
    with suppress(trio.BrokenResourceError):
        await stream.send_all(data)


async def until_closed(terminal: Terminal) -> None:
    """Read until the gateway closes the connection."""
    with trio.fail_after(PATIENCE), suppress(trio.BrokenResourceError):
        while await terminal.stream.receive_some(65536):
            pass


async def still_serves(gateway: Running) -> None:
    """Check that another terminal's sale and line test go through."""
    other = await gateway.terminal()
    assert (await other.ask(requests().request(Kind.ECHO, terminal="TERM0009")))[39] == "00"
    assert (await other.ask(requests().request(terminal="TERM0009")))[39] == "00"


async def test_ten_thousand_broken_messages_at_once_are_one_line_and_one_closed_connection(tmp_path: Path) -> None:
    async with running(tmp_path) as gateway:
        bad = await gateway.terminal()
        await pour(bad.stream, bad.framing.frame(b"\xff") * 10_000)
        await until_closed(bad)
        assert len(lines(gateway, "format error")) == 1
        assert lines(gateway, "closed") == []
        assert gateway.service.gateway.counts["format error"] == 1
        await still_serves(gateway)


async def test_connections_full_of_garbage_one_after_the_other_do_not_fill_the_log(tmp_path: Path) -> None:
    async with running(tmp_path) as gateway:
        for _ in range(3 * PER_SOURCE):
            bad = await gateway.terminal()
            await pour(bad.stream, b"\xff\xff\xff\xff")
            await until_closed(bad)
            bad.stream.socket.close()
        assert len(lines(gateway, "closed")) == PER_SOURCE
        await still_serves(gateway)
        gateway.service.gateway.tell_withheld()
        gateway.service.lines.flush()
        assert lines(gateway, "withheld")[0].endswith(f"withheld: of=closed count={2 * PER_SOURCE}")


async def test_an_unknown_terminal_in_a_loop_is_answered_each_time_and_told_of_a_few_times(tmp_path: Path) -> None:
    async with running(tmp_path) as gateway:
        bad = await gateway.terminal()
        await pour(bad.stream, bad.framing.frame(bad.dialect.spec.encode(requests().request(terminal="NOBODY"))) * 500)
        for _ in range(500):
            answer = await bad.receive()
            assert answer is not None
            assert answer[39] == "58"
        assert len(lines(gateway, "refused")) == PER_SOURCE
        assert gateway.service.gateway.counts["refused"] == 500
        await still_serves(gateway)


async def test_silent_connections_keep_no_terminal_out_and_throw_none_out(tmp_path: Path) -> None:
    async with running(tmp_path, "[limits]\nconnections = 3") as gateway:
        served = await gateway.terminal()
        assert (await served.ask(requests().request()))[39] == "00"
        silent = [await gateway.terminal() for _ in range(5)]
        for each in silent[:3]:
            await until_closed(each)
        await still_serves(gateway)
        assert (await served.ask(requests().request(stan="000002")))[39] == "00"
        (line,) = lines(gateway, "bound")
        assert "more than 3 connections; the oldest that had said nothing useful made room" in line


async def test_a_terminal_that_never_reads_gets_what_fits_and_harms_nobody(tmp_path: Path) -> None:
    async with running(tmp_path) as gateway:
        deaf = await gateway.terminal()
        wire = deaf.framing.frame(deaf.dialect.spec.encode(requests().request(Kind.ECHO)))
        with trio.move_on_after(PATIENCE):
            await pour(deaf.stream, wire * 3000)
        await still_serves(gateway)


def garbage(_gateway: Running, _message: Message) -> bytes:
    return b"\xff" * 20


def an_answer_to_nothing(gateway: Running, message: Message) -> bytes:
    return gateway.host.dialect.spec.encode(gateway.host.approve(message).evolve({11: "999999"}))


def a_request_of_its_own(gateway: Running, message: Message) -> bytes:
    return gateway.host.dialect.spec.encode(message)


def a_question_that_was_not_asked(gateway: Running, message: Message) -> bytes:
    return gateway.host.dialect.spec.encode(gateway.host.approve(message).evolve({}, "0810"))


@pytest.mark.parametrize(
    ("says", "event"),
    [
        (garbage, "undecodable"),
        (an_answer_to_nothing, "unmatched"),
        (a_question_that_was_not_asked, "unmatched"),
        (a_request_of_its_own, "host request"),
    ],
)
async def test_a_host_that_talks_wildly_is_told_of_a_few_times_and_heard_all_the_same(
    tmp_path: Path, says: Callable[[Running, Message], bytes], event: str
) -> None:
    async with running(tmp_path) as gateway:
        (link,) = gateway.host.streams
        framing = gateway.host.framing

        def decide(message: Message) -> None:
            answer = framing.frame(gateway.host.dialect.spec.encode(gateway.host.approve(message)))
            gateway.nursery.start_soon(link.send_all, framing.frame(says(gateway, message)) * 500 + answer)

        gateway.host.decide = decide
        assert (await (await gateway.terminal()).ask(requests().request()))[39] == "00"
        assert gateway.service.gateway.counts[event] == 500
        assert len(lines(gateway, event)) == PER_SOURCE
        gateway.host.decide = gateway.host.approve
        await still_serves(gateway)


async def test_an_answer_that_comes_a_thousand_times_counts_once(tmp_path: Path) -> None:
    async with running(tmp_path) as gateway:
        (link,) = gateway.host.streams

        def decide(message: Message) -> None:
            answer = gateway.host.framing.frame(gateway.host.dialect.spec.encode(gateway.host.approve(message)))
            gateway.nursery.start_soon(link.send_all, answer * 1000)

        gateway.host.decide = decide
        terminal = await gateway.terminal()
        assert (await terminal.ask(requests().request()))[39] == "00"
        gateway.host.decide = gateway.host.approve
        await still_serves(gateway)
        assert len(lines(gateway, "unmatched")) == PER_SOURCE
        await gateway.until(lambda: len(lines(gateway, "txn")) == 2)


async def test_a_host_that_closes_at_once_every_time_is_one_line_of_trouble(tmp_path: Path) -> None:
    async with running(tmp_path) as gateway:
        accepted = 0

        async def close_at_once(stream: trio.SocketStream) -> None:
            nonlocal accepted
            accepted += 1
            await stream.aclose()

        gateway.host.scope.cancel()
        await gateway.link_is("down")
        await gateway.nursery.start(trio.serve_tcp, close_at_once, gateway.host.port)
        await gateway.until(lambda: accepted >= 5)
        told = [line for line in lines(gateway, "link down") if "closed the link" in line]
        assert len(told) <= 2, told
        assert (await (await gateway.terminal()).ask(requests().request()))[39] == "91"
