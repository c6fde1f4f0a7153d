"""What the node asks of the security module becomes one batch, and what comes of it one event, whatever it is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from iso_gateway import Message
from iso_gateway.gateway.guard import CODES, Guard
from iso_gateway.gateway.keyring import Keyring
from iso_gateway.protocol import commands, events
from iso_gateway.protocol.covering import Covering
from iso_gateway.protocol.protection import KeySet, Protection
from iso_gateway.security import commands as asked
from iso_gateway.security.commands import Batch, Fault, Refused, Results
from iso_gateway.security.keys import (
    Derived,
    KeyAlgorithm,
    KeyInfo,
    KeyRef,
    KeyState,
    MacAlgorithm,
    MacMethod,
    PinFormat,
    Purpose,
    Usage,
)
from tests.support.desk import dialect, setup

METHOD = MacMethod(MacAlgorithm.X9_19)
MAC_AND_PIN = Protection(mac=METHOD, pin=PinFormat.ISO_0)
DUKPT = Protection(mac=METHOD, pin=PinFormat.ISO_0, ksn="62", base="bdk/shop")
KSN = bytes.fromhex("FFFF9876543210E00001")
PAN = "4111111111111111"
MAC = bytes.fromhex("0123456789ABCDEF")
BLOCK = bytes.fromhex("1111111111111111")
OTHER_BLOCK = bytes.fromhex("2222222222222222")
SPEC = dialect("iso87-ascii").spec
TERMINAL_KEYS = KeySet("terminal/TERM0001", 2, mac=KeyRef("t/mac", 2), pin=KeyRef("t/pin", 2))
EARLIER_KEYS = KeySet("terminal/TERM0001", 1, mac=KeyRef("t/mac", 1), pin=KeyRef("t/pin", 1))
HOST_KEYS = KeySet("acquirer/bank", 5, mac=KeyRef("h/mac", 5), pin=KeyRef("h/pin", 5))
SALE = {2: PAN, 3: "000000", 4: "000000001000", 11: "000001", 41: "TERM0001"}


class ScriptedModule:
    """Answers each batch with what was laid ready, now or when it is told to."""

    def __init__(self, *results: Results) -> None:
        self.results = list(results)
        self.batches: list[Batch] = []

    def submit(self, batch: Batch, done: Callable[[Results], None]) -> None:
        self.batches.append(batch)
        done(self.results.pop(0))


class Ear:
    """What was told of errors, in order."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str]] = []

    def mac_wrong(self, leg: str) -> None:
        self.heard.append(("mac", leg))

    def pin_wrong(self, leg: str) -> None:
        self.heard.append(("pin", leg))

    def trouble(self, leg: str, cause: str) -> None:
        self.heard.append((cause, leg))


class Scene:
    """A guard with its neighbours: a scripted module, and what it feeds to the node."""

    def __init__(self, *results: Results, terminal: Protection = MAC_AND_PIN, host: Protection = MAC_AND_PIN) -> None:
        self.module = ScriptedModule(*results)
        self.fed: list[events.Event] = []
        self.ear = Ear()
        plain = setup()
        (listener,), (acquirer,) = plain.listeners.values(), plain.acquirers.values()
        legs = replace(
            plain,
            listeners={"counter": replace(listener, name="counter", protection=terminal)},
            acquirers={"bank": replace(acquirer, name="bank", protection=host)},
        )
        base = [bdk(1, KeyState.RETIRING), bdk(2, KeyState.ACTIVE)]
        self.guard = Guard(self.module, Keyring(base), self.fed.append, self.ear, legs)

    def verified(self, message: Message, keys: tuple[KeySet, ...] = (), **more: Any) -> events.Verified:
        self.guard.verify(commands.Verify("id", "counter", message, SPEC.encode(message), keys, **more))
        (event,) = self.fed
        assert isinstance(event, events.Verified)
        return event

    def secured(self, message: Message, **more: Any) -> events.Secured:
        more.setdefault("leg", "bank")
        self.guard.secure(commands.Secure("id", message=message, **more))
        (event,) = self.fed
        assert isinstance(event, events.Secured)
        return event


def bdk(version: int, state: KeyState) -> KeyInfo:
    since = datetime(2026, 11, 23, tzinfo=UTC)
    return KeyInfo(KeyRef("bdk/shop", version), Usage.BDK, KeyAlgorithm.TDES, 128, "bdk", state, "ABCDEF", since)


def sale(**more: Any) -> Message:
    return SPEC.message("0200", SALE | {int(key[2:]): value for key, value in more.items()})


def signed(message: Message) -> Message:
    return Covering(SPEC, MAC_AND_PIN).room(message).said(MAC)


# Verify


def test_a_mac_is_compared_under_each_generation_in_one_batch() -> None:
    scene = Scene((asked.Matched(1),))
    message = signed(sale())
    assert scene.verified(message, (TERMINAL_KEYS, EARLIER_KEYS)) == events.Verified("id", "", EARLIER_KEYS)
    data = SPEC.encode(message)[:-16]
    keys = (KeyRef("t/mac", 2), KeyRef("t/mac", 1))
    assert scene.module.batches == [(asked.VerifyMac(keys, METHOD, data, MAC),)]
    assert scene.ear.heard == []


def test_what_comes_in_has_a_key_of_its_own_where_directions_have() -> None:
    scene = Scene((asked.Matched(0),))
    both = replace(TERMINAL_KEYS, mac_in=KeyRef("t/mac-in", 2))
    assert scene.verified(signed(sale()), (both,)).keys == both
    (command,) = scene.module.batches[0]
    assert isinstance(command, asked.VerifyMac)
    assert command.keys == (KeyRef("t/mac-in", 2),)


def test_the_journals_hash_is_made_in_the_same_round_trip() -> None:
    scene = Scene((asked.Matched(0), asked.Fingerprinted(b"hash")))
    event = scene.verified(signed(sale()), (TERMINAL_KEYS,), hashed=b"what")
    assert event == events.Verified("id", "", TERMINAL_KEYS, b"hash")
    assert [type(each) for each in scene.module.batches[0]] == [asked.VerifyMac, asked.Fingerprint]


def test_where_only_the_journals_hash_is_wanted_the_module_is_asked_for_that_alone() -> None:
    scene = Scene((asked.Fingerprinted(b"hash"),), terminal=Protection())
    assert scene.verified(sale(), hashed=b"what") == events.Verified("id", "", None, b"hash")


def test_a_leg_without_protection_asks_nobody() -> None:
    scene = Scene(terminal=Protection())
    assert scene.verified(sale()) == events.Verified("id", "")


def test_a_message_without_a_mac_is_not_genuine() -> None:
    scene = Scene()
    assert scene.verified(sale(), (TERMINAL_KEYS,)) == events.Verified("id", "A0")
    assert scene.ear.heard == [("mac", "counter")]


def test_a_wrong_mac_is_counted_for_its_leg_and_says_nothing_of_keys() -> None:
    scene = Scene((asked.Matched(None),))
    assert scene.verified(signed(sale()), (TERMINAL_KEYS,)) == events.Verified("id", "A0")
    assert scene.ear.heard == [("mac", "counter")]


def test_without_any_key_there_is_nothing_to_verify_with() -> None:
    scene = Scene()
    assert scene.verified(signed(sale())).code == "96"
    only_pin = replace(TERMINAL_KEYS, mac=None)
    scene = Scene()
    assert scene.verified(signed(sale()), (only_pin,)).code == "96"


def test_a_generation_without_a_mac_key_is_passed_over() -> None:
    scene = Scene((asked.Matched(0),))
    assert scene.verified(signed(sale()), (replace(TERMINAL_KEYS, mac=None), EARLIER_KEYS)).keys == EARLIER_KEYS


CODE_OF_FAULT = {
    Fault.PIN_BLOCK: "99",
    Fault.NO_KEY: "96",
    Fault.USAGE: "A7",
    Fault.KEY_BLOCK: "A7",
    Fault.CHECK_VALUE: "A7",
    Fault.WEAK_KEY: "A7",
    Fault.KSN: "A7",
    Fault.POLICY: "A7",
    Fault.MALFORMED: "96",
    Fault.STORE: "96",
    Fault.GONE: "96",
}


def test_every_fault_has_a_code() -> None:
    assert CODE_OF_FAULT == CODES
    assert set(CODES) == set(Fault)


@pytest.mark.parametrize("fault", Fault)
def test_what_the_module_refuses_is_never_genuine(fault: Fault) -> None:
    scene = Scene((Refused(fault), Refused(fault)))
    event = scene.verified(signed(sale()), (TERMINAL_KEYS,), hashed=b"what")
    assert event == events.Verified("id", CODE_OF_FAULT[fault])


@pytest.mark.parametrize("fault", Fault)
def test_a_message_whose_hash_the_module_refuses_is_not_taken(fault: Fault) -> None:
    scene = Scene((asked.Matched(0), Refused(fault)))
    assert scene.verified(signed(sale()), (TERMINAL_KEYS,), hashed=b"what").code == CODE_OF_FAULT[fault]


# Secure


def secure_with_pin(scene: Scene, **more: Any) -> events.Secured:
    origin = commands.Origin("counter", sale(de52=BLOCK), more.pop("source", TERMINAL_KEYS))
    return scene.secured(sale(de52=BLOCK), keys=HOST_KEYS, origin=origin, **more)


def test_pin_mac_and_seal_are_made_in_one_round_trip() -> None:
    scene = Scene((asked.Protected(MAC, OTHER_BLOCK), asked.Sealed(b"sealed")))
    event = secure_with_pin(scene, pan=PAN)
    (protect, seal) = scene.module.batches[0]
    assert isinstance(protect, asked.Protect)
    assert protect.pin == asked.TranslatePin(
        KeyRef("t/pin", 2), PinFormat.ISO_0, KeyRef("h/pin", 5), PinFormat.ISO_0, BLOCK, PAN
    )
    assert (protect.key, protect.method, protect.text) == (KeyRef("h/mac", 5), METHOD, True)
    assert protect.data[protect.offset : protect.offset + 16] == b"0" * 16
    assert seal == asked.SealCard(PAN)
    assert event.message == sale(de52=OTHER_BLOCK, de64=MAC)
    assert event.payload == SPEC.encode(sale(de52=OTHER_BLOCK, de64=MAC))
    assert event.sealed == b"sealed"


def test_what_the_mac_is_made_of_is_what_the_other_side_will_find() -> None:
    scene = Scene((asked.Protected(MAC, OTHER_BLOCK),))
    event = secure_with_pin(scene)
    (protect,) = scene.module.batches[0]
    assert isinstance(protect, asked.Protect)
    put = OTHER_BLOCK.hex().encode()
    assert event.payload[:-16] == protect.data[: protect.offset] + put + protect.data[protect.offset + 16 :]


def test_the_card_of_the_pin_comes_from_track_2_where_there_is_no_other() -> None:
    scene = Scene((asked.Protected(MAC, OTHER_BLOCK),))
    track = SPEC.message("0200", {3: "000000", 35: f"{PAN}=30121011", 52: BLOCK})
    scene.secured(track, keys=HOST_KEYS, origin=commands.Origin("counter", track, TERMINAL_KEYS))
    (protect,) = scene.module.batches[0]
    assert isinstance(protect, asked.Protect)
    assert protect.pin is not None
    assert protect.pin.pan == PAN


def test_where_the_mac_covers_no_pin_both_still_go_in_one_round_trip() -> None:
    named = Protection(mac=METHOD, pin=PinFormat.ISO_0, covered=(3, 4, 11))
    scene = Scene((asked.Protected(MAC), asked.Translated(OTHER_BLOCK)), host=named)
    assert secure_with_pin(scene).message == sale(de52=OTHER_BLOCK, de64=MAC)
    assert [type(each) for each in scene.module.batches[0]] == [asked.Protect, asked.TranslatePin]


def test_a_pin_goes_to_a_leg_without_mac_too() -> None:
    scene = Scene((asked.Translated(OTHER_BLOCK),), host=Protection(pin=PinFormat.ISO_0))
    event = secure_with_pin(scene)
    assert event.payload == SPEC.encode(sale(de52=OTHER_BLOCK))


def test_a_message_without_pin_gets_a_mac_alone() -> None:
    scene = Scene((asked.Protected(MAC),))
    event = scene.secured(sale(), keys=HOST_KEYS)
    assert event.message == sale(de64=MAC)
    (protect,) = scene.module.batches[0]
    assert isinstance(protect, asked.Protect)
    assert protect.pin is None


def test_a_leg_without_protection_gets_its_message_as_it_is_and_its_card_sealed() -> None:
    scene = Scene((asked.Sealed(b"sealed"),), host=Protection())
    event = scene.secured(sale(), pan=PAN)
    assert event == events.Secured("id", sale(), "", SPEC.encode(sale()), b"sealed")
    scene = Scene(host=Protection())
    assert scene.secured(sale()) == events.Secured("id", sale(), "", SPEC.encode(sale()))


@pytest.mark.parametrize("fault", Fault)
def test_what_the_module_does_not_make_is_not_sent(fault: Fault) -> None:
    scene = Scene((Refused(fault), asked.Sealed(b"sealed")))
    assert secure_with_pin(scene, pan=PAN) == events.Secured("id", None, CODE_OF_FAULT[fault])
    scene = Scene((asked.Protected(MAC, OTHER_BLOCK), Refused(fault)))
    assert secure_with_pin(scene, pan=PAN) == events.Secured("id", None, CODE_OF_FAULT[fault])


def test_a_pin_block_that_does_not_open_is_counted_for_the_leg_that_it_came_from() -> None:
    scene = Scene((Refused(Fault.PIN_BLOCK),))
    assert secure_with_pin(scene).code == "99"
    assert scene.ear.heard == [("pin", "counter")]


@pytest.mark.parametrize(
    ("scene", "more", "code"),
    [
        (Scene(terminal=Protection(mac=METHOD)), {}, "A7"),
        (Scene(host=Protection(mac=METHOD)), {}, "A7"),
        (Scene(), {"source": None}, "96"),
        (Scene(), {"source": replace(TERMINAL_KEYS, pin=None)}, "96"),
        (Scene(terminal=DUKPT), {"source": None}, "A7"),
    ],
    ids=["terminals have no PINs", "the host takes none", "no key", "no PIN key", "no key serial number"],
)
def test_a_pin_that_cannot_be_translated_goes_nowhere(scene: Scene, more: dict[str, Any], code: str) -> None:
    assert secure_with_pin(scene, **more) == events.Secured("id", None, code)
    assert scene.module.batches == []


def test_an_origin_without_a_pin_block_is_refused_as_a_wrong_one_is() -> None:
    scene = Scene()
    assert scene.secured(sale(), keys=HOST_KEYS, origin=commands.Origin("counter", sale(), TERMINAL_KEYS)).code == "99"


def test_without_a_key_no_mac_is_made_and_nothing_sent() -> None:
    scene = Scene()
    assert scene.secured(sale()) == events.Secured("id", None, "96")
    scene = Scene()
    assert scene.secured(sale(), keys=replace(HOST_KEYS, mac=None)) == events.Secured("id", None, "96")


def test_a_message_that_its_spec_cannot_carry_is_refused_and_told_of_without_its_values() -> None:
    scene = Scene()
    assert scene.secured(Message("0200", {3: "of more than six"}), keys=HOST_KEYS) == events.Secured("id", None, "30")
    ((said, leg),) = scene.ear.heard
    assert leg == "bank"
    assert "six" not in said


# DUKPT


def test_a_terminal_of_dukpt_is_verified_under_every_usable_base_key() -> None:
    scene = Scene((asked.Matched(1),), terminal=DUKPT)
    event = scene.verified(signed(sale(de62=KSN.hex())))
    (verify,) = scene.module.batches[0]
    assert isinstance(verify, asked.VerifyMac)
    assert verify.keys == tuple(Derived(KeyRef("bdk/shop", version), KSN, Purpose.MAC_REQUEST) for version in (2, 1))
    assert event.keys is not None
    assert event.keys.mac == KeyRef("bdk/shop", 1)


def test_its_pin_and_its_answer_use_the_base_key_that_verified_it() -> None:
    verified = KeySet("bdk/shop", 1, mac=KeyRef("bdk/shop", 1), pin=KeyRef("bdk/shop", 1))
    request = sale(de52=BLOCK, de62=KSN.hex())
    scene = Scene((asked.Protected(MAC, OTHER_BLOCK),), terminal=DUKPT)
    scene.secured(sale(de52=BLOCK), keys=HOST_KEYS, origin=commands.Origin("counter", request, verified))
    (protect,) = scene.module.batches[0]
    assert isinstance(protect, asked.Protect)
    assert protect.pin is not None
    assert protect.pin.source == Derived(KeyRef("bdk/shop", 1), KSN, Purpose.PIN)
    scene = Scene((asked.Protected(MAC),), terminal=DUKPT)
    answer = SPEC.message("0210", {39: "00"})
    scene.secured(answer, leg="counter", keys=verified, asked=request)
    (protect,) = scene.module.batches[0]
    assert isinstance(protect, asked.Protect)
    assert protect.key == Derived(KeyRef("bdk/shop", 1), KSN, Purpose.MAC_ANSWER)


@pytest.mark.parametrize("said", ["", "FFFF9876543210E0000", "FFFF9876543210E000", "not hexadecimal at all", "00" * 13])
def test_a_key_serial_number_that_is_none_is_refused(said: str) -> None:
    scene = Scene(terminal=DUKPT)
    assert scene.verified(signed(sale(de62=said or None))).code == "A7"
    assert scene.module.batches == []


# The journal


def test_a_card_of_the_journal_is_opened_or_it_is_not() -> None:
    scene = Scene((asked.Unsealed(PAN),), (Refused(Fault.GONE),))
    scene.guard.unseal(commands.Unseal("a", b"card"))
    scene.guard.unseal(commands.Unseal("b", b"card"))
    assert scene.fed == [events.CardKnown("a", PAN), events.CardKnown("b", "")]
