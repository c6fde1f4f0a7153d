"""Keys that come and keys that are made: the module has kept a generation, or nothing has changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from iso_gateway.gateway.exchanging import Exchanging
from iso_gateway.gateway.keyring import Keyring
from iso_gateway.protocol import commands, events
from iso_gateway.protocol.protection import Exchange, KeySet, KnownKeys, Material, Protection, Role
from iso_gateway.security import commands as asked
from iso_gateway.security.commands import Batch, Fault, Refused, Results
from iso_gateway.security.keys import (
    Exportability,
    KeyAlgorithm,
    KeyForm,
    KeyInfo,
    KeyRef,
    KeyState,
    MacAlgorithm,
    MacMethod,
    PinFormat,
    Usage,
)
from tests.support.desk import setup

SINCE = datetime(2026, 11, 23, tzinfo=UTC)
UNIONPAY = Protection(MacMethod(MacAlgorithm.UNIONPAY_ECB), pin=PinFormat.ISO_0, exchange=Exchange.UNIONPAY)
TERMINAL = "terminal/TERM0001"
PIN_16, MAC_8 = b"p" * 16, b"m" * 8
FOUR = b"1234"


def info(name: str, version: int, state: KeyState = KeyState.ACTIVE, usage: Usage = Usage.PIN) -> KeyInfo:
    owner = name.rpartition("/")[0]
    return KeyInfo(KeyRef(name, version), usage, KeyAlgorithm.TDES, 128, owner, state, "ABCDEF", SINCE)


MASTER = info(f"{TERMINAL}/master", 1, usage=Usage.KEK)
NEW = (info(f"{TERMINAL}/pin", 4, KeyState.PENDING), info(f"{TERMINAL}/mac", 4, KeyState.PENDING))
NEW_SET = KeySet(TERMINAL, 4, mac=KeyRef(f"{TERMINAL}/mac", 4), pin=KeyRef(f"{TERMINAL}/pin", 4))


class Scene:
    """What carries key exchange out, and its neighbours."""

    def __init__(
        self, *results: Results, protection: Protection = UNIONPAY, held: tuple[KeyInfo, ...] = (MASTER,)
    ) -> None:
        self.results = list(results)
        self.batches: list[Batch] = []
        self.fed: list[events.Event] = []
        self.trouble: list[tuple[str, str]] = []
        self.keyring = Keyring(held)
        plain = setup()
        (listener,) = plain.listeners.values()
        legs = replace(plain, listeners={"counter": replace(listener, protection=protection)})
        self.exchanging = Exchanging(self, self.keyring, self.fed.append, lambda *said: self.trouble.append(said), legs)

    def submit(self, batch: Batch, done: Callable[[Results], None]) -> None:
        self.batches.append(batch)
        done(self.results.pop(0))

    def take(self, *material: Material) -> events.Event:
        self.exchanging.take(commands.TakeKeys("id", TERMINAL, "counter", MASTER.ref.name, material))
        (event,) = self.fed
        return event

    def give(self, *roles: Role) -> events.Event:
        self.exchanging.give(commands.GiveKeys("id", TERMINAL, "counter", MASTER.ref.name, roles))
        (event,) = self.fed
        return event

    def parts(self) -> tuple[asked.GenerateKey | asked.ImportKey | asked.SetState, ...]:
        (change,) = self.batches[0]
        assert isinstance(change, asked.Change)
        return change.parts


IMPORTED = (asked.Changed(tuple(asked.Imported(each) for each in NEW)),)
GENERATED = (asked.Changed((asked.Generated(NEW[0], PIN_16), asked.Generated(NEW[1], MAC_8))),)
CHECKED = (asked.Checked(b"pppp"), asked.Checked(b"mmmm"))


# Keys that come


def test_keys_that_come_are_imported_all_in_one_write_and_then_told_of() -> None:
    scene = Scene(IMPORTED, CHECKED)
    event = scene.take(Material(Role.PIN, PIN_16, FOUR), Material(Role.MAC, MAC_8, FOUR))
    assert event == events.KeysTaken("id", NEW_SET, (b"pppp", b"mmmm"))
    pin, mac = scene.parts()
    assert isinstance(pin, asked.ImportKey)
    assert isinstance(mac, asked.ImportKey)
    assert (pin.under, pin.form, pin.wrapped, pin.check_value) == (MASTER.ref, KeyForm.ECB, PIN_16, FOUR)
    assert pin.spec == asked.KeySpec(f"{TERMINAL}/pin", Usage.PIN, KeyAlgorithm.TDES, 128, TERMINAL)
    assert mac.spec == asked.KeySpec(f"{TERMINAL}/mac", Usage.MAC_UNIONPAY, KeyAlgorithm.DES, 64, TERMINAL)
    assert scene.batches[1] == (asked.CheckValue(NEW[0].ref, 4), asked.CheckValue(NEW[1].ref, 4))


def test_the_new_generation_is_known_at_once() -> None:
    scene = Scene(IMPORTED, CHECKED)
    scene.take(Material(Role.PIN, PIN_16), Material(Role.MAC, MAC_8))
    assert scene.keyring.known() == (KnownKeys(NEW_SET, KeyState.PENDING),)


def test_a_unionpay_mac_key_with_an_empty_second_half_is_of_single_length() -> None:
    scene = Scene(IMPORTED, CHECKED)
    scene.take(Material(Role.PIN, PIN_16), Material(Role.MAC, MAC_8 + bytes(8)))
    _, mac = scene.parts()
    assert isinstance(mac, asked.ImportKey)
    assert (mac.wrapped, mac.spec.bits, mac.spec.algorithm) == (MAC_8, 64, KeyAlgorithm.DES)


def test_elsewhere_a_key_is_taken_as_it_came() -> None:
    scene = Scene(IMPORTED, CHECKED, protection=replace(UNIONPAY, exchange=Exchange.DE_96))
    scene.take(Material(Role.PIN, PIN_16), Material(Role.MAC, MAC_8 + bytes(8)))
    _, mac = scene.parts()
    assert isinstance(mac, asked.ImportKey)
    assert (mac.wrapped, mac.spec.bits) == (MAC_8 + bytes(8), 128)


@pytest.mark.parametrize(
    ("block", "form", "algorithm"),
    [(b"B0096P0TE00N0000", KeyForm.TR31_B, KeyAlgorithm.TDES), (b"D0112P0AE00N0000", KeyForm.TR31_D, KeyAlgorithm.AES)],
)
def test_a_key_block_says_itself_of_which_version_and_algorithm_it_is(
    block: bytes, form: KeyForm, algorithm: KeyAlgorithm
) -> None:
    scene = Scene(IMPORTED, CHECKED, protection=replace(UNIONPAY, exchange=Exchange.TR31_48))
    scene.take(Material(Role.PIN, block), Material(Role.MAC, block))
    pin, _ = scene.parts()
    assert isinstance(pin, asked.ImportKey)
    assert (pin.form, pin.spec.algorithm, pin.wrapped) == (form, algorithm, block)


@pytest.mark.parametrize("fault", Fault)
def test_keys_that_the_module_does_not_take_change_nothing(fault: Fault) -> None:
    scene = Scene((Refused(fault, "why"),))
    assert scene.take(Material(Role.PIN, PIN_16)) == events.KeysTaken("id", None, (), f"{fault}: why")
    assert scene.trouble == [(TERMINAL, f"{fault}: why")]
    assert scene.keyring.known() == ()


def test_without_the_master_key_nothing_can_be_taken_or_given() -> None:
    scene = Scene(held=())
    assert scene.take(Material(Role.PIN, PIN_16)) == events.KeysTaken(
        "id", None, (), f"no key {TERMINAL}/master to open them with"
    )
    scene = Scene(held=())
    assert scene.give(Role.PIN) == events.KeysGiven("id", None, (), f"no key {TERMINAL}/master to send them under")


def test_keys_that_are_kept_are_told_of_though_their_check_values_cannot_be_had() -> None:
    scene = Scene(IMPORTED, (Refused(Fault.GONE), Refused(Fault.GONE)))
    assert scene.take(Material(Role.PIN, PIN_16), Material(Role.MAC, MAC_8)) == events.KeysTaken("id", NEW_SET, ())


# Keys that are made


def test_keys_are_made_kept_and_wrapped_for_the_other_side() -> None:
    scene = Scene(GENERATED, CHECKED)
    event = scene.give(Role.PIN, Role.MAC)
    material = (Material(Role.PIN, PIN_16, b"pppp"), Material(Role.MAC, MAC_8, b"mmmm"))
    assert event == events.KeysGiven("id", NEW_SET, material)
    pin, mac = scene.parts()
    assert isinstance(pin, asked.GenerateKey)
    assert isinstance(mac, asked.GenerateKey)
    assert (pin.under, pin.form) == (MASTER.ref, KeyForm.ECB)
    assert (pin.spec.algorithm, pin.spec.bits, pin.spec.exportability) == (
        KeyAlgorithm.TDES,
        128,
        Exportability.SENSITIVE,
    )
    assert (mac.spec.algorithm, mac.spec.bits, mac.spec.usage) == (KeyAlgorithm.DES, 64, Usage.MAC_UNIONPAY)


@pytest.mark.parametrize(
    ("mac", "pin", "master", "wanted"),
    [
        (MacAlgorithm.X9_19, PinFormat.ISO_0, KeyAlgorithm.TDES, [("T", 128), ("T", 128)]),
        (MacAlgorithm.CMAC, PinFormat.ISO_4, KeyAlgorithm.AES, [("A", 128), ("A", 128)]),
        (MacAlgorithm.CMAC, PinFormat.ISO_0, KeyAlgorithm.TDES, [("T", 128), ("T", 128)]),
        (MacAlgorithm.HMAC_SHA256, PinFormat.ISO_0, KeyAlgorithm.AES, [("H", 256), ("T", 128)]),
        (MacAlgorithm.UNIONPAY_SM4, PinFormat.ISO_0, KeyAlgorithm.SM4, [("4", 128), ("4", 128)]),
    ],
)
def test_what_is_made_fits_the_leg_and_is_no_stronger_than_its_master(
    mac: MacAlgorithm, pin: PinFormat, master: KeyAlgorithm, wanted: list[tuple[str, int]]
) -> None:
    protection = Protection(MacMethod(mac), pin=pin, exchange=Exchange.TR31_48)
    scene = Scene(GENERATED, CHECKED, protection=protection, held=(replace(MASTER, algorithm=master),))
    scene.give(Role.MAC, Role.PIN)
    made = [part.spec for part in scene.parts() if isinstance(part, asked.GenerateKey)]
    assert [(spec.algorithm, spec.bits) for spec in made] == wanted
    form = KeyForm.TR31_D if master is KeyAlgorithm.AES else KeyForm.TR31_B
    assert {part.form for part in scene.parts() if isinstance(part, asked.GenerateKey)} == {form}


@pytest.mark.parametrize("fault", Fault)
def test_keys_that_the_module_does_not_make_are_not_sent(fault: Fault) -> None:
    scene = Scene((Refused(fault),))
    assert scene.give(Role.PIN) == events.KeysGiven("id", None, (), str(fault))
    scene = Scene(GENERATED, (Refused(fault), Refused(fault)))
    assert scene.give(Role.PIN, Role.MAC) == events.KeysGiven("id", None, (), "their check values could not be had")


# States


def test_a_generation_is_marked_in_one_write() -> None:
    scene = Scene((asked.Changed((asked.Settled(replace(NEW[1], state=KeyState.ACTIVE)),)),), held=NEW)
    scene.exchanging.mark(commands.MarkKeys(TERMINAL, 4, KeyState.ACTIVE))
    marked = {part.key.name: part.state for part in scene.parts() if isinstance(part, asked.SetState)}
    assert marked == {f"{TERMINAL}/pin": KeyState.ACTIVE, f"{TERMINAL}/mac": KeyState.ACTIVE}
    kept = scene.keyring.info(NEW[1].ref)
    assert kept is not None
    assert kept.state is KeyState.ACTIVE


def test_what_is_marked_already_or_not_there_asks_for_nothing() -> None:
    scene = Scene(held=NEW)
    scene.exchanging.mark(commands.MarkKeys(TERMINAL, 4, KeyState.PENDING))
    scene.exchanging.mark(commands.MarkKeys(TERMINAL, 3, KeyState.ACTIVE))
    scene.exchanging.mark(commands.MarkKeys("terminal/OTHER", 4, KeyState.ACTIVE))
    assert scene.batches == []


def test_a_mark_that_the_store_does_not_take_is_told_of() -> None:
    scene = Scene((Refused(Fault.STORE, "disk full"),), held=NEW)
    scene.exchanging.mark(commands.MarkKeys(TERMINAL, 4, KeyState.RETIRING))
    assert scene.trouble == [(TERMINAL, "generation 4 not marked: store: disk full")]


# What is known


def test_the_keys_of_the_store_are_generations_by_their_version() -> None:
    held = [
        info("acquirer/bank/mac", 1, KeyState.RETIRING),
        info("acquirer/bank/mac", 2),
        info("acquirer/bank/pin", 2),
        info("acquirer/bank/mac-in", 2),
        info("acquirer/bank/master", 1),
        info("acquirer/bank/data", 2),
        info("terminal/TERM0001/pin", 3, KeyState.DESTROYED),
        info("journal/seal", 1),
        info("mac", 1),
    ]
    keys = {role: KeyRef(f"acquirer/bank/{role}", 2) for role in ("mac", "pin", "data")}
    assert Keyring(held).known() == (
        KnownKeys(KeySet("acquirer/bank", 1, mac=KeyRef("acquirer/bank/mac", 1)), KeyState.RETIRING),
        KnownKeys(KeySet("acquirer/bank", 2, mac_in=KeyRef("acquirer/bank/mac-in", 2), **keys), KeyState.ACTIVE),
    )


def test_the_version_to_use_is_the_newest_that_is_active_then_others_that_are_there() -> None:
    states = [KeyState.ACTIVE, KeyState.ACTIVE, KeyState.RETIRING, KeyState.PENDING, KeyState.DESTROYED]
    keyring = Keyring(info("bdk", version, state) for version, state in enumerate(states, 1))
    assert [ref.version for ref in keyring.usable("bdk")] == [2, 1, 3, 4]
    assert keyring.usable("other") == ()


def test_what_the_store_says_anew_takes_the_place_of_all_that_was_known() -> None:
    keyring = Keyring([info("a/mac", 1), info("b/mac", 1)])
    keyring.replace([info("b/mac", 2)])
    assert [each.ref for each in keyring.all()] == [KeyRef("b/mac", 2)]
