"""``iso-gateway simulate``: a day of a fleet with faults, without a clock, and the invariants checked."""

from __future__ import annotations

import click

from iso_gateway.cli.options import json_option
from iso_gateway.cli.output import say, say_json


@click.command()
@click.option("--seed", required=True, type=click.IntRange(0), help="What everything is drawn from.")
@click.option(
    "--hours", default=1.0, show_default=True, type=click.FloatRange(0, 24 * 31, min_open=True), help="How long."
)
@click.option("--terminals", default=10, show_default=True, type=click.IntRange(1, 10_000), help="How many.")
@click.option(
    "--faults", type=click.Choice(["none", "mild", "harsh"]), default="mild", show_default=True, help="How bad."
)
@json_option
def simulate(*, seed: int, hours: float, terminals: int, faults: str, as_json: bool) -> None:
    """Simulate a fleet, its hosts and the gateway between them, and check that no money is lost.

    The same seed gives the same day, to the last byte. Exit code 1: an invariant is broken, or a kind of trouble did
    not come up in 400 terminal-hours or more; a break is told by its shortest story.
    """
    from iso_gateway.simulation.day import Plan
    from iso_gateway.simulation.faults import PROFILES
    from iso_gateway.simulation.report import simulate as live

    report = live(Plan(seed, hours, terminals, PROFILES[faults]))
    if as_json:
        if report.story is not None:
            for line in report.lines():
                click.echo(line, err=True)
        say_json(report.as_json())
    else:
        for line in report.lines():
            say(line)
    if not report.fine:
        raise SystemExit(1)
