"""The command ``iso-gateway``.

Exit codes, everywhere: 0 fine, 1 a finding (declined, broken message), 2 wrong usage or configuration, 3 no
connection, 4 no answer in time. Results go to stdout, complaints to stderr; ``--json`` is one object on one line, the
last on stdout. What is heavy is loaded by the command that needs it.
"""

from __future__ import annotations

import sys

import click

from iso_gateway.cli.lazy import Lazy, LazyGroup

COMMANDS = {
    "demo": Lazy("iso_gateway.cli.demo:demo", "gateway, mock host and terminals on loopback, and the proof"),
    "init": Lazy("iso_gateway.cli.run:init", "write a commented configuration"),
    "check": Lazy("iso_gateway.cli.run:check", "tell everything that is wrong with a configuration"),
    "run": Lazy("iso_gateway.cli.run:run", "run the gateway"),
    "status": Lazy("iso_gateway.cli.admin:status", "how a running gateway or host stands"),
    "reload": Lazy("iso_gateway.cli.admin:reload", "have a running gateway read its configuration again"),
    "report": Lazy("iso_gateway.cli.admin:report", "have a running mock host report on its terminals"),
    "drain": Lazy("iso_gateway.cli.admin:drain", "have a running gateway or host finish and stop"),
    "owed": Lazy("iso_gateway.cli.office.owed:owed", "what is owed to hosts, and what an operator does about it"),
    "batch": Lazy("iso_gateway.cli.office.batch:batch", "what terminals settled, and where not all agree"),
    "txn": Lazy("iso_gateway.cli.office.txn:txn", "find transactions, and tell what happened to one"),
    "keys": Lazy("iso_gateway.cli.keys.command:keys", "begin a key store, and see to the keys in it"),
    "journal": Lazy("iso_gateway.cli.journal:journal", "archive or check the journal's file"),
    "host": Lazy("iso_gateway.cli.host:host", "run the mock host"),
    "fault": Lazy("iso_gateway.cli.fault:fault", "have a running host or test link misbehave on purpose"),
    "send": Lazy("iso_gateway.cli.send:send", "send one terminal transaction"),
    "replay": Lazy("iso_gateway.cli.replay:replay", "send a recording's requests to a test host, and compare"),
    "fleet": Lazy("iso_gateway.cli.fleet.command:fleet", "many terminals at a given rate, and the verdict"),
    "record": Lazy("iso_gateway.cli.record:record", "pass on what two peers say, and write it down redacted"),
    "simulate": Lazy("iso_gateway.cli.simulate:simulate", "a day of a fleet with faults, and the invariants checked"),
    "decode": Lazy("iso_gateway.cli.message:decode", "read a message from hex in any dress"),
    "explain": Lazy("iso_gateway.cli.explain:explain", "what a message says: coded values in words, every byte"),
    "diff": Lazy("iso_gateway.cli.diff:diff", "what differs between two messages, or a request and its answer"),
    "doctor": Lazy("iso_gateway.cli.doctor:doctor", "which framing and spec bytes fit, and which small edit of one"),
    "redact": Lazy("iso_gateway.cli.redact:redact", "messages that may be shared: test numbers for cards, no secrets"),
    "encode": Lazy("iso_gateway.cli.message:encode", "write a message as hex"),
    "pcap": Lazy("iso_gateway.cli.pcap:pcap", "read a capture: messages, pairs, latencies"),
    "wireshark": Lazy("iso_gateway.cli.wireshark:wireshark", "write a dissector for Wireshark from a spec"),
    "spec": Lazy("iso_gateway.cli.spec:spec", "specs: list, show, check, diff, import, export, vectors, stubs"),
}


VERSION = vars(sys.modules["iso_gateway"])["__version__"]
"""The face of the package says it; nothing inside imports the face."""


def _version(context: click.Context, _option: click.Parameter, asked: bool) -> None:  # noqa: FBT001 -- click's
    """Tell the version and the engine, where *asked*, and end."""
    if asked and not context.resilient_parsing:
        from iso_gateway import engines

        click.echo(f"iso-gateway {VERSION}\nengine: {engines.CHOICE}")
        context.exit()


@click.group(
    cls=LazyGroup,
    lazy=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 fine, 1 a finding (declined, broken message), 2 wrong usage or configuration, "
    "3 no connection, 4 no answer in time.",
)
@click.option(
    "--version", is_flag=True, expose_value=False, is_eager=True, callback=_version, help="Show the version and exit."
)
def main() -> None:
    """An ISO 8583 payment gateway, codec and mock host in which no transaction's outcome stays unknown."""
