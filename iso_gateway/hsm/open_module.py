"""The module of a gateway without keys: it verifies nothing and translates nothing.

It stands where a real module will stand, so that verifying and securing are steps of every request from the first
day. MAC fields are taken out, since the next leg could not verify them; a PIN block is passed on as it is.
"""

from __future__ import annotations

from typing import Final

from iso_gateway.protocol.commands import Secure, Verify
from iso_gateway.protocol.events import Secured, Verified

MAC_FIELDS: Final = (64, 128)


class OpenModule:
    """Answers every command at once, without a key."""

    def verify(self, command: Verify) -> Verified:
        """Call the message genuine: without a key there is nothing to compare with."""
        return Verified(command.id)

    def secure(self, command: Secure) -> Secured:
        """Return the message without a MAC."""
        message = command.message
        present: dict[int | str, None] = {de: None for de in MAC_FIELDS if de in message}
        return Secured(command.id, message.evolve(present) if present else message)
