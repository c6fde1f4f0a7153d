"""What ``gateway.toml`` may say of keys, MACs and PIN blocks: `[security]`, and the keys of each leg."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from iso_gateway.protocol.protection import Exchange
from iso_gateway.security.keys import MacAlgorithm, PinFormat

KeyName = Annotated[
    str, Meta(pattern=r"^([A-Za-z0-9._ /-]{1,96})?$", description="a key's name: letters, digits, . _ - / and blank")
]


class SecurityTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[security]``: where the keys are, and what holds them while the gateway runs."""

    key_store: str = ""
    """The key store, beside this file unless it is absolute; ``iso-gateway keys init`` makes one. Empty: no keys."""
    unlock: str = ""
    """Where the local master key comes from, as ``iso-gateway keys`` takes it."""
    module: Literal["process", "inside"] = "process"
    """The security module runs as a process of its own, or inside of this one."""


class ProtectionTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What protects a leg: keys of ``[[listener]]`` and of ``[[acquirer]]``."""

    mac: MacAlgorithm | None = None
    """How MACs are made; without it messages have none."""
    mac_padding: Literal[1, 2] = 1
    """ISO 9797-1 padding method, for x9.9, x9.19 and sm4-cbc; the others have their own."""
    mac_length: Annotated[int, Meta(ge=4, le=32)] = 8
    """How many bytes of it are sent, from the left."""
    mac_fields: list[Annotated[int, Meta(ge=0, le=192)]] = []
    """The elements that it covers, in this order, 0 for the message type; empty: all before the MAC (ruling 14)."""
    pin: PinFormat | None = None
    """The format of PIN blocks; without it none are taken nor sent."""
    pin_without_pan: bool = False
    """Whether a UnionPay PIN block without PAN (DE 53.1 = 1) is taken; else it gets 99."""
    key_exchange: Exchange = Exchange.NONE
    """How session keys travel."""
    master_key: KeyName = ""
    """The key under which they do; empty: that of the acquirer or the terminal, ``acquirer/NAME/master``."""
    test: bool = False
    """Whether test keys may be used here, and its links may misbehave on purpose; both are refused everywhere else."""
