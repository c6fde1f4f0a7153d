"""A till and a host in memory with a judge between them, so that a test of the judge reads as a story."""

from __future__ import annotations

from typing import Any

from iso_gateway.codec.message import Message
from iso_gateway.host.judging.judge import Judge
from tests.support.keyed_till import KeyedTill
from tests.support.till import Reply, Till


class JudgedTill(Till):
    """A till whose host tells a judge of all that comes and goes."""

    def __init__(self, spec: str = "iso87-ascii", **settings: Any) -> None:
        super().__init__(spec, **settings)
        self.judge = Judge(self.dialect)

    def send(self, message: Message) -> Reply:
        payload = self.dialect.spec.encode(message)
        decision = self.host.hear(payload, self.moment, self.link)
        seen = self.judge.heard(self.link, payload, decision, self.moment)
        if decision.answer is not None:
            self.judge.answered(seen, self.moment)
        return Reply(self, message, decision)

    @property
    def found(self) -> list[str]:
        """The rules that were broken, in the order in which it was noticed."""
        return [finding.rule for finding in self.judge.findings]

    @property
    def left_open(self) -> list[tuple[str, bool]]:
        """What has no outcome by now, and whether it is overdue."""
        judge = self.judge
        return [
            (each.text, each.overdue)
            for terminal in judge.terminals.values()
            for each in judge.still_open(terminal, self.moment)
        ]

    @property
    def owed(self) -> list[str]:
        """What would be found if the run ended now."""
        judge = self.judge
        return [each.text for terminal in judge.terminals.values() for each in judge.owed(terminal, self.moment)]


class JudgedKeyedTill(KeyedTill):
    """The same, with MACs."""

    def __init__(self, spec: str = "iso87-ascii", **settings: Any) -> None:
        super().__init__(spec, **settings)
        self.judge = Judge(self.dialect)

    def give(self, message: Message, payload: bytes = b"") -> Reply:
        payload = payload or self.dialect.spec.encode(message)
        decision = self.host.hear(payload, self.moment, self.link)
        seen = self.judge.heard(self.link, payload, decision, self.moment)
        reply = Reply(self, message, decision)
        if decision.answer is not None:
            wire = self.host.payload(decision)
            self.judge.answered(seen, self.moment)
            reply.answer = self.dialect.spec.decode(wire)
            reply.doubt = self.shield.doubt(message, reply.answer, wire)
        return reply

    @property
    def found(self) -> list[str]:
        return [finding.rule for finding in self.judge.findings]
