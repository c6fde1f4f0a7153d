"""DUKPT of ANSI X9.24-3:2017: keys of AES, TDES or HMAC of their own for each transaction of a terminal.

    initial = initial_key(bdk, ksn)
    transaction = transaction_key(initial, ksn)
    pin_key = working_key(transaction, ksn, KeyUse.PIN, WorkingType.AES_128)

A key serial number is 12 bytes: 8 name the terminal's initial key, 4 count transactions. Every key comes as a new
`bytearray` for the caller to wipe. The base derivation key, the initial key and the transactions' are of one length,
16, 24 or 32 bytes; working keys are of any type that is no stronger. `USES` says which use serves which `Purpose`.
"""

from __future__ import annotations

from enum import Enum, IntEnum
from typing import Final

from iso_gateway.errors import KeyMaterialError, KsnError
from iso_gateway.security.block_ciphers import encrypt_once
from iso_gateway.security.keys import KeyAlgorithm, Purpose

KSN_BYTES: Final = 12
MOST_BITS: Final = 16
"""Counters of more bits are skipped (X9.24-3, 6.3): a terminal derives no key of more than sixteen steps."""
LAST_COUNTER: Final = 0xFFFF_0000
UPDATE_COUNTER: Final = 0xFFFF_FFFF
"""No transaction has it: the key that brings a new initial key is derived with it, through all 32 bits."""


class KeyUse(IntEnum):
    """What a derived key is for: the key usage indicators of X9.24-3, table 2."""

    KEY_ENCRYPTION = 0x0002
    PIN = 0x1000
    MAC_GENERATION = 0x2000
    MAC_VERIFICATION = 0x2001
    MAC_BOTH_WAYS = 0x2002
    DATA_ENCRYPTION = 0x3000
    DATA_DECRYPTION = 0x3001
    DATA_BOTH_WAYS = 0x3002


_DERIVATION: Final = 0x8000
_INITIAL: Final = 0x8001

USES: Final[dict[Purpose, KeyUse]] = {
    Purpose.PIN: KeyUse.PIN,
    Purpose.MAC_REQUEST: KeyUse.MAC_GENERATION,
    Purpose.MAC_ANSWER: KeyUse.MAC_VERIFICATION,
    Purpose.DATA_REQUEST: KeyUse.DATA_ENCRYPTION,
    Purpose.DATA_ANSWER: KeyUse.DATA_DECRYPTION,
}
"""The uses are named from where the terminal stands: it generates the MACs of requests, and verifies the others."""


class WorkingType(Enum):
    """What kind of key is derived: algorithm indicator (X9.24-3, table 3), bits, and the algorithm it is used with."""

    TDES_2 = (0, 128, KeyAlgorithm.TDES)
    TDES_3 = (1, 192, KeyAlgorithm.TDES)
    AES_128 = (2, 128, KeyAlgorithm.AES)
    AES_192 = (3, 192, KeyAlgorithm.AES)
    AES_256 = (4, 256, KeyAlgorithm.AES)
    HMAC_128 = (5, 128, KeyAlgorithm.HMAC)
    HMAC_192 = (5, 192, KeyAlgorithm.HMAC)
    HMAC_256 = (5, 256, KeyAlgorithm.HMAC)

    def __init__(self, indicator: int, bits: int, algorithm: KeyAlgorithm) -> None:
        self.indicator = indicator
        self.bits = bits
        self.algorithm = algorithm


AES_TYPES: Final = {16: WorkingType.AES_128, 24: WorkingType.AES_192, 32: WorkingType.AES_256}
"""The type of AES key as long as a base derivation key of so many bytes."""


def derive(bdk: bytes | bytearray, ksn: bytes) -> bytearray:
    """Return the key of the transaction *ksn*, from the base derivation key: `transaction_key` of `initial_key`.

    Raises:
        KsnError, KeyMaterialError: as these.
    """
    initial = initial_key(bdk, ksn)
    try:
        return transaction_key(initial, ksn)
    finally:
        initial[:] = bytes(len(initial))


def initial_key(bdk: bytes | bytearray, ksn: bytes) -> bytearray:
    """Return the initial key of the terminal that *ksn* names, whatever its counter; as long as *bdk*.

    *ksn* may be the 8 bytes of the initial key's identification alone.

    Raises:
        KsnError: *ksn* is not 12 nor 8 bytes.
        KeyMaterialError: *bdk* is not 16, 24 or 32 bytes.
    """
    if len(ksn) not in (8, KSN_BYTES):
        raise KsnError("a key serial number under AES is 12 bytes")
    return _derived(bdk, _INITIAL, _type_of(bdk), ksn[:8])


def transaction_key(initial: bytes | bytearray, ksn: bytes) -> bytearray:
    """Return the key from which the working keys of the transaction *ksn* are derived; as long as *initial*.

    Raises:
        KsnError: *ksn* is not 12 bytes, or its counter is zero or one that a terminal skips.
        KeyMaterialError: *initial* is not 16, 24 or 32 bytes.
    """
    counter = _counter(ksn)
    if not counter:
        raise KsnError("a key serial number whose counter is zero has no transaction")
    if counter.bit_count() > MOST_BITS:
        raise KsnError("a key serial number whose counter is one that is skipped")
    return _walked(initial, ksn[4:8], counter)


def working_key(
    transaction: bytes | bytearray, ksn: bytes, use: KeyUse, working: WorkingType | None = None
) -> bytearray:
    """Return one working key of the transaction *ksn*, from what `transaction_key` gave.

    *working* None: AES, as long as *transaction*.

    Raises:
        KsnError: *ksn* is not 12 bytes.
        KeyMaterialError: *transaction* is of no length of AES, or *working* is stronger than it.
    """
    _counter(ksn)
    own = _type_of(transaction)
    working = working or own
    if working.algorithm is not KeyAlgorithm.TDES and working.bits > own.bits:
        raise KeyMaterialError("a working key is never stronger than the key it is derived from")
    return _derived(transaction, use, working, ksn[4:])


def update_key(initial: bytes | bytearray, ksn: bytes, working: WorkingType | None = None) -> bytearray:
    """Return the key that encrypts a terminal's next initial key (X9.24-3, 6.5); the counter of *ksn* is not looked at.

    *working* None: AES, as long as *initial*.

    Raises:
        KsnError: *ksn* is not 12 bytes.
        KeyMaterialError: as `working_key`.
    """
    _counter(ksn)
    of_update = ksn[:8] + UPDATE_COUNTER.to_bytes(4, "big")
    last = _walked(initial, ksn[4:8], UPDATE_COUNTER)
    try:
        return working_key(last, of_update, KeyUse.KEY_ENCRYPTION, working)
    finally:
        last[:] = bytes(len(last))


def next_ksn(ksn: bytes) -> bytes:
    """Return the key serial number after *ksn*: counters of more than sixteen bits are skipped.

    Raises:
        KsnError: *ksn* is not 12 bytes, or its counter is used up.
    """
    counter = _counter(ksn) + 1
    while counter.bit_count() > MOST_BITS:
        counter += counter & -counter
    if counter > LAST_COUNTER:
        raise KsnError("a key serial number whose counter is used up")
    return ksn[:8] + counter.to_bytes(4, "big")


def _counter(ksn: bytes) -> int:
    if len(ksn) != KSN_BYTES:
        raise KsnError("a key serial number under AES is 12 bytes")
    return int.from_bytes(ksn[8:], "big")


def _type_of(key: bytes | bytearray) -> WorkingType:
    working = AES_TYPES.get(len(key))
    if working is None:
        raise KeyMaterialError("a key of DUKPT under AES is 16, 24 or 32 bytes")
    return working


def _walked(initial: bytes | bytearray, terminal: bytes, counter: int) -> bytearray:
    """Return what *initial* becomes by the bits of *counter*, from the left (X9.24-3, 6.3.3)."""
    own = _type_of(initial)
    key, so_far = bytearray(initial), 0
    for place in reversed(range(32)):
        bit = 1 << place
        if counter & bit:
            so_far |= bit
            before = key
            key = _derived(before, _DERIVATION, own, terminal + so_far.to_bytes(4, "big"))
            before[:] = bytes(len(before))
    return key


def _derived(key: bytes | bytearray, use: int, working: WorkingType, context: bytes) -> bytearray:
    """Return the key that *key* gives for *context*, 8 bytes (X9.24-3, 6.3.1 and 6.3.2).

    Each block of the derivation data is version 1, the block's number, use, algorithm, bits and *context*.
    """
    _type_of(key)
    size = working.bits // 8
    said = use.to_bytes(2, "big") + working.indicator.to_bytes(2, "big") + working.bits.to_bytes(2, "big") + context
    data = b"".join(bytes((1, block)) + said for block in range(1, -(-size // 16) + 1))
    made = encrypt_once(KeyAlgorithm.AES, key, data)
    made[size:] = bytes(len(made) - size)
    del made[size:]
    return made
