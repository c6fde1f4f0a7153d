"""The sums of a batch add up whatever the order, survive the wire in every dialect, and no difference is left out."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from iso_gateway import Message
from iso_gateway.errors import LocalProtocolError
from iso_gateway.protocol.batch import TRANSITIONS, BatchState, BatchStep, Detail, Totals, What
from iso_gateway.protocol.kinds import TRAITS, Kind
from iso_gateway.protocol.reconciling import (
    CREDITS,
    DEBITS,
    PER_UPLOAD,
    Block,
    Verdict,
    blocks,
    code_of,
    in_sums,
    journal_totals,
    owed,
    per_record,
    sign_of,
    signed_amount,
    totals_facts,
    totals_of,
    totals_said,
    verdict_said,
    written_blocks,
)
from iso_gateway.protocol.records import Row, RowState
from tests.protocol.test_records import ROW
from tests.support.desk import NOON, dialect

EVERY = pytest.mark.parametrize("name", ["iso87-ascii", "iso87-binary", "iso93-ascii", "iso93-binary", "cup-pos"])
AMOUNTS = st.integers(1, 10**9)
SUMS = st.builds(
    Totals, st.integers(0, 10**12 - 1), st.integers(0, 999), st.integers(0, 10**12 - 1), st.integers(0, 999)
)


def row(stan: int, amount: int = 100, kind: Kind = Kind.SALE, **columns: Any) -> Row:
    """Return an approved row of the batch."""
    columns.setdefault("state", RowState.DONE)
    return replace(ROW, id=f"row-{stan}", stan=f"{stan:06}", amount=amount, kind=kind, **columns)


@given(st.lists(st.integers(-(10**9), 10**9)).flatmap(lambda drawn: st.tuples(st.just(drawn), st.permutations(drawn))))
def test_sums_add_up_whatever_the_order(drawn: tuple[list[int], list[int]]) -> None:
    amounts, shuffled = drawn
    totals = totals_of(amounts)
    assert totals == totals_of(shuffled)
    assert totals.debits - totals.credits == sum(amounts)
    assert totals.debit_count + totals.credit_count == len(amounts)
    assert totals_of(amounts[:3]) + totals_of(amounts[3:]) == totals


@EVERY
@given(totals=SUMS, verdict=st.sampled_from([Verdict.BALANCED, Verdict.NOT_BALANCED]))
def test_sums_and_how_they_compare_survive_the_wire(name: str, totals: Totals, verdict: Verdict) -> None:
    spoken = dialect(name)
    facts: dict[str, str | bytes] = {
        "system_trace_audit_number": "000001",
        "card_acceptor_terminal_id": "TERM0001",
        "card_acceptor_id": "MERCHANT0000001",
        "date_local_transaction": "1120",
        "time_local_transaction": "120000",
    }
    request = spoken.compose(Kind.SETTLEMENT, facts | totals_facts(spoken, totals), NOON.date(), batch="000007")
    there = spoken.spec.decode(spoken.spec.encode(request))
    assert totals_said(spoken, there) == totals
    assert not verdict_is_told(spoken.profile.totals, there)
    answer = spoken.answer(there, code_of(spoken, verdict), totals_facts(spoken, totals, verdict), NOON.date())
    back = spoken.spec.decode(spoken.spec.encode(answer))
    assert (verdict_said(spoken, back), totals_said(spoken, back)) == (verdict, totals)


def verdict_is_told(style: str, request: Message) -> bool:
    """Return whether a request says how the totals compare, which is for the answer."""
    return request[48][30] != "0" if style == "f48" else 66 in request


def test_an_answer_that_says_nothing_of_the_sums_is_an_error() -> None:
    cup, iso87 = dialect("cup-pos"), dialect("iso87-ascii")
    assert verdict_said(cup, Message("0510", {39: "00"})) is Verdict.ERROR
    assert verdict_said(iso87, Message("0510", {39: "96"})) is Verdict.ERROR
    assert verdict_said(iso87, Message("0510", {39: "00"})) is Verdict.BALANCED
    assert verdict_said(iso87, Message("0510", {39: "95"})) is Verdict.NOT_BALANCED
    assert code_of(iso87, Verdict.ERROR) == code_of(cup, Verdict.ERROR) == "96"


def test_what_was_reversed_is_taken_off_the_sums() -> None:
    said = {74: 1, 75: 1, 76: 5, 77: 2, 86: 100, 87: 100, 88: 900, 89: 200}
    message = Message("0500", {de: str(value) for de, value in said.items()})
    assert totals_said(dialect("iso87-ascii"), message) == Totals(700, 3, 0, 0)


BLOCKS = st.lists(
    st.builds(
        Block,
        st.just("00"),
        st.integers(1, 999_999).map("{:06}".format),
        st.sampled_from(["", "4761739001010010", "6212345678901234567"]),
        AMOUNTS,
    ),
    max_size=PER_UPLOAD,
    unique_by=lambda block: block.stan,
)


@given(BLOCKS)
def test_records_survive_the_wire(told: list[Block]) -> None:
    text = written_blocks(told)
    assert len(text) <= 322
    assert blocks(Message("0320", {48: text})) == tuple(told)


@given(st.sets(st.integers(1, 9)), st.sets(st.integers(1, 9)), st.sets(st.integers(1, 9)))
def test_each_record_agrees_or_is_listed(pos: set[int], ours: set[int], wrong: set[int]) -> None:
    details = [Detail(f"{stan:06}", 99 if stan in wrong else 100) for stan in sorted(pos)]
    found = {int(each.stan): each.what for each in per_record(details, [row(stan) for stan in sorted(ours)])}
    assert found == {
        **dict.fromkeys(pos - ours, What.POS_ONLY),
        **dict.fromkeys(ours - pos, What.CENTRE_ONLY),
        **dict.fromkeys(pos & ours & wrong, What.AMOUNT),
    }


@pytest.mark.parametrize("state", RowState)
def test_only_what_stands_is_counted(state: RowState) -> None:
    counted = state in (RowState.ANSWERED, RowState.DONE, RowState.UNCONFIRMED)
    assert (signed_amount(row(1, state=state, approved=False)) is not None) is counted
    assert (signed_amount(row(1, state=state, approved=True)) is not None) is (counted or state is RowState.NOTED)
    listed = owed([row(1, state=state)])
    assert [each.what for each in listed] == ([What.OWED] if state is RowState.STUCK else [])


def test_every_kind_of_money_is_a_debit_a_credit_or_holds_only() -> None:
    moved = {kind for kind in Kind if TRAITS[kind].financial}
    holds = {Kind.PREAUTH, Kind.PREAUTH_CANCEL, Kind.REVERSAL, Kind.ADJUSTMENT}
    assert moved - holds == DEBITS | CREDITS
    assert not DEBITS & CREDITS
    assert [sign_of(kind) for kind in (Kind.SALE, Kind.REFUND, Kind.PREAUTH)] == [1, -1, 0]
    assert sign_of(Kind.VOID, of_refund=True) == 1
    assert journal_totals([row(1, 500), row(2, 70, Kind.VOID), row(3, 9, Kind.VOID, behind="row-0")]) == Totals(
        509, 2, 70, 1
    )


@given(SUMS, SUMS, st.none() | SUMS)
def test_sums_agree_or_that_they_differ_is_listed(pos: Totals, ours: Totals, host: Totals | None) -> None:
    assert (in_sums(pos, ours, host) == []) is (pos == ours and host in (None, ours))


def test_what_the_host_alone_has_not_is_proposed_for_resubmission() -> None:
    """The terminal and the journal agree: ruling 8 has the host told."""
    both, less = Totals(900, 2), Totals(500, 1)
    ((host_alone,), (not_both,)) = in_sums(both, both, less), in_sums(both, less, less)
    assert "owed resubmit ID" in host_alone.proposal
    assert "resubmit" not in not_both.proposal


def test_the_states_of_a_batch() -> None:
    live = {state for state, _ in TRANSITIONS}
    assert live == set(BatchState) - {BatchState.CLOSED}
    assert {after for (_, step), after in TRANSITIONS.items() if step is BatchStep.UNANSWERED} == {BatchState.OPEN}
    for state in BatchState:
        for step in BatchStep:
            if (state, step) not in TRANSITIONS:
                with pytest.raises(LocalProtocolError):
                    TRANSITIONS[state, step]
