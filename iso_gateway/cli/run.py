"""``iso-gateway init|check|run``: a gateway's configuration, and the gateway itself."""

from __future__ import annotations

import os
from importlib.resources import files
from pathlib import Path

import click

from iso_gateway.cli.output import say
from iso_gateway.errors import ConfigError, Problem
from iso_gateway.gateway.store_key import write_store_key

FILE_NAME = "gateway.toml"
KEY_NAME = "journal.db.key"
"""As the template has it."""


@click.command()
@click.argument("given", default=FILE_NAME, metavar="[DIR|FILE]")
def init(*, given: str) -> None:
    """Write a commented configuration with every key in it; nothing is ever overwritten."""
    target = Path(given)
    path = target / FILE_NAME if target.is_dir() or given.endswith(os.sep) else target
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write((files("iso_gateway.gateway") / "template.toml").read_text("utf-8"))
        key = path.with_name(KEY_NAME)
        if not key.exists():
            write_store_key(key)
    except FileExistsError:
        raise _refused(path, "is there already; give another name") from None
    except OSError as error:
        raise _refused(path, f"cannot be written: {(error.strerror or '').lower()}") from error
    say(f"{path} written; look through it, then: iso-gateway check {path}, iso-gateway run {path}")


@click.command()
@click.argument("path", default=FILE_NAME, type=click.Path(path_type=Path), metavar="[FILE]")
def check(*, path: Path) -> None:
    """Tell everything that is wrong with a configuration, with file and line."""
    from iso_gateway.gateway.config import load
    from iso_gateway.gateway.opening import check_store

    config = load(path)
    notes = check_store(config)
    setup = config.setup
    terminals = len(set().union(*(listener.terminals for listener in setup.listeners.values())))
    parts = (
        _count(len(config.listeners), "listener"),
        _count(len(setup.acquirers), "acquirer"),
        _count(len(config.links), "link"),
        _count(terminals, "terminal"),
    )
    say(f"{path}: fine ({', '.join(parts)})")
    for note in notes:
        say(f"{path}: {note}")


@click.command()
@click.argument("path", default=FILE_NAME, type=click.Path(path_type=Path), metavar="[FILE]")
def run(*, path: Path) -> None:
    """Run the gateway until SIGTERM or Ctrl-C, which drains it; SIGHUP reads the configuration again.

    To drain: no new connections, what is in flight is finished, links are signed off. A second signal does not wait.
    """
    import trio

    from iso_gateway.gateway import service
    from iso_gateway.gateway.config import load
    from iso_gateway.gateway.opening import check_store

    config = load(path)
    check_store(config)
    trio.run(service.run, config)


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _refused(path: Path, reason: str) -> ConfigError:
    return ConfigError([Problem("", f"{path} {reason}")])
