"""``iso-gateway txn``: transactions in the journal, found and told."""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import click

from iso_gateway.cli.office.journal import ask, reach
from iso_gateway.cli.options import json_option
from iso_gateway.cli.output import say, say_json

STATES: Final = (
    *("sending", "answered", "done", "declined", "noted", "not-sent", "unconfirmed"),
    *("owes-reversal", "owes-repeat", "reversed", "stuck", "written-off", "tombstone"),
)
"""`records.RowState`, as one word each."""


class Since(click.ParamType):  # type: ignore[type-arg,unused-ignore]
    """A moment: ``90m``, ``2h``, ``3d`` ago, or an ISO date with or without a time, UTC."""

    name = "when"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return *value* as an ISO 8601 text in UTC."""
        ago = re.fullmatch(r"(\d{1,6})([mhd])", value)
        if ago is not None:
            from iso_gateway.net.clock import read_system

            unit = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}[ago[2]]
            return (read_system()[1] - int(ago[1]) * unit).isoformat()
        try:
            said = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no moment: 90m, 2h, 3d, 2026-11-20 or 2026-11-20T14:30 expected.", param, ctx)
        return (said if said.tzinfo is not None else said.replace(tzinfo=UTC)).isoformat()


@click.group()
def txn() -> None:
    """Find transactions in the journal, and tell what happened to one."""


@txn.command("list")
@reach
@click.option("--rrn", default="", help="DE 37.")
@click.option("--stan", default="", help="DE 11 as the terminal sent it.")
@click.option("--terminal", default="", help="DE 41.")
@click.option("--merchant", default="", help="DE 42.")
@click.option(
    "--pan",
    is_flag=False,
    flag_value="-",
    metavar="-",
    help="Ask for a card number, or read it from a pipe; it is compared by its keyed hash.",
)
@click.option("--amount", type=int, help="In minor units: 1234 for 12.34.")
@click.option("--state", "states", multiple=True, type=click.Choice(STATES), help="May be given several times.")
@click.option("--kind", "kinds", multiple=True, help="sale, void, refund, ...; may be given several times.")
@click.option("--flagged", is_flag=True, help="Only what is marked for the back office.")
@click.option("--since", type=Since(), metavar="WHEN", help="90m, 2h, 3d, or an ISO date or time, UTC.")
@click.option("--until", type=Since(), metavar="WHEN", help="As --since.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@click.option("--after", default="", metavar="ID", help="Go on behind this one.")
@json_option
def list_(
    *, config: Path, socket: Path | None, pan: str | None, states: tuple[str, ...], as_json: bool, **wanted: Any
) -> int:
    """List the transactions that fit, the newest first.

    The exit code is 1 where none does.

    \b
    iso-gateway txn list --terminal TERM0001 --since 2h
    iso-gateway txn list --state owes-reversal --state stuck
    iso-gateway txn list --pan - --amount 1234
    """  # noqa: D301 -- click's mark for lines that stay as they are
    arguments = {name: value for name, value in wanted.items() if value}
    if states:
        arguments["states"] = [state.replace("-", " ") for state in states]
    if "kinds" in arguments:
        arguments["kinds"] = [kind.replace("-", "_") for kind in arguments["kinds"]]
    if pan is not None:
        arguments["pan"] = asked_for_pan(pan)
    said = ask("txn.list", config, socket, **arguments)
    if as_json:
        say_json(said)
    else:
        for line in listed(said):
            say(line)
    return 0 if said["transactions"] else 1


def asked_for_pan(given: str) -> str:
    """Return a card number that is typed unseen, or read from a pipe.

    Raises:
        UsageError: it is no card number, or was *given* where the shell's history and the list of processes show it.
    """
    if given != "-":
        raise click.UsageError("a card number is not given as an argument, where others see it: --pan - asks for it")
    typed = click.prompt("card number", hide_input=True, err=True) if sys.stdin.isatty() else sys.stdin.readline()
    pan = "".join(typed.split())
    if not (12 <= len(pan) <= 19 and pan.isascii() and pan.isdecimal()):
        raise click.UsageError("a card number of 12 to 19 digits expected")
    return pan


def listed(said: dict[str, Any]) -> list[str]:
    """Return the list of transactions as lines."""
    import msgspec

    from iso_gateway.cli.office import tables
    from iso_gateway.office.views import Transaction

    lines = list(tables.transactions(msgspec.convert(said["transactions"], list[Transaction])))
    if said["next"]:
        lines.append(f"more: --after {said['next']}")
    return lines or ["no transaction fits"]


@txn.command(short_help="Tell what happened to one transaction, and why.")
@reach
@click.argument("row", metavar="ID")
@click.option("--mermaid", is_flag=True, help="As a sequence diagram in Mermaid.")
@json_option
def show(*, config: Path, socket: Path | None, row: str, mermaid: bool, as_json: bool) -> None:
    """Tell what happened to one transaction, over both legs, with each decision and its reason.

    \b
    iso-gateway txn show 261120120000a1b2-7
    iso-gateway txn show 261120120000a1b2-7 --mermaid > story.mmd
    """  # noqa: D301 -- click's mark for lines that stay as they are
    said = ask("txn.show", config, socket, id=row)
    if as_json:
        say_json(said)
        return
    import msgspec

    from iso_gateway.cli.office import tables
    from iso_gateway.office.mermaid import diagram
    from iso_gateway.office.views import Shown

    it = msgspec.convert(said, Shown)
    for line in [diagram(it)] if mermaid else tables.shown(it):
        say(line)
