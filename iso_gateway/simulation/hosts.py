"""The hosts of a simulated day: mock hosts that are slow, silent, late, restarted, or refuse to reverse.

A host decides on a request within its time-out of the sending, or never (ruling 1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from iso_gateway.codec.message import Message
from iso_gateway.codec.mti import is_request
from iso_gateway.errors import DecodeError
from iso_gateway.host.authorizer import Authorizer
from iso_gateway.host.transaction import Transaction
from iso_gateway.protocol.dialect import Dialect
from iso_gateway.protocol.kinds import Kind
from iso_gateway.simulation.chance import Chance
from iso_gateway.simulation.faults import Trouble
from iso_gateway.simulation.heap import Heap
from iso_gateway.simulation.network import HostLine, Trunks
from iso_gateway.simulation.trace import Trace

if TYPE_CHECKING:
    from iso_gateway.simulation.invariants import Watch

DOWN_FOR: Final = (1.0, 30.0)
"""Seconds that a restart takes."""
REFUSALS: Final = ("12", "30")
"""What a host says that does not reverse."""


class Host:
    """One host through all its processes; its ledger is what they have in common."""

    def __init__(
        self,
        name: str,
        authorizer: Authorizer,
        links: tuple[str, ...],
        timeout: float,
        *,
        heap: Heap,
        chance: Chance,
        trouble: Trouble,
        trace: Trace,
        watch: Watch,
        trunks: Trunks,
    ) -> None:
        self.name = name
        self.authorizer = authorizer
        self.links = links
        self.running = True
        self._timeout = timeout
        self._heap = heap
        self._chance = chance
        self._trouble = trouble
        self._trace = trace
        self._watch = watch
        self._trunks = trunks
        self._lines: dict[str, HostLine] = {}
        self._lives = 1
        self._newest: Transaction | None = None
        self._reversals: dict[tuple[str, str], str] = {}
        """What each transaction's reversals are refused with, by terminal and STAN; empty: they are not."""

    @property
    def dialect(self) -> Dialect:
        """What the host speaks."""
        return self.authorizer.dialect

    # Connections

    def accept(self, line: HostLine) -> None:
        """Take in a new connection of a link."""
        self._lines[line.link] = line

    def lost(self, line: HostLine) -> None:
        """Take in that a connection is over."""
        if self._lines.get(line.link) is line:
            del self._lines[line.link]
            self.authorizer.network.closed(line.link)

    def drop(self, link: str) -> None:
        """Let the connection of *link* break."""
        if (line := self._lines.get(link)) is not None:
            self._trace.tell(link, f"{link} breaks")
            self._trunks.breaks(line)

    def restart(self) -> None:
        """End the process, with all that it had not answered, and start another one in a while."""
        if not self.running:
            return
        self._trace.tell(self.name, f"{self.name} restarts")
        self.running = False
        self._lives += 1
        for line in list(self._lines.values()):
            self._trunks.breaks(line)
        self._heap.after(self._chance.between(*DOWN_FOR), self._up)

    def _up(self) -> None:
        self.running = True

    # Messages

    def hears(self, line: HostLine, tag: str, payload: bytes, sent: float) -> None:
        """Take in a frame that the gateway sent at *sent* for *tag*."""
        if not line.at_host:
            return
        if self._trouble.strikes(self._chance, "request_lost"):
            self._trace.tell(_about(tag), f"{self.name}: the request of {tag} is lost")
            return
        try:
            message = self.dialect.spec.decode(payload)
        except DecodeError as error:
            self._trace.tell(_about(tag), f"{self.name}: cannot read {tag}: {error}")
            self._watch.unreadable(tag, str(error))
            return
        self._decide_in(self._thinking(), line, tag, message, sent)
        if self._trouble.strikes(self._chance, "request_twice"):
            self._decide_in(self._chance.between(0.01, 5.0), line, tag, message, sent)

    def _thinking(self) -> float:
        if self._trouble.strikes(self._chance, "request_slow"):
            return self._chance.between(1.0, 1.2 * self._timeout)
        if self._trouble.strikes(self._chance, "overtaken"):
            return self._chance.between(0.3, 5.0)
        return self._chance.between(0.005, 0.1)

    def _decide_in(self, seconds: float, line: HostLine, tag: str, message: Message, sent: float) -> None:
        if self._heap.mono + seconds - sent >= self._timeout:
            self._trace.tell(_about(tag), f"{self.name}: too late for {tag}, which is never decided")
        else:
            self._heap.after(seconds, self._decide, line, tag, message, self._lives)

    def _decide(self, line: HostLine, tag: str, message: Message, life: int) -> None:
        if life != self._lives:
            return
        code = self._refused(message)
        if code:
            answer = self.dialect.answer(message, code, {}, self._heap.now.wall.date())
            self._trace.tell(_about(tag), f"{self.name}: refuses {tag}, {code}")
            self._answer(line, tag, answer, 0.0)
            return
        decision = self.authorizer.decide(message, self._heap.now, line.link)
        newest = next(reversed(self.authorizer.ledger), None)
        if newest is not None and newest is not self._newest:
            self._newest = newest
            self._watch.decided(tag, self.name, newest)
        said = " ".join(str(decision.note[name]) for name in _NOTED if name in decision.note)
        self._trace.tell(_about(tag), f"{self.name}: decides on {tag}: {said}")
        if decision.fault.close:
            self._trunks.breaks(line)
        if decision.answer is not None:
            self._answer(line, tag, decision.answer, self.authorizer.settings.late_seconds * decision.fault.late)

    def _refused(self, message: Message) -> str:
        """Return what the reversal *message* is refused with, the same each time, or the empty text."""
        if message.mti[1] != "4" or not is_request(message.mti):
            return ""
        row = self.dialect.kind_row(message)
        if row is None or row.kind is not Kind.REVERSAL:
            return ""
        named = (
            message.text(11) if self.dialect.profile.reversal_stan == "same" else self.dialect.original(message).stan
        )
        what = (message.text(41), named)
        code = self._reversals.get(what)
        if code is None:
            strikes = self._trouble.strikes(self._chance, "reversal_refused")
            code = self._reversals[what] = self._chance.pick(REFUSALS) if strikes else ""
        return code

    # Answers

    def _answer(self, line: HostLine, tag: str, answer: Message, delay: float) -> None:
        """Give *answer* in *delay* seconds, if nothing happens to it."""
        if self._trouble.strikes(self._chance, "host_silent"):
            self._trace.tell(_about(tag), f"{self.name}: stays silent on {tag}")
            return
        payload = self.dialect.spec.encode(answer)
        if self._trouble.strikes(self._chance, "answer_late"):
            delay += self._timeout + self._chance.between(0.5, 80.0)
        elif self._trouble.strikes(self._chance, "answer_slow"):
            delay += self._chance.between(1.0, 25.0)
        elif self._trouble.strikes(self._chance, "answer_broken"):
            payload = payload[: len(payload) // 2]
        self._heap.after(delay, self._say, line, tag, payload, self._lives)
        if self._trouble.strikes(self._chance, "answer_twice"):
            self._heap.after(delay + self._chance.between(0.0, 20.0), self._say, line, tag, payload, self._lives)

    def _say(self, line: HostLine, tag: str, payload: bytes, life: int) -> None:
        if life != self._lives:
            return
        current = line if line.at_host else self._lines.get(line.link)
        if current is None:
            self._trace.tell(_about(tag), f"{self.name}: no connection for the answer to {tag}")
        else:
            self._trunks.answer(current, payload)


_NOTED: Final = ("kind", "code", "end", "cause", "cannot_carry")


def _about(tag: str) -> str:
    return tag.partition("/")[0]
