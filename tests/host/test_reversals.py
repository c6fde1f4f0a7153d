"""Reversals: what they take back, what they find, and what they are told."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from iso_gateway.protocol.dialect import Dialect
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.originals import Original
from tests.support.till import OTHER_PAN, Reply, Till

DAY = 24 * 3600


def reversal_of(till: Till, reply: Reply, amount: int = 1000, **how: object) -> Reply:
    return till.ask(Kind.REVERSAL, amount, about=reply, **how)


def test_the_reversal_of_a_sale_gives_the_money_back(till: Till) -> None:
    sale = till.ask(Kind.SALE)
    reversal = reversal_of(till, sale)
    assert reversal.code == "00"
    assert reversal.rrn == sale.rrn
    assert till.account().balance == 1_000_000
    assert till.states == [("sale", "reversed"), ("reversal", "approved")]


def test_the_reversal_of_a_preauth_lets_the_hold_go(till: Till) -> None:
    reversal_of(till, till.ask(Kind.PREAUTH))
    assert till.account().held == 0


def test_the_reversal_of_a_void_makes_the_sale_stand_again(till: Till) -> None:
    sale = till.ask(Kind.SALE)
    void = till.ask(Kind.VOID, about=sale)
    assert reversal_of(till, void).code == "00"
    assert till.account().balance == 999_000
    assert till.states == [("sale", "approved"), ("void", "reversed"), ("reversal", "approved")]
    assert till.ask(Kind.VOID, about=sale).code == "00"


def test_the_reversal_of_a_refund_takes_it_back(till: Till) -> None:
    sale = till.ask(Kind.SALE, 1000)
    refund = till.ask(Kind.REFUND, 400, about=sale)
    assert reversal_of(till, refund, 400).code == "00"
    assert till.account().balance == 999_000
    assert till.transactions[0].returned == 0


def test_the_reversal_of_a_completion_lets_the_hold_stand_again(till: Till) -> None:
    preauth = till.ask(Kind.PREAUTH, 1000)
    completion = till.ask(Kind.COMPLETION, 900, about=preauth)
    assert reversal_of(till, completion, 900).code == "00"
    assert (till.account().balance, till.account().held) == (1_000_000, 1000)
    assert till.states[0] == ("preauth", "approved")


@pytest.mark.parametrize(
    ("spec", "code"), [("iso87-ascii", "25"), ("iso87-binary", "25"), ("iso93-ascii", "25"), ("cup-pos", "00")]
)
def test_a_reversal_of_nothing_known_is_answered_as_the_dialect_does(spec: str, code: str) -> None:
    till = Till(spec)
    sale = Reply(till, till.request(Kind.SALE), till.host.hear(b"", till.moment))
    assert reversal_of(till, sale).code == code


@pytest.mark.parametrize("code", ["00", "25"])
def test_what_not_found_means_is_a_setting(till: Till, code: str) -> None:
    other = Till(till.dialect.spec.name, reversal_not_found=code)
    sale = Reply(other, other.request(Kind.SALE), other.host.hear(b"", other.moment))
    assert reversal_of(other, sale).code == code


def test_a_reversal_that_overtook_its_sale_is_looked_up_anew(till: Till) -> None:
    sale = Reply(till, till.request(Kind.SALE), till.host.hear(b"", till.moment))
    early = reversal_of(till, sale)
    assert early.code == till.dialect.profile.reversal_not_found
    assert till.transactions == []
    assert till.send(sale.request).code == "00"
    assert till.account().balance == 999_000
    late = till.again(early)
    assert late.code == "00"
    assert till.account().balance == 1_000_000


def test_the_repeat_of_a_reversal_gets_its_first_answer(till: Till) -> None:
    reversal = reversal_of(till, till.ask(Kind.SALE))
    till.wait(60)
    for _ in range(2):
        assert till.again(reversal).code == "00"
    assert till.account().balance == 1_000_000
    assert len(till.transactions) == 2


@pytest.mark.parametrize("spec", ["iso87-ascii", "iso87-binary", "iso93-ascii"])
def test_another_reversal_of_what_was_reversed_is_25(spec: str) -> None:
    till = Till(spec)
    sale = till.ask(Kind.SALE)
    reversal_of(till, sale)
    assert reversal_of(till, sale).code == "25"
    assert till.account().balance == 1_000_000


def test_another_reversal_under_the_same_key_is_94(till: Till) -> None:
    reversal = reversal_of(till, till.ask(Kind.SALE))
    assert till.send(reversal.request.evolve({4: "000000000999"})).code == "94"


def test_a_refused_reversal_leaves_its_key_free(till: Till) -> None:
    sale = till.ask(Kind.SALE)
    refused = reversal_of(till, sale, 999)
    assert refused.code == "64"
    assert till.account().balance == 999_000
    assert till.send(refused.request.evolve({4: "000000001000"})).code == "00"


def test_a_reversal_with_another_card_is_14(till: Till) -> None:
    assert reversal_of(till, till.ask(Kind.SALE), pan=OTHER_PAN).code == "14"


def test_a_reversal_without_a_card_is_done(till: Till) -> None:
    assert reversal_of(till, till.ask(Kind.SALE), pan="").code == "00"


def test_part_of_a_sale_cannot_be_reversed() -> None:
    till = Till()
    sale = till.ask(Kind.SALE)
    replaced = {95: "000000000600" + "0" * 12 + "C00000000C00000000"}
    assert reversal_of(till, sale, changes=replaced).code == "40"
    assert reversal_of(till, sale, changes={95: "0" * 24 + "C00000000C00000000"}).code == "00"


def test_a_declined_sale_was_never_booked_so_its_reversal_finds_nothing(till: Till) -> None:
    declined = till.ask(Kind.SALE, 1051)
    assert reversal_of(till, declined, 1051).code == till.dialect.profile.reversal_not_found
    assert till.account().balance == 1_000_000


@pytest.mark.parametrize("later", [Kind.VOID, Kind.REFUND])
def test_what_was_voided_or_refunded_cannot_be_reversed(till: Till, later: Kind) -> None:
    sale = till.ask(Kind.SALE)
    till.ask(later, about=sale)
    assert reversal_of(till, sale).code == "25"
    assert till.account().balance == 1_000_000


def test_a_completed_preauth_cannot_be_reversed(till: Till) -> None:
    preauth = till.ask(Kind.PREAUTH)
    till.ask(Kind.COMPLETION, about=preauth)
    assert reversal_of(till, preauth).code == "25"


def test_a_void_of_a_refund_is_not_undone_where_the_sale_has_been_refunded_again() -> None:
    till = Till()
    sale = till.ask(Kind.SALE, 1000)
    first = till.ask(Kind.REFUND, 1000, about=sale)
    void = till.ask(Kind.VOID, 1000, about=first)
    till.ask(Kind.REFUND, 500, about=sale)
    assert reversal_of(till, void).code == "25"
    assert till.transactions[0].returned == 500


def test_a_cancelled_completion_is_not_undone_where_the_preauth_was_completed_again() -> None:
    till = Till("cup-pos")
    preauth = till.ask(Kind.PREAUTH, 1000)
    completion = till.ask(Kind.COMPLETION, 900, about=preauth)
    cancel = till.ask(Kind.COMPLETION_CANCEL, 900, about=completion)
    till.ask(Kind.COMPLETION, 800, about=preauth)
    assert reversal_of(till, cancel, 900).code == "25"
    assert (till.account().balance, till.account().held) == (1_000_000 - 800, 0)


def test_a_reversal_is_taken_days_later_unless_the_host_forbids_it(till: Till) -> None:
    sale = till.ask(Kind.SALE)
    till.wait(2 * DAY)
    assert reversal_of(till, sale).code == "00"
    strict = Till(till.dialect.spec.name, reverse_same_day_only=True)
    sale = strict.ask(Kind.SALE)
    strict.wait(DAY)
    assert reversal_of(strict, sale).code == "25"


def test_a_reversal_may_name_its_sale_by_rrn_alone() -> None:
    till = Till()
    sale = till.ask(Kind.SALE)
    till.ask(Kind.SALE)
    assert till.ask(Kind.REVERSAL, about=Original(rrn=sale.rrn)).code == "00"
    assert [state for _, state in till.states] == ["reversed", "approved", "approved"]


def test_a_reversal_that_names_nothing_finds_nothing() -> None:
    till = Till()
    till.ask(Kind.SALE)
    assert till.ask(Kind.REVERSAL).code == "25"


def test_the_reversal_of_an_unanswered_void_carries_the_numbers_of_the_sale(till: Till) -> None:
    """A void that was not answered has no RRN of its own: its reversal says the one that the void carried."""
    sale = till.ask(Kind.SALE)
    void = till.ask(Kind.VOID, about=sale)
    reversal = till.request(Kind.REVERSAL, about=void).evolve({37: sale.original.rrn, 38: sale.original.approval})
    assert till.send(reversal).code == "00"
    assert till.states[:2] == [("sale", "approved"), ("void", "reversed")]


def test_a_unionpay_reversal_of_a_void_does_not_mean_the_sale_that_de_61_names() -> None:
    till = Till("cup-pos")
    sale = till.ask(Kind.SALE)
    void = till.ask(Kind.VOID, about=sale)
    reversal = till.request(Kind.REVERSAL, about=void).evolve({61: void.request[61]})
    assert till.send(reversal).code == "00"
    assert till.states[:2] == [("sale", "approved"), ("void", "reversed")]


def test_de_60_1_tells_two_kinds_under_one_stan_apart() -> None:
    till = Till("cup-pos")
    preauth = till.ask(Kind.PREAUTH, stan="000001")
    till.ask(Kind.SALE, stan="000001")
    assert reversal_of(till, preauth).code == "00"
    assert till.states[:2] == [("preauth", "reversed"), ("sale", "approved")]


def test_a_reversal_by_0420_is_one_too() -> None:
    till = Till()
    reversal = till.request(Kind.REVERSAL, about=till.ask(Kind.SALE)).evolve({}, mti="0420")
    first = till.send(reversal)
    assert first.answer is not None
    assert (first.answer.mti, first.code) == ("0430", "00")
    assert till.again(first).code == "00"


def partly() -> Till:
    """Return a till whose host reverses parts."""
    till = Till()
    rules = replace(till.dialect.profile.rules, partial_reversal=True)
    till.host.dialect = Dialect(till.dialect.spec, replace(till.dialect.profile, rules=rules))
    return till


def leaving(left: int) -> dict[int | str, Any]:
    """Return the DE 95 that leaves *left*."""
    return {95: f"{left:012}" + "0" * 30}


def test_where_the_profile_allows_it_a_part_is_reversed_and_the_rest_stands() -> None:
    till = partly()
    sale = till.ask(Kind.SALE, 1000)
    part = till.ask(Kind.REVERSAL, 1000, about=sale, changes=leaving(700))
    assert part.code == till.again(part).code == "00"
    assert till.account().balance == 1_000_000 - 700
    assert till.ask(Kind.REFUND, 701, about=sale).code == "61"
    assert till.ask(Kind.REVERSAL, 1000, about=sale).code == "00"
    assert till.account().balance == 1_000_000


@pytest.mark.parametrize("left", [1000, 1001])
def test_a_part_leaves_less_than_there_was(left: int) -> None:
    till = partly()
    assert till.ask(Kind.REVERSAL, 1000, about=till.ask(Kind.SALE, 1000), changes=leaving(left)).code == "64"


def test_a_hold_is_reversed_as_a_whole_only() -> None:
    till = partly()
    assert till.ask(Kind.REVERSAL, 1000, about=till.ask(Kind.PREAUTH, 1000), changes=leaving(700)).code == "40"


def test_a_correction_and_a_tip_are_noted_and_move_nothing() -> None:
    till = Till("cup-pos")
    sale = till.ask(Kind.SALE, 1000)
    assert till.ask(Kind.ADJUSTMENT, 1100, about=sale).code == "00"
    assert till.account().balance == 1_000_000 - 1000
