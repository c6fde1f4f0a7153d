"""Keys made ready for use: kept as long as their versions stand as they are, and wiped when they go."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, TypeVar

from iso_gateway.hsm.allowed import Denied
from iso_gateway.hsm.key_table import HeldKey, wipe
from iso_gateway.security import dukpt_aes, dukpt_tdes
from iso_gateway.security.block_ciphers import BlockCipher
from iso_gateway.security.commands import Fault
from iso_gateway.security.keys import KeyAlgorithm, KeyRef, MacAlgorithm, PinFormat, Purpose
from iso_gateway.security.macs import KINDS, USAGES, MacKey

Ready = TypeVar("Ready", BlockCipher, MacKey)

MOST: Final = 8192
"""Keys of each sort that are kept ready: those of some thousand terminals, 2 KB each."""

_HMAC_TYPES: Final = {
    16: dukpt_aes.WorkingType.HMAC_128,
    24: dukpt_aes.WorkingType.HMAC_192,
    32: dukpt_aes.WorkingType.HMAC_256,
}


class Prepared:
    """The keys of one module. Whether a key may be used is for others to say."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._ciphers: dict[KeyRef, BlockCipher] = {}
        self._macs: dict[KeyRef, MacKey] = {}

    def cipher(self, held: HeldKey) -> BlockCipher:
        """Return the block cipher of *held*.

        Raises:
            KeyMaterialError: it is no key of one.
        """
        ready = self._ciphers.get(held.info.ref)
        if ready is None:
            ready = BlockCipher(held.info.algorithm, held.value)
            _keep(self._ciphers, held.info.ref, ready, self._most)
        return ready

    def mac(self, held: HeldKey, algorithm: MacAlgorithm) -> MacKey:
        """Return *held* ready for MACs.

        Raises:
            Denied: it makes MACs by another algorithm.
        """
        info = held.info
        ready = self._macs.get(info.ref)
        # One usage and one kind of key have one algorithm: where another one is asked for, it is refused below.
        if ready is None or ready.algorithm is not algorithm:
            if USAGES[algorithm] is not info.usage or info.algorithm not in KINDS[algorithm]:
                raise Denied(Fault.USAGE)
            ready = MacKey(algorithm, info.algorithm, held.value)
            _keep(self._macs, info.ref, ready, self._most)
        return ready

    def drop(self, refs: Iterable[KeyRef]) -> None:
        """Wipe what is kept of *refs*: they have changed."""
        for ref in refs:
            for kept in (self._ciphers.pop(ref, None), self._macs.pop(ref, None)):
                if kept is not None:
                    kept.wipe()

    def clear(self) -> None:
        """Wipe everything."""
        self.drop({*self._ciphers, *self._macs})


def working_mac(bdk: HeldKey, ksn: bytes, purpose: Purpose, algorithm: MacAlgorithm) -> MacKey:
    """Return the MAC key of one transaction of DUKPT, for its caller to wipe.

    Raises:
        Denied: such a base derivation key gives no key for *algorithm*.
        KsnError: *ksn* gives no key.
    """
    kinds = KINDS[algorithm]
    order = (KeyAlgorithm.AES, KeyAlgorithm.HMAC, KeyAlgorithm.TDES)
    kind = next((each for each in order if each in kinds and _gives(bdk, each)), None)
    if kind is None:
        raise Denied(Fault.USAGE)
    value = _working(bdk, ksn, purpose, kind)
    try:
        return MacKey(algorithm, kind, value)
    finally:
        wipe(value)


def working_cipher(bdk: HeldKey, ksn: bytes, purpose: Purpose, form: PinFormat | None = None) -> BlockCipher:
    """Return the PIN or data key of one transaction of DUKPT, for its caller to wipe.

    Under AES a PIN key is one of AES for format 4, and of TDES for the others (X9.24-3:2017, 6.3.2).

    Raises:
        KsnError: *ksn* gives no key.
    """
    kind = bdk.info.algorithm
    if form not in (None, PinFormat.ISO_4):
        kind = KeyAlgorithm.TDES
    value = _working(bdk, ksn, purpose, kind)
    try:
        return BlockCipher(kind, value)
    finally:
        wipe(value)


def _gives(bdk: HeldKey, kind: KeyAlgorithm) -> bool:
    return bdk.info.algorithm is KeyAlgorithm.AES or kind is KeyAlgorithm.TDES


def _working(bdk: HeldKey, ksn: bytes, purpose: Purpose, kind: KeyAlgorithm) -> bytearray:
    """Return the working key of *kind* for *purpose*; what it was derived from is wiped."""
    if bdk.info.algorithm is KeyAlgorithm.TDES:
        transaction = dukpt_tdes.derive(bdk.value, ksn)
        try:
            return dukpt_tdes.working_key(transaction, purpose)
        finally:
            wipe(transaction)
    transaction = dukpt_aes.derive(bdk.value, ksn)
    types = {
        KeyAlgorithm.AES: dukpt_aes.AES_TYPES[len(transaction)],
        KeyAlgorithm.HMAC: _HMAC_TYPES[len(transaction)],
        KeyAlgorithm.TDES: dukpt_aes.WorkingType.TDES_2,
    }
    try:
        return dukpt_aes.working_key(transaction, ksn, dukpt_aes.USES[purpose], types[kind])
    finally:
        wipe(transaction)


def _keep(kept: dict[KeyRef, Ready], ref: KeyRef, ready: Ready, most: int) -> None:
    """Keep *ready*; the one that was made first goes where there are too many."""
    if len(kept) >= most:
        kept.pop(next(iter(kept))).wipe()
    kept[ref] = ready
