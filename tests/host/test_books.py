"""Whatever is asked in whatever order, the books balance; and whatever bytes come, the host stands."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iso_gateway.host.books import SERIALS, Numbers
from iso_gateway.host.calendar import Calendar
from iso_gateway.host.transaction import State
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.moment import Moment
from tests.support.till import START, Reply, Till

SPECS = ("iso87-ascii", "iso87-binary", "iso93-ascii", "cup-pos")
FIRST = (Kind.SALE, Kind.PREAUTH, Kind.ADVICE)
LATER = (Kind.VOID, Kind.REFUND, Kind.COMPLETION, Kind.PREAUTH_CANCEL, Kind.COMPLETION_CANCEL, Kind.REVERSAL)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(FIRST), st.integers(0, 400_000), st.just(0)),
        st.tuples(st.sampled_from(LATER), st.sampled_from([0, 1, 2]), st.integers(0, 30)),
        st.tuples(st.just("again"), st.just(0), st.integers(0, 30)),
    ),
    max_size=40,
)


def take(till: Till, replies: list[Reply], step: tuple[object, int, int]) -> Reply | None:
    """Do one step: a sale or the like, something about an earlier reply, or an earlier request again."""
    what, amount, which = step
    if what in FIRST:
        assert isinstance(what, Kind)
        return till.ask(what, amount)
    if not replies:
        return None
    earlier = replies[which % len(replies)]
    if what == "again":
        till.again(earlier)
        return None
    assert isinstance(what, Kind)
    if till.dialect.profile.row(what) is None:
        return None
    whole = int(earlier.request.get(4, "0"))
    return till.ask(what, (whole, whole // 2, whole + 1)[amount], about=earlier)


def assert_balanced(till: Till) -> None:
    standing = [row for row in till.host.ledger if row.stands]
    account = till.account()
    assert account.balance == 1_000_000 + sum(row.effect.booked for row in standing)
    assert account.held == sum(row.effect.held for row in standing)
    assert account.held >= 0
    assert account.balance <= 1_000_000
    for row in till.host.ledger:
        assert 0 <= row.returned <= row.amount
        assert not (row.returned and row.taken_by)
    for total in till.host.ledger.totals.rows():
        assert total["net"] == 1_000_000 - account.balance
        counted = {kind: row["count"] for kind, row in total["kinds"].items()}
        assert counted == Counter(str(row.kind) for row in standing)


@pytest.mark.parametrize("spec", SPECS)
@given(steps=STEPS)
def test_the_books_balance(spec: str, steps: list[tuple[object, int, int]]) -> None:
    till = Till(spec)
    replies: list[Reply] = []
    for step in steps:
        reply = take(till, replies, step)
        if reply is not None:
            replies.append(reply)
        assert_balanced(till)


@pytest.mark.parametrize("spec", SPECS)
@given(data=st.data())
def test_broken_bytes_get_an_answer_or_silence(spec: str, data: st.DataObject) -> None:
    till = Till(spec)
    sale = till.ask(Kind.SALE)
    kind = data.draw(st.sampled_from([Kind.SALE, Kind.VOID, Kind.REVERSAL, Kind.BALANCE, Kind.ECHO]))
    wire = bytearray(till.dialect.spec.encode(till.request(kind, about=sale)))
    for _ in range(data.draw(st.integers(1, 4))):
        wire[data.draw(st.integers(0, len(wire) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(wire)))
    decision = till.host.hear(bytes(wire[:cut] if data.draw(st.booleans()) else wire), till.moment)
    if decision.answer is not None:
        till.dialect.spec.decode(till.dialect.spec.encode(decision.answer))
    booked = sum(row.effect.booked for row in till.host.ledger if row.stands)
    assert sum(total["net"] for total in till.host.ledger.totals.rows()) == -booked


@given(st.binary(max_size=300))
def test_random_bytes_get_no_more_than_an_answer(payload: bytes) -> None:
    till = Till()
    decision = till.host.hear(payload, till.moment)
    assert decision.answer is None or till.dialect.spec.encode(decision.answer)


def test_totals_are_by_terminal_and_currency(till: Till) -> None:
    till.ask(Kind.SALE, 1000)
    sale = till.ask(Kind.SALE, 500)
    till.ask(Kind.REFUND, 200, about=sale)
    till.ask(Kind.SALE, 10_051)  # declined: counts nowhere
    till.ask(Kind.PREAUTH, 300)
    till.ask(Kind.SALE, 700, currency="978")
    till.terminal = "TERM0002"
    reversed_sale = till.ask(Kind.SALE, 900)
    till.ask(Kind.REVERSAL, 900, about=reversed_sale)
    book = {"merchant": "MERCHANT0000001", "terminal": "TERM0001", "currency": "840"}
    kinds = {
        "preauth": {"count": 1, "amount": 300},
        "refund": {"count": 1, "amount": 200},
        "sale": {"count": 2, "amount": 1500},
    }
    assert till.host.ledger.totals.rows() == [
        {**book, "kinds": kinds, "net": 1300},
        {**book, "currency": "978", "kinds": {"sale": {"count": 1, "amount": 700}}, "net": 700},
        {**book, "terminal": "TERM0002", "kinds": {"reversal": {"count": 1, "amount": 900}}, "net": 0},
    ]


def test_a_row_says_all_that_matters_and_no_card(till: Till) -> None:
    sale = till.ask(Kind.SALE, 1234)
    till.ask(Kind.VOID, 1234, about=sale)
    first, second = till.host.ledger.rows()
    assert first == {
        "serial": 1,
        "kind": "sale",
        "state": "voided",
        "code": "00",
        "terminal": "TERM0001",
        "merchant": "MERCHANT0000001",
        "batch": "000007" if till.cup else "",
        "stan": "000001",
        "rrn": sale.rrn,
        "approval": sale.said(38),
        "amount": 1234,
        "currency": "840",
        "pan": "476173******0010",
        "returned": 0,
        "business_date": "2026-03-02",
        "received": "2026-03-02T10:30:00+00:00",
        "original": None,
    }
    assert (second["kind"], second["original"]) == ("void", sale.rrn)


def test_the_oldest_is_forgotten_first() -> None:
    till = Till(remember=3)
    sales = [till.ask(Kind.SALE) for _ in range(5)]
    assert [row.rrn for row in till.transactions] == [sale.rrn for sale in sales[2:]]
    assert till.ask(Kind.REVERSAL, about=sales[1]).code == "25"
    assert till.ask(Kind.REVERSAL, about=sales[4]).code == "00"
    assert len(till.host.ledger._index) <= 3 * 3
    assert till.host.ledger.totals.rows()[0]["kinds"]["sale"]["count"] == 4  # totals forget nothing


def test_what_was_passed_over_is_not_remembered_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("iso_gateway.host.authorizer._PASSED_OVER", 2)
    till = Till()
    silent = [till.ask(Kind.SALE, 1069) for _ in range(3)]
    assert len(till.host._passed_over) == 2
    assert till.again(silent[0], marked=False).code == ""
    assert till.again(silent[2], marked=False).code == "00"


def test_accounts_are_bounded_too() -> None:
    till = Till(remember=2)
    for pan in ("4761739001010010", "5413330089600119", "4111111111111111"):
        till.ask(Kind.SALE, 1000, pan=pan)
    assert len(till.host.accounts) == 2


def test_rrns_of_a_day_are_unique_and_begin_anew_after_the_last() -> None:
    numbers = Numbers(SERIALS - 1)
    day = Calendar().dated(Moment(0.0, datetime(2026, 12, 31, 23, 59, tzinfo=UTC))).serials
    assert [numbers.next(day)[0] for _ in range(2)] == ["636599999999", "636500000000"]
    assert all(len(approval) == 6 for approval in (numbers.next(day)[1], Numbers(999_998).next(day)[1]))


def test_states_are_words() -> None:
    assert {str(state) for state in State} >= {"approved", "declined", "reversed", "voided", "refunded"}
    assert START.wall.tzinfo is UTC


def test_a_ledger_is_told_page_by_page() -> None:
    till = Till("iso87-ascii")
    for amount in (101, 102, 103, 104):
        till.ask(Kind.SALE, amount)
    ledger = till.host.ledger
    assert [row["amount"] for row in ledger.rows()] == [101, 102, 103, 104]
    assert [(row["serial"], row["amount"]) for row in ledger.rows(since=1, most=2)] == [(2, 102), (3, 103)]
    assert ledger.rows(since=4) == []
    assert (ledger.latest, ledger.forgotten) == (4, 0)


def test_a_ledger_tells_what_went_for_want_of_room() -> None:
    till = Till("iso87-ascii", remember=2)
    for amount in (101, 102, 103):
        till.ask(Kind.SALE, amount)
    assert [row["serial"] for row in till.host.ledger.rows()] == [2, 3]
    assert till.host.ledger.forgotten == 1
