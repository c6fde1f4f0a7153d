"""Which keys there are, by name: what the security module said of them, and what becomes of them (flows 2.8).

It holds no key: names, versions, states and check values alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from iso_gateway.protocol.protection import Exchange, KeySet, KnownKeys, Material, Protection, Role, key_name
from iso_gateway.security.commands import Change, GenerateKey, ImportKey, KeySpec, SetState
from iso_gateway.security.keys import (
    Exportability,
    KeyAlgorithm,
    KeyForm,
    KeyInfo,
    KeyRef,
    KeyState,
    MacAlgorithm,
    PinFormat,
    Usage,
)
from iso_gateway.security.macs import KINDS, USAGES

FORM: Final = {
    Exchange.UNIONPAY: KeyForm.ECB,
    Exchange.DE_96: KeyForm.ECB,
    Exchange.TR31_48: KeyForm.TR31_B,
    Exchange.TR31_120: KeyForm.TR31_B,
}
"""What a key looks like that travels so. A key block is of the version that its master key is for."""

_OF_A_GENERATION: Final = (Role.MAC, Role.MAC_IN, Role.PIN, Role.DATA)
"""What stands in a `KeySet`."""
_SINGLE: Final = 8
_DOUBLE: Final = 16
"""Bytes of a key of DES: one, and two of them."""
_SM4: Final = frozenset({MacAlgorithm.UNIONPAY_SM4, MacAlgorithm.SM4_CBC})
_USABLE: Final = (KeyState.ACTIVE, KeyState.RETIRING, KeyState.PENDING)


class Keyring:
    """The keys that the module told of, the newest of each name last."""

    def __init__(self, infos: Iterable[KeyInfo] = ()) -> None:
        self._infos: dict[str, dict[int, KeyInfo]] = {}
        self.take(infos)

    def take(self, infos: Iterable[KeyInfo]) -> None:
        """Take in what the module says of keys; what it said of them before is out of date."""
        for info in infos:
            self._infos.setdefault(info.ref.name, {})[info.ref.version] = info

    def replace(self, infos: Iterable[KeyInfo]) -> None:
        """Forget all, and take in *infos*."""
        self._infos.clear()
        self.take(infos)

    def all(self) -> Sequence[KeyInfo]:
        """Return what is known of every key, by name and version."""
        return [infos[version] for _, infos in sorted(self._infos.items()) for version in sorted(infos)]

    def usable(self, name: str) -> tuple[KeyRef, ...]:
        """Return the versions of *name* that may be used: active ones first, then retiring, then pending; new first."""
        versions = sorted(self._infos.get(name, {}).items(), reverse=True)
        return tuple(info.ref for state in _USABLE for _, info in versions if info.state is state)

    def info(self, ref: KeyRef) -> KeyInfo | None:
        """Return what is known of one version."""
        return self._infos.get(ref.name, {}).get(ref.version)

    def known(self) -> tuple[KnownKeys, ...]:
        """Return the generations of every owner; those that are destroyed are left out."""
        found: dict[tuple[str, int], list[KeyInfo]] = {}
        for info in self.all():
            owner, _, role = info.ref.name.rpartition("/")
            if owner and role in _OF_A_GENERATION and info.state is not KeyState.DESTROYED:
                found.setdefault((owner, info.ref.version), []).append(info)
        return tuple(KnownKeys(generation(owner, infos), infos[0].state) for (owner, _), infos in sorted(found.items()))

    def marking(self, owner: str, generation: int, state: KeyState) -> Change | None:
        """Return what brings a generation of *owner* into *state*; None where there is nothing to do."""
        names = [key_name(owner, role) for role in _OF_A_GENERATION]
        held = [self._infos[name][generation] for name in names if generation in self._infos.get(name, {})]
        parts = tuple(SetState(info.ref, state) for info in held if info.state not in (state, KeyState.DESTROYED))
        return Change(parts) if parts else None


def generation(owner: str, infos: Sequence[KeyInfo]) -> KeySet:
    """Return the keys *infos*, which came together, as a generation of *owner*."""
    by_role = {info.ref.name.rpartition("/")[2]: info.ref for info in infos}
    return KeySet(
        owner,
        max(info.ref.version for info in infos),
        mac=by_role.get(Role.MAC),
        mac_in=by_role.get(Role.MAC_IN),
        pin=by_role.get(Role.PIN),
        data=by_role.get(Role.DATA),
    )


def taking(owner: str, protection: Protection, master: KeyRef, material: Sequence[Material]) -> Change:
    """Return what imports *material* as the next generation of *owner*: all of it or nothing."""
    form = FORM.get(protection.exchange, KeyForm.ECB)
    parts = []
    for each in material:
        wrapped = _sent(each, protection)
        algorithm, bits = _of_block(wrapped) if form is KeyForm.TR31_B else _of_size(each.role, protection, wrapped)
        spec = KeySpec(key_name(owner, each.role), usage(each.role, protection), algorithm, bits, owner)
        parts.append(ImportKey(spec, master, _form(form, wrapped), wrapped, each.check_value))
    return Change(tuple(parts))


def giving(owner: str, protection: Protection, master: KeyInfo, roles: Sequence[Role]) -> Change:
    """Return what makes the next generation of *owner*, to be sent under *master*: all of it or nothing."""
    form = FORM.get(protection.exchange, KeyForm.ECB)
    if form is KeyForm.TR31_B and master.algorithm is KeyAlgorithm.AES:
        form = KeyForm.TR31_D
    parts = []
    for role in roles:
        algorithm, bits = _to_be_made(role, protection, master)
        spec = KeySpec(key_name(owner, role), usage(role, protection), algorithm, bits, owner, Exportability.SENSITIVE)
        parts.append(GenerateKey(spec, master.ref, form))
    return Change(tuple(parts))


def usage(role: Role, protection: Protection) -> Usage:
    """Return what a key in *role* is for on a leg."""
    if role in {Role.MAC, Role.MAC_IN}:
        return USAGES[protection.mac.algorithm] if protection.mac is not None else Usage.MAC_3
    return {Role.PIN: Usage.PIN, Role.DATA: Usage.DATA, Role.MASTER: Usage.KEK}[role]


def fits(info: KeyInfo, role: Role, protection: Protection) -> bool:
    """Return whether the key *info* can be used in *role* on a leg."""
    if info.usage is not usage(role, protection):
        return False
    if role in {Role.MAC, Role.MAC_IN} and protection.mac is not None:
        return info.algorithm in KINDS[protection.mac.algorithm]
    return role is not Role.PIN or (info.algorithm is KeyAlgorithm.AES) is (protection.pin is PinFormat.ISO_4)


def _sent(material: Material, protection: Protection) -> bytes:
    """Return the key as it was sent: of a UnionPay MAK the first half, where the second is empty (ruling 13)."""
    halved = protection.exchange is Exchange.UNIONPAY and material.role is Role.MAC
    if halved and len(material.wrapped) == _DOUBLE and not any(material.wrapped[_SINGLE:]):
        return material.wrapped[:_SINGLE]
    return material.wrapped


def _form(form: KeyForm, wrapped: bytes) -> KeyForm:
    """Return the form of a key that came: a key block says itself of which version it is."""
    return KeyForm.TR31_D if form is KeyForm.TR31_B and wrapped[:1] == b"D" else form


def _of_block(wrapped: bytes) -> tuple[KeyAlgorithm, int]:
    """Return what a key block says of its key; how long that is, shows when it is open (0)."""
    letter = wrapped[7:8].decode("latin-1")
    return KeyAlgorithm(letter) if letter in set(KeyAlgorithm) else KeyAlgorithm.TDES, 0


def _of_size(role: Role, protection: Protection, wrapped: bytes) -> tuple[KeyAlgorithm, int]:
    """Return what a bare key is that is so long."""
    algorithm = _algorithm(role, protection)
    if algorithm is KeyAlgorithm.TDES and len(wrapped) == _SINGLE:
        algorithm = KeyAlgorithm.DES
    return algorithm, 8 * len(wrapped)


def _to_be_made(role: Role, protection: Protection, master: KeyInfo) -> tuple[KeyAlgorithm, int]:
    """Return what a key is that is made here: never stronger than the one under which it travels."""
    if protection.exchange is Exchange.UNIONPAY and role is Role.MAC:
        return KeyAlgorithm.DES, 64
    algorithm = _algorithm(role, protection)
    if master.algorithm is KeyAlgorithm.AES and algorithm is KeyAlgorithm.TDES and _may_be_aes(role, protection):
        algorithm = KeyAlgorithm.AES
    return algorithm, {KeyAlgorithm.HMAC: 256}.get(algorithm, 128)


def _algorithm(role: Role, protection: Protection) -> KeyAlgorithm:
    mac = protection.mac.algorithm if protection.mac is not None else None
    if mac in _SM4:
        return KeyAlgorithm.SM4
    if role in {Role.MAC, Role.MAC_IN} and mac is MacAlgorithm.HMAC_SHA256:
        return KeyAlgorithm.HMAC
    if role is Role.PIN and protection.pin is PinFormat.ISO_4:
        return KeyAlgorithm.AES
    return KeyAlgorithm.TDES


def _may_be_aes(role: Role, protection: Protection) -> bool:
    made = protection.mac.algorithm if protection.mac is not None and role in {Role.MAC, Role.MAC_IN} else None
    return made is MacAlgorithm.CMAC
