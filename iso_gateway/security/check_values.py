"""Key check values: the few bytes by which two parties see that they have the same key.

DES, TDES and SM4: a block of zeros encrypted. AES: the CMAC of a block of zeros (X9.24-1:2017 annex A, X9.143), or, as
some hosts still have it, a block of zeros encrypted: `CheckMethod` tells them apart. HMAC: the HMAC of nothing; no
standard was found that says so.
"""

from __future__ import annotations

import hmac
from enum import StrEnum
from typing import Final

from iso_gateway.security.block_ciphers import encrypt_once
from iso_gateway.security.keys import KeyAlgorithm, MacAlgorithm, MacMethod
from iso_gateway.security.macs import MacKey


class CheckMethod(StrEnum):
    """How a check value is made."""

    ZEROS = "zeros"
    """A block of zeros, encrypted."""
    CMAC = "cmac"
    """The CMAC of a block of zeros: AES alone."""
    HMAC = "hmac"


METHODS: Final[dict[KeyAlgorithm, tuple[CheckMethod, ...]]] = {
    KeyAlgorithm.DES: (CheckMethod.ZEROS,),
    KeyAlgorithm.TDES: (CheckMethod.ZEROS,),
    KeyAlgorithm.AES: (CheckMethod.CMAC, CheckMethod.ZEROS),
    KeyAlgorithm.SM4: (CheckMethod.ZEROS,),
    KeyAlgorithm.HMAC: (CheckMethod.HMAC,),
}
"""The methods for each kind of key; the first is meant where none is named."""

SHORTEST: Final = 2
"""Bytes of a check value below which it says nothing. Partners send 3, terminals of UnionPay 4."""


def check_value(
    kind: KeyAlgorithm, key: bytes | bytearray, length: int = 3, method: CheckMethod | None = None
) -> bytes:
    """Return the left *length* bytes of the check value of *key*.

    Raises:
        KeyMaterialError: *key* is none of *kind* by its length.
        ValueError: *length* is below 2 or more than there are, or *method* is none of *kind*.
    """
    method = method or METHODS[kind][0]
    if method not in METHODS[kind]:
        raise ValueError("a method of check values that keys of this kind do not have")
    whole = _whole(kind, key, method)
    if not SHORTEST <= length <= len(whole):
        raise ValueError("a check value of a length that there is not")
    return whole[:length]


def matches(kind: KeyAlgorithm, key: bytes | bytearray, expected: bytes, method: CheckMethod | None = None) -> bool:
    """Say in constant time whether *expected* is the check value of *key*, over as many bytes as were sent.

    A value of fewer than 2 bytes, or of more than there are, is never right.

    Raises:
        KeyMaterialError: *key* is none of *kind* by its length.
        ValueError: *method* is none of *kind*.
    """
    whole = check_value(kind, key, BYTES[kind], method)
    return hmac.compare_digest(whole[: max(len(expected), SHORTEST)], expected)


BYTES: Final[dict[KeyAlgorithm, int]] = {
    KeyAlgorithm.DES: 8,
    KeyAlgorithm.TDES: 8,
    KeyAlgorithm.AES: 16,
    KeyAlgorithm.SM4: 16,
    KeyAlgorithm.HMAC: 32,
}
"""How many bytes a whole check value has."""


def _whole(kind: KeyAlgorithm, key: bytes | bytearray, method: CheckMethod) -> bytes:
    if method is CheckMethod.HMAC:
        return hmac.digest(key, b"", "sha256")
    if method is CheckMethod.ZEROS:
        return bytes(encrypt_once(kind, key, bytes(BYTES[kind])))
    mac = MacKey(MacAlgorithm.CMAC, kind, key)
    try:
        return mac.make(MacMethod(MacAlgorithm.CMAC, length=16), bytes(16))
    finally:
        mac.wipe()
