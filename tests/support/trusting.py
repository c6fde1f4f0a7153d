"""A security module that trusts everybody: what comes is genuine, and what goes out has no MAC.

For stories that are not about keys, but pass through every state that keys bring.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from iso_gateway.protocol.commands import Secure, Unseal, Verify
from iso_gateway.protocol.events import CardKnown, Secured, Verified
from iso_gateway.protocol.legs import MAC
from iso_gateway.protocol.protection import KeySet, KnownKeys, Role, key_name
from iso_gateway.security.keys import KeyRef, KeyState
from iso_gateway.security.seal import Seal


def generation(owner: str, number: int = 1) -> KeySet:
    """Return a generation of *owner*: a MAC key and a PIN key."""
    mac, pin = (KeyRef(key_name(owner, role), number) for role in (Role.MAC, Role.PIN))
    return KeySet(owner, number, mac=mac, pin=pin)


def known(owners: Iterable[tuple[str, int]]) -> Iterator[KnownKeys]:
    """Yield what a key store says that has the generations up to a number for each of *owners*, the last one active."""
    for owner, last in owners:
        for number in range(1, last + 1):
            yield KnownKeys(generation(owner, number), KeyState.ACTIVE if number == last else KeyState.RETIRING)


class TrustingModule:
    """Answers every command at once, without a key."""

    def __init__(self, seal: Seal) -> None:
        self._seal = seal

    def answer(self, command: Verify | Secure | Unseal) -> Verified | Secured | CardKnown:
        """Return what the module says to *command*."""
        match command:
            case Verify():
                return self.verify(command)
            case Secure():
                return self.secure(command)
            case Unseal():
                return self.unseal(command)

    def verify(self, command: Verify) -> Verified:
        """Call the message genuine, made with the likeliest generation."""
        hashed = self._seal.fingerprint(command.hashed) if command.hashed else b""
        return Verified(command.id, "", command.keys[0] if command.keys else None, hashed)

    def secure(self, command: Secure) -> Secured:
        """Return the message without a MAC."""
        present: dict[int | str, None] = {de: None for de in MAC if de in command.message}
        message = command.message.evolve(present) if present else command.message
        return Secured(command.id, message, sealed=self._seal.seal(command.pan) if command.pan else b"")

    def unseal(self, command: Unseal) -> CardKnown:
        """Open the card number."""
        return CardKnown(command.id, self._seal.unseal(command.card))
