"""Where secrets are looked for, and which of them may stand where."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from leaks.shop import Shop

EVERYTHING: Final = frozenset({"pan", "track", "cvv", "pin", "pin block", "key", "passphrase"})
ON_A_CLEAR_WIRE: Final = EVERYTHING - {"pan", "track", "cvv"}
"""A leg without TLS carries cards in clear: that is what its messages are for (docs/tls.md)."""
IN_MEMORY: Final = EVERYTHING - {"pan", "track", "cvv"}
"""The process that carries messages has what messages carry; PINs and keys it never has."""
LARGEST: Final = 512 * 1024 * 1024
"""Bytes of one region of memory; none here is larger."""


class Place(NamedTuple):
    """Bytes that were found somewhere."""

    kind: str
    """``log``, ``journal`` ..."""
    name: str
    data: bytes
    searched: frozenset[str] = EVERYTHING
    """The kinds of secrets that must not be here."""
    marked: bool = True
    """Whether the mark has to be here: places that can have none are those of processes that know of no terminal."""

    def __repr__(self) -> str:
        return f"<Place {self.name}, {len(self.data)} bytes>"


def of_processes(shop: Shop) -> Iterator[Place]:
    """Yield what the system tells of running processes, and the memory of the gateway's own one."""
    for name, process in shop.running.items():
        if name.startswith("wire"):
            continue
        for number in family(process.pid):
            told = Path(f"/proc/{number}")
            for kind, file in (("command line", "cmdline"), ("environment", "environ")):
                yield Place(kind, f"{kind} of {name} {number}", _read(told / file), marked=False)
    gateway = shop.running["gateway"].pid
    yield Place("environment", "environment of the gateway", _read(Path(f"/proc/{gateway}/environ")))
    yield Place("memory", "memory of the gateway", memory_of(gateway), IN_MEMORY)


def of_files(shop: Shop) -> Iterator[Place]:
    """Yield all files, each by its kind."""
    for path in sorted(shop.folder.iterdir()):
        if path.is_socket() or path.name in INPUTS:
            continue
        kind = FILES.get(path.name, "other file")
        searched = ON_A_CLEAR_WIRE if kind == "wire" else EVERYTHING
        data = path.read_bytes()
        if kind == "journal":
            data += _read(path.with_name(f"{path.name}-wal"))  # where the newest of it is
        yield Place(kind, path.name, data, searched, marked=kind != "other file")


FILES: Final = {
    "gateway.log": "log",
    "host.log": "log",
    "printed": "printed",
    "journal.db": "journal",
    "keys.store": "key store",
    "keys.store.audit": "audit file",
    "counter.state": "state of the terminal",
    "union.state": "state of the terminal",
    "derived.state": "state of the terminal",
    "admin.traffic": "admin socket",
    "counter.wire": "wire",
    "union.wire": "wire",
    "derived.wire": "wire",
    "bank.wire": "wire",
}
"""What the files of the shop are; the others (locks, the journal's log) are searched as well."""

INPUTS: Final = {"secret", "pin", "host-keys.toml"}
"""What the shop was given: the secrets stand there, or there would be none."""

KINDS: Final = (
    *("log", "printed", "journal", "key store", "audit file", "state of the terminal", "admin socket", "wire"),
    *("command line", "environment", "memory"),
)
"""All kinds of places that must have been searched."""


def family(parent: int) -> list[int]:
    """Return the process *parent* and all below it."""
    children: dict[int, list[int]] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        with_name = _read(status).decode(errors="replace")
        if not with_name:
            continue
        above = int(with_name.rpartition(")")[2].split()[1])
        children.setdefault(above, []).append(int(status.parent.name))
    found = [parent]
    for number in found:
        found += children.get(number, [])
    return found


def memory_of(process: int) -> bytes:
    """Return all memory of *process* that can be written, as it is now."""
    found = bytearray()
    maps = _read(Path(f"/proc/{process}/maps")).decode()
    number = os.open(f"/proc/{process}/mem", os.O_RDONLY)
    try:
        for start, end, rights in re.findall(r"^([0-9a-f]+)-([0-9a-f]+) (\S+)", maps, re.MULTILINE):
            first, behind = int(start, 16), int(end, 16)
            if not rights.startswith("rw") or behind - first > LARGEST:
                continue
            try:
                found += os.pread(number, behind - first, first)
            except OSError:
                continue  # a region that the system keeps for itself
            found += b"\0" * 16  # what ends one region does not go on in the next
    finally:
        os.close(number)
    return bytes(found)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
