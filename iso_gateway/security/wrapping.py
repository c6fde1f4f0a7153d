"""Bare keys under a key, each block encrypted alone, as UnionPay terminals and old hosts have them (`KeyForm.ECB`).

For an end that holds its keys in clear, the mock host and a test terminal; a security module has its own way.
"""

from __future__ import annotations

from iso_gateway.errors import KeyMaterialError
from iso_gateway.security.block_ciphers import BlockCipher
from iso_gateway.security.check_values import check_value, matches
from iso_gateway.security.key_material import adjust_parity, refuse_weak
from iso_gateway.security.keys import KeyAlgorithm


def des_kind(key: bytes | bytearray) -> KeyAlgorithm:
    """Return what a DES key of that length is: single DES, or TDES."""
    return KeyAlgorithm.DES if len(key) == 8 else KeyAlgorithm.TDES


def wrapped(master: bytes, key: bytes | bytearray, length: int) -> tuple[bytes, bytes]:
    """Return *key* under *master*, and *length* bytes of its check value; single DES where it has 8 bytes.

    Raises:
        KeyMaterialError: either is none of DES or TDES by its length.
    """
    under = BlockCipher(des_kind(master), master).encrypt(bytes(key))
    return under, check_value(des_kind(key), key, length)


def unwrapped(master: bytes, under: bytes, expected: bytes) -> bytearray:
    """Return the key in *under*: parity is adjusted, the check value *expected* decides (ruling 13).

    Raises:
        KeyMaterialError: the check value is another, the key is weak or of equal halves, or none by its length.
    """
    try:
        key = bytearray(BlockCipher(des_kind(master), master).decrypt(under))
    except ValueError:
        raise KeyMaterialError("a key of a length that its algorithm does not have") from None
    adjust_parity(key)
    if not matches(des_kind(key), key, expected):
        raise KeyMaterialError("a check value that is not the key's")
    refuse_weak(des_kind(key), key)
    return key
