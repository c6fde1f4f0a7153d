"""A fleet under way in a terminal window: its live line, and Ctrl-C."""

from __future__ import annotations

import gc
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

import trio

from iso_gateway.net.collecting import collect_seldom
from iso_gateway.terminal.fleet.driver import Driver
from iso_gateway.terminal.fleet.schedule import dues
from iso_gateway.terminal.records import Outcome

if TYPE_CHECKING:
    from iso_gateway.terminal.fleet.course import Course
    from iso_gateway.terminal.fleet.driver import Way
    from iso_gateway.terminal.fleet.verdict import Plan, Run

EVERY: Final = 0.5
"""Seconds between two live lines."""
SETTLING: Final = 15.0
"""Seconds that are left, beside the time-out, to end what is under way and to pay debts when the load is over."""


async def driven(course: Course, way: Way, plan: Plan, *, live: bool) -> Run:
    """Return what became of *plan*; Ctrl-C ends the load, and a second one what is under way."""
    stop, driver = trio.Event(), Driver(course, way)
    # Thousands of terminals are looked through for garbage again and again, a tenth of a second each time, which would
    # count as latency. They stay as long as the run.
    with ExitStack() as after, trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        after.callback(gc.set_threshold, *gc.get_threshold())
        after.callback(gc.unfreeze)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_obey, signals, stop, nursery.cancel_scope)
            if live:
                nursery.start_soon(_show, driver, plan)
            due = dues(plan.rate, plan.duration, plan.mix, plan.terminals, plan.seed)
            run = await driver.run(due, plan.duration, stop, closing=way.patience + SETTLING, ready=collect_seldom)
            nursery.cancel_scope.cancel()
            return run
    raise KeyboardInterrupt


async def _obey(signals: AsyncIterator[int], stop: trio.Event, everything: trio.CancelScope) -> None:
    async for _ in signals:
        if stop.is_set():
            everything.cancel()
        stop.set()


async def _show(driver: Driver, plan: Plan) -> None:
    """Write the live line over the one before."""
    width = 0
    try:
        while True:
            line = line_of(driver, plan)
            sys.stderr.write(f"\r{line:<{width}}")
            sys.stderr.flush()
            width = len(line)
            await trio.sleep(EVERY)
    finally:
        sys.stderr.write(f"\r{'':<{width}}\r")
        sys.stderr.flush()


def line_of(driver: Driver, plan: Plan) -> str:
    """Return how the fleet stands, in one line."""
    tally, elapsed = driver.course.tally, driver.elapsed
    if elapsed < 0:
        signed_on = sum(member.signed_on for member in driver.course.members)
        return f"signing on: {signed_on} of {plan.terminals}"
    steps = tally.series.steps
    rate = steps[-2].sent / tally.series.width if len(steps) > 1 else tally.sent / max(elapsed, 1.0)
    p50, p99 = (1e3 * (tally.took.quantile(share) or 0.0) for share in (0.5, 0.99))
    codes = " ".join(f"{code or 'none'}:{count}" for code, count in tally.codes.most_common(4))
    return (
        f"{elapsed:.0f}/{plan.duration:g} s · {rate:.0f}/s of {plan.rate:g} · {tally.in_flight} in flight · "
        f"p50 {p50:.1f} ms · p99 {p99:.1f} ms · {codes} · {tally.outcomes[Outcome.UNKNOWN]} unknown"
    )
