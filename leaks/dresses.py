"""In which bytes a secret may stand: every way in which this program or its neighbours write digits and keys."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Final, NamedTuple

from iso_gateway.security.keys import PinFormat
from iso_gateway.security.pin_blocks import encode
from leaks.canaries import Canaries, Card

SHORTEST: Final = 6
"""Bytes that are looked for at least: fewer stand anywhere by chance."""


class Pattern(NamedTuple):
    """One secret in one dress."""

    kind: str
    """``pan``, ``track``, ``cvv``, ``pin``, ``pin block``, ``key``, ``passphrase``."""
    number: int
    """Which of the secrets of that kind."""
    dress: str
    data: bytes

    def __repr__(self) -> str:
        return f"<Pattern {self.kind} {self.number}, {self.dress}>"


def patterns(canaries: Canaries) -> list[Pattern]:
    """Return all that is looked for."""
    found = [pattern for number, card in enumerate(canaries.cards) for pattern in _of_card(number, card)]
    for number, key in enumerate(canaries.keys.values()):
        found += [Pattern("key", number, dress, data) for dress, data in _of_key(key)]
    found += [Pattern("passphrase", 0, dress, data) for dress, data in of_text(canaries.passphrase)]
    assert all(len(pattern.data) >= SHORTEST for pattern in found)
    return found


def _of_card(number: int, card: Card) -> Iterator[Pattern]:
    for kind, text in (("pan", card.pan), ("track", card.track), ("cvv", card.discretionary), ("pin", card.pin)):
        for dress, data in [*of_text(text), *of_digits(text)]:
            yield Pattern(kind, number, dress, data)
    yield Pattern("track", number, "packed", bytes.fromhex(card.track.replace("=", "D").ljust(36, "F")[:36]))
    field = f"0{len(card.pin):X}{card.pin}FF"  # the half of a PIN block of formats 0 and 3 that knows no card
    block = encode(PinFormat.ISO_0, card.pin, card.pan, lambda count: b"\xff" * count)
    for name, value in (("before the card", bytes.fromhex(field)), ("format 0", block)):
        for dress, data in of_bytes(value):
            yield Pattern("pin block", number, f"{name}, {dress}", data)


def _of_key(key: bytes) -> Iterator[tuple[str, bytes]]:
    yield from of_bytes(key)
    halves = (("left half", key[:8]), ("right half", key[8:])) if len(key) > 8 else ()
    for name, half in halves:
        for dress, data in of_bytes(half):
            yield f"{name}, {dress}", data


def of_text(text: str) -> Iterator[tuple[str, bytes]]:
    """Yield *text* in the character sets of messages and logs."""
    yield "ascii", text.encode("ascii")
    yield "ebcdic", text.encode("cp500")
    yield "utf-16", text.encode("utf-16-le")
    yield "hexadecimal", text.encode("ascii").hex().encode()
    yield from _in_base64(text.encode("ascii"))


def of_digits(text: str) -> Iterator[tuple[str, bytes]]:
    """Yield *text* as packed digits, from either nibble."""
    packed = text.replace("=", "D")
    for name, padded in (("packed", packed), ("packed from the second nibble", packed[1:])):
        whole = padded[: len(padded) // 2 * 2]
        if len(whole) // 2 >= SHORTEST:
            yield name, bytes.fromhex(whole)
    yield "backwards", text[::-1].encode("ascii")


def of_bytes(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield *data* as it is, and as text."""
    yield "binary", data
    yield "hexadecimal", data.hex().encode()
    yield "HEXADECIMAL", data.hex().upper().encode()
    yield "escaped", repr(data)[2:-1].encode()
    yield "backwards", data[::-1]
    yield from _in_base64(data)


def _in_base64(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield what stays the same of *data* in base64, wherever in a longer text it stands."""
    for shift in range(3):
        written = base64.b64encode(bytes(shift) + data)
        whole = written[(4 * shift + 2) // 3 + (1 if shift else 0) : len(written) // 4 * 4 - 4]
        if len(whole) >= SHORTEST:
            yield f"base64 at {shift}", whole
