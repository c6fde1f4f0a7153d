"""Card numbers at rest: they open again under their own key, and are told apart by a hash that needs it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iso_gateway.errors import StoreError
from iso_gateway.security.seal import NONCE_BYTES, Seal

PAN = "4761739001010010"


def seal(key: int = 1) -> Seal:
    """Return a seal whose nonces count."""
    counter = iter(range(1, 1000))
    return Seal(bytes([key]) * 32, lambda: next(counter).to_bytes(NONCE_BYTES, "big"))


@given(st.text("0123456789", min_size=1, max_size=19))
def test_what_was_sealed_opens_again(pan: str) -> None:
    one = seal()
    assert one.unseal(one.seal(pan)) == pan


def test_the_same_number_sealed_twice_looks_different_and_shows_nothing() -> None:
    one = seal()
    first, second = one.seal(PAN), one.seal(PAN)
    assert first != second
    assert PAN.encode() not in first + second


@pytest.mark.parametrize("at", [0, NONCE_BYTES, -1])
def test_one_changed_bit_and_it_does_not_open(at: int) -> None:
    one = seal()
    sealed = bytearray(one.seal(PAN))
    sealed[at] ^= 1
    with pytest.raises(StoreError, match="does not open") as caught:
        one.unseal(bytes(sealed))
    assert PAN not in str(caught.value)


@pytest.mark.parametrize("broken", [b"", b"short", bytes(NONCE_BYTES), bytes(40)])
def test_what_is_no_seal_does_not_open(broken: bytes) -> None:
    with pytest.raises(StoreError):
        seal().unseal(broken)


def test_another_key_opens_nothing() -> None:
    with pytest.raises(StoreError):
        seal(2).unseal(seal(1).seal(PAN))


def test_equal_numbers_have_equal_hashes_under_one_key_only() -> None:
    assert seal().fingerprint(b"4761") == seal().fingerprint(b"4761")
    assert seal().fingerprint(b"4761") != seal().fingerprint(b"4762")
    assert seal(1).fingerprint(b"4761") != seal(2).fingerprint(b"4761")
    assert len(seal().fingerprint(b"")) == 16


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_a_key_has_32_bytes(size: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Seal(bytes(size), lambda: bytes(NONCE_BYTES))


def test_a_seal_shows_no_key() -> None:
    assert repr(seal()) == "<Seal>"
