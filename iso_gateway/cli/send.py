"""``iso-gateway send``: one terminal transaction."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from click.core import ParameterSource

from iso_gateway.cli.lazy import interrupted, told
from iso_gateway.cli.options import Seconds, framing_option, json_option, spec_option
from iso_gateway.cli.output import complain, say, say_json
from iso_gateway.errors import ConfigError, NoAnswer, NoConnection, Problem, SpecError, did_you_mean

if TYPE_CHECKING:
    from iso_gateway.framing import Framing
    from iso_gateway.net.address import Address
    from iso_gateway.protocol.dialect import Dialect
    from iso_gateway.terminal.orders import Prepared
    from iso_gateway.terminal.result import Result

VERBS: Final = ("sale", "void", "refund", "reversal", "advice", "logon", "echo")
EXITS: Final = {"approved": 0, "declined": 1, "not_sent": 3, "unknown": 4}
"""By what is known of the request."""
_SAME_WAY: Final = frozenset({"address", "spec_name", "framing_name", "terminal", "merchant", "timeout", "state"})
"""The parameters that say who sends how, and not what."""


def _known(context: click.Context, _parameter: click.Parameter, verb: str | None) -> str:
    """Return *verb*, or say which one may be meant."""
    if verb in VERBS:
        return verb
    near = did_you_mean(verb, VERBS) if verb else ""
    said = f"nothing to send is called {verb!r}{near}" if verb else "what is to be sent?"
    raise click.UsageError(f"{said} ({', '.join(VERBS)})", context)


@click.command()
@click.argument("verb", required=False, callback=_known, metavar="|".join(VERBS))
@click.option("--to", "address", required=True, metavar="HOST:PORT", help="The gateway's listener, or a host.")
@spec_option
@framing_option
@click.option("--amount", default="", metavar="12.34", help="In the currency's own units; else the original's.")
@click.option("--pan", default="", metavar="DIGITS", help="The card number.  [default: a published test number]")
@click.option("--terminal", default="TERM0001", show_default=True, help="DE 41.")
@click.option("--merchant", default="MERCHANT0000001", show_default=True, help="DE 42.")
@click.option("--currency", default="", metavar="CODE", help="ISO 4217.  [default: the original's, or USD]")
@click.option("--original", default="", metavar="RRN|last", help="The earlier transaction that this one is about.")
@click.option("--timeout", default=60.0, show_default=True, type=Seconds(0.001, 86400), help="Seconds.")
@click.option("--state", metavar="FILE", type=click.Path(path_type=Path), help="Where STAN and results are kept.")
@json_option
def send(
    *,
    verb: str,
    address: str,
    spec_name: str,
    framing_name: str,
    amount: str,
    pan: str,
    terminal: str,
    merchant: str,
    currency: str,
    original: str,
    timeout: float,
    state: Path | None,
    as_json: bool,
) -> int:
    """Send one terminal transaction, and print the answer.

    `--original last` is the latest approved sale, refund, preauth or completion of this terminal; for a reversal it is
    the latest request that moved money, whatever became of it. An advice without an original is a sale that was
    approved offline.

    Exits 0 when approved, 1 when declined, 3 when nothing could be sent, 4 when the outcome is unknown.
    """
    from iso_gateway.net.clock import read_system
    from iso_gateway.terminal import state as memory
    from iso_gateway.terminal.orders import Order, Verb, prepare
    from iso_gateway.terminal.result import settled
    from iso_gateway.terminal.scripts import Till

    dialect, framing = spoken(spec_name, framing_name)
    at = _address(address)
    till = Till(terminal, merchant)
    order = Order(Verb(verb), amount, pan, currency, original)
    path = state or memory.default_path(os.environ, Path.home())
    _, wall = read_system()
    with memory.opened(path) as notebook:
        prepared = prepare(dialect, till, notebook.memory(till, wall), order, wall.astimezone())
    result = _exchanged(dialect, framing, at, prepared, timeout)
    try:
        with memory.opened(path) as notebook:
            notebook.memory(till, wall).note(settled(prepared.sent, result))
    except ConfigError as error:
        told(error)  # whatever became of the file: the outcome must be seen
    _show(result, _reversing(), as_json=as_json)
    return EXITS[str(result.outcome)]


def _address(text: str) -> Address:
    """Return where to send.

    Raises:
        ConfigError: *text* is no address.
    """
    from iso_gateway.net.address import Address

    try:
        return Address.parse(text)
    except ConfigError as error:
        raise ConfigError([Problem("to", problem.message) for problem in error.problems]) from error


def _reversing() -> str:
    """Return the command that reverses what this one sent: the same way and the same terminal."""
    context = click.get_current_context()
    words = ["iso-gateway", "send", "reversal"]
    for parameter in context.command.params:
        given = context.get_parameter_source(parameter.name or "") is ParameterSource.COMMANDLINE
        if given and parameter.name in _SAME_WAY:
            words += [parameter.opts[0], str(context.params[parameter.name])]
    return shlex.join([*words, "--original", "last"])


def spoken(spec_name: str, framing_name: str) -> tuple[Dialect, Framing]:
    """Return how a terminal speaks.

    Raises:
        SpecError: there is no such spec or framing, or the spec names no profile.
    """
    from iso_gateway.catalog import load_profile, load_spec
    from iso_gateway.framing import Framing
    from iso_gateway.protocol.dialect import Dialect
    from iso_gateway.terminal.result import for_terminals

    spec = load_spec(spec_name)
    if not spec.profile:
        raise SpecError([Problem("profile", "missing: it says what a sale looks like in this spec")], spec_name)
    return for_terminals(Dialect(spec, load_profile(spec.profile))), Framing.parse(framing_name)


def _exchanged(dialect: Dialect, framing: Framing, at: Address, prepared: Prepared, timeout: float) -> Result:
    """Return what became of a request that is sent now."""
    import trio

    from iso_gateway.terminal.client import ask
    from iso_gateway.terminal.result import of_answer, of_silence

    kind, message = prepared.kind, prepared.message
    try:
        answer = trio.run(ask, at, framing, dialect.spec, message, timeout)
    except NoConnection as error:
        complain(f"{error}; nothing was sent")
        return of_silence(dialect, kind, message, str(error), sent=False)
    except NoAnswer as error:
        complain(f"if this never works: does {at} speak {dialect.spec.name} in {framing} frames? (--spec, --framing)")
        return of_silence(dialect, kind, message, str(error))
    except KeyboardInterrupt:
        return of_silence(dialect, kind, message, "interrupted")
    except BaseExceptionGroup as group:
        if not interrupted(group):
            raise
        return of_silence(dialect, kind, message, "interrupted")
    return of_answer(dialect, kind, message, answer)


def _show(result: Result, reversing: str, *, as_json: bool) -> None:
    """Print what became of it."""
    lines = result.lines(reversing)
    if as_json:
        for line in lines[1:]:
            complain(line)
        say_json(result.as_json())
    elif str(result.outcome) != "not_sent":
        for line in lines:
            say(line)
