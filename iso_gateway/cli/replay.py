"""``iso-gateway replay``: the clients' side of a recording, played to a test host."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from iso_gateway.cli.options import Seconds, Speed, json_option
from iso_gateway.cli.output import complain, say, say_json
from iso_gateway.errors import ConfigError, IsoGatewayError, Problem

if TYPE_CHECKING:
    from iso_gateway.inspect.differing import Difference
    from iso_gateway.inspect.redacting import Redactor
    from iso_gateway.net.address import Address
    from iso_gateway.traffic.recorded import Recording
    from iso_gateway.traffic.replaying import Player
    from iso_gateway.traffic.rewriting import Rewrite

TARGETS: Final = "ISO_GATEWAY_TEST_TARGETS"
"""The variable with the addresses that are test targets, separated by spaces."""
_LOOPBACK: Final = {"127.0.0.1": "0.0.0.0", "::1": "::"}  # noqa: S104 -- compared with, not listened at
"""Where a process of this machine is reached, and what it listens at if that is everywhere."""


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--to", "address", required=True, metavar="HOST:PORT", help="The host: a test target.")
@click.option(
    "--test-target",
    "targets",
    multiple=True,
    envvar=TARGETS,
    metavar="HOST:PORT",
    help=f"An address that may be played to, beside this user's mock hosts.  [env: {TARGETS}]",
)
@click.option("--speed", type=Speed(), default="1x", show_default=True, help="1x as recorded, 2x, max.")
@click.option(
    "--rewrite",
    default="stan,time,rrn",
    show_default=True,
    metavar="LIST",
    help="What is made anew: stan, time, rrn; none sends all as recorded.",
)
@click.option("--diff", is_flag=True, help="Tell what differs in each answer, by path.")
@click.option("--ignore", default="", metavar="PATHS", help="Where answers may differ besides: 15,55.91,60.")
@click.option("--spec", "spec_name", default="", metavar="NAME|FILE", help="Another spec than the recording names.")
@click.option(
    "--timeout", default=30.0, show_default=True, type=Seconds(0.001, 86400), help="Seconds that an answer may take."
)
@json_option
def replay(
    *,
    file: Path,
    address: str,
    targets: tuple[str, ...],
    speed: float,
    rewrite: str,
    diff: bool,
    ignore: str,
    spec_name: str,
    timeout: float,
    as_json: bool,
) -> int:
    """Send the requests of a recording again, and compare the answers with those recorded.

    Only a test target is played to: a running mock host of this user on this machine, or an address that
    --test-target names. MACs of a redacted recording are blank, and those of any other fit no longer once something is
    rewritten.

    Exits 0 when every answer is as recorded, 1 when one is not.
    """
    import secrets

    import trio

    from iso_gateway.cli.replayed_host import dialect_of
    from iso_gateway.net.address import Address
    from iso_gateway.traffic.recorded import read_recording
    from iso_gateway.traffic.replaying import Player
    from iso_gateway.traffic.rewriting import LAST_STAN, Rewriter

    what = _rewritten(rewrite)
    to = Address.parse(address)
    if to.host == "localhost":
        to = to._replace(host="127.0.0.1")
    check_target(to, targets)
    recording = read_recording(file, spec_name)
    rewriter = Rewriter(what, dialect_of(recording), secrets.randbelow(LAST_STAN) + 1)
    ignored = [path.strip() for path in ignore.split(",") if path.strip()]

    async def run() -> Player:
        player = Player(recording, to, rewriter, _redactor(recording), speed=speed, patience=timeout, ignore=ignored)
        await player.run()
        return player

    player = trio.run(run)
    _tell(player, diff=diff, as_json=as_json)
    return 1 if player.findings() else 0


def check_target(address: Address, targets: tuple[str, ...]) -> None:
    """Refuse an address that is not known to be a test target.

    Raises:
        ConfigError: neither is it one of *targets*, nor says a running mock host of this user that it is at it.
    """
    from iso_gateway.net.address import Address

    if address in [Address.parse(each) for each in targets] or _is_a_mock_host(address):
        return
    raise ConfigError(
        [
            Problem(
                "",
                f"{address} is not known to be a test target, and nothing recorded is sent to what may charge cards: "
                f"no mock host of this user listens there. If it is a test host, say --test-target {address}, or "
                f"name it in {TARGETS}",
            )
        ]
    )


def _is_a_mock_host(address: Address) -> bool:
    """Return whether a running process of this user says by its admin socket that it is a test target at *address*."""
    from iso_gateway.admin.client import call
    from iso_gateway.admin.places import find_sockets
    from iso_gateway.net.address import Address

    if address.host not in _LOOPBACK:
        return False
    try:
        path = next((each for each in find_sockets("host") if each.name == f"host-{address.port}.sock"), None)
        said = call(path, "target") if path is not None else {}
        listening = Address.parse(str(said.get("listening", "")))
    except IsoGatewayError:
        return False
    fits = listening.host in {address.host, _LOOPBACK[address.host]}
    return said.get("test") is True and listening.port == address.port and fits


def _rewritten(text: str) -> set[Rewrite]:
    """Return what ``--rewrite`` names.

    Raises:
        ConfigError: a word that is none of it.
    """
    from iso_gateway.traffic.rewriting import Rewrite

    words = [word.strip() for word in text.split(",") if word.strip()]
    if words == ["none"]:
        return set()
    known = [str(each) for each in Rewrite]
    if not words or (strange := [word for word in words if word not in known]):
        raise ConfigError(
            [Problem("rewrite", f"{strange[0] if words else text!r}: stan, time, rrn with commas, or none expected")]
        )
    return {Rewrite(word) for word in words}


def _redactor(recording: Recording) -> Redactor | None:
    """Return what makes answers of now like those of *recording*, if that is redacted."""
    import secrets

    from iso_gateway.inspect.cards import Cards
    from iso_gateway.inspect.redacting import Redactor, card_numbers

    if not recording.header.redacted:
        return None
    cards = Cards(secrets.token_bytes(32))
    for entry in recording.entries:
        if entry.message is not None:
            for number in card_numbers(entry.message):
                cards.keep(number)
    return Redactor(cards)


def _tell(player: Player, *, diff: bool, as_json: bool) -> None:
    """Print what came of it."""
    from iso_gateway.codec.describe import summary

    findings, counts = player.findings(), player.counts()
    says = {each.exchange.request.number: summary(each.exchange.message) for each in player.played}
    if as_json:
        rows = [
            {"line": each.line, "request": says[each.line], "what": each.what}
            | ({"differences": [_row(one) for one in each.differences]} if each.differences else {})
            for each in findings
        ]
        say_json(counts | {"findings": rows})
        return
    for each in findings:
        say(f"line {each.line}: {says[each.line]}: {each.what}")
        if diff:
            for one in each.differences:
                say(f"    {_words(one)}")
    told = f"{counts['recorded']} requests recorded, {counts['sent']} sent, {counts['answered']} answered"
    say(f"{told}: {counts['as_recorded']} as recorded, {counts['otherwise']} otherwise")
    if counts["left_out"]:
        complain(f"{counts['left_out']} lines cannot be played: bytes that are no message, answers to the host")
    if counts["unasked"]:
        complain(f"{counts['unasked']} messages of the host answered nothing that was asked")
    if any(each.differences for each in findings) and not diff:
        complain("--diff tells what differs")


def _row(difference: Difference) -> dict[str, Any]:
    return {
        "path": difference.path,
        "name": difference.name,
        "recorded": difference.left,
        "now": difference.right,
    }


def _words(difference: Difference) -> str:
    name = f"{difference.path} {difference.name}".strip()
    if difference.hidden:
        return f"{name}: differs (masked: {difference.left})"
    return f"{name}: {difference.right or 'nothing'}, recorded {difference.left or 'nothing'}"
