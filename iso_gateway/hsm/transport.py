"""Keys on their way: encrypted under a key-encrypting key, in a key block or bare."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal, NamedTuple, cast

from iso_gateway.hsm.allowed import Denied
from iso_gateway.hsm.key_table import HeldKey, wipe
from iso_gateway.security import key_blocks
from iso_gateway.security.block_ciphers import BlockCipher
from iso_gateway.security.commands import Fault, KeySpec
from iso_gateway.security.key_header import Header
from iso_gateway.security.keys import Exportability, KeyAlgorithm, KeyForm, KeyInfo, Mode

BLOCKS: Final[dict[KeyForm, tuple[Literal["B", "D"], KeyAlgorithm, str]]] = {
    KeyForm.TR31_B: ("B", KeyAlgorithm.TDES, "ABC"),
    KeyForm.TR31_D: ("D", KeyAlgorithm.AES, "D"),
}
"""Forms that bind a key to what it is for: the version that is made, of what the key over it is, and versions taken."""

_FREEDOM: Final = (Exportability.NEVER, Exportability.UNDER_KEK, Exportability.SENSITIVE)
"""From the one that may do least."""

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
        version, kind, _ = BLOCKS[form]
        if under.info.algorithm is not kind:
            raise Denied(Fault.MALFORMED, f"key blocks {form} are under keys of {kind.name}")
        info = held.info
        header = Header(info.usage, info.algorithm, info.mode, info.exportability)
        return key_blocks.wrap(version, under.value, header, held.value, chance)
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
        Denied: it is something else.
        KeyBlockError: it does not open.
    """
    if form in BLOCKS:
        return _opened(form, under, spec, wrapped)
    cipher = BlockCipher(under.info.algorithm, under.value)
    try:
        if len(wrapped) * 8 != spec.bits or len(wrapped) % cipher.block_size:
            raise Denied(Fault.KEY_BLOCK, f"{len(wrapped)} bytes came; a key of this kind is {spec.bits // 8}")
        value = cipher.decrypt(wrapped) if form is KeyForm.ECB else cipher.decrypt_chained(wrapped)
    finally:
        cipher.wipe()
    return Arrived(bytearray(value), Mode.ANY, spec.exportability)


def bits_in(under: HeldKey, block: bytes) -> int:
    """Return how long the key in a key block is, which nothing outside of it shows.

    Raises:
        KeyBlockError: it does not open.
    """
    _, value = key_blocks.unwrap(under.value, block)
    bits = 8 * len(value)
    wipe(value)
    return bits


def _opened(form: KeyForm, under: HeldKey, spec: KeySpec, block: bytes) -> Arrived:
    """Return the key in *block*."""
    header, value = key_blocks.unwrap(under.value, block)
    try:
        mode, free = _granted(form, header, 8 * len(value), spec)
    except Denied:
        wipe(value)
        raise
    return Arrived(value, mode, free)


def _granted(form: KeyForm, header: Header, bits: int, spec: KeySpec) -> tuple[Mode, Exportability]:
    """Return what a key of *bits* may do and where it may go: what both its *header* and *spec* allow.

    Raises:
        Denied: they are of different keys.
    """
    if header.version not in BLOCKS[form][2]:
        raise Denied(Fault.KEY_BLOCK, f"a key block of version {header.version}")
    if (header.usage, header.algorithm, bits) != (spec.usage, spec.algorithm, spec.bits):
        said = f"{header.usage} {header.algorithm} of {bits} bits"
        wanted = f"{spec.usage} {spec.algorithm} of {spec.bits}"
        raise Denied(Fault.KEY_BLOCK, f"the key block says {said}; {spec.name} is to be {wanted}")
    if header.key_version.startswith("c"):
        raise Denied(Fault.KEY_BLOCK, "a component of a key")
    try:
        mode, free = Mode(header.mode), Exportability(header.exportability)
    except ValueError:
        raise Denied(Fault.KEY_BLOCK, "a mode of use or an exportability that is not known here") from None
    return mode, min(free, spec.exportability, key=_FREEDOM.index)
