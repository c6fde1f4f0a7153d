"""``iso-gateway batch``: what terminals settled, and where not all agree."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from iso_gateway.cli.office.journal import ask, reach
from iso_gateway.cli.options import json_option
from iso_gateway.cli.output import say, say_json

if TYPE_CHECKING:
    from iso_gateway.office.batches import Differing, Shown
    from iso_gateway.protocol.batch import Totals


@click.group()
def batch() -> None:
    """Show what terminals settled, and where terminal, gateway and host do not agree."""


@batch.command(short_help="Show batches, and what differs in them.")
@reach
@click.argument("terminal", default="", metavar="[TERMINAL]")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="Batches in one answer.")
@json_option
def show(*, config: Path, socket: Path | None, terminal: str, limit: int, as_json: bool) -> int:
    """Show the batches of TERMINAL, or of all, the newest first: sums, and record by record what differs.

    \b
    POS only     the terminal has it, the gateway has no approval for it
    centre only  the gateway has it, the terminal did not tell it
    amount card  both have it, with another amount or card
    currency     it is not of the batch's currency, and in no sum
    totals       the sums differ, and nothing says where
    owed         a debt of this batch that only an operator can settle

    The exit code is 1 where something differs.

    \b
    iso-gateway batch show TERM0001
    """  # noqa: D301 -- click's mark for lines that stay as they are
    said = ask("batch.show", config, socket, terminal=terminal, limit=limit)
    if as_json:
        say_json(said)
    else:
        for line in listed(said):
            say(line)
    return 1 if any(each["differences"] for each in said["batches"]) else 0


def listed(said: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of what was *said*."""
    import msgspec

    from iso_gateway.office.batches import Shown

    batches = msgspec.convert(said["batches"], list[Shown])
    if not batches:
        yield "no batch was settled"
    for each in batches:
        yield from _told(each)


def _told(it: Shown) -> Iterator[str]:
    how = {True: "balanced", False: "not balanced", None: "not compared"}[it.balanced]
    whom = f"by {it.settled_by}" if it.settled_by else "by the gateway"
    yield f"{it.terminal}  batch {it.number}  {it.state}, {how} {whom}"
    for who, totals in (("terminal", it.pos), ("gateway", it.ours), ("host", it.host)):
        if totals is not None:
            yield f"    {who:9} {_sums(totals, it.currency)}"
    for each in it.differences:
        yield f"    {_differs(each, it.currency)}"
        yield f"        {each.proposal}"


def _sums(totals: Totals, currency: str) -> str:
    from iso_gateway.codec.currency import format_amount

    parts = (("debits", totals.debit_count, totals.debits), ("credits", totals.credit_count, totals.credits))
    return ", ".join(f"{what} {format_amount(amount, currency)} ({count})" for what, count, amount in parts)


def _differs(it: Differing, currency: str) -> str:
    from iso_gateway.codec.currency import format_amount

    pieces = [f"{it.what}:"]
    pieces += [f"STAN {it.stan}"] if it.stan else []
    pieces += [it.card] if it.card else []
    for who, amount in (("terminal", it.pos), ("gateway", it.ours), ("host", it.host)):
        if amount is not None:
            sign = "-" if amount < 0 else ""
            pieces.append(f"{who} {sign}{format_amount(abs(amount), currency)}")
    return "  ".join([*pieces, it.row] if it.row else pieces)
