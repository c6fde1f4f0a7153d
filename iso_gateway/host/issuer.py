"""What the mock host checks as the issuer of a card: its PIN, its verification values, its chip's cryptogram.

A PIN lives in the stack of one call and nowhere else; what is kept of a card is how often a wrong one was tried.
"""

from __future__ import annotations

import hmac
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

import msgspec

from iso_gateway.errors import PinBlockError
from iso_gateway.host.chip import Cryptogram, cryptogram_of
from iso_gateway.protocol.peeking import peek
from iso_gateway.protocol.sealing import pin_in
from iso_gateway.security.issuer.card_verification import OF_BACK, OF_CHIP, CardVerificationKey
from iso_gateway.security.issuer.pin_verification import PinVerificationKey
from iso_gateway.security.keys import PinFormat

if TYPE_CHECKING:
    from iso_gateway.host.asked import Asked
    from iso_gateway.host.settings import HostSettings
    from iso_gateway.protocol.protection import Protection
    from iso_gateway.security.held import IssuerKeys

WRONG_BLOCK: Final = "99"
WRONG_PIN: Final = "55"
NO_TRIES_LEFT: Final = "75"
WRONG_CARD: Final = "05"
"""What a wrong verification value or cryptogram is declined with: an issuer does not say which."""
_KEY_INDEX: Final = 1
"""Of the PIN verification key (PVKI)."""
_CVV: Final = slice(12, 15)
"""Where CVV is, counted from the expiry date: after service code, key index and PVV."""
_CARDS: Final = 100_000
"""Whose wrong PINs are counted; above, the card whose last was the longest ago starts anew."""


class Verdict(msgspec.Struct, frozen=True):
    """What the issuer says of a card and its holder."""

    code: str = ""
    """Canonical; empty: nothing against it."""
    cause: str = ""
    cryptogram: Cryptogram | None = None
    """The chip's, where it was checked."""


FINE: Final = Verdict()


class Issuer:
    """The issuer of all cards."""

    def __init__(self, settings: HostSettings, protection: Protection, keys: IssuerKeys) -> None:
        self._settings = settings
        self._protection = protection
        self._pvv, self._ibm = (PinVerificationKey(key) if key else None for key in (keys.pvv, keys.ibm))
        self._cvv = CardVerificationKey(keys.cvv) if keys.cvv else None
        self._emv = keys.emv
        self._wrong: OrderedDict[bytes, int] = OrderedDict()
        """Wrong PINs in a row, by card."""

    def __repr__(self) -> str:
        return "<Issuer>"

    def judge(self, asked: Asked) -> Verdict:
        """Return what is to be said against the card and the PIN of *asked*."""
        for verdict in (self._pin(asked), self._values(asked)):
            if verdict.code:
                return verdict
        return self._chip(asked)

    def tries(self, card: bytes) -> int:
        """Return how many wrong PINs in a row came for *card*."""
        return self._wrong.get(card, 0)

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
        if self._is_right(asked.pan, pin):
            self._wrong.pop(asked.card, None)
            return FINE
        if len(self._wrong) >= _CARDS:
            self._wrong.popitem(last=False)
        self._wrong[asked.card] = wrong + 1
        self._wrong.move_to_end(asked.card)
        return Verdict(WRONG_PIN, "wrong PIN")

    def _is_right(self, pan: str, pin: str) -> bool:
        """Return whether *pin* is the card's: by the value or the offset of its rule, or else the host's."""
        rule = self._settings.rule(pan)
        if rule is not None and rule.pvv and self._pvv is not None:
            return self._pvv.verify_visa(pin, pan, _KEY_INDEX, rule.pvv)
        if rule is not None and rule.offset and self._ibm is not None:
            return self._ibm.verify_ibm(pin, rule.offset, pan[-16:].rjust(16, "0"))
        return hmac.compare_digest(self._settings.pin, pin)

    # The card

    def _values(self, asked: Asked) -> Verdict:
        """Check CVV (of track 2; iCVV where a chip gave it) and CVV2, where they are there and settings say so."""
        if self._cvv is None:
            return FINE
        message = asked.message
        rest = message.text(35).replace("D", "=").partition("=")[2]
        expiry, service, value = rest[:4], rest[4:7], rest[_CVV]
        if self._settings.check_cvv and len(value) == 3 and rest.isdecimal():
            service = OF_CHIP if message.text(22)[:2] in _BY_CHIP else service
            if not self._cvv.verify(asked.pan, expiry, service, value):
                return Verdict(WRONG_CARD, "card verification value of track 2")
        said = peek(message, self._settings.cvv2).strip() if self._settings.cvv2 else ""
        dates = message.text(14) or expiry
        if said and not (dates.isdecimal() and self._cvv.verify(asked.pan, dates, OF_BACK, said)):
            return Verdict(WRONG_CARD, "CVV2")
        return FINE

    def _chip(self, asked: Asked) -> Verdict:
        if not self._settings.check_cryptogram or len(self._emv) != 16:
            return FINE
        found = cryptogram_of(asked.message, asked.pan, self._emv)
        if isinstance(found, str):
            return Verdict(WRONG_CARD, found)
        return Verdict(cryptogram=found)


_BY_CHIP: Final = frozenset({"05", "07", "95"})
"""The first two digits of DE 22 where the track is the chip's."""
