"""The judge: told of every message and every answer, it says what terminals did wrong."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

import msgspec

from iso_gateway.errors import ConfigError, DecodeError
from iso_gateway.host.judging.checks import CHECKS, ONLY_WHERE_ASKED, REVERSAL_FIRST, UNBELIEVED
from iso_gateway.host.judging.expectations import Expectation, expectations_of
from iso_gateway.host.judging.following import Begun, Follower, Stage
from iso_gateway.host.judging.owing import Open, still_open
from iso_gateway.host.judging.seen import Seen
from iso_gateway.host.judging.watching import Watch
from iso_gateway.host.purposes import ON_PURPOSE
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.reconciling import Verdict, verdict_said

if TYPE_CHECKING:
    from iso_gateway.codec.message import Message
    from iso_gateway.host.answers import Decision
    from iso_gateway.protocol.dialect import Dialect
    from iso_gateway.protocol.moment import Moment

Log = Callable[[str, Mapping[str, Any]], None]
"""Takes one event and its fields, masked."""


def silent(_event: str, _fields: Mapping[str, Any]) -> None:
    """Log nothing."""


TERMINALS: Final = 10_000
"""Terminals that are watched; one more is not."""
MESSAGES: Final = 20_000
"""Messages that are kept for the report, of all terminals together: some 40 MB. Above, the oldest go."""
FINDINGS: Final = 100
"""Findings of one terminal that are told one by one; more are counted."""
ALL_FINDINGS: Final = 10_000
"""And of all terminals together."""
HOST_PATIENCE: Final = 30.0
"""Seconds in which what the host asks of its own accord is to be answered."""

_BOOKED: Final = frozenset({"00", "10"})
"""The canonical codes of what is approved, whole or in part."""


class Finding(msgspec.Struct, frozen=True):
    """One thing that a terminal did wrong."""

    rule: str
    """The id of the check or expectation."""
    text: str
    """One sentence, masked."""
    about: Seen
    """The message at fault; of something that was left undone, the one that asked for it."""
    others: tuple[Seen, ...] = ()

    def __repr__(self) -> str:
        return f"<Finding {self.rule}: {self.text}>"


class Terminal:
    """All that the judge knows of one terminal."""

    def __init__(self, dialect: Dialect, name: str, merchant: str, log: Log, room: Callable[[], bool]) -> None:
        self._log = log
        self._room = room
        self.name = name
        self.merchant = merchant
        self.story: deque[Seen] = deque()
        self.findings: list[Finding] = []
        self.not_kept = 0
        """Findings above FINDINGS."""
        self.forgotten = 0
        """Messages that are not kept any more."""
        self.watch = Watch(dialect, name, merchant)
        self.follower = Follower()

    def __repr__(self) -> str:
        return f"<Terminal {self.name}, {len(self.findings)} findings>"

    def find(self, finding: Finding) -> None:
        """Note *finding*, and tell of it."""
        self._log("finding", {"terminal": self.name, "rule": finding.rule, "cause": finding.text})
        if len(self.findings) >= FINDINGS or not self._room():
            self.not_kept += 1
        else:
            self.findings.append(finding)

    def forget(self) -> None:
        """Forget the oldest message; findings keep theirs."""
        number = self.story.popleft().number
        self.forgotten += 1
        self.watch.forget(number)
        self.follower.forget(number)


class Judge:
    """Watches the terminals of one host."""

    def __init__(
        self,
        dialect: Dialect,
        expectations: Iterable[Expectation] = (),
        checks: Iterable[str] | None = None,
        log: Log = silent,
    ) -> None:
        """Judge what is said in *dialect*.

        Args:
            dialect: spec and profile.
            expectations: what is to come after what.
            checks: the ids of the checks of every message; None: all but those that only some hosts ask for.
            log: gets each finding when it is made, masked.
        """
        self.dialect = dialect
        self._log = log
        asked = {check.id for check in CHECKS} - ONLY_WHERE_ASKED if checks is None else set(checks)
        self.checks = tuple(check for check in CHECKS if check.id in asked)
        self.expectations = tuple(expectations)
        self.terminals: dict[tuple[str, str], Terminal] = {}
        """By merchant and terminal, in the order in which they came."""
        self.not_understood = 0
        """Frames that were no message."""
        self._count = 0
        self._kept = 0
        self._order: deque[Terminal] = deque()
        """Whose the kept messages are, the oldest first."""
        self._asked: dict[tuple[str, str], Seen] = {}
        """What the host asked and nobody answered yet, by link and STAN."""
        self._on: dict[str, Terminal] = {}
        """Who spoke last on each link."""

    def __repr__(self) -> str:
        return f"<Judge of {len(self.terminals)} terminals, {len(self.findings)} findings>"

    @property
    def findings(self) -> list[Finding]:
        """What all terminals did wrong."""
        return [finding for terminal in self.terminals.values() for finding in terminal.findings]

    def expect(self, said: Mapping[str, Any], ident: str = "") -> Expectation:
        """Expect from now on what the rule *said* says, of every terminal; return it as it was read.

        Args:
            said: the tables of a rule, see `expectations`: ``{"after": {"kind": "sale", "answered": "silence"},
                "then": {"kind": "reversal", "39": "98"}, "before": {"kind": "money"}}``.
            ident: what findings call it; empty: its number.

        Raises:
            ConfigError: with every fault of it.
        """
        named = {"id": ident or f"expected-{len(self.expectations) + 1}", **said}
        found, problems = expectations_of([named], self.dialect.spec, text=False)
        if problems:
            raise ConfigError(problems)
        self.expectations = (*self.expectations, *found)
        return found[0]

    def unmet(self, now: Moment | None = None) -> list[Begun]:
        """Return the rules that began and are not met: broken, or still open; *now* says whose time is over."""
        self.close(now)
        return [
            begun for each in self.terminals.values() for begun in each.follower.begun if begun.stage is not Stage.MET
        ]

    def heard(self, link: str, payload: bytes, decision: Decision, at: Moment) -> Seen | None:
        """Take in that *payload* came over *link*, and what was decided on it; return it for `answered`."""
        try:
            message = self.dialect.spec.decode(payload)
        except DecodeError:
            self.not_understood += 1
            return None
        if decision.event == "ignored" or decision.note.get("answered"):
            self._answers_the_host(link, message, at)
            return None
        terminal = self._terminal(message)
        if terminal is None:
            return None
        seen = self._seen(link, message, decision, at)
        self._on[link] = terminal
        self._judge(terminal, seen)
        self._keep(terminal, seen)
        return seen

    def answered(self, seen: Seen | None, at: Moment, *, intact: bool = True) -> None:
        """Take in that the answer to *seen* has gone out whole, or with *intact* false something else instead of it."""
        if seen is not None:
            seen.given, seen.intact = at, intact

    def asked(self, link: str, message: Message, at: Moment) -> None:
        """Take in that the host sent *message* of its own accord."""
        terminal = self._on.get(link)
        if terminal is None:
            return
        self._count += 1
        row = self.dialect.kind_row(message)
        seen = Seen(self._count, at, link, message, None if row is None else row.kind)
        seen.outgoing = True
        self._asked[link, seen.stan] = seen
        self._keep(terminal, seen)

    def closed(self, link: str) -> None:
        """Take in that *link* is gone."""
        self._on.pop(link, None)
        for key in [key for key in self._asked if key[0] == link]:
            del self._asked[key]

    def close(self, now: Moment | None = None) -> None:
        """Look at all that is not over yet, before a report; *now* says whose time is over."""
        for terminal in self.terminals.values():
            terminal.follower.begin(self.expectations)
            for begun in terminal.follower.begun:
                if now is not None and begun.overdue(now):
                    self._broken(terminal, begun)
        for key, seen in list(self._asked.items()):
            if (
                now is not None
                and now.mono - seen.at.mono > HOST_PATIENCE
                and (where := self._on.get(key[0])) is not None
            ):
                del self._asked[key]
                where.find(Finding("host-answered", f"{seen.message.mti} STAN {seen.stan} was not answered", seen))

    def still_open(self, terminal: Terminal, now: Moment) -> list[Open]:
        """Return what *terminal* has left open at *now*: nothing where what becomes of it is not asked."""
        if all(check.id != REVERSAL_FIRST for check in self.checks):
            return []
        return list(still_open(terminal.watch, self._on, now))

    def owed(self, terminal: Terminal, now: Moment) -> list[Finding]:
        """Return what *terminal* has to answer for if *now* is the end; nothing is noted, as it may still do it."""
        told = {finding.about for finding in terminal.findings}
        return [
            Finding(REVERSAL_FIRST, f"still open at the end: {each.text}", each.seen)
            for each in self.still_open(terminal, now)
            if each.overdue and each.seen not in told
        ]

    def _terminal(self, message: Message) -> Terminal | None:
        key = (message.text(42).rstrip(), message.text(41).rstrip())
        known = self.terminals.get(key)
        if known is None and key[1] and len(self.terminals) < TERMINALS:
            known = self.terminals[key] = Terminal(self.dialect, key[1], key[0], self._log, self._room)
        return known

    def _seen(self, link: str, message: Message, decision: Decision, at: Moment) -> Seen:
        self._count += 1
        said = decision.note.get("kind")
        row = self.dialect.kind_row(message)
        kind = Kind(str(said)) if said in set(Kind) else None if row is None else row.kind
        seen = Seen(self._count, at, link, message, kind)
        seen.batch = self.dialect.batch(message)
        seen.booked = decision.note.get("code") in _BOOKED
        seen.willed = "rule" in decision.note or decision.note.get("cause") in ON_PURPOSE
        fault = decision.fault
        seen.doubt, seen.spoilt = decision.under.cause, decision.spoilt
        seen.hang_up, seen.late = fault.close or fault.reset, fault.late or fault.delay is not None
        answer = seen.answer = decision.answer
        if answer is not None:
            seen.code, seen.verdict = self.dialect.canonical(answer), self.dialect.verdict(answer)
            if kind is Kind.SETTLEMENT:
                verdict = verdict_said(self.dialect, answer)
                seen.agreed = {Verdict.BALANCED: True, Verdict.NOT_BALANCED: False}.get(verdict)
        return seen

    def _judge(self, terminal: Terminal, seen: Seen) -> None:
        watch = terminal.watch
        if not seen.doubt:
            watch.relate(seen)
        for check in self.checks:
            if not seen.doubt or check.id in UNBELIEVED:
                for wrong in check.judge(watch, seen):
                    terminal.find(Finding(check.id, wrong.text, wrong.about, wrong.others))
        watch.take(seen)
        for begun in terminal.follower.hear(seen, self.expectations, self.dialect):
            self._broken(terminal, begun)

    def _broken(self, terminal: Terminal, begun: Begun) -> None:
        """Note a rule that was broken, unless a check has said so of the same message."""
        if all(finding.about is not begun.first for finding in terminal.findings):
            rule = begun.expectation
            text = f"{rule.text}: {begun.why}" if rule.text else begun.why
            terminal.find(Finding(rule.id, text, begun.first, tuple(begun.came)))

    def _keep(self, terminal: Terminal, seen: Seen) -> None:
        terminal.story.append(seen)
        self._order.append(terminal)
        if len(self._order) > MESSAGES:
            self._order.popleft().forget()

    def _room(self) -> bool:
        """Say whether one more finding is kept, and count it."""
        self._kept += 1
        return self._kept <= ALL_FINDINGS

    def _answers_the_host(self, link: str, message: Message, at: Moment) -> None:
        seen = self._asked.pop((link, message.text(11)), None)
        if seen is not None:
            seen.given, seen.answer, seen.code = at, message, self.dialect.canonical(message)
