"""DUKPT of ANSI X9.24-1:2009: a TDES key of its own for each transaction of a terminal.

    with_initial = initial_key(bdk, ksn)                     # once for a terminal, or each time
    transaction = transaction_key(with_initial, ksn)
    pin_key = working_key(transaction, Purpose.PIN)          # also MAC and data keys, each way

or, in one, `working_key(derive(bdk, ksn), Purpose.PIN)`. Every key comes as a new `bytearray` for the caller to wipe.
The key serial number is 10 bytes; its right-most 21 bits count transactions. What terminals send shorter, without the
leading F, the caller fills up. A key of ten bits of the counter takes some 60 microseconds: whoever needs PIN and MAC
keys of one message derives the transaction's key once. What stays here between two calls: nothing.
"""

from __future__ import annotations

from typing import Final

from iso_gateway.errors import KeyMaterialError, KsnError
from iso_gateway.security.block_ciphers import encrypt_once
from iso_gateway.security.keys import KeyAlgorithm, Purpose

KSN_BYTES: Final = 10
COUNTER_BITS: Final = 21
MOST_BITS: Final = 10
"""Counters of more bits are skipped (X9.24-1, A.2): a terminal derives no key of more than ten steps."""

_COUNTER: Final = (1 << COUNTER_BITS) - 1
_C0_PLACES: Final = (0, 1, 2, 3, 8, 9, 10, 11)
"""Where C0C0C0C0 00000000 C0C0C0C0 00000000 adds something."""

VARIANTS: Final[dict[Purpose, int]] = {
    Purpose.PIN: 7,
    Purpose.MAC_REQUEST: 6,
    Purpose.MAC_ANSWER: 4,
    Purpose.DATA_REQUEST: 5,
    Purpose.DATA_ANSWER: 3,
}
"""To which byte of each half of the transaction's key FF is added for each purpose (X9.24-1, table A-1)."""


def derive(bdk: bytes | bytearray, ksn: bytes) -> bytearray:
    """Return the key of the transaction *ksn*, from the base derivation key: `transaction_key` of `initial_key`.

    Raises:
        KsnError, KeyMaterialError: as these.
    """
    initial = initial_key(bdk, ksn)
    try:
        return transaction_key(initial, ksn)
    finally:
        initial[:] = bytes(16)


def initial_key(bdk: bytes | bytearray, ksn: bytes) -> bytearray:
    """Return the initial key of the terminal that *ksn* names, whatever its counter (X9.24-1, A.6): 16 bytes.

    Raises:
        KsnError: *ksn* is not 10 bytes.
        KeyMaterialError: *bdk* is not 16 bytes.
    """
    _check_length(bdk)
    named = (_number(ksn) & ~_COUNTER).to_bytes(KSN_BYTES, "big")[:8]
    return _both_halves(bdk, named)


def transaction_key(initial: bytes | bytearray, ksn: bytes) -> bytearray:
    """Return the key of the transaction *ksn*, from the terminal's initial key (X9.24-1, A.3): 16 bytes.

    It is no working key yet: see `working_key`.

    Raises:
        KsnError: *ksn* is not 10 bytes, or its counter is zero or one that a terminal skips.
        KeyMaterialError: *initial* is not 16 bytes.
    """
    _check_length(initial)
    number = _number(ksn)
    counter = number & _COUNTER
    if not counter:
        raise KsnError("a key serial number whose counter is zero has no transaction")
    if counter.bit_count() > MOST_BITS:
        raise KsnError("a key serial number whose counter is one that is skipped")
    register = (number ^ counter) & 0xFFFF_FFFF_FFFF_FFFF
    key = bytearray(initial)
    for place in reversed(range(COUNTER_BITS)):
        bit = 1 << place
        if counter & bit:
            register |= bit
            _step(key, register)
    return key


def working_key(transaction: bytes | bytearray, purpose: Purpose) -> bytearray:
    """Return the key of one *purpose* of a transaction, 16 bytes (X9.24-1, A.4 and table A-1).

    A data key is the variant encrypted under itself: who finds one does not have the others.

    Raises:
        KeyMaterialError: *transaction* is not 16 bytes.
    """
    _check_length(transaction)
    key, place = bytearray(transaction), VARIANTS[purpose]
    key[place] ^= 0xFF
    key[place + 8] ^= 0xFF
    if purpose not in (Purpose.DATA_REQUEST, Purpose.DATA_ANSWER):
        return key
    made = encrypt_once(KeyAlgorithm.TDES, key, key)
    key[:] = bytes(16)
    return made


def next_ksn(ksn: bytes) -> bytes:
    """Return the key serial number after *ksn*: counters of more than ten bits are skipped.

    Raises:
        KsnError: *ksn* is not 10 bytes, or its counter is used up.
    """
    number = _number(ksn)
    counter = (number & _COUNTER) + 1
    while counter.bit_count() > MOST_BITS:
        counter += counter & -counter
    if counter > _COUNTER:
        raise KsnError("a key serial number whose counter is used up")
    return (number & ~_COUNTER | counter).to_bytes(KSN_BYTES, "big")


def _number(ksn: bytes) -> int:
    if len(ksn) != KSN_BYTES:
        raise KsnError("a key serial number under TDES is 10 bytes")
    return int.from_bytes(ksn, "big")


def _check_length(key: bytes | bytearray) -> None:
    if len(key) != 16:
        raise KeyMaterialError("a key of DUKPT under TDES is 16 bytes")


def _with_c0(key: bytes | bytearray) -> bytearray:
    """Return *key* with C0C0C0C0 added to the left of both halves."""
    made = bytearray(key)
    for place in _C0_PLACES:
        made[place] ^= 0xC0
    return made


def _both_halves(key: bytes | bytearray, block: bytes) -> bytearray:
    """Return *block* encrypted under *key*, then under the key with C0C0C0C0 added."""
    other = _with_c0(key)
    made = encrypt_once(KeyAlgorithm.TDES, key, block)
    made += encrypt_once(KeyAlgorithm.TDES, other, block)
    other[:] = bytes(16)
    return made


def _step(key: bytearray, register: int) -> None:
    """Bring *key* one bit further, in place (non-reversible key generation, X9.24-1, A.2).

    The right half comes from the key as it is, the left from it with C0C0C0C0 added.
    """
    other, known = _with_c0(key), register.to_bytes(8, "big")
    left, right = _half_step(other, known), _half_step(key, known)
    key[:8], key[8:] = left, right
    for copy in (other, left, right):
        copy[:] = bytes(len(copy))


def _half_step(key: bytearray, register: bytes) -> bytearray:
    """Return *register* with the right half added, encrypted under the left one, with the right half added again."""
    mixed = bytearray(register)
    for place in range(8):
        mixed[place] ^= key[place + 8]
    with memoryview(key) as whole:
        made = encrypt_once(KeyAlgorithm.DES, whole[:8], mixed)
    for place in range(8):
        made[place] ^= key[place + 8]
    return made
