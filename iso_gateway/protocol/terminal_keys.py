"""The keys that terminals get when they sign on (flows 2.8): made, kept, and only then given."""

from __future__ import annotations

from typing import Final

import msgspec

from iso_gateway.protocol.answering import Answering
from iso_gateway.protocol.commands import GiveKeys
from iso_gateway.protocol.events import KeysGiven
from iso_gateway.protocol.key_exchange import ELEMENT, roles_wanted, written
from iso_gateway.protocol.keyring import of_terminal
from iso_gateway.protocol.peeking import peek
from iso_gateway.protocol.protection import Role, key_name
from iso_gateway.protocol.request import Asker
from iso_gateway.protocol.world import World

GIVES: Final = "/keys"
"""What the id of such a command ends with."""


class Giving(msgspec.Struct):
    """Keys that are being made for a terminal."""

    asker: Asker
    owner: str
    network: str
    until: float


class TerminalKeys:
    """Gives keys out."""

    def __init__(self, world: World, answering: Answering) -> None:
        self._world = world
        self._answering = answering
        self.pending: dict[str, Giving] = {}
        """By the id under which the security module was asked."""

    def signed_on(self, asker: Asker) -> None:
        """Take in the sign-on of a terminal that is to get keys. One at a time: each costs the key store a write."""
        listener = asker.connection.listener
        protection, owner = listener.protection, of_terminal(asker.terminal)
        network = peek(asker.message, listener.dialect.profile.network_code)
        roles = roles_wanted(protection.exchange, network)
        if not roles or any(each.owner == owner for each in self.pending.values()):
            self._answering.at_once(asker, "96" if roles else "40")
            return
        name = f"{self._world.new_id()}{GIVES}"
        until = self._world.now.mono + self._world.setup.limits.stage
        self.pending[name] = Giving(asker, owner, network, until)
        self._world.remind(until, name)
        master = protection.master or key_name(owner, Role.MASTER)
        self._world.emit(GiveKeys(name, owner, listener.name, master, roles))

    def given(self, event: KeysGiven) -> None:
        """Take in the new generation: it is pending until the terminal uses it; also one that came too late."""
        if event.keys is not None:
            self._world.keyring.offered(event.keys)
        giving = self.pending.pop(event.id, None)
        if giving is None:
            return
        self._world.forget(event.id)
        asker = giving.asker
        listener = asker.connection.listener
        exchange = listener.protection.exchange
        field = listener.dialect.spec.fields.get(ELEMENT[exchange]) if exchange in ELEMENT else None
        there = written(exchange, giving.network, event.material) if event.keys is not None and field else None
        if there is None or field is None:
            cause = event.cause or "they are longer than it asked for"
            self._world.log("keys", "error", terminal=asker.terminal, cause=cause)
            self._answering.at_once(asker, "96")
        else:
            self._answering.at_once(asker, "00", {field.name: there})

    def time_passed(self, name: str) -> None:
        """Refuse the sign-on of a terminal whose keys were not made in time."""
        giving = self.pending[name]
        if giving.until > self._world.now.mono:
            self._world.remind(giving.until, name)
            return
        del self.pending[name]
        self._answering.at_once(giving.asker, "96")
