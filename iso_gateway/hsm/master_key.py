"""The local master key, under which every key of a store lies: how it is made, and how it comes back.

Two or three custodians each hold a component, and all of them together are the key (exclusive or): nobody alone knows
anything of it. Or a passphrase is stretched by Argon2id (RFC 9106); its cost stands in the store, so that it may rise.
"""

from __future__ import annotations

import hmac
from typing import Annotated, Final, Literal, cast

import msgspec
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from msgspec import Meta

from iso_gateway.errors import KeyMaterialError, KeyStoreError
from iso_gateway.security.check_values import check_value
from iso_gateway.security.key_material import combine
from iso_gateway.security.keys import KeyAlgorithm

SIZE: Final = 32
"""Bytes: AES-256."""
CHECKED: Final = 5
"""Bytes of the check value that a store and a ceremony show."""
SHORTEST: Final = 12
"""Characters of a passphrase."""
LONGEST: Final = 1024


class Components(msgspec.Struct, frozen=True, tag="components"):
    """The key is that of two or three components."""

    count: Literal[1, 2, 3]
    """1: the key whole, as a machine alone holds it."""


class Passphrase(msgspec.Struct, frozen=True, tag="passphrase"):
    """The key is stretched from a passphrase."""

    salt: Annotated[bytes, Meta(min_length=16, max_length=64)]
    memory_kib: Annotated[int, Meta(ge=19 * 1024, le=4 * 1024 * 1024)] = 64 * 1024
    passes: Annotated[int, Meta(ge=1, le=64)] = 3
    lanes: Annotated[int, Meta(ge=1, le=16)] = 4


Making = Components | Passphrase


class MasterKey:
    """The key itself. Its repr says nothing."""

    def __init__(self, value: bytearray) -> None:
        """Own *value*, 32 bytes, and wipe it in the end.

        Raises:
            KeyStoreError: it has another length, or is the same byte all over.
        """
        if len(value) != SIZE:
            raise KeyStoreError(f"a local master key has {SIZE} bytes, {2 * SIZE} hexadecimal digits")
        if len(set(value)) == 1:
            raise KeyStoreError("this is no key: the same byte all over (the same component twice?)")
        self.value = value

    def __repr__(self) -> str:
        return "<MasterKey>"

    @property
    def check_value(self) -> str:
        """What tells it from others, hexadecimal: the CMAC of zeros."""
        return check_value(KeyAlgorithm.AES, self.value, CHECKED).hex().upper()

    def derived(self, label: bytes) -> bytearray:
        """Return another key, for *label* alone; the caller wipes it."""
        return bytearray(hmac.digest(self.value, label, "sha256"))

    def wipe(self) -> None:
        """Write zeros over it."""
        self.value[:] = bytes(len(self.value))


def from_components(components: list[bytearray]) -> MasterKey:
    """Return the key of *components*, each 32 bytes, which are wiped.

    Raises:
        KeyStoreError: they make no key.
    """
    try:
        if not components or any(len(each) != SIZE for each in components):
            raise KeyStoreError(f"each component has {SIZE} bytes, {2 * SIZE} hexadecimal digits")
        return MasterKey(components[0][:] if len(components) == 1 else combine(components))
    except KeyMaterialError as error:
        raise KeyStoreError(str(error)) from None
    finally:
        for each in components:
            each[:] = bytes(len(each))


def from_passphrase(passphrase: bytearray, making: Passphrase) -> MasterKey:
    """Return the key that *passphrase* (UTF-8) is stretched to; it is wiped.

    Raises:
        KeyStoreError: it is too short, too long, or this system has not the memory.
    """
    try:
        if not SHORTEST <= len(passphrase) <= LONGEST:
            raise KeyStoreError(f"a passphrase has {SHORTEST} to {LONGEST} characters")
        stretched = Argon2id(
            salt=making.salt,
            length=SIZE,
            iterations=making.passes,
            lanes=making.lanes,
            memory_cost=making.memory_kib,
        ).derive(cast("bytes", passphrase))  # of a bytearray no copy is left
        return MasterKey(bytearray(stretched))
    except MemoryError:
        raise KeyStoreError(f"{making.memory_kib} KiB of memory are needed to open this store") from None
    finally:
        passphrase[:] = bytes(len(passphrase))
