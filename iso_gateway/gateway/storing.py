"""What a run of the gateway keeps its rows in, and the seal on the card numbers in them."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from typing import NamedTuple

from iso_gateway.errors import ConfigError, Problem, StoreError
from iso_gateway.gateway.config import Config
from iso_gateway.gateway.store_key import read_store_key
from iso_gateway.net import clock
from iso_gateway.security.seal import NONCE_BYTES, Seal
from iso_gateway.store.journal import JournalStore
from iso_gateway.store.memory import MemoryJournal
from iso_gateway.store.sqlite import SqliteJournal

_COUNTED = 5
"""Bytes of a nonce that count up; the others are chance."""


class Kept(NamedTuple):
    """A journal, and the seal that belongs to it."""

    journal: JournalStore
    seal: Seal | None
    """None: its key is the security module's."""
    begun: bool = False
    """Whether the journal's file was made now."""


def nonces() -> Callable[[], bytes]:
    """Return what gives nonces that never come again under one key, in no process that uses it.

    The first 56 bits are chance and stay, the others count (NIST SP 800-38D, 8.2.1, with a fixed field that is drawn:
    two of a million runs have the same with a chance of one in 140,000).
    """
    drawn = os.urandom(NONCE_BYTES - _COUNTED)
    numbers = itertools.count()
    return lambda: drawn + next(numbers).to_bytes(_COUNTED)


def in_memory(max_rows: int, *, sealed: bool = True) -> Kept:
    """Return a journal that forgets when the process ends, with a key that nobody will need then.

    Where it is not *sealed*, the security module has the key.
    """
    return Kept(MemoryJournal(max_rows), Seal(os.urandom(32), nonces()) if sealed else None)


def opened(config: Config) -> Kept:
    """Open the journal that *config* names, for this process alone.

    Raises:
        ConfigError: its key cannot be used, another process has it, or it is damaged or no journal; with what to do.
    """
    if config.journal is None:
        return in_memory(config.file.limits.journal_rows, sealed=not config.setup.sealing)
    key_file = config.journal.key_file
    try:
        seal = Seal(read_store_key(key_file), nonces()) if key_file is not None else None
        journal = SqliteJournal(config.journal.path, clock.read_system()[1])
    except ConfigError as error:
        raise ConfigError([Problem("journal.store_key_file", each.message) for each in error.problems]) from None
    except StoreError as error:
        raise ConfigError([Problem("journal.path", str(error))]) from None
    if seal is not None:
        try:
            check_key(config, journal, seal.check_value)
        except ConfigError:
            journal.close()
            raise
    return Kept(journal, seal, journal.begun)


def check_key(config: Config, journal: JournalStore, check_value: bytes) -> None:
    """Make sure that the key with *check_value* is the one with which *journal* was begun.

    Raises:
        ConfigError: it is another, or the journal cannot be read; with what to do.
    """
    at = config.journal
    if at is None or not isinstance(journal, SqliteJournal):
        return
    try:
        same = journal.same_key(check_value)
    except StoreError as error:
        raise ConfigError([Problem("journal.path", str(error))]) from None
    if not same:
        setting = "store_key_file" if at.key_file is not None else "seal"
        key = f"{at.key_file}" if at.key_file is not None else "the key in the security module"
        said = f"another key than that of the journal {at.path}; name the one that it was begun with"
        raise ConfigError([Problem(f"journal.{setting}", f"{key}: {said}")])
