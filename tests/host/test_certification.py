"""Our own terminal is put through both shipped sets; broken on purpose, it gets one finding for each way."""

# ruff: noqa: ARG001 -- trio takes its clock from the test's arguments

from __future__ import annotations

from functools import partial

import pytest
import trio
from trio.testing import MockClock

from iso_gateway.host.judging.certifying import Certification, Report, Status
from iso_gateway.host.judging.sets import NO_CASES, set_names, shape_of
from iso_gateway.host.server import HostServer
from iso_gateway.host.settings import HostSettings
from iso_gateway.net import clock
from tests.support.broken_terminals import BROKEN, BrokenTerminal
from tests.support.certified import TIME_OUT, CertifiedTerminal, certified
from tests.support.till import PAN

NEVER_SHOWN = {"host-answered"}
"""The check that nothing shows: the host asks nothing of its own accord."""


def failed(report: Report) -> set[str]:
    """Return the cases that have failed."""
    [terminal] = report.terminals
    return {case.id for case in terminal.cases if case.status is Status.FAILED}


def found(report: Report) -> list[str]:
    [terminal] = report.terminals
    return [finding.rule for finding in terminal.findings]


def test_there_is_a_set_for_each_of_two_dialects() -> None:
    assert set_names() == ["cup-pos", "iso87"]


@pytest.mark.parametrize("name", BROKEN)
async def test_our_own_terminal_passes_every_case(name: str, autojump_clock: MockClock) -> None:
    report = await certified(name)
    [terminal] = report.terminals
    assert report.clean
    assert {case.id: case.status for case in terminal.cases if case.status is not Status.PASSED} == {}
    assert len(terminal.cases) == len(shape_of(name)[0].cases) >= 20
    assert {check.id for check in terminal.checks if check.status is not Status.PASSED} == NEVER_SHOWN


@pytest.mark.parametrize(("name", "way"), [(name, way) for name, ways in BROKEN.items() for way in ways])
async def test_a_terminal_that_is_broken_in_one_way_gets_one_finding(
    name: str, way: str, autojump_clock: MockClock
) -> None:
    rule, case = BROKEN[name][way]
    report = await certified(name, partial(BrokenTerminal, ways=[way]))
    assert found(report) == [rule]
    assert failed(report) == ({case} if case else set())
    assert PAN not in str(report.terminals[0].findings)


@pytest.mark.parametrize("name", BROKEN)
async def test_a_terminal_that_is_broken_in_all_ways_gets_a_finding_for_each(
    name: str, autojump_clock: MockClock
) -> None:
    ways = BROKEN[name]
    report = await certified(name, partial(BrokenTerminal, ways=list(ways)))
    assert sorted(found(report)) == sorted(rule for rule, _ in ways.values())
    assert failed(report) == {case for _, case in ways.values() if case}


@pytest.mark.parametrize(("waits", "clean"), [(TIME_OUT - 1, True), (TIME_OUT + 1, False)])
async def test_a_terminal_that_still_waits_when_the_host_ends_has_not_given_up(
    waits: float, *, clean: bool, autojump_clock: MockClock
) -> None:
    server = HostServer.of(HostSettings())
    certification = Certification(server.authorizer.dialect, NO_CASES, server.settings.protection)
    server.judge = certification.judge
    async with trio.open_nursery() as nursery:
        nursery.start_soon(CertifiedTerminal(server, nursery).do, "sale", "20.68")
        await trio.sleep(waits)
        nursery.cancel_scope.cancel()
    report = certification.report(clock.now())
    assert [each.overdue for each in report.terminals[0].open] == [not clean]
    assert report.clean == clean
