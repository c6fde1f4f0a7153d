"""What the host says to sales, preauths, balances, repeats and what it cannot understand, in every dialect."""

from __future__ import annotations

from datetime import date

import pytest

from iso_gateway.host.settings import CardRule
from iso_gateway.protocol.kinds import NETWORK, Kind
from tests.support.till import OTHER_PAN, PAN, Till

# Sales and the like


def test_a_sale_is_approved_and_booked(till: Till) -> None:
    reply = till.ask(Kind.SALE, 1234)
    assert reply.code == "00"
    assert reply.answer is not None
    assert reply.answer[4] == "000000001234"
    assert len(reply.rrn) == 12
    assert len(reply.answer[38]) == 6
    assert till.account().balance == 1_000_000 - 1234
    assert till.states == [("sale", "approved")]


def test_every_answer_has_an_rrn_of_its_own(till: Till) -> None:
    rrns = {till.ask(Kind.SALE, 1234).rrn for _ in range(20)}
    assert len(rrns) == 20
    assert {rrn[:4] for rrn in rrns} == {"6061"}  # 2026, day 61


def test_the_answer_says_the_business_date(till: Till) -> None:
    reply = till.ask(Kind.SALE)
    assert till.dialect.facts(reply.answer or reply.request)["date_settlement"] == "0302"


def test_who_sends_no_date_is_told_the_hosts(till: Till) -> None:
    reply = till.ask(Kind.SALE, changes={12: None} if till.dialect.spec.version == "1993" else {12: None, 13: None})
    assert reply.answer is not None
    facts = till.dialect.facts(reply.answer)
    assert (facts["date_local_transaction"], facts["time_local_transaction"]) == ("0302", "103000")


def test_over_the_balance_is_51(till: Till) -> None:
    assert till.ask(Kind.SALE, 1_000_001).code == "51"
    assert till.ask(Kind.SALE, 1_000_000).code == "00"
    assert till.ask(Kind.SALE, 1).code == "51"
    assert till.states == [("sale", "declined"), ("sale", "approved"), ("sale", "declined")]


def test_what_a_preauth_holds_cannot_be_spent(till: Till) -> None:
    assert till.ask(Kind.PREAUTH, 900_000).code == "00"
    assert till.ask(Kind.SALE, 200_000).code == "51"
    assert till.account().balance == 1_000_000
    assert till.account().available == 100_000


def test_each_currency_has_its_balance(till: Till) -> None:
    assert till.ask(Kind.SALE, 1_000_000).code == "00"
    assert till.ask(Kind.SALE, 1_000_000, currency="978").code == "00"
    assert till.ask(Kind.SALE, 1).code == "51"


def test_a_message_without_currency_is_in_the_hosts() -> None:
    till = Till(currency="978")
    till.ask(Kind.SALE, 1000, currency="")
    assert till.account(currency="978").balance == 999_000


@pytest.mark.parametrize("kind", [Kind.SALE, Kind.PREAUTH, Kind.ADVICE])
def test_nothing_is_no_amount(till: Till, kind: Kind) -> None:
    assert till.ask(kind, 0).code == "13"
    assert till.states == []


def test_an_offline_sale_is_a_fact_that_nobody_declines(till: Till) -> None:
    assert till.ask(Kind.ADVICE, 1_000_051).code == "00"
    assert till.account().balance == -51


@pytest.mark.parametrize("number", [4, 11, 41])
def test_a_sale_without_what_it_needs_is_a_format_error(till: Till, number: int) -> None:
    assert till.ask(Kind.SALE, changes={number: None}).code == "30"
    assert till.states == []


def test_a_sale_without_a_card_is_a_format_error(till: Till) -> None:
    assert till.ask(Kind.SALE, pan="").code == "30"


def test_the_card_may_come_from_the_track(till: Till) -> None:
    till.ask(Kind.SALE, pan="", changes={35: f"{PAN}=28122011143804400"})
    assert till.account().balance == 999_000


def test_an_account_may_be_opened_with_less() -> None:
    till = Till(cards=[CardRule("5413", balance=500), CardRule("54", balance=900)])
    assert till.ask(Kind.SALE, 501, pan=OTHER_PAN).code == "51"
    assert till.ask(Kind.SALE, 500, pan=OTHER_PAN).code == "00"
    assert till.ask(Kind.SALE, 501).code == "00"


@pytest.mark.parametrize("kind", [Kind.SALE, Kind.PREAUTH, Kind.BALANCE])
def test_cards_may_have_expired(kind: Kind) -> None:
    till = Till(cards=[CardRule("5413", code="54")])
    assert till.ask(kind, 500, pan=OTHER_PAN).code == "54"
    assert till.ask(kind, 500).code == "00"


# Balances


def test_a_balance_has_one_amount_of_twenty_characters(till: Till) -> None:
    till.ask(Kind.SALE, 1000)
    till.ask(Kind.PREAUTH, 500)
    reply = till.ask(Kind.BALANCE, None)
    assert reply.code == "00"
    assert reply.answer is not None
    assert reply.answer[54] == "0002840C000000998500"
    assert 38 not in reply.answer


def test_an_overdrawn_balance_is_a_debit(till: Till) -> None:
    till.ask(Kind.ADVICE, 1_000_100)
    reply = till.ask(Kind.BALANCE, None, changes={3: "313000"})
    assert reply.answer is not None
    assert reply.answer[54] == "3002840D000000000100"


# Repeats


@pytest.mark.parametrize("kind", [Kind.SALE, Kind.PREAUTH, Kind.ADVICE, Kind.BALANCE])
def test_a_repeat_gets_the_first_answer_and_is_booked_once(till: Till, kind: Kind) -> None:
    first = till.ask(kind, 1000)
    before = till.account().available
    till.wait(30)
    again = till.again(first)
    assert again.answer is not None
    assert again.decision.note["repeat"] is True
    assert first.answer is not None
    changed = {7: first.answer.get(7)} if 7 in again.answer else {}
    assert again.answer.evolve(changed) == first.answer
    assert till.account().available == before
    assert len(till.transactions) == 1


def test_the_same_message_unmarked_is_a_repeat_too(till: Till) -> None:
    first = till.ask(Kind.SALE)
    again = till.again(first, marked=False)
    assert (again.code, again.rrn) == ("00", first.rrn)
    assert till.account().balance == 999_000


def test_the_first_answer_stays_the_first(till: Till) -> None:
    declined = till.ask(Kind.SALE, 1_000_001)
    refund = till.ask(Kind.SALE, 1_000_000)
    till.ask(Kind.VOID, 1_000_000, about=refund)
    till.host.accounts.account(till.host.accounts.card(PAN), "840").book(5000, 0)
    assert till.again(declined).code == "51"


@pytest.mark.parametrize("changes", [{4: "000000002000"}, {2: OTHER_PAN}, {49: "978"}])
def test_another_message_under_the_same_key_is_94(till: Till, changes: dict[int | str, str]) -> None:
    first = till.ask(Kind.SALE)
    assert till.send(first.request.evolve(changes)).code == "94"
    assert till.again(first).code == "00"
    assert len(till.transactions) == 1


def test_another_transaction_of_the_card_is_no_repeat(till: Till) -> None:
    first = till.ask(Kind.SALE, changes={55: bytes.fromhex("9F36020001")})
    assert till.send(first.request.evolve({55: bytes.fromhex("9F36020002")})).code == "94"
    assert till.again(first).code == "00"


@pytest.mark.parametrize("other", ["terminal", "stan", "kind"])
def test_another_key_is_another_transaction(till: Till, other: str) -> None:
    till.ask(Kind.SALE, stan="000001")
    if other == "terminal":
        till.terminal = "TERM0002"
    kind = Kind.PREAUTH if other == "kind" else Kind.SALE
    assert till.ask(kind, 2000, stan="000002" if other == "stan" else "000001").code == "00"
    assert len(till.transactions) == 2


def test_a_new_batch_begins_its_stans_anew() -> None:
    till = Till("cup-pos")
    till.ask(Kind.SALE, 1000, stan="000001")
    till.batch = "000008"
    assert till.ask(Kind.SALE, 2000, stan="000001").code == "00"


def test_after_a_day_a_stan_may_come_round() -> None:
    till = Till()
    till.ask(Kind.SALE, 1000, stan="000001")
    till.wait(24 * 3600 - 1)
    assert till.ask(Kind.SALE, 2000, stan="000001").code == "94"
    till.wait(2)
    assert till.ask(Kind.SALE, 2000, stan="000001").code == "00"
    assert [row.amount for row in till.transactions] == [2000]


def test_within_a_batch_a_stan_does_not_come_round() -> None:
    till = Till("cup-pos")
    till.ask(Kind.SALE, 1000, stan="000001")
    till.wait(3 * 24 * 3600)
    assert till.ask(Kind.SALE, 2000, stan="000001").code == "94"


def test_a_marked_repeat_is_never_taken_as_new() -> None:
    till = Till()
    first = till.ask(Kind.SALE)
    till.wait(3 * 24 * 3600)
    assert till.send(first.request.evolve({4: "000000002000"}, "0201")).code == "94"


def test_a_repeat_is_one_at_any_age() -> None:
    till = Till()
    first = till.ask(Kind.SALE)
    till.wait(3 * 24 * 3600)
    assert till.again(first).rrn == first.rrn
    assert till.again(first, marked=False).rrn == first.rrn


# What is no transaction


def test_network_management_is_answered(till: Till) -> None:
    kinds = {row.kind for row in till.dialect.profile.kinds} & NETWORK
    assert kinds >= {Kind.SIGN_ON, Kind.SIGN_OFF, Kind.ECHO}
    for kind in kinds:
        facts = {"system_trace_audit_number": "000001"}
        reply = till.send(till.dialect.network(kind, facts, date(2026, 3, 2), "000001"))
        assert reply.code == "00"
        assert reply.answer is not None
        assert reply.answer[11] == "000001"
    assert till.transactions == []


def test_a_kind_that_nobody_knows_is_40(till: Till) -> None:
    assert till.ask(Kind.SALE, changes={3: "990000"}).code == "40"


def test_an_answer_is_ignored(till: Till) -> None:
    answer = till.ask(Kind.SALE).answer
    assert answer is not None
    assert till.send(answer).decision.event == "ignored"


@pytest.mark.parametrize("payload", [b"", b"\x00", b"0200", b"GET / HTTP/1.1\r\n\r\n", bytes(200)])
def test_what_is_no_message_gets_no_answer(till: Till, payload: bytes) -> None:
    decision = till.host.hear(payload, till.moment)
    assert (decision.event, decision.answer) == ("undecodable", None)
    assert isinstance(decision.note["offset"], int)


def test_what_breaks_after_terminal_and_stan_gets_30(till: Till) -> None:
    wire = till.dialect.spec.encode(till.request(Kind.SALE))
    decision = till.host.hear(wire[:-1], till.moment)  # DE 49 lacks its last byte
    assert decision.event == "undecodable"
    assert decision.answer is not None
    assert till.dialect.canonical(decision.answer) == "30"
    assert decision.answer[11] == "000001"


# Sign-on


def test_money_waits_for_the_sign_on_where_it_must() -> None:
    till = Till("cup-pos", sign_on_required=True)

    def sign(kind: Kind) -> None:
        till.send(till.dialect.network(kind, {"system_trace_audit_number": "000001"}, date(2026, 3, 2), "000001"))

    assert till.ask(Kind.SALE).code == "77"
    sign(Kind.SIGN_ON)
    assert till.ask(Kind.SALE).code == "00"
    till.link = "another"
    assert till.ask(Kind.SALE).code == "77"
    till.link = "link"
    sign(Kind.SIGN_OFF)
    assert till.ask(Kind.SALE).code == "77"


def test_a_link_that_was_lost_signs_on_again() -> None:
    till = Till(sign_on_required=True)
    sign_on = till.dialect.network(Kind.SIGN_ON, {"system_trace_audit_number": "000001"}, date(2026, 3, 2))
    till.send(sign_on)
    till.host.network.closed("link")
    assert till.ask(Kind.SALE).code == "77"


# What the log gets


def test_the_log_says_what_happened_and_no_card_number(till: Till) -> None:
    note = till.ask(Kind.SALE, 1234).decision.note
    assert note["pan"] == "476173******0010"
    assert {key: note[key] for key in ("kind", "terminal", "stan", "amount", "code")} == {
        "kind": "sale",
        "terminal": "TERM0001",
        "stan": "000001",
        "amount": 1234,
        "code": "00",
    }
    assert PAN not in repr(note) + repr(till.host.ledger.rows()) + repr(till.transactions)
