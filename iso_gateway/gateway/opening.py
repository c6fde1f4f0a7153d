"""The key store and the security module that a configuration names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from iso_gateway.errors import KeyStoreError, Problem
from iso_gateway.gateway.protecting import key_problems
from iso_gateway.hsm import opening
from iso_gateway.hsm.key_store import infos_of
from iso_gateway.hsm.unlocking import Source

if TYPE_CHECKING:
    from iso_gateway.gateway.config import Config
    from iso_gateway.hsm.client import ModuleClient, Say


def check_store(config: Config) -> None:
    """Hold the keys of the key store against *config*, as far as they can be seen without its master key.

    Raises:
        ConfigError: there is no store, test keys are where none may be, or some are missing; all of it.
    """
    security = config.file.security
    if not security.key_store:
        return
    problems = []
    try:
        Source.parse(security.unlock)
    except KeyStoreError as error:
        problems.append(Problem("security.unlock", str(error)))
    try:
        problems += key_problems(config.file, config.setup, infos_of(_store(config)))
    except KeyStoreError as error:
        problems.append(Problem("security.key_store", str(error)))
    if problems:
        raise config.wrong(problems)


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


def _store(config: Config) -> Path:
    return config.path.parent / config.file.security.key_store


def _unlock(config: Config) -> str:
    """Return where the master key comes from; a file lies beside the configuration."""
    kind, colon, name = config.file.security.unlock.partition(":")
    return f"{kind}:{config.path.parent / name}" if colon and kind == "file" and name else kind + colon + name
