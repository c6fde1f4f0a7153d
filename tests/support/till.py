"""A till that speaks any dialect to a mock host in memory, so that a test reads as a story."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from iso_gateway.catalog import load_profile, load_spec
from iso_gateway.codec.message import Message
from iso_gateway.host.accounts import Account
from iso_gateway.host.answers import Decision
from iso_gateway.host.authorizer import Authorizer
from iso_gateway.host.settings import HostSettings
from iso_gateway.host.transaction import Transaction
from iso_gateway.protocol.dialect import Dialect, Facts
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.moment import Moment, transmission_time
from iso_gateway.protocol.originals import Original

PAN = "4761739001010010"
OTHER_PAN = "5413330089600119"
START = Moment(1000.0, datetime(2026, 3, 2, 10, 30, tzinfo=UTC))


def dialect_of(spec: str) -> Dialect:
    """Return the shipped dialect of a shipped spec."""
    loaded = load_spec(spec)
    return Dialect(loaded, load_profile(loaded.profile))


class Reply:
    """A request and what the host decided on it."""

    def __init__(self, till: Till, request: Message, decision: Decision) -> None:
        self.request = request
        self.decision = decision
        self.answer = decision.answer
        self.doubt = ""
        """Why a till with keys does not believe the answer."""
        self._dialect = till.dialect
        self._local = till.moment.wall

    @property
    def believed(self) -> bool:
        """Whether the till takes the answer for the host's own."""
        return not self.doubt

    @property
    def code(self) -> str:
        """DE 39 in the codes of 1987; empty where the host was silent."""
        return "" if self.answer is None else self._dialect.canonical(self.answer)

    def said(self, number: int) -> str:
        """Return what the answer's data element *number* says."""
        assert self.answer is not None
        return str(self.answer[number])

    @property
    def rrn(self) -> str:
        """DE 37 of the answer."""
        return self.said(37)

    @property
    def original(self) -> Original:
        """How a later message names this one."""
        request, answer = self.request, self.answer
        local = str(request.get(12, "")) if len(str(request.get(12, ""))) == 12 else ""
        return Original(
            mti=request.mti,
            stan=str(request[11]),
            transmitted=str(request.get(7, "")),
            local=local,
            batch=self._dialect.batch(request),
            date=f"{self._local:%m%d}",
            rrn="" if answer is None else str(answer.get(37, "")),
            approval="" if answer is None else str(answer.get(38, "")),
        )


class Till:
    """One terminal and the host that it talks to, on a clock that only the test moves."""

    def __init__(self, spec: str = "iso87-ascii", *, terminal: str = "TERM0001", **settings: Any) -> None:
        self.dialect = dialect_of(spec)
        self.host = Authorizer(self.dialect, HostSettings(**settings), first_serial=77)
        self.terminal = terminal
        self.moment = START
        self.stan = 0
        self.batch = "000007"
        self.link = "link"

    def wait(self, seconds: float) -> None:
        self.moment = self.moment.later(seconds)

    @property
    def cup(self) -> bool:
        return self.dialect.spec.name == "cup-pos"

    def request(
        self,
        kind: Kind,
        amount: int | None = 1000,
        *,
        about: Reply | Original | None = None,
        pan: str = PAN,
        currency: str = "840",
        stan: str | None = None,
        changes: dict[int | str, Any] | None = None,
    ) -> Message:
        """Return the next message; *about* is the reply to, or the naming of, an earlier one."""
        if stan is None:
            self.stan += 1
            stan = f"{self.stan:06}"
        wall = self.moment.wall
        facts: Facts = {
            "system_trace_audit_number": stan,
            "time_local_transaction": f"{wall:%H%M%S}",
            "date_local_transaction": f"{wall:%m%d}",
            "card_acceptor_terminal_id": self.terminal,
            "card_acceptor_id": "MERCHANT0000001",
        }
        if currency:
            facts["currency_code_transaction"] = currency
        if not self.cup:
            facts["transmission_date_time"] = transmission_time(wall)
        if pan:
            facts["primary_account_number"] = pan
        if amount is not None:
            facts["amount_transaction"] = f"{amount:012}"
        original = about.original if isinstance(about, Reply) else about
        if kind is Kind.REVERSAL and self.cup and isinstance(about, Reply):
            # A reversal of this dialect has STAN and DE 60 of what it reverses.
            facts["system_trace_audit_number"] = str(about.request[11])
            facts["pos_transaction_type_and_batch"] = str(about.request[60])
            original = None
        message = self.dialect.compose(kind, facts, wall.date(), original, self.batch if self.cup else "")
        if kind is Kind.REVERSAL and self.dialect.spec.version == "1993":
            message = message.evolve({25: "4021"})
        return message.evolve(changes) if changes else message

    def send(self, message: Message) -> Reply:
        """Give *message* to the host, as bytes, and return its decision."""
        decision = self.host.hear(self.dialect.spec.encode(message), self.moment, self.link)
        if decision.answer is not None:
            wire = self.dialect.spec.encode(decision.answer)
            assert self.dialect.spec.decode(wire) == decision.answer
        return Reply(self, message, decision)

    def ask(self, kind: Kind, amount: int | None = 1000, **how: Any) -> Reply:
        """Send the next message of *kind*."""
        return self.send(self.request(kind, amount, **how))

    def again(self, reply: Reply, *, marked: bool = True) -> Reply:
        """Send the request of *reply* once more, with a new DE 7, marked as a repeat where the dialect does."""
        message = reply.request
        mti = message.mti
        if marked and self.dialect.profile.repeat_mti:
            mti = mti[:3] + str(int(mti[3]) | 1)
        changes = {7: transmission_time(self.moment.wall)} if 7 in message else {}
        return self.send(message.evolve(changes, mti))

    def account(self, pan: str = PAN, currency: str = "840") -> Account:
        return self.host.accounts.account(self.host.accounts.card(pan), currency, pan)

    @property
    def transactions(self) -> list[Transaction]:
        return list(self.host.ledger)

    @property
    def states(self) -> list[tuple[str, str]]:
        """Kind and state of everything that the ledger holds, the oldest first."""
        return [(str(row.kind), str(row.state)) for row in self.host.ledger]
