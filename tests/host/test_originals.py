"""Voids, refunds, completions and cancels: which original they find, and what they may do to it."""

from __future__ import annotations

import msgspec
import pytest

from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.originals import Original
from tests.support.till import OTHER_PAN, PAN, Till

DAY = 24 * 3600
CANCELLING = ("iso87-ascii", "iso87-binary", "cup-pos")
"""The dialects with a cancel of a preauth and of a completion; iso93 has a reversal for both."""


# Voids


def test_a_void_gives_the_money_back(till: Till) -> None:
    sale = till.ask(Kind.SALE)
    void = till.ask(Kind.VOID, about=sale)
    assert void.code == "00"
    assert void.rrn != sale.rrn
    assert till.states == [("sale", "voided"), ("void", "approved")]
    assert till.account().balance == 1_000_000


def test_a_second_void_is_25(till: Till) -> None:
    sale = till.ask(Kind.SALE)
    first = till.ask(Kind.VOID, about=sale)
    assert till.ask(Kind.VOID, about=sale).code == "25"
    assert till.again(first).code == "00"
    assert till.account().balance == 1_000_000


@pytest.mark.parametrize(
    ("amount", "pan", "code"), [(999, PAN, "64"), (1000, OTHER_PAN, "14"), (0, PAN, "13"), (1000, "", "00")]
)
def test_a_void_must_agree_with_its_sale(till: Till, amount: int, pan: str, code: str) -> None:
    sale = till.ask(Kind.SALE, 1000)
    assert till.ask(Kind.VOID, amount, about=sale, pan=pan).code == code


def test_a_void_in_another_currency_is_another_amount(till: Till) -> None:
    sale = till.ask(Kind.SALE)
    assert till.ask(Kind.VOID, about=sale, currency="978").code == "64"


def test_a_void_of_yesterday_is_25_and_its_refund_is_not(till: Till) -> None:
    sale = till.ask(Kind.SALE)
    till.wait(DAY)
    assert till.ask(Kind.VOID, about=sale).code == "25"
    assert till.ask(Kind.REFUND, about=sale).code == "00"


def test_after_a_cut_over_today_is_tomorrow() -> None:
    till = Till()
    sale = till.ask(Kind.SALE)
    for _ in range(2):
        till.send(till.dialect.network(Kind.CUT_OVER, {"system_trace_audit_number": "9"}, till.moment.wall.date()))
    assert till.ask(Kind.VOID, about=sale).code == "25"
    assert till.ask(Kind.SALE).said(15) == "0303"
    till.wait(DAY)
    assert till.ask(Kind.SALE).said(15) == "0303"


def test_a_void_of_nothing_known_is_25(till: Till) -> None:
    named = Original(mti="0200", stan="000099", transmitted="0302103000", local="260302103000", batch=till.batch)
    assert till.ask(Kind.VOID, about=named).code == "25"


def test_a_declined_sale_cannot_be_voided(till: Till) -> None:
    sale = till.ask(Kind.SALE, 1051)
    assert till.ask(Kind.VOID, 1051, about=sale).code == "25"


SAID = {
    "de90": {"stan": "000099", "transmitted": "0301000000", "mti": "0100"},
    "de56": {"stan": "000099", "local": "260301000000", "mti": "1100"},
    "f61": {"stan": "000099", "batch": "000099", "date": "0301"},
}
"""What each way of naming an original says beside DE 37 and 38, and what would be wrong."""


def test_what_a_void_says_of_its_sale_must_be_true(till: Till) -> None:
    named = till.ask(Kind.SALE).original
    for field, wrong in (SAID[till.dialect.profile.original] | {"rrn": "999999999999", "approval": "999999"}).items():
        assert till.ask(Kind.VOID, about=msgspec.structs.replace(named, **{field: wrong})).code == "25", field
    assert till.ask(Kind.VOID, about=named).code == "00"


@pytest.mark.parametrize("only", ["rrn", "approval"])
def test_a_number_that_the_host_gave_is_enough(till: Till, only: str) -> None:
    till.ask(Kind.SALE)
    sale = till.ask(Kind.SALE)
    till.ask(Kind.SALE)
    named = Original(**{only: getattr(sale.original, only)})
    assert till.ask(Kind.VOID, about=named).code == "00"
    assert [state for _, state in till.states] == ["approved", "voided", "approved", "approved"]


def test_a_stan_is_looked_for_at_its_own_terminal_only(till: Till) -> None:
    sale = till.ask(Kind.SALE)
    till.terminal = "TERM0002"
    assert till.ask(Kind.VOID, about=sale).code == "25"
    assert till.ask(Kind.VOID, about=Original(rrn=sale.rrn)).code == "00"


def test_a_sale_that_was_sent_twice_is_named_by_either_send() -> None:
    till = Till()
    first = till.ask(Kind.SALE)
    till.wait(30)
    again = till.again(first)
    named = msgspec.structs.replace(first.original, transmitted=again.request[7])
    assert first.request[7] != again.request[7]
    assert till.ask(Kind.VOID, about=named).code == "00"


def test_a_sale_whose_first_send_was_lost_is_named_by_that_send() -> None:
    till = Till()
    lost = till.request(Kind.SALE)
    till.wait(30)
    repeat = till.send(lost.evolve({7: "0302103030"}, "0201"))
    named = msgspec.structs.replace(repeat.original, transmitted=lost[7], mti="0200")
    assert till.ask(Kind.VOID, about=named).code == "00"


# Refunds


def test_refunds_add_up_to_the_sale_and_no_further(till: Till) -> None:
    sale = till.ask(Kind.SALE, 1000)
    assert till.ask(Kind.REFUND, 1001, about=sale).code == "61"
    assert till.ask(Kind.REFUND, 400, about=sale).code == "00"
    assert till.states[0] == ("sale", "part refunded")
    assert till.ask(Kind.REFUND, 601, about=sale).code == "61"
    assert till.ask(Kind.REFUND, 600, about=sale).code == "00"
    assert till.states[0] == ("sale", "refunded")
    assert till.ask(Kind.REFUND, 1, about=sale).code == "61"
    assert till.account().balance == 1_000_000


def test_a_refund_is_for_thirty_days(till: Till) -> None:
    sale = till.ask(Kind.SALE)
    till.wait(30 * DAY)
    assert till.ask(Kind.REFUND, 10, about=sale).code == "00"
    till.wait(DAY)
    assert till.ask(Kind.REFUND, 10, about=sale).code == "22"


def test_what_is_voided_is_not_refunded_and_the_other_way_round(till: Till) -> None:
    voided, refunded = till.ask(Kind.SALE), till.ask(Kind.SALE)
    till.ask(Kind.VOID, about=voided)
    till.ask(Kind.REFUND, 100, about=refunded)
    assert till.ask(Kind.REFUND, 100, about=voided).code == "25"
    assert till.ask(Kind.VOID, about=refunded).code == "25"


def test_a_refund_of_nothing_is_25(till: Till) -> None:
    assert till.ask(Kind.REFUND, 100).code == "25"
    assert till.ask(Kind.REFUND, 0, about=till.ask(Kind.SALE)).code == "13"


def test_the_repeat_of_a_refund_returns_once(till: Till) -> None:
    sale = till.ask(Kind.SALE, 1000)
    refund = till.ask(Kind.REFUND, 400, about=sale)
    again = till.again(refund)
    assert (again.code, again.rrn) == ("00", refund.rrn)
    assert till.transactions[0].returned == 400


def test_an_rrn_means_the_sale_and_not_what_named_it() -> None:
    till = Till()
    sale = till.ask(Kind.SALE, 1000)
    till.ask(Kind.REFUND, 400, about=sale)
    assert till.ask(Kind.VOID, 400, about=Original(rrn=sale.rrn)).code == "25"


def test_a_voided_refund_may_be_made_again() -> None:
    till = Till()
    sale = till.ask(Kind.SALE, 1000)
    refund = till.ask(Kind.REFUND, 1000, about=sale)
    assert till.ask(Kind.VOID, 1000, about=refund).code == "00"
    assert till.states == [("sale", "approved"), ("refund", "voided"), ("void", "approved")]
    assert till.account().balance == 999_000
    assert till.ask(Kind.REFUND, 1000, about=sale).code == "00"


# Preauths


@pytest.mark.parametrize("kind", [Kind.COMPLETION, Kind.COMPLETION_ADVICE])
def test_a_completion_takes_what_was_held(till: Till, kind: Kind) -> None:
    preauth = till.ask(Kind.PREAUTH, 1000)
    assert till.ask(kind, 1150, about=preauth).code == "00"
    assert till.states[0] == ("preauth", "completed")
    assert (till.account().balance, till.account().held) == (1_000_000 - 1150, 0)
    assert till.ask(kind, 1000, about=preauth).code == "22"


def test_a_completion_is_bounded_by_its_preauth(till: Till) -> None:
    preauth = till.ask(Kind.PREAUTH, 1000)
    assert till.ask(Kind.COMPLETION, 1151, about=preauth).code == "64"
    till.wait(30 * DAY)
    assert till.ask(Kind.COMPLETION, 1000, about=preauth).code == "22"


def test_a_preauth_is_found_by_its_approval_code_and_day() -> None:
    till = Till("cup-pos")
    preauth = till.ask(Kind.PREAUTH, 1000)
    till.wait(3 * DAY)
    approval = preauth.original.approval
    assert till.ask(Kind.COMPLETION, 1000, about=Original(approval=approval, date="0301")).code == "25"
    assert till.ask(Kind.COMPLETION, 1000, about=Original(approval=approval, date="0302")).code == "00"


@pytest.mark.parametrize("spec", CANCELLING)
def test_a_cancelled_preauth_holds_nothing(spec: str) -> None:
    till = Till(spec)
    preauth = till.ask(Kind.PREAUTH)
    assert till.ask(Kind.PREAUTH_CANCEL, about=preauth).code == "00"
    assert till.account().available == 1_000_000
    assert till.states[0] == ("preauth", "cancelled")
    assert till.ask(Kind.COMPLETION, about=preauth).code == "22"


@pytest.mark.parametrize("spec", CANCELLING)
def test_a_cancelled_completion_lets_the_hold_stand_again(spec: str) -> None:
    till = Till(spec)
    preauth = till.ask(Kind.PREAUTH, 1000)
    completion = till.ask(Kind.COMPLETION, 900, about=preauth)
    cancel = till.ask(Kind.COMPLETION_CANCEL, 900, about=completion)
    assert cancel.code == "00"
    assert [state for _, state in till.states] == ["approved", "cancelled", "approved"]
    assert till.transactions[2].kind is Kind.COMPLETION_CANCEL
    assert (till.account().balance, till.account().held) == (1_000_000, 1000)
    assert till.ask(Kind.COMPLETION, 1000, about=preauth).code == "00"
