"""How keys come, change and go: all of a command or nothing, in the store and the audit file before it is answered."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from iso_gateway.errors import KeyStoreError
from iso_gateway.hsm.key_table import Deed, HeldKey, MemoryKeys
from iso_gateway.hsm.software import SoftwareModule
from iso_gateway.security import commands as c
from iso_gateway.security import key_blocks
from iso_gateway.security.block_ciphers import BlockCipher
from iso_gateway.security.check_values import CheckMethod, check_value
from iso_gateway.security.key_header import Header
from iso_gateway.security.key_material import has_odd_parity
from iso_gateway.security.keys import (
    Exportability,
    KeyAlgorithm,
    KeyForm,
    KeyRef,
    KeyState,
    MacAlgorithm,
    MacMethod,
    Mode,
    Usage,
)
from tests.support.module_keys import NOW, held

ZMK = held("acquirer/zmk", Usage.KEK)
ZPK = held("acquirer/zpk", Usage.PIN)
SPEC = c.KeySpec("acquirer/zpk", Usage.PIN, KeyAlgorithm.TDES, 128, "acquirer")
MAK = c.KeySpec("acquirer/mak", Usage.MAC_3, KeyAlgorithm.TDES, 128, "acquirer", state=KeyState.ACTIVE)
NEW = bytearray.fromhex("0123456789ABCDEFFEDCBA9876543210")


class Store(MemoryKeys):
    """Keys in memory whose disk can be full."""

    full = False

    def change(self, held: Sequence[HeldKey], deeds: Sequence[Deed]) -> None:
        if self.full:
            raise KeyStoreError("keys.store: no space left on device")
        super().change(held, deeds)


class Desk:
    """A module and its store."""

    def __init__(self, *keys: HeldKey, test: bool = False) -> None:
        self.store = Store([held(key.info.ref.name, key.info.usage) if key is ZPK else key for key in keys])
        self.module = SoftwareModule(self.store, lambda: NOW, test=test, actor="clerk")

    def ask(self, command: c.Command) -> c.Result:
        (result,) = self.module.carry_out((command,))
        return result

    def states(self, name: str) -> list[KeyState]:
        return [key.info.state for key in self.store.versions(name)]


def wrapped(value: bytes | bytearray, under: HeldKey = ZMK) -> bytes:
    return BlockCipher(under.info.algorithm, under.value).encrypt(bytes(value))


def importing(value: bytes | bytearray = NEW, spec: c.KeySpec = SPEC, check: bytes | None = None) -> c.ImportKey:
    check = check_value(spec.algorithm, value) if check is None else check
    return c.ImportKey(spec, ZMK.info.ref, KeyForm.ECB, wrapped(value), check)


def test_a_key_that_came_is_the_next_version_pending() -> None:
    desk = Desk(ZMK, ZPK)
    done = desk.ask(importing())
    assert isinstance(done, c.Imported)
    assert (done.info.ref, done.info.state, done.info.check_value) == (
        KeyRef("acquirer/zpk", 2),
        KeyState.PENDING,
        "08D7B4",
    )
    assert desk.store.get(done.info.ref) == HeldKey(done.info, NEW)
    assert desk.store.deeds == [Deed("import under acquirer/zmk@1", KeyRef("acquirer/zpk", 2), "08D7B4", "clerk")]


def test_parity_is_adjusted_and_the_check_value_decides() -> None:
    desk = Desk(ZMK)
    odd = bytes(byte ^ 1 for byte in NEW)
    done = desk.ask(importing(odd, check=check_value(KeyAlgorithm.TDES, NEW)))
    assert isinstance(done, c.Imported)
    key = desk.store.get(done.info.ref)
    assert key is not None
    assert has_odd_parity(key.value)


@pytest.mark.parametrize("length", [0, 2, 3, 4, 8])
def test_a_check_value_is_compared_over_what_was_sent(length: int) -> None:
    right = check_value(KeyAlgorithm.TDES, NEW, 8)[:length]
    assert isinstance(Desk(ZMK).ask(importing(check=right)), c.Imported)
    if length:
        wrong = right[:-1] + bytes([right[-1] ^ 1])
        refused = Desk(ZMK).ask(importing(check=wrong))
        assert isinstance(refused, c.Refused)
        assert refused.fault is c.Fault.CHECK_VALUE


@pytest.mark.parametrize("method", [CheckMethod.CMAC, CheckMethod.ZEROS])
def test_the_check_value_of_an_aes_key_is_of_either_method(method: CheckMethod) -> None:
    kek = held("acquirer/zmk", Usage.KEK, bytes(range(32)), algorithm=KeyAlgorithm.AES)
    spec = c.KeySpec("acquirer/mak", Usage.MAC_CMAC, KeyAlgorithm.AES, 128, "acquirer")
    check = check_value(KeyAlgorithm.AES, NEW, 3, method)
    done = Desk(kek).ask(c.ImportKey(spec, kek.info.ref, KeyForm.ECB, wrapped(NEW, kek), check))
    assert isinstance(done, c.Imported)


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        (NEW[:8] * 2, c.Fault.WEAK_KEY),
        (bytes.fromhex("0101010101010101") + NEW[:8], c.Fault.WEAK_KEY),
        (bytes(16), c.Fault.WEAK_KEY),
        (ZPK.value, c.Fault.WEAK_KEY),
        (NEW[:8], c.Fault.KEY_BLOCK),
        (NEW + NEW[:8], c.Fault.KEY_BLOCK),
    ],
    ids=["equal halves", "a weak half", "zeros", "the one in use", "too short", "too long"],
)
def test_a_key_that_is_worth_nothing_is_not_taken(value: bytes, fault: c.Fault) -> None:
    desk = Desk(ZMK, ZPK)
    refused = desk.ask(importing(value, check=b""))
    assert isinstance(refused, c.Refused)
    assert refused.fault is fault
    assert desk.states("acquirer/zpk") == [KeyState.ACTIVE]
    assert [deed.result for deed in desk.store.deeds] == [fault]


def test_single_length_keys_are_taken_where_they_are_said_to_be() -> None:
    spec = c.KeySpec("terminal/mak", Usage.MAC_UNIONPAY, KeyAlgorithm.DES, 64, "terminal")
    done = Desk(ZMK).ask(
        c.ImportKey(spec, ZMK.info.ref, KeyForm.ECB, wrapped(NEW[:8]), check_value(KeyAlgorithm.DES, NEW[:8], 4))
    )
    assert isinstance(done, c.Imported)


def test_a_generated_key_reaches_the_other_side_under_its_key() -> None:
    desk = Desk(ZMK)
    done = desk.ask(c.GenerateKey(MAK, ZMK.info.ref, KeyForm.CBC))
    assert isinstance(done, c.Generated)
    key = desk.store.get(done.info.ref)
    assert key is not None
    assert BlockCipher(KeyAlgorithm.TDES, ZMK.value).decrypt_chained(done.wrapped) == key.value
    assert has_odd_parity(key.value)
    again = desk.ask(c.GenerateKey(MAK))
    assert isinstance(again, c.Generated)
    assert (again.info.ref.version, again.wrapped) == (2, b"")
    assert again.info.check_value != done.info.check_value


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"name": ""}, c.Fault.MALFORMED),
        ({"name": "a" * 97}, c.Fault.MALFORMED),
        ({"name": "schlüssel"}, c.Fault.MALFORMED),
        ({"owner": "a\n"}, c.Fault.MALFORMED),
        ({"state": KeyState.RETIRING}, c.Fault.MALFORMED),
        ({"state": KeyState.DESTROYED}, c.Fault.MALFORMED),
        ({"bits": 100}, c.Fault.MALFORMED),
        ({"bits": 64}, c.Fault.MALFORMED),
        ({"bits": 0}, c.Fault.MALFORMED),
        ({"bits": -128}, c.Fault.MALFORMED),
        ({"bits": 1 << 40}, c.Fault.MALFORMED),
        ({"algorithm": KeyAlgorithm.HMAC}, c.Fault.MALFORMED),
        ({"usage": Usage.SEAL, "algorithm": KeyAlgorithm.AES}, c.Fault.MALFORMED),
        ({"usage": Usage.MAC_3}, c.Fault.USAGE),
        ({"owner": "somebody"}, c.Fault.USAGE),
    ],
)
def test_a_key_that_there_cannot_be_is_not_made(change: dict[str, object], fault: c.Fault) -> None:
    desk = Desk(ZMK, ZPK)
    refused = desk.ask(c.GenerateKey(msgspec.structs.replace(SPEC, **change)))
    assert isinstance(refused, c.Refused)
    assert refused.fault is fault
    assert desk.store.version == 0


@pytest.mark.parametrize("usage", Usage)
def test_there_is_a_key_for_every_usage(usage: Usage) -> None:
    kind = held("any", usage).info
    spec = c.KeySpec("any", usage, kind.algorithm, kind.bits, "any")
    assert isinstance(Desk().ask(c.GenerateKey(spec)), c.Generated)


def test_a_key_never_goes_under_a_weaker_one() -> None:
    weak = held("weak", Usage.KEK, bytes(NEW))
    strong = c.KeySpec("strong", Usage.DATA, KeyAlgorithm.AES, 128, "acquirer")
    refused = Desk(weak).ask(c.GenerateKey(strong, weak.info.ref, KeyForm.ECB))
    assert isinstance(refused, c.Refused)
    assert refused.fault is c.Fault.POLICY


@pytest.mark.parametrize(
    ("free", "form", "may"),
    [
        (Exportability.NEVER, KeyForm.ECB, False),
        (Exportability.UNDER_KEK, KeyForm.ECB, False),
        (Exportability.UNDER_KEK, KeyForm.CBC, False),
        (Exportability.SENSITIVE, KeyForm.ECB, True),
        (Exportability.SENSITIVE, KeyForm.CBC, True),
    ],
)
def test_a_key_leaves_only_as_it_may(free: Exportability, form: KeyForm, *, may: bool) -> None:
    key = held("acquirer/dek", Usage.DATA, exportability=free)
    desk = Desk(ZMK, key)
    result = desk.ask(c.ExportKey(key.info.ref, ZMK.info.ref, form))
    assert isinstance(result, c.Exported) is may
    assert [(deed.act, deed.key, deed.result) for deed in desk.store.deeds] == [
        ("export under acquirer/zmk@1", key.info.ref, "done" if may else c.Fault.POLICY)
    ]


def test_the_initial_key_of_a_terminal_is_the_published_one() -> None:
    desk = Desk(ZMK, held("bdk", Usage.BDK, bytes(NEW)))
    ksn = bytes.fromhex("FFFF9876543210E00000")
    done = desk.ask(c.DeriveInitial(KeyRef("bdk"), ksn, ZMK.info.ref, KeyForm.ECB))
    assert done == c.Exported(wrapped(bytes.fromhex("6AC292FAA1315B4D858AB3A3D7D5933A")))
    refused = desk.ask(c.DeriveInitial(KeyRef("bdk"), ksn[:9], ZMK.info.ref, KeyForm.ECB))
    assert isinstance(refused, c.Refused)
    assert refused.fault is c.Fault.KSN
    assert [deed.result for deed in desk.store.deeds] == ["done", c.Fault.KSN]


@pytest.mark.parametrize("length", [2, 3, 5])
def test_a_check_value_is_told(length: int) -> None:
    desk = Desk(held("bdk", Usage.BDK, bytes(NEW)))
    assert desk.ask(c.CheckValue(KeyRef("bdk"), length)) == c.Checked(bytes.fromhex("08D7B4FB62")[:length])


@pytest.mark.parametrize("length", [-1, 0, 1, 6, 8, 9])
def test_no_check_value_is_told_that_says_nothing_or_too_much(length: int) -> None:
    refused = Desk(ZMK).ask(c.CheckValue(ZMK.info.ref, length))
    assert isinstance(refused, c.Refused)
    assert refused.fault is c.Fault.MALFORMED


# Key blocks

AES_KEK = held("partner/kek", Usage.KEK, bytes(range(32)), algorithm=KeyAlgorithm.AES)
FORMS = {KeyForm.TR31_B: ZMK, KeyForm.TR31_D: AES_KEK}


def block(form: KeyForm, header: Header, value: bytes | bytearray = NEW) -> bytes:
    return key_blocks.wrap("B" if form is KeyForm.TR31_B else "D", FORMS[form].value, header, value, bytes)


@pytest.mark.parametrize("form", FORMS)
def test_a_key_goes_out_and_comes_in_as_a_key_block(form: KeyForm) -> None:
    desk, kek = Desk(*FORMS.values()), FORMS[form]
    spec = msgspec.structs.replace(SPEC, exportability=Exportability.UNDER_KEK)
    made = desk.ask(c.GenerateKey(spec, kek.info.ref, form))
    assert isinstance(made, c.Generated)
    header, value = key_blocks.unwrap(kek.value, made.wrapped)
    assert (header.usage, header.algorithm, header.mode, header.exportability) == ("P0", "T", "N", "E")
    again = desk.ask(c.ExportKey(made.info.ref, kek.info.ref, form))
    assert isinstance(again, c.Exported)
    assert key_blocks.unwrap(kek.value, again.wrapped).key == value
    taken = Desk(*FORMS.values()).ask(c.ImportKey(spec, kek.info.ref, form, again.wrapped))
    assert isinstance(taken, c.Imported)
    assert taken.info.check_value == made.info.check_value


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "header",
    [
        Header("M3", "T", "N", "E"),
        Header("P0", "A", "N", "E"),
        Header("P0", "T", "S", "E"),
        Header("P0", "T", "N", "X"),
        Header("P0", "T", "N", "E", "c1"),
    ],
)
def test_a_key_block_that_says_something_else_is_not_taken(form: KeyForm, header: Header) -> None:
    refused = Desk(*FORMS.values()).ask(c.ImportKey(SPEC, FORMS[form].info.ref, form, block(form, header)))
    assert isinstance(refused, c.Refused)
    assert refused.fault is c.Fault.KEY_BLOCK


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("at", [0, 5, 8, 20, -1])
def test_a_changed_key_block_is_not_taken(form: KeyForm, at: int) -> None:
    changed = bytearray(block(form, Header("P0", "T", "N", "E")))
    changed[at] ^= 1
    refused = Desk(*FORMS.values()).ask(c.ImportKey(SPEC, FORMS[form].info.ref, form, bytes(changed)))
    assert isinstance(refused, c.Refused)
    assert refused.fault is c.Fault.KEY_BLOCK


@pytest.mark.parametrize("sent", Exportability)
@pytest.mark.parametrize("wanted", Exportability)
def test_a_key_may_leave_only_as_both_its_block_and_we_say(sent: Exportability, wanted: Exportability) -> None:
    spec = msgspec.structs.replace(SPEC, exportability=wanted)
    header = Header("P0", "T", "E", sent)
    taken = Desk(ZMK).ask(c.ImportKey(spec, ZMK.info.ref, KeyForm.TR31_B, block(KeyForm.TR31_B, header)))
    assert isinstance(taken, c.Imported)
    assert taken.info.mode is Mode.ENCRYPT
    least = min(sent, wanted, key="NES".index)
    assert taken.info.exportability is least


@pytest.mark.parametrize("form", FORMS)
def test_a_key_block_is_under_a_key_of_its_cipher(form: KeyForm) -> None:
    other = next(kek for each, kek in FORMS.items() if each is not form)
    refused = Desk(*FORMS.values()).ask(c.GenerateKey(SPEC, other.info.ref, form))
    assert isinstance(refused, c.Refused)
    assert refused.fault is c.Fault.MALFORMED


# States

LIFE = {
    (KeyState.PENDING, KeyState.ACTIVE),
    (KeyState.PENDING, KeyState.RETIRING),
    (KeyState.PENDING, KeyState.DESTROYED),
    (KeyState.ACTIVE, KeyState.RETIRING),
    (KeyState.ACTIVE, KeyState.DESTROYED),
    (KeyState.RETIRING, KeyState.ACTIVE),
    (KeyState.RETIRING, KeyState.DESTROYED),
}


@pytest.mark.parametrize("now", KeyState)
@pytest.mark.parametrize("then", KeyState)
def test_a_key_lives_once(now: KeyState, then: KeyState) -> None:
    desk = Desk(held("mak", Usage.MAC_3, state=now))
    result = desk.ask(c.SetState(KeyRef("mak"), then))
    if now is then or (now, then) in LIFE:
        assert isinstance(result, c.Settled)
        assert result.info.state is then
        assert desk.states("mak") == [then]
    else:
        assert isinstance(result, c.Refused)
        assert desk.states("mak") == [now]


def test_a_destroyed_key_is_zeros_and_stays_known() -> None:
    key = held("mak", Usage.MAC_3)
    desk = Desk(key)
    method = MacMethod(MacAlgorithm.X9_19)
    assert isinstance(desk.ask(c.Protect(b"a", KeyRef("mak"), method)), c.Protected)
    desk.ask(c.SetState(KeyRef("mak"), KeyState.DESTROYED))
    assert set(key.value) == {0}
    assert desk.ask(c.Protect(b"a", KeyRef("mak"), method)) == c.Refused(c.Fault.NO_KEY)
    listed = desk.ask(c.ListKeys())
    assert isinstance(listed, c.Listed)
    assert [(info.state, info.check_value) for info in listed.keys] == [(KeyState.DESTROYED, key.info.check_value)]


def test_a_key_is_listed_by_its_owner() -> None:
    desk = Desk(ZMK, held("terminal/tpk", Usage.PIN))
    listed = desk.ask(c.ListKeys("term"))
    assert isinstance(listed, c.Listed)
    assert [info.ref.name for info in listed.keys] == ["terminal/tpk"]


# Together or not at all


def test_a_change_is_one_write() -> None:
    desk = Desk(ZMK, ZPK)
    done = desk.ask(c.Change((importing(), c.GenerateKey(MAK), c.SetState(ZPK.info.ref, KeyState.RETIRING))))
    assert isinstance(done, c.Changed)
    assert [type(each) for each in done.results] == [c.Imported, c.Generated, c.Settled]
    assert desk.store.version == 1
    assert desk.states("acquirer/zpk") == [KeyState.RETIRING, KeyState.PENDING]


def test_two_new_versions_of_one_name_in_a_change_are_two() -> None:
    desk = Desk(ZMK)
    done = desk.ask(
        c.Change((c.GenerateKey(MAK), c.GenerateKey(MAK), c.SetState(KeyRef(MAK.name, 1), KeyState.RETIRING)))
    )
    assert isinstance(done, c.Changed)
    assert desk.states(MAK.name) == [KeyState.RETIRING, KeyState.ACTIVE]


def test_where_one_part_is_refused_nothing_is_changed() -> None:
    desk = Desk(ZMK, ZPK)
    refused = desk.ask(c.Change((c.SetState(ZPK.info.ref, KeyState.RETIRING), importing(check=b"\0\0\0"))))
    assert isinstance(refused, c.Refused)
    assert refused.fault is c.Fault.CHECK_VALUE
    assert desk.store.version == 0
    assert desk.states("acquirer/zpk") == [KeyState.ACTIVE]
    assert [deed.result for deed in desk.store.deeds] == [c.Fault.CHECK_VALUE]


def test_what_the_store_does_not_take_is_not_answered_as_done() -> None:
    desk = Desk(ZMK, ZPK)
    desk.store.full = True
    commands: list[c.Command] = [
        importing(),
        c.GenerateKey(MAK),
        c.SetState(ZPK.info.ref, KeyState.DESTROYED),
        c.ExportKey(ZPK.info.ref, ZMK.info.ref, KeyForm.ECB),
        c.Change((c.GenerateKey(MAK), c.SetState(ZPK.info.ref, KeyState.RETIRING))),
    ]
    for command in commands:
        assert desk.ask(command) == c.Refused(c.Fault.STORE, "keys.store: no space left on device"), command
    assert desk.states("acquirer/zpk") == [KeyState.ACTIVE]
    assert desk.states(MAK.name) == []
    assert isinstance(desk.ask(c.CheckValue(ZPK.info.ref)), c.Checked)


# Test keys


def test_what_comes_under_a_test_key_is_one() -> None:
    desk = Desk(held("acquirer/zmk", Usage.KEK, test=True), test=True)
    for command in (importing(), c.GenerateKey(MAK, ZMK.info.ref, KeyForm.ECB)):
        result = desk.ask(command)
        assert isinstance(result, c.Imported | c.Generated)
        assert result.info.test
    again = desk.ask(c.GenerateKey(MAK))
    assert isinstance(again, c.Generated)
    assert again.info.test


@pytest.mark.parametrize("test", [True, False])
def test_a_test_key_and_one_that_is_none_are_never_under_each_other(*, test: bool) -> None:
    kek, key = held("kek", Usage.KEK, test=test), held("key", Usage.DATA, test=not test)
    refused = Desk(kek, key, test=True).ask(c.ExportKey(key.info.ref, kek.info.ref, KeyForm.ECB))
    assert isinstance(refused, c.Refused)
    assert refused.fault is c.Fault.USAGE


def test_reading_again_forgets_what_was_ready() -> None:
    desk = Desk(held("mak", Usage.MAC_3))
    method = MacMethod(MacAlgorithm.X9_19)
    before = desk.ask(c.Protect(b"a", KeyRef("mak"), method))
    other = held("mak", Usage.MAC_3, bytes(NEW))
    desk.store._put([other])
    assert isinstance(desk.ask(c.Reread()), c.Health)
    assert desk.ask(c.Protect(b"a", KeyRef("mak"), method)) != before
