"""Secrets that are nobody's, each found nowhere else: what is looked for after a day of a shop."""

from __future__ import annotations

import secrets
from typing import Final, NamedTuple

from iso_gateway.security.key_material import adjust_parity, refuse_weak
from iso_gateway.security.keys import KeyAlgorithm

BIN: Final = "476173"
"""The first digits of test cards."""


class Card(NamedTuple):
    """A card with its track, and the PIN of its holder."""

    pan: str
    track: str
    """Track 2, without sentinels."""
    discretionary: str
    """What in the track only its issuer understands: the card verification value is in it."""
    pin: str
    """12 digits, so that nothing else looks like it."""


class Canaries(NamedTuple):
    """All that must not be found."""

    cards: tuple[Card, ...]
    keys: dict[str, bytes]
    """By name in the key store."""
    passphrase: str
    """What unlocks the key store."""
    mark: str
    """No secret: how the ids of terminals begin, which must be found in every place, or that was not searched."""


def hatch(keys: list[str]) -> Canaries:
    """Return new canaries, with a key for each of the names *keys*, in which ``{mark}`` is the mark."""
    mark = "LK" + digits(5)
    return Canaries(
        tuple(_card() for _ in range(2)),
        {name.format(mark=mark): _key() for name in keys},
        f"passphrase-{secrets.token_hex(12)}",
        mark,
    )


def digits(count: int) -> str:
    """Return *count* digits."""
    return "".join(secrets.choice("0123456789") for _ in range(count))


def _card() -> Card:
    body = BIN + digits(9)
    pan = body + _check_digit(body)
    discretionary = digits(13)
    # An expiry with no meaning elsewhere, service code 201.
    return Card(pan, f"{pan}=3012201{discretionary}", discretionary, digits(12))


def _check_digit(body: str) -> str:
    """Return the digit that makes *body* a card number (ISO/IEC 7812-1, annex B)."""
    doubled = (int(digit) * (2 - place % 2) for place, digit in enumerate(reversed(body)))
    return str(-sum(value - 9 if value > 9 else value for value in doubled) % 10)


def _key() -> bytes:
    key = bytearray(secrets.token_bytes(16))
    adjust_parity(key)
    refuse_weak(KeyAlgorithm.TDES, key)
    return bytes(key)
