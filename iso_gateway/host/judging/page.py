"""The report as one HTML page that needs nothing else: light and dark, without scripts, good to print."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from typing import Final

from iso_gateway.codec import mask
from iso_gateway.host.judging.certifying import Report, Status, TerminalReport, Verdict
from iso_gateway.host.judging.drawing import row_of
from iso_gateway.host.judging.judge import Finding
from iso_gateway.host.judging.page_style import STYLE
from iso_gateway.host.judging.seen import Seen
from iso_gateway.host.judging.text_report import headline
from iso_gateway.host.judging.words import clock_time, day_and_time, request_line, seconds, source_of

TERMINALS: Final = 200
"""Terminals that are told of one by one; those with findings first."""
DRAWN: Final = 500
"""Messages of one terminal that are drawn: the latest, and all of its findings."""
PAUSE: Final = 5.0
"""Seconds between two messages from which on the pause is written."""


def page_of(report: Report) -> str:
    """Return the whole page."""
    title = f"{report.title}: certification"
    return (
        "<!DOCTYPE html>\n"
        f'<html lang="en"><head><meta charset="utf-8"><title>{_told(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<style>{STYLE}</style></head><body><main>\n{''.join(_body(report))}</main></body></html>\n"
    )


def _told(text: str) -> str:
    return escape(mask.printable(text))


def _body(report: Report) -> Iterator[str]:
    found = sum(len(each.findings) for each in report.terminals)
    verdict = '<span class="pill passed">clean</span>'
    if not report.terminals:
        verdict = '<span class="pill not-seen">nobody came</span>'
    elif found:
        verdict = f'<span class="pill failed">{found} finding{"s" if found > 1 else ""}</span>'
    elif any(each.status is not Status.PASSED for each in report.terminals):
        verdict = '<span class="pill not-seen">no findings, incomplete</span>'
    yield f"<header><h1>{_told(report.title)} {verdict}</h1>"
    yield f"<p>Certification in {_told(report.dialect)}, made {day_and_time(report.made.wall)}.</p></header>\n"
    told = sorted(report.terminals, key=lambda each: not each.findings)[:TERMINALS]
    if len(report.terminals) > 1:
        yield from _overview(report.terminals, told)
    for number, each in enumerate(told, 1):
        yield from _terminal(each, f"t{number}")
    if report.not_understood:
        yield f'<p class="note">{report.not_understood} frames were no message; nobody knows whose they were.</p>'


def _overview(all_of_them: tuple[TerminalReport, ...], told: list[TerminalReport]) -> Iterator[str]:
    places = {id(each): f"t{number}" for number, each in enumerate(told, 1)}
    yield "<table><thead><tr><th>Terminal</th><th>Merchant</th><th>Result</th></tr></thead><tbody>"
    for each in all_of_them[:1000]:
        name, place = _told(each.terminal.name), places.get(id(each))
        linked = f'<a href="#{place}">{name}</a>' if place else name
        mark = _pill(each.status, "incomplete" if each.status is Status.NOT_SEEN else "")
        yield f"<tr><td>{linked}</td><td>{_told(each.terminal.merchant)}</td><td>{mark} {headline(each)}</td></tr>"
    yield "</tbody></table>\n"
    if len(all_of_them) > len(told):
        yield f'<p class="note">{len(all_of_them) - len(told)} more terminals are not told of one by one.</p>'


def _terminal(report: TerminalReport, place: str) -> Iterator[str]:
    terminal = report.terminal
    yield f'<section id="{place}"><h2>{_told(terminal.name)}</h2>'
    yield f'<p class="under">Merchant {_told(terminal.merchant)} &middot; {headline(report)}</p>\n'
    drawn = _drawn(report)
    numbers = {seen.number for seen in drawn}
    if report.findings:
        yield '<h3>Findings</h3><ol class="findings">'
        for finding in report.findings:
            links = _links((finding.about, *finding.others), place, numbers)
            yield f"<li><b>{escape(finding.rule)}</b> {_told(finding.text)} <small>{links}</small></li>"
        yield "</ol>\n"
    if report.open:
        yield "<h3>Still open</h3><ul>"
        yield from (
            f"<li>{_told(each.text)} <small>{_links((each.seen,), place, numbers)}</small></li>" for each in report.open
        )
        yield "</ul>\n"
    yield "<h3>Cases</h3>"
    yield from _table(report.cases, place, numbers)
    yield "<h3>Checks of every message</h3>"
    yield from _table(report.checks, place, numbers)
    yield "<h3>Timeline</h3>"
    yield from _timeline(report, drawn, place)
    yield "</section>\n"


def _table(verdicts: Iterable[Verdict], place: str, numbers: set[int]) -> Iterator[str]:
    yield '<table class="verdicts"><tbody>'
    for each in verdicts:
        todo = f'<div class="do">To do: {_told(each.do)}</div>' if each.do and each.status is Status.NOT_SEEN else ""
        shown = f'<div class="do">{_links(each.seen, place, numbers)}</div>' if each.seen else ""
        yield f"<tr><td>{_pill(each.status)}</td><td><code>{escape(each.id)}</code></td>"
        yield f"<td>{_told(each.text)}{todo}{shown}</td><td class=source>{_told(source_of(each.source))}</td></tr>"
    yield "</tbody></table>\n"


def _pill(status: Status, said: str = "") -> str:
    return f'<span class="pill {str(status).replace(" ", "-")}">{said or status}</span>'


def _links(seen: Iterable[Seen], place: str, numbers: set[int]) -> str:
    """Return the messages *seen* as links into the timeline, in the order in which they came."""
    ordered = sorted(set(seen), key=lambda each: each.number)
    return ", ".join(
        f'<a href="#{place}m{each.number}">{_told(request_line(each))}</a>'
        if each.number in numbers
        else _told(request_line(each))
        for each in ordered
    )


def _drawn(report: TerminalReport) -> list[Seen]:
    story = list(report.terminal.story)
    concerned = {each for finding in report.findings for each in (finding.about, *finding.others)}
    latest = set(story[-DRAWN:])
    return [each for each in story if each in latest or each in concerned]


def _timeline(report: TerminalReport, drawn: list[Seen], place: str) -> Iterator[str]:
    left_out = len(report.terminal.story) + report.terminal.forgotten - len(drawn)
    if left_out:
        yield f'<p class="note">{left_out} earlier messages are not drawn.</p>'
    yield '<div class="timeline"><div class="ends"><span>terminal</span><span>host</span></div>'
    found: dict[int, list[Finding]] = {}
    for finding in report.findings:
        found.setdefault(finding.about.number, []).append(finding)
        for other in finding.others:
            found.setdefault(other.number, [])
    before: Seen | None = None
    for seen in drawn:
        pause = 0.0 if before is None else seen.at.mono - before.at.mono
        waited = f'<span class="pause">{seconds(pause)} later</span>' if pause >= PAUSE else ""
        here = found.get(seen.number, [])
        notes = "".join(f"<p><b>{escape(each.rule)}</b> {_told(each.text)}</p>" for each in here)
        name = "step fault" if seen.number in found else "step"
        yield (
            f'<div class="{name}" id="{place}m{seen.number}"><div class="when">{waited}{clock_time(seen.at.wall)}</div>'
            f'{row_of(seen, at_fault=seen.number in found)}<div class="what">{notes}</div></div>\n'
        )
        before = seen
    yield "</div>"
