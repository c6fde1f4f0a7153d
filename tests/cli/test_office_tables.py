"""The back office's lines for people: a hundred columns, whatever is in them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from iso_gateway.cli.office import tables
from iso_gateway.office.timeline import Step
from iso_gateway.office.views import Debt, Shown, Transaction

NOON = datetime(2026, 11, 20, 12, 0, 0, 48_000, tzinfo=UTC)
LONG = "the host answered 30, and a sentence that goes on for as long as anybody may write one here, and then some"

TRANSACTION = Transaction(
    id="261120120000a1b2-100000",
    kind="completion_advice",
    state="owes reversal",
    terminal="TERM0001",
    merchant="MERCHANT0000001",
    batch="000007",
    stan="000001",
    amount=123456789,
    currency="840",
    amount_text="USD 1234567.89",
    card="476173******0010",
    code="68",
    rrn="632412000501",
    approval="A00501",
    acquirer="bank",
    received=NOON,
    flags=("double? 261120120000a1b2-99999",),
)
DEBT = Debt(
    id=TRANSACTION.id,
    state="question",
    kind=TRANSACTION.kind,
    terminal=TRANSACTION.terminal,
    merchant=TRANSACTION.merchant,
    stan="000001",
    amount=TRANSACTION.amount,
    currency="840",
    amount_text=TRANSACTION.amount_text,
    card=TRANSACTION.card,
    acquirer="bank",
    reason="98",
    reason_text=LONG,
    since=NOON,
    age=3 * 86400.0,
    attempts=4321,
    next="the terminal's receipt decides: confirm or reverse",
)
SHOWN = Shown(
    transaction=TRANSACTION,
    mti="0220",
    business_date="2026-11-20",
    verdict=LONG,
    host_mti="0220",
    host_stan="000501",
    link="bank-1",
    own_code="000",
    replays=2,
    attempts=4321,
    taken="refund in flight",
    returned=100,
    reserved=250,
    original="261120120000a1b2-1",
    named_by=tuple(f"261120120000a1b2-{number}" for number in range(9)),
    debt=DEBT,
    audits=(),
    steps=(
        Step(NOON, "received", "terminal", "gateway", "the request came in", "counter, from 192.0.2.1:1"),
        Step(NOON + timedelta(milliseconds=48), "stuck", "gateway", "gateway", "waits for an operator", LONG),
        Step(NOON + timedelta(days=2), "act", "operator", "gateway", "an operator acted", "x" * 240),
    ),
)


def test_nothing_is_wider_than_a_hundred_columns() -> None:
    lines = [*tables.debts([DEBT]), *tables.transactions([TRANSACTION]), *tables.shown(SHOWN)]
    assert [line for line in lines if len(line) > tables.WIDTH] == []
    assert all(line == line.rstrip() for line in lines)


def test_a_debt_has_all_that_an_operator_needs() -> None:
    text = "\n".join(tables.debts([DEBT]))
    for part in ("question", "3 d", "USD 1234567.89", "completion_advice", "TERM0001", "4321", "476173******0010"):
        assert part in text
    assert " ".join(text.split()).endswith("the terminal's receipt decides: confirm or reverse")


def test_a_timeline_names_each_day_once_and_counts_milliseconds() -> None:
    lines = list(tables.steps(SHOWN.steps))
    assert [line for line in lines if line.endswith("(UTC)")] == ["2026-11-20 (UTC)", "2026-11-22 (UTC)"]
    assert lines[1].startswith("12:00:00.048               terminal > gateway  the request came in: counter")
    assert lines[2].startswith("12:00:00.096       +48 ms  gateway             waits for an operator: the host")


def test_the_header_tells_what_there_is_and_nothing_else() -> None:
    text = "\n".join(tables.header(SHOWN))
    assert "68 (host: 000)" in text
    assert "refund in flight, USD 1.00 returned, USD 2.50 reserved" in text
    assert "double? 261120120000a1b2-99999" in text
    bare = Shown(**{field: getattr(SHOWN, field) for field in SHOWN.__struct_fields__} | {"host_mti": "", "replays": 0})
    assert "not reached" in "\n".join(tables.header(bare))
    assert "replays" not in "\n".join(tables.header(bare))


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (119.9, "119 s"), (120, "2 min"), (7199, "119 min"), (7200, "2 h"), (172_800, "2 d"), (9e6, "104 d")],
)
def test_an_age_is_said_in_the_unit_that_people_use(seconds: float, said: str) -> None:
    assert tables.age(seconds) == said


def test_totals_stand_by_currency_and_state() -> None:
    assert list(tables.totals({"JPY": {"stuck": 1200}, "USD": {"owed": 5, "question": 100}})) == [
        "total  JPY 1200 stuck",
        "total  USD 0.05 owed, USD 1.00 question",
    ]
