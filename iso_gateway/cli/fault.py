"""``iso-gateway fault``: have a running mock host, or the links of an acquirer marked test, misbehave for a while."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from iso_gateway.cli.admin import NAMES
from iso_gateway.cli.options import json_option
from iso_gateway.cli.output import complain, say, say_json
from iso_gateway.errors import AdminError, ConfigError, NoConnection, Problem


def _known() -> str:
    """Return the vocabulary, a word on a line."""
    from iso_gateway.faults.grammar import WORDS

    width = max(len(word.form) for word in WORDS.values())
    return "\n".join(f"{word.form:<{width}}  {word.meaning}" for word in WORDS.values())


class _WithWords(click.Command):
    """A command whose help ends with the vocabulary."""

    def format_epilog(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the words, and what each does."""
        with formatter.section("Words"):
            for line in _known().splitlines():
                formatter.write(f"  {line}\n")


def _command(function: Callable[..., int | None]) -> Callable[..., int | None]:
    """Add the options that say which process is meant."""
    at = click.option(
        *("--at", "--host-admin", "--socket", "path"),
        type=click.Path(path_type=Path),
        metavar="SOCKET",
        help="Its admin socket.  [default: the only mock host, or else the only gateway, that runs]",
    )
    return json_option(at(function))


@click.group()
def fault() -> None:
    """Have a mock host or a link marked test misbehave on purpose.

    What is added strikes each answer that fits, and is over by itself: after 60 s, or as 'for=' says.

    \b
    iso-gateway fault add silence times=3 for=2m --match 'kind:sale amount:>5000'
    iso-gateway fault add 'delay=lognormal:200ms,2s wrong=stan|mac'
    iso-gateway fault add twice --acquirer bank
    iso-gateway fault list
    iso-gateway fault clear 2
    """  # noqa: D301 -- click's mark for lines that stay as they are


@fault.command(cls=_WithWords)
@click.argument("words", nargs=-1, required=True)
@click.option(
    "--match",
    default="",
    metavar="CONDITIONS",
    help="Which messages: kind:sale amount:>5000 terminal:TERM* nth:3 probability:0.1 39:00 ...  [default: all]",
)
@click.option(
    "--acquirer", default="", metavar="NAME", help="Of a gateway: whose links.  [default: the only one marked test]"
)
@_command
def add(*, words: tuple[str, ...], match: str, acquirer: str, path: Path | None, as_json: bool) -> int | None:
    """Have something go wrong from now on: WORDS, times=N, for=60s."""
    asked = {"fault": " ".join(words), "match": match, "acquirer": acquirer}
    return _ask("fault_add", path, as_json=as_json, kind="run" if acquirer else None, **asked)


@fault.command("list")
@_command
def list_(*, path: Path | None, as_json: bool) -> int | None:
    """List what goes wrong now, and what is left of it."""
    return _ask("fault_list", path, as_json=as_json)


@fault.command()
@click.argument("numbers", nargs=-1, type=click.IntRange(min=1))
@_command
def clear(*, numbers: tuple[int, ...], path: Path | None, as_json: bool) -> int | None:
    """End the faults NUMBERS, or all."""
    return _ask("fault_clear", path, as_json=as_json, numbers=list(numbers))


def _ask(verb: str, path: Path | None, *, as_json: bool, kind: str | None = None, **arguments: Any) -> int | None:
    from iso_gateway.admin.client import call

    try:
        said = call(path or _only(kind), verb, **arguments)
    except AdminError as error:
        for line in str(error).splitlines():
            complain(line)
        return 2
    if as_json:
        say_json(said)
        return None
    rows = said["faults"]
    if verb == "fault_clear":
        say(f"cleared {said['cleared']}")
    elif not rows:
        say("nothing goes wrong on purpose")
    for row in rows:
        if verb != "fault_add" or row["number"] == said["number"]:
            say(line_of(row))
    return None


def line_of(row: dict[str, Any]) -> str:
    """Return one fault in force as a line for people."""
    at = f" at {row['acquirer']}" if "acquirer" in row else ""
    match = f" for {row['match']}" if "match" in row else ""
    times = f" or {_times(row['times_left'])}" if "times_left" in row else ""
    struck = f"struck {_times(row['struck'])}" if row["struck"] else "not struck yet"
    return f"{row['number']}  {row['fault']}{at}{match}: {row['seconds_left']:g} s{times} left, {struck}"


def _times(number: int) -> str:
    return f"{number} time" if number == 1 else f"{number} times"


def _only(kind: str | None) -> Path:
    """Return the admin socket of the only process that runs: of both kinds the mock host, which is there for that.

    Raises:
        NoConnection: none runs.
        ConfigError: several do.
    """
    from iso_gateway.admin.places import find_sockets

    for found in ([find_sockets("host")] if kind is None else []) + [find_sockets(kind)]:
        if len(found) == 1:
            return found[0]
    if found:
        listed = ", ".join(map(str, found))
        raise ConfigError([Problem("", f"{len(found)} processes are running; say which one with --at: {listed}")])
    raise NoConnection(f"no {NAMES.get(kind or '', 'gateway or mock host')} of this user is running")
