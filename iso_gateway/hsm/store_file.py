"""What a key store's file looks like: text, a line for the store, one for each version of a key, and a MAC over all.

    {"format": "iso-gateway key store", "edition": 1, "version": 7, ...}
    {"ref": ["acquirer/acme/pin", 2], "usage": "P0", ... "block": "D0144P0TB00N0100..."}
    mac 5F0C...

A key's value is a TR-31 key block of version D under the master key, and its optional block LB (a label) has the key's
name and version: a block does not open under another name. The MAC is HMAC-SHA-256 under a key of its own. Nothing here
touches a disk.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec

from iso_gateway.errors import KeyBlockError, KeyStoreError
from iso_gateway.hsm.key_table import HeldKey
from iso_gateway.hsm.master_key import Making, MasterKey
from iso_gateway.security.key_blocks import unwrap, wrap
from iso_gateway.security.key_header import Header
from iso_gateway.security.keys import KeyInfo

FORMAT: Final = "iso-gateway key store"
EDITION: Final = 1
_LABEL: Final = "LB"
_MAC: Final = b"mac "


class Trail(msgspec.Struct, frozen=True):
    """Where the audit file has to stand: so that a crash between the two files is made good at the next start."""

    offset: int
    """Its bytes before the lines of the last change."""
    lines: tuple[str, ...]
    """Those lines."""
    head: str
    """The hash of its last line."""

    @property
    def end(self) -> int:
        """Its bytes behind those lines."""
        return self.offset + sum(len(line.encode()) + 1 for line in self.lines)


class StoreLine(msgspec.Struct, frozen=True):
    """The first line."""

    format: str
    edition: int
    version: int
    """How often the file was written."""
    making: Making
    """How the master key is had."""
    check_value: str
    """Of the master key."""
    test: bool
    """Whether all its keys are test keys."""
    keys: int
    trail: Trail


class KeyLine(msgspec.Struct, frozen=True):
    """One version of a key."""

    info: KeyInfo
    block: str
    """Empty: the key is destroyed."""


def sealed(held: HeldKey, master: MasterKey, chance: Callable[[int], bytes]) -> bytes:
    """Return the line of *held*."""
    info = held.info
    block = b""
    if held.value:
        label = (_LABEL, str(info.ref))
        header = Header(info.usage, info.algorithm, info.mode, info.exportability, optional=(label,))
        block = wrap("D", master.value, header, held.value, chance)
    return msgspec.json.encode(KeyLine(info, block.decode()))


def opened(line: KeyLine, master: MasterKey) -> HeldKey:
    """Return the key of *line*.

    Raises:
        KeyStoreError: its block does not open, or is another key's.
    """
    if not line.block:
        return HeldKey(line.info, bytearray())
    info = line.info
    try:
        header, value = unwrap(master.value, line.block.encode())
    except KeyBlockError:
        raise KeyStoreError(f"the block of {info.ref} does not open") from None
    said = (info.usage, info.algorithm, info.mode, info.exportability)
    if header[:4] != said or header.optional != ((_LABEL, str(info.ref)),) or len(value) * 8 != info.bits:
        value[:] = bytes(len(value))
        raise KeyStoreError(f"the block of {info.ref} is that of another key")
    return HeldKey(info, value)


def line_in(written: bytes) -> KeyLine:
    """Return the key of the line *written*, which was made here."""
    return msgspec.json.decode(written, type=KeyLine)


def written(head: StoreLine, keys: Iterable[bytes], master: MasterKey) -> bytes:
    """Return the whole file."""
    body = b"".join(line + b"\n" for line in (msgspec.json.encode(head), *keys))
    return body + _MAC + _mac(body, master).hex().upper().encode() + b"\n"


def head_of(data: bytes) -> StoreLine:
    """Return the first line of *data*, of which nothing is proved yet: how the store is unlocked.

    Raises:
        KeyStoreError: it is no key store, or one of another edition.
    """
    first = data.partition(b"\n")[0]
    try:
        said = msgspec.json.decode(first, type=dict[str, object])
    except msgspec.MsgspecError:
        said = {}
    if said.get("format") != FORMAT:
        raise KeyStoreError("this is no key store")
    if said.get("edition") != EDITION:
        raise KeyStoreError(f"a key store of edition {said.get('edition')!r}; this program reads {EDITION}")
    try:
        return msgspec.json.decode(first, type=StoreLine)
    except msgspec.MsgspecError:
        raise KeyStoreError("its first line is damaged; put the last good copy back") from None


def read(data: bytes, master: MasterKey) -> tuple[StoreLine, list[tuple[bytes, KeyLine]]]:
    """Return what the file *data* says, once its MAC is found right; each key as it is written, too.

    Raises:
        KeyStoreError: the master key is another, or the file was changed.
    """
    head = head_of(data)
    if not hmac.compare_digest(head.check_value, master.check_value):
        raise KeyStoreError("this is another master key: its check value is not that of the store")
    body, found, mac = data.rpartition(_MAC)
    if not found or not hmac.compare_digest(mac, _mac(body, master).hex().upper().encode() + b"\n"):
        raise KeyStoreError("it was changed or is damaged: its MAC is wrong; put the last good copy back")
    lines = body.splitlines()[1:]
    try:
        keys = [(line, msgspec.json.decode(line, type=KeyLine)) for line in lines]
    except msgspec.MsgspecError as error:
        raise KeyStoreError(f"a line that this program does not understand: {error}") from None
    if len(keys) != head.keys:
        raise KeyStoreError("it has not as many keys as it says")
    return head, keys


def told(data: bytes) -> list[KeyInfo]:
    """Return what the file *data* says of its keys, of which nothing is proved: without the master key.

    Raises:
        KeyStoreError: it is no key store, or damaged.
    """
    head_of(data)
    lines = data.rpartition(_MAC)[0].splitlines()[1:]
    try:
        return [msgspec.json.decode(line, type=KeyLine).info for line in lines]
    except msgspec.MsgspecError:
        raise KeyStoreError("a line that this program does not understand; put the last good copy back") from None


def _mac(body: bytes, master: MasterKey) -> bytes:
    key = master.derived(b"iso-gateway key store mac v1")
    try:
        return hmac.digest(key, body, "sha256")
    finally:
        key[:] = bytes(len(key))


def in_order(lines: dict[tuple[str, int], bytes]) -> Sequence[bytes]:
    """Return the lines of keys by name and version."""
    return [lines[place] for place in sorted(lines)]
