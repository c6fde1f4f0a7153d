"""What comes of a certification: each case and each check, for each terminal."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

from iso_gateway.host.judging.checks import CHECKS, ONLY_WHERE_ASKED, REVERSAL_FIRST, Check
from iso_gateway.host.judging.following import Begun, Stage
from iso_gateway.host.judging.judge import Finding, Judge, Log, Terminal, silent
from iso_gateway.host.judging.owing import Open
from iso_gateway.host.judging.seen import Seen
from iso_gateway.host.judging.sets import Case, CertificationSet

if TYPE_CHECKING:
    from iso_gateway.protocol.dialect import Dialect
    from iso_gateway.protocol.moment import Moment
    from iso_gateway.protocol.protection import Protection


class Status(StrEnum):
    """How a case or a check stands."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_SEEN = "not seen"
    """The terminal has not done what would show it."""
    OPEN = "open"
    """Something is left that the terminal may still do."""
    NOT_ASKED = "not asked"
    """The host has not what it needs: no MACs, no exchange of keys."""


class Verdict(msgspec.Struct, frozen=True):
    """One case or check, and what came of it."""

    id: str
    text: str
    source: str
    status: Status
    do: str = ""
    """What a tester does for it; empty for a check, which is made of all messages."""
    seen: tuple[Seen, ...] = ()
    """The messages that showed it, those of the last time."""
    findings: tuple[Finding, ...] = ()


class TerminalReport(msgspec.Struct, frozen=True):
    """What came of it for one terminal."""

    terminal: Terminal
    cases: tuple[Verdict, ...]
    checks: tuple[Verdict, ...]
    findings: list[Finding]
    """What the terminal did wrong, in the order in which it was noticed, and then what it has left undone."""
    open: tuple[Open, ...] = ()
    """What has no outcome yet: overdue ones are findings too."""

    @property
    def status(self) -> Status:
        """How it stands as a whole: PASSED only where all that was asked has been seen."""
        if self.findings:
            return Status.FAILED
        missing = any(each.status is Status.NOT_SEEN for each in self.cases)  # a check may have had no occasion
        return Status.NOT_SEEN if missing else Status.OPEN if self.open else Status.PASSED

    def count(self, status: Status) -> int:
        """Return how many cases stand so."""
        return sum(case.status is status for case in self.cases)


class Report(msgspec.Struct, frozen=True):
    """What came of it for all terminals of a host."""

    title: str
    dialect: str
    """The name of the spec."""
    made: Moment
    terminals: tuple[TerminalReport, ...]
    not_understood: int
    """Frames that were no message; nobody knows whose."""

    @property
    def clean(self) -> bool:
        """Whether nobody did anything wrong."""
        return not any(each.findings for each in self.terminals)


class Certification:
    """A set that the terminals of one host are put through."""

    def __init__(self, dialect: Dialect, chosen: CertificationSet, protection: Protection, log: Log = silent) -> None:
        """Hold terminals against *chosen*, at a host that protects its messages so; *log* gets each finding."""
        self.set = chosen
        self._has = {"": True, "mac": protection.mac is not None, "exchange": protection.exchange != "none"}
        asked = {check.id for check in CHECKS} - ONLY_WHERE_ASKED | set(chosen.checks)
        if protection.mac is None:
            asked.discard("mac-right")
        self.judge = Judge(dialect, [case.rule for case in chosen.cases if self._has[case.needs]], asked, log)

    def __repr__(self) -> str:
        return f"<Certification by {self.set.name}>"

    def report(self, now: Moment) -> Report:
        """Return how all terminals stand *now*."""
        self.judge.close(now)
        return Report(
            self.set.title,
            self.judge.dialect.spec.name,
            now,
            tuple(self._terminal(each, now) for each in self.judge.terminals.values()),
            self.judge.not_understood,
        )

    def _terminal(self, terminal: Terminal, now: Moment) -> TerminalReport:
        left = tuple(self.judge.still_open(terminal, now))
        found = [*terminal.findings, *self.judge.owed(terminal, now)]
        cases = tuple(self._case(terminal, case, found) for case in self.set.cases)
        checks = tuple(_check(terminal, check, found, is_open=bool(left)) for check in self.judge.checks)
        return TerminalReport(terminal, cases, checks, found, left)

    def _case(self, terminal: Terminal, case: Case, found: list[Finding]) -> Verdict:
        begun = [each for each in terminal.follower.begun if each.expectation.id == case.id]
        whole = [each for each in begun if each.stage is Stage.MET]
        findings = _findings(found, case.id, begun)
        status = Status.NOT_SEEN
        if not self._has[case.needs]:
            status = Status.NOT_ASKED
        elif findings:
            status = Status.FAILED
        elif whole or case.id in terminal.follower.met:
            status = Status.PASSED
        shown = tuple((whole or begun)[-1].seen) if begun else ()
        return Verdict(case.id, case.rule.text, case.source, status, case.do, shown, findings)


def _findings(found: Iterable[Finding], ident: str, begun: Iterable[Begun]) -> tuple[Finding, ...]:
    """Return the findings of a case: its own, and those about a message that began it."""
    firsts = {each.first.number for each in begun}
    return tuple(each for each in found if each.rule == ident or each.about.number in firsts)


def _check(terminal: Terminal, check: Check, found: Iterable[Finding], *, is_open: bool) -> Verdict:
    findings = tuple(each for each in found if each.rule == check.id)
    shown = any(check.covers(seen) for seen in terminal.story)
    status = Status.FAILED if findings else Status.PASSED if shown else Status.NOT_SEEN
    if is_open and check.id == REVERSAL_FIRST and status is not Status.FAILED:
        status = Status.OPEN
    return Verdict(check.id, check.text, check.source, status, findings=findings)
