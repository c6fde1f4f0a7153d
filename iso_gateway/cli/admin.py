"""``iso-gateway status|reload|report|drain``: a running gateway or mock host, through its admin socket."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import click

from iso_gateway.cli.options import json_option
from iso_gateway.cli.output import complain, say, say_json
from iso_gateway.errors import AdminError, ConfigError, NoConnection, Problem

KINDS: Final = ("run", "host")
"""The processes that have admin sockets, in the order in which one is looked for."""
NAMES: Final = {"run": "gateway", "host": "mock host"}


def _command(function: Callable[..., int | None]) -> Callable[..., int | None]:
    """Add the options that say which process is meant."""
    for option in (
        json_option,
        click.option(
            "--kind", type=click.Choice(KINDS), help="A gateway (run) or a mock host.  [default: run, or host]"
        ),
        click.option("--socket", "path", type=click.Path(path_type=Path), metavar="PATH", help="Its admin socket."),
    ):
        function = option(function)
    return function


@click.command()
@_command
def status(*, path: Path | None, kind: str | None, as_json: bool) -> None:
    """Show how a running gateway or host stands."""
    _ask("status", path, kind, as_json=as_json)


@click.command()
@_command
def reload(*, path: Path | None, kind: str | None, as_json: bool) -> int:
    """Have a running gateway read its configuration again; on an error it keeps the old one."""
    try:
        _ask("reload", path, kind or "run", as_json=as_json)
    except AdminError as error:
        # One line per fault of the configuration, as 'check' tells them.
        faults = str(error).splitlines()
        in_a_file = any(re.match(r".+:\d+: ", fault) for fault in faults)
        for fault in faults:
            complain(fault, place=in_a_file)
        complain("not reloaded; all stays as it was")
        return 2
    return 0


@click.command()
@_command
def report(*, path: Path | None, kind: str | None, as_json: bool) -> None:
    """Have a running mock host write what terminals did wrong so far (host --certify, --report)."""
    _ask("report", path, kind or "host", as_json=as_json)


@click.command()
@_command
def drain(*, path: Path | None, kind: str | None, as_json: bool) -> None:
    """Have a running gateway or host finish what is in flight, and stop."""
    _ask("drain", path, kind, as_json=as_json)


def _ask(verb: str, path: Path | None, kind: str | None, *, as_json: bool) -> None:
    """Ask the process, and print what it says."""
    from iso_gateway.admin.client import call

    said = call(path or find(kind), verb)
    if as_json:
        say_json(said)
    else:
        if said.get("faults"):
            from iso_gateway.cli.fault import line_of

            say("MISBEHAVES ON PURPOSE (iso-gateway fault):")
            for row in said.pop("faults"):
                say(f"  {line_of(row)}")
        for line in readable(said):
            say(line)


def find(kind: str | None) -> Path:
    """Return the admin socket of the one process of *kind* that runs; without a kind, a gateway goes before a host.

    Raises:
        NoConnection: none runs.
        ConfigError: several do.
    """
    from iso_gateway.admin.places import find_sockets

    for each in (kind,) if kind else KINDS:
        found = find_sockets(each)
        if len(found) == 1:
            return found[0]
        if found:
            listed = ", ".join(map(str, found))
            what = f"{len(found)} {NAMES[each]}s are running"
            raise ConfigError([Problem("", f"{what}; say which one with --socket: {listed}")])
    what = NAMES.get(kind or "", "gateway or mock host")
    raise NoConnection(f"no {what} of this user is running; one with a socket of its own is found by --socket")


def readable(said: dict[str, Any], indent: int = 0) -> Iterator[str]:
    """Yield *said* as lines for people: names in one column, what is inside something below it."""
    width = max((len(key) for key in said), default=0)
    left = " " * indent
    for key, value in said.items():
        name = key.replace("_", " ")
        match value:
            case dict() if value and any(isinstance(each, dict) for each in value.values()):
                yield f"{left}{name}"
                yield from readable(value, indent + 2)
            case dict():
                yield f"{left}{name:<{width}}  {_flat(value)}".rstrip()
            case list() if any(isinstance(each, dict) for each in value):
                yield f"{left}{name}"
                yield from (f"{left}  {_flat(each)}" for each in value)
            case list():
                yield f"{left}{name:<{width}}  {', '.join(map(str, value)) or 'none'}"
            case _:
                yield f"{left}{name:<{width}}  {_word(value)}".rstrip()


def _flat(value: Any) -> str:
    if not isinstance(value, dict):
        return str(value)
    return ", ".join(f"{key.replace('_', ' ')} {_word(each)}" for key, each in value.items()) or "none"


def _word(value: Any) -> str:
    return {True: "yes", False: "no", None: ""}.get(value, str(value)) if isinstance(value, bool | None) else str(value)
