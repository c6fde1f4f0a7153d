"""The journal's card numbers: sealed under the newest active version of ``journal/seal``, opened under any.

A sealed card has the version of its key in front, four bytes, big-endian. Fingerprints compare rows of all ages, and
so are made under one version as long as it is there: the oldest that is not destroyed. Who destroys that one has the
journal's fingerprints made anew first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from iso_gateway.errors import StoreError
from iso_gateway.hsm.allowed import SEALS, Denied, fault_of
from iso_gateway.hsm.key_table import HeldKey, KeyTable
from iso_gateway.security.commands import Fault
from iso_gateway.security.keys import KeyRef, KeyState, Usage
from iso_gateway.security.pin_blocks import is_pan
from iso_gateway.security.seal import NONCE_BYTES, Seal

SEAL_KEY: Final = "journal/seal"
VERSION_BYTES: Final = 4


class Sealing:
    """The seals of one module; `clear` when a key has changed."""

    def __init__(self, keys: KeyTable, usable: Callable[[HeldKey], None], chance: Callable[[int], bytes]) -> None:
        """Use the keys of *keys* that *usable* does not raise for; *chance* gives so many random bytes."""
        self._keys = keys
        self._usable = usable
        self._chance = chance
        self._seals: dict[int, Seal] = {}
        self._newest: tuple[bytes, Seal] | None = None
        self._oldest: Seal | None = None

    def seal(self, pan: str) -> bytes:
        """Return *pan* sealed.

        Raises:
            Denied: it is no card number, or there is no key.
        """
        if not is_pan(pan):
            raise Denied(Fault.MALFORMED)
        if self._newest is None:
            held = self._one(reversed(self._keys.versions(SEAL_KEY)), lambda held: fault_of(SEALS, held.info) is None)
            self._newest = held.info.ref.version.to_bytes(VERSION_BYTES, "big"), self._seal_of(held)
        version, seal = self._newest
        return version + seal.seal(pan)

    def unseal(self, card: bytes) -> str:
        """Return the card number in *card*.

        Raises:
            Denied: it does not open, or its key is not there.
        """
        held = self._keys.get(KeyRef(SEAL_KEY, int.from_bytes(card[:VERSION_BYTES], "big")))
        if held is None or held.info.state is KeyState.DESTROYED:
            raise Denied(Fault.NO_KEY)
        try:
            return self._seal_of(held).unseal(card[VERSION_BYTES:])
        except StoreError:
            raise Denied(Fault.MALFORMED) from None

    def fingerprint(self, data: bytes) -> bytes:
        """Return the keyed hash of *data*, 16 bytes.

        Raises:
            Denied: there is no key.
        """
        if self._oldest is None:
            held = self._one(self._keys.versions(SEAL_KEY), lambda held: held.info.state is not KeyState.DESTROYED)
            self._oldest = self._seal_of(held)
        return self._oldest.fingerprint(data)

    def clear(self) -> None:
        """Forget all seals."""
        self._seals.clear()
        self._newest = self._oldest = None

    def _one(self, versions: Iterable[HeldKey], suits: Callable[[HeldKey], bool]) -> HeldKey:
        found = next(filter(suits, versions), None)
        if found is None:
            raise Denied(Fault.NO_KEY)
        return found

    def _seal_of(self, held: HeldKey) -> Seal:
        seal = self._seals.get(held.info.ref.version)
        if seal is None:
            if held.info.usage is not Usage.SEAL:
                raise Denied(Fault.USAGE)
            self._usable(held)
            seal = Seal(held.value, lambda: self._chance(NONCE_BYTES))
            self._seals[held.info.ref.version] = seal
        return seal
