"""The report as JUnit XML, as build servers read it: a suite for each terminal, a case for each case and check.

A finding is a failure once, of the case or check whose rule it broke. A case that is spoilt by a check's finding alone
is skipped, and says which check has it.
"""

from __future__ import annotations

from xml.etree import ElementTree as ET

from iso_gateway.codec import mask
from iso_gateway.host.judging.certifying import Report, Status, TerminalReport, Verdict
from iso_gateway.host.judging.words import answer_line, clock_time, request_line


def junit_of(report: Report) -> bytes:
    """Return the whole report as UTF-8."""
    root = ET.Element("testsuites", name=report.title)
    for terminal in report.terminals:
        _suite(root, terminal, f"{report.made.wall:%Y-%m-%dT%H:%M:%S}")
    ET.indent(root)
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


def _suite(root: ET.Element, report: TerminalReport, made: str) -> None:
    name = mask.printable(f"{report.terminal.merchant}.{report.terminal.name}")
    suite = ET.SubElement(root, "testsuite", name=name, errors="0", timestamp=made)
    known = {each.id for each in (*report.cases, *report.checks)}
    for what, group in (("case", report.cases), ("check", report.checks)):
        for verdict in group:
            _case(ET.SubElement(suite, "testcase", classname=f"{name}.{what}", name=verdict.id), verdict, known)
    suite.set("tests", str(len(suite)))
    suite.set("failures", str(sum(each.find("failure") is not None for each in suite)))
    suite.set("skipped", str(sum(each.find("skipped") is not None for each in suite)))


def _case(element: ET.Element, verdict: Verdict, known: set[str]) -> None:
    if verdict.seen:
        took = max(verdict.seen[-1].at.mono - verdict.seen[0].at.mono, 0.0)
        element.set("time", f"{took:.3f}")
    if verdict.status is Status.NOT_SEEN:
        ET.SubElement(element, "skipped", message=f"not seen; {verdict.do or verdict.text}")
    elif verdict.status is Status.OPEN:
        ET.SubElement(element, "skipped", message="open: something is left that the terminal may still do")
    elif verdict.status is Status.NOT_ASKED:
        ET.SubElement(element, "skipped", message="not asked: the host has not what it needs")
    own = [each for each in verdict.findings if each.rule == verdict.id or each.rule not in known]
    if verdict.findings and not own:
        others = ", ".join(dict.fromkeys(each.rule for each in verdict.findings))
        ET.SubElement(element, "skipped", message=f"spoilt: its message broke {others}")
    for finding in own:
        failure = ET.SubElement(element, "failure", type=finding.rule, message=mask.printable(finding.text))
        seen = sorted({finding.about, *finding.others}, key=lambda each: each.number)
        failure.text = "\n".join(
            f"{clock_time(each.at.wall)} {request_line(each)} -> {answer_line(each)}" for each in seen
        )
