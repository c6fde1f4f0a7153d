"""What the host says to totals, records and inquiries, in every dialect."""

from __future__ import annotations

import pytest

from iso_gateway.codec.message import Message
from iso_gateway.protocol.batch import Totals
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.originals import Original
from iso_gateway.protocol.reconciling import (
    Block,
    Verdict,
    totals_facts,
    totals_of,
    totals_said,
    verdict_said,
    written_blocks,
)
from tests.support.till import OTHER_PAN, PAN, Reply, Till


def settle(till: Till, said: Totals) -> Reply:
    """Send the totals *said*."""
    till.wait(1)
    return till.send(totals(till, said))


def totals(till: Till, said: Totals) -> Message:
    facts = totals_facts(till.dialect, said)
    changes: dict[int | str, str | bytes] = {
        de: value for name, value in facts.items() if (de := till.dialect.number(name)) is not None
    }
    return till.request(Kind.SETTLEMENT, None, pan="", changes=changes)


def heard(till: Till, reply: Reply) -> tuple[Verdict, Totals | None]:
    """Return how the totals compare, and which the host has."""
    assert reply.answer is not None
    return verdict_said(till.dialect, reply.answer), totals_said(till.dialect, reply.answer)


def upload(till: Till, *records: Block) -> str:
    """Upload *records*; return the code."""
    return till.ask(Kind.UPLOAD, None, pan="", changes={48: written_blocks(records)}).code


def end(till: Till, network: str) -> str:
    """End the upload; return the code."""
    ended = till.request(Kind.UPLOAD_END, None, pan="")
    return till.send(ended.evolve({48: "0000", 60: f"00{till.batch}{network}"})).code


def test_a_day_comes_to_its_sums(till: Till) -> None:
    till.ask(Kind.SALE, 1000)
    voided = till.ask(Kind.SALE, 500)
    assert till.ask(Kind.VOID, 500, about=voided).code == "00"
    refunded = till.ask(Kind.SALE, 300)
    assert till.ask(Kind.REFUND, 100, about=refunded).code == "00"
    gone = till.ask(Kind.SALE, 70)
    assert till.ask(Kind.REVERSAL, 70, about=gone).code == "00"
    assert till.ask(Kind.SALE, 99_999_999).code == "51"
    held = till.ask(Kind.PREAUTH, 4000)
    assert held.code == "00"
    assert till.ask(Kind.COMPLETION_ADVICE, 4000, about=held).code == "00"
    ours = Totals(1000 + 500 + 300 + 4000, 4, 600, 2)
    assert heard(till, settle(till, ours)) == (Verdict.BALANCED, ours)


def test_other_sums_are_answered_with_the_hosts(till: Till) -> None:
    till.ask(Kind.SALE, 1000)
    reply = settle(till, Totals(900, 1))
    assert heard(till, reply) == (Verdict.NOT_BALANCED, Totals(1000, 1))
    assert reply.code == ("00" if till.cup else "95")
    assert reply.decision.event == "settlement"
    assert reply.decision.note["balanced"] is False


def test_a_repeat_of_the_totals_gets_the_first_answer(till: Till) -> None:
    till.ask(Kind.SALE, 1000)
    reply = settle(till, Totals(1000, 1))
    assert heard(till, till.again(reply)) == (Verdict.BALANCED, Totals(1000, 1))


def test_a_settled_batch_is_over(till: Till) -> None:
    till.ask(Kind.SALE, 1000)
    assert heard(till, settle(till, Totals(1000, 1)))[0] is Verdict.BALANCED
    if till.cup:
        assert end(till, "207") == "00"
        till.batch = "000008"
    till.wait(1)
    till.ask(Kind.SALE, 30)
    assert heard(till, settle(till, Totals(30, 1))) == (Verdict.BALANCED, Totals(30, 1))


def test_totals_that_say_nothing_are_refused(till: Till) -> None:
    assert till.ask(Kind.SETTLEMENT, None, pan="").code == "30"


def test_records_are_matched_one_by_one() -> None:
    till = Till("cup-pos")
    stans = [till.ask(Kind.SALE, amount).request[11] for amount in (1000, 500, 300, 200)]
    assert heard(till, settle(till, Totals(1, 1)))[0] is Verdict.NOT_BALANCED
    assert upload(till, Block("00", stans[0], PAN, 1000), Block("00", stans[1], PAN, 499)) == "00"
    assert upload(till, Block("00", stans[2], OTHER_PAN, 300), Block("00", "999999", PAN, 5)) == "00"
    assert end(till, "202") == "00"
    (results,) = till.host.batches.results.values()
    assert results == {stans[0]: "3", stans[1]: "4", stans[2]: "4", stans[3]: "6", "999999": "5"}


@pytest.mark.parametrize("records", ["7", "02" + "0" * 40])
def test_records_that_are_none_or_come_first_are_refused(records: str) -> None:
    till = Till("cup-pos")
    assert till.ask(Kind.UPLOAD, None, pan="", changes={48: records}).code == "30"
    assert upload(till, Block("00", "000001", PAN, 5)) == "12"
    assert end(till, "202") == "12"


# Inquiries


def ask(till: Till, about: Reply | Original, pan: str = PAN) -> Reply:
    return till.ask(Kind.INQUIRY, None, about=about, pan=pan)


def test_an_inquiry_tells_what_became_of_it(till: Till) -> None:
    sale = till.ask(Kind.SALE, 1000)
    told = ask(till, sale)
    assert (told.code, told.said(44), told.said(4), told.rrn) == ("00", "approved", "000000001000", sale.rrn)
    assert told.said(38) == sale.said(38)
    declined = till.ask(Kind.SALE, 99_999_999)
    assert ask(till, declined).said(44) == "declined"
    till.ask(Kind.REVERSAL, 1000, about=sale)
    assert ask(till, sale).said(44) == "reversed"
    assert [state for _, state in till.states] == ["reversed", "declined", "approved"]


def test_an_inquiry_about_nothing_known_finds_none(till: Till) -> None:
    told = ask(till, Original(rrn="606100009999"))
    assert (told.code, told.said(44)) == ("00", "none")
    assert till.states == []


def test_an_inquiry_has_to_name_something_and_the_right_card(till: Till) -> None:
    sale = till.ask(Kind.SALE, 1000)
    assert ask(till, sale, OTHER_PAN).code == "14"
    assert till.ask(Kind.INQUIRY, None).code == "30"


def test_sums_do_not_depend_on_the_order() -> None:
    amounts = [500, -500, 3, -1, 1000]
    assert totals_of(amounts) == totals_of(sorted(amounts)) == Totals(1503, 3, 501, 2)
