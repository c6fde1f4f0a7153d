"""Which key store is meant, and what opens it."""

from __future__ import annotations

import getpass
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

import click

from iso_gateway.errors import ConfigError, KeyStoreError, Problem
from iso_gateway.security.keys import KeyRef, KeyState

if TYPE_CHECKING:
    from iso_gateway.hsm.key_store import KeyStore
    from iso_gateway.security.commands import Command, Result
    from iso_gateway.security.keys import KeyInfo

FILE_NAME: Final = "gateway.toml"
Function = Callable[..., Any]
Answer = TypeVar("Answer")


class Reach(NamedTuple):
    """A store, and where its master key comes from."""

    store: Path
    unlock: str


def reach(function: Function) -> Function:
    """Add the options that say which store is meant; *function* gets them as ``store``, ``unlock`` and ``config``."""
    for option in (
        click.option(
            "--config",
            type=click.Path(path_type=Path),
            default=FILE_NAME,
            show_default=True,
            metavar="FILE",
            help="The gateway's configuration; its [security] says the other two.",
        ),
        click.option(
            "--unlock",
            default="",
            metavar="SOURCE",
            help="prompt, fd:NUMBER, credential:NAME or file:PATH: where the master key comes from, never the key.",
        ),
        click.option("--store", type=click.Path(path_type=Path), metavar="FILE", help="The key store."),
    ):
        function = option(function)
    return function


def reached(store: Path | None, unlock: str, config: Path) -> Reach:
    """Return the store that is meant, and where its master key comes from.

    Raises:
        ConfigError: no option says it, and no configuration.
    """
    said = {} if store is not None and unlock else _security(config)
    if store is None:
        if not said.get("key_store"):
            raise ConfigError([Problem("security.key_store", "names no key store; say --store FILE")], str(config))
        store = config.parent / said["key_store"]
    return Reach(store, unlock or _beside(config, said.get("unlock", "")) or "prompt")


def _beside(config: Path, unlock: str) -> str:
    """Return *unlock* of *config*: a file that it names lies beside it, as the gateway reads it."""
    kind, _, name = unlock.partition(":")
    return f"{kind}:{config.parent / name}" if kind == "file" and name else unlock


def _security(config: Path) -> dict[str, str]:
    """Return ``[security]`` of *config*, which may lack keys yet and be wrong elsewhere; empty: there is no file."""
    try:
        found = tomllib.loads(config.read_text("utf-8")).get("security", {})
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        raise ConfigError([Problem("", "cannot be read")], str(config)) from None
    return {name: text for name, text in found.items() if isinstance(text, str)} if isinstance(found, dict) else {}


@contextmanager
def opened(store: Path | None, unlock: str, config: Path) -> Iterator[KeyStore]:
    """Open the store that is meant.

    Raises:
        ConfigError: nothing says which.
        KeyStoreError: it does not open.
    """
    from iso_gateway.hsm.key_store import KeyStore, head_of
    from iso_gateway.hsm.unlocking import Source, typed, unlocked

    at = reached(store, unlock, config)
    source = Source.parse(at.unlock)
    master = unlocked(source, head_of(at.store).making, typed)
    try:
        found = KeyStore(at.store, master)
    except BaseException:
        master.wipe()
        raise
    try:
        yield found
    finally:
        found.close()


def ask(store: KeyStore, command: Command, kind: type[Answer]) -> Answer:
    """Return what a module over *store* answers to *command*, which is a *kind*.

    Raises:
        KeyStoreError: it refuses.
    """
    from iso_gateway.hsm.software import SoftwareModule
    from iso_gateway.security.commands import Refused

    module = SoftwareModule(store, now, test=True, actor=login())
    result: Result
    (result,) = module.carry_out((command,))
    if isinstance(result, Refused):
        raise KeyStoreError(f"refused ({result.fault})" + (f": {result.reason}" if result.reason else ""))
    assert isinstance(result, kind)
    return result


def named(store: KeyStore, text: str) -> KeyInfo:
    """Return the version of a key that *text* names: ``NAME@VERSION``, or ``NAME``, the newest one in use.

    Raises:
        KeyStoreError: there is none.
    """
    name, at, version = text.rpartition("@")
    if at and version.isdecimal():
        held = store.get(KeyRef(name, int(version)))
        if held is None:
            raise KeyStoreError(f"no key {name} of version {version}; 'iso-gateway keys list' tells what there is")
        return held.info
    infos = versions(store, text)
    for state in (KeyState.ACTIVE, KeyState.PENDING, KeyState.RETIRING):
        for info in reversed(infos):
            if info.state is state:
                return info
    raise KeyStoreError(f"no key {text}; 'iso-gateway keys list' tells what there is")


def versions(store: KeyStore, name: str) -> list[KeyInfo]:
    """Return what may be said of every version of the key *name*, oldest first."""
    return [held.info for held in store.versions(name)]


def login() -> str:
    """Return the name of whoever runs this."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in a container
        return "unknown"


def now() -> datetime:
    """Return the time of the system's clock, UTC."""
    from iso_gateway.net.clock import read_system

    return read_system()[1]
