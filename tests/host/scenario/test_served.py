"""A scenario on a connection: what a terminal sees of it, and that it sees the same again with the same seed."""

# ruff: noqa: ARG001 -- trio takes its clock from the test's arguments

from __future__ import annotations

from pathlib import Path

import trio
from trio.testing import MockClock

from iso_gateway.framing import Framing
from iso_gateway.host.server import HostServer
from iso_gateway.host.settings import HostSettings
from iso_gateway.protocol.kinds import Kind
from tests.support.ends import ends
from tests.support.till import START, Till

FRAMING = Framing.parse("2be")
STORY = """
rules:
  - {when: {kind: sale, nth: 1}, fault: silence}
  - {when: {kind: sale, nth: 1}, respond: {code: 61}, fault: delay=3s wrong=stan}
  - {when: {kind: sale, nth: 1}, respond: {approve: 50%}, fault: twice}
  - {when: {kind: sale, nth: 1}, fault: close}
"""
CHANCE = """
seed: 5
rules:
  - {when: {probability: 0.3}, fault: "garbage=30 delay=uniform:1s..9s"}
  - {when: {probability: 0.3}, fault: "delay=lognormal:1s,9s", respond: {template: {63: "{digits:12}"}}}
  - {when: {probability: 0.3}, respond: {code: 96}}
"""


async def seen(file: Path, sales: int, seed: str = "") -> list[tuple[float, bytes]]:
    """Return what a terminal sees, and when, that asks for one sale every 20 seconds."""
    host = HostServer.of(HostSettings(scenario=str(file), seed=seed), clock=lambda: START)
    theirs, ours = ends()
    till = Till()
    told: list[tuple[float, bytes]] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(host.carry, theirs, "memory")
        began = trio.current_time()
        for _ in range(sales):
            await ours.send_all(FRAMING.frame(till.dialect.spec.encode(till.request(Kind.SALE))))
            with trio.move_on_after(20):
                while data := await ours.receive_some():
                    told.append((round(trio.current_time() - began, 6), bytes(data)))
                told.append((round(trio.current_time() - began, 6), b""))
                break
        nursery.cancel_scope.cancel()
    return told


async def test_each_fault_of_a_story(autojump_clock: MockClock, tmp_path: Path) -> None:
    (tmp_path / "story.yaml").write_text(STORY, "utf-8")
    framer, spec, told = FRAMING.framer(), Till().dialect.spec, list[str]()
    for at, data in await seen(tmp_path / "story.yaml", 5):
        answers = [spec.decode(frame.payload) for frame in framer.receive(data)]
        told += [f"{at:g} {answer[11]} {answer[39]} {answer[4][-4:]}" for answer in answers] or [f"{at:g} closed"]
    assert told == [
        "23 000003 61 1000",
        "40 000003 10 0500",
        "40 000003 10 0500",
        "60 000004 00 1000",
        "60 closed",
    ]


async def test_the_same_seed_gives_the_same_bytes_at_the_same_times(autojump_clock: MockClock, tmp_path: Path) -> None:
    (tmp_path / "chance.yaml").write_text(CHANCE, "utf-8")
    first, again, other = [await seen(tmp_path / "chance.yaml", 12, seed) for seed in ("7", "7", "8")]
    assert len(first) >= 12
    assert first == again != other
