"""The clients' side of a recording, played to a host once more, and what differs from what it answered then.

The lines are gone through in order, each at its time or later: a connection is opened, a request sent, an answer waited
for, a connection closed. So whatever had been heard before a request was sent then, has been heard before it is sent
now, at any speed; a void finds its sale.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import trio

from iso_gateway.codec.message import Message
from iso_gateway.errors import CannotRedact, DecodeError, EncodeError, IsoGatewayError, NoConnection
from iso_gateway.framing import Frame
from iso_gateway.inspect.differing import Difference, How, compare
from iso_gateway.inspect.redacting import Redactor
from iso_gateway.net.address import Address
from iso_gateway.net.clock import now
from iso_gateway.net.connection import FramedConnection
from iso_gateway.net.listener import dial
from iso_gateway.net.outbox import Outcome
from iso_gateway.traffic.exchanges import Exchange, answers, exchanges
from iso_gateway.traffic.recorded import Ended, Entry, Lost, Opened, Recording, Side, Spoken, Unread
from iso_gateway.traffic.rewriting import Rewriter

CONNECTING: Final = 10.0
"""Seconds to wait for a connection."""
SILENCE: Final = 1.0
"""Seconds at most that are waited for an answer where none was recorded, before its connection is closed."""
LONGEST_FRAME: Final = 65535


@dataclass(slots=True, eq=False)
class Played:
    """A recorded request, and what became of it now."""

    exchange: Exchange
    sent: Message | None = None
    """None: it was not sent."""
    why: str = ""
    """Why it was not sent, or not answered."""
    heard: list[Message] = field(default_factory=list)
    came: trio.Event = field(default_factory=trio.Event)

    def take(self, answer: Message) -> None:
        """Take in one answer of now."""
        self.heard.append(answer)
        self.came.set()
        self.came = trio.Event()


@dataclass(frozen=True, slots=True)
class Finding:
    """One way in which the host did not do as recorded."""

    line: int
    """Of the recorded request."""
    what: str
    """``answer differs``, ``no answer``, ``not sent``, ``answered``, ``2 answers, 1 recorded`` ..."""
    differences: tuple[Difference, ...] = ()
    """Of an answer that differs: recorded on the left, now on the right."""


class Player:
    """Plays one recording to one host."""

    def __init__(
        self,
        recording: Recording,
        address: Address,
        rewriter: Rewriter,
        redactor: Redactor | None,
        *,
        speed: float = 1.0,
        patience: float = 30.0,
        ignore: Collection[str] = (),
    ) -> None:
        """Play *recording* to *address*.

        Args:
            recording: what was recorded.
            address: the host.
            rewriter: makes the requests of now.
            redactor: with a recording that is redacted, what makes the answers of now like it; its cards keep those
                of the recording.
            speed: how many times as fast as recorded; 0: as fast as answers come.
            patience: seconds that an answer may take.
            ignore: paths at which answers may differ, beside those that were rewritten.
        """
        self._recording = recording
        self._address = address
        self._rewriter = rewriter
        self._redactor = redactor
        self._speed = speed
        self._patience = patience
        self._ignored = rewriter.ignored.union(ignore)
        self.played = [Played(exchange) for exchange in exchanges(recording)]
        self._by_line = {each.exchange.request.number: each for each in self.played}
        self._by_answer = {
            entry.number: (each, nth) for each in self.played for nth, entry in enumerate(each.exchange.answers, 1)
        }
        self._links: dict[int, _Link] = {}
        self.left_out = 0
        """How many recorded things cannot be played: bytes that are no message, answers to what the host asked."""
        self.unasked = 0
        """How many messages came from the host that answer nothing."""

    async def run(self) -> None:
        """Play it all.

        Raises:
            NoConnection: not even the first connection could be made.
        """
        async with trio.open_nursery() as nursery:
            start = trio.current_time()
            for entry in self._recording.entries:
                first = self._recording.entries[0].line.at
                if self._speed and entry.line.at >= first and not _is_heard(entry):
                    await trio.sleep_until(start + (entry.line.at - first) / self._speed)
                await self._play(entry, nursery)
            for link in list(self._links.values()):
                await self._close(link, SILENCE)
            nursery.cancel_scope.cancel()

    async def _play(self, entry: Entry, nursery: trio.Nursery) -> None:
        line = entry.line
        match line:
            case Opened():
                await self._open(line.connection, nursery)
            case Spoken(side=Side.CLIENT):
                self._send(entry)
            case Spoken():
                await self._await(entry)
            case Ended(side=Side.CLIENT) if (link := self._links.get(line.connection)) is not None:
                await self._close(
                    link, max((line.at - each.exchange.request.line.at for each in link.silent), default=0)
                )
            case Unread(side=Side.CLIENT):
                self.left_out += 1
            case Lost():
                self.left_out += line.count

    async def _open(self, number: int, nursery: trio.Nursery) -> None:
        try:
            sock = await dial(self._address, CONNECTING)
        except NoConnection:
            if all(each.sent is None for each in self.played):
                raise
            return
        connection = FramedConnection(sock, self._recording.framing, max_length=LONGEST_FRAME)
        link = self._links[number] = _Link(number, connection)
        nursery.start_soon(self._carry, link)

    async def _carry(self, link: _Link) -> None:
        why = await link.connection.run(partial(self._heard, link))
        link.over(why)

    def _send(self, entry: Entry) -> None:
        """Send the request of *entry*, as it is now."""
        played = self._by_line.get(entry.number)
        if played is None:
            self.left_out += 1
            return
        link = self._links.get(entry.line.connection)
        if link is None or not link.connection.is_open:
            played.why = "the connection is gone"
            return
        assert isinstance(entry.line, Spoken)
        try:
            played.sent = self._rewriter.request(played.exchange.message, now().wall)
            payload = self._recording.spec.encode(played.sent)
        except EncodeError as error:
            played.sent, played.why = None, str(error)
            return
        link.asked.append(played)
        header = bytes.fromhex(entry.line.header) or None
        link.connection.send(payload, header, partial(self._sent, played))

    @staticmethod
    def _sent(played: Played, outcome: Outcome) -> None:
        if outcome is Outcome.NOT_HANDED:
            played.sent, played.why = None, "the connection was lost before"

    def _heard(self, link: _Link, frame: Frame) -> None:
        try:
            message = self._recording.spec.decode(frame.payload)
        except DecodeError as error:
            link.note(f"what came is no message: {error}")
            return
        played = next(
            (each for each in reversed(link.asked) if each.sent is not None and answers(message, each.sent)), None
        )
        if played is None:
            self.unasked += 1
            return
        recorded = played.exchange.answers[len(played.heard) :][:1]
        if recorded and recorded[0].message is not None:
            self._rewriter.answered(recorded[0].message, message)
        played.take(message)

    async def _await(self, entry: Entry) -> None:
        """Wait until what was heard then has been heard now, or it takes too long."""
        played, nth = self._by_answer.get(entry.number, (None, 0))
        if played is None or played.sent is None:
            return
        link = self._links.get(played.exchange.request.line.connection)
        with trio.move_on_after(self._patience):
            while len(played.heard) < nth and link is not None and link.connection.is_open:
                async with trio.open_nursery() as either:
                    either.start_soon(_first, played.came.wait, either.cancel_scope)
                    either.start_soon(_first, link.gone.wait, either.cancel_scope)
        if len(played.heard) < nth and not played.why:
            gone = link is None or not link.connection.is_open
            played.why = (link.why if link is not None else "") or (
                "the connection was closed" if gone else f"nothing within {self._patience:g} s"
            )

    async def _close(self, link: _Link, recorded: float) -> None:
        """Close a connection; where silence was recorded, give the host the time to break it."""
        silent = [each for each in link.silent if not each.heard]
        if silent and link.connection.is_open:
            with trio.move_on_after(min(recorded, SILENCE)):
                await silent[-1].came.wait()
        await link.connection.aclose()
        self._links.pop(link.number, None)

    # What came of it

    def findings(self) -> list[Finding]:
        """Return where the host did not do as recorded, in order."""
        return [finding for each in self.played for finding in self._findings_of(each)]

    def _findings_of(self, played: Played) -> list[Finding]:
        line = played.exchange.request.number
        recorded = [entry.message for entry in played.exchange.answers if entry.message is not None]
        if played.sent is None:
            return [Finding(line, f"not sent: {played.why or 'the connection is gone'}")]
        if len(played.heard) != len(recorded):
            return [Finding(line, _counted(len(played.heard), len(recorded), played.why))]
        found = []
        for then, heard in zip(recorded, played.heard, strict=True):
            differences = tuple(self._differences(then, heard))
            if differences:
                found.append(Finding(line, "the answer differs", differences))
        return found

    def _differences(self, then: Message, heard: Message) -> list[Difference]:
        if self._redactor is not None:
            try:
                heard = self._redactor.message(heard)
            except CannotRedact as error:
                return [Difference("", str(error), How.CHANGED, "", "")]
        return [each for each in compare(then, heard, self._ignored) if each.how is not How.SAME]

    def counts(self) -> dict[str, Any]:
        """Return how many of what there were, by name."""
        sent = [each for each in self.played if each.sent is not None]
        wrong = {finding.line for finding in self.findings()}
        return {
            "recorded": len(self.played),
            "sent": len(sent),
            "answered": sum(bool(each.heard) for each in sent),
            "as_recorded": len(self.played) - len(wrong),
            "otherwise": len(wrong),
            "left_out": self.left_out,
            "unasked": self.unasked,
        }


class _Link:
    """One connection of now."""

    def __init__(self, number: int, connection: FramedConnection) -> None:
        self.number = number
        self.connection = connection
        self.asked: list[Played] = []
        self.gone = trio.Event()
        self.why = ""

    @property
    def silent(self) -> list[Played]:
        """What was asked on it, and stayed without an answer then."""
        return [each for each in self.asked if not each.exchange.answers]

    def over(self, why: IsoGatewayError | None) -> None:
        """Take in that the connection has ended."""
        if why is not None:
            self.note(str(why))
        self.gone.set()

    def note(self, why: str) -> None:
        """Take in what went wrong, first of all."""
        self.why = self.why or why


def _is_heard(entry: Entry) -> bool:
    return isinstance(entry.line, Spoken) and entry.line.side is Side.SERVER


def _counted(now_: int, then: int, why: str) -> str:
    """Return in words that there were as many answers now, and others then."""
    because = f": {why}" if why else ""
    if not now_:
        return f"no answer{because}"
    if not then:
        return "answered, and silence was recorded"
    return f"{now_} answers, {then} recorded{because}"


async def _first(wait: Any, scope: trio.CancelScope) -> None:
    await wait()
    scope.cancel()
