"""``iso-gateway fleet``: many terminals at a given rate, and the verdict."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from iso_gateway.cli.options import Seconds, framing_option, spec_option
from iso_gateway.cli.output import complain, say
from iso_gateway.cli.pins import pin_given, pin_options
from iso_gateway.cli.protecting import protection_of, protection_options
from iso_gateway.cli.tls import tls_dialling
from iso_gateway.errors import ConfigError, Problem

if TYPE_CHECKING:
    from iso_gateway.cli.tls import Dialling
    from iso_gateway.terminal.fleet.verdict import Verdict

PLAIN_MIX: Final = "sale=80,void=5,refund=5,reversal=2,balance=8"
FINDING: Final = 1


@click.command()
@click.option("--to", "address", required=True, metavar="HOST:PORT", help="The gateway's listener, or a host.")
@click.option("--terminals", default=10, show_default=True, type=click.IntRange(1, 50_000), help="How many.")
@click.option("--rate", default=10.0, show_default=True, type=Seconds(0.01, 50_000), help="Transactions a second.")
@click.option("--duration", default=10.0, show_default=True, type=Seconds(0.1, 604_800), help="Seconds.")
@click.option("--mix", default=PLAIN_MIX, show_default=True, metavar="KIND=WEIGHT,...", help="What they send.")
@spec_option
@framing_option
@click.option(
    "--amounts",
    default="",
    metavar="1.00..9.99|9.68,...",
    help="A range, without magic cents, or these amounts, magic or not.  [default: small ones without magic cents]",
)
@click.option("--currency", default="USD", show_default=True, metavar="CODE", help="ISO 4217.")
@click.option("--pan", "pans", multiple=True, metavar="DIGITS", help="A card; repeatable.  [default: published tests]")
@click.option("--first-terminal", default="TERM0001", show_default=True, metavar="NAME", help="DE 41, counted upward.")
@click.option("--merchant", default="MERCHANT0000001", show_default=True, help="DE 42 of all of them.")
@click.option("--timeout", default=10.0, show_default=True, type=Seconds(0.01, 3600), help="Seconds for an answer.")
@click.option("--seed", default=1, show_default=True, type=int, help="Moments, kinds and terminals come from it.")
@click.option(
    "--slo", "objectives", default="", metavar="'p99<200ms,...'", help="Also p50, max, mean, unknown=0, rate."
)
@click.option("--json", "json_file", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False), help="Write it.")
@click.option(
    "--html", "html_file", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False), help="With plots."
)
@click.option(
    "--host-admin",
    metavar="SOCKET",
    type=click.Path(path_type=Path),
    help="Of the host with the other ledger.  [default: the only running host's]",
)
@protection_options
@pin_options
@tls_dialling
def fleet(
    *,
    address: str,
    terminals: int,
    rate: float,
    duration: float,
    mix: str,
    spec_name: str,
    framing_name: str,
    amounts: str,
    currency: str,
    pans: tuple[str, ...],
    first_terminal: str,
    merchant: str,
    timeout: float,
    seed: int,
    objectives: str,
    json_file: Path | None,
    html_file: Path | None,
    host_admin: Path | None,
    mac: str,
    covers: str,
    pin_format: str,
    ksn: str,
    exchange: str,
    keys: str,
    pin: str,
    pin_file: str,
    ask_pin: bool,
    dialling: Dialling,
) -> int:
    """Send transactions of many terminals at a given rate, whatever becomes of them, and judge what came.

    Each terminal is a real one: it signs on, counts its own STANs, and reverses what it got no answer to before its
    next transaction. Latency counts from when a transaction was due. At the end the terminals' ledger is compared with
    the mock host's, through its admin socket. Ctrl-C ends it with the results so far.

    Exits 0 when the ledgers agree, the rate was kept and the objectives are met; declines are no findings. 1 when
    not, 3 when no terminal could connect.
    """
    import trio

    from iso_gateway.cli.fleet.crew import Crew
    from iso_gateway.cli.fleet.host_ledger import HostLedger
    from iso_gateway.cli.fleet.live import driven
    from iso_gateway.cli.send import spoken
    from iso_gateway.net.address import Address
    from iso_gateway.net.clock import read_system
    from iso_gateway.net.files import make_room
    from iso_gateway.protocol.protection import Exchange
    from iso_gateway.terminal.amounts import currency_digits
    from iso_gateway.terminal.fleet.course import check_mix
    from iso_gateway.terminal.fleet.driver import Way
    from iso_gateway.terminal.fleet.purchases import Purchases, read_amounts, read_cards
    from iso_gateway.terminal.fleet.schedule import read_mix
    from iso_gateway.terminal.fleet.slo import read_slo
    from iso_gateway.terminal.fleet.verdict import Plan, Verdict

    dialect, framing = spoken(spec_name, framing_name)
    entered = pin_given("sale", pin, pin_file, ask=ask_pin, own_keys=bool(keys))
    protection = protection_of(mac, covers, pin_format or ("iso-0" if entered else ""), ksn, exchange)
    if protection.exchange not in (Exchange.NONE, Exchange.UNIONPAY):
        raise ConfigError(
            [Problem("exchange", f"{protection.exchange}: terminals take keys as unionpay has them alone")]
        )
    plan = Plan(address, spec_name, terminals, rate, duration, read_mix(mix), seed, read_slo(objectives))
    check_mix(plan.mix, dialect)
    digits = currency_digits(currency)
    purchases = Purchases(read_amounts(amounts, digits), digits, read_cards(pans))
    at = Address.parse(address)
    way = Way(dialect, framing, at, timeout, dialling.towards(at.host))
    crew = Crew(dialect, first_terminal, terminals, merchant, protection, keys, entered)
    course = crew.course(purchases, rate, read_system()[1])
    ledger = HostLedger.found(host_admin)
    if short := make_room(terminals):
        raise ConfigError([Problem("terminals", short)])
    run = trio.run(partial(driven, course, way, plan, live=sys.stderr.isatty()))
    agreement = trio.run(ledger.compared, course)
    verdict = Verdict(plan, run, course.tally, agreement, ledger.why)
    for line in verdict.lines():
        say(line)
    findings = verdict.findings()
    for finding in findings:
        complain(finding)
    _write(verdict, json_file, html_file)
    return FINDING if findings else 0


def _write(verdict: Verdict, json_file: Path | None, html_file: Path | None) -> None:
    """Write the files that were asked for.

    Raises:
        ConfigError: one cannot be written.
    """
    import msgspec

    from iso_gateway.terminal.fleet.page import page

    files = [("json", json_file, msgspec.json.encode(verdict.as_json()).decode() + "\n")]
    if html_file is not None:
        files.append(("html", html_file, page(verdict)))
    for option, path, text in files:
        if path is None:
            continue
        try:
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            reason = (error.strerror or "the system refused").lower()
            raise ConfigError([Problem(option, f"{path} cannot be written: {reason}")]) from error
