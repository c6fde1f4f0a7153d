"""DUKPT: every published key of TDES and AES, which counters have none, and where a terminal ends."""

from __future__ import annotations

from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iso_gateway.errors import KeyMaterialError, KsnError
from iso_gateway.security import dukpt_aes, dukpt_tdes
from iso_gateway.security.block_ciphers import BlockCipher
from iso_gateway.security.dukpt_aes import USES, KeyUse, WorkingType
from iso_gateway.security.keys import KeyAlgorithm, MacAlgorithm, MacMethod, Purpose
from iso_gateway.security.macs import MacKey
from tests.support.vectors import Case, each, inputs

BDK = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
TERMINAL = {dukpt_tdes: "FFFF9876543210", dukpt_aes: "1234567890123456"}
both = pytest.mark.parametrize("dukpt", [dukpt_tdes, dukpt_aes], ids=["tdes", "aes"])

TDES_KEYS = {
    Purpose.PIN: "pin_key",
    Purpose.MAC_REQUEST: "mac_request_key",
    Purpose.MAC_ANSWER: "mac_response_key",
    Purpose.DATA_REQUEST: "data_request_key",
    Purpose.DATA_ANSWER: "data_response_key",
}
USE_NAMES = {
    "pin": KeyUse.PIN,
    "mac_gen": KeyUse.MAC_GENERATION,
    "mac_ver": KeyUse.MAC_VERIFICATION,
    "mac_both": KeyUse.MAC_BOTH_WAYS,
    "data_enc": KeyUse.DATA_ENCRYPTION,
    "data_dec": KeyUse.DATA_DECRYPTION,
    "data_both": KeyUse.DATA_BOTH_WAYS,
    "kek": KeyUse.KEY_ENCRYPTION,
}
TYPE_NAMES = {
    "2tdea": WorkingType.TDES_2,
    "3tdea": WorkingType.TDES_3,
    "aes128": WorkingType.AES_128,
    "aes256": WorkingType.AES_256,
    "hmac128": WorkingType.HMAC_128,
    "AES128": WorkingType.AES_128,
    "AES256": WorkingType.AES_256,
    "2TDEA": WorkingType.TDES_2,
    "3TDEA": WorkingType.TDES_3,
}


def ksn(dukpt: ModuleType, counter: int) -> bytes:
    if dukpt is dukpt_aes:
        return bytes.fromhex(TERMINAL[dukpt]) + counter.to_bytes(4, "big")
    return (int(TERMINAL[dukpt] + "E00000", 16) | counter).to_bytes(10, "big")


# Published keys of TDES


@each("dukpt_tdes_initial", "dukpt_tdes_rollover")
def test_the_keys_of_a_transaction_under_tdes(group: str, case: Case) -> None:
    bdk, serial = bytearray.fromhex(inputs(group)["bdk"]), bytes.fromhex(case["ksn"])
    assert dukpt_tdes.initial_key(bdk, serial) == bytes.fromhex(inputs(group)["initial_key"])
    transaction = dukpt_tdes.derive(bdk, serial)
    assert transaction.hex().upper() == case["transaction_key"]
    made = {name: dukpt_tdes.working_key(transaction, purpose) for purpose, name in TDES_KEYS.items()}
    assert {name: key.hex().upper() for name, key in made.items()} == {name: case[name] for name in made}


@each("dukpt_tdes_initial", "dukpt_tdes_rollover")
def test_macs_and_data_of_a_transaction_under_tdes(group: str, case: Case) -> None:
    text = inputs(group)["mac_and_data_text_ascii"].encode()
    transaction = dukpt_tdes.derive(bytes.fromhex(inputs(group)["bdk"]), bytes.fromhex(case["ksn"]))
    for purpose, name in ((Purpose.MAC_REQUEST, "mac_request"), (Purpose.MAC_ANSWER, "mac_response")):
        value = dukpt_tdes.working_key(transaction, purpose)
        retail = MacKey(MacAlgorithm.X9_19, KeyAlgorithm.TDES, value)
        assert retail.make(MacMethod(MacAlgorithm.X9_19, length=4), text).hex().upper() == case[name]
        cmac = MacKey(MacAlgorithm.CMAC, KeyAlgorithm.TDES, value)
        assert cmac.make(MacMethod(MacAlgorithm.CMAC), text).hex().upper() == case["c" + name]
    data = BlockCipher(KeyAlgorithm.TDES, dukpt_tdes.working_key(transaction, Purpose.DATA_REQUEST))
    assert data.encrypt_chained(text.ljust(24, b"\0")).hex().upper() == case["data_request_ciphertext"]
    assert data.decrypt_chained(bytes.fromhex(case["data_request_ciphertext"])) == text.ljust(24, b"\0")


@each("dukpt_tdes_next_ksn")
def test_the_next_transaction_under_tdes(group: str, case: Case) -> None:
    assert group
    assert dukpt_tdes.next_ksn(bytes.fromhex(case["ksn"])).hex().upper() == case["next"]


# Published keys of AES


@each("dukpt_aes128", "dukpt_aes192", "dukpt_aes256")
def test_the_keys_of_a_transaction_under_aes(group: str, case: Case) -> None:
    said, serial = inputs(group), bytes.fromhex(case["ksn"])
    bdk = bytearray.fromhex(said["bdk"])
    initial = dukpt_aes.initial_key(bdk, serial)
    assert initial.hex().upper() == case.get("initial_key", said.get("initial_key"))
    assert initial == dukpt_aes.initial_key(bdk, bytes.fromhex(said["initial_key_id"]))
    transaction = dukpt_aes.transaction_key(initial, serial)
    assert transaction.hex().upper() == case["transaction_key"]
    assert transaction == dukpt_aes.derive(bdk, serial)
    for working, keys in case.items():
        if isinstance(keys, dict):
            made = {
                use: dukpt_aes.working_key(transaction, serial, USE_NAMES[use], TYPE_NAMES[working]) for use in keys
            }
            assert {use: key.hex().upper() for use, key in made.items()} == keys


@pytest.mark.parametrize(
    ("group", "working"),
    [(group, name) for group in ("dukpt_aes128", "dukpt_aes256") for name in inputs(group)["update_key"]],
)
def test_the_key_that_brings_the_next_initial_key(group: str, working: str) -> None:
    said = inputs(group)
    serial = bytes.fromhex(said["initial_key_id"]) + bytes(4)
    made = dukpt_aes.update_key(bytes.fromhex(said["initial_key"]), serial, TYPE_NAMES[working])
    assert made.hex().upper() == said["update_key"][working]


@each("dukpt_aes_next_ksn")
def test_the_next_transaction_under_aes(group: str, case: Case) -> None:
    assert group
    if case["next"] is not None:
        assert dukpt_aes.next_ksn(bytes.fromhex(case["ksn"])).hex().upper() == case["next"]
        return
    with pytest.raises(KsnError, match="used up"):
        dukpt_aes.next_ksn(bytes.fromhex(case["ksn"]))


@each("dukpt_aes128_mac_data")
def test_data_of_a_transaction_under_aes(group: str, case: Case) -> None:
    serial, text = bytes.fromhex(case["ksn"]), inputs(group)["text_ascii"].encode().ljust(32, b"\0")
    transaction = dukpt_aes.transaction_key(bytes.fromhex(inputs(group)["initial_key"]), serial)
    for purpose, name in ((Purpose.DATA_REQUEST, "data_request"), (Purpose.DATA_ANSWER, "data_response")):
        value = dukpt_aes.working_key(transaction, serial, USES[purpose])
        assert BlockCipher(KeyAlgorithm.AES, value).encrypt_chained(text).hex().upper() == case[name]


# Counters


@both
def test_a_terminal_begins_with_its_first_transaction(dukpt: ModuleType) -> None:
    with pytest.raises(KsnError, match="zero"):
        dukpt.transaction_key(bytes(range(16)), ksn(dukpt, 0))
    assert dukpt.next_ksn(ksn(dukpt, 0)) == ksn(dukpt, 1)


@pytest.mark.parametrize(("dukpt", "last"), [(dukpt_tdes, 0x1FF800), (dukpt_aes, 0xFFFF0000)], ids=["tdes", "aes"])
def test_a_terminal_ends_with_the_last_counter_that_has_a_key(dukpt: ModuleType, last: int) -> None:
    assert len(dukpt.transaction_key(BDK, ksn(dukpt, last))) == 16
    for used_up in (last, last + 1, (1 << (21 if dukpt is dukpt_tdes else 32)) - 1):
        with pytest.raises(KsnError, match="used up"):
            dukpt.next_ksn(ksn(dukpt, used_up))


@pytest.mark.parametrize(("dukpt", "most", "bits"), [(dukpt_tdes, 10, 21), (dukpt_aes, 16, 32)], ids=["tdes", "aes"])
def test_counters_of_too_many_bits_have_no_key_and_are_skipped(dukpt: ModuleType, most: int, bits: int) -> None:
    fits = (1 << most) - 1
    assert len(dukpt.transaction_key(BDK, ksn(dukpt, fits))) == 16
    for skipped in (fits << 1 | 1, (1 << bits) - 1):
        with pytest.raises(KsnError, match="is skipped"):
            dukpt.transaction_key(BDK, ksn(dukpt, skipped))
    assert dukpt.next_ksn(ksn(dukpt, fits << 1)) == ksn(dukpt, fits + 1 << 1)


@given(st.integers(0, 0x1FF7FF))
def test_no_counter_with_a_key_is_left_out_under_tdes(counter: int) -> None:
    assert_next(dukpt_tdes, counter, 10)


@given(st.integers(0, 0xFFFEFFFF))
def test_no_counter_with_a_key_is_left_out_under_aes(counter: int) -> None:
    assert_next(dukpt_aes, counter, 16)


def assert_next(dukpt: ModuleType, counter: int, most: int) -> None:
    """The next counter has a key, and those before it, as far as one looks, have none."""
    following = int.from_bytes(dukpt.next_ksn(ksn(dukpt, counter)), "big") - int.from_bytes(ksn(dukpt, 0), "big")
    assert following > counter
    assert following.bit_count() <= most
    assert all(between.bit_count() > most for between in range(counter + 1, min(following, counter + 500)))


def test_the_counter_says_nothing_of_the_terminal() -> None:
    for dukpt in (dukpt_tdes, dukpt_aes):
        assert dukpt.initial_key(BDK, ksn(dukpt, 1)) == dukpt.initial_key(BDK, ksn(dukpt, 0x1FF800))


# Refused


@both
@pytest.mark.parametrize("length", [0, 7, 9, 11, 13])
def test_a_serial_number_of_another_length_is_refused(dukpt: ModuleType, length: int) -> None:
    for ask in (dukpt.initial_key, dukpt.transaction_key, dukpt.derive):
        with pytest.raises(KsnError, match="bytes"):
            ask(BDK, bytes(length))
    with pytest.raises(KsnError, match="bytes"):
        dukpt.next_ksn(bytes(length))


@both
@pytest.mark.parametrize("length", [0, 8, 15, 17, 33])
def test_a_key_of_another_length_is_refused(dukpt: ModuleType, length: int) -> None:
    for ask in (dukpt.initial_key, dukpt.transaction_key, dukpt.derive):
        with pytest.raises(KeyMaterialError, match="bytes"):
            ask(bytes(length), ksn(dukpt, 1))


def test_a_working_key_of_another_length_is_refused() -> None:
    with pytest.raises(KeyMaterialError):
        dukpt_tdes.working_key(bytes(24), Purpose.PIN)
    with pytest.raises(KeyMaterialError):
        dukpt_aes.working_key(bytes(8), ksn(dukpt_aes, 1), KeyUse.PIN)
    with pytest.raises(KsnError):
        dukpt_aes.working_key(bytes(16), bytes(10), KeyUse.PIN)


@pytest.mark.parametrize("working", WorkingType)
@pytest.mark.parametrize("bits", [128, 192, 256])
def test_a_working_key_is_no_stronger_than_what_it_comes_from(working: WorkingType, bits: int) -> None:
    transaction = bytes(range(bits // 8))
    if working.algorithm is KeyAlgorithm.TDES or working.bits <= bits:
        made = dukpt_aes.working_key(transaction, ksn(dukpt_aes, 1), KeyUse.PIN, working)
        assert len(made) == working.bits // 8
        return
    with pytest.raises(KeyMaterialError, match="stronger"):
        dukpt_aes.working_key(transaction, ksn(dukpt_aes, 1), KeyUse.PIN, working)


def test_no_two_keys_of_a_transaction_are_the_same() -> None:
    serial = ksn(dukpt_aes, 1)
    transaction = dukpt_aes.derive(bytes(range(32)), serial)
    made = {
        bytes(dukpt_aes.working_key(transaction, serial, use, working)) for use in KeyUse for working in WorkingType
    }
    assert len(made) == len(KeyUse) * len(WorkingType)
    transaction = dukpt_tdes.derive(BDK, ksn(dukpt_tdes, 1))
    assert len({bytes(dukpt_tdes.working_key(transaction, purpose)) for purpose in Purpose}) == len(Purpose)


@both
def test_what_is_handed_in_stays_as_it_was(dukpt: ModuleType) -> None:
    bdk = bytearray(BDK)
    first = dukpt.derive(bdk, ksn(dukpt, 3))
    assert bdk == BDK
    initial = dukpt.initial_key(bdk, ksn(dukpt, 3))
    kept = bytes(initial)
    assert dukpt.transaction_key(initial, ksn(dukpt, 3)) == first
    assert initial == kept
