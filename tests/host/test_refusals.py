"""Hosts that refuse a reversal, so that whoever owes it is stuck: all of them, of a card, or of one sale."""

from __future__ import annotations

import pytest

from iso_gateway.host.settings import CardRule
from iso_gateway.protocol.kinds import Kind
from tests.support.till import OTHER_PAN, PAN, Till


@pytest.mark.parametrize("code", ["12", "30", "64", "94"])
def test_a_host_may_refuse_all_reversals(till: Till, code: str) -> None:
    refusing = Till(till.dialect.spec.name, refuse_reversals=code)
    sale = refusing.ask(Kind.SALE)
    assert refusing.ask(Kind.REVERSAL, about=sale).code == code
    assert refusing.states == [("sale", "approved")]
    assert refusing.account().balance == 1_000_000 - 1000


def test_a_refused_reversal_is_carried_out_when_the_host_has_been_mended(till: Till) -> None:
    sale = till.ask(Kind.SALE)
    till.host.refuse_reversals = "30"
    refused = till.ask(Kind.REVERSAL, about=sale)
    till.host.refuse_reversals = ""
    assert (refused.code, till.again(refused).code) == ("30", "00")
    assert till.account().balance == 1_000_000


def test_a_reversal_that_was_carried_out_keeps_its_answer(till: Till) -> None:
    reversal = till.ask(Kind.REVERSAL, about=till.ask(Kind.SALE))
    till.host.refuse_reversals = "30"
    assert till.again(reversal).code == "00"


def test_reversals_of_some_cards_may_be_refused() -> None:
    till = Till(cards=[CardRule(PAN[:6], refuse_reversals="12")])
    codes = {}
    for pan in (PAN, OTHER_PAN):
        sale = till.ask(Kind.SALE, pan=pan)
        codes[pan] = till.ask(Kind.REVERSAL, about=sale, pan=pan).code
    assert codes == {PAN: "12", OTHER_PAN: "00"}


@pytest.mark.parametrize("kind", [Kind.SALE, Kind.PREAUTH])
def test_a_magic_amount_asks_for_silence_and_a_refused_reversal(till: Till, kind: Kind) -> None:
    silent = till.ask(kind, 1067)
    assert silent.code == ""
    assert till.ask(Kind.REVERSAL, 1067, about=silent).code == "30"
    assert till.states == [(str(kind), "approved")]
    assert till.again(silent).code == "00"


def test_what_is_about_such_a_sale_is_reversed_like_any_other(till: Till) -> None:
    sale = till.again(till.ask(Kind.SALE, 1067))  # the repeat is answered
    void = till.ask(Kind.VOID, 1067, about=sale)
    assert till.ask(Kind.REVERSAL, 1067, about=void).code == "00"
    assert till.states[0] == ("sale", "approved")
