"""What the mock host checks as the issuer of a card: its PIN.

A PIN lives in the stack of one call and nowhere else; what is kept of a card is how often a wrong one was tried.
"""

from __future__ import annotations

import hmac
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

import msgspec

from iso_gateway.errors import PinBlockError
from iso_gateway.protocol.sealing import pin_in
from iso_gateway.security.keys import PinFormat

if TYPE_CHECKING:
    from iso_gateway.host.asked import Asked
    from iso_gateway.host.guard import Guard
    from iso_gateway.host.settings import HostSettings

WRONG_BLOCK: Final = "99"
WRONG_PIN: Final = "55"
NO_TRIES_LEFT: Final = "75"
_CARDS: Final = 100_000
"""Whose wrong PINs are counted; above, the card whose last was the longest ago starts anew."""


class Verdict(msgspec.Struct, frozen=True):
    """What the issuer says of a card and its holder."""

    code: str = ""
    """Canonical; empty: nothing against it."""
    cause: str = ""


FINE: Final = Verdict()


class Issuer:
    """The issuer of all cards."""

    def __init__(self, settings: HostSettings, guard: Guard) -> None:
        self._settings = settings
        self._protection = guard.protection
        self._wrong: OrderedDict[bytes, int] = OrderedDict()
        """Wrong PINs in a row, by card."""

    def __repr__(self) -> str:
        return "<Issuer>"

    def judge(self, asked: Asked) -> Verdict:
        """Return what is to be said against the card and the PIN of *asked*."""
        return self._pin(asked)

    def _pin(self, asked: Asked) -> Verdict:
        """Check the PIN of a message that has one, under the keys under which it came (ruling 11)."""
        form, block = self._protection.pin, asked.message.get(52)
        if form is None or not isinstance(block, bytes):
            return FINE
        without_pan = form is PinFormat.ISO_1 or self._protection.pin_without_pan
        if asked.message.text(53)[:1] == "1" and not without_pan:
            return Verdict(WRONG_BLOCK, "a PIN block without the card's number")
        for key in asked.under.pin_keys:
            try:
                pin = pin_in(form, block, asked.pan, key)
            except PinBlockError:
                continue
            return self._checked(asked, pin)
        return Verdict(WRONG_BLOCK, "no PIN block under the keys of this owner")

    def _checked(self, asked: Asked, pin: str) -> Verdict:
        wrong = self._wrong.get(asked.card, 0)
        if wrong >= self._settings.pin_tries:
            return Verdict(NO_TRIES_LEFT, "PIN tries exceeded")
        if hmac.compare_digest(self._settings.pin, pin):
            self._wrong.pop(asked.card, None)
            return FINE
        if len(self._wrong) >= _CARDS:
            self._wrong.popitem(last=False)
        self._wrong[asked.card] = wrong + 1
        self._wrong.move_to_end(asked.card)
        return Verdict(WRONG_PIN, "wrong PIN")
