"""Card numbers that the journal may keep: encrypted for the gateway alone, and hashed for comparison.

AES-256-GCM with a nonce that is handed in, so that this stays free of chance. The hash by which a card is found again
is BLAKE2b in its keyed mode under another key: a MAC of its own (RFC 7693, 1), as good as an HMAC for this and a
quarter of its time; whoever has the journal and not the key cannot try card numbers.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from iso_gateway.errors import StoreError

NONCE_BYTES = 12
_LABEL = b"iso-gateway pan v1"
CHECKED = b"iso-gateway key check v1"
"""What a key is told from others by: the hash of this under it."""


class Seal:
    """Two keys, and what they do to a card number. Its repr shows neither."""

    def __init__(self, key: bytes | bytearray, nonce: Callable[[], bytes]) -> None:
        """Use the 32 bytes *key*; *nonce* gives 12 bytes that never repeat under it.

        Raises:
            ValueError: *key* is not 32 bytes.
        """
        if len(key) != 32:
            raise ValueError("a seal's key is 32 bytes")
        self._aead = AESGCM(hmac.digest(key, b"encrypt", "sha256"))
        # The key is taken in once, and copied for each card: a quarter of the time of an HMAC.
        self._keyed = hashlib.blake2b(key=hmac.digest(key, b"compare", "sha256"), digest_size=16)
        self._nonce = nonce

        self.check_value = self.fingerprint(CHECKED)
        """What tells the key from others, and says nothing of it."""

    def __repr__(self) -> str:
        return "<Seal>"

    def seal(self, pan: str) -> bytes:
        """Return *pan* encrypted: nonce, ciphertext, tag."""
        nonce = self._nonce()
        return nonce + self._aead.encrypt(nonce, pan.encode("ascii"), _LABEL)

    def unseal(self, sealed: bytes) -> str:
        """Return the card number in *sealed*.

        Raises:
            StoreError: it was sealed under another key, or changed since.
        """
        try:
            return self._aead.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], _LABEL).decode("ascii")
        except (InvalidTag, ValueError):
            raise StoreError("a sealed card number does not open: another key, or damaged") from None

    def fingerprint(self, data: bytes) -> bytes:
        """Return a keyed hash of *data*, 16 bytes: equal data, equal hash, and nothing else to be learned."""
        keyed = self._keyed.copy()
        keyed.update(data)
        return keyed.digest()
