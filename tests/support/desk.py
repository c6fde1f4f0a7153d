"""A node at a desk: everything it asks of the edge is answered by hand or at once, and time is a number.

Terminals and host are whoever writes the test: frames are put in, and what the node sends and delivers is read as
messages. Journal, security module and chance are real ones, in memory.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from iso_gateway import Message
from iso_gateway.catalog import load_profile, load_spec
from iso_gateway.protocol import commands, events
from iso_gateway.protocol.acts import Act
from iso_gateway.protocol.dialect import Dialect
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.moment import Moment
from iso_gateway.protocol.node import Node
from iso_gateway.protocol.originals import Original
from iso_gateway.protocol.protection import KnownKeys, Protection
from iso_gateway.protocol.records import Row, RowState
from iso_gateway.protocol.routing import Route
from iso_gateway.protocol.session import Timing
from iso_gateway.protocol.setup import Acquirer, Debtor, Lent, Limits, Listener, Setup
from iso_gateway.protocol.verdicts import Wire
from iso_gateway.security.keys import MacAlgorithm, MacMethod, PinFormat
from iso_gateway.security.seal import Seal
from iso_gateway.store.asking import answer
from iso_gateway.store.journal import Failed, Refused
from iso_gateway.store.memory import MemoryJournal
from iso_gateway.store.remains import keep_dialects, remains
from tests.support.trusting import TrustingModule, known

NOON = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)
PAN = "4761739001010010"
OTHER_PAN = "4111111111111111"
TERMINAL = "TERM0001"
MERCHANT = "MERCHANT0000001"


@cache
def dialect(name: str) -> Dialect:
    """Return the shipped dialect *name*, one for all desks: nothing in it changes."""
    spec = load_spec(name)
    return Dialect(spec, load_profile(spec.profile))


KEYED = Protection(mac=MacMethod(MacAlgorithm.X9_19), pin=PinFormat.ISO_0)


def setup(terminal: str = "iso87-ascii", host: str = "iso87-ascii", **changes: Any) -> Setup:
    """Return a listener, an acquirer with two links, and no conditions."""
    limits = changes.pop("limits", Limits())
    partial = changes.pop("partial_approval", False)
    protection = KEYED if changes.pop("keyed", True) else Protection()
    clocks = changes.pop("terminals_zone", None)
    terminals = {f"TERM{number:04}": MERCHANT for number in range(1, 100)}
    acquirer: dict[str, Any] = {
        "name": "bank",
        "dialect": dialect(host),
        "links": ("bank-1", "bank-2"),
        "zone": ZoneInfo("UTC"),
        "host_timeout": 30.0,
        "timing": Timing(answer=10.0, echo_every=0.0, sign_on_again=30.0),
        "debtor": Debtor(first_pause=1.0, longest_pause=60.0),
        "protection": protection,
        **changes,
    }
    listener = Listener("counter", dialect(terminal), terminals, partial, protection, clocks)
    return Setup({"counter": listener}, {"bank": Acquirer(**acquirer)}, (Route("bank"),), limits)


class Desk:
    """A node, and both sides of it."""

    def __init__(self, chosen: Setup | None = None, *, links: tuple[str, ...] = ("bank-1",)) -> None:
        self.setup = chosen or setup()
        self._nonces = iter(range(1, 1_000_000))
        self._runs = itertools.count(1)
        self.mono = 1000.0
        self.journal = MemoryJournal()
        self.seal = Seal(bytes(32), lambda: next(self._nonces).to_bytes(12, "big"))
        self.module = TrustingModule(self.seal)
        self.node = self._new_node()
        self.sent: deque[tuple[str, str, Message]] = deque()
        """(id, link, message) in the order of sending."""
        self.answers: deque[tuple[str, Message]] = deque()
        """(connection, message) in the order of delivery."""
        self.logs: list[commands.Log] = []
        self.told: list[commands.Told] = []
        self.hung_up: list[str] = []
        self.closed: list[str] = []
        self.order: list[str] = []
        """Every command's name, in order."""
        self.fate = events.Fate.HANDED
        """What becomes of answers to connections that are there; one that is gone is handed nothing."""
        self.journal_fails = False
        self.since: datetime | None = None
        """From when on the journal says that it has every row; None: as it does say."""
        self.journal_doubts = False
        """Whether it commits, and cannot say so."""
        self.wire = Wire()
        """What the edge says of a link's bytes."""
        self.hold: set[type] = set()
        """Kinds of command that are not answered; they gather in ``held``."""
        self.held: list[commands.Command] = []
        self.host_dialect = self.setup.acquirers["bank"].dialect
        self.terminal_dialect = self.setup.listeners["counter"].dialect
        self._stan = 0
        self.know_keys()
        for name in links:
            self.bring_up(name)

    def _new_node(self) -> Node:
        seal = self.seal
        number = next(self._runs)
        run = "run" if number == 1 else f"run{number}"
        lent = Lent(seal.fingerprint, seal.seal, seal.unseal, lambda: 1.0, lambda: 500, run, self._wire)
        keep_dialects(self.journal, self.setup)
        return Node(self.setup, lent, self.now)

    def restart(self, chosen: Setup | None = None, *, after: float = 5.0, links: tuple[str, ...] = ("bank-1",)) -> None:
        """Let the process die, and another one start on the same journal, with *chosen* if that is another setup."""
        self.mono += after
        self.setup = chosen or self.setup
        self.host_dialect = self.setup.acquirers["bank"].dialect
        self.held, self.hold = [], set()
        self.sent.clear()
        self.answers.clear()
        self.since = self.since or NOON
        self.node = self._new_node()
        self.feed(remains(self.journal))
        self.know_keys()
        for name in links:
            self.bring_up(name)

    def know_keys(self) -> None:
        """Tell the node of the keys that the key store has: one generation of each terminal and of the bank."""
        self.feed(events.KeysKnown(self.keys_of()))

    def keys_of(self, owner: str = "", number: int = 1) -> tuple[KnownKeys, ...]:
        """Return what the key store has, where *owner* has come to generation *number*."""
        owners = [
            *(f"terminal/{name}" for name in self.setup.listeners["counter"].terminals),
            *(f"acquirer/{name}" for name in ("bank", "closed", *self.setup.acquirers)),
        ]
        return tuple(known((each, number if each == owner else 1) for each in owners))

    @property
    def now(self) -> Moment:
        return Moment(self.mono, NOON + timedelta(seconds=self.mono - 1000.0))

    def _wire(self, _link: str, _payload: bytes) -> Wire:
        return self.wire

    # What happens

    def feed(self, event: events.Event) -> None:
        """Let *event* happen, and carry out what follows."""
        waiting = deque([event])
        while waiting:
            for command in self.node.handle(waiting.popleft(), self.now):
                self.order.append(type(command).__name__)
                if type(command) in self.hold:
                    self.held.append(command)
                else:
                    waiting.extend(self._carry_out(command))

    def answer_held(self) -> None:
        """Answer what was held back."""
        held, self.held, self.hold = self.held, [], set()
        for command in held:
            for event in self._carry_out(command):
                self.feed(event)

    def _found(self, command: commands.Lookup | commands.Gather) -> events.Event:
        found = answer(self.journal, command)
        if self.since is not None and isinstance(found, events.Found):
            return replace(found, since=self.since)
        return found

    def _carry_out(self, command: commands.Command) -> list[events.Event]:
        match command:
            case commands.Verify() | commands.Secure() | commands.Unseal():
                return [self.module.answer(command)]
            case commands.Journal() | commands.File():
                return self._commit(command)
            case commands.Lookup() | commands.Gather():
                return [self._found(command)]
            case commands.Send():
                self.sent.append((command.id, command.link, self.host_dialect.spec.decode(command.payload)))
            case commands.Deliver():
                fate = self.fate if command.connection in self.node.connections else events.Fate.NOT_HANDED
                if fate is not events.Fate.NOT_HANDED:
                    message = self.terminal_dialect.spec.decode(command.payload)
                    self.answers.append((command.connection, message))
                return [events.Delivered(command.id, fate)]
            case commands.Hangup():
                self.hung_up.append(command.connection)
            case commands.CloseLink():
                self.closed.append(command.link)
                return [events.LinkLost(command.link, command.reason)]
            case commands.Log():
                self.logs.append(command)
            case commands.Told():
                self.told.append(command)
        return []

    def _commit(self, command: commands.Journal | commands.File) -> list[events.Event]:
        outcome = None if self.journal_fails else self.journal.commit([command.entry])[0]
        if isinstance(command, commands.File):
            return []
        if outcome is None or self.journal_doubts:
            return [events.JournalFailed(command.id, "disk full")]
        if isinstance(outcome, Refused):
            return [events.Conflict(command.id, outcome.row)]
        if isinstance(outcome, Failed):
            return [events.JournalFailed(command.id, outcome.reason, gone=True)]
        return [events.Journaled(command.id)]

    def pass_time(self, seconds: float) -> None:
        """Let *seconds* go by, with every deadline in them at its time."""
        end = self.mono + seconds
        while (deadline := self.node.deadline) is not None and deadline <= end:
            self.mono = max(self.mono, deadline)
            self.feed(events.TimePassed())
        self.mono = end

    # The host's side

    def bring_up(self, link: str = "bank-1") -> None:
        """Connect *link* and accept its sign-on, where it asks for one."""
        self.feed(events.LinkConnected(link))
        if self.setup.acquirers["bank"].sign_on:
            self.host_answers("00")

    def host_answers(self, code: str = "00", changes: Mapping[int | str, Any] | None = None) -> Message:
        """Answer the oldest request that the host got, with canonical *code*; return that request."""
        _, link, request = self.sent.popleft()
        self.host_sends(self.answer_to(request, code, changes), link)
        return request

    def answer_to(self, request: Message, code: str = "00", changes: Mapping[int | str, Any] | None = None) -> Message:
        """Return the host's answer to *request*."""
        facts: dict[str, str | bytes] = {}
        if code in ("00", "10") and request.mti[1] in "12":
            facts = {
                "retrieval_reference_number": f"6324{request[11]:0>8}",
                "authorization_id_response": "A" + request[11][1:],
            }
        answer = self.host_dialect.answer(request, code, facts, self.now.wall.date())
        return answer.evolve(changes or {})

    def host_sends(self, message: Message, link: str = "bank-1") -> None:
        self.feed(events.LinkFrame(link, self.host_dialect.spec.encode(message)))

    def lose_link(self, link: str = "bank-1") -> None:
        self.feed(events.LinkLost(link, "closed by peer"))

    def host_got(self) -> list[Message]:
        """Return what the host got and did not answer, oldest first, and let it be forgotten."""
        got = [message for _, _, message in self.sent]
        self.sent.clear()
        return got

    @property
    def last_sent(self) -> Message:
        return self.sent[-1][2]

    # The terminal's side

    def request(
        self,
        kind: Kind = Kind.SALE,
        amount: int = 1234,
        *,
        stan: str = "",
        pan: str = PAN,
        terminal: str = TERMINAL,
        original: Original | None = None,
        changes: Mapping[int | str, Any] | None = None,
    ) -> Message:
        """Return a terminal's request."""
        if not stan:
            self._stan += 1
            stan = f"{self._stan:06}"
        facts: dict[str, str | bytes] = {
            "primary_account_number": pan,
            "amount_transaction": f"{amount:012}",
            "transmission_date_time": self.now.wall.strftime("%m%d%H%M%S"),
            "system_trace_audit_number": stan,
            "time_local_transaction": self.now.wall.strftime("%H%M%S"),
            "date_local_transaction": self.now.wall.strftime("%m%d"),
            "pos_entry_mode": "012",
            "card_acceptor_terminal_id": terminal,
            "card_acceptor_id": MERCHANT,
            "currency_code_transaction": "840",
        }
        message = self.terminal_dialect.compose(kind, facts, self.now.wall.date(), original, "000007")
        return message.evolve(changes or {})

    def repeat(self, message: Message) -> Message:
        """Return the terminal's repeat of *message*: the same but for the MTI, where it has a mark, and DE 7."""
        marked = message.mti[:3] + str(int(message.mti[3]) | 1)
        mti = marked if self.terminal_dialect.profile.repeat_mti else message.mti
        return message.evolve({7: self.now.wall.strftime("%m%d%H%M%S")}, mti)

    def reversal(self, request: Message, answer: Message | None = None, **more: Any) -> Message:
        """Return the terminal's reversal of *request*, of which it saw *answer* or nothing."""
        same = self.terminal_dialect.profile.reversal_stan == "same"
        amount = int(request[4])
        named = self.original(request, answer if answer is not None else Message("0210"))
        given = {"stan": request[11] if same else "", "original": named, **more}
        return self.request(Kind.REVERSAL, given.pop("amount", amount), **given)

    def later(self, kind: Kind, sale: tuple[Message, Message], amount: int | None = None, **more: Any) -> Message:
        """Return a void, refund or completion of *sale*, a request and its answer."""
        return self.request(kind, int(sale[0][4]) if amount is None else amount, original=self.original(*sale), **more)

    def hang_up(self, name: str = "t1") -> None:
        self.feed(events.TerminalGone(name))

    def connect(self, name: str = "t1") -> None:
        if name not in self.node.connections:
            self.feed(events.TerminalConnected(name, "counter", "192.0.2.1:1"))

    def send(self, message: Message, connection: str = "t1") -> None:
        """Let a terminal send *message*."""
        self.connect(connection)
        self.feed(events.TerminalFrame(connection, b"", self.terminal_dialect.spec.encode(message)))

    def send_bytes(self, payload: bytes, connection: str = "t1") -> None:
        self.connect(connection)
        self.feed(events.TerminalFrame(connection, b"", payload))

    def sale(self, amount: int = 1234, **more: Any) -> tuple[Message, Message]:
        """Have a sale approved; return the terminal's request and answer."""
        request = self.request(Kind.SALE, amount, **more)
        self.send(request)
        self.host_answers("00")
        return request, self.answer()

    def answer(self) -> Message:
        """Return the oldest answer that a terminal got and nobody has looked at."""
        return self.answers.popleft()[1]

    def code(self) -> str:
        """Return the canonical code of that answer."""
        return self.terminal_dialect.canonical(self.answer())

    def asked(self, message: Message, connection: str = "t1") -> str:
        """Let a terminal send *message*, and return the code that it is answered with at once."""
        self.send(message, connection)
        return self.code()

    def original(self, request: Message, answer: Message) -> Original:
        """Return how a later message of the terminal names *request*."""
        return Original(
            mti=request.mti,
            stan=request[11],
            transmitted=request.get(7, ""),
            batch="000007",
            date=request.get(13, ""),
            rrn=answer.get(37, ""),
            approval=answer.get(38, ""),
        )

    # The operator's side

    def act(self, act: Act, row: Row, reason: str = "asked by the bank") -> commands.Told:
        """Have an operator do *act* to *row*; return what is said to it."""
        self.feed(events.ActWanted("act 1", act, row, "eve", reason))
        return self.told.pop()

    # The journal

    def rows(self, *states: RowState) -> list[Row]:
        """Return the rows in *states*, or all."""
        return self.journal.in_states(frozenset(states or RowState))

    def row(self) -> Row:
        """Return the only row."""
        (row,) = self.rows()
        return row

    def said(self, event: str) -> list[dict[str, Any]]:
        """Return the fields of the log lines *event*."""
        return [line.fields for line in self.logs if line.event == event]
