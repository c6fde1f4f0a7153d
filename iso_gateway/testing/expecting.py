"""``host.expect(...)``: what a test says will come, and what is told where it does not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from iso_gateway.codec.describe import summary
from iso_gateway.errors import ConfigError, Problem
from iso_gateway.faults.near import Near, differences
from iso_gateway.faults.when import Bare, When
from iso_gateway.host.judging.following import Stage
from iso_gateway.host.judging.judge import Judge
from iso_gateway.protocol.moment import Moment


def conditions_of(said: Mapping[str, Any] | str, more: Mapping[str, Any]) -> dict[str, str]:
    """Return conditions as a table of text: those of *said*, a table or the words of a command line, and *more*.

    Raises:
        ConfigError: something is said twice, or is neither text nor a number.
    """
    table = dict(pair.partition(":")[::2] for pair in said.split()) if isinstance(said, str) else dict(said)
    problems = [Problem(key, "is said twice") for key in more if key in table]
    found: dict[str, str] = {}
    for key, value in {**table, **more}.items():
        if isinstance(value, str):
            found[str(key)] = value
        elif isinstance(value, int | float) and not isinstance(value, bool) and str(key).startswith(_NUMBERS):
            found[str(key)] = str(value)
        else:
            problems.append(Problem(str(key), "text expected, as in mti='0200'"))
    if problems:
        raise ConfigError(problems, "conditions")
    return found


_NUMBERS: Final = ("amount", "nth", "probability", "account.")
"""Subjects that numbers stand for. Of the others none does: 0200 is 128 to Python, or nothing."""


class Expectation:
    """What is to come, and how often; only messages after it was said count."""

    def __init__(self, when: When, said: str, *, times: int | None, until: float) -> None:
        """Expect what *when* means, which the test *said* so; on trio's clock, it may come *until* then.

        *times* is how often it is to come; None: at least once.
        """
        self.said = said
        self.until = until
        self._when = when
        self._times = times
        self._count = 0
        self._others: list[Bare] = []

    def __repr__(self) -> str:
        return f"<Expectation {self.said}, {self._count} came>"

    def heard(self, occasion: Bare) -> None:
        """Take in one message."""
        if self._when.misses(occasion):
            self._others.append(occasion)
        else:
            self._count += 1

    @property
    def met(self) -> bool:
        """Whether as many have come as were expected, and no more."""
        return self._count == self._times if self._times is not None else self._count > 0

    @property
    def may_be_met(self) -> bool:
        """Whether waiting can help."""
        return not self.met and (self._times is None or self._count < self._times)

    def complaint(self) -> list[str]:
        """Return lines that say what is missing, with the message that came nearest."""
        wanted = "at least once" if self._times is None else _times(self._times)
        lines = [f"iso_host expected {self.said or 'a message'} {wanted}; it came {_times(self._count)}"]
        near = [(Near("", self._when, self._when.misses(each)), each) for each in self._others]
        if self.may_be_met and near:
            nearest, occasion = min(near, key=lambda each: (not each[0].akin, len(each[0].misses)))
            lines.append(f"of {len(near)} others the nearest is {summary(occasion.message)}")
            lines += [f"    {line}" for line in differences(nearest, occasion)]
        elif self.may_be_met:
            lines.append("nothing else came")
        return lines


def rules_broken(judge: Judge, now: Moment) -> list[str]:
    """Return lines on what terminals did wrong, on what is still to come at *now*, and on rules that never began."""
    lines: list[str] = []
    waiting = [each for each in judge.unmet(now) if each.stage is Stage.OPEN]
    owed = [finding for terminal in judge.terminals.values() for finding in judge.owed(terminal, now)]
    for finding in [*judge.findings, *owed]:
        lines.append(f"iso_host found: {finding.rule}: {finding.text}")
        lines += [f"    {summary(each.message)}, {each.how}" for each in (finding.about, *finding.others)]
    for begun in waiting:
        step = begun.expectation.then[len(begun.came)]
        lines.append(f"iso_host expected {step.said} after {summary(begun.first.message)}; it did not come")
        if begun.near is not None:
            nearest = Bare(begun.near.message, begun.near.kind)
            lines.append(f"the nearest is {summary(begun.near.message)}; not so: {', '.join(begun.nearly)}")
            lines += [f"    {line}" for line in differences(Near("", step.when, step.when.misses(nearest)), nearest)]
    known = {each.expectation.id for terminal in judge.terminals.values() for each in terminal.follower.begun}
    lines += [
        f"iso_host expected {', '.join(step.said for step in rule.then)} after {rule.after.said}, which never came"
        for rule in judge.expectations
        if rule.then and rule.id not in known
    ]
    return lines


def _times(count: int) -> str:
    return {0: "never", 1: "once"}.get(count, f"{count} times")
