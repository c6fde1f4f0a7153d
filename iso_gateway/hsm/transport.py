"""Keys on their way: encrypted under a key-encrypting key, in a key block or bare."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple, cast

from iso_gateway.hsm.allowed import Denied
from iso_gateway.hsm.key_table import HeldKey
from iso_gateway.security.block_ciphers import BlockCipher
from iso_gateway.security.commands import Fault, KeySpec
from iso_gateway.security.keys import Exportability, KeyAlgorithm, KeyForm, KeyInfo, Mode

BLOCKS: Final = frozenset({KeyForm.TR31_B, KeyForm.TR31_D})
"""Forms that bind a key to what it is for."""

_TDES_STRENGTH: Final = {64: 56, 128: 80, 192: 112}


class Arrived(NamedTuple):
    """A key that was sent, or made."""

    value: bytearray
    mode: Mode
    exportability: Exportability


def strength(info: KeyInfo) -> int:
    """Return how many bits a key is worth (NIST SP 800-57 part 1, table 2; TDES of two keys: 80)."""
    if info.algorithm in {KeyAlgorithm.DES, KeyAlgorithm.TDES}:
        return _TDES_STRENGTH[info.bits]
    return info.bits


def check_free(info: KeyInfo, form: KeyForm) -> None:
    """Pass a key that may leave in *form*.

    Raises:
        Denied: it may not.
    """
    free = info.exportability
    if free is Exportability.NEVER or (free is Exportability.UNDER_KEK and form not in BLOCKS):
        raise Denied(Fault.POLICY, f"{info.ref} may not leave in this form")


def wrap(form: KeyForm, under: HeldKey, held: HeldKey, chance: Callable[[int], bytes]) -> bytes:
    """Return *held* encrypted under *under*; *chance* gives so many random bytes.

    Raises:
        Denied: the form does not go with the keys.
    """
    if form in BLOCKS:
        del chance
        raise Denied(Fault.MALFORMED, "key blocks are not there yet")
    cipher = BlockCipher(under.info.algorithm, under.value)
    try:
        if len(held.value) % cipher.block_size:
            raise Denied(Fault.MALFORMED, "a bare key is whole blocks of the key that it is under")
        value = cast("bytes", held.value)  # a copy would stay in memory
        return cipher.encrypt(value) if form is KeyForm.ECB else cipher.encrypt_chained(value)
    finally:
        cipher.wipe()


def unwrap(form: KeyForm, under: HeldKey, spec: KeySpec, wrapped: bytes) -> Arrived:
    """Return the key in *wrapped*, which is to be what *spec* says.

    Raises:
        Denied: it does not open, or is something else.
    """
    if form in BLOCKS:
        raise Denied(Fault.MALFORMED, "key blocks are not there yet")
    cipher = BlockCipher(under.info.algorithm, under.value)
    try:
        if len(wrapped) * 8 != spec.bits or len(wrapped) % cipher.block_size:
            raise Denied(Fault.KEY_BLOCK, f"{len(wrapped)} bytes came; a key of this kind is {spec.bits // 8}")
        value = cipher.decrypt(wrapped) if form is KeyForm.ECB else cipher.decrypt_chained(wrapped)
    finally:
        cipher.wipe()
    return Arrived(bytearray(value), Mode.ANY, spec.exportability)
