"""The keys in DE 62 of a UnionPay sign-on's answer (flows 2.8): PIK, MAK, and TDK where it was asked for.

Each is encrypted under the terminal's master key, and followed by a check value of 4 bytes. DE 60.3 of the request says
how long they are: 001 single, 003 double, 004 double with a TDK. A MAK of single length fills a slot of double length
with zeros behind it (ruling 13).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from iso_gateway.protocol.protection import Material, Role

ASKED: Final[dict[str, tuple[int, tuple[Role, ...]]]] = {
    "001": (8, (Role.PIN, Role.MAC)),
    "003": (16, (Role.PIN, Role.MAC)),
    "004": (16, (Role.PIN, Role.MAC, Role.DATA)),
}
"""By DE 60.3: the bytes of a slot, and the keys in their order."""

CHECK_VALUE: Final = 4
"""Bytes."""


def written_keys(network: str, keys: Sequence[Material]) -> bytes:
    """Return DE 62 with *keys*, in the order in which the code *network* has them."""
    slot, _ = ASKED[network]
    return b"".join(key.wrapped.ljust(slot, b"\0") + key.check_value[:CHECK_VALUE] for key in keys)


def read_keys(data: bytes) -> tuple[Material, ...]:
    """Return the keys in *data*, which is DE 62; none where it has no length of theirs."""
    for slot, roles in ASKED.values():
        size = slot + CHECK_VALUE
        if len(data) == size * len(roles):
            return tuple(_key(role, data[at * size : (at + 1) * size], slot) for at, role in enumerate(roles))
    return ()


def _key(role: Role, piece: bytes, slot: int) -> Material:
    wrapped, check_value = piece[:slot], piece[slot:]
    single = role is Role.MAC and slot == 16 and not any(wrapped[8:])
    return Material(role, wrapped[:8] if single else wrapped, check_value)
