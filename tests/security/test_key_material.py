"""Check values, parity, weak keys, components: what two parties compare, and what may not serve as a key."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iso_gateway.errors import KeyMaterialError
from iso_gateway.security.block_ciphers import BlockCipher
from iso_gateway.security.check_values import METHODS, CheckMethod, check_value, matches
from iso_gateway.security.key_material import (
    WEAK,
    adjust_parity,
    check_length,
    combine,
    has_odd_parity,
    refuse_weak,
    same,
)
from iso_gateway.security.keys import KeyAlgorithm, MacAlgorithm, MacMethod
from iso_gateway.security.macs import MacKey
from tests.support.vectors import Case, each, inputs

TDES, AES, DES = KeyAlgorithm.TDES, KeyAlgorithm.AES, KeyAlgorithm.DES
GOOD = "0123456789ABCDEFFEDCBA9876543210"


# Check values


@each("kcv")
def test_a_published_check_value(group: str, case: Case) -> None:
    assert group
    key, expected = bytearray.fromhex(case["key"]), bytes.fromhex(case["kcv"])
    kind = AES if "CMAC" in case["method"] else TDES
    assert check_value(kind, key) == expected
    assert matches(kind, key, expected)
    if case["aes_ecb_legacy"]:
        legacy = bytes.fromhex(case["aes_ecb_legacy"])
        assert check_value(kind, key, method=CheckMethod.ZEROS) == legacy
        assert matches(kind, key, legacy, CheckMethod.ZEROS)
        assert not matches(kind, key, legacy)


@each("keyexchange_unionpay_f62")
def test_the_keys_of_a_sign_on_under_the_terminals_master_key(group: str, case: Case) -> None:
    """DE 62 of UnionPay: PIK and check value; MAK, single length in a slot of 16 bytes, and check value (ruling 13)."""
    master = BlockCipher(TDES, bytearray.fromhex(inputs(group)["tmk"]))
    field = bytes.fromhex(case["f62"])
    pik, mak = master.decrypt(field[:16]), master.decrypt(field[20:28])
    assert (pik.hex().upper(), mak.hex().upper()) == (case["pik"], case["mak"])
    assert matches(TDES, pik, field[16:20])
    assert field[28:36] == bytes(8)
    assert matches(DES, mak, field[36:40])


@pytest.mark.parametrize("kind", METHODS)
def test_a_check_value_is_compared_over_what_was_sent(kind: KeyAlgorithm) -> None:
    key = bytes(range(8 if kind is DES else 16))
    whole = check_value(kind, key, {DES: 8, TDES: 8, KeyAlgorithm.HMAC: 32}.get(kind, 16))
    for length in range(len(whole) + 1):
        assert matches(kind, key, whole[:length]) is (length >= 2)
        assert not matches(kind, key, bytes([whole[0] ^ 1]) + whole[1:length])
    assert not matches(kind, key, whole + b"\0")
    for length in (0, 1, len(whole) + 1):
        with pytest.raises(ValueError, match="length"):
            check_value(kind, key, length)


def test_a_method_of_another_kind_of_key_is_refused() -> None:
    with pytest.raises(ValueError, match="method"):
        check_value(TDES, bytes.fromhex(GOOD), method=CheckMethod.CMAC)


@pytest.mark.parametrize("kind", [kind for kind in KeyAlgorithm if kind is not KeyAlgorithm.HMAC])
def test_a_key_of_another_length_has_no_check_value(kind: KeyAlgorithm) -> None:
    with pytest.raises(KeyMaterialError):
        check_value(kind, bytes(15))


def test_hmac_keys_have_one_too() -> None:
    made = MacKey(MacAlgorithm.HMAC_SHA256, KeyAlgorithm.HMAC, b"\x0b" * 20)
    assert check_value(KeyAlgorithm.HMAC, b"\x0b" * 20, 4) == made.make(
        MacMethod(MacAlgorithm.HMAC_SHA256, length=4), b""
    )


# Parity


@given(st.binary(max_size=32))
def test_parity_is_odd_after_it_was_adjusted_and_only_the_last_bits_changed(key: bytes) -> None:
    adjusted = bytearray(key)
    adjust_parity(adjusted)
    assert all(value.bit_count() % 2 for value in adjusted)
    assert bytes(value & 0xFE for value in adjusted) == bytes(value & 0xFE for value in key)
    assert has_odd_parity(adjusted)
    assert has_odd_parity(key) is (adjusted == key)


@given(st.binary(min_size=16, max_size=16))
def test_parity_changes_nothing_that_is_encrypted(key: bytes) -> None:
    adjusted = bytearray(key)
    adjust_parity(adjusted)
    assert check_value(TDES, key, 8) == check_value(TDES, adjusted, 8)
    assert same(TDES, key, adjusted)
    assert same(AES, key, adjusted) is (key == adjusted)


# Weak keys


def test_weak_keys_are_weak() -> None:
    """Encrypting twice with a weak key changes nothing; with a semi-weak one, its partner undoes it."""
    block = b"12345678"
    once = {key: BlockCipher(DES, key).encrypt(block) for key in WEAK}
    for key in WEAK:
        assert [other for other in WEAK if BlockCipher(DES, other).encrypt(once[key]) == block]
    assert len(WEAK) == 16
    assert sum(BlockCipher(DES, key).encrypt(once[key]) == block for key in WEAK) == 4


@pytest.mark.parametrize("weak", sorted(WEAK), ids=bytes.hex)
@pytest.mark.parametrize("parity", [0, 1])
def test_a_weak_part_makes_a_key_weak_whatever_its_parity(weak: bytes, parity: int) -> None:
    part = bytes(value ^ parity for value in weak)
    good = bytes.fromhex(GOOD)
    for kind, key in ((DES, part), (TDES, part + good[8:]), (TDES, good[:8] + part), (TDES, good + part)):
        with pytest.raises(KeyMaterialError, match="weak"):
            refuse_weak(kind, key)


@pytest.mark.parametrize(
    "key",
    [
        "0123456789ABCDEF0123456789ABCDEF",
        "0123456789ABCDEF0022446688AACCEE",
        "0123456789ABCDEF0123456789ABCDEFFEDCBA9876543210",
        "FEDCBA98765432100123456789ABCDEF0123456789ABCDEF",
    ],
    ids=["halves", "but for parity", "first two thirds", "last two thirds"],
)
def test_equal_neighbours_make_single_des_of_it(key: str) -> None:
    value = bytearray.fromhex(key)
    if key.startswith("0123456789ABCDEF0022"):
        value[8:] = bytes(byte ^ 1 for byte in value[:8])
    with pytest.raises(KeyMaterialError, match="equal halves"):
        refuse_weak(TDES, value)


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        (DES, GOOD[:16]),
        (TDES, GOOD),
        (TDES, GOOD + GOOD[:16]),
        (TDES, GOOD + "1032547698BADCFE"),
        (AES, "F1" * 8 + "F2" * 8),
        (KeyAlgorithm.SM4, GOOD),
        (KeyAlgorithm.HMAC, "0B" * 19 + "0C"),
    ],
)
def test_a_good_key_passes(kind: KeyAlgorithm, key: str) -> None:
    refuse_weak(kind, bytearray.fromhex(key))


@pytest.mark.parametrize("kind", [AES, KeyAlgorithm.SM4, KeyAlgorithm.HMAC])
@pytest.mark.parametrize("value", [0, 0xFF, 0x5A])
def test_one_byte_again_and_again_is_no_key(kind: KeyAlgorithm, value: int) -> None:
    with pytest.raises(KeyMaterialError, match="all its bytes"):
        refuse_weak(kind, bytes([value]) * 16)


@pytest.mark.parametrize(
    ("kind", "good"),
    [
        (DES, {8}),
        (TDES, {16, 24}),
        (AES, {16, 24, 32}),
        (KeyAlgorithm.SM4, {16}),
        (KeyAlgorithm.HMAC, set(range(16, 129))),
    ],
)
def test_the_lengths_of_keys(kind: KeyAlgorithm, good: set[int]) -> None:
    for length in range(140):
        if length in good:
            check_length(kind, bytes(length))
        else:
            with pytest.raises(KeyMaterialError, match="length"):
                check_length(kind, bytes(length))


# Components


@each("key_components")
def test_a_key_from_published_components(group: str, case: Case) -> None:
    assert group
    components = [bytearray.fromhex(component) for component in case["components"]]
    for component, value in zip(components, case["component_kcvs"], strict=True):
        assert check_value(TDES, component, 4) == bytes.fromhex(value)
    key = combine(components)
    assert key.hex().upper() == case["key"]
    assert matches(TDES, key, bytes.fromhex(case["key_kcv"]))
    adjust_parity(key)
    assert key.hex().upper() == case["key_odd_parity"]


def _hides(component: bytes) -> bool:
    return len({value | 1 for value in component}) > 1


@given(st.lists(st.binary(min_size=16, max_size=16).filter(_hides), min_size=2, max_size=3, unique=True))
def test_no_component_alone_says_anything_and_their_order_is_all_one(components: list[bytes]) -> None:
    key = combine(components)
    assert key == combine(components[::-1])
    rest = bytearray(16)
    for component in components[1:]:
        rest = bytearray(one ^ other for one, other in zip(rest, component, strict=True))
    assert bytes(one ^ other for one, other in zip(key, rest, strict=True)) == components[0]


@pytest.mark.parametrize(
    "components", [[], [bytes(16)], [bytes(16), bytes(24)], [b"a" * 16, b"a" * 16], [b"a" * 16, b"b" * 16, b"a" * 16]]
)
def test_what_are_no_components_is_refused(components: list[bytes]) -> None:
    with pytest.raises(KeyMaterialError, match="components"):
        combine(components)


@pytest.mark.parametrize("plain", ["00", "FF", "AB", "0100", "1110"])
def test_a_component_that_hides_nothing_of_the_others_is_refused(plain: str) -> None:
    component = bytes.fromhex(plain * (16 // len(bytes.fromhex(plain))))
    for order in ([bytes.fromhex(GOOD), component], [component, bytes.fromhex(GOOD)]):
        with pytest.raises(KeyMaterialError, match="one byte all over"):
            combine(order)
