"""Dialects: a message is understood by what it means, and said again in the other side's words."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from iso_gateway import Message
from iso_gateway.codec import mti
from iso_gateway.errors import CannotCarry
from iso_gateway.protocol.dialect import Dialect
from iso_gateway.protocol.kinds import NETWORK, TRAITS, Kind
from iso_gateway.protocol.legs import MONEY
from iso_gateway.protocol.originals import Original
from iso_gateway.protocol.profile import CodeClass
from tests.support.desk import PAN, dialect

TODAY = date(2026, 11, 20)
SPECS = ("iso87-ascii", "iso87-binary", "iso93-ascii", "cup-pos")
ORIGINAL = Original(
    mti="0200", stan="000123", transmitted="1120115900", local="261120195900", batch="000007", date="1120",
    rrn="632400000123", approval="A00123",
)  # fmt: skip
FACTS: dict[str, str | bytes] = {
    "primary_account_number": PAN,
    "processing_code": "001020",
    "amount_transaction": "000000001234",
    "transmission_date_time": "1120120000",
    "system_trace_audit_number": "000456",
    "time_local_transaction": "200000",
    "date_local_transaction": "1120",
    "pos_entry_mode": "051",
    "card_acceptor_terminal_id": "TERM0001",
    "card_acceptor_id": "MERCHANT0000001",
    "currency_code_transaction": "840",
}


def composed(name: str, kind: Kind, facts: dict[str, str | bytes] | None = None) -> Message:
    """Return the request of *kind* in the dialect *name*, as it comes out of its bytes."""
    speaking = dialect(name)
    message = speaking.compose(kind, FACTS if facts is None else facts, TODAY, ORIGINAL, "000007")
    return speaking.spec.decode(speaking.spec.encode(message))


KINDS = [(name, kind) for name in SPECS for kind in Kind if dialect(name).profile.row(kind) is not None]
SHARED_SHAPE = {
    # In ISO 8583:1987 (and 1993) these look alike on the wire; the first row of the profile is what is read.
    ("iso87-ascii", Kind.COMPLETION_CANCEL): Kind.VOID,
    ("iso87-binary", Kind.COMPLETION_CANCEL): Kind.VOID,
    ("iso87-ascii", Kind.COMPLETION): Kind.COMPLETION_ADVICE,
    ("iso87-binary", Kind.COMPLETION): Kind.COMPLETION_ADVICE,
    ("iso93-ascii", Kind.COMPLETION): Kind.COMPLETION_ADVICE,
    ("iso93-ascii", Kind.PREAUTH_CANCEL): Kind.VOID,
    ("iso93-ascii", Kind.COMPLETION_CANCEL): Kind.VOID,
}
NAMES_NONE = {Kind.SALE, Kind.PREAUTH, Kind.ADVICE, Kind.BALANCE, *NETWORK}


@pytest.mark.parametrize(("name", "kind"), KINDS)
def test_what_is_composed_is_understood_as_the_same_kind(name: str, kind: Kind) -> None:
    speaking = dialect(name)
    original = None if kind in NAMES_NONE else ORIGINAL
    message = speaking.compose(kind, FACTS, TODAY, original, "000007")
    row = speaking.kind_row(speaking.spec.decode(speaking.spec.encode(message)))
    assert row is not None
    assert row.kind is SHARED_SHAPE.get((name, kind), kind)


@pytest.mark.parametrize(("name", "kind"), KINDS)
def test_a_repeat_is_of_the_same_kind_as_its_first(name: str, kind: Kind) -> None:
    speaking = dialect(name)
    original = None if kind in NAMES_NONE else ORIGINAL
    message = speaking.compose(kind, FACTS, TODAY, original, "000007")
    repeat = message.evolve({}, message.mti[:3] + str(int(message.mti[3]) | 1))
    assert mti.is_repeat(repeat.mti)
    assert mti.original(repeat.mti) == message.mti
    assert speaking.kind_row(repeat) == speaking.kind_row(message)


@pytest.mark.parametrize(
    ("name", "mti", "fields", "kind"),
    [
        # flows 2.0, the type table of UnionPay POS
        ("cup-pos", "0200", {3: "310000", 60: "01000007"}, Kind.BALANCE),
        ("cup-pos", "0200", {3: "000000", 60: "22000007"}, Kind.SALE),
        ("cup-pos", "0200", {3: "000000", 25: "00", 60: "22000007000600"}, Kind.SALE),
        ("cup-pos", "0200", {3: "200000", 60: "23000007"}, Kind.VOID),
        ("cup-pos", "0220", {3: "200000", 60: "25000007"}, Kind.REFUND),
        ("cup-pos", "0100", {3: "030000", 25: "06", 60: "10000007"}, Kind.PREAUTH),
        ("cup-pos", "0100", {3: "200000", 25: "06", 60: "11000007"}, Kind.PREAUTH_CANCEL),
        ("cup-pos", "0200", {3: "000000", 25: "06", 60: "20000007"}, Kind.COMPLETION),
        ("cup-pos", "0200", {3: "200000", 25: "06", 60: "21000007"}, Kind.COMPLETION_CANCEL),
        ("cup-pos", "0220", {3: "000000", 25: "06", 60: "24000007"}, Kind.COMPLETION_ADVICE),
        ("cup-pos", "0200", {3: "000000", 60: "36000007"}, Kind.ADVICE),
        ("cup-pos", "0220", {3: "000000", 60: "30000007"}, Kind.ADVICE),
        ("cup-pos", "0400", {3: "000000", 60: "22000007"}, Kind.REVERSAL),
        ("cup-pos", "0800", {60: "00000007003"}, Kind.SIGN_ON),
        ("cup-pos", "0820", {60: "00000007002"}, Kind.SIGN_OFF),
        ("cup-pos", "0820", {60: "00000007301"}, Kind.ECHO),
        ("cup-pos", "0200", {3: "200000", 60: "99000007"}, None),
        ("cup-pos", "0200", {3: "200000"}, None),
        # ruling 5
        ("iso87-ascii", "0200", {3: "000000"}, Kind.SALE),
        ("iso87-ascii", "0201", {3: "003000"}, Kind.SALE),
        ("iso87-ascii", "0200", {3: "020000", 90: "0200000123" + "0" * 32}, Kind.VOID),
        ("iso87-ascii", "0200", {3: "200000"}, Kind.REFUND),
        ("iso87-ascii", "0100", {3: "000000"}, Kind.PREAUTH),
        ("iso87-ascii", "0100", {3: "020000"}, Kind.PREAUTH_CANCEL),
        ("iso87-ascii", "0220", {3: "000000"}, Kind.ADVICE),
        ("iso87-ascii", "0220", {3: "000000", 90: "0" * 42}, Kind.ADVICE),
        ("iso87-ascii", "0220", {3: "000000", 90: "0100000123" + "0" * 32}, Kind.COMPLETION_ADVICE),
        ("iso87-ascii", "0200", {3: "310000"}, Kind.BALANCE),
        ("iso87-ascii", "0421", {3: "000000"}, Kind.REVERSAL),
        ("iso87-ascii", "0800", {70: "001"}, Kind.SIGN_ON),
        ("iso87-ascii", "0820", {70: "201"}, Kind.CUT_OVER),
        ("iso87-ascii", "0200", {3: "990000"}, None),
        ("iso87-ascii", "0200", {}, None),
        ("iso87-ascii", "0202", {3: "000000"}, None),
        ("iso87-ascii", "0800", {}, None),
        ("iso93-ascii", "1420", {24: "400", 25: "4000"}, Kind.VOID),
        ("iso93-ascii", "1420", {24: "400", 25: "4021"}, Kind.REVERSAL),
        ("iso93-ascii", "1200", {3: "200000", 24: "200"}, Kind.REFUND),
        ("iso93-ascii", "1804", {24: "831"}, Kind.ECHO),
        ("iso93-ascii", "1200", {3: "000000", 24: "101"}, None),
    ],
)
def test_the_kind_is_read_from_the_table(name: str, mti: str, fields: dict[int | str, Any], kind: Kind | None) -> None:
    speaking = dialect(name)
    row = speaking.kind_row(speaking.spec.message(mti, {11: "000123", **fields}))
    assert (row.kind if row is not None else None) is kind


def carried(source: str, target: str, message: Message, kind: Kind) -> Message:
    """Return what the gateway makes of *message* for the other side."""
    return dialect(target).compose(kind, dialect(source).facts(message), TODAY, ORIGINAL, "000007")


def test_a_unionpay_void_becomes_a_void_of_1987_and_never_a_refund() -> None:
    void = composed("cup-pos", Kind.VOID)
    assert void[3] == "201020"
    as_1987 = carried("cup-pos", "iso87-ascii", void, Kind.VOID)
    assert (as_1987.mti, as_1987[3]) == ("0200", "021020")
    row = dialect("iso87-ascii").kind_row(as_1987)
    assert row is not None
    assert row.kind is Kind.VOID


def test_a_1987_refund_becomes_the_advice_of_unionpay_and_never_a_void() -> None:
    refund = carried("iso87-ascii", "cup-pos", composed("iso87-ascii", Kind.REFUND), Kind.REFUND)
    assert (refund.mti, refund[3], refund["60.1"]) == ("0220", "201020", "25")


def test_a_completion_that_cannot_name_its_preauth_is_not_sent_as_an_offline_sale() -> None:
    """By its authorization code alone it would read as 0220/000000 without an original: another charge."""
    with pytest.raises(CannotCarry) as caught:
        dialect("iso87-ascii").compose(Kind.COMPLETION, FACTS, TODAY, Original(approval="A00123"))
    assert caught.value.code == "40"


@pytest.mark.parametrize("kind", [Kind.PREAUTH_CANCEL, Kind.COMPLETION_CANCEL])
def test_what_a_dialect_has_no_kind_for_is_refused_with_40(kind: Kind) -> None:
    with pytest.raises(CannotCarry) as caught:
        dialect("nibss-pos").compose(kind, FACTS, TODAY, ORIGINAL)
    assert caught.value.code == "40"


@pytest.mark.parametrize(
    ("name", "kind", "alike"),
    [
        ("iso87-ascii", Kind.VOID, {Kind.VOID, Kind.COMPLETION_CANCEL}),
        ("iso87-ascii", Kind.PREAUTH_CANCEL, {Kind.PREAUTH_CANCEL}),
        ("iso87-ascii", Kind.COMPLETION, {Kind.COMPLETION, Kind.COMPLETION_ADVICE}),
        ("iso87-ascii", Kind.SALE, {Kind.SALE}),
        ("iso93-ascii", Kind.VOID, {Kind.VOID, Kind.PREAUTH_CANCEL, Kind.COMPLETION_CANCEL}),
        ("cup-pos", Kind.VOID, {Kind.VOID}),
        ("cup-pos", Kind.COMPLETION_CANCEL, {Kind.COMPLETION_CANCEL}),
    ],
)
def test_what_looks_alike_is_told_apart_by_the_original_alone(name: str, kind: Kind, alike: set[Kind]) -> None:
    speaking = dialect(name)
    row = speaking.profile.row(kind)
    assert row is not None
    assert {each.kind for each in speaking.alike(row)} == alike
    assert set(speaking.nameable(row)) == {named for each in alike for named in TRAITS[each].original}


def test_money_that_has_no_place_on_the_other_side_is_refused_with_30() -> None:
    facts = {**FACTS, "amounts_fees": "00840D00000050840D00000050"}
    with pytest.raises(CannotCarry) as caught:
        dialect("iso87-ascii").compose(Kind.SALE, facts, TODAY)
    assert caught.value.code == "30"
    assert "840D" not in str(caught.value)


@pytest.mark.parametrize(("name", "value"), [("additional_amounts", "x" * 40), ("icc_data", bytes(300))])
def test_what_may_not_be_cut_and_does_not_fit_is_refused_with_30(name: str, value: str | bytes) -> None:
    with pytest.raises(CannotCarry) as caught:
        dialect("cup-pos").compose(Kind.SALE, {**FACTS, name: value}, TODAY)
    assert caught.value.code == "30"


@pytest.mark.parametrize("name", sorted(MONEY))
@pytest.mark.parametrize("target", SPECS)
def test_a_money_fact_is_placed_or_refused_and_never_lost(name: str, target: str) -> None:
    speaking = dialect(target)
    number = {field.name: de for de, field in speaking.spec.fields.items()}.get(name)
    signed = number is not None and speaking.spec.fields[number].format == "xn"
    size = speaking.spec.fields[number].max if number is not None else 12
    value = ("C" + "1" * (size - 1)) if signed else "1" * size
    facts = {**FACTS, name: value}
    if number is None:
        with pytest.raises(CannotCarry):
            speaking.compose(Kind.SALE, facts, TODAY)
    else:
        assert speaking.compose(Kind.SALE, facts, TODAY)[number] == value


def test_chinese_text_loses_its_characters_and_not_its_place_in_ascii() -> None:
    facts = {**FACTS, "card_acceptor_name_location": f"{'北京 Shop':<40}"[:40]}
    said = dialect("iso87-ascii").compose(Kind.SALE, facts, TODAY)[43]
    assert said.startswith("?? Shop")
    assert said.isascii()


def test_text_in_gbk_fits_by_bytes_and_is_never_cut_inside_a_character() -> None:
    facts = {**FACTS, "additional_response_data": "中" * 25}
    message = dialect("cup-pos").compose(Kind.SALE, facts, TODAY)
    spec = dialect("cup-pos").spec
    assert spec.decode(spec.encode(message))[44] == "中" * 12


@pytest.mark.parametrize(("target", "separator"), [("cup-pos", "D"), ("iso87-binary", "D"), ("iso87-ascii", "=")])
@pytest.mark.parametrize("carried_as", ["=", "D"])
def test_track_2_gets_the_separator_of_the_other_side(target: str, separator: str, carried_as: str) -> None:
    facts = {**FACTS, "track_2_data": f"{PAN}{carried_as}29122010000000000000"}
    assert dialect(target).compose(Kind.SALE, facts, TODAY)[35] == f"{PAN}{separator}29122010000000000000"


@pytest.mark.parametrize("source", SPECS)
@pytest.mark.parametrize("target", SPECS)
def test_pin_block_chip_data_and_money_cross_unchanged(source: str, target: str) -> None:
    chip = bytes.fromhex("9F2608112233445566778882021800950500000000009F36020001")
    facts = {**FACTS, "pin_data": bytes.fromhex("0123456789ABCDEF"), "icc_data": chip}
    message = carried(source, target, composed(source, Kind.SALE, facts), Kind.SALE)
    spec = dialect(target).spec
    message = spec.decode(spec.encode(message))
    assert message[52] == bytes.fromhex("0123456789ABCDEF")
    assert message[55] == chip
    assert message["55.9F36"] == b"\x00\x01"
    assert (message[2], message[4], message[49]) == (PAN, "000000001234", "840")
    assert (message[41], message[42].strip()) == ("TERM0001", "MERCHANT0000001")


@pytest.mark.parametrize(("source", "target"), [("iso93-ascii", "iso87-ascii"), ("cup-pos", "iso93-ascii")])
def test_local_date_and_time_cross_between_the_versions(source: str, target: str) -> None:
    message = carried(source, target, composed(source, Kind.SALE), Kind.SALE)
    if target == "iso93-ascii":
        assert message[12] == "261120200000"
        assert 13 not in message
    else:
        assert (message[12], message[13]) == ("200000", "1120")


def test_the_entry_mode_crosses_between_the_versions() -> None:
    as_1993 = carried("iso87-ascii", "iso93-ascii", composed("iso87-ascii", Kind.SALE), Kind.SALE)
    assert len(as_1993[22]) == 12
    assert dialect("iso93-ascii").facts(as_1993)["pos_entry_mode"] == "051"


@pytest.mark.parametrize("name", ["date_local_transaction", "date_settlement"])
@pytest.mark.parametrize("day", ["0000", "1332", "0230", "9999"])
def test_a_day_that_does_not_exist_is_a_format_error_and_no_crash(name: str, day: str) -> None:
    with pytest.raises(CannotCarry) as caught:
        dialect("iso93-ascii").compose(Kind.SALE, {**FACTS, name: day}, TODAY)
    assert caught.value.code == "30"
    assert day not in str(caught.value)


@pytest.mark.parametrize("name", SPECS)
def test_an_answer_gives_the_terminal_its_own_values_back(name: str) -> None:
    speaking = dialect(name)
    request = composed(name, Kind.SALE)
    told = {"retrieval_reference_number": "632400000456", "authorization_id_response": "A00456"}
    answer = speaking.answer(request, "00", told, TODAY)
    assert int(answer.mti) == int(request.mti) + 10
    assert (answer[11], answer[41], answer[12]) == (request[11], request[41], request[12])
    assert (answer[37], answer[38]) == ("632400000456", "A00456")
    assert speaking.verdict(answer) is CodeClass.APPROVED
    assert speaking.canonical(answer) == "00"


def test_a_partial_amount_of_the_host_stands_in_the_answer() -> None:
    speaking = dialect("iso87-ascii")
    answer = speaking.answer(composed("iso87-ascii", Kind.SALE), "10", {"amount_transaction": "000000000500"}, TODAY)
    assert answer[4] == "000000000500"


def test_an_answer_without_a_code_says_nothing_of_the_money() -> None:
    speaking = dialect("iso87-ascii")
    answer = speaking.answer(composed("iso87-ascii", Kind.SALE), "00", {}, TODAY).evolve({39: None})
    assert speaking.verdict(answer) is CodeClass.UNKNOWN


@pytest.mark.parametrize("name", SPECS)
def test_the_card_number_is_found_in_the_track_where_de_2_is_missing(name: str) -> None:
    facts = {key: value for key, value in FACTS.items() if key != "primary_account_number"}
    message = composed(name, Kind.SALE, {**facts, "track_2_data": f"{PAN}=2912201"})
    assert 2 not in message
    assert dialect(name).pan(message) == PAN


def test_a_message_about_money_is_no_network_management() -> None:
    with pytest.raises(ValueError, match="no network management"):
        dialect("iso87-ascii").network(Kind.SALE, FACTS, TODAY)


def test_mac_codes_and_the_naming_of_originals_stay_on_their_leg() -> None:
    speaking = dialect("cup-pos")
    message = speaking.spec.message(
        "0200", {11: "000001", 37: "632400000001", 39: "00", 53: "2600000000000000", 61: "000007000123", 64: bytes(8)}
    )
    assert speaking.facts(message) == {
        "system_trace_audit_number": "000001",
        "retrieval_reference_number": "632400000001",
    }


def test_a_dialect_says_which_it_is() -> None:
    assert repr(Dialect(dialect("cup-pos").spec, dialect("cup-pos").profile)) == "<Dialect cup-pos>"
