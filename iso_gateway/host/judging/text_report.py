"""The report as text, for a terminal's screen."""

from __future__ import annotations

from collections.abc import Iterator

from iso_gateway.codec import mask
from iso_gateway.host.judging.certifying import Report, Status, TerminalReport, Verdict
from iso_gateway.host.judging.judge import Finding
from iso_gateway.host.judging.words import answer_line, clock_time, day_and_time, request_line

_MARKS = {status: "FAILED" if status is Status.FAILED else str(status) for status in Status}


def text_of(report: Report) -> str:
    """Return the whole report, with a line end."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield f"certification: {report.title} ({report.dialect}), {day_and_time(report.made.wall)}"
    if not report.terminals:
        yield "no terminal has sent anything"
    for terminal in report.terminals:
        yield ""
        yield from _terminal(terminal)
    if report.not_understood:
        yield ""
        yield f"{report.not_understood} frames were no message, and nobody knows whose they were"


def headline(terminal: TerminalReport) -> str:
    """Return how a terminal stands, in a few words."""
    passed, asked = terminal.count(Status.PASSED), len(terminal.cases) - terminal.count(Status.NOT_ASKED)
    said = [f"{passed} of {asked} cases passed"]
    others = ((status, terminal.count(status)) for status in (Status.FAILED, Status.NOT_SEEN))
    said += [f"{count} {status}" for status, count in others if count]
    findings = len(terminal.findings) + terminal.terminal.not_kept
    if terminal.open:
        said.append(f"{len(terminal.open)} still open")
    said.append({0: "no findings", 1: "1 finding"}.get(findings, f"{findings} findings"))
    return ", ".join(said)


def _terminal(report: TerminalReport) -> Iterator[str]:
    name = mask.printable(f"{report.terminal.name}, merchant {report.terminal.merchant}")
    yield f"{name}: {headline(report)}"
    for number, finding in enumerate(report.findings, 1):
        yield from _finding(number, finding)
    yield from _open(report)
    width = max((len(each.id) for each in (*report.cases, *report.checks)), default=0)
    yield "  cases"
    for case in report.cases:
        yield f"  {_MARKS[case.status]:9}  {case.id:{width}}  {_says(case)}"
    yield "  checks of every message"
    for check in report.checks:
        yield f"  {_MARKS[check.status]:9}  {check.id:{width}}  {check.text}"


def _open(report: TerminalReport) -> Iterator[str]:
    """Yield what is left open, one line for each."""
    if len(report.open) == 1:
        yield f"  1 outcome still open: {report.open[0].text}"
    elif report.open:
        yield f"  {len(report.open)} outcomes still open:"
        yield from (f"     {each.text}" for each in report.open)


def _says(case: Verdict) -> str:
    return f"to do: {case.do}" if case.status is Status.NOT_SEEN else case.text


def _finding(number: int, finding: Finding) -> Iterator[str]:
    yield f"  {number}. {finding.rule}: {mask.printable(finding.text)}"
    for seen in sorted({finding.about, *finding.others}, key=lambda each: each.number):
        yield f"{' ' * 5}{clock_time(seen.at.wall)}  {request_line(seen)}  ->  {answer_line(seen)}"
