"""The key store and the security module that a configuration names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from iso_gateway.errors import KeyStoreError, Problem
from iso_gateway.gateway.protecting import SEAL, key_problems, keyless
from iso_gateway.hsm import opening
from iso_gateway.hsm.key_store import KeyStore, head_of, infos_of
from iso_gateway.hsm.software import SoftwareModule
from iso_gateway.hsm.unlocking import Source, typed, unlocked
from iso_gateway.net.clock import read_system
from iso_gateway.security.commands import Fingerprint, Fingerprinted

if TYPE_CHECKING:
    from iso_gateway.gateway.config import Config
    from iso_gateway.hsm.client import ModuleClient, Say


def check_store(config: Config) -> list[str]:
    """Hold the keys of the key store against *config*, as far as they can be seen without its master key.

    Returns which terminals have no keys yet, a line for each listener.

    Raises:
        ConfigError: there is no store, test keys are where none may be, or some are missing; all of it.
    """
    security = config.file.security
    if not security.key_store:
        return []
    problems = []
    notes: list[str] = []
    try:
        Source.parse(security.unlock)
    except KeyStoreError as error:
        problems.append(Problem("security.unlock", str(error)))
    try:
        infos = infos_of(_store(config))
        problems += key_problems(config.file, config.setup, infos)
        notes += keyless(config.file, config.setup, infos)
    except KeyStoreError as error:
        problems.append(Problem("security.key_store", str(error)))
    if problems:
        raise config.wrong(problems)
    return notes


def module_for(config: Config, say: Say) -> ModuleClient:
    """Return the module that *config* names, not started yet; *say* is told what it has to say of itself.

    Raises:
        ConfigError: it cannot be had.
    """
    file = config.file
    test = any(leg.test for leg in (*file.listeners, *file.acquirers))
    store, unlock = _store(config), _unlock(config)
    try:
        if file.security.module == "inside":
            return opening.inside(store, unlock, test=test, say=say)
        return opening.own_process(store, unlock, test=test, say=say)
    except KeyStoreError as error:
        raise config.wrong([Problem("security.key_store", str(error))]) from None


def hashes(config: Config, *several: bytes) -> list[bytes]:
    """Return the keyed hashes of *several* data, by which the journal compares: for a gateway that does not run.

    Raises:
        ConfigError: the key store cannot be opened, or has no key for it.
    """
    store = _store(config)
    try:
        master = unlocked(Source.parse(_unlock(config)), head_of(store).making, typed)
        module = SoftwareModule(KeyStore(store, master), lambda: read_system()[1], test=True)
    except KeyStoreError as error:
        raise config.wrong([Problem("security.key_store", str(error))]) from None
    try:
        results = module.carry_out(tuple(map(Fingerprint, several)))
    finally:
        module.close()
    found = [each.hash for each in results if isinstance(each, Fingerprinted)]
    if len(found) < len(several):
        raise config.wrong([Problem("journal.seal", f"the key store has no key {SEAL} that can be used")])
    return found


def _store(config: Config) -> Path:
    return config.path.parent / config.file.security.key_store


def _unlock(config: Config) -> str:
    """Return where the master key comes from; a file lies beside the configuration."""
    kind, colon, name = config.file.security.unlock.partition(":")
    return f"{kind}:{config.path.parent / name}" if colon and kind == "file" and name else kind + colon + name
