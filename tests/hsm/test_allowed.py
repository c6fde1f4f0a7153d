"""Which key may stand where: every command, usage, mode and state, against a table that is written the other way."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from iso_gateway.hsm.allowed import ALLOWED
from iso_gateway.hsm.key_table import MemoryKeys
from iso_gateway.hsm.software import SoftwareModule
from iso_gateway.security import commands as c
from iso_gateway.security.keys import (
    Derived,
    KeyAlgorithm,
    KeyForm,
    KeyRef,
    KeyState,
    MacAlgorithm,
    MacMethod,
    Mode,
    PinFormat,
    Purpose,
    Usage,
)
from tests.support.module_keys import NOW, held, module

THIS = KeyRef("this")
PIN = KeyRef("pin")
KEK = KeyRef("kek")
FREE = KeyRef("free")
OTHERS = [held("pin", Usage.PIN), held("kek", Usage.KEK), held("free", Usage.DATA), held("bdk", Usage.BDK)]

METHODS = {
    Usage.MAC_1: MacAlgorithm.X9_9,
    Usage.MAC_3: MacAlgorithm.X9_19,
    Usage.MAC_CMAC: MacAlgorithm.CMAC,
    Usage.MAC_HMAC: MacAlgorithm.HMAC_SHA256,
    Usage.MAC_UNIONPAY: MacAlgorithm.UNIONPAY_ECB,
}
BLOCK = bytes(8)
KSN = bytes.fromhex("FFFF9876543210E00001")
SPEC = c.KeySpec("new", Usage.DATA, KeyAlgorithm.TDES, 128, "new")

PLACES: dict[str, Callable[[Usage], c.Command]] = {
    "verify mac": lambda usage: c.VerifyMac((THIS,), MacMethod(METHODS.get(usage, MacAlgorithm.X9_19)), b"a", BLOCK),
    "make mac": lambda usage: c.Protect(b"a", THIS, MacMethod(METHODS.get(usage, MacAlgorithm.X9_19))),
    "pin from": lambda _: c.TranslatePin(THIS, PinFormat.ISO_0, PIN, PinFormat.ISO_0, BLOCK, "4761739001010010"),
    "pin to": lambda _: c.TranslatePin(PIN, PinFormat.ISO_0, THIS, PinFormat.ISO_0, BLOCK, "4761739001010010"),
    "protect pin from": lambda _: c.Protect(
        bytes(16), None, None, c.TranslatePin(THIS, PinFormat.ISO_0, PIN, PinFormat.ISO_0, BLOCK, "4761739001010010")
    ),
    "encrypt": lambda _: c.EncryptData(THIS, BLOCK),
    "decrypt": lambda _: c.DecryptData(THIS, BLOCK),
    "generate under": lambda _: c.GenerateKey(SPEC, THIS, KeyForm.ECB),
    "import under": lambda _: c.ImportKey(SPEC, THIS, KeyForm.ECB, bytes(range(16))),
    "export": lambda _: c.ExportKey(THIS, KEK, KeyForm.ECB),
    "export under": lambda _: c.ExportKey(FREE, THIS, KeyForm.ECB),
    "derive from": lambda _: c.DeriveInitial(THIS, KSN, KEK, KeyForm.ECB),
    "derive under": lambda _: c.DeriveInitial(KeyRef("bdk"), KSN, THIS, KeyForm.ECB),
    "check value": lambda _: c.CheckValue(THIS),
    "change state": lambda _: c.SetState(THIS, KeyState.DESTROYED),
}

MAC = frozenset(METHODS)
USAGES: dict[str, frozenset[Usage]] = {
    **dict.fromkeys(("verify mac", "make mac"), MAC),
    **dict.fromkeys(("pin from", "pin to", "protect pin from"), frozenset({Usage.PIN})),
    **dict.fromkeys(("encrypt", "decrypt"), frozenset({Usage.DATA})),
    **dict.fromkeys(("generate under", "import under", "export under", "derive under"), frozenset({Usage.KEK})),
    "derive from": frozenset({Usage.BDK}),
    "export": frozenset(Usage) - {Usage.SEAL},
    **dict.fromkeys(("check value", "change state"), frozenset(Usage)),
}
NOTHING_NEW = {"generate under", "export under", "derive from", "derive under"}
"""Where a key that retires is refused."""
MODES = {
    "verify mac": "NCV",
    "make mac": "NCG",
    **dict.fromkeys(("pin from", "protect pin from", "decrypt", "import under"), "NBD"),
    **dict.fromkeys(("pin to", "encrypt", "generate under", "export under", "derive under"), "NBE"),
    "derive from": "NX",
    **dict.fromkeys(("export", "check value", "change state"), "NBEDGVCX"),
}


OF_WHAT_IT_CARRIES = {c.Fault.PIN_BLOCK, c.Fault.POLICY, c.Fault.WEAK_KEY}
"""How a command may be refused where the key is good: what it carries need not be."""


def fault(place: str, usage: Usage, state: KeyState, mode: Mode) -> c.Fault | None:
    """Return what a key that may not stand at *place* is refused with."""
    if state is KeyState.DESTROYED:
        # To destroy what is destroyed is no fault, and no change.
        return None if place == "change state" else c.Fault.NO_KEY
    if usage not in USAGES[place] or mode not in MODES[place]:
        return c.Fault.USAGE
    if state is KeyState.RETIRING and place in NOTHING_NEW:
        return c.Fault.USAGE
    return None


@pytest.mark.parametrize("place", PLACES)
def test_a_key_stands_only_where_its_usage_state_and_mode_allow(place: str) -> None:
    for usage, state, mode in itertools.product(Usage, KeyState, Mode):
        ours = module(held("this", usage, state=state, mode=mode), *OTHERS)
        (result,) = ours.carry_out((PLACES[place](usage),))
        expected = fault(place, usage, state, mode)
        if expected is not None:
            assert isinstance(result, c.Refused), (usage, state, mode)
            assert result.fault is expected, (usage, state, mode)
        elif isinstance(result, c.Refused):
            assert result.fault in OF_WHAT_IT_CARRIES, (usage, state, mode, result)


@pytest.mark.parametrize("place", PLACES)
def test_a_key_that_was_used_is_judged_anew_after_any_change_of_the_table(place: str) -> None:
    for usage, state, mode in itertools.product(Usage, KeyState, Mode):
        before, after = held("this", usage), held("this", usage, state=state, mode=mode)
        table = MemoryKeys([before, *OTHERS])
        ours = SoftwareModule(table, lambda: NOW)
        command = PLACES[place](usage)
        ours.carry_out((command,))  # it may have been allowed, and be remembered
        table.change([after], [])  # by somebody else, of whom the module hears nothing
        (result,) = ours.carry_out((command,))
        refused = result.fault if isinstance(result, c.Refused) else None
        expected = fault(place, usage, state, mode)
        possible = OF_WHAT_IT_CARRIES if expected is None else set()
        assert refused is expected or refused in possible, (usage, state, mode)


def test_every_command_that_names_a_key_is_in_the_product() -> None:
    naming = {type(make(Usage.PIN)) for make in PLACES.values()}
    assert {command for command, _ in ALLOWED} <= naming
    keyless = {c.SealCard, c.UnsealCard, c.Fingerprint, c.Change, c.ListKeys, c.Reread, c.AskHealth}
    assert naming | keyless == set(c.Command.__args__)


@pytest.mark.parametrize(("usage", "algorithm"), [*itertools.product(METHODS, MacAlgorithm)])
def test_a_mac_key_makes_macs_by_its_one_algorithm(usage: Usage, algorithm: MacAlgorithm) -> None:
    ours = module(held("this", usage))
    (result,) = ours.carry_out((c.Protect(b"a", THIS, MacMethod(algorithm)),))
    if METHODS[usage] is algorithm:
        assert isinstance(result, c.Protected)
    else:
        assert result == c.Refused(c.Fault.USAGE)


WORKING = {
    "verify mac": (c.VerifyMac, {Purpose.MAC_REQUEST, Purpose.MAC_ANSWER}),
    "make mac": (c.Protect, {Purpose.MAC_REQUEST, Purpose.MAC_ANSWER}),
    "pin from": (c.TranslatePin, {Purpose.PIN}),
    "encrypt": (c.EncryptData, {Purpose.DATA_REQUEST, Purpose.DATA_ANSWER}),
    "decrypt": (c.DecryptData, {Purpose.DATA_REQUEST, Purpose.DATA_ANSWER}),
}


@pytest.mark.parametrize(("place", "purpose"), [*itertools.product(WORKING, Purpose)])
def test_a_working_key_of_dukpt_stands_where_its_purpose_is(place: str, purpose: Purpose) -> None:
    for usage, state, mode in itertools.product(Usage, KeyState, Mode):
        ours = module(held("this", usage, state=state, mode=mode), *OTHERS)
        key = Derived(THIS, KSN, purpose)
        method = MacMethod(MacAlgorithm.X9_19)
        commands: dict[str, c.Command] = {
            "verify mac": c.VerifyMac((key,), method, b"a", BLOCK),
            "make mac": c.Protect(b"a", key, method),
            "pin from": c.TranslatePin(key, PinFormat.ISO_0, PIN, PinFormat.ISO_0, BLOCK, "4761739001010010"),
            "encrypt": c.EncryptData(key, BLOCK),
            "decrypt": c.DecryptData(key, BLOCK),
        }
        (result,) = ours.carry_out((commands[place],))
        good = purpose in WORKING[place][1] and usage is Usage.BDK and mode in {Mode.ANY, Mode.DERIVE}
        refused = isinstance(result, c.Refused) and result.fault is not c.Fault.PIN_BLOCK
        assert refused is not (good and state is not KeyState.DESTROYED), (usage, state, mode, result)
        if isinstance(result, c.Refused) and refused:
            assert result.fault in {c.Fault.USAGE, c.Fault.NO_KEY}
