"""The keys that a host gives (flows 2.8), at sign-on or of its own accord: made anew, under the master key."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from iso_gateway.errors import CannotCarry, KeyMaterialError
from iso_gateway.host.stations import Offer
from iso_gateway.protocol.dialect import Facts
from iso_gateway.protocol.peeking import peek
from iso_gateway.protocol.protection import Exchange, Material, Role
from iso_gateway.protocol.unionpay_keys import ASKED, CHECK_VALUE, written_keys
from iso_gateway.security.check_values import matches
from iso_gateway.security.held import OwnKeys
from iso_gateway.security.key_blocks import wrap
from iso_gateway.security.key_header import Header
from iso_gateway.security.key_material import adjust_parity, refuse_weak
from iso_gateway.security.keys import Exportability, KeyAlgorithm, MacAlgorithm, Mode, Usage
from iso_gateway.security.macs import USAGES
from iso_gateway.security.wrapping import des_kind, wrapped

if TYPE_CHECKING:
    from iso_gateway.codec.message import Message
    from iso_gateway.host.guard import Guard
    from iso_gateway.host.stations import Station

_SINGLE: Final = frozenset({MacAlgorithm.X9_9, MacAlgorithm.UNIONPAY_ECB})
"""The algorithms whose keys UnionPay's hosts give in single length."""
_KEYS_AT: Final = 62
_BLOCKS_AT: Final = {Exchange.TR31_48: 48, Exchange.TR31_120: 120}
_SHORTEST: Final = 3
"""Bytes of a check value that says enough."""


class Exchanger:
    """Makes session keys for whoever signs on."""

    def __init__(self, guard: Guard, chance: Callable[[int], bytes], wrong: int = 0) -> None:
        """Draw keys from *chance*; the check values of the first *wrong* sign-ons are wrong."""
        self._guard = guard
        self._chance = chance
        self._wrong = wrong

    def signed_on(self, message: Message, link: str, *, wrong: bool = False) -> Facts:
        """Return what the answer to the sign-on *message* says of new keys; nothing where it brings none.

        With *wrong* their check values are wrong.

        They are pending until a message under them has come: the other side may have refused them.
        """
        guard = self._guard
        self._wrong += wrong
        _, station = guard.station(message, link)
        match guard.protection.exchange:
            case Exchange.UNIONPAY:
                return self._unionpay(station, peek(message, guard.dialect.profile.network_code))
            case Exchange.TR31_48 | Exchange.TR31_120:
                return self._key_blocks(station)
            case _:
                return {}

    def change(self, message: Message, link: str) -> Message:
        """Return the network management request *message* as one that brings new keys to *link*.

        They are good from now on, and pending until a message under them has come.

        Raises:
            CannotCarry: the dialect has no code for it, the exchange has no key blocks, or keys are each terminal's.
            EncodeError: the keys do not fit the spec.
        """
        guard = self._guard
        at, codes = _BLOCKS_AT.get(guard.protection.exchange), guard.dialect.profile.key_change
        if at is None or not codes or guard.of_terminals:
            wanted = "key blocks, the keys of a zone and a dialect with a code for it are needed"
            raise CannotCarry("40", "key_change", wanted)
        _, station = guard.station(message, link)
        text = self._new_blocks(station)
        station.offer = Offer(message.text(11), station.newest)
        return message.evolve({guard.dialect.profile.network_code: codes[0], at: text})

    def answered(self, message: Message, link: str) -> Facts:
        """Return what is to be told of *message*, if it answers a change of keys; nothing where it does not.

        Keys that were refused, or whose check values are others, are not used.
        """
        guard = self._guard
        at = _BLOCKS_AT.get(guard.protection.exchange)
        if at is None or guard.of_terminals:
            return {}
        _, station = guard.station(message, link)
        offer = station.offer
        if offer is None or offer.stan != message.text(11):
            return {}
        station.offer = None
        keys = offer.generation.keys
        if guard.dialect.canonical(message) != "00":
            said = "refused"
        elif _agree(message.text(at), (keys.pin, keys.mac)):
            return {"kind": "key_change", "keys": "taken"}
        else:
            said = "wrong check values"
        station.withdraw(offer.generation)
        return {"kind": "key_change", "keys": said}

    def _key_blocks(self, station: Station) -> Facts:
        at = _BLOCKS_AT[self._guard.protection.exchange]
        return {self._guard.dialect.spec.fields[at].name: self._new_blocks(station)}

    def _new_blocks(self, station: Station) -> str:
        """Return new keys for PINs and MACs as key blocks (TR-31 B), one behind the other."""
        mac = self._guard.protection.mac
        usages = {Role.PIN: Usage.PIN, Role.MAC: USAGES[mac.algorithm] if mac is not None else Usage.MAC_3}
        keys = {role: self._key(16) for role in usages}
        blocks = b"".join(self._block(station.master, usages[role], key) for role, key in keys.items())
        if self._wrong:
            self._wrong -= 1
            blocks = blocks[:-1] + (b"0" if blocks[-1:] != b"0" else b"1")
        station.renew(OwnKeys(**{str(role): key for role, key in keys.items()}))
        return blocks.decode("ascii")

    def _block(self, master: bytes, usage: Usage, key: bytes) -> bytes:
        header = Header(usage, KeyAlgorithm.TDES, Mode.ANY, Exportability.NEVER)
        return wrap("B", master, header, key, self._chance)

    def _unionpay(self, station: Station, network: str) -> Facts:
        """Return the keys that the sign-on with DE 60.3 *network* asks for."""
        if network not in ASKED:
            return {}
        guard = self._guard
        slot, roles = ASKED[network]
        keys = {str(role): self._key(self._length(role, slot)) for role in roles}
        materials = [Material(role, *wrapped(station.master, keys[str(role)], CHECK_VALUE)) for role in roles]
        if self._wrong:
            self._wrong -= 1
            materials = [Material(each.role, each.wrapped, bytes(CHECK_VALUE)) for each in materials]
        station.renew(OwnKeys(**keys))
        return {guard.dialect.spec.fields[_KEYS_AT].name: written_keys(network, materials)}

    def _length(self, role: Role, slot: int) -> int:
        mac = self._guard.protection.mac
        return 8 if role is Role.MAC and mac is not None and mac.algorithm in _SINGLE else slot

    def _key(self, length: int) -> bytes:
        while True:
            key = bytearray(self._chance(length))
            adjust_parity(key)
            try:
                refuse_weak(des_kind(key), key)
            except KeyMaterialError:
                continue
            return bytes(key)


def _agree(text: str, keys: tuple[bytes, ...]) -> bool:
    """Return whether *text*, in hexadecimal, is the check values of *keys*, all of one length."""
    try:
        values = bytes.fromhex(text)
    except ValueError:
        return False
    size, rest = divmod(len(values), len(keys))
    if rest or size < _SHORTEST:
        return False
    said = [values[at * size : (at + 1) * size] for at in range(len(keys))]
    return all(matches(des_kind(key), key, value) for key, value in zip(keys, said, strict=True))
