"""``iso-gateway send``: one terminal transaction."""

from __future__ import annotations

import os
import shlex
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import click
from click.core import ParameterSource

from iso_gateway.cli.lazy import interrupted, told
from iso_gateway.cli.options import Seconds, framing_option, json_option, spec_option
from iso_gateway.cli.output import complain, say, say_json
from iso_gateway.cli.pins import pin_given, pin_options
from iso_gateway.cli.protecting import PROTECTING, option_of, protection_of, protection_options
from iso_gateway.cli.tls import TLS_DIALLING, tls_dialling
from iso_gateway.errors import (
    ConfigError,
    KeyMaterialError,
    KsnError,
    NoAnswer,
    NoConnection,
    Problem,
    SpecError,
    did_you_mean,
)

if TYPE_CHECKING:
    from datetime import datetime

    from iso_gateway.cli.tls import Dialling
    from iso_gateway.codec.message import Message
    from iso_gateway.framing import Framing
    from iso_gateway.net.address import Address
    from iso_gateway.net.tls import ClientTLS
    from iso_gateway.protocol.dialect import Dialect
    from iso_gateway.protocol.protection import Protection
    from iso_gateway.terminal.orders import Prepared
    from iso_gateway.terminal.records import KeyNotes
    from iso_gateway.terminal.result import Result
    from iso_gateway.terminal.scripts import Till
    from iso_gateway.terminal.shield import Shield

MEANINGS: Final = {
    "sale": ("--amount 12.34", "charge the card"),
    "void": ("--original last", "take back what was approved today, in full"),
    "refund": ("--original last --amount 5.00", "give back all of it, or a part"),
    "reversal": ("--original last", "undo a request, whatever became of it"),
    "preauth": ("--amount 100.00", "hold an amount"),
    "complete": ("--original last --amount 85.00", "charge what is held (--advice: as a fact)"),
    "cancel": ("--original last", "let a hold go, or take a completion back"),
    "advice": ("--amount 8.80", "tell of a sale that was approved offline"),
    "balance": ("", "ask what is left on the card"),
    "query": ("--original last", "ask what became of a request"),
    "settle": ("", "close the batch: totals, records where they differ"),
    "repeat": ("", "send the latest request once more"),
    "logon": ("", "sign on"),
    "echo": ("", "test the line"),
}
"""What can be sent: one way to say it, and what it does."""
VERBS: Final = tuple(MEANINGS)
EXITS: Final = {"approved": 0, "declined": 1, "not_sent": 3, "unknown": 4}
"""By what is known of the request."""
UNSETTLED: Final = frozenset({"unknown", "not_sent"})
"""What leaves a debt as it was."""
_SAME_WAY: Final = frozenset(
    {
        "address",
        "spec_name",
        "framing_name",
        "terminal",
        "merchant",
        "timeout",
        "state",
        "keys",
        *PROTECTING,
        *TLS_DIALLING,
    }
)
"""The parameters that say who sends how, and not what."""


def _known(context: click.Context, _parameter: click.Parameter, verb: str | None) -> str:
    """Return *verb*, or say which one may be meant."""
    if verb in VERBS:
        return verb
    near = did_you_mean(verb, VERBS) if verb else ""
    said = f"nothing to send is called {verb!r}{near}" if verb else "what is to be sent?"
    raise click.UsageError(f"{said} ({', '.join(VERBS)})", context)


def _epilog() -> str:
    """Return the table of verbs, as ``--help`` shows it."""
    lines = [f"  {verb:8}  {example:30}  {meaning}" for verb, (example, meaning) in MEANINGS.items()]
    return "\n".join(["\b", "Each VERB with --to HOST:PORT, and for example:", *lines])


@click.command(epilog=_epilog())
@click.argument("verb", required=False, callback=_known, metavar="VERB")
@click.option("--to", "address", required=True, metavar="HOST:PORT", help="The gateway's listener, or a host.")
@spec_option
@framing_option
@click.option("--amount", default="", metavar="12.34", help="In the currency's own units; else the original's.")
@click.option("--pan", default="", metavar="DIGITS", help="The card number.  [default: a published test number]")
@click.option("--terminal", default="TERM0001", show_default=True, help="DE 41.")
@click.option("--merchant", default="MERCHANT0000001", show_default=True, help="DE 42.")
@click.option("--currency", default="", metavar="CODE", help="ISO 4217.  [default: the original's, or USD]")
@click.option("--original", default="", metavar="RRN|last", help="The earlier transaction that this one is about.")
@click.option("--advice", is_flag=True, help="Complete by an advice, where the dialect could ask.")
@click.option(
    "--reverse-first/--no-reverse-first",
    default=None,
    help="Send an owed reversal before anything else.  [default: as the dialect's terminals do]",
)
@click.option("--timeout", default=60.0, show_default=True, type=Seconds(0.001, 86400), help="Seconds.")
@click.option("--state", metavar="FILE", type=click.Path(path_type=Path), help="Where STAN and results are kept.")
@protection_options
@pin_options
@json_option
@tls_dialling
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
    advice: bool,
    reverse_first: bool | None,
    timeout: float,
    state: Path | None,
    mac: str,
    covers: str,
    pin_format: str,
    ksn: str,
    exchange: str,
    keys: str,
    pin: str,
    pin_file: str,
    ask_pin: bool,
    as_json: bool,
    dialling: Dialling,
) -> int:
    """Send one terminal transaction, and print the answer.

    `--original last` is the latest approved sale, refund, preauth or completion of this terminal; for a reversal it is
    the latest request that moved money, whatever became of it.

    With `--mac` each message of money has a MAC, and an approval is believed only with the right one: any other leaves
    the outcome unknown, and a reversal is owed.

    Exits 0 when approved, 1 when declined, 3 when nothing could be sent, 4 when the outcome is unknown.
    """
    from iso_gateway.net.clock import read_system
    from iso_gateway.protocol.protection import Exchange
    from iso_gateway.terminal import state as memory
    from iso_gateway.terminal.orders import MONEY, Order, Verb, prepare, prepare_owed
    from iso_gateway.terminal.records import KeyNotes
    from iso_gateway.terminal.scripts import Till

    dialect, framing = spoken(spec_name, framing_name)
    entered = pin_given(verb, pin, pin_file, ask=ask_pin, own_keys=bool(keys))
    protection = protection_of(mac, covers, pin_format or ("iso-0" if entered else ""), ksn, exchange)
    if protection.exchange not in (Exchange.NONE, Exchange.UNIONPAY):
        raise ConfigError([Problem("exchange", f"{protection.exchange}: send takes keys as unionpay has them alone")])
    order = Order(Verb(verb), amount, pan, currency, original, advice)
    at, till = _address(address), Till(terminal, merchant)
    path, (_, wall) = state or memory.default_path(os.environ, Path.home()), read_system()
    notes = KeyNotes()
    if protection.exchange is not Exchange.NONE:
        with memory.opened(path) as notebook:
            notes = notebook.memory(till, wall).keys
    shield = shield_of(dialect, protection, keys, terminal, notes, signs_on=verb == "logon")
    asker = Asker(dialect, framing, at, till, timeout, path, shield, dialling.towards(at.host))
    first = dialect.profile.terminals_reverse_first if reverse_first is None else reverse_first
    while first and order.verb in MONEY:
        with memory.opened(asker.path) as notebook:
            owed = prepare_owed(dialect, asker.till, notebook.memory(asker.till, wall), order, wall.astimezone())
        if owed is None:
            break
        result = asker.exchange(owed, wall)
        _show_owed(result, verb, as_json=as_json)
        if str(result.outcome) in UNSETTLED:
            return EXITS[str(result.outcome)]
    if order.verb is Verb.SETTLE:
        from iso_gateway.cli.settle import settle

        return settle(asker, order, wall, as_json=as_json)
    with memory.opened(asker.path) as notebook:
        prepared = prepare(dialect, asker.till, notebook.memory(asker.till, wall), order, wall.astimezone())
    if order.verb is Verb.LOGON and asker.shield.keys_are_exchanged:
        prepared = prepared._replace(message=asker.shield.asking_for_keys(prepared.message))
    result = asker.exchange(prepared, wall, entered)
    _show(result, _reversing(), as_json=as_json)
    if result.standing:
        complain(proposed(result, prepared))
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


def shield_of(
    dialect: Dialect, protection: Protection, keys: str, terminal: str, notes: KeyNotes, *, signs_on: bool
) -> Shield:
    """Return how *terminal* protects its messages, with its keys in the file *keys* and those of *notes*.

    Where it *signs_on*, keys that this may bring need not be there yet.

    Raises:
        ConfigError: the file cannot be read, has no key that is needed, or another master key than *notes* are under.
    """
    import secrets

    from iso_gateway.hsm.held_file import held_keys
    from iso_gateway.protocol.sealing import unusable
    from iso_gateway.security.held import OwnKeys
    from iso_gateway.terminal.shield import Shield, keys_now

    if not protection.keyed:
        return Shield(dialect, protection, OwnKeys())
    held = held_keys(keys)
    try:
        own = keys_now(held.of(terminal), notes)
    except KeyMaterialError:
        raise ConfigError([Problem("keys", "the keys of the last sign-on do not open under this master key")]) from None
    if problems := unusable(dialect.spec, protection, own, awaited=signs_on):
        raise ConfigError([Problem(option_of(problem.path), problem.message) for problem in problems])
    return Shield(dialect, protection, own, secrets.token_bytes, held.dukpt)


class Told(NamedTuple):
    """A message as it was sent, its answer, and why that is not to be believed; empty: it is."""

    message: Message
    answer: Message
    doubt: str


class Asker(NamedTuple):
    """A terminal of the command: whom it asks, and where it remembers."""

    dialect: Dialect
    framing: Framing
    at: Address
    till: Till
    timeout: float
    path: Path
    shield: Shield
    tls: ClientTLS | None

    def told(self, message: Message, pin: str = "") -> Told:
        """Send *message* with its PIN block and MAC; return it as it was sent, and what came of it.

        Raises:
            NoConnection: not a byte of it was sent.
            NoAnswer: no answer came.
        """
        import trio

        from iso_gateway.terminal.client import ask

        shield = self._of_transaction() if self.shield.protection.ksn else self.shield
        message = shield.protected(message, pin)
        asking = partial(ask, self.at, self.framing, self.dialect.spec, message, self.timeout, tls=self.tls)
        answer, payload = trio.run(asking)
        return Told(message, answer, shield.doubt(message, answer, payload))

    def _of_transaction(self) -> Shield:
        """Return what protects the next transaction (DUKPT): its number is on disk before it is used.

        Raises:
            NoConnection: there is no further number, or no key; nothing was sent.
        """
        import msgspec

        from iso_gateway.terminal import state as memory

        try:
            with memory.opened(self.path) as notebook:
                mine = notebook.terminals[f"{self.till.merchant}/{self.till.terminal}"]
                ksn = self.shield.next_ksn(mine.keys.ksn)
                mine.keys = msgspec.structs.replace(mine.keys, ksn=ksn.hex().upper())
            return self.shield.of_transaction(ksn)
        except (KsnError, KeyMaterialError) as error:
            raise NoConnection(f"no keys for another transaction: {error}") from None

    def exchange(self, prepared: Prepared, wall: datetime, pin: str = "") -> Result:
        """Send what is noted already, note what became of it, and return that."""
        from iso_gateway.terminal import state as memory
        from iso_gateway.terminal.result import reversed_by, settled

        result = self._exchanged(prepared, pin)
        try:
            with memory.opened(self.path) as notebook:
                mine = notebook.memory(self.till, wall)
                mine.note(settled(mine.now(prepared.sent), result, again=prepared.again))
                if prepared.reverses is not None:
                    mine.note(reversed_by(mine.now(prepared.reverses), result))
        except ConfigError as error:
            told(error)  # whatever became of the file: the outcome must be seen
        return result

    def _exchanged(self, prepared: Prepared, pin: str) -> Result:
        """Return what became of a request that is sent now."""
        from iso_gateway.protocol.kinds import Kind
        from iso_gateway.terminal.result import of_answer, of_doubt, of_silence

        dialect, kind, message = self.dialect, prepared.kind, prepared.message
        try:
            told = self.told(message, pin)
        except NoConnection as error:
            complain(f"{error}; nothing was sent")
            return of_silence(dialect, kind, message, str(error), sent=False)
        except NoAnswer as error:
            spoken_here = f"{dialect.spec.name} in {self.framing} frames"
            complain(f"if this never works: does {self.at} speak {spoken_here}? (--spec, --framing, --tls)")
            return of_silence(dialect, kind, message, str(error))
        except KeyboardInterrupt:
            return of_silence(dialect, kind, message, "interrupted")
        except BaseExceptionGroup as group:
            if not interrupted(group):
                raise
            return of_silence(dialect, kind, message, "interrupted")
        if told.doubt:
            return of_doubt(dialect, kind, told.message, told.answer, told.doubt)
        result = of_answer(dialect, kind, told.message, told.answer)
        if kind is Kind.SIGN_ON and result.approved and self.shield.keys_are_exchanged:
            return self._with_keys(result, told.answer)
        return result

    def _with_keys(self, result: Result, answer: Message) -> Result:
        """Keep the keys that a sign-on brought; where they are not good, those that there were, and it has failed."""
        import msgspec

        from iso_gateway.terminal import state as memory
        from iso_gateway.terminal.records import Outcome

        try:
            came = self.shield.taken(answer)
        except KeyMaterialError as error:
            return msgspec.structs.replace(result, outcome=Outcome.DECLINED, meaning=f"keys not taken: {error}")
        with memory.opened(self.path) as notebook:
            mine = notebook.terminals[f"{self.till.merchant}/{self.till.terminal}"]
            mine.keys = msgspec.structs.replace(mine.keys, session=came)
        return msgspec.structs.replace(result, meaning=f"{result.meaning}, {len(came)} new keys")


def _show_owed(result: Result, verb: str, *, as_json: bool) -> None:
    """Print what became of a reversal that went first, and whether what was asked for follows it."""
    unsettled = str(result.outcome) in UNSETTLED
    lines = [f"an owed reversal goes first: {result.lines()[0]}"]
    if unsettled:
        lines.append(f"it is owed still, so the {verb} was not sent; try again, or say --no-reverse-first")
    elif not result.approved:
        lines.append("it was refused: the card may have been charged, and only the acquirer can say")
    for line in lines:
        complain(line) if as_json else say(line)
    if as_json and unsettled:
        say_json(result.as_json())


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


def proposed(result: Result, prepared: Prepared) -> str:
    """Return what follows from the answer to a query, by what this terminal remembers (flows 2.6)."""
    from iso_gateway.protocol.inquiry import Standing, proposal
    from iso_gateway.terminal.records import Outcome

    if prepared.about is None or result.standing not in set(Standing):
        return "this terminal remembers nothing of it"
    believed = prepared.about.outcome is Outcome.APPROVED
    standing = Standing(result.standing)
    return proposal(believed=believed, standing=standing, approval=prepared.about.approval)
