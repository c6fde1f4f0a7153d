"""``iso-gateway host``: the mock host as a process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import click
from click.core import ParameterSource

from iso_gateway.cli.certify import Reporting, certify_options, spec_of_set
from iso_gateway.cli.hostlog import HostLog
from iso_gateway.cli.options import Seconds, Speed, framing_option, spec_option
from iso_gateway.cli.protecting import protection_of, protection_options
from iso_gateway.cli.tls import tls_listening
from iso_gateway.errors import AdminError, CannotCarry, ConfigError

if TYPE_CHECKING:
    import trio

    from iso_gateway.host.server import HostServer
    from iso_gateway.net.address import Address
    from iso_gateway.net.tls import ServerTLS
    from iso_gateway.traffic.server import RecordedHost

MOST_ROWS: Final = 20_000
"""Transactions that one answer of the admin socket has: at less than 500 bytes each, it stays far below its bound."""


@click.command()
@click.option("--port", required=True, type=click.IntRange(0, 65535), help="Where to listen; 0 lets the system choose.")
@click.option("--bind", default="127.0.0.1", show_default=True, metavar="HOST", help="0.0.0.0 listens everywhere.")
@spec_option
@framing_option
@click.option(
    "--late", default=45.0, show_default=True, type=Seconds(0, 3600), help="Seconds that a late answer takes."
)
@click.option(
    "--not-found",
    type=click.Choice(["00", "25"]),
    help="What a reversal without its original gets.  [default: the dialect's]",
)
@click.option(
    "--refuse-reversals",
    default="",
    metavar="CODE",
    help="Refuse every reversal with this code of 1987: 12, 30, 64, 94 ...",
)
@click.option(
    "--cut-over",
    default="00:00",
    show_default=True,
    metavar="HH:MM",
    help="From when on it is tomorrow's business date, in UTC; links are told.",
)
@click.option(
    "--connections",
    default=16_384,
    show_default=True,
    type=click.IntRange(1, 100_000),
    help="Links at a time; one more is closed.",
)
@protection_options
@click.option(
    "--keys-of",
    type=click.Choice(["terminal", "zone"]),
    default="terminal",
    show_default=True,
    help="Whose keys protect messages: the terminals' own, or, behind a gateway, those of the zone.",
)
@click.option(
    "--log-format", type=click.Choice(["text", "json"]), default="text", show_default=True, help="One line per event."
)
@click.option("--show", is_flag=True, help="Log each message whole, as 'decode' shows it: masked.")
@click.option(
    "--scenario",
    default="",
    type=click.Path(),
    metavar="FILE",
    help="Answer, and misbehave, by the rules of this file.",
)
@click.option("--seed", default="", metavar="SEED", help="What all chance of the scenario is made from.")
@click.option(
    "--replay",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Answer what this recording answered, nothing else.",
)
@click.option("--speed", type=Speed(), default="1x", show_default=True, help="Of recorded answers: 1x, 2x, max.")
@certify_options
@tls_listening
def host(
    *,
    port: int,
    bind: str,
    spec_name: str,
    framing_name: str,
    late: float,
    not_found: Literal["00", "25"] | None,
    refuse_reversals: str,
    cut_over: str,
    connections: int,
    mac: str,
    covers: str,
    pin_format: str,
    ksn: str,
    exchange: str,
    keys: str,
    keys_of: str,
    log_format: str,
    show: bool,
    scenario: str,
    seed: str,
    replay: Path | None,
    speed: float,
    set_name: str,
    folder: Path | None,
    tls: ServerTLS | None,
) -> int:
    """Run the mock host: it authorizes, remembers, and misbehaves when the amount asks for it.

    Sales and preauths that end in .05, .51 or .54 are declined, .68 and .69 get no answer, .70 a late one, .71 and .72
    lose the connection; .67 gets no answer, and its reversal is refused. SIGTERM ends it after what is late was
    answered.

    With `--certify` terminals are put through the cases of a set, and with `--report` alone through the checks of every
    message, and what a scenario expects is judged too; the report is printed at the end. Exits 1 when a terminal did
    something wrong.
    """
    import msgspec
    import trio

    from iso_gateway.catalog import load_spec
    from iso_gateway.host.server import HostServer, unseen
    from iso_gateway.host.settings import HostSettings
    from iso_gateway.net.address import Address
    from iso_gateway.net.collecting import collect_seldom
    from iso_gateway.net.files import make_room
    from iso_gateway.settings import read

    if replay is not None:
        from iso_gateway.cli.replayed_host import serve_recording

        serve_recording(replay, Address(bind, port), speed, log_format)
        return 0
    said = click.get_current_context().get_parameter_source
    if said("speed") is not ParameterSource.DEFAULT:
        raise click.UsageError("--speed is that of recorded answers: say with --replay which ones, or leave it out")
    if set_name and said("spec_name") is ParameterSource.DEFAULT:
        spec_name = spec_of_set(set_name)
    given = {
        "spec": spec_name,
        "framing": framing_name,
        "late_seconds": late,
        "reversal_not_found": not_found or "",
        "refuse_reversals": refuse_reversals,
        "cut_over": cut_over,
        "connections": connections,
        "keys": keys,
        "keys_of": keys_of,
        "scenario": scenario,
        "seed": seed,
    }
    settings, problems = read(HostSettings, given)
    if settings is None:
        raise ConfigError(problems)
    protection = protection_of(mac, covers, pin_format, ksn, exchange)
    settings = msgspec.structs.replace(settings, protection=protection)
    log = HostLog(log_format)
    server = HostServer.of(settings, log=log, tls=tls, tap=log.shown(load_spec(spec_name)) if show else unseen)
    short = make_room(connections)
    reporting = Reporting(server, set_name, folder, log) if set_name or folder is not None or server.judge else None

    over = ", TLS" if tls is not None else ""

    def ready(bound: Address, socket: Path) -> None:
        collect_seldom()
        log.gather()
        if short:
            log("no room", {"cause": short})
        if log_format == "json":
            log("ready", {"listening": str(bound), "admin": str(socket)})
        else:
            click.echo(f"listening on {bound} ({spec_name}, {framing_name}{over}), admin socket {socket}", err=True)

    def understood(stop: trio.Event) -> dict[str, Any]:
        return verbs(server, stop) | ({} if reporting is None else {"report": reporting.verb})

    async def serve() -> int:
        try:
            await run_host(server, Address(bind, port), ready, understood)
        finally:
            log.flush()
        return 0 if reporting is None else reporting.end()

    return trio.run(serve)


async def run_host(
    server: HostServer | RecordedHost,
    address: Address,
    ready: Callable[[Address, Path], None],
    verbs: Callable[[trio.Event], dict[str, Any]],
) -> None:
    """Serve until SIGTERM, SIGINT or the admin socket's drain; *verbs* are what that socket understands."""
    import signal

    import trio

    from iso_gateway.admin.places import socket_path
    from iso_gateway.admin.server import serve_admin

    stop = trio.Event()
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as received:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_obey, received, stop, nursery.cancel_scope)
            bound = await nursery.start(server.run, address)
            path = socket_path("host", bound.port)
            target = {"test": True, "listening": str(bound)}
            await nursery.start(serve_admin, path, verbs(stop) | {"target": lambda _arguments: target})
            ready(bound, path)
            await stop.wait()
            await server.drain()
            nursery.cancel_scope.cancel()


async def _obey(received: AsyncIterator[int], stop: trio.Event, everything: trio.CancelScope) -> None:
    """Begin to stop at the first signal, and stop at once at the second."""
    async for _ in received:
        if stop.is_set():
            everything.cancel()
        stop.set()


def verbs(server: HostServer, stop: trio.Event) -> dict[str, Any]:
    """Return what the admin socket of a running host understands."""
    from iso_gateway.protocol.kinds import Kind

    def drain(_arguments: dict[str, Any]) -> dict[str, Any]:
        stop.set()
        return {"links": len(server.status()["links"])}

    def announce(arguments: dict[str, Any]) -> dict[str, Any]:
        if arguments.get("kind") == "key_change":
            try:
                return {"links": server.change_keys()}
            except CannotCarry as error:
                raise AdminError(str(error)) from None
        kinds = {"echo": Kind.ECHO, "cut_over": Kind.CUT_OVER}
        kind = kinds.get(str(arguments.get("kind", "")))
        if kind is None:
            raise AdminError(f"kind: one of {', '.join(kinds)}, key_change expected")
        return {"links": server.announce(kind, advice=arguments.get("advice") is True)}

    def ledger(arguments: dict[str, Any]) -> dict[str, Any]:
        since, most = arguments.get("since", 0), arguments.get("most", MOST_ROWS)
        if not (isinstance(since, int) and isinstance(most, int) and since >= 0 <= most):
            raise AdminError("since, most: whole numbers expected, 0 at least")
        return server.ledger(since, min(most, MOST_ROWS))

    return {
        "announce": announce,
        "status": lambda _arguments: server.status(),
        "ledger": ledger,
        "drain": drain,
        **server.fault_verbs(),
    }
