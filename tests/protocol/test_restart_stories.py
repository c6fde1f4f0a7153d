"""Stories of terminals that ask again after a restart of the gateway: what they hear stands in the journal alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from iso_gateway import Message
from iso_gateway.protocol import events
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.lifecycle import Stage, stage
from iso_gateway.protocol.records import Row, RowState
from iso_gateway.protocol.recovery import LEFT_OPEN
from iso_gateway.store.sqlite import SqliteJournal
from tests.support.desk import NOON, Desk, setup
from tests.support.stories import BOTH


def started_anew(desk: Desk) -> Desk:
    """Return a desk with a new node over the journal of *desk*, an hour later, with no link up yet."""
    after = Desk(desk.setup, links=())
    after.mono = desk.mono + 3600
    journal: Any = desk.journal
    if isinstance(journal, SqliteJournal):
        journal.close()
        desk.journal = journal = SqliteJournal(journal.path, after.now.wall)  # type: ignore[assignment]
    after.journal = journal
    after.node.world.lent = replace(after.node.world.lent, run="later")
    after.since = desk.now.wall.replace(day=1)
    after._stan = desk._stan
    after.feed(events.Recovered(tuple(desk.journal.in_states(LEFT_OPEN))))
    return after


def the_row(desk: Desk, kind: Kind) -> Row:
    (row,) = [row for row in desk.rows() if row.kind is kind]
    return row


@BOTH
@pytest.mark.parametrize("marked", [False, True])
def test_a_repeat_gets_the_stored_answer_on_a_new_connection_after_a_restart(terminal: str, marked: bool) -> None:  # noqa: FBT001
    desk = Desk(setup(terminal, "iso87-ascii"))
    sale, answer = desk.sale()
    after = started_anew(desk)
    after.send(after.repeat(sale) if marked else sale, "another")
    again = after.answer()
    assert {de: again.get(de) for de in (4, 11, 37, 38, 39, 41)} == {
        de: answer.get(de) for de in (4, 11, 37, 38, 39, 41)
    }
    assert not after.sent
    assert the_row(after, Kind.SALE).replays == 1


@BOTH
def test_a_decline_is_declined_again_after_a_restart(terminal: str) -> None:
    desk = Desk(setup(terminal, "iso87-ascii"))
    sale = desk.request()
    desk.send(sale)
    desk.host_answers("51")
    assert desk.code() == "51"
    assert started_anew(desk).asked(sale) == "51"


@BOTH
def test_what_was_in_flight_is_owed_and_its_repeat_hears_that_nobody_knows(terminal: str) -> None:
    desk = Desk(setup(terminal, "iso87-ascii"))
    sale = desk.request()
    desk.send(sale)
    after = started_anew(desk)
    assert after.asked(sale) == after.terminal_dialect.profile.no_answer
    after.bring_up()
    after.pass_time(1)
    reversal = after.host_answers("00")
    assert (reversal.mti, reversal[90][4:10]) == ("0400", "000501")
    assert the_row(after, Kind.SALE).state is RowState.REVERSED


@BOTH
def test_another_message_under_an_old_key_gets_94_after_a_restart(terminal: str) -> None:
    desk = Desk(setup(terminal, "iso87-ascii"))
    sale, _ = desk.sale(1000)
    after = started_anew(desk)
    assert after.asked(sale.evolve({4: "000000000500"})) == "94"
    assert after.said("duplicate")


def test_a_tombstone_outlives_the_process() -> None:
    desk = Desk()
    sale = desk.request()
    never_came = desk.request(Kind.REVERSAL, 1234, original=desk.original(sale, Message("0210")))
    assert desk.asked(never_came.evolve({90: "0200" + sale[11] + "0" * 32})) == "25"
    after = started_anew(desk)
    assert after.asked(sale) == "94"


Pair = tuple[Message, Message]


def then(desk: Desk, kind: Kind, original: Pair, amount: int) -> Pair:
    message = desk.later(kind, original, amount)
    desk.send(message)
    desk.host_answers("00")
    return message, desk.answer()


@pytest.mark.parametrize(
    ("kind", "amount", "code", "left"),
    [
        (Kind.VOID, 1000, "25", Stage.PART_REFUNDED),
        (Kind.REFUND, 601, "61", Stage.PART_REFUNDED),
        (Kind.REFUND, 600, "00", Stage.REFUNDED),
    ],
)
def test_how_an_original_stands_outlives_the_process(kind: Kind, amount: int, code: str, left: Stage) -> None:
    desk = Desk()
    sale = desk.sale(1000)
    then(desk, Kind.REFUND, sale, 400)
    after = started_anew(desk)
    after.bring_up()
    after.send(after.later(kind, sale, amount))
    if code == "00":
        after.host_answers("00")
    assert after.code() == code
    assert stage(the_row(after, Kind.SALE)) is left


@pytest.mark.parametrize("host", ["iso87-ascii", "cup-pos"])
def test_a_hold_outlives_the_process_and_is_freed_when_its_reversal_is_settled(host: str) -> None:
    desk = Desk(setup("cup-pos", host))
    preauth = desk.request(Kind.PREAUTH, 1000)
    desk.send(preauth)
    desk.host_answers("00")
    held = (preauth, desk.answer())
    completed = then(desk, Kind.COMPLETION, held, 900)
    desk.send(desk.later(Kind.COMPLETION_CANCEL, completed, 900))
    after = started_anew(desk)
    assert stage(the_row(after, Kind.PREAUTH)) is Stage.COMPLETION_CANCEL_IN_FLIGHT
    assert after.asked(after.later(Kind.COMPLETION, held, 900)) == "22"
    after.bring_up()
    after.pass_time(1)
    after.host_answers("00")
    assert stage(the_row(after, Kind.PREAUTH)) is Stage.COMPLETED


def test_after_a_restart_a_refund_of_unknown_outcome_still_lets_others_wait() -> None:
    desk = Desk()
    sale = desk.sale(1000)
    desk.send(desk.later(Kind.REFUND, sale, 400))
    after = started_anew(desk)
    assert after.asked(after.later(Kind.REFUND, sale, 100)) == "22"
    after.bring_up()
    after.pass_time(1)
    after.host_answers("00")
    assert stage(the_row(after, Kind.SALE)) is Stage.APPROVED


@pytest.mark.parametrize("terminal", ["iso87-ascii", "cup-pos"])
def test_all_of_it_comes_back_from_a_file(terminal: str, tmp_path: Path) -> None:
    desk = Desk(setup(terminal, "iso87-ascii"))
    journal = SqliteJournal(tmp_path / "journal.db", NOON)
    desk.journal = journal  # type: ignore[assignment]
    sale = desk.sale(1000)
    refund = then(desk, Kind.REFUND, sale, 400)
    unknown = desk.request(amount=700)
    desk.send(unknown)
    after = started_anew(desk)
    for message, answer in (sale, refund):
        after.send(after.repeat(message), "another")
        again = after.answer()
        assert (again[39], again[37], again.get(38)) == ("00", answer[37], answer.get(38))
    assert after.asked(unknown) == after.terminal_dialect.profile.no_answer
    assert after.asked(after.later(Kind.REFUND, sale, 601)) == "61"
    after.bring_up()
    after.pass_time(1)
    assert after.host_answers("00").mti == "0400"
    assert [row.state for row in after.rows()] == [RowState.DONE, RowState.DONE, RowState.REVERSED]
    after.journal.close()


def test_nothing_of_a_process_is_needed_to_answer_its_repeats() -> None:
    """Not even one that was answered while the old process ran, and whose row came back from another store."""
    desk = Desk()
    pairs = [desk.sale(amount) for amount in (100, 200, 300)]
    after = started_anew(desk)
    memory = after.node.flow.doubles._last
    memory.clear()
    for sale, answer in pairs:
        after.send(sale)
        assert after.answer()[37] == answer[37]
    assert not after.sent
