"""Days with everything that can go wrong: whatever happens, no money is left in limbo."""

from __future__ import annotations

from collections import Counter

import pytest

from iso_gateway.simulation.day import Plan
from iso_gateway.simulation.faults import KINDS, PROFILES
from iso_gateway.simulation.fleet import Fleet
from iso_gateway.simulation.invariants import NAMES
from iso_gateway.simulation.report import TROUBLE, Figures, lived

SEEDS = range(1, 201)
HOURS = 0.5
TERMINALS = 10


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    return Fleet()


def day(fleet: Fleet, seed: int, faults: str) -> Figures:
    figures, broken = lived(Plan(seed, HOURS, TERMINALS, PROFILES[faults]), fleet)
    said = f"iso-gateway simulate --seed {seed} --hours {HOURS} --terminals {TERMINALS} --faults {faults}: {broken}"
    assert broken is None, said
    return figures


def test_every_invariant_holds_through_200_harsh_days_with_every_kind_of_trouble(fleet: Fleet) -> None:
    days = [day(fleet, seed, "harsh") for seed in SEEDS]
    checks = Counter[str]()
    faults = Counter[str]()
    for each in days:
        checks.update(each.invariants)
        faults.update(each.faults)
    assert {name for name in TROUBLE if not sum(getattr(each, name) for each in days)} == set()
    assert {name for name in KINDS if not faults[name]} == set()
    assert {name for name in NAMES if not checks[name]} == set()
    assert sum(each.requests for each in days) >= 20 * TERMINALS * HOURS * len(SEEDS)


@pytest.mark.parametrize("faults", ["none", "mild"])
def test_every_invariant_holds_through_calmer_days(fleet: Fleet, faults: str) -> None:
    for seed in range(1, 6):
        assert day(fleet, seed, faults).requests >= 20 * TERMINALS * HOURS


def test_without_faults_nothing_goes_wrong_of_itself(fleet: Fleet) -> None:
    quiet = day(fleet, 7, "none")
    assert (quiet.joins, quiet.late_approvals, quiet.stuck, quiet.processes) == (0, 0, 0, 1)
    assert sum(quiet.faults.values()) == 0
