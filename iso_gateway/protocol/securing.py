"""What a request needs of the security module before it goes to its host: PIN block, MAC, sealed card number.

Rule 1: a PIN block goes from keys of one leg to keys of the other, or it does not go. Only where neither leg has any
        protection is it passed on as it is: then terminal and host have a key that the gateway knows nothing of.
Rule 2: what was secured for one link is never sent with other keys than its present ones: it is secured anew.
"""

from __future__ import annotations

from typing import Final

from iso_gateway.codec.message import Message
from iso_gateway.protocol.closing import Closing
from iso_gateway.protocol.commands import Origin, Secure
from iso_gateway.protocol.keyring import of_link
from iso_gateway.protocol.link import Link
from iso_gateway.protocol.protection import KeySet
from iso_gateway.protocol.request import Request
from iso_gateway.protocol.setup import Acquirer
from iso_gateway.protocol.world import World

PIN: Final = 52
CONTROL: Final = 53
WITHOUT_PAN: Final = "1"
"""DE 53.1 of a UnionPay PIN block that has no card number in it (ruling 14)."""


class Securing:
    """Asks for what a request is to have on its host's leg."""

    def __init__(self, world: World, closing: Closing) -> None:
        self._world = world
        self._closing = closing

    def refusal(self, request: Request, acquirer: Acquirer) -> tuple[str, str]:
        """Return with which code, and why, the PIN block of *request* cannot go to *acquirer*; empty: it can."""
        theirs, ours = request.listener.protection, acquirer.protection
        if PIN not in request.message or not (theirs.keyed or ours.keyed):
            return "", ""
        if theirs.pin is None:
            return "A7", "the terminal's leg has no keys for PIN blocks"
        if ours.pin is None:
            return "A7", f"{acquirer.name} has no keys for PIN blocks"
        without = request.message.text(CONTROL)[:1] == WITHOUT_PAN and request.listener.dialect.profile.pin_control
        if without and not theirs.pin_without_pan:
            return "99", "a PIN block without the card number, by setting refused"
        return "", ""

    def secure(self, request: Request, message: Message, acquirer: Acquirer) -> None:
        """Have *message*, the request as *acquirer* gets it, made ready for the link of *request*."""
        assert request.link is not None
        keys = self._keys(acquirer, request.link)
        if keys is None and acquirer.keyed:
            self._closing.refuse(request, "96", f"no keys of {acquirer.name} are known")
            return
        profile = acquirer.dialect.profile
        if PIN in message and acquirer.protection.pin is not None and profile.pin_control:
            message = message.evolve({CONTROL: profile.pin_control.ljust(16, "0")})
        self._ask(request, message, acquirer, keys, request.pan if self._world.setup.sealing else "")

    def outdated(self, request: Request, acquirer: Acquirer, link: Link) -> bool:
        """Return whether *request* was secured with other keys than *link* has now."""
        return request.host_keys != self._keys(acquirer, link)

    def anew(self, request: Request, acquirer: Acquirer, link: Link) -> bool:
        """Have *request* secured with the present keys of *link*; return False where there are none."""
        keys = self._keys(acquirer, link)
        if keys is None or request.host_request is None:
            return False
        self._ask(request, request.host_request, acquirer, keys, "")
        return True

    def _keys(self, acquirer: Acquirer, link: Link) -> KeySet | None:
        if not acquirer.keyed:
            return None
        return self._world.keyring.to_send(of_link(acquirer, link.name), acquirer.protection)

    def _ask(self, request: Request, message: Message, acquirer: Acquirer, keys: KeySet | None, pan: str) -> None:
        request.host_keys = keys
        origin = None
        if PIN in message and acquirer.protection.pin is not None:
            origin = Origin(request.listener.name, request.message, request.askers[0].keys)
        self._closing.wait(request, self._world.setup.limits.stage)
        self._world.emit(Secure(request.id, acquirer.name, message, keys, origin, pan=pan))
