"""Key blocks: a key that travels or lies on a disk, encrypted and bound to what it may be used for.

TR-31:2018 (ANSI X9.143): a header in ASCII, the key encrypted under one key that is made from the key block protection
key (KBPK), and a MAC of both under another. The versions:

    A   TDES, the two keys are variants of the KBPK; MAC of 4 bytes over header and ciphertext. Read only.
    B   TDES, the two keys are derived; MAC of 8 bytes over header and plaintext, which is the vector of the encryption.
    C   as A, with the header's later meaning. Read only.
    D   as B, under AES; MAC of 16 bytes.

Every byte is hostile until the MAC has been compared; whatever is wrong with a block is told in the same words.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Final, Literal, NamedTuple

from cryptography.hazmat.primitives.ciphers import BlockCipherAlgorithm
from cryptography.hazmat.primitives.cmac import CMAC

from iso_gateway.errors import KeyBlockError, KeyMaterialError
from iso_gateway.security.block_ciphers import BlockCipher, Key
from iso_gateway.security.key_header import Header, header_of
from iso_gateway.security.keys import KeyAlgorithm

LONGEST: Final = 4096
"""Characters of a key block; the standard would allow 9999."""

LONGEST_KEY: Final = 128
"""Bytes of a key in a block: HMAC keys are the longest."""


class _Version(NamedTuple):
    """What the letter in front decides."""

    kind: KeyAlgorithm
    """The cipher of the KBPK."""
    mac_bytes: int
    derived: bool
    """Whether the two keys are derived, and the MAC is of the plaintext."""
    hidden: int
    """To how many bytes a key is filled up, so that its length does not show (TR-31:2018, 5.4)."""


_VERSIONS: Final = {
    "A": _Version(KeyAlgorithm.TDES, 4, derived=False, hidden=24),
    "B": _Version(KeyAlgorithm.TDES, 8, derived=True, hidden=24),
    "C": _Version(KeyAlgorithm.TDES, 4, derived=False, hidden=24),
    "D": _Version(KeyAlgorithm.AES, 16, derived=True, hidden=32),
}

_VARIANTS: Final = (0x45, 0x4D)
"""What every byte of the KBPK is added to in versions A and C: for encryption, for the MAC."""

_DERIVED_ALGORITHMS: Final = {
    (KeyAlgorithm.TDES, 16): b"\x00\x00",
    (KeyAlgorithm.TDES, 24): b"\x00\x01",
    (KeyAlgorithm.AES, 16): b"\x00\x02",
    (KeyAlgorithm.AES, 24): b"\x00\x03",
    (KeyAlgorithm.AES, 32): b"\x00\x04",
}
"""How the derivation names what it derives for (TR-31:2018, 5.3.2.1 and 5.3.2.3)."""


class Opened(NamedTuple):
    """A key block that opened."""

    header: Header
    key: bytearray
    """Whoever opened it wipes it."""

    def __repr__(self) -> str:
        return f"<Opened {self.header.usage}>"


def wrap(
    version: Literal["B", "D"],
    protection: Key,
    header: Header,
    key: Key,
    fill: Callable[[int], bytes],
    *,
    hide: bool = True,
) -> bytes:
    """Return *key* as a key block, ASCII.

    Args:
        version: B under TDES, D under AES.
        protection: the key block protection key: 16 or 24 bytes for B; 16, 24 or 32 for D.
        header: what the block says of the key.
        key: 1 to 128 bytes.
        fill: gives so many random bytes.
        hide: fill the key up, so that its length does not show.

    Raises:
        KeyMaterialError: *protection* is no key of that version, or *key* has no length that a block takes.
        ValueError: a block of that version is not made.
    """
    if version not in {"B", "D"}:
        raise ValueError("key blocks are made of versions B and D")
    if not 0 < len(key) <= LONGEST_KEY:
        raise KeyMaterialError("a key of a length that no key block takes")
    rules = _VERSIONS[version]
    size = rules.mac_bytes  # of B and D, that of a block of their cipher
    filled = max(rules.hidden if hide else 0, len(key))
    filled += -(2 + filled) % size
    payload = bytearray(2 + filled)
    payload[:2] = (8 * len(key)).to_bytes(2, "big")
    payload[2 : 2 + len(key)] = key
    payload[2 + len(key) :] = fill(filled - len(key))
    said = header.written(version, 2 * (len(payload) + size), size)
    encrypting, authenticating = _keys(rules, protection)
    try:
        mac = _cmac(authenticating, said + bytes(payload))
        sealed = encrypting.encrypt_chained(bytes(payload), mac)
    finally:
        _wipe(payload, encrypting, authenticating)
    return said + sealed.hex().upper().encode() + mac.hex().upper().encode()


def unwrap(protection: Key, block: bytes) -> Opened:
    """Return the key in *block* and what its header says, once its MAC is found right.

    Args:
        protection: the key block protection key.
        block: ASCII, versions A to D.

    Raises:
        KeyBlockError: it does not open: malformed, changed, or under another key.
    """
    if not 16 <= len(block) <= LONGEST:
        raise KeyBlockError
    header = header_of(block)
    rules = _VERSIONS.get(header.version)
    if rules is None:
        raise KeyBlockError
    said, rest = block[: header.size], block[header.size :]
    sealed, mac = _split(rest, rules)
    try:
        encrypting, authenticating = _keys(rules, protection)
    except KeyMaterialError:
        raise KeyBlockError from None
    payload = bytearray()
    try:
        if rules.derived:
            payload[:] = encrypting.decrypt_chained(sealed, mac)
            right = _cmac(authenticating, said + bytes(payload))
        else:
            right = _cbc_mac(authenticating, said + sealed)[: rules.mac_bytes]
            payload[:] = encrypting.decrypt_chained(sealed, said[: encrypting.block_size])
        if not hmac.compare_digest(right, mac):
            raise KeyBlockError
        return Opened(header, _key_in(payload))
    finally:
        _wipe(payload, encrypting, authenticating)


def _split(rest: bytes, rules: _Version) -> tuple[bytes, bytes]:
    """Return ciphertext and MAC of what stands behind the header.

    Raises:
        KeyBlockError: they cannot be those of a key.
    """
    size = 16 if rules.kind is KeyAlgorithm.AES else 8
    try:
        binary = bytes.fromhex(rest.decode("ascii"))
    except (UnicodeDecodeError, ValueError):
        raise KeyBlockError from None
    if 2 * len(binary) != len(rest):  # blanks, which hexadecimal may have elsewhere
        raise KeyBlockError
    sealed, mac = binary[: -rules.mac_bytes], binary[-rules.mac_bytes :]
    if not sealed or len(sealed) % size:
        raise KeyBlockError
    return sealed, mac


def _key_in(payload: bytearray) -> bytearray:
    """Return the key that *payload* says the length of, in bits.

    Raises:
        KeyBlockError: it has none of that length.
    """
    bits = int.from_bytes(payload[:2], "big")
    count = bits // 8
    if bits % 8 or not 0 < count <= min(LONGEST_KEY, len(payload) - 2):
        raise KeyBlockError
    return payload[2 : 2 + count]


def _keys(rules: _Version, protection: Key) -> tuple[BlockCipher, BlockCipher]:
    """Return the cipher that encrypts and the one that authenticates.

    Raises:
        KeyMaterialError: *protection* has no length that the version takes.
    """
    if not rules.derived:
        encrypting, authenticating = (bytearray(byte ^ variant for byte in protection) for variant in _VARIANTS)
    else:
        named = _DERIVED_ALGORITHMS.get((rules.kind, len(protection)))
        if named is None:
            raise KeyMaterialError("a key of a length that its algorithm does not have")
        master = BlockCipher(rules.kind, protection)
        encrypting, authenticating = (_derived(master, usage, named, len(protection)) for usage in (0, 1))
        master.wipe()
    try:
        return BlockCipher(rules.kind, encrypting), BlockCipher(rules.kind, authenticating)
    finally:
        _wipe(encrypting, authenticating)


def _derived(master: BlockCipher, usage: int, named: bytes, size: int) -> bytearray:
    """Return the key for *usage* (0 encryption, 1 MAC) of *size* bytes, by CMAC in counter mode."""
    key = bytearray()
    counter = 1
    while len(key) < size:
        said = bytes((counter, 0, usage, 0)) + named + (8 * size).to_bytes(2, "big")
        key += _cmac(master, said)
        counter += 1
    return key[:size]


def _cmac(cipher: BlockCipher, data: bytes) -> bytes:
    assert isinstance(cipher.algorithm, BlockCipherAlgorithm)
    made = CMAC(cipher.algorithm)
    made.update(data)
    return made.finalize()


def _cbc_mac(cipher: BlockCipher, data: bytes) -> bytes:
    """Return the last block of CBC over *data*: ISO 9797-1 algorithm 1; header and ciphertext are whole blocks."""
    if len(data) % cipher.block_size:
        raise KeyBlockError
    return cipher.encrypt_chained(data)[-cipher.block_size :]


def _wipe(*several: bytearray | BlockCipher) -> None:
    for each in several:
        if isinstance(each, BlockCipher):
            each.wipe()
        else:
            each[:] = bytes(len(each))
