"""The keys of one DUKPT transaction, for an end that has the base derivation key in clear: mock host, test terminal."""

from __future__ import annotations

from typing import Final

import msgspec

from iso_gateway.errors import KsnError
from iso_gateway.security import dukpt_aes, dukpt_tdes
from iso_gateway.security.held import BaseKeys
from iso_gateway.security.keys import Purpose

FIRST_KSN: Final = {"tdes": "FFFF9876543210E00000", "aes": "123456789012345600000000"}
"""The key serial numbers of the standards' examples (X9.24-1 A.4, X9.24-3 supplement), their counters at zero."""


class TransactionKeys(msgspec.Struct, frozen=True):
    """What one transaction is protected with."""

    request_mac: bytes
    answer_mac: bytes
    pin: bytes

    def __repr__(self) -> str:
        return "<TransactionKeys>"


def derived_keys(base: BaseKeys, ksn: bytes) -> TransactionKeys:
    """Return the keys of the transaction *ksn*: of TDES for 10 bytes, of AES for 12.

    Raises:
        KsnError: it has another length, or a counter that is zero or skipped.
        KeyMaterialError: there is no base derivation key of that kind.
    """
    purposes = (Purpose.MAC_REQUEST, Purpose.MAC_ANSWER, Purpose.PIN)
    if len(ksn) == dukpt_tdes.KSN_BYTES:
        once = dukpt_tdes.derive(base.tdes, ksn)
        return TransactionKeys(*(bytes(dukpt_tdes.working_key(once, purpose)) for purpose in purposes))
    if len(ksn) == dukpt_aes.KSN_BYTES:
        once = dukpt_aes.derive(base.aes, ksn)
        uses = (dukpt_aes.USES[purpose] for purpose in purposes)
        return TransactionKeys(*(bytes(dukpt_aes.working_key(once, ksn, use)) for use in uses))
    raise KsnError("a key serial number is 10 bytes, or 12 under AES")


def following(ksn: bytes) -> bytes:
    """Return the key serial number after *ksn*.

    Raises:
        KsnError: it has another length, or its counter is used up.
    """
    return dukpt_aes.next_ksn(ksn) if len(ksn) == dukpt_aes.KSN_BYTES else dukpt_tdes.next_ksn(ksn)
