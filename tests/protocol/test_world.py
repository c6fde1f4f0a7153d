"""Timers: every owner is called when it asked to be, and a deadline that moves on leaves no timer behind."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from iso_gateway.protocol.moment import Moment
from iso_gateway.protocol.setup import Lent, Setup
from iso_gateway.protocol.world import World

START = Moment(100.0, datetime(2026, 11, 20, 12, tzinfo=UTC))


@pytest.fixture
def world() -> World:
    lent = Lent(
        fingerprint=bytes, seal=str.encode, unseal=bytes.decode, chance=lambda: 0.5, first_stan=lambda: 1, run="run"
    )
    return World(Setup({}, {}, ()), lent, START)


def called(world: World, mono: float) -> list[str]:
    """Return the owners that are called at *mono*."""
    world.now = Moment(mono, START.wall)
    owners = []
    while (owner := world.due()) is not None:
        owners.append(owner)
    return owners


def test_owners_are_called_in_the_order_of_their_times(world: World) -> None:
    world.wake(103.0, "b")
    world.wake(102.0, "a")
    world.wake(103.0, "c")
    assert world.deadline == 102.0
    assert called(world, 101.9) == []
    assert called(world, 103.0) == ["a", "b", "c"]
    assert world.deadline is None


def test_a_deadline_that_moves_on_has_one_timer(world: World) -> None:
    for mono in (105.0, 106.0, 130.0):
        world.remind(mono, "a")
    assert called(world, 105.0) == ["a"]
    assert world.deadline is None
    world.remind(130.0, "a")
    assert called(world, 129.9) == []
    assert called(world, 130.0) == ["a"]


def test_a_deadline_that_comes_nearer_is_kept(world: World) -> None:
    world.remind(130.0, "a")
    world.remind(105.0, "a")
    assert called(world, 105.0) == ["a"]
    world.remind(120.0, "a")
    assert called(world, 120.0) == ["a"]
    assert called(world, 130.0) == []
    assert world.deadline is None


def test_who_is_forgotten_leaves_no_timer_behind(world: World) -> None:
    for number in range(5):
        world.remind(105.0 + number, f"{number}")
    world.wake(107.5, "debt")
    for name in ("0", "2", "1", "nobody", "0"):
        world.forget(name)
    assert world.deadline == 108.0 - 0.5
    world.remind(106.0, "0")
    assert called(world, 120.0) == ["0", "debt", "3", "4"]
    assert world.deadline is None


def test_timers_that_are_gone_do_not_gather(world: World) -> None:
    for number in range(1000):
        world.remind(105.0 + number / 10, f"{number}")
        world.forget(f"{number - 10}")
    assert len(world._timers) == 10
    assert not world._gone


def test_one_owner_reminded_is_no_other(world: World) -> None:
    world.remind(105.0, "a")
    world.remind(106.0, "b")
    assert called(world, 106.0) == ["a", "b"]
