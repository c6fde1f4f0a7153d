"""The journal of a gateway that does not run: read as it is, or locked and written for one act."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from iso_gateway.errors import AdminError, ConfigError, Problem
from iso_gateway.gateway.config import Config, JournalAt
from iso_gateway.gateway.office import reading
from iso_gateway.gateway.opening import hashes
from iso_gateway.gateway.store_key import read_store_key
from iso_gateway.gateway.storing import nonces
from iso_gateway.net.clock import read_system
from iso_gateway.office.verbs import READS, ActAsked, asked, found
from iso_gateway.office.views import Now
from iso_gateway.protocol.acts import Refusal, entry_for
from iso_gateway.protocol.records import Row
from iso_gateway.security.seal import CHECKED, Seal
from iso_gateway.store.journal import Committed, Failed, Outcome, Refused
from iso_gateway.store.lock import Held, holder
from iso_gateway.store.sqlite import SqliteJournal


def ask_journal(config: Config, verb: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the journal of *config* says to *verb*.

    Raises:
        ConfigError: there is no journal, its key cannot be used, or another process has it and it is to be written.
        AdminError: it has no such transaction, or is asked wrongly.
        StoreError: it cannot be read.
    """
    at = config.journal
    if at is None:
        raise _cannot(config, "no gateway is running by it, and its journal is in memory: 'iso-gateway run' starts one")
    if not at.path.exists():
        raise _cannot(config, f"no journal {at.path} yet: 'iso-gateway run' begins one")
    if verb == "act":
        return _act(config, at, asked(arguments, ActAsked))
    fingerprint, check_value = _hashing(config, at, str(arguments.get("pan") or ""))
    held_by = holder(at.path)
    store = SqliteJournal(at.path, None)
    try:
        if check_value and not store.same_key(check_value):
            key = at.key_file or "the key in the key store"
            setting = "store_key_file" if at.key_file is not None else "seal"
            raise _cannot(config, f"journal.{setting}: {key}: another key than that of {at.path}")
        # Who has the journal is running, though we could not ask: nothing is left behind.
        said = READS[verb](reading(store, fingerprint), Now(read_system()[1], {} if held_by else None), arguments)
    finally:
        store.close()
    return {**said, "held_by": held_by} if held_by else said


def _hashing(config: Config, at: JournalAt, pan: str) -> tuple[Callable[[bytes], bytes], bytes]:
    """Return what hashes the card number *pan* for comparison, and what tells its key from others.

    A key store is unlocked only where a card is looked for: nothing else in the journal needs its key.
    """
    if at.key_file is not None:
        seal = Seal(read_store_key(at.key_file), nonces())
        return seal.fingerprint, seal.check_value
    if not pan:
        return _nothing, b""
    check_value, hashed = hashes(config, CHECKED, pan.encode())
    return lambda _pan: hashed, check_value


def _act(config: Config, at: JournalAt, wanted: ActAsked) -> dict[str, Any]:
    """Do an operator's act to the journal, for this process alone."""
    wall = read_system()[1]
    try:
        store = SqliteJournal(at.path, wall)
    except Held as error:
        raise _cannot(config, f"{error}: --socket asks a running gateway") from None
    try:
        row = found(reading(store, _nothing), wanted.id)
        deed = entry_for(
            wanted.act, row, wanted.who, wanted.reason, at=wall, audit=f"{wall:%y%m%d%H%M%S}{os.urandom(2).hex()}-act"
        )
        if isinstance(deed, Refusal):
            return {"done": False, "text": deed.text, "id": row.id}
        (outcome,) = store.commit([deed.entry])
        return _told(outcome, row, deed.text)
    finally:
        store.close()


def _told(outcome: Outcome, row: Row, text: str) -> dict[str, Any]:
    match outcome:
        case Committed():
            return {"done": True, "text": text, "id": row.id}
        case Refused(other):
            return {
                "done": False,
                "text": f"{other.id} has moved on and stands in the way: {other.state}",
                "id": row.id,
            }
        case Failed(reason):
            return {"done": False, "text": reason, "id": row.id}


def _nothing(_: bytes) -> bytes:
    raise AdminError("nothing is compared here")


def _cannot(config: Config, said: str) -> ConfigError:
    return ConfigError([Problem("", said)], str(config.path))
