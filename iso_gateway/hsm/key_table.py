"""The keys that a software module holds: the interface of a key store, and one that lives in memory.

A table has one writer, the module that opened it. What is changed is durable, and in the audit file, when `change`
returns: the module answers only then.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

import msgspec

from iso_gateway.security.keys import KeyInfo, KeyRef


class HeldKey(msgspec.Struct, frozen=True):
    """One version of a key with its value; a changed one is a new object over the same buffer."""

    info: KeyInfo
    value: bytearray
    """As long as the key is; empty where it is destroyed. Whoever lets go of it for good wipes it."""

    def __repr__(self) -> str:
        return f"<HeldKey {self.info.ref}>"


class Deed(msgspec.Struct, frozen=True):
    """One line for the audit file: what was done or refused, never a value."""

    act: str
    """``generate``, ``import``, ``export``, ``state active``, ``derive`` ..."""
    key: KeyRef
    check_value: str
    """Empty where no key came of it."""
    actor: str
    """Who asked: ``gateway``, an operator's name."""
    result: str = "done"
    """``done``, or a `Fault`."""


class KeyTable(Protocol):
    """Keys by name and version."""

    @property
    def version(self) -> int:
        """How often the store was written: never smaller than before, and another one after any change of a key."""

    def get(self, ref: KeyRef) -> HeldKey | None:
        """Return that version of the key, destroyed ones too, or None."""

    def versions(self, name: str) -> Sequence[HeldKey]:
        """Return all versions of the key *name*, oldest first."""

    def infos(self) -> Sequence[KeyInfo]:
        """Return what may be said of every key, by name and version."""

    def change(self, held: Sequence[HeldKey], deeds: Sequence[Deed]) -> None:
        """Add or replace all of *held* in one durable write, and note *deeds* in the audit file; or change nothing.

        With no *held* only the deeds are noted.

        Raises:
            KeyStoreError: the store or the audit file cannot be written.
        """

    def reread(self) -> None:
        """Take in what another process has written meanwhile.

        Raises:
            KeyStoreError: it cannot be read, is changed, or older than what was read before.
        """

    def close(self) -> None:
        """Wipe every value."""


class MemoryKeys:
    """Keys that are gone with the process: for tests and mock hosts."""

    def __init__(self, held: Iterable[HeldKey] = ()) -> None:
        self.version = 0
        self.deeds: list[Deed] = []
        self._names: dict[str, dict[int, HeldKey]] = {}
        self._put(held)

    def get(self, ref: KeyRef) -> HeldKey | None:
        """Return that version of the key, destroyed ones too, or None."""
        return self._names.get(ref.name, {}).get(ref.version)

    def versions(self, name: str) -> Sequence[HeldKey]:
        """Return all versions of the key *name*, oldest first."""
        held = self._names.get(name, {})
        return [held[version] for version in sorted(held)]

    def infos(self) -> Sequence[KeyInfo]:
        """Return what may be said of every key, by name and version."""
        return [held.info for name in sorted(self._names) for held in self.versions(name)]

    def change(self, held: Sequence[HeldKey], deeds: Sequence[Deed]) -> None:
        """Add or replace all of *held*, and keep *deeds*."""
        if held:
            self.version += 1
            self._put(held)
        self.deeds += deeds

    def reread(self) -> None:
        """Nobody else writes here."""

    def close(self) -> None:
        """Wipe every value."""
        for versions in self._names.values():
            for held in versions.values():
                wipe(held.value)

    def _put(self, several: Iterable[HeldKey]) -> None:
        for held in several:
            ref = held.info.ref
            versions = self._names.setdefault(ref.name, {})
            before = versions.get(ref.version)
            if before is not None and before.value is not held.value:
                wipe(before.value)
            versions[ref.version] = held


def wipe(value: bytearray) -> None:
    """Write zeros over *value*."""
    value[:] = bytes(len(value))
