"""What became of a simulated day, in figures and in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from iso_gateway.protocol.kinds import Kind
from iso_gateway.simulation.day import Day, Plan
from iso_gateway.simulation.faults import KINDS
from iso_gateway.simulation.fleet import Fleet
from iso_gateway.simulation.invariants import NAMES, Broken
from iso_gateway.simulation.shrinking import Story, shortest

ENOUGH: Final = 400.0
"""Terminal-hours in which every kind of trouble must have happened, where it may."""

PROMISES: Final = {
    "I1": "each approval is delivered, reversed or owed",
    "I2": "one host request for each request",
    "I3": "net at the hosts = receipts + owed, per card",
    "I4": "no byte before its commit",
    "I5": "nothing overtakes its original's open debt",
    "I6": "batch totals agree, or the difference is listed",
}


class Figures(msgspec.Struct, frozen=True):
    """One day in figures."""

    seed: int
    requests: int
    """Requests of terminals, their reversals and repeats aside."""
    invariants: dict[str, int]
    """How often each was checked."""
    reversals: int
    """Sent to hosts for debts, repeats included."""
    repeats: int
    """Of terminals, for the same thing again."""
    joins: int
    late_approvals: int
    stuck: int
    processes: int
    """Of the gateway, one after the other."""
    faults: dict[str, int]
    trace_sha256: str
    broken: str = ""
    """The invariant that does not hold, and how."""

    def missing(self, plan: Plan) -> list[str]:
        """Return the kinds of trouble that *plan* should have shown and did not."""
        if plan.terminals * plan.hours < ENOUGH:
            return []
        shown: dict[str, int] = {name: self.faults[name] for name in KINDS if getattr(plan.faults, name)}
        if plan.faults.host_silent:
            shown |= {name: getattr(self, name) for name in TROUBLE}
        return [name for name, count in shown.items() if not count]


TROUBLE: Final = ("reversals", "repeats", "joins", "late_approvals", "stuck")


def figures(day: Day, broken: Broken | None) -> Figures:
    """Return what *day* came to."""
    watch = day.watch
    asks = [ask for terminal in day.terminals for ask in terminal.asks]
    return Figures(
        seed=day.plan.seed,
        requests=sum(ask.kind is not Kind.REVERSAL for ask in asks),
        invariants=dict(watch.checks),
        reversals=watch.reversals,
        repeats=sum(terminal.repeats for terminal in day.terminals),
        joins=watch.joins,
        late_approvals=watch.late_approvals,
        stuck=watch.stuck,
        processes=day.gateway.lives,
        faults=dict(day.trouble.count),
        trace_sha256=day.trace.digest,
        broken=str(broken) if broken is not None else "",
    )


def lived(plan: Plan, fleet: Fleet) -> tuple[Figures, Broken | None]:
    """Live *plan*; return what it came to, and the first break."""
    day = Day(plan, fleet)
    broken = None
    try:
        day.run()
    except Broken as error:
        broken = error
    return figures(day, broken), broken


class Report(msgspec.Struct, frozen=True):
    """One day, and the story of its break where there is one."""

    plan: Plan
    figures: Figures
    story: Story | None

    @property
    def fine(self) -> bool:
        """Whether every invariant holds, and every kind of trouble was met that should have been."""
        return self.story is None and not self.figures.missing(self.plan)

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        said = msgspec.to_builtins(self.figures)
        assert isinstance(said, dict)
        return {**said, "missing": self.figures.missing(self.plan)}

    def lines(self) -> Iterator[str]:
        """Yield it as people read it: the story, the figures, the verdict."""
        if self.story is not None:
            yield from _told(self.story)
        it = self.figures
        yield f"{it.requests:>9,}  requests of {self.plan.terminals} terminals in {self.plan.hours:g} hours"
        for name in TROUBLE:
            yield f"{getattr(it, name):>9,}  {name.replace('_', ' ')}"
        yield f"{sum(it.faults.values()):>9,}  faults, in {it.processes} processes of the gateway"
        for name in NAMES:
            yield f"{it.invariants[name]:>9,}  checks of {name}: {PROMISES[name]}"
        for name in it.missing(self.plan):
            yield f"{'none':>9}  {name.replace('_', ' ')}, though there should be some in so many hours"
        verdict = "broken, seed" if self.story is not None else "every invariant holds, seed"
        yield f"{verdict} {it.seed}, trace {it.trace_sha256}"


def _told(story: Story) -> Iterator[str]:
    plan = story.plan
    faults = ", ".join(kind for kind in KINDS if getattr(plan.faults, kind)) or "no fault"
    terminals = len(plan.only) or plan.terminals
    yield f"{story.broken}"
    yield f"seed {plan.seed}, the shortest story of {story.tries} tried: {terminals} of {plan.terminals} terminals,"
    yield f"{plan.hours:.4g} hours, with {faults}"
    yield ""
    yield from (str(line) for line in story.lines)
    yield ""


def simulate(plan: Plan) -> Report:
    """Live *plan* and report; a break is told by the shortest story of it that can be found."""
    fleet = Fleet()
    found, broken = lived(plan, fleet)
    return Report(plan, found, shortest(plan, broken, fleet) if broken is not None else None)
