"""Nobody fills the log: the first lines are written, the rest is counted, and what tells of money is never withheld."""

from __future__ import annotations

from typing import Any

import pytest

from iso_gateway.gateway.restraint import PER_EVENT, PER_SOURCE, RESTRAINED, Restraint, source_of


def test_one_source_may_write_so_many_lines_of_an_event() -> None:
    restraint = Restraint()
    written = [restraint.admits("unmatched", "bank") for _ in range(10_000)]
    assert written == [True] * PER_SOURCE + [False] * (10_000 - PER_SOURCE)
    assert restraint.turn() == {"unmatched": 10_000 - PER_SOURCE}


def test_others_are_still_heard() -> None:
    restraint = Restraint()
    for _ in range(10_000):
        restraint.admits("refused", "192.0.2.1")
    assert restraint.admits("refused", "192.0.2.2")
    assert restraint.admits("closed", "192.0.2.1")


def test_many_sources_together_have_a_bound_too_and_cost_no_more_memory_than_that() -> None:
    restraint = Restraint()
    written = sum(restraint.admits("closed", f"source {number}") for number in range(10_000))
    assert written == PER_EVENT
    assert len(restraint._written) <= PER_EVENT


def test_a_new_period_begins_anew() -> None:
    restraint = Restraint()
    for _ in range(PER_SOURCE + 1):
        restraint.admits("bound", "x")
    assert restraint.turn() == {"bound": 1}
    assert restraint.turn() == {}
    assert restraint.admits("bound", "x")


@pytest.mark.parametrize("event", ["txn", "owed", "settled", "stuck", "unknown outcome", "not delivered", "listed"])
def test_what_tells_of_money_is_always_written(event: str) -> None:
    assert event not in RESTRAINED


@pytest.mark.parametrize(
    ("fields", "source"),
    [
        ({"peer": "192.0.2.1:5000", "terminal": "TERM0001"}, "192.0.2.1"),
        ({"peer": "[2001:db8::1]:5000"}, "[2001:db8::1]"),
        ({"link": "bank", "mti": "0210"}, "bank"),
        ({"who": "bank", "cause": "connection refused"}, "bank"),
        ({"terminal": "TERM0001", "stan": "000001"}, "TERM0001"),
        ({"listener": "counter", "cause": "more than 1000 connections"}, "counter"),
        ({}, ""),
    ],
)
def test_a_source_is_a_peer_and_not_its_port(fields: dict[str, Any], source: str) -> None:
    assert source_of(fields) == source
