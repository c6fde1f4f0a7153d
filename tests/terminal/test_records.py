"""A terminal's memory: which number comes next, and which earlier request is meant."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.numbering import LAST
from iso_gateway.terminal.records import MOST, Memory, Outcome, Sent, first_stan
from tests.support.desk import NOON, PAN, dialect

SPEC = "iso87-ascii"


def sent(kind: Kind, stan: int, outcome: Outcome = Outcome.APPROVED, rrn: str = "", spec: str = SPEC) -> Sent:
    """Return a note."""
    return Sent(kind, spec, "0200", {11: f"{stan:06}"}, outcome=outcome, rrn=rrn)


def remembering(*notes: Sent) -> Memory:
    """Return a memory of *notes*."""
    memory = Memory(0)
    for note in notes:
        memory.note(note)
    return memory


def stan(found: Sent | None) -> int | None:
    """Return which one was found."""
    return None if found is None else int(found.stan)


def test_after_the_last_stan_comes_the_first() -> None:
    memory = Memory(LAST - 1)
    assert [memory.next_stan() for _ in range(3)] == ["999999", "000001", "000002"]


@given(st.datetimes(datetime(2020, 1, 1), datetime(2090, 1, 1)))  # noqa: DTZ001 -- made aware below
def test_the_first_stan_comes_from_the_time_and_does_not_come_again_within_a_day(naive: datetime) -> None:
    wall = naive.replace(tzinfo=UTC)
    assert 0 <= first_stan(wall) < LAST
    assert first_stan(wall) != first_stan(wall + timedelta(seconds=0.2))
    assert first_stan(wall) != first_stan(wall + timedelta(hours=24))


def test_last_is_the_latest_approved_of_what_can_be_taken_back() -> None:
    memory = remembering(
        sent(Kind.SALE, 1),
        sent(Kind.SALE, 2),
        sent(Kind.SALE, 3, Outcome.DECLINED),
        sent(Kind.SALE, 4, Outcome.UNKNOWN),
        sent(Kind.VOID, 5),
        sent(Kind.REVERSAL, 6),
        sent(Kind.ECHO, 7),
        sent(Kind.SALE, 8, spec="cup-pos"),
    )
    assert stan(memory.latest_approved(SPEC)) == 2


@pytest.mark.parametrize("kind", [Kind.REFUND, Kind.PREAUTH, Kind.COMPLETION, Kind.COMPLETION_ADVICE, Kind.ADVICE])
def test_last_may_be_a_refund_a_preauth_a_completion_or_an_offline_sale(kind: Kind) -> None:
    assert stan(remembering(sent(Kind.SALE, 1), sent(kind, 2)).latest_approved(SPEC)) == 2


def test_the_last_to_be_reversed_is_whatever_moved_money_with_any_outcome() -> None:
    memory = remembering(sent(Kind.SALE, 1), sent(Kind.VOID, 2, Outcome.UNKNOWN))
    memory.note(sent(Kind.REVERSAL, 3))
    memory.note(sent(Kind.ECHO, 4))
    assert stan(memory.latest_financial(SPEC)) == 2


def test_a_terminal_that_sent_nothing_has_no_last() -> None:
    memory = remembering(sent(Kind.ECHO, 1))
    assert memory.latest_approved(SPEC) is None
    assert memory.latest_financial(SPEC) is None


def test_an_rrn_that_a_refusal_echoed_is_still_the_one_of_the_sale() -> None:
    memory = remembering(
        sent(Kind.SALE, 1, rrn="632600000001"), sent(Kind.VOID, 2, Outcome.DECLINED, rrn="632600000001")
    )
    assert stan(memory.by_rrn(SPEC, "632600000001", (Kind.SALE, Kind.VOID))) == 1
    assert memory.by_rrn(SPEC, "632600000001", (Kind.PREAUTH,)) is None
    assert memory.by_rrn(SPEC, "632600000009", (Kind.SALE,)) is None


def test_a_result_takes_the_place_of_its_note() -> None:
    memory = remembering(sent(Kind.SALE, 1, Outcome.UNKNOWN), sent(Kind.REVERSAL, 1, Outcome.UNKNOWN))
    memory.note(sent(Kind.SALE, 1, rrn="632600000001"))
    assert [(each.kind, each.outcome) for each in memory.sent] == [
        (Kind.SALE, Outcome.APPROVED),
        (Kind.REVERSAL, Outcome.UNKNOWN),
    ]


def test_the_oldest_are_forgotten() -> None:
    memory = remembering(*(sent(Kind.SALE, each) for each in range(1, MOST + 3)))
    assert (len(memory.sent), memory.sent[0].stan) == (MOST, "000003")


def test_a_note_holds_no_card_number_and_no_track() -> None:
    speaks = dialect(SPEC)
    fields = {
        2: PAN,
        4: 1234,
        11: 7,
        14: "3012",
        35: f"{PAN}=30122011",
        41: "TERM0001",
        49: "840",
        52: "1122334455667788",
    }
    note = Sent.of(speaks, Kind.SALE, speaks.spec.message("0200", fields))
    assert note.card == "476173******0010"
    assert note.amount == 1234
    assert set(note.fields) == {4, 11, 41, 49}
    assert PAN.encode() not in msgspec.json.encode(note)


def test_a_note_names_itself_by_the_values_that_were_sent() -> None:
    note = Sent(
        Kind.SALE, "iso93-ascii", "1200", {11: "000007", 7: "1120120000", 12: "261120130000"}, rrn="1", approval="A"
    )
    original = note.as_original()
    assert (original.mti, original.stan, original.transmitted) == ("1200", "000007", "1120120000")
    assert (original.local, original.date) == ("261120130000", "1120")
    assert (original.rrn, original.approval) == ("1", "A")


def test_the_first_stan_of_noon_is_a_tenth_of_its_seconds() -> None:
    assert first_stan(NOON) == int(NOON.timestamp() * 10) % 999_999


def test_batches_are_numbered_and_begin_anew_after_the_last() -> None:
    memory = Memory(0)
    assert (memory.batch, memory.next_batch(), memory.batch) == ("000001", "000002", "000002")
    assert Memory(0, batch="999999").next_batch() == "000001"


def test_what_is_owed_is_never_forgotten() -> None:
    memory = remembering(sent(Kind.SALE, 1), sent(Kind.SALE, 2, Outcome.UNKNOWN))
    for each in range(3, MOST + 4):
        memory.note(sent(Kind.SALE, each))
    assert len(memory.sent) == MOST
    assert stan(memory.owed(SPEC)) == 2
    assert memory.sent[1].stan == "000005"


def test_where_all_is_owed_nothing_is_forgotten() -> None:
    memory = remembering(*(sent(Kind.SALE, each, Outcome.UNKNOWN) for each in range(1, MOST + 3)))
    assert len(memory.sent) == MOST + 2
