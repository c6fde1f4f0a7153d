"""How keys come, change and go: what an operator and a key exchange ask of the module.

Nothing is answered before the key store has it, and the audit file its line: done or refused. A command changes all
that it names, or nothing.

A key takes over the mark of a test key from the one that it comes under: a test key protects nothing that is more.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

import msgspec

from iso_gateway.errors import KeyBlockError, KeyStoreError, KsnError, SecurityError
from iso_gateway.hsm.allowed import NEXT, Denied
from iso_gateway.hsm.key_table import Deed, HeldKey, KeyTable, wipe
from iso_gateway.hsm.new_keys import accept, drawn, new_key, newest_of
from iso_gateway.hsm.transport import BLOCKS, Arrived, bits_in, check_free, strength, unwrap, wrap
from iso_gateway.security import commands as c
from iso_gateway.security import dukpt_aes, dukpt_tdes
from iso_gateway.security.check_values import check_value
from iso_gateway.security.keys import KeyAlgorithm, KeyForm, KeyInfo, KeyRef, KeyState, Mode, Usage

LONGEST_CHECK: Final = 5
"""Bytes of a check value that are told: partners compare 3 to 5, and more of them would be a block of cipher text."""

DERIVING: Final = frozenset({Usage.BDK, Usage.INITIAL})
"""Keys of these usages have the one mode of use that the standard gives them; ours have no narrower one."""

Part = c.GenerateKey | c.ImportKey | c.SetState
Made = c.Generated | c.Imported | c.Settled
KeyNamed = Callable[[type[c.Command], str, HeldKey | None], HeldKey]
Staged = dict[KeyRef, HeldKey]


class Managing:
    """The management commands of one module."""

    def __init__(
        self,
        keys: KeyTable,
        key_named: KeyNamed,
        changed: Callable[[list[KeyRef]], None],
        *,
        wall: Callable[[], datetime],
        actor: str,
        chance: Callable[[int], bytes],
    ) -> None:
        """Work on *keys*; *key_named* says whether a key may stand at a place, *changed* is told what has changed."""
        self._keys = keys
        self._wall = wall
        self._key_named = key_named
        self._changed = changed
        self._actor = actor
        self._chance = chance

    def one(self, command: c.GenerateKey | c.ImportKey | c.SetState) -> c.Result:
        """Carry *command* out."""
        return self._together((command,))[0]

    def change(self, command: c.Change) -> c.Result:
        """Carry all parts of *command* out, or none."""
        return c.Changed(self._together(command.parts))

    def export(self, command: c.ExportKey) -> c.Result:
        """Encrypt a key under another."""
        act = f"export under {command.under}"
        try:
            held = self._key(c.ExportKey, "key", command.key, {})
            check_free(held.info, command.form)
            wrapped = self._wrapped(c.ExportKey, command.under, command.form, held, {})
        except Denied as denied:
            self._keys.change((), [self._refusal(act, command.key, denied)])
            raise
        self._keys.change((), [self._deed(act, held.info)])
        return c.Exported(wrapped)

    def derive_initial(self, command: c.DeriveInitial) -> c.Result:
        """Derive and encrypt the initial key of a terminal."""
        act = f"derive initial key {command.ksn.hex().upper()} under {command.under}"
        try:
            held = self._key(c.DeriveInitial, "bdk", command.bdk, {})
            dukpt = dukpt_tdes if held.info.algorithm is KeyAlgorithm.TDES else dukpt_aes
            initial = dukpt.initial_key(held.value, command.ksn)
            try:
                info = msgspec.structs.replace(held.info, usage=Usage.INITIAL, bits=len(initial) * 8, mode=Mode.DERIVE)
                wrapped = self._wrapped(c.DeriveInitial, command.under, command.form, HeldKey(info, initial), {})
            finally:
                wipe(initial)
        except (Denied, SecurityError) as error:
            self._keys.change((), [self._refusal(act, command.bdk, _named(error))])
            raise
        self._keys.change((), [self._deed(act, held.info)])
        return c.Exported(wrapped)

    def check_value(self, command: c.CheckValue) -> c.Result:
        """Tell a check value."""
        held = self._key(c.CheckValue, "key", command.key, {})
        if command.length > LONGEST_CHECK:
            raise Denied(c.Fault.MALFORMED, f"{LONGEST_CHECK} bytes of a check value are the most")
        return c.Checked(check_value(held.info.algorithm, held.value, command.length))

    def listed(self, command: c.ListKeys) -> c.Result:
        """Tell of keys."""
        return c.Listed(tuple(info for info in self._keys.infos() if info.owner.startswith(command.owner)))

    # Together or not at all

    def _together(self, parts: tuple[Part, ...]) -> tuple[Made, ...]:
        staged: Staged = {}
        results: list[Made] = []
        deeds: list[Deed] = []
        try:
            for part in parts:
                act, ref = _told(part)
                try:
                    result = self._stage(part, staged)
                except (Denied, SecurityError) as error:
                    denied = _named(error)
                    self._keys.change((), [self._refusal(act, ref, denied)])
                    raise denied from None
                results.append(result)
                deeds.append(self._deed(act, result.info))
            self._keys.change(list(staged.values()), deeds)
        except (Denied, KeyStoreError):
            for ref, held in staged.items():
                before = self._keys.get(ref)
                if before is None or before.value is not held.value:
                    wipe(held.value)
            raise
        self._changed(list(staged))
        return tuple(map(self._as_kept, results))

    def _as_kept(self, made: Made) -> Made:
        """Return *made* with what the store says of its key: one of test keys marks all that it takes."""
        kept = self._keys.get(made.info.ref)
        return made if kept is None else msgspec.structs.replace(made, info=kept.info)

    def _stage(self, part: Part, staged: Staged) -> Made:
        match part:
            case c.GenerateKey():
                return self._generated(part, staged)
            case c.ImportKey():
                return self._imported(part, staged)
            case c.SetState():
                return self._settled(part, staged)

    def _generated(self, command: c.GenerateKey, staged: Staged) -> c.Generated:
        spec = command.spec
        newest = self._newest(spec, staged)
        test = newest.info.test if newest is not None else False
        if command.under is not None:
            test = self._key(c.GenerateKey, "under", command.under, staged).info.test
        mode = Mode.DERIVE if spec.usage in DERIVING else Mode.ANY
        arrived = Arrived(drawn(spec, self._chance), mode, spec.exportability)
        held = new_key(spec, newest, arrived, self._wall(), test=test)
        wrapped = b""
        if command.under is not None:
            wrapped = self._wrapped(c.GenerateKey, command.under, command.form, held, staged)
        staged[held.info.ref] = held
        return c.Generated(held.info, wrapped)

    def _imported(self, command: c.ImportKey, staged: Staged) -> c.Imported:
        under = self._key(c.ImportKey, "under", command.under, staged)
        spec = command.spec
        if not spec.bits and command.form in BLOCKS:
            spec = msgspec.structs.replace(spec, bits=bits_in(under, command.wrapped))
        newest = self._newest(spec, staged)
        arrived = unwrap(command.form, under, spec, command.wrapped)
        try:
            accept(spec, newest, arrived.value, command.check_value)
        except BaseException:
            wipe(arrived.value)
            raise
        held = new_key(spec, newest, arrived, self._wall(), test=under.info.test)
        staged[held.info.ref] = held
        return c.Imported(held.info)

    def _settled(self, command: c.SetState, staged: Staged) -> c.Settled:
        now = staged.get(command.key) or self._keys.get(command.key)
        if now is not None and now.info.state is command.state:
            return c.Settled(now.info)
        held = self._key(c.SetState, "key", command.key, staged)
        if command.state not in NEXT[held.info.state]:
            raise Denied(c.Fault.POLICY, f"{command.key} is {held.info.state}, which never becomes {command.state}")
        info = msgspec.structs.replace(held.info, state=command.state, since=self._wall())
        value = bytearray() if command.state is KeyState.DESTROYED else held.value
        staged[command.key] = HeldKey(info, value)
        return c.Settled(info)

    # Keys

    def _key(self, command: type[c.Command], place: str, ref: KeyRef, staged: Staged) -> HeldKey:
        return self._key_named(command, place, staged.get(ref) or self._keys.get(ref))

    def _newest(self, spec: c.KeySpec, staged: Staged) -> HeldKey | None:
        """Return the newest version of what *spec* names, where a new one may be as *spec* says.

        Raises:
            Denied: it may not.
        """
        versions = [*self._keys.versions(spec.name), *(held for ref, held in staged.items() if ref.name == spec.name)]
        return newest_of(spec, versions)

    def _wrapped(self, command: type[c.Command], ref: KeyRef, form: KeyForm, held: HeldKey, staged: Staged) -> bytes:
        """Return *held* encrypted under the key *ref*, which is as strong as it, and a test key where it is one."""
        under = self._key(command, "under", ref, staged)
        if under.info.test is not held.info.test:
            raise Denied(c.Fault.USAGE, "a test key and one that is none are never under each other")
        if strength(under.info) < strength(held.info):
            raise Denied(c.Fault.POLICY, f"{ref} is weaker than the key that it would protect")
        return wrap(form, under, held, self._chance)

    def _deed(self, act: str, info: KeyInfo) -> Deed:
        return Deed(act, info.ref, info.check_value, self._actor)

    def _refusal(self, act: str, ref: KeyRef, denied: Denied) -> Deed:
        return Deed(act, ref, "", self._actor, denied.refused.fault)


def _named(error: Denied | SecurityError) -> Denied:
    """Return what *error* is answered with; what may not serve as a key is weak."""
    if isinstance(error, Denied):
        return error
    faults = {KsnError: c.Fault.KSN, KeyBlockError: c.Fault.KEY_BLOCK}
    return Denied(faults.get(type(error), c.Fault.WEAK_KEY), str(error))


def _told(part: Part) -> tuple[str, KeyRef]:
    """Return what the audit file calls *part*, and the key; version 0 is one that is not there yet."""
    match part:
        case c.GenerateKey(spec, under):
            return ("generate" if under is None else f"generate under {under}"), KeyRef(spec.name, 0)
        case c.ImportKey(spec, under):
            return f"import under {under}", KeyRef(spec.name, 0)
        case c.SetState(key, state):
            return f"state {state}", key
