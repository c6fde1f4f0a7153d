"""Message authentication codes of the legs, by their names in `MacAlgorithm`.

    key = MacKey(MacAlgorithm.X9_19, KeyAlgorithm.TDES, value)  # kept, one for each key; *value* may be wiped then
    mac = key.make(MacMethod(MacAlgorithm.X9_19), data)
    good = key.verify(method, data, mac)  # in constant time; never gives the right one out

The two of SM4 follow their descriptions; no published example of either was found to compare with.

A MAC is cut to the left `MacMethod.length` bytes, and compared at that length: never fewer than 4.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from functools import reduce
from operator import xor
from struct import unpack
from typing import Final

from cryptography.hazmat.primitives.ciphers import BlockCipherAlgorithm
from cryptography.hazmat.primitives.cmac import CMAC

from iso_gateway.errors import KeyMaterialError
from iso_gateway.security.block_ciphers import BlockCipher, Key
from iso_gateway.security.keys import KeyAlgorithm, MacAlgorithm, MacMethod, Usage

SHORTEST: Final = 4
"""Bytes of a MAC that are sent at least (X9.19, ISO 16609): fewer can be guessed."""

USAGES: Final[dict[MacAlgorithm, Usage]] = {
    MacAlgorithm.X9_9: Usage.MAC_1,
    MacAlgorithm.X9_19: Usage.MAC_3,
    MacAlgorithm.UNIONPAY_ECB: Usage.MAC_UNIONPAY,
    MacAlgorithm.UNIONPAY_SM4: Usage.MAC_UNIONPAY,
    MacAlgorithm.CMAC: Usage.MAC_CMAC,
    MacAlgorithm.HMAC_SHA256: Usage.MAC_HMAC,
    MacAlgorithm.SM4_CBC: Usage.MAC_1,
}
"""The one usage whose keys make MACs of each algorithm."""

_DES = frozenset({KeyAlgorithm.DES, KeyAlgorithm.TDES})
KINDS: Final[dict[MacAlgorithm, frozenset[KeyAlgorithm]]] = {
    MacAlgorithm.X9_9: _DES,
    MacAlgorithm.X9_19: frozenset({KeyAlgorithm.TDES}),
    MacAlgorithm.UNIONPAY_ECB: _DES,
    MacAlgorithm.UNIONPAY_SM4: frozenset({KeyAlgorithm.SM4}),
    MacAlgorithm.CMAC: frozenset({KeyAlgorithm.TDES, KeyAlgorithm.AES, KeyAlgorithm.SM4}),
    MacAlgorithm.HMAC_SHA256: frozenset({KeyAlgorithm.HMAC}),
    MacAlgorithm.SM4_CBC: frozenset({KeyAlgorithm.SM4}),
}
"""The kinds of key that each algorithm takes."""

_HMAC_KEY_BYTES = range(16, 129)


class MacKey:
    """One key, made ready for one algorithm. Its repr says the algorithm alone."""

    def __init__(self, algorithm: MacAlgorithm, kind: KeyAlgorithm, key: bytes | bytearray) -> None:
        """Take *key* in; the caller may wipe its own.

        Raises:
            KeyMaterialError: *key* is none of *kind* by its length, or *algorithm* takes none of *kind*.
        """
        if kind not in KINDS[algorithm]:
            raise KeyMaterialError("a key of a kind that this MAC algorithm does not take")
        self.algorithm = algorithm
        self._ciphers: list[BlockCipher] = []
        self._make, self.size = self._ready(kind, key)

    def __repr__(self) -> str:
        return f"<MacKey {self.algorithm}>"

    def make(self, method: MacMethod, data: bytes) -> bytes:
        """Return the MAC of *data*, `MacMethod.length` bytes.

        Raises:
            ValueError: *method* is of another algorithm, has no such padding, or a length that this one does not give.
        """
        if method.algorithm is not self.algorithm or not SHORTEST <= method.length <= self.size:
            raise ValueError("a method that is none of this key's")
        return self._make(data, method.padding)[: method.length]

    def verify(self, method: MacMethod, data: bytes, mac: bytes) -> bool:
        """Say whether *mac* is that of *data*, in constant time.

        Raises:
            ValueError: as `make`.
        """
        return hmac.compare_digest(self.make(method, data), mac)

    def wipe(self) -> None:
        """Overwrite what is kept of the key, and make no MAC any more."""
        for cipher in self._ciphers:
            cipher.wipe()
        self._ciphers, self._make, self.size = [], _wiped, 0

    def _ready(self, kind: KeyAlgorithm, key: bytes | bytearray) -> tuple[Callable[[bytes, int], bytes], int]:
        """Return what makes a MAC of data and a padding, and how many bytes it gives."""
        match self.algorithm:
            case MacAlgorithm.X9_19:
                return self._retail(key), 8
            case MacAlgorithm.X9_9 | MacAlgorithm.SM4_CBC:
                cipher = self._cipher(kind, key)
                return _chained(cipher), cipher.block_size
            case MacAlgorithm.CMAC:
                cipher = self._cipher(kind, key)
                return _cmac(cipher), cipher.block_size
            case MacAlgorithm.UNIONPAY_ECB | MacAlgorithm.UNIONPAY_SM4:
                cipher = self._cipher(kind, key)
                return _unionpay(cipher), 2 * cipher.block_size
            case MacAlgorithm.HMAC_SHA256:
                return _hmac(key), 32

    def _cipher(self, kind: KeyAlgorithm, key: Key) -> BlockCipher:
        cipher = BlockCipher(kind, key)
        self._ciphers.append(cipher)
        return cipher

    def _retail(self, key: bytes | bytearray) -> Callable[[bytes, int], bytes]:
        """ISO 9797-1 MAC algorithm 3 (X9.19): CBC under K1, the last block then decrypted under K2, encrypted under K1.

        The last step under K1 and the two more of the last block are one block of TDES under K1, K2, K1.
        """
        if len(key) != 16:
            raise KeyMaterialError("a key of a length that its algorithm does not have")
        whole = self._cipher(KeyAlgorithm.TDES, key)
        left = self._cipher(KeyAlgorithm.DES, memoryview(key)[:8])

        def make(data: bytes, padding: int) -> bytes:
            padded = pad(data, 8, padding)
            if len(padded) == 8:
                return whole.encrypt(padded)
            last = left.last_chained(padded[:-8]) ^ int.from_bytes(padded[-8:], "big")
            return whole.encrypt(last.to_bytes(8, "big"))

        return make


def pad(data: bytes, block: int, method: int) -> bytes:
    """Return *data* filled up to whole blocks: ISO 9797-1 padding *method* 1 (zeros) or 2 (a bit, then zeros).

    Raises:
        ValueError: there is no such method.
    """
    if method == 2:
        data += b"\x80"
    elif method != 1:
        raise ValueError("padding methods are 1 and 2")
    # No data at all are one block, also where nothing marks their end (ISO 9797-1:2011, 6.3.2).
    return data + bytes(-len(data) % block) if data else bytes(block)


def _chained(cipher: BlockCipher) -> Callable[[bytes, int], bytes]:
    """ISO 9797-1 MAC algorithm 1: the last block of CBC."""
    size = cipher.block_size

    def make(data: bytes, padding: int) -> bytes:
        return cipher.encrypt_chained(pad(data, size, padding))[-size:]

    return make


def _cmac(cipher: BlockCipher) -> Callable[[bytes, int], bytes]:
    """ISO 9797-1 MAC algorithm 5, NIST SP 800-38B. It pads by itself."""
    assert isinstance(cipher.algorithm, BlockCipherAlgorithm)
    keyed = CMAC(cipher.algorithm)

    def make(data: bytes, _padding: int) -> bytes:
        copy = keyed.copy()
        copy.update(data)
        return copy.finalize()

    return make


def _hmac(key: bytes | bytearray) -> Callable[[bytes, int], bytes]:
    """HMAC-SHA-256 (RFC 2104, FIPS 198-1)."""
    if len(key) not in _HMAC_KEY_BYTES:
        raise KeyMaterialError("a key of a length that its algorithm does not have")
    keyed = hmac.new(key, digestmod="sha256")

    def make(data: bytes, _padding: int) -> bytes:
        copy = keyed.copy()
        copy.update(data)
        return copy.digest()

    return make


def _unionpay(cipher: BlockCipher) -> Callable[[bytes, int], bytes]:
    """The MAC of UnionPay terminals ("ECB"), which hexadecimal characters go through.

    All blocks of the data, filled with zeros, are added (exclusive or). The sum is written in upper-case hexadecimal
    characters: the first half of them is encrypted, added to the second half, and encrypted again. Of that, written in
    hexadecimal characters, the first 8 are the MAC as DE 64 carries it. With SM4 the blocks are of 16 bytes.
    """
    size = cipher.block_size
    words = size // 8

    def make(data: bytes, padding: int) -> bytes:
        padded = pad(data, size, padding)
        parts = unpack(f">{len(padded) // 8}Q", padded)
        text = b"".join(b"%016X" % reduce(xor, parts[word::words]) for word in range(words))
        first = int.from_bytes(cipher.encrypt(text[:size]), "big")
        second = first ^ int.from_bytes(text[size:], "big")
        return cipher.encrypt(second.to_bytes(size, "big")).hex().upper().encode("ascii")

    return make


def _wiped(_data: bytes, _padding: int) -> bytes:
    raise ValueError("the key was wiped")
