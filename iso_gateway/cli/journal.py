"""``iso-gateway journal archive|check``: the journal's file."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from iso_gateway.cli.options import json_option
from iso_gateway.cli.output import say, say_json
from iso_gateway.cli.run import FILE_NAME
from iso_gateway.errors import ConfigError, Problem

_config = click.option(
    "--config", default=FILE_NAME, type=click.Path(path_type=Path), metavar="FILE", help="Of the gateway whose it is."
)


@click.group()
def journal() -> None:
    """Archive or check the journal; a gateway may run on it meanwhile."""


@journal.command()
@click.argument("to", type=click.Path(path_type=Path), metavar="FILE")
@click.option("--before", required=True, type=click.DateTime(["%Y-%m-%d"]), help="Rows that came before, UTC.")
@_config
@json_option
def archive(*, to: Path, before: datetime, config: Path, as_json: bool) -> None:
    """Move closed rows to FILE, which is a journal that can be searched, or becomes one.

    What is owed, asked or under way stays. Rows are in FILE for good before they leave the journal.
    """
    from iso_gateway.store.retiring import archive as move

    moved = move(_path(config), to, before.replace(tzinfo=UTC))
    if as_json:
        say_json({"moved": moved, "to": str(to)})
    else:
        say(f"{moved} row{'' if moved == 1 else 's'} moved to {to}")


@journal.command()
@_config
@json_option
def check(*, config: Path, as_json: bool) -> None:
    """Read all of the journal's file, and tell what is in it; exit code 1 where it is damaged."""
    from iso_gateway.store.retiring import figures

    path = _path(config)
    said = {"journal": str(path), **figures(path)}
    if as_json:
        say_json(said)
    else:
        for name, value in said.items():
            say(f"{name.replace('_', ' '):14}  {value}")


def _path(config: Path) -> Path:
    """Return where the journal of *config* lies.

    Raises:
        ConfigError: the configuration is wrong, or its journal is in memory.
    """
    from iso_gateway.gateway.config import load

    at = load(config).journal
    if at is None:
        raise ConfigError([Problem("journal.path", "the journal is in memory: there is no file")], str(config))
    return at.path
