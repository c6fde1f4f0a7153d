"""MACs: the published vectors, what keys and methods are refused, and that one changed bit is seen."""

from __future__ import annotations

import pytest

from iso_gateway.errors import KeyMaterialError
from iso_gateway.security.block_ciphers import BlockCipher
from iso_gateway.security.dukpt_aes import KeyUse, WorkingType, transaction_key, working_key
from iso_gateway.security.keys import KeyAlgorithm, MacAlgorithm, MacMethod
from iso_gateway.security.macs import KINDS, USAGES, MacKey, pad
from tests.support.vectors import Case, cases, each, inputs

KEYS = {
    KeyAlgorithm.DES: "0123456789ABCDEF",
    KeyAlgorithm.TDES: "0123456789ABCDEFFEDCBA9876543210",
    KeyAlgorithm.AES: "2B7E151628AED2A6ABF7158809CF4F3C",
    KeyAlgorithm.SM4: "0123456789ABCDEFFEDCBA9876543210",
    KeyAlgorithm.HMAC: "0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B",
}
every_algorithm = pytest.mark.parametrize(
    ("algorithm", "kind"), [(algorithm, kind) for algorithm, kinds in KINDS.items() for kind in sorted(kinds)]
)


def ready(algorithm: MacAlgorithm, kind: KeyAlgorithm) -> MacKey:
    return MacKey(algorithm, kind, bytearray.fromhex(KEYS[kind]))


@each("mac_iso9797")
def test_iso_9797_algorithms_1_and_3(group: str, case: Case) -> None:
    assert group
    single = case["algorithm"] == "ISO9797-1 alg 1 DES"
    kind = KeyAlgorithm.DES if len(case["key"]) == 16 else KeyAlgorithm.TDES
    algorithm = MacAlgorithm.X9_9 if single else MacAlgorithm.X9_19
    key = MacKey(algorithm, kind, bytearray.fromhex(case["key"]))
    assert key.make(MacMethod(algorithm, case["padding"]), case["data_ascii"].encode()).hex().upper() == case["mac"]


@each("mac_cmac")
def test_cmac(group: str, case: Case) -> None:
    assert group
    kind = KeyAlgorithm.AES if case["algorithm"] == "AES-CMAC" else KeyAlgorithm.TDES
    key = MacKey(MacAlgorithm.CMAC, kind, bytearray.fromhex(case["key"]))
    method = MacMethod(MacAlgorithm.CMAC, length=len(case["mac"]) // 2)
    assert key.make(method, bytes.fromhex(case["data"])).hex().upper() == case["mac"]


@each("mac_hmac")
def test_hmac_sha_256(group: str, case: Case) -> None:
    assert group
    key = MacKey(MacAlgorithm.HMAC_SHA256, KeyAlgorithm.HMAC, bytearray.fromhex(case["key"]))
    made = key.make(MacMethod(MacAlgorithm.HMAC_SHA256, length=32), case["data_ascii"].encode())
    assert made.hex().upper() == case["mac"]


@each("mac_unionpay_ecb")
def test_the_mac_of_unionpay_terminals(group: str, case: Case) -> None:
    assert group
    value = bytearray.fromhex(case["mak"])
    kind = KeyAlgorithm.DES if len(value) == 8 else KeyAlgorithm.TDES
    made = MacKey(MacAlgorithm.UNIONPAY_ECB, kind, value).make(
        MacMethod(MacAlgorithm.UNIONPAY_ECB), bytes.fromhex(case["mab"])
    )
    assert made == (case["f64_ascii"].encode() if "f64_ascii" in case else bytes.fromhex(case["f64"]))


@pytest.mark.parametrize("direction", ["request", "answer"])
@each("dukpt_aes128_mac_data")
def test_cmac_and_hmac_under_keys_of_one_transaction(group: str, case: Case, direction: str) -> None:
    theirs = {"request": "request", "answer": "response"}[direction]
    use = {"request": KeyUse.MAC_GENERATION, "answer": KeyUse.MAC_VERIFICATION}[direction]
    ksn, text = bytes.fromhex(case["ksn"]), inputs(group)["text_ascii"].encode()
    transaction = transaction_key(bytes.fromhex(inputs(group)["initial_key"]), ksn)
    cmac = MacKey(MacAlgorithm.CMAC, KeyAlgorithm.AES, working_key(transaction, ksn, use))
    assert cmac.make(MacMethod(MacAlgorithm.CMAC, length=16), text).hex().upper() == case[f"cmac_{theirs}"]
    value = working_key(transaction, ksn, use, WorkingType.HMAC_128)
    made = MacKey(MacAlgorithm.HMAC_SHA256, KeyAlgorithm.HMAC, value)
    assert (
        made.make(MacMethod(MacAlgorithm.HMAC_SHA256, length=32), text).hex().upper() == case[f"hmac_sha256_{theirs}"]
    )


@every_algorithm
def test_a_mac_is_good_for_its_data_alone(algorithm: MacAlgorithm, kind: KeyAlgorithm) -> None:
    key, method = ready(algorithm, kind), MacMethod(algorithm)
    data = b"0200" + bytes(range(60))
    mac = key.make(method, data)
    assert len(mac) == 8
    assert key.verify(method, data, mac)
    for place in range(len(data)):
        changed = bytearray(data)
        changed[place] ^= 1
        assert not key.verify(method, bytes(changed), mac)
    assert not key.verify(method, data, bytes([mac[0] ^ 1]) + mac[1:])


@every_algorithm
def test_a_mac_of_another_length_is_never_good(algorithm: MacAlgorithm, kind: KeyAlgorithm) -> None:
    key, method = ready(algorithm, kind), MacMethod(algorithm)
    mac = key.make(method, b"data")
    assert [length for length in range(9) if key.verify(method, b"data", mac[:length])] == [8]
    assert not key.verify(method, b"data", mac + b"\0")


@every_algorithm
@pytest.mark.parametrize("length", [-1, 0, 3, 33])
def test_a_method_that_would_compare_too_little_is_refused(
    algorithm: MacAlgorithm, kind: KeyAlgorithm, length: int
) -> None:
    with pytest.raises(ValueError, match="none of this key's"):
        ready(algorithm, kind).verify(MacMethod(algorithm, length=length), b"data", b"")


@every_algorithm
def test_a_key_makes_macs_of_its_own_algorithm_alone(algorithm: MacAlgorithm, kind: KeyAlgorithm) -> None:
    key = ready(algorithm, kind)
    for other in set(MacAlgorithm) - {algorithm}:
        with pytest.raises(ValueError, match="none of this key's"):
            key.make(MacMethod(other), b"data")


@every_algorithm
def test_a_key_that_was_wiped_makes_none(algorithm: MacAlgorithm, kind: KeyAlgorithm) -> None:
    key = ready(algorithm, kind)
    key.make(MacMethod(algorithm), b"data")
    key.wipe()
    with pytest.raises(ValueError, match="none of this key's"):
        key.make(MacMethod(algorithm), b"data")


@every_algorithm
def test_its_owner_may_wipe_the_key_that_was_handed_in(algorithm: MacAlgorithm, kind: KeyAlgorithm) -> None:
    value = bytearray.fromhex(KEYS[kind])
    key = MacKey(algorithm, kind, value)
    value[:] = bytes(len(value))
    for data in (b"once", b"and again"):
        assert key.make(MacMethod(algorithm), data) == ready(algorithm, kind).make(MacMethod(algorithm), data)


@every_algorithm
def test_no_data_have_a_mac_too(algorithm: MacAlgorithm, kind: KeyAlgorithm) -> None:
    assert len(ready(algorithm, kind).make(MacMethod(algorithm), b"")) == 8


@pytest.mark.parametrize("algorithm", MacAlgorithm)
def test_keys_of_the_wrong_kind_or_length_are_refused(algorithm: MacAlgorithm) -> None:
    for kind in set(KeyAlgorithm) - KINDS[algorithm]:
        with pytest.raises(KeyMaterialError, match="of a kind"):
            MacKey(algorithm, kind, bytearray.fromhex(KEYS[kind]))
    for kind in KINDS[algorithm]:
        for length in (0, 7, 24, 129) if algorithm is MacAlgorithm.X9_19 else (0, 7, 129):
            with pytest.raises(KeyMaterialError, match="of a length"):
                MacKey(algorithm, kind, bytearray(length))


def test_every_algorithm_has_its_usage_and_kinds() -> None:
    assert USAGES.keys() == KINDS.keys() == set(MacAlgorithm)


@pytest.mark.parametrize(
    ("data", "method", "padded"),
    [
        (b"", 1, bytes(8)),
        (b"", 2, b"\x80" + bytes(7)),
        (b"1234567", 1, b"1234567\0"),
        (b"1234567", 2, b"1234567\x80"),
        (b"12345678", 1, b"12345678"),
        (b"12345678", 2, b"12345678\x80" + bytes(7)),
    ],
)
def test_padding(data: bytes, method: int, padded: bytes) -> None:
    assert pad(data, 8, method) == padded


@pytest.mark.parametrize("method", [-1, 0, 3])
def test_there_are_two_paddings(method: int) -> None:
    with pytest.raises(ValueError, match="1 and 2"):
        pad(b"", 8, method)


@pytest.mark.parametrize("case", [case for case in cases("sm4_sm3") if "sm4_key" in case])
def test_sm4_is_there(case: Case) -> None:
    cipher = BlockCipher(KeyAlgorithm.SM4, bytearray.fromhex(case["sm4_key"]))
    assert cipher.encrypt(bytes.fromhex(case["plain"])).hex().upper() == case["cipher"]
    assert cipher.decrypt(bytes.fromhex(case["cipher"])).hex().upper() == case["plain"]


def test_the_mac_of_unionpay_with_sm4_step_by_step() -> None:
    """No published example was found: the steps of the ECB MAC, by hand, with blocks of 16 bytes."""
    cipher = BlockCipher(KeyAlgorithm.SM4, bytearray.fromhex(KEYS[KeyAlgorithm.SM4]))
    one, two = bytes(range(16)), b"\xff" * 5
    text = bytes(a ^ b for a, b in zip(one, two.ljust(16, b"\0"), strict=True)).hex().upper().encode()
    first = cipher.encrypt(text[:16])
    second = cipher.encrypt(bytes(a ^ b for a, b in zip(first, text[16:], strict=True)))
    key = ready(MacAlgorithm.UNIONPAY_SM4, KeyAlgorithm.SM4)
    assert key.make(MacMethod(MacAlgorithm.UNIONPAY_SM4), one + two) == second.hex().upper()[:8].encode()


def test_no_key_stands_in_a_repr() -> None:
    key = ready(MacAlgorithm.X9_19, KeyAlgorithm.TDES)
    assert repr(key) == "<MacKey x9.19>"
