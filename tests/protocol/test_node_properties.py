"""Whatever happens in whatever order, no money is left in limbo (promises 1 and 2): the three ledgers agree."""

from __future__ import annotations

from collections import Counter
from typing import Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from iso_gateway.protocol import commands, events
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.records import APPROVED, Row, RowState, Taken
from tests.support.accidents import STORY, Accidents, lived
from tests.support.desk import PAN


def rows_by_stan(desk: Accidents) -> dict[str, Row]:
    """Return the rows that reached the host, by their STAN there."""
    rows: dict[str, Row] = {}
    for row in desk.rows():
        if row.host is not None and desk.first_sends[row.id]:
            assert row.host.stan not in rows
            rows[row.host.stan] = row
    return rows


def check_requests(desk: Accidents) -> None:
    """Asking twice charges once: one host request for each that a terminal made, repeats of debts aside."""
    assert all(count == 1 for count in desk.first_sends.values())
    sent = Counter((row.kind, row.stan) for row in desk.rows() if desk.first_sends[row.id])
    assert all(count == 1 for count in sent.values())


def check_books(desk: Accidents) -> None:
    """What the host approved is delivered, reversed, a question, or an operator's: never none of these."""
    rows = rows_by_stan(desk)
    for stan, entry in desk.books.items():
        row = rows[stan]
        told = {asked for asked in desk.requests if asked.message[11] == row.stan and asked.kind is row.kind}
        if entry.stands:
            assert row.state in {*APPROVED, RowState.STUCK, RowState.NOTED}, row.state
        if entry.stands and row.state is RowState.DONE:
            # A terminal that reverses first, and goes on without it, has read what perhaps came through.
            first = desk.terminal_dialect.profile.terminals_reverse_first
            assert any("00" in asked.told or (first and "00" in asked.perhaps) for asked in told)
        if row.state is RowState.REVERSED:
            assert not entry.stands


def check_terminals(desk: Accidents) -> None:
    """Whoever read an approval and did not reverse it has it; whoever was told "reversed" has it reversed."""
    rows = {(row.stan, row.kind): row for row in desk.rows() if row.state is not RowState.NOT_SENT}
    for asked in desk.requests:
        row = rows.get((asked.message[11], asked.kind))
        if asked.kind is Kind.REVERSAL or row is None or row.host is None:
            continue
        entry = desk.books.get(row.host.stan)
        if "00" in asked.told and not asked.reversed:
            assert entry is not None
            assert entry.stands
        if "00" in asked.told and not asked.reversed:
            assert set(asked.told[asked.told.index("00") :]) <= {"00", desk.terminal_dialect.profile.no_answer}


def check_totals(desk: Accidents) -> None:
    """No sale is given back more than once, or by more than it was."""
    rows = rows_by_stan(desk)
    for row in rows.values():
        if row.kind not in {Kind.SALE, Kind.ADVICE}:
            continue
        back = [(rows[other], entry) for other, entry in desk.books.items() if rows[other].original == row.id]
        given = sum(int(entry.message[4]) for _, entry in back if entry.stands)
        assert given <= row.amount
        assert 0 <= row.returned <= row.amount
        assert row.reserved >= 0
        open_ = [other for other, _ in back if other.state is RowState.STUCK]
        if not open_ and row.state in APPROVED:
            assert row.reserved == 0
            assert row.taken is not Taken.VOID_IN_FLIGHT
            assert (row.taken is Taken.VOIDED) == any(e.stands and e.kind is Kind.VOID for _, e in back)
            assert row.returned == sum(int(e.message[4]) for _, e in back if e.stands and e.kind is Kind.REFUND)


def check_numbers(desk: Accidents) -> None:
    """Everything that was borrowed is given back."""
    assert all(connection.in_flight == 0 for connection in desk.node.connections.values())
    assert not desk.node.flow._arrivals._underway.busy
    assert not desk.node.flow._arrivals._underway.by_key
    assert all(not link.debts for link in desk.node.links.links.values())
    assert not desk.node.owing._ledger._queues
    assert not any(desk.node.owing._ledger._waiting.values())
    assert all(not link.in_flight for link in desk.node.links.links.values())
    desk.pass_time(1000)
    desk.feed(events.TimePassed())
    desk.node.links.next_stan("bank")
    stuck = len(desk.rows(RowState.STUCK))
    assert len(desk.node.links.hosts["bank"].matching) <= 2 * stuck


REVERSED_WHILE_UNSURE: Final = [
    ("advice", 0), ("journal", 0), *[("sale", 0)] * 7, ("decide", 294), ("journal", 1), ("reverse", 0),
]  # fmt: skip
"""The journal fails to say that an advice is owed, its terminal reverses it, and then its repeat is answered."""

BOTH_SIDES: Final = pytest.mark.parametrize(
    ("terminal", "host"),
    [
        ("iso87-ascii", "iso87-ascii"),
        ("cup-pos", "iso87-ascii"),
        ("cup-pos", "cup-pos"),
        ("iso87-ascii", "iso93-ascii"),
    ],
)


@BOTH_SIDES
@settings(max_examples=100)
@given(story=STORY, keyed=st.booleans())
@example(story=REVERSED_WHILE_UNSURE, keyed=False)
@example(story=REVERSED_WHILE_UNSURE, keyed=True)
def test_no_money_in_limbo(terminal: str, host: str, *, keyed: bool, story: list[tuple[str, int]]) -> None:
    desk = lived(Accidents(terminal, host, keyed=keyed), story)
    check_requests(desk)
    check_books(desk)
    check_terminals(desk)
    check_totals(desk)
    check_numbers(desk)
    assert all(PAN not in repr(line) for line in desk.logs)


@BOTH_SIDES
@given(story=STORY)
def test_a_leg_without_keys_goes_the_same_way(terminal: str, host: str, story: list[tuple[str, int]]) -> None:
    with_keys, without = (Accidents(terminal, host, keyed=keyed) for keyed in (True, False))
    for desk in (with_keys, without):
        desk.slow_kinds = (commands.Journal, commands.Lookup, commands.Deliver)
        desk.breath = 0.01
        lived(desk, story)
    assert not {"Verify", "Secure"} & set(without.order)
    assert Counter(without.bytes_out) == Counter(with_keys.bytes_out)
    assert Counter(map(timeless, without.logs)) == Counter(map(timeless, with_keys.logs))
    assert [on_any_link(row) for row in without.rows()] == [on_any_link(row) for row in with_keys.rows()]


def on_any_link(row: Row) -> Row:
    """Return *row* with a story that does not say which link an attempt took: that goes by the order."""
    return replace(row, story=row.story.replace("bank-1", "bank").replace("bank-2", "bank"))


def timeless(line: commands.Log) -> str:
    """Return *line* without how long it took: by a step more of the security module, a breath more."""
    return repr((line.event, {name: value for name, value in line.fields.items() if name != "ms"}, line.level))
