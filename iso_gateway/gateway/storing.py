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
    seal: Seal
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


def in_memory(max_rows: int) -> Kept:
    """Return a journal that forgets when the process ends, with a key that nobody will need then."""
    return Kept(MemoryJournal(max_rows), Seal(os.urandom(32), nonces()))


def opened(config: Config) -> Kept:
    """Open the journal that *config* names, for this process alone.

    Raises:
        ConfigError: its key cannot be used, another process has it, or it is damaged or no journal; with what to do.
    """
    if config.journal is None:
        return in_memory(config.file.limits.journal_rows)
    try:
        seal = Seal(read_store_key(config.journal.key_file), nonces())
        journal = SqliteJournal(config.journal.path, clock.read_system()[1])
    except ConfigError as error:
        raise ConfigError([Problem("journal.store_key_file", each.message) for each in error.problems]) from None
    except StoreError as error:
        raise ConfigError([Problem("journal.path", str(error))]) from None
    try:
        if not journal.same_key(seal.check_value):
            journal.close()
            said = f"another key than that of the journal {config.journal.path}; name the one that it was begun with"
            raise ConfigError([Problem("journal.store_key_file", f"{config.journal.key_file}: {said}")])
    except StoreError as error:
        journal.close()
        raise ConfigError([Problem("journal.path", str(error))]) from None
    return Kept(journal, seal, journal.begun)
