"""What a clerk asks for becomes a message: which original, which amount, which kind, and what is refused here."""

from __future__ import annotations

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

    def ask(self, verb: str, **order: str) -> Prepared:
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


def refused(counter: Counter, verb: str, **order: str) -> str:
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


def test_an_advice_is_an_offline_sale_and_with_an_original_a_completion() -> None:
    counter = Counter()
    alone = counter.ask("advice", amount="3.00")
    assert (alone.kind, alone.message.mti, 90 in alone.message) == (Kind.ADVICE, "0220", False)
    counter.knows(Kind.PREAUTH)
    completion = counter.ask("advice", original="last", amount="10.00")
    assert (completion.kind, completion.message.mti, 90 in completion.message) == (Kind.COMPLETION_ADVICE, "0220", True)


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
    assert second[90] == first.message[90]
    assert second[11] != first.message[11]


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
        ("advice", {"original": RRN, "amount": "1.00"}, "no preauth with the RRN"),
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


def test_an_advice_does_not_complete_a_sale() -> None:
    counter = Counter()
    counter.done(counter.ask("sale", amount="12.34"))
    assert "this is a sale of USD 12.34" in refused(counter, "advice", original="last")


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
