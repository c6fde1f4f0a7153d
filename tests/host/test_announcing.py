"""What the host says of its own accord, and what it makes of the answers."""

from __future__ import annotations

import pytest

from iso_gateway.codec.message import Message
from iso_gateway.errors import CannotCarry
from iso_gateway.protocol.kinds import Kind
from tests.support.till import Till


def answered(till: Till, said: Message) -> dict[str, object]:
    """Give the host the answer to what it *said*, and return what its log says of that."""
    answer = till.dialect.answer(said, "00", {}, till.moment.wall.date())
    decision = till.host.decide(answer, till.moment, till.link)
    assert decision.answer is None
    return {"event": decision.event, **decision.note}


@pytest.mark.parametrize("advice", [False, True])
def test_a_line_test_is_whole_and_its_answer_is_known(till: Till, *, advice: bool) -> None:
    said = till.host.network.announce(Kind.ECHO, till.moment, till.link, advice=advice)
    row = till.dialect.kind_row(till.dialect.spec.decode(till.dialect.spec.encode(said)))
    assert row is None or row.kind is Kind.ECHO  # UnionPay's is an 0820 alone
    assert said.mti[2] == ("2" if advice or till.cup else "0")
    assert answered(till, said)["kind"] == "echo"
    assert answered(till, said)["event"] == "ignored"


@pytest.mark.parametrize("spec", ["iso87-ascii", "iso93-ascii"])
def test_a_cut_over_says_which_date_begins(spec: str) -> None:
    till = Till(spec)
    till.host.cut_over(till.moment)
    said = till.host.network.announce(Kind.CUT_OVER, till.moment, till.link)
    assert str(said[15]).endswith("0303")
    assert till.dialect.spec.check(said) == []
    assert answered(till, said)["kind"] == "cut_over"
    assert till.ask(Kind.SALE).said(15).endswith("0303")


def test_a_dialect_without_a_cut_over_says_so() -> None:
    till = Till("cup-pos")
    with pytest.raises(CannotCarry, match="no cut_over"):
        till.host.network.announce(Kind.CUT_OVER, till.moment, till.link)


def test_an_answer_from_another_link_or_after_a_loss_is_none(till: Till) -> None:
    said = till.host.network.announce(Kind.ECHO, till.moment, "another link")
    assert answered(till, said)["event"] == "ignored"
    said = till.host.network.announce(Kind.ECHO, till.moment, till.link)
    till.host.network.closed(till.link)
    assert answered(till, said)["event"] == "ignored"


def test_numbers_go_up_from_message_to_message(till: Till) -> None:
    said = [till.host.network.announce(Kind.ECHO, till.moment, till.link)[11] for _ in range(3)]
    assert said == ["000001", "000002", "000003"]
