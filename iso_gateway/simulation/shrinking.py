"""The shortest story of a break: fewer terminals, a shorter day, fewer kinds of fault, as long as it still breaks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from msgspec.structs import replace

from iso_gateway.protocol.records import RowState
from iso_gateway.simulation.day import Day, Plan
from iso_gateway.simulation.faults import HOUR, KINDS
from iso_gateway.simulation.fleet import Fleet
from iso_gateway.simulation.invariants import Broken
from iso_gateway.simulation.trace import Line

TRIES: Final = 60
"""How many days are lived to shorten one story."""
ALL: Final = frozenset(RowState)


class Story(NamedTuple):
    """A break, and what led to it."""

    plan: Plan
    broken: Broken
    lines: list[Line]
    tries: int


def shortest(plan: Plan, broken: Broken, fleet: Fleet) -> Story:
    """Return the shortest story found in which the invariant of *broken*, which *plan* breaks, is broken."""
    tries = 0
    progress = True
    while progress and tries < TRIES:
        progress = False
        for smaller in _smaller(plan, broken):
            tries += 1
            found = _lived(smaller, fleet)
            if found is not None and found.invariant == broken.invariant:
                plan, broken, progress = smaller, found, True
                break
            if tries >= TRIES:
                break
    return Story(plan, broken, told(plan, fleet), tries)


def _lived(plan: Plan, fleet: Fleet) -> Broken | None:
    try:
        Day(plan, fleet).run()
    except Broken as broken:
        return broken
    return None


def _smaller(plan: Plan, broken: Broken) -> Iterator[Plan]:
    """Yield plans of less, the boldest first."""
    playing = plan.only or tuple(range(1, plan.terminals + 1))
    named = sorted({int(each.partition("/")[0][1:]) for each in broken.about if "/" in each})
    if named and len(named) < len(playing):
        yield replace(plan, only=tuple(named))
    half = len(playing) // 2
    if half:
        yield replace(plan, only=playing[:half])
        yield replace(plan, only=playing[half:])
    for number in playing:
        if number not in named and half:
            yield replace(plan, only=tuple(each for each in playing if each != number))
    if broken.mono < plan.hours * HOUR:
        yield replace(plan, hours=broken.mono / HOUR)
    for share in (0.5, 0.75, 0.9):
        yield replace(plan, hours=plan.hours * share)
    for kind in KINDS:
        if getattr(plan.faults, kind):
            yield replace(plan, faults=replace(plan.faults, **{kind: 0.0}))


def told(plan: Plan, fleet: Fleet) -> list[Line]:
    """Live *plan* once more and return what happened to the transactions of its break."""
    day = Day(plan, fleet, keep=True)
    try:
        day.run()
    except Broken as broken:
        about = _related(day, broken)
        return [line for line in day.trace.lines if line.about in about]
    return day.trace.lines


def _related(day: Day, broken: Broken) -> frozenset[str]:
    """Return whom a story of *broken* has to tell of: its transactions, what they name and what names them."""
    about = dict.fromkeys([*broken.about, "process"])
    rows = day.journal.durable.in_states(ALL)
    for _ in range(2):
        for terminal in day.terminals:
            for ask in terminal.asks:
                names = [f"{terminal.name}/{each.stan}" for each in (ask, ask.original) if each is not None]
                if any(name in about for name in names):
                    about.update(dict.fromkeys(names))
        for row in rows:
            names = [row.id, f"{row.terminal}/{row.stan}"]
            if any(name in about for name in names) or row.original in about:
                about.update(dict.fromkeys(names))
    return frozenset(about)
