"""A till with keys: what it sends has a MAC, and it says whether it believes what it hears."""

from __future__ import annotations

from typing import Any

import msgspec

from iso_gateway.codec.message import Message
from iso_gateway.host.authorizer import Authorizer
from iso_gateway.host.guard import Guard
from iso_gateway.host.issuer import Issuer
from iso_gateway.host.settings import HostSettings
from iso_gateway.hsm.held_file import published_keys
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.protection import Protection
from iso_gateway.security.keys import MacAlgorithm, MacMethod
from iso_gateway.terminal.shield import Shield
from tests.support.till import Reply, Till

HELD = published_keys()
RETAIL = Protection(mac=MacMethod(MacAlgorithm.X9_19))


class KeyedTill(Till):
    """A till and a host that hold the published keys."""

    def __init__(self, spec: str = "iso87-ascii", *, protection: Protection = RETAIL, **settings: Any) -> None:
        super().__init__(spec)
        given = HostSettings(protection=protection, **settings)
        self.guard = Guard(self.dialect, given, HELD)
        self.issuer = Issuer(given, protection, HELD.issuer)
        self.host = Authorizer(self.dialect, given, first_serial=77, guard=self.guard, issuer=self.issuer)
        self.pin = ""
        self.keys = HELD.zone if given.keys_of == "zone" else HELD.of(self.terminal)

    @property
    def shield(self) -> Shield:
        """How it protects what it sends, with the keys that it has now."""
        protection = self.host.settings.protection
        return Shield(self.dialect, protection, self.keys, lambda size: bytes(range(1, size + 1)), HELD.dukpt)

    def has(self, **keys: bytes) -> None:
        """Give the till other keys than it had."""
        self.keys = msgspec.structs.replace(self.keys, **keys)

    def send(self, message: Message) -> Reply:
        """Send *message* with its MAC, and with the block of the PIN that was entered last."""
        pin, self.pin = self.pin, ""
        return self.give(self.shield.protected(message, pin))

    def pay(self, pin: str, amount: int = 1000, **how: Any) -> Reply:
        """Send a sale with *pin*."""
        self.pin = pin
        return self.ask(Kind.SALE, amount, **how)

    def give(self, message: Message, payload: bytes = b"") -> Reply:
        """Send *message* just as it is, or the bytes of *payload* in its stead."""
        decision = self.host.hear(payload or self.dialect.spec.encode(message), self.moment, self.link)
        reply = Reply(self, message, decision)
        if decision.answer is not None:
            wire = self.host.payload(decision)
            reply.answer = self.dialect.spec.decode(wire)
            reply.doubt = self.shield.doubt(message, reply.answer, wire)
        return reply
