"""The module of a gateway, from what its configuration says of it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from iso_gateway.hsm.client import InProcess, Say, say_loudly
from iso_gateway.hsm.key_store import KeyStore, head_of
from iso_gateway.hsm.own_process import START_TIMEOUT, OwnProcess
from iso_gateway.hsm.software import SoftwareModule
from iso_gateway.hsm.unlocking import Source, typed, unlocked
from iso_gateway.net.clock import read_system

TYPING_TIMEOUT: Final = 300.0
"""Seconds in which three custodians have typed their components."""

_CREDENTIALS: Final = "CREDENTIALS_DIRECTORY"


def own_process(store: Path, unlock: str, *, test: bool = False, say: Say = say_loudly) -> OwnProcess:
    """Return the client of a module in its own process, not started yet.

    Args:
        store: the key store.
        unlock: where its master key comes from, as `Source.parse` takes it. This process does not read it.
        test: whether test keys may be used.
        say: told what the module has to say of itself.

    Raises:
        KeyStoreError: *unlock* says nothing, or there is no key store.
    """
    source = Source.parse(unlock)
    path = store.absolute()
    head_of(path)
    if source.kind == "file":
        source = Source("file", str(Path(source.name).absolute()))
    command = [
        *(sys.executable, "-P", "-s", "-m", "iso_gateway.hsm.process"),
        *("--store", str(path), "--unlock", str(source)),
        *(["--test"] if test else []),
    ]
    environment: Mapping[str, str] = {}
    if source.kind == "credential" and _CREDENTIALS in os.environ:
        environment = {_CREDENTIALS: os.environ[_CREDENTIALS]}
    return OwnProcess(
        command,
        _secret(source),
        say=say,
        start_timeout=TYPING_TIMEOUT if source.kind == "prompt" else START_TIMEOUT,
        environment=environment,
    )


def inside(store: Path, unlock: str, *, test: bool = False, say: Say = say_loudly) -> InProcess:
    """Open a module in this process, and return its client; the arguments are those of `own_process`.

    Raises:
        KeyStoreError: *unlock* says nothing, or the store cannot be opened.
    """
    master = unlocked(Source.parse(unlock), head_of(store).making, typed)
    module = SoftwareModule(KeyStore(store, master), lambda: read_system()[1], test=test)
    return InProcess(module, module.close, say)


def _secret(source: Source) -> Callable[[], int] | None:
    """Return what opens the descriptor that the module reads from; None: it opens what it needs by itself."""
    if source.kind == "fd":
        return lambda: os.dup(int(source.name))
    if source.kind == "prompt":
        return lambda: os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    return None
