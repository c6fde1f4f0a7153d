"""Both clocks of a Moment, under a clock of the test's own and when somebody sets the system's."""

# ruff: noqa: ARG001 -- trio takes its clock from the test's arguments

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import trio
from trio.testing import MockClock

from iso_gateway.net import clock
from iso_gateway.protocol.moment import Moment

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class System:
    """The system's two clocks, as the test sets them."""

    def __init__(self) -> None:
        self.mono, self.wall = 5000.0, NOON

    def __call__(self) -> tuple[float, datetime]:
        return self.mono, self.wall

    def passes(self, seconds: float) -> None:
        self.mono += seconds
        self.wall += timedelta(seconds=seconds)


async def test_a_mock_clock_moves_both(mock_clock: MockClock) -> None:
    before = clock.now()
    mock_clock.jump(3600)
    assert clock.now() == before.later(3600)


async def test_the_wall_clock_is_utc() -> None:
    moment = clock.now()
    assert moment.wall.utcoffset() == timedelta(0)
    assert abs((clock.read_system()[1] - moment.wall).total_seconds()) < 60


def test_each_run_reads_the_system_anew() -> None:
    async def started() -> clock.Clock:
        assert clock.the_clock() is clock.the_clock()
        return clock.the_clock()

    assert trio.run(started) is not trio.run(started)


def a_clock() -> tuple[clock.Clock, System, list[float]]:
    system, mono = System(), [100.0]
    return clock.Clock(lambda: mono[0], system), system, mono


def test_a_system_clock_that_was_set_is_followed_both_ways() -> None:
    ours, system, mono = a_clock()
    for jump in (7200.0, -0.5):
        system.passes(60)
        mono[0] += 60
        before = ours.now()
        system.wall += timedelta(seconds=jump)
        assert ours.resynchronise() == jump
        assert ours.now() == Moment(mono[0], before.wall + timedelta(seconds=jump))
        assert ours.now().wall == system.wall
        assert ours.resynchronise() == 0.0


def test_reading_two_clocks_in_turn_is_no_jump() -> None:
    ours, system, mono = a_clock()
    system.wall += timedelta(seconds=0.09)
    assert ours.resynchronise() == 0.0
    assert ours.now() == Moment(mono[0], NOON)


def test_small_jumps_add_up_until_they_are_followed() -> None:
    ours, system, _ = a_clock()
    system.wall += timedelta(seconds=0.06)
    assert ours.resynchronise() == 0.0
    system.wall += timedelta(seconds=0.06)
    assert ours.resynchronise() == 0.12


def test_a_machine_that_slept_is_a_jump() -> None:
    ours, system, mono = a_clock()
    system.wall += timedelta(hours=8)  # CLOCK_MONOTONIC stands still in sleep
    assert ours.resynchronise() == 8 * 3600
    assert ours.now() == Moment(mono[0], NOON + timedelta(hours=8))


async def test_keeping_in_step_tells_nothing_when_nobody_sets_the_clock(autojump_clock: MockClock) -> None:
    before = clock.now()
    jumps: list[float] = []
    with trio.move_on_after(600):
        await clock.keep_in_step(jumps.append)
    assert jumps == []
    assert clock.now() == before.later(600)


async def test_it_can_stand_still(autojump_clock: MockClock) -> None:
    with clock.the_clock().standing() as then:
        autojump_clock.jump(5)
        assert clock.now() is then
    assert clock.now() == then.later(5)
