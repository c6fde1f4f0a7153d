"""How session keys lie in the messages of network management (flows 2.8).

    unionpay   DE 62 of the answer to a sign-on: PIK, MAK and TDK, each with its check value (`unionpay_keys`)
    de96       DE 96 has one key, and the first digit of DE 53 says which: 1 PIN, 2 MAC, 3 data
    tr31-48    DE 48 has key blocks, one behind the other; each says itself how long it is and what its key is for
    tr31-120   the same in DE 120

An answer to the host's own change of keys has our check values in that same element.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from iso_gateway.codec.message import Message
from iso_gateway.protocol.protection import Exchange, Material, Role
from iso_gateway.protocol.unionpay_keys import ASKED, read_keys, written_keys

ELEMENT: Final = {Exchange.UNIONPAY: 62, Exchange.DE_96: 96, Exchange.TR31_48: 48, Exchange.TR31_120: 120}
"""Where keys are."""
BOTH_LENGTHS: Final = "003"
"""DE 60.3 of a UnionPay sign-on that asks for a PIN key of double length."""

_WHICH: Final = {"1": Role.PIN, "2": Role.MAC, "3": Role.DATA}
"""By the first digit of DE 53."""
_USAGES: Final = {"P": Role.PIN, "M": Role.MAC, "1": Role.MAC, "D": Role.DATA}
"""By the first character of a key block's usage; the MAC of UnionPay terminals is 10, and no standard's."""
_CONTROL: Final = 53
_SMALLEST: Final = 32
"""Characters of a key block: a header of 16, a MAC of 8 bytes, and something between."""
_MOST: Final = 8
"""Keys in one message."""


def keys_in(exchange: Exchange, message: Message) -> tuple[Material, ...]:
    """Return the keys that *message* brings; none where it brings none, or what is there is not whole."""
    if exchange is Exchange.NONE:
        return ()
    value = message.get(ELEMENT[exchange])
    match exchange:
        case Exchange.UNIONPAY:
            return read_keys(value) if isinstance(value, bytes) else ()
        case Exchange.DE_96:
            role = _WHICH.get(message.text(_CONTROL)[:1])
            return (Material(role, value),) if role is not None and isinstance(value, bytes) and value else ()
        case _:
            return _blocks(value) if isinstance(value, str) else ()


def _blocks(text: str) -> tuple[Material, ...]:
    """Return the key blocks in *text*; none where they do not fill it."""
    found: list[Material] = []
    while text and len(found) < _MOST:
        size = int(text[1:5]) if text[1:5].isascii() and text[1:5].isdecimal() else 0
        role = _USAGES.get(text[5:6])
        if size < _SMALLEST or size > len(text) or role is None or not text.isascii():
            return ()
        found.append(Material(role, text[:size].encode()))
        text = text[size:]
    return () if text else tuple(found)


def roles_wanted(exchange: Exchange, network: str) -> tuple[Role, ...]:
    """Return which keys a terminal wants that signs on with the code *network*; none: it cannot be given any so."""
    match exchange:
        case Exchange.UNIONPAY:
            return ASKED[network][1] if network in ASKED else ()
        case Exchange.TR31_48 | Exchange.TR31_120:
            return (Role.PIN, Role.MAC)
        case _:
            return ()


def written(exchange: Exchange, network: str, keys: Sequence[Material]) -> str | bytes | None:
    """Return the element that gives *keys* to a terminal; None where they are longer than it asked for."""
    if exchange is not Exchange.UNIONPAY:
        return b"".join(key.wrapped for key in keys).decode("ascii")
    slot, _ = ASKED[network]
    return written_keys(network, keys) if all(len(key.wrapped) <= slot for key in keys) else None


def acknowledged(exchange: Exchange, check_values: Sequence[bytes]) -> str | bytes:
    """Return the element that tells a host our check values of the keys that it brought."""
    values = b"".join(check_values)
    if exchange is Exchange.DE_96:
        return values.ljust(8, b"\0")[:8]
    return values if exchange is Exchange.UNIONPAY else values.hex().upper()
