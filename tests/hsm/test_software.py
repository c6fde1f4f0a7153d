"""What the software module does on every transaction: MACs, PINs, data, sealed cards; and never more than was asked."""

from __future__ import annotations

import pytest
from cryptography.exceptions import UnsupportedAlgorithm

from iso_gateway.hsm import known_answers
from iso_gateway.hsm.key_table import HeldKey, MemoryKeys
from iso_gateway.hsm.software import MOST_KEYS, SoftwareModule
from iso_gateway.security import commands as c
from iso_gateway.security.block_ciphers import BlockCipher
from iso_gateway.security.keys import (
    Derived,
    KeyAlgorithm,
    KeyRef,
    KeyState,
    MacAlgorithm,
    MacMethod,
    PinFormat,
    Purpose,
    Usage,
)
from iso_gateway.security.pin_blocks import decipher, encipher
from tests.support.module_keys import NOW, held, module

PAN = "4761739001010010"
RETAIL = MacMethod(MacAlgorithm.X9_19, padding=1)
TPK = held("terminal/tpk", Usage.PIN)
ZPK = held("acquirer/zpk", Usage.PIN)
AES_PIN = held("acquirer/aes", Usage.PIN, bytes(range(16)), algorithm=KeyAlgorithm.AES)
BDK = held("bdk", Usage.BDK, "0123456789ABCDEFFEDCBA9876543210")
AES_DATA = held("aes", Usage.DATA, bytes(range(16)), algorithm=KeyAlgorithm.AES)
KSN = bytes.fromhex("FFFF9876543210EFF800")


def mak(version: int = 1, state: KeyState = KeyState.ACTIVE) -> HeldKey:
    return held("mak", Usage.MAC_3, version=version, state=state)


def block_of(pin: str, key: HeldKey = TPK, form: PinFormat = PinFormat.ISO_0) -> bytes:
    return encipher(form, pin, PAN, BlockCipher(key.info.algorithm, key.value), bytes)


def one(ours: SoftwareModule, command: c.Command) -> c.Result:
    (result,) = ours.carry_out((command,))
    return result


def test_a_mac_is_found_under_the_key_that_made_it() -> None:
    old, new = mak(1, KeyState.RETIRING), mak(2)
    ours = module(old, new)
    made = one(ours, c.Protect(b"a message", old.info.ref, RETAIL))
    assert isinstance(made, c.Protected)
    keys = (new.info.ref, old.info.ref)
    assert one(ours, c.VerifyMac(keys, RETAIL, b"a message", made.mac)) == c.Matched(1)
    assert one(ours, c.VerifyMac(keys, RETAIL, b"another message", made.mac)) == c.Matched(None)
    assert one(ours, c.VerifyMac(keys, RETAIL, b"a message", made.mac[:7])) == c.Matched(None)
    assert one(ours, c.VerifyMac(keys, RETAIL, b"a message", b"")) == c.Matched(None)


def test_a_generation_that_is_gone_hinders_no_other() -> None:
    gone, here = mak(1, KeyState.DESTROYED), mak(2)
    ours = module(gone, here)
    made = one(ours, c.Protect(b"a", here.info.ref, RETAIL))
    assert isinstance(made, c.Protected)
    both = (gone.info.ref, here.info.ref)
    assert one(ours, c.VerifyMac(both, RETAIL, b"a", made.mac)) == c.Matched(1)
    assert one(ours, c.VerifyMac(both[:1], RETAIL, b"a", made.mac)) == c.Refused(c.Fault.NO_KEY)


@pytest.mark.parametrize("length", [-1, 0, 1, 3, 9])
def test_a_mac_of_a_length_that_it_does_not_have_is_never_right(length: int) -> None:
    ours = module(mak())
    method = MacMethod(MacAlgorithm.X9_19, length=length)
    assert one(ours, c.VerifyMac((KeyRef("mak"),), method, b"a", b"")) == c.Refused(c.Fault.MALFORMED)
    assert one(ours, c.Protect(b"a", KeyRef("mak"), method)) == c.Refused(c.Fault.MALFORMED)


@pytest.mark.parametrize("count", [0, MOST_KEYS + 1])
def test_a_mac_is_compared_under_a_few_keys_and_never_under_none(count: int) -> None:
    command = c.VerifyMac((KeyRef("mak"),) * count, RETAIL, b"a", bytes(8))
    assert one(module(mak()), command) == c.Refused(c.Fault.MALFORMED)


@pytest.mark.parametrize(
    ("source", "form", "target", "to"),
    [
        (TPK, PinFormat.ISO_0, ZPK, PinFormat.ISO_0),
        (TPK, PinFormat.ISO_0, ZPK, PinFormat.ISO_3),
        (TPK, PinFormat.ISO_3, AES_PIN, PinFormat.ISO_4),
        (AES_PIN, PinFormat.ISO_4, ZPK, PinFormat.ISO_0),
        (TPK, PinFormat.ISO_1, ZPK, PinFormat.ISO_0),
    ],
)
def test_a_pin_arrives_under_the_other_key(source: HeldKey, form: PinFormat, target: HeldKey, to: PinFormat) -> None:
    ours = module(TPK, ZPK, AES_PIN)
    block = block_of("12345", source, form)
    done = one(ours, c.TranslatePin(source.info.ref, form, target.info.ref, to, block, PAN))
    assert isinstance(done, c.Translated)
    assert decipher(to, done.block, PAN, BlockCipher(target.info.algorithm, target.value)) == "12345"


def test_a_pin_of_dukpt_arrives_under_the_acquirers_key() -> None:
    # The published block of PIN 1234, X9.24-1:2009, A.4: key serial number FFFF9876543210E00001.
    ours = module(BDK, ZPK)
    source = Derived(BDK.info.ref, bytes.fromhex("FFFF9876543210E00001"), Purpose.PIN)
    block = bytes.fromhex("1B9C1845EB993A7A")
    done = one(ours, c.TranslatePin(source, PinFormat.ISO_0, ZPK.info.ref, PinFormat.ISO_0, block, "4012345678909"))
    assert isinstance(done, c.Translated)
    cipher = BlockCipher(KeyAlgorithm.TDES, ZPK.value)
    assert decipher(PinFormat.ISO_0, done.block, "4012345678909", cipher) == "1234"
    assert ours._passing == []


@pytest.mark.parametrize("size", [0, 9, 11])
def test_a_key_serial_number_has_its_length(size: int) -> None:
    key = Derived(BDK.info.ref, bytes(size), Purpose.MAC_REQUEST)
    assert one(module(BDK), c.Protect(b"a", key, RETAIL)) == c.Refused(c.Fault.KSN)


@pytest.mark.parametrize(
    ("form", "to", "fault"),
    [
        (PinFormat.ISO_0, PinFormat.ISO_1, c.Fault.POLICY),
        (PinFormat.ISO_2, PinFormat.ISO_0, c.Fault.POLICY),
        (PinFormat.ISO_3, PinFormat.ISO_0, c.Fault.PIN_BLOCK),
    ],
)
def test_a_pin_is_refused_by_policy_or_in_one_word(form: PinFormat, to: PinFormat, fault: c.Fault) -> None:
    command = c.TranslatePin(TPK.info.ref, form, ZPK.info.ref, to, block_of("1234"), PAN)
    assert one(module(TPK, ZPK), command) == c.Refused(fault)


@pytest.mark.parametrize("block", [b"", bytes(7), bytes(8), bytes(16), block_of("1234", ZPK)])
@pytest.mark.parametrize("pan", [PAN, "", "12A4", "1" * 20])
def test_what_is_wrong_with_a_pin_block_is_told_to_nobody(block: bytes, pan: str) -> None:
    command = c.TranslatePin(TPK.info.ref, PinFormat.ISO_0, ZPK.info.ref, PinFormat.ISO_0, block, pan)
    assert one(module(TPK, ZPK), command) == c.Refused(c.Fault.PIN_BLOCK)


@pytest.mark.parametrize("text", [False, True])
def test_the_mac_covers_the_pin_block_that_was_put_into_the_message(*, text: bool) -> None:
    ours = module(TPK, ZPK, mak())
    pin = c.TranslatePin(TPK.info.ref, PinFormat.ISO_0, ZPK.info.ref, PinFormat.ISO_0, block_of("1234"), PAN)
    room = 16 if text else 8
    data = b"before" + bytes(room) + b"after"
    done = one(ours, c.Protect(data, KeyRef("mak"), RETAIL, pin, 6, text))
    assert isinstance(done, c.Protected)
    put = done.block.hex().upper().encode() if text else done.block
    assert one(ours, c.Protect(b"before" + put + b"after", KeyRef("mak"), RETAIL)) == c.Protected(done.mac)
    assert one(ours, pin) == c.Translated(done.block)
    assert one(ours, c.Protect(data, None, None, pin, 6, text)) == c.Protected(b"", done.block)


@pytest.mark.parametrize("offset", [-1, 1, 9])
def test_a_pin_block_that_has_no_room_in_the_message_is_refused(offset: int) -> None:
    pin = c.TranslatePin(TPK.info.ref, PinFormat.ISO_0, ZPK.info.ref, PinFormat.ISO_0, block_of("1234"), PAN)
    command = c.Protect(bytes(8), KeyRef("mak"), RETAIL, pin, offset)
    assert one(module(TPK, ZPK, mak()), command) == c.Refused(c.Fault.MALFORMED)


@pytest.mark.parametrize(("key", "method"), [(None, RETAIL), (KeyRef("mak"), None)])
def test_half_a_protection_is_none(key: KeyRef | None, method: MacMethod | None) -> None:
    assert one(module(mak()), c.Protect(b"a", key, method)) == c.Refused(c.Fault.MALFORMED)


def test_a_message_whose_pin_is_refused_gets_no_mac() -> None:
    pin = c.TranslatePin(TPK.info.ref, PinFormat.ISO_0, ZPK.info.ref, PinFormat.ISO_0, bytes(8), PAN)
    command = c.Protect(bytes(8), KeyRef("mak"), RETAIL, pin)
    assert one(module(TPK, ZPK, mak()), command) == c.Refused(c.Fault.PIN_BLOCK)


@pytest.mark.parametrize(
    "key", [held("zek", Usage.DATA), held("aes", Usage.DATA, bytes(16), algorithm=KeyAlgorithm.AES)]
)
def test_data_come_back_as_they_went_filled_with_zeros(key: HeldKey) -> None:
    ours = module(key)
    hidden = one(ours, c.EncryptData(key.info.ref, b"track"))
    assert isinstance(hidden, c.Transformed)
    shown = one(ours, c.DecryptData(key.info.ref, hidden.data))
    assert isinstance(shown, c.Transformed)
    assert shown.data.rstrip(b"\0") == b"track"
    assert len(shown.data) == ours._prepared.cipher(key).block_size
    assert one(ours, c.DecryptData(key.info.ref, b"odd")) == c.Refused(c.Fault.MALFORMED)
    assert one(ours, c.EncryptData(key.info.ref, b"data", b"short")) == c.Refused(c.Fault.MALFORMED)


# Card numbers of the journal


def seal_key(version: int = 1, state: KeyState = KeyState.ACTIVE) -> HeldKey:
    return held("journal/seal", Usage.SEAL, version=version, state=state)


def test_a_sealed_card_opens_after_its_key_has_retired_and_not_after_it_is_destroyed() -> None:
    ours = module(seal_key())
    old = one(ours, c.SealCard(PAN))
    assert isinstance(old, c.Sealed)
    assert old.card[:4] == bytes([0, 0, 0, 1])
    print_of = one(ours, c.Fingerprint(b"4761"))
    new_spec = c.KeySpec("journal/seal", Usage.SEAL, KeyAlgorithm.AES, 256, "journal", state=KeyState.ACTIVE)
    retire = c.SetState(KeyRef("journal/seal", 1), KeyState.RETIRING)
    assert isinstance(one(ours, c.Change((c.GenerateKey(new_spec), retire))), c.Changed)
    new = one(ours, c.SealCard(PAN))
    assert isinstance(new, c.Sealed)
    assert new.card[:4] == bytes([0, 0, 0, 2])
    assert one(ours, c.UnsealCard(old.card)) == one(ours, c.UnsealCard(new.card)) == c.Unsealed(PAN)
    assert one(ours, c.Fingerprint(b"4761")) == print_of
    one(ours, c.SetState(KeyRef("journal/seal", 1), KeyState.DESTROYED))
    assert one(ours, c.UnsealCard(old.card)) == c.Refused(c.Fault.NO_KEY)
    assert one(ours, c.UnsealCard(new.card)) == c.Unsealed(PAN)
    assert one(ours, c.Fingerprint(b"4761")) != print_of


def test_the_same_card_is_sealed_differently_each_time() -> None:
    ours = module(seal_key())
    assert one(ours, c.SealCard(PAN)) != one(ours, c.SealCard(PAN))


@pytest.mark.parametrize("at", [0, 3, 4, 15, 16, -1])
def test_a_changed_card_does_not_open(at: int) -> None:
    ours = module(seal_key())
    sealed = one(ours, c.SealCard(PAN))
    assert isinstance(sealed, c.Sealed)
    changed = bytearray(sealed.card)
    changed[at] ^= 1
    result = one(ours, c.UnsealCard(bytes(changed)))
    assert isinstance(result, c.Refused)
    assert result.fault in {c.Fault.MALFORMED, c.Fault.NO_KEY}


@pytest.mark.parametrize("card", [b"", b"\0\0\0", b"\0\0\0\1", b"\0\0\0\1" + bytes(20)])
def test_what_is_no_sealed_card_does_not_open(card: bytes) -> None:
    assert isinstance(one(module(seal_key()), c.UnsealCard(card)), c.Refused)


@pytest.mark.parametrize("pan", ["", "4761 7390", "٤" * 16, "1" * 20])
def test_only_a_card_number_is_sealed(pan: str) -> None:
    assert one(module(seal_key()), c.SealCard(pan)) == c.Refused(c.Fault.MALFORMED)


@pytest.mark.parametrize("keys", [[], [seal_key(1, KeyState.DESTROYED)], [held("journal/seal", Usage.DATA)]])
def test_without_its_key_nothing_is_sealed(keys: list[HeldKey]) -> None:
    ours = module(*keys)
    for command in (c.SealCard(PAN), c.Fingerprint(b"")):
        assert isinstance(one(ours, command), c.Refused)


# Test keys


def test_a_test_key_is_used_only_where_somebody_said_that_this_is_a_test() -> None:
    key = held("mak", Usage.MAC_3, test=True)
    command = c.Protect(b"a", key.info.ref, RETAIL)
    refused = one(module(key), command)
    assert isinstance(refused, c.Refused)
    assert refused.fault is c.Fault.USAGE
    assert isinstance(one(module(key, test=True), command), c.Protected)
    sealing = held("journal/seal", Usage.SEAL, test=True)
    assert isinstance(one(module(sealing), c.SealCard(PAN)), c.Refused)
    assert isinstance(one(module(sealing, test=True), c.SealCard(PAN)), c.Sealed)


@pytest.mark.parametrize(("one_test", "other_test"), [(True, False), (False, True)])
def test_no_pin_goes_between_a_test_key_and_one_that_protects_cards(*, one_test: bool, other_test: bool) -> None:
    source = held("terminal/tpk", Usage.PIN, test=one_test)
    target = held("acquirer/zpk", Usage.PIN, test=other_test)
    command = c.TranslatePin(
        source.info.ref, PinFormat.ISO_0, target.info.ref, PinFormat.ISO_0, block_of("1234", source), PAN
    )
    assert one(module(source, target, test=True), command) == c.Refused(c.Fault.USAGE)


# The module itself


def test_it_says_that_it_is_no_pin_device() -> None:
    health = one(module(TPK, mak(1, KeyState.DESTROYED)), c.AskHealth())
    assert isinstance(health, c.Health)
    assert "NO PCI PIN DEVICE" in health.notice
    assert (health.kind, health.keys, health.test_keys) == ("software", 1, 0)


def test_a_library_that_computes_something_else_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    compute, _ = known_answers.TESTS["AES, CMAC (RFC 4493)"]
    monkeypatch.setitem(known_answers.TESTS, "AES, CMAC (RFC 4493)", (compute, bytes(8)))
    refused = one(module(), c.AskHealth())
    assert isinstance(refused, c.Refused)
    assert "AES, CMAC (RFC 4493): the known-answer test gave a wrong answer" in refused.reason


def test_a_system_that_blocks_tdes_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def blocked(_cipher: object) -> None:
        raise UnsupportedAlgorithm("TDES is not supported")

    monkeypatch.setattr("iso_gateway.security.block_ciphers.Cipher.encryptor", blocked)
    refused = one(module(), c.AskHealth())
    assert isinstance(refused, c.Refused)
    assert "FIPS" in refused.reason


def test_after_the_end_no_key_is_left_and_everything_is_gone() -> None:
    keys = [held("mak", Usage.MAC_3), held("journal/seal", Usage.SEAL)]
    ours = SoftwareModule(MemoryKeys(keys), lambda: NOW)
    one(ours, c.Protect(b"a", KeyRef("mak"), RETAIL))
    ours.close()
    assert [set(key.value) for key in keys] == [{0}, {0}]
    assert ours.carry_out((c.AskHealth(), c.Fingerprint(b""))) == (c.Refused(c.Fault.GONE),) * 2


def test_no_repr_shows_a_key() -> None:
    key = held("mak", Usage.MAC_3)
    shown = repr([module(key), key])
    assert shown == "[<SoftwareModule>, <HeldKey mak@1>]"
