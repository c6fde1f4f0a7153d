"""Block ciphers made ready once for each key: DES, TDES, AES, SM4.

Making a cipher costs more than a block of it, so whoever holds a key keeps its `BlockCipher`. Single DES is TDES with
one key three times over, and two keys are K1, K2, K1: the library wants 24 bytes always.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, CipherAlgorithm, CipherContext, algorithms, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES

from iso_gateway.errors import KeyMaterialError
from iso_gateway.security.keys import KeyAlgorithm

Key = bytes | bytearray | memoryview
"""What a key may be handed in as; a `bytearray` can be wiped by its owner."""

KEY_BYTES: Final[dict[KeyAlgorithm, tuple[int, ...]]] = {
    KeyAlgorithm.DES: (8,),
    KeyAlgorithm.TDES: (16, 24),
    KeyAlgorithm.AES: (16, 24, 32),
    KeyAlgorithm.SM4: (16,),
}
"""How long the keys of each block cipher may be, in bytes."""

BLOCK_BYTES: Final[dict[KeyAlgorithm, int]] = {
    KeyAlgorithm.DES: 8,
    KeyAlgorithm.TDES: 8,
    KeyAlgorithm.AES: 16,
    KeyAlgorithm.SM4: 16,
}


class BlockCipher:
    """One key under one block cipher. Its repr says the cipher alone.

    A copy of the key is kept, as CBC needs it for each message: `wipe` overwrites it. For one thread at a time.
    """

    def __init__(self, kind: KeyAlgorithm, key: Key) -> None:
        """Take a copy of *key*; the caller may wipe its own.

        Raises:
            KeyMaterialError: *key* is no key of *kind* by its length, or *kind* is no block cipher, or none that the
                library was built with (TDES and SM4 are missing from some).
        """
        if len(key) not in KEY_BYTES.get(kind, ()):
            raise KeyMaterialError("a key of a length that its algorithm does not have")
        self.kind = kind
        self.block_size = BLOCK_BYTES[kind]
        """8 or 16 bytes."""
        self._key = as_24_bytes(key) if self.block_size == 8 else bytearray(key)
        self.algorithm: CipherAlgorithm = _algorithm(kind, self._key)
        """What the library wants for its own constructions, CMAC; not for keeping."""
        single = Cipher(self.algorithm, modes.ECB())  # noqa: S305 -- PIN blocks and derivations are single blocks
        self._encrypt = _asked(single.encryptor).update
        self._decrypt = _asked(single.decryptor).update
        self._from_zeros = Cipher(self.algorithm, modes.CBC(bytes(self.block_size)))
        self._alive = True
        self._running: tuple[Callable[[bytes], bytes], int] | None = None
        """CBC that never begins anew, and the block that it gave last: see `encrypt_chained`."""

    def __repr__(self) -> str:
        return f"<BlockCipher {self.kind.name}>"

    def encrypt(self, blocks: bytes) -> bytes:
        """Return *blocks*, each encrypted alone (ECB).

        Raises:
            ValueError: they are no whole blocks.
        """
        if len(blocks) % self.block_size:
            # The library would keep the rest, and put it before whatever comes next.
            raise ValueError("no whole blocks")
        return self._encrypt(blocks)

    def decrypt(self, blocks: bytes) -> bytes:
        """Return *blocks*, each decrypted alone (ECB).

        Raises:
            ValueError: they are no whole blocks.
        """
        if len(blocks) % self.block_size:
            raise ValueError("no whole blocks")
        return self._decrypt(blocks)

    def encrypt_chained(self, blocks: bytes, vector: bytes = b"") -> bytes:
        """Return *blocks* encrypted in CBC; an empty *vector* is zeros.

        Raises:
            ValueError: they are no whole blocks, or *vector* is not one.
        """
        if vector or not blocks:
            return self._chained(blocks, vector).encryptor().update(blocks)
        if len(blocks) % self.block_size:
            raise ValueError("no whole blocks")
        return self._goes_on(blocks)[0]

    def last_chained(self, blocks: bytes) -> int:
        """Return the last of *blocks*, encrypted in CBC from zeros, as a number: what a MAC wants of them.

        Raises:
            ValueError: they are no whole blocks, or none.
        """
        if not blocks or len(blocks) % self.block_size:
            raise ValueError("no whole blocks")
        return self._goes_on(blocks)[1]

    def _goes_on(self, blocks: bytes) -> tuple[bytes, int]:
        """Return whole *blocks* encrypted in CBC from zeros, and the last of them as a number."""
        size = self.block_size
        # To begin anew costs as much as eight blocks. One that goes on adds the block it gave last to the next one:
        # that is added to it here as well, which leaves a vector of zeros. It is taken away while it works: whoever is
        # interrupted in between leaves none that is out of step.
        running, self._running = self._running, None
        goes_on, last = running or (self._chained(b"", b"").encryptor().update, 0)
        first = int.from_bytes(blocks[:size], "big") ^ last
        chained = goes_on(first.to_bytes(size, "big") + blocks[size:])
        end = int.from_bytes(chained[-size:], "big")
        self._running = goes_on, end
        return chained, end

    def decrypt_chained(self, blocks: bytes, vector: bytes = b"") -> bytes:
        """Return *blocks* decrypted in CBC; an empty *vector* is zeros.

        Raises:
            ValueError: they are no whole blocks, or *vector* is not one.
        """
        return self._chained(blocks, vector).decryptor().update(blocks)

    def wipe(self) -> None:
        """Overwrite the key that is kept, and have the cipher do nothing more; what the library holds goes with it."""
        self._key[:] = bytes(len(self._key))
        self._encrypt = self._decrypt = _wiped
        self._running = None
        self._alive = False

    def _chained(self, blocks: bytes, vector: bytes) -> Cipher[modes.CBC]:
        if not self._alive:  # or it would go on under a key of zeros
            raise ValueError("the key was wiped")
        if len(blocks) % self.block_size:
            raise ValueError("no whole blocks")
        return Cipher(self.algorithm, modes.CBC(vector)) if vector else self._from_zeros


def encrypt_once(kind: KeyAlgorithm, key: Key, blocks: bytes | bytearray) -> bytearray:
    """Return *blocks*, each encrypted alone under a *key* that is not needed again.

    Raises:
        KeyMaterialError: as `BlockCipher`.
        ValueError: they are no whole blocks.
    """
    if len(key) not in KEY_BYTES.get(kind, ()):
        raise KeyMaterialError("a key of a length that its algorithm does not have")
    if len(blocks) % BLOCK_BYTES[kind]:
        raise ValueError("no whole blocks")
    own = as_24_bytes(key) if BLOCK_BYTES[kind] == 8 else bytearray(key)
    made = bytearray(len(blocks) + BLOCK_BYTES[kind] - 1)
    single = Cipher(_algorithm(kind, own), modes.ECB())  # noqa: S305 -- as above
    _asked(single.encryptor).update_into(blocks, made)
    own[:] = bytes(len(own))
    del made[len(blocks) :]
    return made


def as_24_bytes(key: Key) -> bytearray:
    """Return a DES or TDES key of 8, 16 or 24 bytes as the 24 that mean the same."""
    whole = bytearray(24)
    with memoryview(key) as view:  # slices of a view leave no copies of the key behind
        whole[:8] = view[:8]
        whole[8:16] = view[:8] if len(key) == 8 else view[8:16]
        whole[16:] = view[16:] if len(key) == 24 else view[:8]
    return whole


def _algorithm(kind: KeyAlgorithm, key: bytearray) -> CipherAlgorithm:
    # All three take a bytearray, and only so do they leave no copy of the key; the hints of two are behind.
    if kind is KeyAlgorithm.AES:
        return AES(key)
    if kind is KeyAlgorithm.SM4:
        return algorithms.SM4(key)  # type: ignore[arg-type]
    return TripleDES(key)  # type: ignore[arg-type]


def _asked(make: Callable[[], CipherContext]) -> CipherContext:
    """Return what *make* makes: only there does the library say that it was built without the cipher."""
    try:
        return make()
    except UnsupportedAlgorithm:
        raise KeyMaterialError("a key of an algorithm that this build of cryptography does not have") from None


def _wiped(data: bytes | bytearray | memoryview) -> bytes:  # noqa: ARG001 -- by the name that it is called by
    raise ValueError("the key was wiped")
