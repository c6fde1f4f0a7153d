"""How the messages of one leg are protected: their MAC, their PIN blocks, and how keys come and go.

Only names, enumerations and places stand here; the keys are in the security module, and what is done with them comes
back as an event (Verified, Secured, KeysTaken, KeysGiven).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final

import msgspec

from iso_gateway.security.keys import KeyRef, KeyState, MacMethod, PinFormat


class Exchange(StrEnum):
    """How session keys travel on a leg (flows 2.8)."""

    NONE = "none"
    """Not at all: keys are loaded by an operator, under the names of `key_name`."""
    UNIONPAY = "unionpay"
    """0810 DE 62: PIK, MAK and TDK under the terminal's master key, each with a check value of 4 bytes (ruling 13)."""
    DE_96 = "de96"
    """0800 and 0810 with DE 53 (which key, ISO 13492) and DE 96, bare under the zone's master key."""
    TR31_48 = "tr31-48"
    """Key blocks in DE 48."""
    TR31_120 = "tr31-120"
    """Key blocks in DE 120."""


class Protection(msgspec.Struct, frozen=True):
    """What protects a leg. A listener's holds for each of its terminals, an acquirer's for each of its links."""

    mac: MacMethod | None = None
    """None: its messages have no MAC, and one that comes is passed over."""
    covered: tuple[int, ...] = ()
    """The DEs that the MAC covers, as they are carried, in this order; empty: the message from its MTI to the byte
    before the MAC (ruling 14)."""
    pin: PinFormat | None = None
    """None: no PIN block is taken nor sent."""
    ksn: str = ""
    """The path of the element with the key serial number (DUKPT): ``53``, ``62``; empty: keys of the terminal's own."""
    base: str = ""
    """With *ksn*: the name of the base derivation key."""
    exchange: Exchange = Exchange.NONE
    master: str = ""
    """With *exchange*: the name of the key under which keys travel; empty: `key_name` of the owner and MASTER."""
    pin_without_pan: bool = False
    """Whether DE 53.1 = 1, a UnionPay PIN block without PAN, is taken; otherwise it gets 99 (ruling 14)."""

    @property
    def keyed(self) -> bool:
        """Whether the security module has to do with its messages."""
        return self.mac is not None or self.pin is not None


def method_said(text: str) -> dict[str, Any]:
    """Return the MAC method of ``x9.19:2/4`` as data to be read: algorithm, padding, length.

    What does not look right is left as it is, for `read` to refuse.
    """
    rest, slash, length = text.lower().partition("/")
    algorithm, colon, padding = rest.partition(":")
    data: dict[str, Any] = {"algorithm": algorithm}
    if colon:
        data["padding"] = int(padding) if padding in ("1", "2") else padding
    if slash:
        data["length"] = int(length) if length.isdecimal() and 4 <= int(length) <= 8 else length
    return data


class Role(StrEnum):
    """What a key does on a leg; with its owner's name it is the key's name in the store."""

    MASTER = "master"
    """ZMK or TMK: other keys travel under it."""
    MAC = "mac"
    """MAK, ZAK, TAK."""
    MAC_IN = "mac-in"
    """For what comes from the other side, where the two directions have keys of their own (AS2805)."""
    PIN = "pin"
    """PIK, ZPK, TPK."""
    DATA = "data"
    """TDK, ZEK."""


def key_name(owner: str, role: Role) -> str:
    """Return the name of a key in the store: ``acquirer/acme/pin``, ``terminal/TERM0001/master``."""
    return f"{owner}/{role}"


class KeySet(msgspec.Struct, frozen=True):
    """One generation of an owner's keys (ruling 11): they came together and go together."""

    owner: str
    """``terminal/TERM0001``, ``acquirer/acme``, ``link/acme-1``."""
    generation: int
    """The version of its keys."""
    mac: KeyRef | None = None
    """What is sent is made with it, and what comes is verified with it, unless *mac_in* is there."""
    mac_in: KeyRef | None = None
    pin: KeyRef | None = None
    data: KeyRef | None = None


class KnownKeys(msgspec.Struct, frozen=True):
    """A generation and where it stands."""

    keys: KeySet
    state: KeyState


class Material(msgspec.Struct, frozen=True):
    """One session key as it travels."""

    role: Role
    wrapped: bytes
    """Encrypted; a key block is ASCII."""
    check_value: bytes = b""

    def __repr__(self) -> str:
        return f"<Material {self.role}>"


NO_KEYS: Final[tuple[KeySet, ...]] = ()
