"""Keys in memory for tests of the security module: published, or made from their names; they protect nothing."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable
from datetime import UTC, datetime

from iso_gateway.hsm.key_table import HeldKey, MemoryKeys
from iso_gateway.hsm.software import SoftwareModule
from iso_gateway.security.check_values import check_value
from iso_gateway.security.key_material import adjust_parity
from iso_gateway.security.keys import (
    Exportability,
    KeyAlgorithm,
    KeyInfo,
    KeyRef,
    KeyState,
    Mode,
    Usage,
)

NOW = datetime(2026, 11, 23, tzinfo=UTC)
DES = (KeyAlgorithm.DES, KeyAlgorithm.TDES)

SUITABLE = {
    Usage.KEK: (KeyAlgorithm.TDES, 24),
    Usage.MAC_1: (KeyAlgorithm.DES, 8),
    Usage.MAC_CMAC: (KeyAlgorithm.AES, 16),
    Usage.MAC_HMAC: (KeyAlgorithm.HMAC, 32),
    Usage.SEAL: (KeyAlgorithm.AES, 32),
}
"""The algorithm and bytes of a key of each usage; TDES of 16 for the others."""


def held(
    name: str,
    usage: Usage,
    value: str | bytes = b"",
    *,
    algorithm: KeyAlgorithm | None = None,
    state: KeyState = KeyState.ACTIVE,
    mode: Mode = Mode.ANY,
    exportability: Exportability = Exportability.SENSITIVE,
    version: int = 1,
    owner: str = "",
    test: bool = False,
) -> HeldKey:
    """Return a key; without a *value*, one that its name and version give."""
    kind, size = SUITABLE.get(usage, (KeyAlgorithm.TDES, 16))
    kind = algorithm or kind
    key = bytearray(bytes.fromhex(value) if isinstance(value, str) else value)
    if not key:
        key = bytearray(hashlib.sha256(f"{name} {version}".encode()).digest()[:size])
        if kind in DES:
            adjust_parity(key)
    info = KeyInfo(
        ref=KeyRef(name, version),
        usage=usage,
        algorithm=kind,
        bits=len(key) * 8,
        owner=owner or name.rpartition("/")[0] or name,
        state=state,
        check_value=check_value(kind, key).hex().upper(),
        since=NOW,
        mode=mode,
        exportability=exportability,
        test=test,
    )
    return HeldKey(info, bytearray() if state is KeyState.DESTROYED else key)


def module(*keys: HeldKey, test: bool = False) -> SoftwareModule:
    """Return a module over *keys* in memory."""
    return SoftwareModule(MemoryKeys(keys), lambda: NOW, test=test)


def several() -> list[HeldKey]:
    """Return a key of each usage, and what a gateway has."""
    each = [held(f"each/{usage}", usage) for usage in Usage if usage is not Usage.SEAL]
    return [
        *each,
        held("journal/seal", Usage.SEAL),
        held("terminal/tpk", Usage.PIN),
        held("acquirer/zpk", Usage.PIN),
        held("terminal/mak", Usage.MAC_3, state=KeyState.RETIRING),
        held("terminal/mak", Usage.MAC_3, version=2),
    ]


def drawn_from_a_counter() -> Callable[[int], bytes]:
    """Return what gives the same bytes in the same order each time."""
    numbers = itertools.count()
    return lambda size: hashlib.shake_256(str(next(numbers)).encode()).digest(size)


def predictable() -> SoftwareModule:
    """Return a module over `several` keys which draws the same numbers each time."""
    return SoftwareModule(MemoryKeys(several()), lambda: NOW, chance=drawn_from_a_counter())
