"""The edge of a fleet: a connection for each terminal, the moments at which something is due, and the time-outs.

Rule 1: the schedule waits for nobody. What is due is given to its terminal at its moment, and a terminal that is busy
sends it later, from its own queue.
Rule 2: one request at a time is under way on a terminal's connection, as terminals do it. All have the same patience,
so that the time-outs are due in the order of the sending.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

import trio

from iso_gateway.codec.mti import MTI
from iso_gateway.errors import DecodeError, IsoGatewayError, NoConnection
from iso_gateway.framing import Frame, Framing
from iso_gateway.net import clock
from iso_gateway.net.address import Address
from iso_gateway.net.connection import FramedConnection
from iso_gateway.net.listener import dial
from iso_gateway.net.outbox import Outcome as Handing
from iso_gateway.net.tls import ClientTLS
from iso_gateway.protocol.dialect import Dialect
from iso_gateway.terminal.fleet.course import Course
from iso_gateway.terminal.fleet.member import Member, Purpose, Request
from iso_gateway.terminal.fleet.schedule import Due
from iso_gateway.terminal.fleet.verdict import LATE, Run
from iso_gateway.terminal.records import Outcome
from iso_gateway.terminal.result import Result

DIALLING: Final = 64
"""Connections that are made at the same time."""
CONNECTING: Final = 10.0
"""Seconds to wait for one at most."""
FIRST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 2.0
"""Seconds between two tries to connect, or to sign on."""
LONGEST_REST: Final = 8.0
"""Seconds between two reversals, or repeats, that are answered so that nobody knows more than before."""
DISBELIEVED: Final = 3
"""Answers in a row to one terminal's reversals that have no right MAC, after which the run ends."""
TICK: Final = 0.02
"""Seconds between two looks at what is overdue."""
PER_BREATH: Final = 16
"""Transactions that are begun before answers get their turn, where the fleet is late."""


class Way(NamedTuple):
    """Whom the terminals talk to, and how."""

    dialect: Dialect
    framing: Framing
    address: Address
    patience: float
    """Seconds to wait for an answer."""
    tls: ClientTLS | None = None


class _Line:
    """One terminal's connection, and the request under way on it."""

    def __init__(self, edge: Driver, member: Member) -> None:
        self.edge = edge
        self.member = member
        self.connection: FramedConnection | None = None
        self.request: Request | None = None
        self.sent_at = 0.0
        self._answer = ("", "")
        """MTI and STAN of the answer that is waited for."""
        self._handing: Handing | None = None
        self.resting_until = 0.0
        """No request before: a sign-on was refused, or a reversal answered with what cannot be believed."""
        self._rest = FIRST_PAUSE
        self._disbelieved = 0

    async def keep(self) -> None:
        """Be connected, for ever."""
        edge, pause = self.edge, FIRST_PAUSE
        while True:
            try:
                async with edge.dialling:
                    sock = await dial(edge.way.address, min(CONNECTING, edge.way.patience), edge.way.tls)
            except NoConnection as error:
                edge.tried(self, str(error))
            else:
                began = trio.current_time()
                self.connection = FramedConnection(sock, edge.way.framing)
                self.member.connected()
                self.go_on()
                edge.tried(self, "")
                why = await self.connection.run(self._heard)
                self._lost(why)
                if trio.current_time() > began + LONGEST_PAUSE:
                    pause = FIRST_PAUSE
            await trio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    def go_on(self) -> None:
        """Send what is to be said now, if nothing is under way."""
        connection, edge = self.connection, self.edge
        if self.request is not None or connection is None or not connection.is_open:
            return
        now = trio.current_time()
        if now < self.resting_until:
            return
        request = edge.course.begins(self.member, clock.now().wall.astimezone(), now - edge.began)
        if request is None:
            return
        self.request, self.sent_at, self._handing = request, now, None
        self._answer = str(MTI(request.message.mti).response()), request.message.text(11)
        connection.send(edge.way.dialect.spec.encode(request.message), None, self._handed)
        edge.overdue.append((now + edge.way.patience, self, request))

    def gave_no_answer(self, request: Request) -> None:
        """Take in that the patience for *request* is at its end."""
        if self.request is request:
            self._silent(f"no answer within {self.edge.way.patience:g} s")
            self.go_on()

    def end(self) -> None:
        """Give up what is under way still."""
        if self.request is not None:
            self._silent("the fleet ended first")

    @property
    def at_rest(self) -> bool:
        """Whether nothing is under way, and nothing is owed."""
        return self.request is None and not self.member.owes

    def _handed(self, outcome: Handing) -> None:
        self._handing = outcome

    def _heard(self, frame: Frame) -> None:
        edge, request = self.edge, self.request
        try:
            answer = edge.way.dialect.spec.decode(frame.payload)
        except DecodeError:
            # What follows cannot be trusted to be the answer to what follows.
            if request is not None:
                self._silent("what came back is no message of this spec")
            assert self.connection is not None, "it is being read from"
            self.connection.abort("what came is no message")
            return
        if request is None or (answer.mti, answer.text(11)) != self._answer:
            edge.course.tally.strays += 1
            return
        self.request = None
        now = trio.current_time()
        result = edge.course.heard(self.member, request, answer, frame.payload, now - edge.began)
        if request.purpose is Purpose.SIGN_ON:
            edge.signed_on(self, "" if result.approved else f"the sign-on was refused: {result.meaning}")
            if not result.approved:
                self.resting_until = now + LONGEST_PAUSE
        elif request.purpose is Purpose.DEBT:
            self._paid_or_not(result, now)
        else:
            self._rest = FIRST_PAUSE
        self.go_on()

    def _paid_or_not(self, result: Result, now: float) -> None:
        """Rest before a debt is tried again whose answer said nothing; it came at once, and so would the next."""
        if result.outcome is not Outcome.UNKNOWN:
            self._rest, self._disbelieved = FIRST_PAUSE, 0
            return
        self.resting_until = now + self._rest
        self._rest = min(2 * self._rest, LONGEST_REST)
        self._disbelieved = self._disbelieved + 1 if result.distrusted else 0
        if self._disbelieved >= DISBELIEVED:
            self.edge.disbelieve(self.member.till.terminal, result.meaning)

    def _lost(self, why: IsoGatewayError | None) -> None:
        self.connection = None
        self.edge.course.tally.reconnected += 1
        said = "the other side closed the connection" if why is None else str(why)
        if self.request is not None:
            self._silent(said, sent=self._handing is not Handing.NOT_HANDED)
        self.edge.tried(self, said)

    def _silent(self, why: str, *, sent: bool = True) -> None:
        request = self.request
        assert request is not None, "whoever calls has looked"
        self.request = None
        now = trio.current_time()
        self.edge.course.silent(self.member, request, why, now - self.edge.began, sent=sent)
        if request.purpose is Purpose.SIGN_ON:
            self.edge.signed_on(self, f"the sign-on was not answered: {why}")
            self.resting_until = now + LONGEST_PAUSE


class Driver:
    """A fleet under way."""

    def __init__(self, course: Course, way: Way) -> None:
        self.course = course
        self.way = way
        self.dialling = trio.CapacityLimiter(DIALLING)
        self.overdue: deque[tuple[float, _Line, Request]] = deque()
        self.began = math.inf
        """When the load began, on trio's clock; before, it never does."""
        self._lines = [_Line(self, member) for member in course.members]
        self._tried: set[int] = set()
        """The members that are signed on, or have failed to once."""
        self._all_tried = trio.Event()
        self._why = ""
        self._disbelieved = trio.Event()
        self._stopped = ""

    def __repr__(self) -> str:
        return f"<Driver of {len(self._lines)} terminals>"

    def tried(self, line: _Line, why: str) -> None:
        """Take in that *line* is connected, or *why* not."""
        if why:
            self._why = self._why or why
        if why or line.member.signed_on:
            self._note(line)

    def signed_on(self, line: _Line, why: str) -> None:
        """Take in that *line* has signed on, or *why* not."""
        self._why = self._why or why
        self._note(line)

    def disbelieve(self, terminal: str, why: str) -> None:
        """End the run: what *terminal* hears of its reversals cannot be believed, and more of it would not be."""
        if not self._stopped:
            self._stopped = f"stopped: {terminal} believes no answer to its reversals, as {why}; is --mac right?"
        self._disbelieved.set()

    def _note(self, line: _Line) -> None:
        self._tried.add(line.member.number)
        if len(self._tried) == len(self._lines):
            self._all_tried.set()

    @property
    def elapsed(self) -> float:
        """Seconds since the load began; before, below zero."""
        return trio.current_time() - self.began

    async def run(
        self,
        dues: Iterable[Due],
        duration: float,
        stop: trio.Event,
        *,
        closing: float,
        processor: Callable[[], float] = time.process_time,
        ready: Callable[[], object] = lambda: None,
    ) -> Run:
        """Send what is due during *duration* seconds or until *stop*; then settle debts for *closing* seconds at most.

        *processor* tells the seconds that this process has taken of a processor; *ready* is called when all that can
        sign on have done so, before the load begins.

        Raises:
            NoConnection: no terminal could connect and sign on.
        """
        async with trio.open_nursery() as nursery:
            for line in self._lines:
                nursery.start_soon(line.keep)
            nursery.start_soon(self._look_at_the_time)
            await _either(self._all_tried, stop)
            ready()
            connected = sum(line.member.signed_on for line in self._lines)
            before, tally = processor(), self.course.tally
            if connected:
                self.began = trio.current_time()
                await self._load(dues, duration, stop)
            interrupted, seconds = stop.is_set() or self._disbelieved.is_set(), duration
            if interrupted:
                seconds = min(max(self.elapsed, 0.0), duration)
            elif connected:
                await trio.sleep(LATE)
            taken = (processor() - before) / (seconds or math.inf)
            intended, sent = tally.due, tally.sent
            not_sent = self.course.give_up()
            if connected:
                await self._close(closing)
            nursery.cancel_scope.cancel()
        if not connected and not interrupted:
            raise NoConnection(self._why or f"{self.way.address}: no terminal could connect")
        return Run(intended, sent, not_sent, seconds, taken, interrupted, connected, self._stopped)

    async def _close(self, closing: float) -> None:
        """Wait until nothing is under way and nothing is owed, *closing* seconds at most."""
        with trio.move_on_after(closing):
            while not (self._stopped or all(line.at_rest for line in self._lines)):  # noqa: ASYNC110 -- 2,000, once
                await trio.sleep(TICK)
        for line in self._lines:
            line.end()

    async def _load(self, dues: Iterable[Due], duration: float, stop: trio.Event) -> None:
        """Give each terminal what is due, at its moment."""
        with trio.CancelScope() as scope:

            async def until_stopped() -> None:
                await _either(stop, self._disbelieved)
                scope.cancel()

            async with trio.open_nursery() as nursery:
                nursery.start_soon(until_stopped)
                begun = 0
                for due in dues:
                    if (wait := self.began + due.at - trio.current_time()) > 0:
                        await trio.sleep(wait)
                    elif (begun := begun + 1) % PER_BREATH == 0:
                        await trio.lowlevel.checkpoint()
                    if stop.is_set():
                        break
                    member = self.course.came_due(due, trio.current_time() - self.began)
                    self._lines[member.number].go_on()
                await trio.sleep_until(self.began + duration)
                nursery.cancel_scope.cancel()

    async def _look_at_the_time(self) -> None:
        """End the patience of those that wait too long, for ever."""
        rested = 0.0
        while True:
            await trio.sleep(TICK)
            now = trio.current_time()
            while self.overdue and self.overdue[0][0] <= now:
                _, line, request = self.overdue.popleft()
                line.gave_no_answer(request)
            if now > rested + 0.25:
                rested = now
                for line in self._lines:
                    if line.request is None and (line.member.queue or not line.at_rest or not line.member.signed_on):
                        line.go_on()


async def _either(first: trio.Event, second: trio.Event) -> None:
    """Wait until one of them happens."""
    async with trio.open_nursery() as nursery:

        async def wait(event: trio.Event) -> None:
            await event.wait()
            nursery.cancel_scope.cancel()

        nursery.start_soon(wait, first)
        nursery.start_soon(wait, second)
