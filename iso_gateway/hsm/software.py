"""The software module: carries out commands with the keys of a key table.

Rule 1: which key may stand where is for ``allowed.py`` alone; every key that a command names goes through `_key`.
Rule 2: nothing decrypts but PIN translation, which gives no PIN out, and `DecryptData`, under data keys alone.
Rule 3: a PIN block's faults are one fault, and no result carries what it was given.
Rule 4: keys that protect real cards and test keys never meet: no PIN goes from one to the other, none encrypts the
other, and without the word that this is a test, no test key is used at all.

It is no secure cryptographic device (PCI PIN security requirement 1) and says so. A hardware module takes its place
behind `SecurityModule`, or behind the client (see ``client.py``).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from iso_gateway.errors import (
    KeyBlockError,
    KeyMaterialError,
    KeyStoreError,
    KsnError,
    ModuleFailed,
    PinBlockError,
    PinPolicyError,
    SecurityError,
)
from iso_gateway.hsm import known_answers
from iso_gateway.hsm.allowed import ALLOWED, WORKING, Denied, Place, fault_of
from iso_gateway.hsm.key_table import HeldKey, KeyTable
from iso_gateway.hsm.managing import Managing
from iso_gateway.hsm.prepared import Prepared, working_cipher, working_mac
from iso_gateway.hsm.sealing import Sealing
from iso_gateway.security import commands as c
from iso_gateway.security.block_ciphers import BlockCipher
from iso_gateway.security.keys import Derived, KeyRef, KeyState, MacMethod, PinFormat
from iso_gateway.security.macs import MacKey
from iso_gateway.security.pin_policy import translate

NOTICE: Final = (
    "this software security module is NO PCI PIN DEVICE: PINs of real cards belong into a secure cryptographic device "
    "(PCI PIN security requirement 1)"
)
MOST_KEYS: Final = 8
"""Keys that one MAC is compared under: a generation that is pending, active, retiring, and some to spare."""

FAULTS: Final[dict[type[Exception], c.Fault]] = {
    PinBlockError: c.Fault.PIN_BLOCK,
    PinPolicyError: c.Fault.POLICY,
    KsnError: c.Fault.KSN,
    KeyBlockError: c.Fault.KEY_BLOCK,
    KeyMaterialError: c.Fault.USAGE,
}
"""What a fault of the algorithms is called. A key of a wrong length can only be one that is used for what it is not."""


class SoftwareModule:
    """A `SecurityModule` over a `KeyTable`, whose one writer it is."""

    def __init__(
        self,
        keys: KeyTable,
        wall: Callable[[], datetime],
        *,
        test: bool = False,
        actor: str = "gateway",
        chance: Callable[[int], bytes] = os.urandom,
    ) -> None:
        """Use *keys*.

        Args:
            keys: wiped by `close`.
            wall: tells the time, UTC.
            test: whether test keys may be used.
            actor: who asks, for the audit file.
            chance: gives so many random bytes.
        """
        self._keys = keys
        self._test = test
        self._chance = chance
        self._prepared = Prepared()
        self._allowed: dict[Place, dict[KeyRef, HeldKey]] = {place: {} for place in ALLOWED}
        """The keys that were found to be allowed where they stood, as long as no key of the table changes."""
        self._allowed_of = keys.version
        self._passing: list[MacKey | BlockCipher] = []
        """Working keys of DUKPT, which go with the command that they were made for."""
        self._sealing = Sealing(keys, self._usable, chance)
        self._managing = Managing(keys, self._key_named, self._changed, wall=wall, actor=actor, chance=chance)
        managed = self._managing
        self._carry_out: dict[type[c.Command], Callable[[Any], c.Result]] = {
            c.VerifyMac: self._verify_mac,
            c.TranslatePin: lambda command: c.Translated(self._translated(command)),
            c.Protect: self._protect,
            c.SealCard: lambda command: c.Sealed(self._sealing.seal(command.pan)),
            c.UnsealCard: lambda command: c.Unsealed(self._sealing.unseal(command.card)),
            c.Fingerprint: lambda command: c.Fingerprinted(self._sealing.fingerprint(command.data)),
            c.EncryptData: self._encrypt_data,
            c.DecryptData: self._decrypt_data,
            c.GenerateKey: managed.one,
            c.ImportKey: managed.one,
            c.SetState: managed.one,
            c.Change: managed.change,
            c.ExportKey: managed.export,
            c.DeriveInitial: managed.derive_initial,
            c.CheckValue: managed.check_value,
            c.ListKeys: managed.listed,
            c.Reread: self._reread,
            c.AskHealth: self._health,
        }

    def __repr__(self) -> str:
        return "<SoftwareModule>"

    def carry_out(self, batch: c.Batch) -> c.Results:
        """Return the result of each command of *batch*, in order."""
        if self._allowed_of != (version := self._keys.version):
            self._forget_what_is_allowed()
            self._allowed_of = version
        return tuple([self._one(command) for command in batch])

    def close(self) -> None:
        """Wipe all keys; nothing is carried out any more."""
        self._changed(None)
        self._keys.close()
        self._carry_out = {}

    def _one(self, command: c.Command) -> c.Result:
        carry_out = self._carry_out.get(type(command))
        if carry_out is None:
            return c.Refused(c.Fault.GONE)  # closed
        try:
            return carry_out(command)
        except Denied as denied:
            return denied.refused
        except SecurityError as error:
            return c.Refused(FAULTS[type(error)])
        except KeyStoreError as error:
            return c.Refused(c.Fault.STORE, str(error))
        except ValueError:
            return c.Refused(c.Fault.MALFORMED)
        finally:
            if self._passing:
                self._wipe_what_passes()

    def _wipe_what_passes(self) -> None:
        while self._passing:
            self._passing.pop().wipe()

    # Keys

    def _key_named(self, command: type[c.Command], place: str, held: HeldKey | None) -> HeldKey:
        """Return *held* where it may stand at *place* of *command*.

        Raises:
            Denied: it may not, or is not there.
        """
        if held is None:
            raise Denied(c.Fault.NO_KEY)
        fault = fault_of(ALLOWED[command, place], held.info)
        if fault is not None:
            raise Denied(fault)
        self._usable(held)
        return held

    def _key(self, command: type[c.Command], place: str, ref: KeyRef) -> HeldKey:
        """Return the key *ref* where it may stand at *place* of *command*; the table is asked once for each version.

        What changes the table within a batch says so to `_changed`.

        Raises:
            Denied: it may not, or is not there.
        """
        allowed = self._allowed[command, place]
        held = allowed.get(ref)
        if held is None:
            held = allowed[ref] = self._key_named(command, place, self._keys.get(ref))
        return held

    def _forget_what_is_allowed(self) -> None:
        for allowed in self._allowed.values():
            allowed.clear()

    def _base(self, command: type[c.Command], place: str, key: Derived) -> HeldKey:
        """Return what the working key *key* is derived from, where such a one may stand at *place* of *command*."""
        row = ALLOWED[command, place]
        if key.purpose not in row.purposes:
            raise Denied(c.Fault.USAGE)
        held = self._keys.get(key.bdk)
        if held is None:
            raise Denied(c.Fault.NO_KEY)
        fault = fault_of(WORKING._replace(states=row.states), held.info)
        if fault is not None:
            raise Denied(fault)
        self._usable(held)
        return held

    def _usable(self, held: HeldKey) -> None:
        if held.info.test and not self._test:
            raise Denied(c.Fault.USAGE, "a test key, and nobody said that this is a test")

    def _changed(self, refs: list[KeyRef] | None) -> None:
        """Forget what was made ready of *refs*, None: of all; and what any key was allowed to do."""
        self._forget_what_is_allowed()
        if refs is None:
            self._prepared.clear()
        else:
            self._prepared.drop(refs)
        self._sealing.clear()

    # MACs

    def _mac_key(self, command: type[c.Command], place: str, key: c.Key, method: MacMethod) -> MacKey:
        if type(key) is KeyRef:
            return self._prepared.mac(self._key(command, place, key), method.algorithm)
        assert isinstance(key, Derived)
        made = working_mac(self._base(command, place, key), key.ksn, key.purpose, method.algorithm)
        self._passing.append(made)
        return made

    def _verify_mac(self, command: c.VerifyMac) -> c.Result:
        if not 0 < len(command.keys) <= MOST_KEYS:
            raise Denied(c.Fault.MALFORMED)
        absent = 0
        for which, key in enumerate(command.keys):
            try:
                ready = self._mac_key(c.VerifyMac, "keys", key, command.method)
            except Denied as denied:
                # A generation that was destroyed meanwhile hinders none of the others.
                if denied.refused.fault is not c.Fault.NO_KEY:
                    raise
                absent += 1
            else:
                if ready.verify(command.method, command.data, command.mac):
                    return c.Matched(which)
        if absent == len(command.keys):
            raise Denied(c.Fault.NO_KEY)
        return c.Matched(None)

    def _protect(self, command: c.Protect) -> c.Result:
        if (command.key is None) is not (command.method is None):
            raise Denied(c.Fault.MALFORMED)
        data, block = command.data, b""
        if command.pin is not None:
            block = self._translated(command.pin)
            put = block.hex().upper().encode("ascii") if command.text else block
            if not 0 <= command.offset <= len(data) - len(put):
                raise Denied(c.Fault.MALFORMED)
            data = data[: command.offset] + put + data[command.offset + len(put) :]
        if command.key is None or command.method is None:
            return c.Protected(b"", block)
        ready = self._mac_key(c.Protect, "key", command.key, command.method)
        return c.Protected(ready.make(command.method, data), block)

    # PINs and data

    def _cipher(
        self, command: type[c.Command], place: str, key: c.Key, form: PinFormat | None = None
    ) -> tuple[BlockCipher, bool]:
        """Return the cipher of *key*, and whether it is of a test key."""
        if type(key) is KeyRef:
            held = self._key(command, place, key)
            return self._prepared.cipher(held), held.info.test
        assert isinstance(key, Derived)
        base = self._base(command, place, key)
        made = working_cipher(base, key.ksn, key.purpose, form)
        self._passing.append(made)
        return made, base.info.test

    def _translated(self, command: c.TranslatePin) -> bytes:
        source, test = self._cipher(c.TranslatePin, "source", command.source, command.source_format)
        target, other_test = self._cipher(c.TranslatePin, "target", command.target, command.target_format)
        if test is not other_test:
            raise Denied(c.Fault.USAGE)
        return translate(
            command.block,
            command.pan,
            source=source,
            source_format=command.source_format,
            target=target,
            target_format=command.target_format,
            fill=self._chance,
        )

    def _encrypt_data(self, command: c.EncryptData) -> c.Result:
        cipher, _ = self._cipher(c.EncryptData, "key", command.key)
        padded = command.data + bytes(-len(command.data) % cipher.block_size)
        return c.Transformed(cipher.encrypt_chained(padded, command.vector))

    def _decrypt_data(self, command: c.DecryptData) -> c.Result:
        cipher, _ = self._cipher(c.DecryptData, "key", command.key)
        return c.Transformed(cipher.decrypt_chained(command.data, command.vector))

    # The module itself

    def _reread(self, _command: c.Reread) -> c.Result:
        self._keys.reread()
        self._changed(None)
        return self._health(c.AskHealth())

    def _health(self, _command: c.AskHealth) -> c.Result:
        try:
            known_answers.check()
        except ModuleFailed as error:
            return c.Refused(c.Fault.GONE, str(error))
        live = [info for info in self._keys.infos() if info.state is not KeyState.DESTROYED]
        tests = sum(info.test for info in live)
        return c.Health("software", len(live), tests, self._keys.version, NOTICE)
