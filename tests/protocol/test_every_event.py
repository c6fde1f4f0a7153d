"""Every event in every state of a request: the node does not fail, loses nothing, and heeds no answer unasked.

A request is brought into a state by holding back what it asked of the edge. Then each event comes once: what may happen
at any time, the answers that the held command may have, and all the answers that nobody asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest
from msgspec.structs import replace

from iso_gateway import Message
from iso_gateway.protocol import commands, events
from iso_gateway.protocol.answering import AT_ONCE, TO_ASKER
from iso_gateway.protocol.events import Fate
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.records import APPROVED, Row, RowState
from iso_gateway.protocol.transaction import State
from tests.protocol.test_records import ROW
from tests.support.desk import PAN, TERMINAL, Desk
from tests.support.trusting import generation

KINDS: Final = (Kind.SALE, Kind.VOID, Kind.REFUND, Kind.COMPLETION_ADVICE)
STATES: Final = tuple(state for state in State if state is not State.CLOSED)
HELD: Final[dict[State, tuple[type, str]]] = {
    State.VERIFYING: (commands.Verify, "request"),
    State.LOOKING_UP: (commands.Lookup, "request"),
    State.SECURING: (commands.Secure, "request"),
    State.JOURNALING: (commands.Journal, "request"),
    State.SECURING_ANEW: (commands.Secure, "commit"),
    State.CHECKING: (commands.Verify, "answer"),
    State.RECORDING: (commands.Journal, "answer"),
    State.PROTECTING: (commands.Secure, "answer"),
    State.DELIVERING: (commands.Deliver, "answer"),
    State.FILING: (commands.Journal, "fate"),
}
"""What is held back to stop in that state, and from when on."""


class Case:
    """A request that stands in one state, and what became of it later."""

    reversed = False

    def __init__(self, state: State, kind: Kind) -> None:
        self.desk = desk = Desk()
        earlier = self._earlier(kind)
        self.before = {row.id for row in desk.rows()}
        self.message = desk.request(kind, 1000) if earlier is None else desk.later(kind, earlier, 1000)
        if state is State.LOOKING_UP and kind is Kind.SALE:
            desk.pass_time(60)
            self.message = desk.repeat(desk.request(kind, 1000))
        held, when = HELD.get(state, (commands.Hangup, ""))
        if when == "request":
            desk.hold = {held}
        elif when == "commit":
            desk.hold = {commands.Journal}
        desk.send(self.message)
        if when == "commit":  # the bank's keys change while the intent is being committed
            desk.feed(events.KeysKnown(desk.keys_of("acquirer/bank", 2)))
            (commit,) = desk.held
            desk.hold, desk.held = {held}, []
            for event in desk._carry_out(commit):
                desk.feed(event)
        if when in ("answer", "fate"):
            desk.hold = {commands.Deliver if when == "fate" else held}
            desk.host_answers("00")
        if when == "fate":
            desk.held, desk.hold = [], {held}
            desk.feed(events.Delivered(next(iter(desk.node.flow.requests)), Fate.NOT_HANDED))
        (self.request,) = desk.node.flow.requests.values()
        assert self.request.state is state

    def _earlier(self, kind: Kind) -> tuple[Message, Message] | None:
        if kind is Kind.SALE:
            return None
        first = self.desk.request(Kind.PREAUTH if kind is Kind.COMPLETION_ADVICE else Kind.SALE, 1000)
        self.desk.send(first)
        self.desk.host_answers("00")
        return first, self.desk.answer()

    def go_on(self) -> None:
        """Let the edge and the host do what they still owe, for a long time."""
        desk = self.desk
        desk.answer_held()
        for _ in range(40):
            while desk.sent:
                desk.host_answers("00")
            if not desk.node.links.links["bank-1"].session.takes_money:
                desk.bring_up()
            desk.pass_time(10)

    @property
    def row(self) -> Row | None:
        rows = [row for row in self.desk.rows() if row.id not in self.before]
        return rows[0] if rows else None

    def ended(self) -> tuple[Any, ...]:
        """Return how it ended: what the terminal heard, and what the journal says of it and of its original."""
        heard = [message[39] for _, message in self.desk.answers if message[11] == self.message[11]]
        rows = [(row.kind, row.state, row.taken, row.returned, row.reserved) for row in self.desk.rows()]
        return heard, rows


def kept(case: Case) -> None:
    """See that nothing is lost: the request is closed, and what the host may have approved is known to the journal."""
    desk = case.desk
    assert case.request.state is State.CLOSED
    assert not desk.node.flow.requests
    assert not desk.node.owing.debts
    row = case.row
    told = "00" in case.ended()[0]
    if told:
        assert row is not None
        undone = {RowState.REVERSED} if case.reversed else set()  # by its terminal, which heard of the approval before
        assert row.state in APPROVED | undone
    for each in desk.rows():
        assert each.state not in (RowState.SENDING, RowState.OWES_REVERSAL, RowState.OWES_REPEAT)
        assert not each.reserved


def drop_link(case: Case) -> None:
    case.desk.lose_link()


def garbage(case: Case) -> None:
    case.desk.feed(events.LinkFrame("bank-1", b"\x00garbage"))


def an_answer_to_nobody(case: Case) -> None:
    nobody = case.desk.answer_to(case.desk.host_dialect.spec.message("0200", {3: "000000", 11: "777777"}), "00")
    case.desk.host_sends(nobody)


def the_answer_again(case: Case) -> None:
    if case.request.host_request is not None:
        case.desk.host_sends(case.desk.answer_to(case.request.host_request, "00"))


def hang_up(case: Case) -> None:
    case.desk.hang_up()


def repeat(case: Case) -> None:
    case.desk.send(case.desk.repeat(case.message), "t2")


def the_terminals_reversal(case: Case) -> None:
    case.reversed = True
    case.desk.send(case.desk.reversal(case.message), "t2")


def time(case: Case) -> None:
    case.desk.pass_time(31)


def nothing_yet(case: Case) -> None:
    case.desk.feed(events.TimePassed())


def connect(case: Case) -> None:
    case.desk.connect("t3")


def drain(case: Case) -> None:
    case.desk.feed(events.DrainWanted())


def another_link(case: Case) -> None:
    case.desk.feed(events.LinkConnected("bank-2"))


AT_ANY_TIME: Final[dict[str, Callable[[Case], None]]] = {
    each.__name__: each
    for each in (
        drop_link,
        garbage,
        an_answer_to_nobody,
        the_answer_again,
        hang_up,
        repeat,
        the_terminals_reversal,
        time,
        nothing_yet,
        connect,
        drain,
        another_link,
    )
}
"""What may happen whatever a request is waiting for."""


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("event", AT_ANY_TIME)
def test_whatever_happens_at_any_time_nothing_is_lost(event: str, state: State, kind: Kind) -> None:
    case = Case(state, kind)
    AT_ANY_TIME[event](case)
    case.go_on()
    kept(case)


STRANGER: Final = replace(ROW, id="stranger", fingerprint=b"another", claims=())

SPARE: Final = generation(f"terminal/{TERMINAL}", 2)
"""Keys that the terminal may have got, and does not use."""

ANSWERS: Final[dict[str, Callable[[str], events.Event]]] = {
    "verified": events.Verified,
    "not verified": lambda name: events.Verified(name, "A0"),
    "secured": lambda name: events.Secured(name, None, "96"),
    "journaled": events.Journaled,
    "conflict": lambda name: events.Conflict(name, STRANGER),
    "journal failed": lambda name: events.JournalFailed(name, "disk full"),
    "found": lambda name: events.Found(name, None, ()),
    "gathered": lambda name: events.Gathered(name, None, None, ()),
    "not sent": events.NotSent,
    "uncertain": events.SendUncertain,
    "handed": lambda name: events.Delivered(name, Fate.HANDED),
    "not handed": lambda name: events.Delivered(name, Fate.NOT_HANDED),
    "cut": lambda name: events.Delivered(name, Fate.CUT),
    "card known": lambda name: events.CardKnown(name, PAN),
    "card unknown": lambda name: events.CardKnown(name, ""),
    "keys taken": lambda name: events.KeysTaken(name, SPARE),
    "keys not taken": lambda name: events.KeysTaken(name, None, cause="store"),
    "keys given": lambda name: events.KeysGiven(name, SPARE),
    "keys not given": lambda name: events.KeysGiven(name, None, cause="store"),
    "verified for an answer at once": lambda name: events.Verified(f"{name}{AT_ONCE}"),
    "secured for an answer at once": lambda name: events.Secured(f"{name}{AT_ONCE}", None, "96", b"bytes"),
    "verified for an asker": lambda name: events.Verified(f"{name}{TO_ASKER}0"),
    "secured for an asker that is not there": lambda name: events.Secured(f"{name}{TO_ASKER}9", None, "", b"bytes"),
}
FITTING: Final[dict[State, set[str]]] = {
    State.VERIFYING: {"verified", "not verified"},
    State.LOOKING_UP: {"found"},
    State.SECURING: {"secured"},
    State.JOURNALING: {"conflict", "journal failed", "journaled"},
    State.SENT: {"not sent", "uncertain"},
    State.SECURING_ANEW: {"secured"},
    State.CHECKING: {"verified", "not verified"},
    State.RECORDING: {"conflict", "journal failed", "journaled"},  # a conflict only with its own row
    State.PROTECTING: set(),  # what is asked for the answers has ids of its own
    State.DELIVERING: {"handed", "not handed", "cut"},
    State.FILING: {"conflict", "journal failed", "journaled"},
}
"""The answers that what is asked for in each state may have."""


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("state", "answer"), [(state, answer) for state in STATES for answer in ANSWERS if answer not in FITTING[state]]
)
def test_an_answer_that_nobody_asked_for_changes_nothing(state: State, answer: str, kind: Kind) -> None:
    plain, disturbed = Case(state, kind), Case(state, kind)
    disturbed.desk.feed(ANSWERS[answer](disturbed.request.id))
    assert disturbed.request.state is state
    for case in (plain, disturbed):
        case.go_on()
        kept(case)
    assert disturbed.ended() == plain.ended()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("state", "answer"),
    [
        (state, answer)
        for state in STATES
        for answer in sorted(FITTING[state] - {"journaled"})  # which only the journal itself can say
        if (state, answer) not in {(State.RECORDING, "conflict"), (State.FILING, "conflict")}
    ],
)
def test_each_answer_that_may_come_ends_well(state: State, answer: str, kind: Kind) -> None:
    case = Case(state, kind)
    desk = case.desk
    desk.held, desk.hold = [], set()
    desk.feed(ANSWERS[answer](case.request.id))
    case.go_on()
    kept(case)


@pytest.mark.parametrize("answer", ANSWERS)
def test_an_answer_to_what_is_closed_is_nobodys(answer: str) -> None:
    desk = Desk()
    desk.sale()
    (row,) = desk.rows()
    desk.feed(ANSWERS[answer](row.id))
    assert desk.rows() == [row]
    assert not desk.sent


def test_the_cases_cover_every_state_and_every_event() -> None:
    assert set(FITTING) == set(STATES) == {*HELD, State.SENT}
    made = {type(make("x")) for make in ANSWERS.values()}
    assert made == {*events.Answer.__subclasses__(), events.CardKnown, events.KeysTaken, events.KeysGiven}
