"""The answers that terminals get, and the reading of those that hosts give."""

from __future__ import annotations

from typing import Final

from iso_gateway.codec.message import Message
from iso_gateway.errors import CannotCarry, EncodeError
from iso_gateway.protocol.commands import Deliver, Hangup
from iso_gateway.protocol.dialect import Dialect, Facts
from iso_gateway.protocol.events import Delivered, Fate
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


class Answering:
    """Puts answers into the terminals' words and gives them to their connections."""

    def __init__(self, world: World) -> None:
        self._world = world

    def deliver(self, request: Request, asker: Asker, acquirer: Acquirer | None) -> None:
        """Give *asker* the outcome of *request*; an answer that cannot be written counts as not handed over."""
        dialect = asker.connection.listener.dialect
        same = acquirer is not None and acquirer.dialect.profile.name == dialect.profile.name
        own = request.own_code if same else ""
        payload = self._payload(dialect, asker, request.code, request.answer, own)
        if payload is None:
            self._world.emit_event(Delivered(request.id, Fate.NOT_HANDED))
            return
        self._world.emit(Deliver(request.id, asker.connection.name, asker.header, payload))

    def at_once(self, asker: Asker, code: str) -> None:
        """Answer with *code* and no more; nobody asks what became of it."""
        payload = self._payload(asker.connection.listener.dialect, asker, code, {}, "")
        if payload is None:
            self._world.emit(Hangup(asker.connection.name, "no answer can be written to this message"))
        else:
            self._world.emit(Deliver("", asker.connection.name, asker.header, payload))

    def _payload(self, dialect: Dialect, asker: Asker, code: str, facts: Facts, own: str) -> bytes | None:
        today = self._world.now.wall.date()
        try:
            return dialect.spec.encode(dialect.answer(asker.message, code, facts, today, own=own))
        except (CannotCarry, EncodeError) as error:
            self._world.log("cannot carry", "warning", peer=asker.connection.peer, cause=str(error))
        # An answer that cannot carry what the host said besides still tells the outcome.
        essential = {name: value for name, value in facts.items() if name in ESSENTIAL}
        if essential != facts:
            return self._payload(dialect, asker, code, essential, own)
        return None
