"""A desk whose journal fails, doubts, or dies with its process at one chosen commit, and a host that keeps books.

A story is: one request of one kind, a host that answers it or whose answer is lost, and a terminal that then does one
of three things. Whatever the journal does at whichever commit, the three ledgers agree at the end (promise 1).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

from iso_gateway import Message
from iso_gateway.codec.mti import is_request
from iso_gateway.host.authorizer import Authorizer
from iso_gateway.host.settings import HostSettings
from iso_gateway.host.transaction import Transaction
from iso_gateway.protocol import commands, events
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.records import Row, RowState
from tests.support.desk import Desk, setup
from tests.support.stories import named


class DiedError(Exception):
    """The process is gone."""


FAULTS: Final = ("fails", "doubts", "is out for a while", "dies before", "dies after")
"""What the journal, or its process, does at the chosen commit. *Doubts*: it commits, and reports that it failed."""

OUTAGE: Final = 20.0
"""Seconds for which a journal that is out commits nothing more."""


class Mortal(Desk):
    """A desk with a host that keeps books, and a journal that does *fault* at its *point*-th commit."""

    def __init__(self, terminal: str, host: str, fault: str) -> None:
        self.fault = fault
        self.point = -1
        """How many commits are still made before the fault; below zero: none is to come."""
        self.happened = False
        self.out_until = 0.0
        self.loses = False
        """Whether the next answer of the host is lost."""
        self.answering: deque[tuple[str, Message]] = deque()
        self.heard: list[Message] = []
        """Every answer that a terminal read."""
        super().__init__(setup(terminal, host), links=())
        self.host = Authorizer(self.host_dialect, HostSettings(magic=False))
        self.bring_up("bank-1")

    # What the edge does

    def _carry_out(self, command: commands.Command) -> list[events.Event]:
        if isinstance(command, commands.Send) and is_request(
            (message := self.host_dialect.spec.decode(command.payload)).mti
        ):
            if message.mti[1] == "8":
                return super()._carry_out(command)
            answer = self.host.hear(command.payload, self.now, command.link).answer
            if self.loses:
                self.loses = False
            elif answer is not None:
                self.answering.append((command.link, answer))
            return []
        told = super()._carry_out(command)
        if isinstance(command, commands.Deliver) and self.answers:
            self.heard.append(self.answers.pop()[1])
        return told

    def _commit(self, command: commands.Journal | commands.File) -> list[events.Event]:
        if isinstance(command, commands.File):
            return super()._commit(command) if self.mono >= self.out_until else []
        self.point -= 1
        if self.point != -1:
            self.journal_fails = self.mono < self.out_until
            return super()._commit(command)
        self.happened = True
        match self.fault:
            case "dies before":
                raise DiedError
            case "dies after":
                super()._commit(command)
                raise DiedError
            case "doubts":
                super()._commit(command)
                return [events.JournalFailed(command.id, "nobody can say")]
            case "is out for a while":
                self.out_until = self.mono + OUTAGE
        return [events.JournalFailed(command.id, "no room")]

    # What happens

    def live(self, act: Callable[[], None]) -> None:
        """Let *act* happen, and the host answer; a process that dies of it is followed by another one."""
        try:
            act()
            while self.answering:
                link, answer = self.answering.popleft()
                self.host_sends(answer, link)
        except DiedError:
            self.answering.clear()
            self.restart()

    def wait(self, seconds: float) -> None:
        """Let *seconds* go by, and the host answer what comes meanwhile."""
        end = self.mono + seconds
        while self.mono < end:
            deadline = self.node.deadline
            until = end if deadline is None else min(max(deadline, self.mono), end)
            self.mono = max(self.mono, until)
            self.live(lambda: self.feed(events.TimePassed()))
            if deadline is None or deadline > end:
                break
        self.mono = max(self.mono, end)

    def ask(self, message: Message) -> str:
        """Let the terminal ask, and wait as long as it would; return the canonical code that it read, or nothing."""
        before = len(self.heard)
        self.live(lambda: self.send(message))
        for _ in range(40):
            mine = [answer for answer in self.heard[before:] if answer.text(11) == message.text(11)]
            if mine:
                return self.terminal_dialect.canonical(mine[-1])
            self.wait(1.0)
        return ""


ORIGINALS: Final[dict[Kind, Kind]] = {
    Kind.VOID: Kind.SALE,
    Kind.REFUND: Kind.SALE,
    Kind.PREAUTH_CANCEL: Kind.PREAUTH,
    Kind.COMPLETION: Kind.PREAUTH,
    Kind.COMPLETION_ADVICE: Kind.PREAUTH,
    Kind.COMPLETION_CANCEL: Kind.COMPLETION,
    Kind.REVERSAL: Kind.SALE,
}
"""What a request names."""


_COMPLETIONS: Final = frozenset({Kind.COMPLETION, Kind.COMPLETION_ADVICE})
_VOIDS: Final = frozenset({Kind.VOID, Kind.COMPLETION_CANCEL})


def alike(kind: Kind) -> frozenset[Kind]:
    """Return the kinds that look like *kind* on some wire, so that another one may stand in a row or in the books."""
    return next((kinds for kinds in (_COMPLETIONS, _VOIDS) if kind in kinds), frozenset({kind}))


class Story:
    """One request of *kind*, after whatever it names, with the fault at commit number *point*."""

    def __init__(self, desk: Mortal, kind: Kind, point: int, then: str, *, lost: bool) -> None:
        self.desk = desk
        self.kind = kind
        self.then = then
        self.codes: list[str] = []
        """What the terminal read, in order."""
        self.reversed = False
        """Whether the terminal has asked for the reversal of it."""
        original = self._approved(ORIGINALS[kind]) if kind in ORIGINALS else None
        self.message = self._message(kind, original)
        desk.point, desk.loses = point, lost
        self._go_through()
        desk.point = -1
        desk.wait(400)

    def _approved(self, kind: Kind) -> tuple[Message, Message]:
        """Have a request of *kind*, after what it names, approved in the ordinary way."""
        original = self._approved(ORIGINALS[kind]) if kind in ORIGINALS else None
        message = self._message(kind, original)
        assert self.desk.ask(message) == "00"
        return message, self.desk.heard[-1]

    def _message(self, kind: Kind, original: tuple[Message, Message] | None) -> Message:
        if original is None:
            return self.desk.request(kind)
        if kind is Kind.REVERSAL:
            return named(self.desk, *original)
        return self.desk.later(kind, original)

    def _go_through(self) -> None:
        self._ask(self.message)
        if self.codes[-1] == "00" or self.then == "goes away":
            return
        if self.then == "asks again":
            for _ in range(4):
                self.desk.wait(20)
                self._ask(self.desk.repeat(self.message))
                if self.codes[-1] not in {"", "68", "98"}:
                    return
        else:
            self.reversed = True
            reversal = named(self.desk, self.message)
            for _ in range(6):
                if self.desk.ask(reversal) == "00":
                    return
                self.desk.wait(20)

    def _ask(self, message: Message) -> None:
        self.codes.append(self.desk.ask(message))

    # What became of it

    @property
    def booked(self) -> list[Transaction]:
        """What of it stands in the host's books."""
        return [each for each in self.desk.host.ledger if each.kind in alike(self.kind) and each.stands]

    @property
    def rows(self) -> list[Row]:
        """Its rows: the last one counts, those before it were never sent."""
        return [row for row in self.desk.rows() if row.kind in alike(self.kind) and row.state is not RowState.NOT_SENT]

    @property
    def named(self) -> Row | None:
        """The row of what it names."""
        kind = ORIGINALS.get(self.kind)
        found = [row for row in self.desk.rows() if kind is not None and row.kind in alike(kind)]
        return found[0] if found else None
