"""The answers that terminals get, and the reading of those that hosts give."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final, NamedTuple

from iso_gateway.codec.message import Message
from iso_gateway.errors import CannotCarry, EncodeError
from iso_gateway.protocol.commands import Deliver, Hangup, Secure
from iso_gateway.protocol.dialect import Dialect, Facts
from iso_gateway.protocol.events import Delivered, Fate, Secured
from iso_gateway.protocol.keyring import of_terminal
from iso_gateway.protocol.request import Asker, Request
from iso_gateway.protocol.setup import Acquirer
from iso_gateway.protocol.world import World

ESSENTIAL: Final = frozenset({"amount_transaction", "retrieval_reference_number", "authorization_id_response"})
"""What an approval is not an approval without; where even this has no place, nothing is delivered."""

COMPARED: Final = {3: "DE 3", 4: "DE 4", 49: "DE 49", 41: "DE 41", 2: "DE 2"}
"""The elements of an approval that must be the request's, where it has them (ruling 9)."""


def mismatch(request: Message, answer: Message, *, partial: bool) -> str:
    """Return which element of an approving *answer* is not the request's, or the empty text.

    Text is compared without padding. A partial approval may say a smaller amount, and must say one.
    """
    if partial and not answer.text(4):
        return COMPARED[4]
    for de, said in COMPARED.items():
        if request.get(de) == answer.get(de):
            continue
        asked, answered = request.text(de), answer.text(de)
        if not asked or not answered or asked == answered:
            continue
        if de == 4 and partial and answered.isdecimal() and int(answered) < int(asked):
            continue
        return said
    return ""


TIMER: Final = "answers without their MACs"
"""Whom the node calls when the first of them has waited for long enough: one timer for all, most of which are secured
before anybody looks."""
AT_ONCE: Final = "/at once"
TO_ASKER: Final = "/to "
"""What the id of a command for the MAC of an answer ends with, and what stands before the number of its asker."""


class Protected(NamedTuple):
    """An answer whose MAC is being made."""

    asker: Asker
    until: float
    """When it is given up, on the monotonic clock."""
    bare: bytes | None
    """What goes out where there is no MAC: a decline, which says so; None: an approval, which does not."""
    then: Callable[[bytes | None], None]
    """What is done with it; None: it must not go out."""


class Answering:
    """Puts answers into the terminals' words and gives them to their connections."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.pending: dict[str, Protected] = {}
        """By the id under which the security module was asked."""

    def deliver(self, request: Request, asker: Asker, acquirer: Acquirer | None) -> None:
        """Give *asker* the outcome of *request*; an answer that cannot be written counts as not handed over."""
        dialect = asker.connection.listener.dialect
        same = acquirer is not None and acquirer.dialect.profile.name == dialect.profile.name
        own = request.own_code if same else ""
        written = self._written(dialect, asker, request.code, request.answer, own)
        self.hand(request, asker, None if written is None else written[1])

    def hand(self, request: Request, asker: Asker, payload: bytes | None) -> None:
        """Give *asker* the *payload* that answers it; None counts as not handed over."""
        if payload is None:
            self._world.emit_event(Delivered(request.id, Fate.NOT_HANDED))
            return
        self._world.emit(Deliver(request.id, asker.connection.name, asker.header, payload))

    def protects(self, asker: Asker, code: str) -> bool:
        """Return whether the answer *code* to *asker* is to have a MAC (ruling 12): an approval always, a decline by
        the profile, and network management never (ruling 14).
        """
        listener = asker.connection.listener
        if listener.protection.mac is None or asker.message.mti[1] == "8":
            return False
        return listener.dialect.profile.mac_on_declines or listener.dialect.approves(code)

    def protect(
        self, request: Request, number: int, acquirer: Acquirer | None, then: Callable[[bytes | None], None]
    ) -> None:
        """Have the answer to one asker of *request* made, with its MAC, and *then* do something with it.

        The key is that of the generation which verified what is answered: a repeat may have another one than the first
        message (promise 2). Where there is none, a decline goes out without a MAC: it says why there is none.
        """
        asker = request.askers[number]
        dialect = asker.connection.listener.dialect
        same = acquirer is not None and acquirer.dialect.profile.name == dialect.profile.name
        own = request.own_code if same else ""
        written = self._written(dialect, asker, request.code, request.answer, own)
        if written is None or not self.protects(asker, request.code):
            then(None if written is None else written[1])
            return
        self._secure(f"{request.id}{TO_ASKER}{number}", asker, request.code, written, then)

    def _secure(
        self, name: str, asker: Asker, code: str, written: tuple[Message, bytes], then: Callable[[bytes | None], None]
    ) -> None:
        listener = asker.connection.listener
        keys = asker.keys or self._world.keyring.to_send(of_terminal(asker.terminal), listener.protection)
        bare = None if listener.dialect.approves(code) else written[1]
        if keys is None:
            then(bare)
            return
        until = self._world.now.mono + self._world.setup.limits.stage
        self.pending[name] = Protected(asker, until, bare, then)
        self._world.remind(until, TIMER)
        self._world.emit(Secure(name, listener.name, written[0], keys, asked=asker.message))

    def secured(self, event: Secured) -> None:
        """Take in an answer with its MAC, or that there is none."""
        protected = self.pending.pop(event.id)
        payload = event.payload or None
        if event.message is not None and payload is None:
            payload = protected.asker.connection.listener.dialect.spec.encode(event.message)
        if payload is None:
            self._unprotected(protected, f"the security module made no MAC for it: {event.code}")
        protected.then(payload or protected.bare)

    def time_passed(self) -> None:
        """Give up the answers whose MACs were not made in time."""
        now = self._world.now.mono
        late = [name for name, protected in self.pending.items() if protected.until <= now]
        for protected in map(self.pending.pop, late):
            self._unprotected(protected, "the security module took too long")
            protected.then(protected.bare)
        if self.pending:
            self._world.remind(min(protected.until for protected in self.pending.values()), TIMER)

    def _unprotected(self, protected: Protected, cause: str) -> None:
        asker = protected.asker
        event = "no answer" if protected.bare is None else "no MAC"
        self._world.log(event, "warning", peer=asker.connection.peer, terminal=asker.terminal, cause=cause)

    def at_once(self, asker: Asker, code: str, facts: Facts | None = None) -> None:
        """Answer with *code*, and *facts* where there are any; nobody asks what became of it."""
        written = self._written(asker.connection.listener.dialect, asker, code, facts or {}, "")
        if written is not None and self.protects(asker, code):
            name = f"{self._world.new_id()}{AT_ONCE}"
            self._secure(name, asker, code, written, partial(self._at_once, asker))
        else:
            self._at_once(asker, None if written is None else written[1])

    def _at_once(self, asker: Asker, payload: bytes | None) -> None:
        if payload is None:
            self._world.emit(Hangup(asker.connection.name, "no answer can be written to this message"))
        else:
            self._world.emit(Deliver("", asker.connection.name, asker.header, payload))

    def _written(
        self, dialect: Dialect, asker: Asker, code: str, facts: Facts, own: str
    ) -> tuple[Message, bytes] | None:
        """Return an answer, and the same in bytes; None where it cannot be written."""
        today = self._world.now.wall.date()
        try:
            answer = dialect.answer(asker.message, code, facts, today, own=own)
            return answer, dialect.spec.encode(answer)
        except (CannotCarry, EncodeError) as error:
            self._world.log("cannot carry", "warning", peer=asker.connection.peer, cause=str(error))
        # An answer that cannot carry what the host said besides still tells the outcome.
        essential = {name: value for name, value in facts.items() if name in ESSENTIAL}
        if essential != facts:
            return self._written(dialect, asker, code, essential, own)
        return None
