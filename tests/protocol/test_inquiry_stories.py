"""Stories of inquiries: the gateway says what it knows, and asks the host for the rest (ruling 8, flows 2.6)."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from iso_gateway import Message
from iso_gateway.protocol.events import Fate
from iso_gateway.protocol.inquiry import ACTIONS, Action, Standing, action, proposal, standing_of
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.originals import Original
from iso_gateway.protocol.records import RowState
from tests.protocol.test_records import ROW
from tests.support.desk import OTHER_PAN, PAN, Desk, setup

EVERY = pytest.mark.parametrize("name", ["iso87-ascii", "iso93-ascii", "cup-pos"])


def inquiry(desk: Desk, request: Message, answer: Message | None = None, pan: str = PAN) -> Message:
    """Return the question what became of *request*, of which the terminal saw *answer*, or nothing."""
    named = desk.original(request, answer if answer is not None else Message("0210"))
    return desk.request(Kind.INQUIRY, original=named, pan=pan).evolve({4: None})


def asked(desk: Desk, question: Message) -> tuple[str, str]:
    """Return DE 39, canonical, and DE 44 of the answer to *question*."""
    desk.send(question)
    answer = desk.answer()
    return desk.terminal_dialect.canonical(answer), answer.text(44)


@EVERY
def test_an_approved_transaction_is_told_with_its_values(name: str) -> None:
    desk = Desk(setup(name, name))
    request, answer = desk.sale(1234)
    desk.send(inquiry(desk, request))
    told = desk.answer()
    assert desk.terminal_dialect.canonical(told) == "00"
    assert told.text(44) == "approved"
    assert (told[4], told[37], told[38]) == ("000000001234", answer[37], answer[38])
    assert desk.host_got() == []


@EVERY
def test_a_declined_one_is_declined(name: str) -> None:
    desk = Desk(setup(name, name))
    request = desk.request()
    desk.send(request)
    desk.host_answers("51")
    desk.code()
    assert asked(desk, inquiry(desk, request)) == ("00", "declined")


def test_what_is_under_way_is_to_be_waited_for() -> None:
    desk = Desk()
    request = desk.request()
    desk.send(request)
    assert asked(desk, inquiry(desk, request)) == ("00", "in flight")
    desk.pass_time(30)
    desk.code()
    assert asked(desk, inquiry(desk, request)) == ("00", "being reversed")
    _, reversal = desk.host_got()
    desk.host_sends(desk.answer_to(reversal))
    assert asked(desk, inquiry(desk, request)) == ("00", "reversed")


def test_what_nobody_got_is_approved_as_long_as_nobody_reverses_it() -> None:
    desk = Desk()
    desk.fate = Fate.CUT
    request, _ = desk.sale()
    desk.fate = Fate.HANDED
    assert asked(desk, inquiry(desk, request)) == ("00", "approved")
    assert len(desk.rows(RowState.UNCONFIRMED)) == 1


@EVERY
def test_what_the_journal_does_not_know_is_asked_of_the_host(name: str) -> None:
    desk = Desk(setup(name, name))
    question = desk.request(Kind.INQUIRY, original=Original(rrn="632400000777")).evolve({4: None})
    desk.send(question)
    there = desk.last_sent
    kind = desk.host_dialect.kind_row(there)
    assert kind is not None
    assert kind.kind is Kind.INQUIRY
    assert there[37] == "632400000777"
    desk.host_answers("00", {4: "000000000500", 37: "632400000777", 38: "A00777", 44: "approved"})
    told = desk.answer()
    assert (told.text(44), told[4], told[38]) == ("approved", "000000000500", "A00777")
    assert desk.rows(RowState.NOTED)[0].kind is Kind.INQUIRY


def test_a_host_that_does_not_answer_an_inquiry_leaves_no_debt() -> None:
    desk = Desk()
    desk.send(desk.request(Kind.INQUIRY, original=Original(rrn="632400000777")).evolve({4: None}))
    desk.pass_time(30)
    assert desk.code() == "68"
    assert desk.rows(RowState.OWES_REVERSAL, RowState.OWES_REPEAT) == []


@EVERY
def test_what_is_named_by_a_stan_that_was_never_sent_is_none(name: str) -> None:
    desk = Desk(setup(name, name))
    named = Original(mti="0200", stan="000777", batch="000007")
    assert asked(desk, desk.request(Kind.INQUIRY, original=named).evolve({4: None})) == ("00", "none")
    assert desk.host_got() == []


def test_an_inquiry_about_another_card_is_refused() -> None:
    desk = Desk()
    request, answer = desk.sale()
    assert asked(desk, inquiry(desk, request, answer, OTHER_PAN))[0] == "14"


def test_an_inquiry_that_names_nothing_is_refused_with_30() -> None:
    desk = Desk()
    assert asked(desk, desk.request(Kind.INQUIRY).evolve({4: None})) == ("30", "")


@pytest.mark.parametrize("state", RowState)
@pytest.mark.parametrize("approved", [True, False])
def test_every_state_of_a_row_has_a_standing_and_only_what_is_over_ends_the_waiting(
    state: RowState,
    approved: bool,  # noqa: FBT001
) -> None:
    standing = standing_of(replace(ROW, state=state, approved=approved))
    open_still = state in (
        RowState.SENDING, RowState.OWES_REVERSAL, RowState.OWES_REPEAT, RowState.STUCK, RowState.WRITTEN_OFF
    )  # fmt: skip
    assert (standing in (Standing.IN_FLIGHT, Standing.BEING_REVERSED)) is open_still


# What follows (flows 2.6)


@pytest.mark.parametrize(
    ("believed", "standing", "wanted"),
    [
        (True, Standing.APPROVED, Action.NOTHING),
        (True, Standing.NONE, Action.SUBMIT),
        (False, Standing.APPROVED, Action.VOID),
        (False, Standing.NONE, Action.NOTHING),
        (True, Standing.REVERSED, Action.OPERATOR),
        (True, Standing.IN_FLIGHT, Action.WAIT),
        (False, Standing.BEING_REVERSED, Action.WAIT),
    ],
)
def test_the_table_of_dropped_orders(believed: bool, standing: Standing, wanted: Action) -> None:  # noqa: FBT001
    assert action(believed=believed, standing=standing, approval="A00001") is wanted
    assert str(wanted) in proposal(believed=believed, standing=standing, approval="A00001")


def test_the_table_is_whole_and_without_a_code_nothing_is_submitted() -> None:
    assert set(ACTIONS) == {(believed, standing) for believed in (True, False) for standing in Standing}
    assert action(believed=True, standing=Standing.NONE, approval="") is Action.OPERATOR
    assert "operator" in proposal(believed=True, standing=Standing.NONE, approval="")
