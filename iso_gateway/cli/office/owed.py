"""``iso-gateway owed``: what is owed to hosts, and what an operator does about it."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Any

import click

from iso_gateway.cli.office.journal import ask, reach
from iso_gateway.cli.options import json_option
from iso_gateway.cli.output import complain, say, say_json


@click.group(invoke_without_command=True)
@reach
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True, help="Debts in one answer.")
@click.option("--after", default="", metavar="ID", help="Go on behind this one.")
@json_option
@click.pass_context
def owed(context: click.Context, *, config: Path, socket: Path | None, limit: int, after: str, as_json: bool) -> None:
    """List what is owed: reversals and repeats under way, debts that are stuck, and questions.

    \b
    owed      the gateway settles it by itself; NEXT says when it tries again
    stuck     the host refused it: resend or write-off
    question  approved, and nobody knows whether the terminal has its answer:
              its receipt decides. confirm, or reverse
    look      answered 25 without the host, which may know it: look there, confirm

    The exit code is 0 whether something is owed or not; of an act, 1 where it is refused.

    \b
    iso-gateway owed
    iso-gateway owed resend 261120120000a1b2-7 --reason "host is back"
    iso-gateway owed write-off 261120120000a1b2-7 --reason "refunded by hand"
    """  # noqa: D301 -- click's mark for lines that stay as they are
    context.obj = {"config": config, "socket": socket}
    if context.invoked_subcommand is not None:
        return
    said = ask("owed", config, socket, limit=limit, after=after)
    if as_json:
        say_json(said)
        return
    for line in listed(said):
        say(line)


def listed(said: dict[str, Any]) -> list[str]:
    """Return the list of debts as lines."""
    import msgspec

    from iso_gateway.cli.office import tables
    from iso_gateway.office.views import Debt

    rows = msgspec.convert(said["owed"], list[Debt])
    lines = [*tables.debts(rows), *tables.totals(said["totals"])]
    if not rows:
        lines = ["nothing is owed, and nothing is in question"]
    if said["next"]:
        lines.append(f"more: --after {said['next']}")
    if not said["running"]:
        lines.append("no gateway is running by this configuration: this is its journal")
    return lines


def _act(name: str, text: str) -> None:
    """Add the command of one act."""

    @owed.command(name, help=text, short_help=text.partition(".")[0])
    @click.argument("row", metavar="ID")
    @click.option("--reason", required=True, metavar="TEXT", help="Why; it is kept with your name in the audit.")
    @click.option("--who", default="", metavar="NAME", help="Who acts.  [default: your login]")
    @json_option
    @click.pass_obj
    def act(obj: dict[str, Any], *, row: str, reason: str, who: str, as_json: bool) -> int:
        said = ask("act", id=row, act=name, who=who or _login(), reason=reason, **obj)
        if as_json:
            say_json(said)
        elif said["done"]:
            say(f"{said['id']}: {said['text']}")
        else:
            complain(f"{said['id']}: {name} is not done: {said['text']}")
        return 0 if said["done"] else 1


def _login() -> str:
    """Return the name of whoever runs this."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in a container
        return "unknown"


_act("resend", "Send a debt again, now. One that is stuck is owed again.")
_act("write-off", "Close a stuck debt. Nothing is sent any more; the reason says who bears it.")
_act(
    "confirm",
    "Answer a question with yes. The terminal has its receipt, and the approval stands; or it was looked at.",
)
_act("reverse", "Answer a question with no. The terminal has no receipt, and the host is owed a reversal.")
_act(
    "resubmit",
    "Tell the host of an approval that it lost. The terminal has its receipt; the host gets an advice, once.",
)
