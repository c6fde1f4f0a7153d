"""A desk at which anything may go wrong, and stories of accidents for it.

A host that keeps books, terminals that remember what they were told, and lists of accidents: answers that are late,
lost, doubled or absent, links that break before, during or after a send, answers that reach nobody, a journal that
fails. Then everything is let come to rest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Final

from hypothesis import strategies as st

from iso_gateway import Message
from iso_gateway.protocol import commands, events
from iso_gateway.protocol.debts import UNDER_WAY
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.originals import Original
from iso_gateway.protocol.records import OPEN_DEBT, RowState
from iso_gateway.protocol.session import State
from iso_gateway.protocol.setup import Debtor, Limits
from tests.support.desk import Desk, setup

TIME_OUT: Final = 30.0
SLOW: Final = (commands.Journal, commands.Lookup, commands.Verify, commands.Secure, commands.Deliver)
IN_ORDER: Final = (commands.Journal, commands.Deliver)
FATES: Final = (events.Fate.HANDED, events.Fate.HANDED, events.Fate.NOT_HANDED, events.Fate.CUT)


class Booked:
    """One request in the host's books."""

    def __init__(self, message: Message, kind: Kind, answer: Message, *, approved: bool) -> None:
        self.message = message
        self.kind = kind
        self.answer = answer
        self.approved = approved
        self.reversed = False

    @property
    def stands(self) -> bool:
        return self.approved and not self.reversed


class Asked:
    """One request of a terminal, and what the terminal was told."""

    def __init__(self, message: Message, kind: Kind) -> None:
        self.message = message
        self.kind = kind
        self.told: list[str] = []
        """The codes of the answers that it surely read."""
        self.perhaps: list[str] = []
        """Those of which some may have come through."""
        self.answer: Message | None = None
        self.reversed = False
        """Whether it has asked for a reversal since."""


class Accidents(Desk):
    """A desk at which anything may go wrong."""

    def __init__(self, terminal: str, host: str, *, keyed: bool) -> None:
        self.books: dict[str, Booked] = {}
        self.arrived: list[tuple[float, str, Message]] = []
        self.to_say: list[tuple[str, Message]] = []
        self.said_to: dict[tuple[str, str], Asked] = {}
        self.requests: list[Asked] = []
        self.first_sends: Counter[str] = Counter()
        self.sending = "sent"
        self.slow = False
        self.slow_kinds: tuple[type[commands.Command], ...] = SLOW
        self.pending: list[commands.Command] = []
        """What the edge has not answered yet."""
        self.bytes_out: list[bytes] = []
        """What was given to links and connections, in order."""
        self.breath = 0.0
        """Seconds between one thing and the next: deadlines at one instant come in any order."""
        super().__init__(
            setup(
                terminal,
                host,
                keyed=keyed,
                host_timeout=TIME_OUT,
                limits=Limits(per_terminal=10),
                debtor=Debtor(first_pause=1, longest_pause=5),
            ),
            links=("bank-1", "bank-2"),
        )

    # What the edge does

    def _carry_out(self, command: commands.Command) -> list[events.Event]:
        in_line = isinstance(command, IN_ORDER) and any(type(waiting) is type(command) for waiting in self.pending)
        if in_line or (self.slow and isinstance(command, self.slow_kinds)):
            self.pending.append(command)
            return []
        return self._at_once(command)

    def catch_up(self, number: int) -> None:
        """Answer one of the commands that wait; journal and connections keep the order in which they were asked."""
        if not self.pending:
            return
        command = self.pending[number % len(self.pending)]
        if isinstance(command, IN_ORDER):
            command = next(waiting for waiting in self.pending if type(waiting) is type(command))
        self.pending.remove(command)
        for event in self._at_once(command):
            self.feed(event)
        self.pass_time(self.breath)

    def _at_once(self, command: commands.Command) -> list[events.Event]:
        if isinstance(command, commands.Send | commands.Deliver):
            self.bytes_out.append(command.payload)
        if isinstance(command, commands.Send) and not command.id.startswith("link"):
            return self._send_somehow(command)
        if isinstance(command, commands.Deliver):
            return self._deliver_somehow(command)
        return super()._carry_out(command)

    def _send_somehow(self, command: commands.Send) -> list[events.Event]:
        row = self.journal.get(command.id.removesuffix("/debt"))
        assert row is not None, "sent before it was committed"
        assert row.state in OPEN_DEBT | {RowState.SENDING}
        if self.sending == "not sent":
            return [events.NotSent(command.id)]
        if not command.id.endswith("/debt"):
            self.first_sends[command.id] += 1
        if self.sending != "cut":
            message = self.host_dialect.spec.decode(command.payload)
            self.arrived.append((self.mono, command.link, message))
        return [events.SendUncertain(command.id)] if self.sending in {"cut", "perhaps"} else []

    def _deliver_somehow(self, command: commands.Deliver) -> list[events.Event]:
        answer = self.terminal_dialect.spec.decode(command.payload)
        fate = self.fate if command.connection in self.node.connections else events.Fate.NOT_HANDED
        asked = self.said_to.get((answer[11], command.connection.partition("/")[0]))
        code = self.terminal_dialect.canonical(answer)
        if asked is not None and fate is events.Fate.HANDED:
            asked.told.append(code)
            asked.answer = answer
        elif asked is not None and fate is events.Fate.CUT:
            asked.perhaps.append(code)
        return [events.Delivered(command.id, fate)]

    # What the terminals do

    def ask(self, message: Message, kind: Kind) -> Asked:
        """Let a terminal ask something new."""
        asked = Asked(message, kind)
        self.requests.append(asked)
        self.said_to[message[11], f"t{kind}"] = asked
        self.send(message, f"t{kind}")
        return asked

    def ask_again(self, asked: Asked) -> None:
        connection = f"t{asked.kind}"
        self.send(self.repeat(asked.message), connection)

    # What the host does

    def decide(self, index: int, how: str) -> None:
        """Let the host read one of the messages that arrived, and answer it now, later, or never."""
        if not self.arrived:
            return
        at, link, message = self.arrived.pop(index % len(self.arrived))
        row = self.host_dialect.kind_row(message)
        assert row is not None
        if row.kind is Kind.REVERSAL:
            answer = self._reversed(message)
        elif (known := self.books.get(message[11])) is not None:
            answer = known.answer
        elif self.mono - at >= TIME_OUT or how == "lost":
            return  # decided within the time-out, or never
        else:
            code = "51" if how.startswith("decline") else "00"
            answer = self.answer_to(message, code)
            self.books[message[11]] = Booked(message, row.kind, answer, approved=code == "00")
        if how.endswith("silent"):
            return
        if how.endswith("96"):
            answer = self.answer_to(message, "96")
        if how.endswith("late"):
            self.to_say.append((link, answer))
            return
        self.say(link, answer)
        if how.endswith("twice"):
            self.say(link, answer)

    def _reversed(self, message: Message) -> Message:
        named = self.host_dialect.original(message)
        stan = named.stan or message[11]
        booked = self.books.get(stan)
        if booked is not None and named.transmitted and booked.message[7] != named.transmitted:
            booked = None
        if booked is None:
            return self.answer_to(message, self.host_dialect.profile.reversal_not_found)
        booked.reversed = True
        return self.answer_to(message, "00")

    def say(self, link: str, answer: Message) -> None:
        if self.node.links.links[link].session.state is not State.DOWN:
            self.host_sends(answer, link)

    def raise_links(self) -> None:
        for link in ("bank-1", "bank-2"):
            if self.node.links.links[link].session.state is State.DOWN:
                self.bring_up(link)

    # The end

    def come_to_rest(self) -> None:
        """Let whatever is open come to its end: nothing fails any more, and the host answers."""
        self.journal_fails, self.sending, self.fate = False, "sent", events.Fate.HANDED
        self.slow = False
        while self.pending:
            self.catch_up(0)
        for _ in range(60):
            self.raise_links()
            while self.arrived:
                self.decide(0, "approve")
            while self.to_say:
                self.say(*self.to_say.pop(0))
            self.pass_time(7)
            if not (self.arrived or self.node.flow.requests or self.node.owing.debts):
                break
        assert not self.node.flow.requests
        assert not self.node.owing.debts


Act = Callable[[Accidents, int], None]


def approved(desk: Accidents, number: int) -> Asked | None:
    """Return one of the sales and advices of which the terminal read an approval."""
    known = [asked for asked in desk.requests if asked.kind in {Kind.SALE, Kind.ADVICE} and asked.answer is not None]
    known = [asked for asked in known if asked.told[-1] == "00"]
    return known[number % len(known)] if known else None


def new(kind: Kind) -> Act:
    return lambda desk, number: void(desk.ask(desk.request(kind, 1000 + number), kind))


def void(_: object) -> None:
    """Give nothing back."""


def later(kind: Kind) -> Act:
    def act(desk: Accidents, number: int) -> None:
        sale = approved(desk, number)
        if sale is None or sale.answer is None:
            return
        amount = int(sale.message[4]) if kind is Kind.VOID else 1 + number * 37 % int(sale.message[4])
        desk.ask(desk.later(kind, (sale.message, sale.answer), amount), kind)

    return act


def reverse(desk: Accidents, number: int) -> None:
    known = [asked for asked in desk.requests if asked.kind is not Kind.REVERSAL]
    if known:
        asked = known[number % len(known)]
        asked.reversed = True
        desk.ask(desk.reversal(asked.message, asked.answer), Kind.REVERSAL)


def again(desk: Accidents, number: int) -> None:
    if desk.requests:
        desk.ask_again(desk.requests[number % len(desk.requests)])


def lose(desk: Accidents, number: int) -> None:
    desk.lose_link(("bank-1", "bank-2")[number % 2])


def late(desk: Accidents, number: int) -> None:
    if desk.to_say:
        desk.say(*desk.to_say.pop(number % len(desk.to_say)))


def unknown(desk: Accidents, number: int) -> None:
    original = Original(mti="0200", stan=f"{900 + number:06}", transmitted="1120110000", rrn=f"{number:012}")
    desk.send(desk.request(Kind.REVERSAL, 100, original=original), "stranger")


def hang(desk: Accidents, number: int) -> None:
    names = sorted(desk.node.connections)
    if names:
        desk.hang_up(names[number % len(names)])


HOW: Final = (
    "approve", "approve", "approve", "decline", "lost", "approve silent", "approve late", "decline late",
    "approve twice", "approve 96", "decline 96",
)  # fmt: skip


def decide(desk: Accidents, number: int) -> None:
    desk.decide(number // len(HOW), HOW[number % len(HOW)])


def sending(desk: Accidents, number: int) -> None:
    desk.sending = ("sent", "sent", "sent", "not sent", "cut", "perhaps")[number % 6]


def slow(desk: Accidents, number: int) -> None:
    desk.slow = number % 3 > 0


def catch_up(desk: Accidents, number: int) -> None:
    for step in range(1 + number % 7):
        desk.catch_up(number + step)


def fate(desk: Accidents, number: int) -> None:
    desk.fate = FATES[number % len(FATES)]


def journal(desk: Accidents, number: int) -> None:
    desk.journal_fails = number % 4 == 0


ACTS: Final[dict[str, Act]] = {
    "sale": new(Kind.SALE),
    "advice": new(Kind.ADVICE),
    "void": later(Kind.VOID),
    "refund": later(Kind.REFUND),
    "reverse": reverse,
    "again": again,
    "decide": decide,
    "late": late,
    "lose": lose,
    "raise": lambda desk, _: desk.raise_links(),
    "hang": hang,
    "unknown": unknown,
    "sending": sending,
    "fate": fate,
    "journal": journal,
    "slow": slow,
    "catch up": catch_up,
    "wait": lambda desk, number: desk.pass_time((0.1, 1.0, 6.0, 31.0)[number % 4]),
}

STORY: Final = st.lists(
    st.tuples(
        st.sampled_from(["sale", "decide", "decide", "decide", "again", "wait", "catch up", "catch up", *ACTS]),
        st.integers(0, 999),
    ),
    min_size=12,
    max_size=60,
)


def lived(desk: Accidents, story: list[tuple[str, int]]) -> Accidents:
    """Return *desk* after *story*, at rest."""
    for act, number in story:
        ACTS[act](desk, number)
        desk.pass_time(desk.breath)
        under_way = {debt.id for debt in desk.node.owing.debts.values() if debt.state in UNDER_WAY}
        for link in desk.node.links.links.values():
            assert link.debts <= under_way
    desk.come_to_rest()
    return desk
