"""What a new version of a key may be: its name, kind and length, and whether its value is worth being kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final

from iso_gateway.errors import KeyMaterialError
from iso_gateway.hsm.allowed import Denied
from iso_gateway.hsm.key_table import HeldKey, wipe
from iso_gateway.hsm.transport import Arrived
from iso_gateway.security.check_values import METHODS, check_value, matches
from iso_gateway.security.commands import Fault, KeySpec
from iso_gateway.security.key_material import adjust_parity, check_length, refuse_weak, same
from iso_gateway.security.keys import KeyAlgorithm, KeyInfo, KeyRef, KeyState, Usage

_DES: Final = frozenset({KeyAlgorithm.DES, KeyAlgorithm.TDES})
_BLOCK: Final = _DES | {KeyAlgorithm.AES, KeyAlgorithm.SM4}
KINDS: Final[dict[Usage, frozenset[KeyAlgorithm]]] = {
    Usage.KEK: _BLOCK - {KeyAlgorithm.DES},
    Usage.PIN: _BLOCK,
    Usage.MAC_1: _DES | {KeyAlgorithm.SM4},
    Usage.MAC_3: frozenset({KeyAlgorithm.TDES}),
    Usage.MAC_CMAC: _BLOCK - {KeyAlgorithm.DES},
    Usage.MAC_HMAC: frozenset({KeyAlgorithm.HMAC}),
    Usage.MAC_UNIONPAY: _DES | {KeyAlgorithm.SM4},
    Usage.DATA: _BLOCK,
    Usage.BDK: frozenset({KeyAlgorithm.TDES, KeyAlgorithm.AES}),
    Usage.INITIAL: frozenset({KeyAlgorithm.TDES, KeyAlgorithm.AES}),
    Usage.SEAL: frozenset({KeyAlgorithm.AES}),
    Usage.CVV: frozenset({KeyAlgorithm.TDES}),
    Usage.EMV_AC: frozenset({KeyAlgorithm.TDES, KeyAlgorithm.AES}),
    Usage.PIN_IBM: frozenset({KeyAlgorithm.TDES}),
    Usage.PIN_VISA: frozenset({KeyAlgorithm.TDES}),
}
"""The kinds of key that there are for each usage."""

NAME: Final = re.compile(r"[A-Za-z0-9._/ -]{1,96}")
CHECK_BYTES: Final = {KeyAlgorithm.AES: 5}
"""How long the check value of a kind of key is written (X9.24-1:2017, annex A); of the others 3 bytes."""


def check_spec(spec: KeySpec) -> None:
    """Pass a *spec* that a key can have.

    Raises:
        Denied: no key can.
    """
    if not NAME.fullmatch(spec.name) or not NAME.fullmatch(spec.owner):
        raise Denied(Fault.MALFORMED, "names are up to 96 of A-Z a-z 0-9 . _ - / and blank")
    if spec.state not in {KeyState.PENDING, KeyState.ACTIVE}:
        raise Denied(Fault.MALFORMED, f"{spec.name}: a new key is pending or active, not {spec.state}")
    if spec.algorithm not in KINDS[spec.usage]:
        raise Denied(Fault.MALFORMED, f"{spec.name}: no key of {spec.algorithm.name} has the usage {spec.usage}")
    if spec.bits % 8 or not 0 < spec.bits <= 1024 or (spec.usage is Usage.SEAL and spec.bits != 256):
        raise Denied(Fault.MALFORMED, f"{spec.name}: no such key has {spec.bits} bits")
    try:
        check_length(spec.algorithm, bytes(spec.bits // 8))
    except KeyMaterialError:
        raise Denied(Fault.MALFORMED, f"{spec.name}: no key of {spec.algorithm.name} has {spec.bits} bits") from None


def newest_of(spec: KeySpec, versions: Iterable[HeldKey]) -> HeldKey | None:
    """Return the newest of *versions*, those that there are of what *spec* names, where a new one may be as it says.

    Raises:
        Denied: it may not.
    """
    check_spec(spec)
    newest = max(versions, key=lambda held: held.info.ref.version, default=None)
    if newest is not None and (newest.info.usage is not spec.usage or newest.info.owner != spec.owner):
        raise Denied(Fault.USAGE, f"{spec.name} is a key of another usage or owner")
    return newest


def drawn(spec: KeySpec, chance: Callable[[int], bytes]) -> bytearray:
    """Return a new value for *spec*, from *chance*, which gives so many random bytes."""
    while True:
        value = bytearray(chance(spec.bits // 8))
        if spec.algorithm in _DES:
            adjust_parity(value)
        try:
            refuse_weak(spec.algorithm, value)
        except KeyMaterialError:
            wipe(value)  # once in 2**52
        else:
            return value


def accept(spec: KeySpec, newest: HeldKey | None, value: bytearray, sent: bytes) -> None:
    """Pass a *value* that came from outside, its parity adjusted in place (ruling 13).

    Args:
        spec: what it is to be.
        newest: the version before it.
        value: the key.
        sent: its check value, as many bytes as were sent; empty: none. AES's is of either method.

    Raises:
        Denied: the check value is another key's, or it is the key in use before.
        KeyMaterialError: it is weak.
    """
    kind = spec.algorithm
    if kind in _DES:
        adjust_parity(value)
    if sent and not any(matches(kind, value, sent, method) for method in METHODS[kind]):
        raise Denied(Fault.CHECK_VALUE, f"{spec.name}: the check value is not this key's")
    refuse_weak(kind, value)
    if newest is not None and newest.info.algorithm is kind and same(kind, newest.value, value):
        raise Denied(Fault.WEAK_KEY, f"{spec.name}: the same key as version {newest.info.ref.version}")


def new_key(spec: KeySpec, newest: HeldKey | None, arrived: Arrived, since: datetime, *, test: bool) -> HeldKey:
    """Return the version after *newest*."""
    value, mode, exportability = arrived
    check = check_value(spec.algorithm, value, CHECK_BYTES.get(spec.algorithm, 3))
    info = KeyInfo(
        ref=KeyRef(spec.name, newest.info.ref.version + 1 if newest is not None else 1),
        usage=spec.usage,
        algorithm=spec.algorithm,
        bits=spec.bits,
        owner=spec.owner,
        state=spec.state,
        check_value=check.hex().upper(),
        since=since,
        mode=mode,
        exportability=exportability,
        test=test,
    )
    return HeldKey(info, value)
