"""The one place that decides whom the back office asks: a running gateway, or the journal that a stopped one left.

A running gateway answers over its admin socket: it alone writes its journal, and it knows what is under way. Where no
gateway runs, the journal is opened here: to be read, or, for an operator's act, locked and written.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from iso_gateway.cli.output import complain
from iso_gateway.errors import IsoGatewayError

if TYPE_CHECKING:
    from iso_gateway.gateway.config import Config

FILE_NAME: Final = "gateway.toml"


def reach(function: Callable[..., int | None]) -> Callable[..., int | None]:
    """Add the options that say which gateway is meant; *function* gets ``where``, to be asked."""
    for option in (
        click.option(
            "--socket",
            "socket",
            type=click.Path(path_type=Path),
            metavar="PATH",
            help="A running gateway's admin socket.",
        ),
        click.option(
            "--config",
            "config",
            type=click.Path(path_type=Path),
            default=FILE_NAME,
            show_default=True,
            metavar="FILE",
            help="The gateway's configuration; of a stopped one, its journal is read.",
        ),
    ):
        function = option(function)
    return function


def ask(verb: str, /, config: Path, socket: Path | None = None, **arguments: Any) -> dict[str, Any]:
    """Return what the gateway of *config*, or its journal, says to *verb*.

    Raises:
        ConfigError: the configuration cannot be used, or the gateway has no journal that outlives it.
        NoConnection: no gateway listens at *socket*.
        AdminError: it refuses, or has no such transaction.
        StoreError: the journal cannot be read, or another process holds it.
    """
    from iso_gateway.admin.client import call

    if socket is not None:
        return call(socket, verb, **arguments)
    from iso_gateway.gateway.config import load

    loaded = load(config)
    running = socket_of(loaded)
    if running is not None:
        return call(running, verb, **arguments)
    from iso_gateway.cli.office.stopped import ask_journal

    said = ask_journal(loaded, verb, arguments)
    if said.get("held_by"):
        complain(f"{said['held_by']} has this journal, and its admin socket was not found: --socket asks it")
    return said


def socket_of(config: Config) -> Path | None:
    """Return the admin socket of the gateway that runs by *config*, or None where none does."""
    from iso_gateway.admin.places import answers, find_sockets, socket_path

    if config.file.gateway.admin_socket:
        path = Path(config.file.gateway.admin_socket)
        return path if answers(path) else None
    port = config.listeners[0].address.port
    if port:
        path = socket_path("run", port)
        return path if answers(path) else None
    # Its port is chosen at start: the one that says that it runs by this file is it.
    return next((path for path in find_sockets("run") if _runs_by(path, config.path)), None)


def _runs_by(path: Path, config: Path) -> bool:
    """Return whether the gateway at *path* runs by the file *config*."""
    from iso_gateway.admin.client import call

    with suppress(IsoGatewayError):
        return bool(call(path, "status").get("config") == str(config.absolute()))
    return False
