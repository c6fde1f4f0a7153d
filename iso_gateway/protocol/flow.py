"""The way of one request through the gateway, from its frame to the fate of its answer.

    verify MAC -> repeat of one in flight? -> original and repeat, where it names one -> rules      (arrivals.py)
    -> bounds, route, link -> secure and number anew -> journal -> send -> match -> verify -> judge (forwarding.py)
    -> journal -> deliver, reverse what was not delivered -> close                                   (closing.py)

The states and their transitions are the table in ``transaction.py``. Here the answers of the edge are given to
whichever of the three has the request in hand, by its state.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, get_args

from iso_gateway.protocol.arrivals import Arrivals
from iso_gateway.protocol.closing import Closing, Underway
from iso_gateway.protocol.events import (
    Conflict,
    Delivered,
    Found,
    Gathered,
    Journaled,
    JournalFailed,
    NotSent,
    Secured,
    SendUncertain,
    Verified,
)
from iso_gateway.protocol.forwarding import Forwarding
from iso_gateway.protocol.links import Links
from iso_gateway.protocol.owing import Owing
from iso_gateway.protocol.questions import Questions
from iso_gateway.protocol.request import Request
from iso_gateway.protocol.settlement import BATCH_KINDS, Settlement
from iso_gateway.protocol.transaction import State
from iso_gateway.protocol.verdicts import Verdict
from iso_gateway.protocol.world import World

EdgeAnswer = (
    Verified | Secured | Journaled | Conflict | JournalFailed | Found | Gathered | SendUncertain | NotSent | Delivered
)
"""The events that answer a command."""

ANSWERS: Final = get_args(EdgeAnswer)

# See forwarding.py.
_VERIFYING, _JOURNALING, _CHECKING, _RECORDING = State.VERIFYING, State.JOURNALING, State.CHECKING, State.RECORDING


class Flow:
    """All requests under way."""

    def __init__(self, world: World, links: Links, owing: Owing, questions: Questions) -> None:
        self._world = world
        self._questions = questions
        underway = Underway()
        self._closing = Closing(world, links, owing, questions, underway)
        self._forwarding = Forwarding(world, links, self._closing, underway)
        self._settlement = Settlement(world, self._closing, self._forwarding, underway)
        self._arrivals = Arrivals(world, self._forwarding, self._closing, underway, self._settlement)
        self.requests = underway.requests
        self.arrive = self._arrivals.arrive
        self.signed_on = self._settlement.signed_on
        self.answered = self._forwarding.answered
        self.answering = self._closing.answering
        self.doubles = self._forwarding.doubles
        self.takes = self._by_kind_of_event()
        """Who takes in which answer of the edge to what a request asked for last."""

    def _by_kind_of_event(self) -> dict[type[EdgeAnswer], Callable[[Request, Any], None]]:
        return {
            Verified: self._verified,
            Found: self._arrivals.found,
            Gathered: self._settlement.gathered,
            Secured: self._secured,
            Journaled: self._journaled,
            Conflict: self._arrivals.conflict,
            JournalFailed: self._journal_failed,
            NotSent: self._not_sent,
            SendUncertain: self._send_uncertain,
            Delivered: self._delivered,
        }

    def _verified(self, request: Request, event: Verified) -> None:
        if request.state is _CHECKING:
            self._forwarding.verified(request, event.code)
        elif request.state is _VERIFYING:
            self._arrivals.verified(request, event)

    def _secured(self, request: Request, event: Secured) -> None:
        self._forwarding.secured(request, event)

    def _journaled(self, request: Request, _: Journaled) -> None:
        if request.state is _JOURNALING:
            if self._questions.of and request.listener.dialect.profile.terminals_reverse_first:
                self._questions.next_request(request)
            self._forwarding.send(request)
        elif request.state is _RECORDING:
            self._closing.recorded(request)
        elif request.state is State.FILING:
            self._closing.filed(request)

    def _journal_failed(self, request: Request, event: JournalFailed) -> None:
        self._closing.journal_failed(request, event.reason)

    def _not_sent(self, request: Request, _: NotSent) -> None:
        if request.state is State.SENT:
            self._forwarding.not_sent(request)

    def _send_uncertain(self, request: Request, _: SendUncertain) -> None:
        self._forwarding.uncertain(request, "while it was being written to")

    def _delivered(self, request: Request, event: Delivered) -> None:
        self._closing.delivered(request, event.fate)

    def link_lost(self, request: Request, reason: str, *, garbled: bool) -> None:
        """Take in that the link is gone to which *request* was given; *garbled*: for what the host sent."""
        verdict = Verdict.NO_FRAME if garbled else Verdict.LINK_LOST
        self._forwarding.uncertain(request, reason, verdict)

    def time_passed(self, request: Request) -> None:
        """Feed the request's deadline, if it has come."""
        if request.deadline is None:
            return
        if request.deadline > self._world.now.mono:
            self._world.remind(request.deadline, request.id)
            return
        request.deadline = None
        match request.state:
            case State.LOOKING_UP if request.kind in BATCH_KINDS:
                self._settlement.look_again(request)
            case State.VERIFYING | State.LOOKING_UP | State.SECURING:
                self._closing.too_slow(request)
            case State.SENT | State.CHECKING:
                self._forwarding.timed_out(request)
            case State.SECURING_ANEW:
                self._forwarding.not_sent(request, "96", "the security module took too long")
            case _:
                pass
