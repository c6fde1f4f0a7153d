"""The same seed gives the same day, line by line."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from iso_gateway.simulation.day import Day, Plan
from iso_gateway.simulation.faults import PROFILES
from iso_gateway.simulation.fleet import Fleet
from iso_gateway.simulation.report import lived

SCRIPT = """
from iso_gateway.simulation.day import Plan
from iso_gateway.simulation.faults import PROFILES
from iso_gateway.simulation.fleet import Fleet
from iso_gateway.simulation.report import lived
print(lived(Plan(3, 0.5, 10, PROFILES["harsh"]), Fleet())[0].trace_sha256)
"""


def trace(hash_seed: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_the_trace_is_the_same_whatever_the_seed_of_pythons_hashes() -> None:
    assert trace("1") == trace("2")


def test_the_trace_is_the_same_again_and_another_with_another_seed() -> None:
    fleet = Fleet()
    first, again, other = (lived(Plan(seed, 0.1, 4, PROFILES["harsh"]), fleet)[0] for seed in (5, 5, 6))
    assert first == again
    assert first.trace_sha256 != other.trace_sha256


def test_what_is_kept_is_what_is_hashed() -> None:
    fleet = Fleet()
    kept, hashed = (Day(Plan(5, 0.1, 4, PROFILES["mild"]), fleet, keep=keep) for keep in (True, False))
    kept.run()
    hashed.run()
    assert kept.trace.digest == hashed.trace.digest
    assert len(kept.trace.lines) > 10
    assert not hashed.trace.lines


@pytest.mark.parametrize("taken_away", [1, 4])
def test_most_of_what_happens_to_one_terminal_stays_when_another_is_taken_away(taken_away: int) -> None:
    fleet = Fleet()
    rest = tuple(number for number in range(1, 5) if number != taken_away)
    days = [Day(Plan(8, 0.2, 4, PROFILES["mild"], only=only), fleet, keep=True) for only in ((), rest)]
    for each in days:
        each.run()
    lines = [[str(line) for line in each.trace.lines if line.about.startswith("B0000002/")] for each in days]
    assert len(set(lines[0]) & set(lines[1])) >= 0.5 * len(lines[0]) > 2
