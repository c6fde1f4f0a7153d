"""What bytes may serve as a key: parity, weak keys, equal halves, and keys from components.

DES keys carry a parity bit in each byte. What comes from outside has it right or not, and the check value decides
(ruling 13): `adjust_parity` comes first, then `refuse_weak`.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from iso_gateway.errors import KeyMaterialError
from iso_gateway.security.block_ciphers import KEY_BYTES
from iso_gateway.security.keys import KeyAlgorithm

ODD: Final = bytes(value ^ (value.bit_count() + 1) % 2 for value in range(256))
"""Each byte with its last bit such that its bits are odd in number."""

WEAK: Final = frozenset(
    bytes.fromhex(key)
    for key in (
        # Four weak keys: each decrypts what it encrypted by encrypting again.
        *("0101010101010101", "FEFEFEFEFEFEFEFE", "E0E0E0E0F1F1F1F1", "1F1F1F1F0E0E0E0E"),
        # Six pairs of semi-weak keys: each decrypts what the other encrypted by encrypting.
        *("01FE01FE01FE01FE", "FE01FE01FE01FE01", "1FE01FE00EF10EF1", "E01FE01FF10EF10E"),
        *("01E001E001F101F1", "E001E001F101F101", "1FFE1FFE0EFE0EFE", "FE1FFE1FFE0EFE0E"),
        *("011F011F010E010E", "1F011F010E010E01", "E0FEE0FEF1FEF1FE", "FEE0FEE0FEF1FEF1"),
    )
)
"""The weak and semi-weak keys of DES (NIST SP 800-67, 3.4.2), with odd parity."""

HMAC_KEY_BYTES: Final = range(16, 129)
"""How long keys of HMAC-SHA-256 may be."""


def adjust_parity(key: bytearray) -> None:
    """Give every byte of *key* odd parity, in place: what it encrypts stays the same."""
    for place, value in enumerate(key):
        key[place] = ODD[value]


def has_odd_parity(key: bytes | bytearray) -> bool:
    """Say whether every byte of *key* has odd parity."""
    return all(value.bit_count() % 2 for value in key)


def check_length(kind: KeyAlgorithm, key: bytes | bytearray) -> None:
    """Pass a key whose length is one of *kind*'s.

    Raises:
        KeyMaterialError: it is not.
    """
    if len(key) not in (HMAC_KEY_BYTES if kind is KeyAlgorithm.HMAC else KEY_BYTES[kind]):
        raise KeyMaterialError("a key of a length that its algorithm does not have")


def refuse_weak(kind: KeyAlgorithm, key: bytes | bytearray) -> None:
    """Pass a key that is as good as its length; parity bits do not count.

    Raises:
        KeyMaterialError: *key* is none of *kind* by its length, all of one byte, or, of DES and TDES, has a weak or
            semi-weak third or neighbouring ones that are equal (which makes single DES of it).
    """
    check_length(kind, key)
    if kind not in (KeyAlgorithm.DES, KeyAlgorithm.TDES):
        if len(set(key)) == 1:
            raise KeyMaterialError("a weak key: all its bytes are the same")
        return
    adjusted = bytearray(key)
    adjust_parity(adjusted)
    parts = [adjusted[place : place + 8] for place in range(0, len(adjusted), 8)]
    weak = any(part == known for part in parts for known in WEAK)
    equal = any(one == other for one, other in pairwise(parts))
    for copy in (adjusted, *parts):
        copy[:] = bytes(len(copy))
    if weak:
        raise KeyMaterialError("a weak key")
    if equal:
        raise KeyMaterialError("a key with equal halves")


def same(kind: KeyAlgorithm, one: bytes | bytearray, other: bytes | bytearray) -> bool:
    """Say in constant time whether two keys do the same: parity bits of DES and TDES do not count."""
    copies = bytearray(one), bytearray(other)
    for copy in copies if kind in (KeyAlgorithm.DES, KeyAlgorithm.TDES) else ():
        adjust_parity(copy)
    equal = hmac.compare_digest(*copies)
    for copy in copies:
        copy[:] = bytes(len(copy))
    return equal


def refuse_plain(component: bytes | bytearray) -> None:
    """Pass a component that hides something: one byte all over, as zeros are, hides nothing of the other ones.

    Raises:
        KeyMaterialError: it is the same byte all over, parity bits aside.
    """
    if len({value | 1 for value in component}) == 1:
        raise KeyMaterialError(
            "a component is one byte all over: whoever has the other components has the key; make each at random"
        )


def combine(components: Sequence[bytes | bytearray]) -> bytearray:
    """Return the key whose components these are: all of them added (exclusive or), each as long as the key.

    Raises:
        KeyMaterialError: there are fewer than two, their lengths differ, two are the same, or one hides nothing.
    """
    if len(components) < 2 or len({len(component) for component in components}) != 1:
        raise KeyMaterialError("a key is made of two or more components of one length")
    if any(hmac.compare_digest(one, other) for place, one in enumerate(components) for other in components[:place]):
        raise KeyMaterialError("two components are the same: they cancel out")
    for component in components:
        refuse_plain(component)
    key = bytearray(len(components[0]))
    for component in components:
        for place, value in enumerate(component):
            key[place] ^= value
    return key
