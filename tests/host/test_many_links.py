"""Hundreds of links that send garbage, say nothing or read nothing: an honest terminal beside them is served.

The same by the thousand, in processes of its own, is bench/hostile.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pytest
import trio
import trio.lowlevel
from trio.testing import MockClock, wait_all_tasks_blocked

from iso_gateway.codec.message import Message
from iso_gateway.host import link as links
from iso_gateway.host.link import Link, Waiting
from iso_gateway.host.restraint import LINES_AT_MOST, MINUTE, Restraint
from iso_gateway.host.server import HostServer
from iso_gateway.host.settings import HostSettings
from iso_gateway.net.address import Address
from iso_gateway.protocol.kinds import Kind
from tests.support.till import Till, dialect_of

MANY: Final = LINES_AT_MOST + 100
GARBAGE: Final = {
    "a frame that is no message": b"\x00\x20" + b"\xff" * 32,
    "a frame longer than any": b"\xff\xff" + b"\xff" * 32,
    "half a frame": b"\x01\x00half",
    "HTTP": b"GET / HTTP/1.1\r\nHost: example\r\n\r\n",
    "nothing at all": b"",
}


class Told:
    """What was logged."""

    def __init__(self) -> None:
        self.events: list[tuple[str, Mapping[str, Any]]] = []

    def __call__(self, event: str, fields: Mapping[str, Any]) -> None:
        self.events.append((event, fields))

    def of(self, event: str) -> list[Mapping[str, Any]]:
        return [fields for name, fields in self.events if name == event]


async def ask(stream: trio.SocketStream, message: Message) -> Message:
    """Return the answer to *message*."""
    spec = dialect_of("iso87-ascii").spec
    data = spec.encode(message)
    await stream.send_all(len(data).to_bytes(2) + data)
    came = b""
    while len(came) < 2 or len(came) < 2 + int.from_bytes(came[:2]):
        more = await stream.receive_some()
        assert more, "the link was closed"
        came += more
    return spec.decode(came[2:])


async def test_whatever_hundreds_of_links_send_an_honest_terminal_sells(nursery: trio.Nursery) -> None:
    told = Told()
    host = HostServer.of(HostSettings(), log=told)
    address = await nursery.start(host.run, Address("127.0.0.1", 0))
    till = Till()
    with trio.fail_after(30):
        honest = await trio.open_tcp_stream("127.0.0.1", address.port)
        bad = [await trio.open_tcp_stream("127.0.0.1", address.port) for _ in range(MANY)]
        for stream, data in zip(bad, list(GARBAGE.values()) * MANY, strict=False):
            if data:
                await stream.send_all(data)
            if stream is bad[MANY // 2]:
                assert (await ask(honest, till.request(Kind.SALE, 1000)))[39] == "00"
        assert (await ask(honest, till.request(Kind.SALE, 1100)))[39] == "00"
        for stream in bad:
            await stream.aclose()
        while len(host.status()["links"]) > 1:
            await trio.lowlevel.checkpoint()
        assert (await ask(honest, till.request(Kind.SALE, 1200)))[39] == "00"
        await honest.aclose()
        await host.drain()
    assert [len(told.of(event)) for event in ("transaction", "connected", "closed")] == [
        3,
        LINES_AT_MOST,
        LINES_AT_MOST,
    ]
    assert {row["of"]: row["count"] for row in told.of("withheld")} == {
        "connected": MANY + 1 - LINES_AT_MOST,
        "closed": MANY + 1 - LINES_AT_MOST,
    }


def test_a_line_that_every_link_has_is_told_so_often_a_minute_and_counted_beyond() -> None:
    told, now = Told(), 0.0
    log = Restraint(told, lambda: now)
    for number in range(LINES_AT_MOST + 3):
        log("closed", {"peer": number})
    log("connected", {"peer": 1})
    assert (len(told.of("closed")), len(told.of("connected")), told.of("withheld")) == (LINES_AT_MOST, 1, [])
    now = MINUTE
    log("closed", {"peer": "next"})
    assert [(row["of"], row["count"]) for row in told.of("withheld")] == [("closed", 3)]
    assert told.events[-1] == ("closed", {"peer": "next"})
    now = 2 * MINUTE
    log("closed", {"peer": "last"})
    assert len(told.of("withheld")) == 1


async def test_what_waits_on_all_links_together_has_a_bound_and_a_link_that_ends_gives_its_share_back(
    monkeypatch: pytest.MonkeyPatch,
    autojump_clock: MockClock,  # noqa: ARG001 -- time passes at once
) -> None:
    monkeypatch.setattr(links, "LATE_IN_ALL", 5)
    waiting, said = Waiting(), []
    async with trio.open_nursery() as one, trio.open_nursery() as two:
        first, second = (Link(name, None, late, waiting) for name, late in (("one", one), ("two", two)))  # type: ignore[arg-type]
        for number in range(4):
            first.later(10, lambda number=number: said.append(("first", number)))  # type: ignore[misc]
        for number in range(4):
            second.later(20, lambda number=number: said.append(("second", number)))  # type: ignore[misc]
        assert waiting.count == 5
        await trio.sleep(15)
        assert (sorted(said), waiting.count) == ([("first", number) for number in range(4)], 1)
        second.gone()
        assert waiting.count == 0
        second.later(1, lambda: said.append(("second", 9)))
        await wait_all_tasks_blocked()
        assert waiting.count == 0
    assert len(said) == 4
