"""The report in its three forms: what they say, and that nothing a terminal sends can do harm in them."""

# ruff: noqa: ARG001 -- trio takes its clock from the test's arguments

from __future__ import annotations

import re
from functools import partial
from xml.etree import ElementTree as ET

import pytest
from trio.testing import MockClock

from iso_gateway.host.judging import judge as judge_module
from iso_gateway.host.judging import page as page_module
from iso_gateway.host.judging.certifying import Certification, Report, Status
from iso_gateway.host.judging.expectations import expectations_of
from iso_gateway.host.judging.junit import junit_of
from iso_gateway.host.judging.page import page_of
from iso_gateway.host.judging.sets import NO_CASES, certification_set, with_expectations
from iso_gateway.host.judging.text_report import text_of
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.protection import Protection
from tests.support.broken_terminals import BROKEN, BrokenTerminal
from tests.support.certified import certified
from tests.support.judged_till import JudgedTill
from tests.support.till import PAN

NASTY = '<i>"&'


async def broken(name: str) -> Report:
    return await certified(name, partial(BrokenTerminal, ways=list(BROKEN[name])))


def report_of(till: JudgedTill, set_name: str = "") -> Report:
    chosen = certification_set(set_name, till.dialect.spec) if set_name else NO_CASES
    certification = Certification(till.dialect, chosen, Protection())
    certification.judge = till.judge
    return certification.report(till.moment)


async def test_the_text_tells_how_each_case_stands(autojump_clock: MockClock) -> None:
    text = text_of(await broken("iso87"))
    assert "FAILED     time-out " in text
    assert "not seen   offline-sale " in text
    assert "to do: offline sale of 8.80" in text
    assert re.search(r"\n {5}\d\d:\d\d:\d\d\.\d{3}  0200 sale · STAN \d{6} · USD 10\.68  ->  no answer\n", text)
    assert PAN not in text


async def test_junit_has_a_suite_for_a_terminal_and_a_failure_for_each_finding(autojump_clock: MockClock) -> None:
    root = ET.fromstring(junit_of(await broken("cup-pos")))
    [suite] = root
    cases = list(suite)
    assert len(cases) == int(suite.attrib["tests"])
    of_checks = [case for case in cases if case.attrib["classname"].endswith(".check")]
    failed = {failure.attrib["type"] for case in of_checks for failure in case.iter("failure")}
    assert failed == {rule for rule, _ in BROKEN["cup-pos"].values()}
    assert int(suite.attrib["failures"]) == sum(case.find("failure") is not None for case in cases)
    assert int(suite.attrib["skipped"]) == sum(case.find("skipped") is not None for case in cases)


@pytest.mark.parametrize("name", ["cup-pos", "iso87"])
async def test_junit_counts_each_finding_once(name: str, autojump_clock: MockClock) -> None:
    report = await broken(name)
    [suite] = ET.fromstring(junit_of(report))
    [terminal] = report.terminals
    assert len(list(suite.iter("failure"))) == len(terminal.findings) > 4
    for case in suite:
        assert {failure.attrib["type"] for failure in case.iter("failure")} <= {case.attrib["name"]}
    failed = [each for each in terminal.cases if each.status is Status.FAILED]
    spoilt = [each.id for each in failed if all(finding.rule != each.id for finding in each.findings)]
    assert spoilt, "a check's finding spoils a case"
    skips = {case.attrib["name"]: case.find("skipped") for case in suite}
    told = [skip.attrib["message"] for each in spoilt if (skip := skips[each]) is not None]
    assert [each.startswith("spoilt: its message broke ") for each in told] == [True] * len(spoilt)


async def test_the_page_stands_alone_and_draws_each_message(autojump_clock: MockClock) -> None:
    report = await broken("iso87")
    page = page_of(report)
    [terminal] = report.terminals
    assert page.count("<svg") == len(terminal.terminal.story)
    assert not re.search(r"<script|<link|<img|https?:|@import|url\(", page)
    assert PAN not in page
    assert set(re.findall(r'href="#(t\w+)"', page)) <= set(re.findall(r'id="(t\w+)"', page))
    assert not re.search(r"ruling|flows", page), "nobody outside has those"
    assert "PCI DSS 3.4" in page
    ET.fromstring(re.findall(r"<svg.*?</svg>", page, re.DOTALL)[0])
    assert page.count('class="step fault"') >= len(terminal.findings)


async def test_a_clean_page_says_so(autojump_clock: MockClock) -> None:
    page = page_of(await certified("iso87"))
    assert '<span class="pill passed">clean</span>' in page
    assert "fault" not in page.partition("</style>")[2]


def test_what_was_never_reversed_is_told_and_has_not_passed() -> None:
    till = JudgedTill(terminal="TERM0001")
    till.ask(Kind.SALE, 2068)
    told = "1 outcome still open: TERM0001 STAN 000001, USD 20.68, booked, never reversed\n"
    early = report_of(till, "iso87")
    assert told in text_of(early)
    assert "\n  open       reversal-first " in text_of(early)
    assert "still open" in page_of(early)
    assert early.clean, "its time-out may not have passed"
    till.judge.closed(till.link)
    late = report_of(till, "iso87")
    assert not late.clean
    assert told in text_of(late)
    assert "\n  FAILED     reversal-first " in text_of(late)
    assert "1 still open, 1 finding\n" in text_of(late)
    [suite] = ET.fromstring(junit_of(late))
    assert [each.attrib["type"] for each in suite.iter("failure")] == ["reversal-first"]
    assert report_of(till).terminals[0].terminal.findings == [], "it may still come"


def test_a_terminal_that_has_not_shown_every_case_has_not_passed() -> None:
    till = JudgedTill(terminal="TERM0001")
    till.ask(Kind.SALE)
    report = report_of(till, "iso87")
    assert [each.status for each in report.terminals] == [Status.NOT_SEEN]
    page = page_of(report)
    assert '<span class="pill not-seen">no findings, incomplete</span>' in page
    assert '<span class="pill passed">clean</span>' not in page


def test_names_of_terminals_are_only_text() -> None:
    till = JudgedTill(terminal=NASTY)
    till.ask(Kind.SALE)
    report = report_of(till)
    page, text, xml = page_of(report), text_of(report), junit_of(report)
    assert "<i>" not in page
    assert "&lt;i&gt;&quot;&amp;" in page
    assert NASTY in text
    assert NASTY in ET.fromstring(xml)[0].attrib["name"]


def test_of_many_messages_the_latest_are_drawn_and_those_of_findings() -> None:
    till = JudgedTill()
    till.send(till.request(Kind.SALE, changes={63: PAN}))
    for _ in range(page_module.DRAWN + 10):
        till.ask(Kind.ECHO, None, pan="", currency="")
    page = page_of(report_of(till))
    assert page.count("<svg") == page_module.DRAWN + 1
    assert "10 earlier messages are not drawn" in page


def test_nobody_came() -> None:
    till = JudgedTill()
    report = report_of(till)
    assert "nobody came" in page_of(report)
    assert "no terminal has sent anything" in text_of(report)
    assert list(ET.fromstring(junit_of(report))) == []


def test_a_case_that_the_host_has_not_the_means_for_is_not_asked() -> None:
    till = JudgedTill("cup-pos")
    certification = Certification(till.dialect, certification_set("cup-pos", till.dialect.spec), Protection())
    till.judge = certification.judge
    till.ask(Kind.SIGN_ON, None, pan="", currency="")
    text = text_of(certification.report(till.moment))
    assert "not asked  key-exchange" in text
    assert "mac-right" not in text


def test_what_is_forgotten_has_passed_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge_module, "MESSAGES", 30)
    till = JudgedTill()
    rules = [{"id": "sold", "after": {"kind": "sale", "amount": "1000"}}]
    expectations, _ = expectations_of(rules, till.dialect.spec)
    certification = Certification(till.dialect, with_expectations(NO_CASES, expectations, "ours"), Protection())
    till.judge = certification.judge
    till.ask(Kind.SALE, 1000)
    till.ask(Kind.SALE, 1068)
    for _ in range(40):
        till.ask(Kind.ECHO, None, pan="", currency="")
    [report] = certification.report(till.moment).terminals
    assert [case.status for case in report.cases] == [Status.PASSED]
    assert (len(report.terminal.story), report.terminal.forgotten) == (30, 12)
    assert len(list(report.terminal.watch.newest_first)) == 30
    assert list(report.terminal.follower.begun) == []
    till.ask(Kind.SALE, 1100)
    assert till.found == [], "a debt that is forgotten is not asked for"


def test_findings_are_bounded_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge_module, "ALL_FINDINGS", 3)
    till = JudgedTill()
    for _ in range(5):
        till.send(till.request(Kind.SALE, changes={63: PAN}))
    [report] = report_of(till).terminals
    assert len(report.findings) == 3
    assert "5 findings" in text_of(report_of(till))
