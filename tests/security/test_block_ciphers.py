"""One key made ready: what it refuses, and that it says and keeps nothing of the key."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.ciphers import BlockCipherAlgorithm

from iso_gateway.errors import KeyMaterialError
from iso_gateway.security.block_ciphers import BLOCK_BYTES, KEY_BYTES, BlockCipher, as_24_bytes, encrypt_once
from iso_gateway.security.keys import KeyAlgorithm

every_kind = pytest.mark.parametrize("kind", KEY_BYTES)
Work = Callable[[BlockCipher, bytes], bytes]
WORKS: dict[str, Work] = {
    "encrypt": BlockCipher.encrypt,
    "decrypt": BlockCipher.decrypt,
    "encrypt chained": BlockCipher.encrypt_chained,
    "decrypt chained": BlockCipher.decrypt_chained,
}
every_work = pytest.mark.parametrize("work", WORKS.values(), ids=WORKS)


def ready(kind: KeyAlgorithm) -> BlockCipher:
    return BlockCipher(kind, bytes(range(KEY_BYTES[kind][0])))


@every_kind
@every_work
def test_part_of_a_block_is_refused_and_does_not_stay_for_the_next(kind: KeyAlgorithm, work: Work) -> None:
    cipher, block = ready(kind), bytes(range(BLOCK_BYTES[kind]))
    expected = work(cipher, block)
    for length in range(1, len(block)):
        with pytest.raises(ValueError, match="whole blocks"):
            work(cipher, bytes(length))
    assert work(cipher, block) == expected
    assert work(cipher, b"") == b""


@every_kind
def test_a_vector_is_one_block(kind: KeyAlgorithm) -> None:
    cipher, block = ready(kind), bytes(BLOCK_BYTES[kind])
    for length in (1, len(block) - 1, len(block) + 1):
        for work in (cipher.encrypt_chained, cipher.decrypt_chained):
            with pytest.raises(ValueError, match=r"(?i)\biv\b|vector|nonce"):
                work(block, bytes(length))


@every_kind
@every_work
def test_a_wiped_key_does_nothing_more(kind: KeyAlgorithm, work: Work) -> None:
    cipher = ready(kind)
    cipher.wipe()
    for data in (b"", bytes(BLOCK_BYTES[kind])):
        with pytest.raises(ValueError, match="wiped"):
            work(cipher, data)
    assert bytes(range(8)) not in bytes(cipher._key)


@every_kind
def test_a_key_of_another_length_is_refused(kind: KeyAlgorithm) -> None:
    for length in set(range(65)) - set(KEY_BYTES[kind]):
        with pytest.raises(KeyMaterialError, match="length"):
            BlockCipher(kind, bytes(length))


def test_hmac_is_no_block_cipher() -> None:
    with pytest.raises(KeyMaterialError):
        BlockCipher(KeyAlgorithm.HMAC, bytes(16))


@every_kind
def test_it_shows_and_shares_nothing_of_the_key(kind: KeyAlgorithm) -> None:
    key = bytearray(range(KEY_BYTES[kind][0]))
    cipher = BlockCipher(kind, key)
    before = cipher.encrypt_chained(bytes(BLOCK_BYTES[kind]))
    key[:] = bytes(len(key))
    assert cipher.encrypt_chained(bytes(BLOCK_BYTES[kind])) == before
    assert repr(cipher) == f"<BlockCipher {kind.name}>"


@pytest.mark.parametrize(
    ("key", "whole"), [("A", "AAA"), ("AB", "ABA"), ("ABC", "ABC")], ids=["single", "double", "triple"]
)
def test_keys_of_des_as_24_bytes(key: str, whole: str) -> None:
    def spelled(letters: str) -> bytes:
        return b"".join(letter.encode() * 8 for letter in letters)

    for given in (spelled(key), bytearray(spelled(key)), memoryview(spelled(key))):
        assert as_24_bytes(given) == spelled(whole)


def test_a_build_of_the_library_without_the_cipher_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """As builds under FIPS are without TDES."""

    class Unknown(BlockCipherAlgorithm):
        name = "unknown"
        key_size = block_size = 128
        key_sizes = frozenset({128})

    monkeypatch.setattr("iso_gateway.security.block_ciphers._algorithm", lambda _kind, _key: Unknown())
    for ask in (BlockCipher, lambda kind, key: encrypt_once(kind, key, bytes(16))):
        with pytest.raises(KeyMaterialError, match="this build of cryptography"):
            ask(KeyAlgorithm.SM4, bytes(16))


@every_kind
def test_a_key_that_is_used_once_does_the_same(kind: KeyAlgorithm) -> None:
    key = bytes(range(KEY_BYTES[kind][-1]))
    for blocks in range(4):
        data = bytes(range(blocks * BLOCK_BYTES[kind]))
        assert encrypt_once(kind, key, data) == BlockCipher(kind, key).encrypt(data)
    with pytest.raises(ValueError, match="whole blocks"):
        encrypt_once(kind, key, b"part")
    with pytest.raises(KeyMaterialError, match="length"):
        encrypt_once(kind, key[1:], bytes(16))


@pytest.mark.parametrize("kind", KEY_BYTES)
def test_each_message_is_chained_from_zeros_whatever_was_chained_before(kind: KeyAlgorithm) -> None:
    key, size = bytes(range(KEY_BYTES[kind][0])), BLOCK_BYTES[kind]
    used = BlockCipher(kind, key)
    messages = [
        bytes([number]) * size * blocks for number, blocks in ((1, 1), (2, 5), (2, 5), (0, 2), (255, 3), (1, 1))
    ]
    for message in messages:
        right = BlockCipher(kind, key).encrypt_chained(message, bytes(size))
        assert used.encrypt_chained(message) == right
        assert used.last_chained(message) == int.from_bytes(right[-size:])
        assert used.decrypt_chained(right) == message
        assert used.encrypt_chained(message, b"\x01" * size) != right
        with pytest.raises(ValueError, match="no whole blocks"):
            used.encrypt_chained(message + b"x")
        for broken in (message + b"x", b""):
            with pytest.raises(ValueError, match="no whole blocks"):
                used.last_chained(broken)


@every_kind
def test_who_is_interrupted_while_it_works_leaves_nothing_out_of_step(kind: KeyAlgorithm) -> None:
    cipher, message = ready(kind), bytes(range(2 * BLOCK_BYTES[kind]))
    right = cipher.encrypt_chained(message)
    assert cipher._running
    goes_on, last = cipher._running

    def interrupted(blocks: bytes) -> bytes:
        goes_on(blocks)
        raise KeyboardInterrupt

    cipher._running = interrupted, last
    with pytest.raises(KeyboardInterrupt):
        cipher.encrypt_chained(message)
    assert cipher.encrypt_chained(message) == right
