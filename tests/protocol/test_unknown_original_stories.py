"""Stories of reversals whose original is not known, or not yet: stones, forwarding, and races in the journal."""

from __future__ import annotations

import pytest

from iso_gateway.protocol import commands, events
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.originals import Original
from iso_gateway.protocol.records import RowState
from tests.support.desk import Desk, setup
from tests.support.stories import BOTH, named, row_of


# Ruling 3: the original is not known.
def test_a_reversal_by_stan_alone_gets_25_and_is_listed() -> None:
    desk = Desk()
    never = desk.request()
    assert desk.asked(desk.reversal(never.evolve({7: None}))) == "25"
    assert not desk.sent
    assert desk.said("listed")
    assert desk.rows(RowState.TOMBSTONE)


@pytest.mark.parametrize("terminal", ["iso87-ascii", "cup-pos"])
def test_a_sale_that_comes_after_its_reversal_gets_94_and_is_never_sent(terminal: str) -> None:
    desk = Desk(setup(terminal))
    sale = desk.request(changes={7: None})
    assert desk.asked(desk.reversal(sale)) == "25"
    assert desk.asked(sale) == "94"
    assert desk.asked(desk.repeat(sale.evolve({7: "1120120000"}))) == "94"
    assert not desk.sent


def test_the_stone_stands_in_the_originals_batch() -> None:
    desk = Desk(setup("cup-pos"))
    sale = desk.request()
    reversal = desk.reversal(sale).evolve({60: "22000008000", 61: "000007" + sale[11] + "1120"})
    assert desk.asked(reversal) == "25"
    assert desk.asked(sale) == "94"


@pytest.mark.parametrize("terminal", ["iso87-ascii", "cup-pos"])
def test_the_repeat_of_such_a_reversal_hears_the_same(terminal: str) -> None:
    desk = Desk(setup(terminal))
    sale = desk.request(changes={7: None})
    reversal = desk.reversal(sale)
    assert desk.asked(reversal) == "25"
    assert desk.asked(desk.repeat(reversal)) == "25"


def test_a_second_reversal_under_another_stan_hears_the_same() -> None:
    desk = Desk()
    sale = desk.request(changes={7: None})
    assert desk.asked(desk.reversal(sale)) == "25"
    assert desk.asked(desk.reversal(sale)) == "25"
    assert desk.asked(sale) == "94"


@pytest.mark.parametrize(
    "original",
    [
        Original(mti="0200", stan="000077", transmitted="1120110000"),
        Original(mti="0200", stan="000077", rrn="632400000077"),
        Original(mti="0200", stan="000077", approval="A00077"),
    ],
)
def test_a_reversal_with_an_identity_that_the_host_knows_is_forwarded(original: Original) -> None:
    desk = Desk()
    desk.send(desk.request(Kind.REVERSAL, original=original))
    forwarded = desk.host_answers("00")
    assert desk.code() == "00"
    if original.transmitted:
        assert forwarded[90] == "0200000077" + "1120110000" + "0" * 22
    else:
        assert 90 not in forwarded
    assert desk.asked(desk.request(stan="000077")) == "94"


@pytest.mark.parametrize(("host", "element"), [("cup-pos", 61), ("iso93-ascii", 56)])
def test_a_terminals_stan_never_names_a_sale_on_a_leg_where_the_gateway_numbers(host: str, element: int) -> None:
    desk = Desk(setup(host=host))
    original = Original(mti="0200", stan="000077", transmitted="1120110000", rrn="632400000077", date="1120")
    desk.send(desk.request(Kind.REVERSAL, original=original))
    forwarded = desk.last_sent
    assert forwarded[37] == "632400000077"
    assert "000077" not in str(forwarded.get(element, "")).replace("632400000077", "")


@pytest.mark.parametrize("host", ["cup-pos", "iso93-ascii"])
def test_where_nothing_but_the_stan_is_left_the_reversal_gets_25(host: str) -> None:
    desk = Desk(setup(host=host))
    original = Original(mti="0200", stan="000077", transmitted="1120110000")
    assert desk.asked(desk.request(Kind.REVERSAL, original=original)) == "25"
    assert not desk.sent


def test_what_the_host_says_to_a_forwarded_reversal_reaches_the_terminal() -> None:
    desk = Desk()
    original = Original(mti="0200", stan="000077", transmitted="1120110000")
    reversal = desk.request(Kind.REVERSAL, original=original)
    desk.send(reversal)
    desk.host_answers("25")
    assert desk.code() == "25"
    assert desk.asked(desk.repeat(reversal)) == "25"
    assert not desk.sent


def test_a_forwarded_reversal_that_nobody_answers_is_repeated_and_never_reversed() -> None:
    desk = Desk()
    reversal = desk.request(Kind.REVERSAL, original=Original(mti="0200", stan="000077", transmitted="1120110000"))
    desk.send(reversal)
    desk.pass_time(30)
    assert desk.code() == "68"
    assert [message.mti for message in desk.host_got()] == ["0400", "0401"]
    desk.pass_time(31)
    (again,) = desk.host_got()
    assert (again.mti, again[90][4:10]) == ("0401", "000077")
    desk.host_sends(desk.answer_to(again, "00"))
    assert desk.asked(desk.repeat(reversal)) == "00"


def test_a_forwarded_reversal_whose_answer_cannot_be_recorded_is_repeated_and_never_reversed() -> None:
    desk = Desk()
    desk.send(desk.request(Kind.REVERSAL, original=Original(mti="0200", stan="000077", transmitted="1120110000")))
    desk.journal_fails = True
    desk.host_answers("00")
    assert desk.code() == "68"
    desk.journal_fails = False
    desk.pass_time(10)
    assert {message.mti for message in desk.host_got()} == {"0401"}


def test_a_reversal_that_could_not_be_forwarded_may_be_asked_again() -> None:
    desk = Desk()
    original = Original(mti="0200", stan="000077", transmitted="1120110000")
    reversal = desk.request(Kind.REVERSAL, original=original)
    desk.hold = {commands.Send}
    desk.send(reversal)
    (command,) = desk.held
    desk.held, desk.hold = [], set()
    assert isinstance(command, commands.Send)
    desk.feed(events.NotSent(command.id))
    assert desk.code() == "91"
    desk.send(desk.repeat(reversal))
    assert desk.last_sent.mti == "0400"
    desk.host_answers("00")
    assert desk.code() == "00"


# Races, where the journal decides.
@BOTH
def test_a_reversal_that_meets_the_answer_of_its_sale_in_the_journal_is_decided_anew(terminal: str) -> None:
    desk = Desk(setup(terminal))
    sale = desk.request()
    desk.send(sale)
    asked = desk.last_sent
    desk.hold = {commands.Journal}
    desk.host_sends(desk.answer_to(asked, "00"))
    desk.send(named(desk, sale), "t2")
    desk.answer_held()
    codes = [desk.terminal_dialect.canonical(message) for _, message in desk.answers]
    assert sorted(codes) == ["00", "00"]
    assert row_of(desk, Kind.SALE).state is RowState.OWES_REVERSAL
    desk.pass_time(0)
    assert desk.last_sent.mti == "0400"


@BOTH
def test_the_other_way_round_the_sale_is_not_delivered_as_approved(terminal: str) -> None:
    desk = Desk(setup(terminal))
    sale = desk.request()
    desk.send(sale)
    asked = desk.last_sent
    desk.hold = {commands.Journal}
    desk.send(named(desk, sale), "t2")
    desk.host_sends(desk.answer_to(asked, "00"))
    desk.answer_held()
    codes = {connection: desk.terminal_dialect.canonical(message) for connection, message in desk.answers}
    assert codes == {"t1": desk.terminal_dialect.profile.no_answer, "t2": "00"}
    assert all(38 not in message for _, message in desk.answers)
    assert row_of(desk, Kind.SALE).state is RowState.OWES_REVERSAL


@BOTH
def test_a_reversal_while_the_intent_is_committed_never_replays_the_sale(terminal: str) -> None:
    """Looked up before the sale's row was there, committed after it."""
    desk = Desk(setup(terminal))
    sale = desk.request()
    desk.hold = {commands.Journal}
    desk.send(sale)
    desk.send(named(desk, sale), "t2")
    desk.answer_held()
    assert row_of(desk, Kind.SALE).state is RowState.OWES_REVERSAL
    assert [desk.terminal_dialect.canonical(message) for _, message in desk.answers] == ["00"]
    desk.pass_time(60)
    assert [message.mti for message in desk.host_got()][:2] == ["0200", "0400"]


@BOTH
def test_or_the_stone_comes_first_and_the_sale_is_never_sent(terminal: str) -> None:
    desk = Desk(setup(terminal))
    sale = desk.request()
    desk.hold = {commands.Secure}
    desk.send(sale)
    desk.hold = set()
    desk.send(named(desk, sale), "t2")
    desk.answer_held()
    assert not [message for message in desk.host_got() if message.mti[1] == "2"]


@pytest.mark.parametrize("seconds", [0, 90])
def test_a_sale_is_found_by_the_de_7_of_its_repeat(seconds: float) -> None:
    """Repeats have a DE 7 of their own, and the terminal may name that one."""
    desk = Desk()
    sale, answer = desk.sale()
    desk.pass_time(seconds)
    repeat = desk.repeat(sale)
    assert desk.asked(repeat) == "00"
    assert desk.asked(desk.reversal(repeat, answer)) == "00"
    assert row_of(desk, Kind.SALE).state is RowState.OWES_REVERSAL
