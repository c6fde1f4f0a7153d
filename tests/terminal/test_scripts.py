"""The messages that a terminal sends, in every dialect: of their kind, whole, and naming their original."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from msgspec.structs import replace

from iso_gateway import Message
from iso_gateway.codec.message import Amount
from iso_gateway.errors import CannotCarry
from iso_gateway.protocol.kinds import NETWORK, TRAITS, Kind
from iso_gateway.terminal import scripts
from iso_gateway.terminal.records import Outcome, Sent
from iso_gateway.terminal.scripts import Card, Slip, Till
from tests.support.desk import PAN, dialect

SPECS = ("iso87-ascii", "iso87-binary", "iso93-ascii", "cup-pos")
# Half past one in the morning in Vienna is still yesterday in UTC.
AT = datetime(2026, 11, 21, 0, 30, 15, tzinfo=timezone(timedelta(hours=1)))
SLIP = Slip(Till(), "000042", AT)
CARD = Card(PAN)


def composed(spec: str, kind: Kind, original: Sent | None = None) -> Message:
    """Return a request over 12.34."""
    named = original.as_original() if original else None
    return scripts.financial(dialect(spec), SLIP, kind, CARD, amount=Amount(1234, "840"), original=named)


def answered(spec: str, message: Message, kind: Kind = Kind.SALE, outcome: Outcome = Outcome.APPROVED) -> Sent:
    """Return the note of *message* with a host's RRN and code."""
    note = Sent.of(dialect(spec), kind, message)
    return replace(note, outcome=outcome, rrn="632500000001", approval="A00001")


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("kind", [Kind.SALE, Kind.VOID, Kind.REFUND, Kind.ADVICE])
def test_a_request_is_of_its_kind_and_can_be_written(spec: str, kind: Kind) -> None:
    speaks = dialect(spec)
    original = answered(spec, composed(spec, Kind.SALE)) if kind in (Kind.VOID, Kind.REFUND) else None
    message = composed(spec, kind, original)
    row = speaks.kind_row(message)
    assert row is not None
    assert row.kind is kind
    assert speaks.spec.decode(speaks.spec.encode(message)) == message
    assert (message[2], message[4], message[11]) == (PAN, "000000001234", "000042")
    assert (message[41], message[42], message[49]) == ("TERM0001", "MERCHANT0000001", "840")


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("kind", [Kind.SIGN_ON, Kind.SIGN_OFF, Kind.ECHO])
def test_network_management_is_of_its_kind(spec: str, kind: Kind) -> None:
    speaks = dialect(spec)
    message = scripts.network(speaks, SLIP, kind)
    row = speaks.kind_row(message)
    assert row is not None
    assert row.kind is kind
    assert message[41] == "TERM0001"
    assert 2 not in message


def test_a_sale_is_no_network_management() -> None:
    with pytest.raises(ValueError, match="sale"):
        scripts.network(dialect("iso87-ascii"), SLIP, Kind.SALE)


def test_times_are_local_but_for_the_transmission_time() -> None:
    sale = composed("iso87-ascii", Kind.SALE)
    assert (sale[7], sale[12], sale[13]) == ("1120233015", "003015", "1121")
    assert composed("iso93-ascii", Kind.SALE)[12] == "261121003015"


def test_unionpay_terminals_send_no_transmission_time() -> None:
    assert 7 not in composed("cup-pos", Kind.SALE)


def test_a_void_names_its_original_in_the_words_of_its_dialect() -> None:
    voids = {spec: composed(spec, Kind.VOID, answered(spec, composed(spec, Kind.SALE))) for spec in SPECS}
    assert voids["iso87-ascii"][90] == "0200" + "000042" + "1120233015" + "0" * 22
    assert voids["iso93-ascii"][56] == "1200" + "000042" + "261121003015" + "00"
    assert voids["cup-pos"][61] == "000001" + "000042" + "1121"
    assert {void[37] for void in voids.values()} == {"632500000001"}
    assert {void[38] for void in voids.values()} == {"A00001"}


@pytest.mark.parametrize("spec", SPECS)
def test_a_reversal_says_what_its_original_said(spec: str) -> None:
    speaks = dialect(spec)
    sale = composed(spec, Kind.SALE)
    slip = Slip(Till(), "000043", AT + timedelta(minutes=1))
    reversal = scripts.reversal(speaks, slip, CARD, answered(spec, sale))
    row = speaks.kind_row(reversal)
    assert row is not None
    assert row.kind is Kind.REVERSAL
    for de in (2, 3, 4, 12, 22, 41, 42, 49):
        assert reversal[de] == sale[de], de
    assert speaks.original(reversal).stan == "000042"
    assert reversal[11] == "000043"
    assert speaks.spec.decode(speaks.spec.encode(reversal)) == reversal


def test_a_unionpay_reversal_keeps_the_type_of_what_it_undoes() -> None:
    void = composed("cup-pos", Kind.VOID, answered("cup-pos", composed("cup-pos", Kind.SALE)))
    reversal = scripts.reversal(dialect("cup-pos"), SLIP, CARD, answered("cup-pos", void, Kind.VOID))
    assert reversal["60.1"] == "23"
    assert reversal["60.2"] == "000001"


@pytest.mark.parametrize("spec", ["iso87-ascii", "cup-pos"])
def test_the_reversal_of_a_void_does_not_name_the_sale(spec: str) -> None:
    void = composed(spec, Kind.VOID, answered(spec, composed(spec, Kind.SALE)))
    assert void[37] == "632500000001"
    unanswered = Sent.of(dialect(spec), Kind.VOID, void)
    reversal = scripts.reversal(dialect(spec), Slip(Till(), "000043", AT), CARD, unanswered)
    assert 37 not in reversal
    assert 38 not in reversal
    assert dialect(spec).original(reversal).stan == void[11]


@pytest.mark.parametrize(
    ("spec", "outcome", "reason"),
    [
        ("iso87-ascii", Outcome.UNKNOWN, {39: "98"}),
        ("iso87-ascii", Outcome.APPROVED, {39: "17"}),
        ("iso93-ascii", Outcome.UNKNOWN, {25: "4021"}),
        ("cup-pos", Outcome.UNKNOWN, {39: "98", 25: "00"}),
    ],
)
def test_a_reversal_says_why(spec: str, outcome: Outcome, reason: dict[int, str]) -> None:
    note = answered(spec, composed(spec, Kind.SALE), outcome=outcome)
    reversal = scripts.reversal(dialect(spec), SLIP, CARD, note)
    assert {de: reversal[de] for de in reason} == reason


def test_a_reversal_for_the_customers_wish_is_no_void_in_1993() -> None:
    speaks = dialect("iso93-ascii")
    reversal = scripts.reversal(speaks, SLIP, CARD, answered("iso93-ascii", composed("iso93-ascii", Kind.SALE)))
    row = speaks.kind_row(reversal)
    assert row is not None
    assert row.kind is Kind.REVERSAL


def test_a_card_that_was_swiped_says_so() -> None:
    speaks = dialect("iso87-ascii")
    card = Card(PAN, expiry="3012", entry_mode="022")
    sale = scripts.financial(speaks, SLIP, Kind.SALE, card, amount=Amount(1, "840"))
    assert (sale[14], sale[22]) == ("3012", "022")


def test_a_card_does_not_show_its_number() -> None:
    assert PAN not in repr(CARD)


def test_what_a_dialect_cannot_say_is_refused() -> None:
    with pytest.raises(CannotCarry, match="no void"):
        composed("nibss-pos", Kind.VOID)


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("kind", sorted(Kind))
def test_every_message_has_all_that_its_dialect_asks_for(spec: str, kind: Kind) -> None:
    speaks = dialect(spec)
    if speaks.profile.row(kind) is None or kind in NOT_A_TERMINALS:
        return
    original = answered(spec, composed(spec, Kind.SALE))
    if kind in NETWORK:
        message = scripts.network(speaks, SLIP, kind)
    elif kind is Kind.REVERSAL:
        message = scripts.reversal(speaks, SLIP, CARD, original)
    else:
        message = composed(spec, kind, original if TRAITS[kind].original else None)
    assert speaks.spec.check(message) == []


NOT_A_TERMINALS = {Kind.CUT_OVER, Kind.INQUIRY, Kind.SETTLEMENT, Kind.UPLOAD, Kind.UPLOAD_END}
"""What other scripts write, or hosts alone say."""


def test_a_void_of_1993_has_the_processing_code_of_its_original() -> None:
    speaks = dialect("iso93-ascii")
    void = scripts.financial(
        speaks, SLIP, Kind.VOID, CARD, amount=Amount(1234, "840"),
        original=answered("iso93-ascii", composed("iso93-ascii", Kind.SALE)).as_original(), processing="002000",
    )  # fmt: skip
    assert (void.mti, void[3]) == ("1420", "002000")


def test_network_management_of_1993_has_the_local_time() -> None:
    assert scripts.network(dialect("iso93-ascii"), SLIP, Kind.ECHO)[12] == "261121003015"
    assert 12 not in scripts.network(dialect("iso87-ascii"), SLIP, Kind.ECHO)
