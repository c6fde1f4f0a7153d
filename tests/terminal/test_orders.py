"""What a clerk asks for becomes a message: which original, which amount, which kind, and what is refused here."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from iso_gateway.errors import ConfigError
from iso_gateway.protocol.kinds import Kind
from iso_gateway.terminal.orders import Order, Prepared, Verb, prepare
from iso_gateway.terminal.records import Memory, Outcome, Sent
from iso_gateway.terminal.scripts import Till
from tests.support.desk import NOON, OTHER_PAN, PAN, dialect

RRN = "632400000001"


class Counter:
    """A till with its memory."""

    def __init__(self, spec: str = "iso87-ascii") -> None:
        self.dialect = dialect(spec)
        self.memory = Memory(0)

    def ask(self, verb: str, **order: Any) -> Prepared:
        """Return what is sent for *verb*."""
        return prepare(self.dialect, Till(), self.memory, Order(Verb(verb), **order), NOON)

    def done(self, prepared: Prepared, outcome: Outcome = Outcome.APPROVED, rrn: str = RRN, **changes: object) -> Sent:
        """Remember the outcome of what was sent."""
        note = replace(prepared.sent, outcome=outcome, rrn=rrn, approval="A00001", **changes)
        self.memory.note(note)
        return note

    def knows(self, kind: Kind, amount: str = "12.34") -> Sent:
        """Remember an approved request of *kind*, made elsewhere."""
        sale = self.ask("sale", amount=amount)
        self.memory.sent.remove(sale.sent)
        note = replace(sale.sent, kind=kind, outcome=Outcome.APPROVED, rrn=RRN)
        self.memory.note(note)
        return note


def refused(counter: Counter, verb: str, **order: Any) -> str:
    """Return why nothing is sent for *verb*; the memory must be as it was."""
    before = (counter.memory.stan, list(counter.memory.sent))
    with pytest.raises(ConfigError) as error:
        counter.ask(verb, **order)
    assert (counter.memory.stan, counter.memory.sent) == before
    return str(error.value)


def test_a_sale_is_noted_before_it_is_sent() -> None:
    counter = Counter()
    prepared = counter.ask("sale", amount="12.34")
    assert prepared.kind is Kind.SALE
    assert (prepared.message.mti, prepared.message[4], prepared.message[11]) == ("0200", "000000001234", "000001")
    assert counter.memory.sent == [prepared.sent]
    assert prepared.sent.outcome is Outcome.UNKNOWN


def test_each_request_has_the_next_number() -> None:
    counter = Counter()
    assert [counter.ask("echo").message[11] for _ in range(3)] == ["000001", "000002", "000003"]


@pytest.mark.parametrize(("verb", "network"), [("logon", "001"), ("echo", "301")])
def test_network_management_needs_nothing_more(verb: str, network: str) -> None:
    assert Counter().ask(verb).message[70] == network


def test_a_void_of_the_last_takes_amount_currency_and_names_from_it() -> None:
    counter = Counter()
    counter.done(counter.ask("sale", amount="1200", currency="JPY"))
    void = counter.ask("void", original="last").message
    assert (void[3], void[4], void[49]) == ("020000", "000000001200", "392")
    assert (void[37], void[38], void[90][:10]) == (RRN, "A00001", "0200000001")


def test_a_refund_may_be_of_a_part() -> None:
    counter = Counter()
    counter.done(counter.ask("sale", amount="12.34"))
    assert counter.ask("refund", original="last", amount="5").message[4] == "000000000500"


def test_a_partial_approval_is_voided_by_what_was_approved() -> None:
    counter = Counter()
    counter.done(counter.ask("sale", amount="12.10"), amount=605)
    assert counter.ask("void", original="last").message[4] == "000000000605"


def test_an_original_is_found_by_its_rrn() -> None:
    counter = Counter()
    counter.done(counter.ask("sale", amount="12.34"), rrn="632400000077")
    counter.done(counter.ask("sale", amount="99.00"))
    assert counter.ask("void", original="632400000077").message[4] == "000000001234"


@pytest.mark.parametrize(
    ("original", "kind"),
    [
        (Kind.SALE, Kind.VOID),
        (Kind.REFUND, Kind.VOID),
        (Kind.ADVICE, Kind.VOID),
        (Kind.PREAUTH, Kind.PREAUTH_CANCEL),
        (Kind.COMPLETION, Kind.COMPLETION_CANCEL),
        (Kind.COMPLETION_ADVICE, Kind.COMPLETION_CANCEL),
    ],
)
def test_what_a_void_is_depends_on_what_it_takes_back(original: Kind, kind: Kind) -> None:
    counter = Counter()
    counter.knows(original)
    assert counter.ask("void", original="last").kind is kind


def test_an_advice_is_an_offline_sale() -> None:
    alone = Counter().ask("advice", amount="3.00")
    assert (alone.kind, alone.message.mti, 90 in alone.message) == (Kind.ADVICE, "0220", False)


@pytest.mark.parametrize(
    ("spec", "advice", "kind", "mti"),
    [
        ("iso87-ascii", False, Kind.COMPLETION_ADVICE, "0220"),  # a dialect that cannot ask
        ("iso93-ascii", False, Kind.COMPLETION_ADVICE, "1220"),
        ("cup-pos", False, Kind.COMPLETION, "0200"),
        ("cup-pos", True, Kind.COMPLETION_ADVICE, "0220"),
    ],
)
def test_a_completion_is_asked_for_where_the_dialect_can(spec: str, advice: bool, kind: Kind, mti: str) -> None:  # noqa: FBT001 -- a row of the table
    counter = Counter(spec)
    counter.done(counter.ask("preauth", amount="100.00"))
    completion = counter.ask("complete", original="last", amount="85.00", advice=advice)
    assert (completion.kind, completion.message.mti, completion.message[4]) == (kind, mti, "000000008500")
    assert completion.message[38] == "A00001"


def test_a_completion_without_an_amount_takes_all_that_is_held() -> None:
    counter = Counter()
    counter.done(counter.ask("preauth", amount="100.00"))
    assert counter.ask("complete", original="last").message[4] == "000000010000"


@pytest.mark.parametrize("spec", ["iso87-ascii", "cup-pos"])
def test_a_cancel_takes_back_a_hold_or_a_completion(spec: str) -> None:
    counter = Counter(spec)
    counter.done(counter.ask("preauth", amount="100.00"), rrn="632400000001")
    assert counter.ask("cancel", original="last").kind is Kind.PREAUTH_CANCEL
    counter.done(counter.ask("complete", original="last", amount="85.00"), rrn="632400000002")
    cancel = counter.ask("cancel", original="last")
    assert (cancel.kind, cancel.message[4], cancel.message[37]) == (
        Kind.COMPLETION_CANCEL, "000000008500", "632400000002",
    )  # fmt: skip
    assert counter.ask("cancel", original="632400000001").kind is Kind.PREAUTH_CANCEL


def test_a_balance_asks_for_nothing_but_the_card() -> None:
    balance = Counter().ask("balance", currency="EUR")
    assert (balance.kind, balance.message[3], balance.message[4]) == (Kind.BALANCE, "310000", "0" * 12)
    assert balance.message[49] == "978"
    assert 4 not in Counter("cup-pos").ask("balance").message


def test_an_original_that_only_the_host_knows_is_named_by_its_rrn() -> None:
    refund = Counter().ask("refund", original="632400000099", amount="5.00").message
    assert refund[37] == "632400000099"
    assert 90 not in refund


def test_a_reversal_of_the_last_takes_whatever_moved_money() -> None:
    counter = Counter()
    counter.done(counter.ask("sale", amount="12.34"))
    counter.done(counter.ask("sale", amount="20.00"), Outcome.UNKNOWN, rrn="")
    counter.done(counter.ask("echo"))
    reversal = counter.ask("reversal", original="last").message
    assert (reversal.mti, reversal[4], reversal[90][:10], reversal[39]) == ("0400", "000000002000", "0200000002", "98")


def test_a_reversal_that_was_not_answered_is_sent_for_the_same_original_again() -> None:
    counter = Counter()
    counter.done(counter.ask("sale", amount="12.34"), Outcome.UNKNOWN, rrn="")
    first = counter.ask("reversal", original="last")
    counter.done(first, Outcome.UNKNOWN, rrn="")
    second = counter.ask("reversal", original="last").message
    assert second.mti == "0401"
    assert second == first.message.evolve({7: second[7]}, "0401")


def test_a_unionpay_reversal_has_the_number_of_its_original_and_spends_none() -> None:
    counter = Counter("cup-pos")
    counter.done(counter.ask("sale", amount="12.34"), Outcome.UNKNOWN, rrn="")
    assert counter.ask("reversal", original="last").message[11] == "000001"
    assert counter.ask("sale", amount="1.00").message[11] == "000002"
    assert [note.kind for note in counter.memory.sent] == [Kind.SALE, Kind.REVERSAL, Kind.SALE]


def test_another_card_must_be_named_again_as_it_is_not_kept() -> None:
    counter = Counter()
    counter.done(counter.ask("sale", amount="12.34", pan=OTHER_PAN))
    said = refused(counter, "void", original="last")
    assert "411111******1111" in said
    assert OTHER_PAN not in said
    assert counter.ask("void", original="last", pan=OTHER_PAN).message[2] == OTHER_PAN


def test_a_wrong_card_that_is_asked_for_is_sent() -> None:
    counter = Counter()
    counter.done(counter.ask("sale", amount="12.34"))
    assert counter.ask("void", original="last", pan=OTHER_PAN).message[2] == OTHER_PAN


@pytest.mark.parametrize(
    ("verb", "order", "said"),
    [
        ("sale", {}, "amount: a sale needs one"),
        ("advice", {}, "amount: an advice needs one"),
        ("sale", {"amount": "1.00", "original": "last"}, "original: a sale has none"),
        ("void", {}, "original: a void names one"),
        ("refund", {"amount": "1.00"}, "original: a refund names one"),
        ("reversal", {}, "original: a reversal names one"),
        ("void", {"original": "last"}, "no approved sale"),
        ("reversal", {"original": "last"}, "nothing that could be reversed"),
        ("reversal", {"original": RRN}, "no request with the RRN"),
        ("void", {"original": RRN}, "amount: a void of an original that this terminal does not know"),
        ("advice", {"original": RRN, "amount": "1.00"}, "original: an advice has none"),
        ("complete", {"original": RRN, "amount": "1.00"}, "no preauth with the RRN"),
        ("complete", {"amount": "1.00"}, "original: a complete names one"),
        ("cancel", {"original": RRN}, "no preauth or completion with the RRN"),
        ("preauth", {}, "amount: a preauth needs one"),
        ("preauth", {"amount": "1.00", "original": "last"}, "original: a preauth has none"),
        ("balance", {"amount": "1.00"}, "amount: a balance has none"),
        ("repeat", {"original": "last"}, "original: a repeat has none"),
        ("repeat", {}, "nothing that could be repeated"),
        ("sale", {"amount": "1.00", "advice": "yes"}, "advice: a sale is not asked for in two ways"),
        ("reversal", {"original": "last", "amount": "1.00"}, "amount: a reversal has its original's"),
        ("sale", {"amount": "1.00", "currency": "XXQ"}, "currency: ISO 4217"),
        ("sale", {"amount": "1.001"}, "amount: USD has 2 decimals"),
        ("sale", {"amount": "1.00", "pan": "4111x"}, "pan: digits expected, 19 at most"),
        ("sale", {"amount": "1.00", "pan": "٤١١١"}, "pan: digits expected, 19 at most"),
        ("sale", {"amount": "1.00", "pan": "4" * 20}, "pan: digits expected, 19 at most"),
        ("echo", {"amount": "1.00"}, "amount: an echo has none"),
        ("logon", {"original": "last"}, "original: a logon has none"),
        ("echo", {"pan": PAN}, "pan: an echo has none"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_spends_no_number(verb: str, order: dict[str, str], said: str) -> None:
    assert said in refused(Counter(), verb, **order)


def test_a_card_number_may_be_typed_as_it_is_embossed() -> None:
    spaced = " ".join(OTHER_PAN[at : at + 4] for at in range(0, len(OTHER_PAN), 4))
    assert Counter().ask("sale", amount="1.00", pan=spaced).message[2] == OTHER_PAN


@pytest.mark.parametrize(
    ("verb", "said"),
    [
        ("complete", "a complete is about a preauth, and this is a sale of USD 12.34"),
        ("cancel", "a cancel is about a preauth or completion, and this is a sale of USD 12.34"),
    ],
)
def test_a_sale_is_neither_completed_nor_cancelled(verb: str, said: str) -> None:
    counter = Counter()
    counter.done(counter.ask("sale", amount="12.34"))
    assert said in refused(counter, verb, original="last")


def test_what_never_left_is_not_reversed_and_neither_is_what_came_before() -> None:
    counter = Counter()
    counter.done(counter.ask("sale", amount="12.34"))
    counter.done(counter.ask("sale", amount="20.00"), Outcome.NOT_SENT, rrn="")
    assert "was never sent" in refused(counter, "reversal", original="last")
    assert counter.ask("reversal", original=RRN).message[4] == "000000001234"


def test_a_request_in_another_dialect_is_nobodys_original() -> None:
    counter = Counter()
    counter.done(counter.ask("sale", amount="12.34"))
    counter.dialect = dialect("cup-pos")
    assert "no approved sale" in refused(counter, "void", original="last")


def test_an_order_does_not_show_a_card_number() -> None:
    assert PAN not in repr(Order(Verb.SALE, pan=PAN))
