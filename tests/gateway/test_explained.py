"""Why a request was not answered, where only the edge can see it: bytes on a real link."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import trio

from iso_gateway import Message
from iso_gateway.protocol.records import Row, RowState
from iso_gateway.protocol.story import Word, read
from tests.support.desk import Desk, setup
from tests.support.edge import Host, Running, running

WORDS = (Word.TIMED_OUT, Word.LINK_LOST)


class Odd(Host):
    """A host that answers a sale with bytes of its own, and nothing else."""

    def __init__(self, odd: Callable[[Host, Message], bytes]) -> None:
        super().__init__()
        self.odd = odd
        self.asked = trio.Event()
        self.decide = self.say_nothing

    def say_nothing(self, _: Message) -> None:
        self.asked.set()

    async def answer_oddly(self, message: Message) -> None:
        await self.streams[-1].send_all(self.odd(self, message))


def framed(host: Host, message: Message) -> bytes:
    return host.framing.frame(host.dialect.spec.encode(message))


def half_a_frame(host: Host, message: Message) -> bytes:
    return framed(host, host.approve(message))[:20]


def no_length(_host: Host, _message: Message) -> bytes:
    return b"\xff\xffHTTP/1.1 400 Bad Request"


def no_message(host: Host, _message: Message) -> bytes:
    return host.framing.frame(b"0210garbage")


def another_stan(host: Host, message: Message) -> bytes:
    return framed(host, host.approve(message).evolve({11: "999999"}))


def another_terminal(host: Host, message: Message) -> bytes:
    return framed(host, host.approve(message).evolve({41: "TERM0099"}))


def nothing(_host: Host, _message: Message) -> bytes:
    return b""


async def outcome(gateway: Running, host: Odd) -> Row:
    """Send a sale, let the host answer it oddly, and return its row once it is owed."""
    terminal = await gateway.terminal()
    await terminal.send(Desk(setup(), links=()).request())
    with trio.fail_after(5):
        await host.asked.wait()
    await host.answer_oddly(host.got[0])
    answer = await terminal.receive()
    assert answer is not None
    assert answer[39] == "68"
    (row,) = gateway.service.gateway.journaling.store.in_states(frozenset(RowState))
    return row


ODD: list[tuple[Callable[[Host, Message], bytes], str]] = [
    (nothing, "no bytes back"),
    (half_a_frame, "bytes but no frame: 20 bytes of a frame that begins at byte "),
    (no_length, "bytes but no frame: byte "),
    (no_message, "did not decode: bitmap at byte 4"),
    (another_stan, "matched nothing: a 0210 came, but DE 11 is 999999, "),
    (another_terminal, "matched nothing: a 0210 came, but DE 41 is TERM0099, TERM0001 was sent"),
]


@pytest.mark.parametrize(("odd", "said"), ODD, ids=lambda case: getattr(case, "__name__", ""))
async def test_a_real_link_and_what_is_said_of_it(
    tmp_path: Path, odd: Callable[[Host, Message], bytes], said: str
) -> None:
    host = Odd(odd)
    async with running(tmp_path, "host_timeout = 0.3", host=host) as gateway:
        row = await outcome(gateway, host)
        (text,) = [told.text for told in read(row.story) if told.word in WORDS]
        assert text.startswith(said)
        verdict = said.partition(":")[0]
        gateway.service.lines.flush()
        log = gateway.log.getvalue()
        assert f'verdict="{verdict}"' in log


async def test_a_late_answer_is_told_with_its_milliseconds(tmp_path: Path) -> None:
    host = Odd(nothing)
    async with running(tmp_path, "host_timeout = 0.2", host=host) as gateway:
        row = await outcome(gateway, host)
        await host.say(host.approve(host.got[0]))
        counts = gateway.service.gateway.counts
        await gateway.until(lambda: counts["late answer"] > 0)
        gateway.service.lines.flush()
        line = next(line for line in gateway.log.getvalue().splitlines() if "late answer" in line)
        assert 'verdict="matched late"' in line
        assert f"id={row.id}/debt" in line
        assert int(line.partition("late_ms=")[2].split()[0]) >= 0


async def test_an_ordinary_sale_has_its_place_and_both_legs(tmp_path: Path) -> None:
    async with running(tmp_path) as gateway:
        terminal = await gateway.terminal()
        assert (await terminal.ask(Desk(setup(), links=()).request()))[39] == "00"
        store = gateway.service.gateway.journaling.store
        (row,) = store.in_states(frozenset(RowState))
        words = [told.word for told in read(row.story)]
        assert words[:3] == ["received", "sent", "answered"]
        assert next(read(row.story)).text.startswith("counter, from 127.0.0.1:")
