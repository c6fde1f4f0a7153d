"""What a run is judged to be, in data, in lines, and as a page."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from iso_gateway.protocol.kinds import Kind
from iso_gateway.terminal.fleet.agreement import Agreement, Difference
from iso_gateway.terminal.fleet.page import WIDTH, page, ticks
from iso_gateway.terminal.fleet.slo import read_slo
from iso_gateway.terminal.fleet.tally import MOST_STEPS, Series, Tally
from iso_gateway.terminal.fleet.verdict import Plan, Run, Verdict
from iso_gateway.terminal.orders import Verb
from iso_gateway.terminal.records import Outcome
from iso_gateway.terminal.result import Result

AGREED = Agreement(100, 0, 0, ())


def tally(count: int = 100, *, lag: float = 0.001, unknown: int = 0) -> Tally:
    """Return what *count* sales, ten a second, came to."""
    made = Tally()
    for number in range(count):
        at = number / 10
        outcome = Outcome.UNKNOWN if number < unknown else Outcome.APPROVED
        made.came_due(at, lag)
        made.was_sent(Verb.SALE, at, at + lag)
        code = "" if outcome is Outcome.UNKNOWN else "00"
        made.ended(Result(Kind.SALE, outcome, "as told", "000001", "T1", code=code), at, at + 0.02)
    return made


def verdict(counted: Tally | None = None, agreement: Agreement | None = AGREED, slo: str = "", **run: Any) -> Verdict:
    """Return the verdict of a run of ten seconds at ten a second."""
    plan = Plan("127.0.0.1:9000", "iso87-ascii", 5, 10, 10, {Verb.SALE: 1}, 1, read_slo(slo))
    made = {"intended": 100, "in_time": 100, "not_sent": 0, "seconds": 10.0, "connections": 5, **run}
    return Verdict(plan, Run(**made), counted or tally(), agreement, "" if agreement else "no host")


def test_a_good_run_has_no_findings() -> None:
    told = verdict(slo="p99<200ms,unknown=0,rate>=10")
    assert told.findings() == []
    assert told.as_json()["slo"] == [
        {"objective": "p99<200ms", "met": True},
        {"objective": "unknown=0", "met": True},
        {"objective": "rate>=10", "met": True},
    ]


def test_the_data_has_what_scripts_want() -> None:
    told = verdict().as_json()
    wanted = ("sent", "approved", "declined", "unknown", "intended_rate", "achieved_rate", "p50_ms", "p99_ms")
    assert [told[name] for name in wanted] == [
        100,
        100,
        0,
        0,
        10,
        10.0,
        pytest.approx(20, 0.01),
        pytest.approx(20, 0.01),
    ]
    assert (told["ledger"]["matched"], told["ledger"]["differences"]) == (100, 0)


@pytest.mark.parametrize(
    ("counted", "run", "said"),
    [
        (tally(), {}, "their terminals still waited for answers; more --terminals can keep the rate"),
        (tally(), {"connections": 3}, "terminals had no connection"),
    ],
)
def test_a_rate_that_was_not_kept_says_why(counted: Tally, run: dict[str, Any], said: str) -> None:
    told = verdict(counted, in_time=98, **run)
    assert told.as_json()["rate_kept"] is False
    (finding,) = told.findings()
    assert finding.startswith("2 of 100 transactions were not sent in time: ")
    assert said in finding


def test_a_fleet_that_is_too_slow_itself_says_so_even_where_all_was_sent_in_the_end() -> None:
    (finding,) = verdict(tally(lag=0.3), processor=0.97).findings()
    assert finding.startswith("the fleet itself is too slow for this rate here: it took 97% of a processor, and saw")
    assert verdict(tally(lag=0.2)).findings() == []


def test_one_in_a_hundred_may_be_late() -> None:
    assert verdict(in_time=99).findings() == []


def test_objectives_that_are_not_met_are_findings() -> None:
    told = verdict(tally(unknown=3), slo="p50<1ms,unknown<=1%,max<1s")
    assert [finding.split(" (")[0] for finding in told.findings()] == ["not met: p50<1ms", "not met: unknown<=1%"]


def test_ledgers_that_differ_and_debts_are_findings() -> None:
    difference = Difference("T1", "000001", "R1", "sale approved", "nothing is known")
    told = verdict(agreement=Agreement(97, 2, 1, (difference,)))
    assert told.findings() == [
        "the ledgers differ in 2 transactions",
        "T1 STAN 000001 RRN R1: sale approved at the terminal, nothing is known at the host",
        "and 1 more",
        "1 outcome unknown still, the reversals not answered: they are owed",
    ]


def test_without_the_hosts_ledger_the_rest_is_judged() -> None:
    told = verdict(agreement=None)
    assert told.as_json()["ledger"] is None
    assert told.findings() == []
    assert told.lines()[-1] == "ledgers not compared: no host"


def test_a_long_run_has_no_more_points_than_a_short_one() -> None:
    series = Series()
    for second in range(5000):
        series.at(second).sent += 1
    assert len(series.steps) <= MOST_STEPS
    assert series.width == 16
    assert {step.sent for step in series.steps[:-1]} == {16}


def test_the_page_is_one_file_with_three_plots_and_no_script() -> None:
    html = page(verdict(tally(unknown=3), slo="p99<1ms"))
    body = html[html.index("<body>") : html.index("</html>")]
    drawn = ET.fromstring(body)
    assert len(list(drawn.iter("svg"))) == 3
    assert [line.get("class") for line in drawn.iter("polyline")] == ["c", "a", "b", "a", "b", "a"]
    assert "prefers-color-scheme: dark" in html
    assert not re.search(r"<script|https?://|src=|@import", html)
    assert "not met: p99&lt;1ms" in html


def test_no_label_runs_over_the_edge_of_its_plot() -> None:
    labels = re.findall(r'<text x="([0-9.]+)" y="[0-9.]+" text-anchor="middle">([^<]+)</text>', page(verdict()))
    assert "99.99 %" in {text for _, text in labels}
    # A digit at this size is some 7 wide.
    assert [text for x, text in labels if float(x) + 7 * len(text) / 2 > WIDTH] == []


def test_the_page_of_a_run_without_answers_is_a_page_too() -> None:
    html = page(verdict(Tally(), intended=0, in_time=0))
    assert "Nothing was answered." in html


@pytest.mark.parametrize("largest", [1e-6, 0.004, 0.3, 1, 3, 9.99, 10, 59, 600, 12345, 1e9])
def test_an_axis_has_a_few_round_ticks(largest: float) -> None:
    found = ticks(largest)
    assert found[0] == 0
    assert 2 <= len(found) <= 6
    assert found[-1] <= largest * (1 + 1e-6)
