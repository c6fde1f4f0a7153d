"""The live line of a fleet: before the load, and within it."""

# ruff: noqa: ARG001 -- trio takes its clock from the test's arguments

from __future__ import annotations

import trio
from trio.testing import MockClock

from iso_gateway.cli.fleet.live import line_of
from iso_gateway.framing import Framing
from iso_gateway.net.address import Address
from iso_gateway.protocol.kinds import Kind
from iso_gateway.terminal.fleet.course import Course
from iso_gateway.terminal.fleet.driver import Driver, Way
from iso_gateway.terminal.fleet.verdict import Plan
from iso_gateway.terminal.orders import Verb
from iso_gateway.terminal.records import Outcome
from iso_gateway.terminal.result import Result
from tests.support.desk import dialect


async def test_it_tells_rate_latency_codes_and_what_is_unknown(autojump_clock: MockClock) -> None:
    way = Way(dialect("iso87-ascii"), Framing.parse("2be"), Address("127.0.0.1", 9000), 10.0)
    driver = Driver(Course([]), way)
    plan = Plan("127.0.0.1:9000", "iso87-ascii", 5, 4, 10, {Verb.SALE: 1}, 1)
    assert line_of(driver, plan) == "signing on: 0 of 5"
    driver.began = trio.current_time()
    tally = driver.course.tally
    for number, (outcome, code) in enumerate([(Outcome.APPROVED, "00")] * 3 + [(Outcome.UNKNOWN, "")]):
        tally.came_due(number / 4, 0.0)
        tally.was_sent(Verb.SALE, number / 4, number / 4)
        tally.ended(Result(Kind.SALE, outcome, "", "000001", "T1", code=code), number / 4, number / 4 + 0.1)
    tally.was_sent(Verb.SALE, 1.0, 1.0)
    await trio.sleep(1)
    told = line_of(driver, plan)
    assert told.startswith("1/10 s · 4/s of 4 · 1 in flight · p50 99.8 ms · p99 99.8 ms · ")
    assert told.endswith(" · 00:3 none:1 · 1 unknown")
