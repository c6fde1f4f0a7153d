"""Service level objectives: ``p99<200ms,unknown=0``, read and held against what was measured."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from iso_gateway.errors import ConfigError, Problem, did_you_mean

_COMPARED: Final[dict[str, Callable[[float, float], bool]]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
    "=": operator.eq,
}
_PART: Final = re.compile(
    r"(?P<name>[a-z_]+?)(?P<quantile>[0-9]{1,2}(?:\.[0-9]{1,4})?)?\s*(?P<how><=|>=|<|>|=)\s*"
    r"(?P<number>[0-9]{1,9}(?:\.[0-9]{1,6})?)\s*(?P<unit>us|ms|s|%)?"
)
_UNITS: Final = {"us": 1e-6, "ms": 1e-3, "s": 1.0}
TIMES: Final = ("mean", "max")
"""Names of durations, beside the quantiles: p50, p99, p99.9."""
COUNTS: Final = ("approved", "declined", "unknown", "not_sent")
"""Names of numbers of transactions; with % they are shares of what was sent."""
RATE: Final = "rate"
"""Transactions a second."""
_EXAMPLE: Final = "expected as in p99<200ms, unknown=0, declined<1% or rate>490"


class Objective(NamedTuple):
    """One bound."""

    text: str
    """As it was written."""
    name: str
    """``p99``, ``max``, ``unknown``, ``rate`` ..."""
    how: str
    limit: float
    """Seconds, a number, or a share of 1."""
    share: bool = False
    """Whether a count is meant as a share of what was sent."""

    @property
    def quantile(self) -> float | None:
        """The share of all that a quantile is of; None: it is something else."""
        return float(self.name[1:]) / 100 if re.fullmatch(r"p[0-9.]+", self.name) else None

    def met(self, value: float | None) -> bool:
        """Return whether *value* keeps it; where nothing was measured, nothing is kept."""
        return value is not None and _COMPARED[self.how](value, self.limit)

    def said(self, value: float | None) -> str:
        """Return *value* in words, in the unit of the objective."""
        if value is None:
            return "nothing was measured"
        if self.share:
            return f"{value:.3%}"
        return f"{value:g}" if self.name in COUNTS or self.name == RATE else f"{value * 1e3:.1f} ms"


class Judged(NamedTuple):
    """An objective, and what became of it."""

    objective: Objective
    value: float | None
    met: bool


def read_slo(text: str) -> tuple[Objective, ...]:
    """Return the objectives of *text*, which are parted by commas; none for an empty text.

    Raises:
        ConfigError: with everything that is wrong with it.
    """
    found, problems = [], []
    for part in (each.strip() for each in text.split(",") if each.strip()):
        try:
            found.append(_objective(part))
        except ValueError as error:
            problems.append(Problem("slo", f"{part!r}: {error}"))
    if problems:
        raise ConfigError(problems)
    return tuple(found)


def _objective(text: str) -> Objective:
    part = _PART.fullmatch(text)
    if part is None:
        raise ValueError(_EXAMPLE)
    name, unit, number = part["name"] + (part["quantile"] or ""), part["unit"] or "", float(part["number"])
    if (part["name"] == "p" and part["quantile"]) or name in TIMES:
        if unit not in _UNITS:
            raise ValueError("a duration has a unit: us, ms or s")
        return Objective(text, name, part["how"], number * _UNITS[unit])
    if name in COUNTS:
        if unit not in ("", "%"):
            raise ValueError("a number, or a share in %, expected")
        return Objective(text, name, part["how"], number / 100 if unit else number, bool(unit))
    if name == RATE:
        if unit:
            raise ValueError("transactions a second expected, without a unit")
        return Objective(text, name, part["how"], number)
    known = ("p50", "p99", *TIMES, *COUNTS, RATE)
    raise ValueError(f"nothing is called {name!r}{did_you_mean(name, known)}")


def judge(
    objectives: tuple[Objective, ...],
    quantile: Callable[[float], float | None],
    measured: Mapping[str, float | None],
    sent: int,
) -> tuple[Judged, ...]:
    """Return what became of each of *objectives*.

    Args:
        objectives: what is held against the rest.
        quantile: the seconds that a share of all took at the most.
        measured: ``mean`` and ``max`` in seconds, the COUNTS, ``rate``.
        sent: what shares are of.
    """
    judged = []
    for each in objectives:
        value = measured[each.name] if each.quantile is None else quantile(each.quantile)
        if each.share and value is not None:
            value = value / sent if sent else None
        judged.append(Judged(each, value, each.met(value)))
    return tuple(judged)
