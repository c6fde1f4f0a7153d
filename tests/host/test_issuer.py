"""What the mock issuer checks of a card: PVV, offset, CVV, CVV2 and the chip's cryptogram."""

from __future__ import annotations

import pytest

from iso_gateway.codec.message import Message
from iso_gateway.codec.tlv import made, objects
from iso_gateway.host.chip import SIGNED
from iso_gateway.host.scenario.reading import scenario_of
from iso_gateway.host.settings import CardRule
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.protection import Protection
from iso_gateway.security.issuer.application_cryptograms import (
    application_cryptogram,
    arpc_method_1,
    arpc_method_2,
    icc_master_key,
    session_key,
)
from iso_gateway.security.issuer.card_verification import CardVerificationKey
from iso_gateway.security.issuer.pin_verification import PinVerificationKey
from iso_gateway.security.keys import MacAlgorithm, MacMethod, PinFormat
from tests.support.keyed_till import HELD, KeyedTill
from tests.support.till import OTHER_PAN, PAN, Reply

PIN = Protection(mac=MacMethod(MacAlgorithm.X9_19), pin=PinFormat.ISO_0)
KEY = HELD.issuer.pvv

# PINs


@pytest.mark.parametrize("way", ["pvv", "offset"])
def test_a_cards_pin_is_known_by_its_value_alone(way: str) -> None:
    values = PinVerificationKey(KEY)
    rule = CardRule(PAN, pvv=values.visa_value("9317", PAN, 1))
    if way == "offset":
        rule = CardRule(PAN, offset=values.ibm_offset("9317", PAN))
    till = KeyedTill(protection=PIN, cards=[rule])
    assert till.pay("9317").code == "00"
    assert till.pay("9318").code == "55"
    assert till.pay("1234").code == "55"
    # A card without a rule has the host's PIN.
    assert till.pay("1234", pan=OTHER_PAN).code == "00"


def test_a_longer_pin_is_known_by_its_offset() -> None:
    rule = CardRule(PAN, offset=PinVerificationKey(KEY).ibm_offset("931745", PAN))
    till = KeyedTill(protection=PIN, cards=[rule])
    assert till.pay("931745").code == "00"
    assert till.pay("9317").code == "55"


# Verification values


def track(value: str, service: str = "201", pan: str = PAN) -> str:
    """Return a track 2 with *value* where CVV is: after service code, key index and PVV."""
    return f"{pan}=3012{service}10000{value}00"


def paid(till: KeyedTill, **changes: object) -> Reply:
    """Pay with these elements changed."""
    return till.ask(Kind.SALE, 1000, changes={int(de[2:]): value for de, value in changes.items()})


def test_the_published_table_is_that_of_these_keys() -> None:
    values = CardVerificationKey(HELD.issuer.cvv)
    assert [values.value(*row) for row in (("4123456789012", "8701", "101"), ("4999988887777", "9105", "111"))] == [
        *("370", "649")
    ]


def test_a_wrong_verification_value_in_the_track_is_declined_where_settings_say_so() -> None:
    right = CardVerificationKey(HELD.issuer.cvv).value(PAN, "3012", "201")
    wrong = f"{(int(right) + 1) % 1000:03}"
    till = KeyedTill(check_cvv=True)
    assert paid(till, de35=track(right), de22="021").code == "00"
    refused = paid(till, de35=track(wrong), de22="021")
    assert (refused.code, refused.decision.note["cause"]) == ("05", "card verification value of track 2")
    assert paid(till, de35=track(right, service="101"), de22="021").code == "05"
    assert paid(till, de35=f"{PAN}=3012201").code == "00"  # there is none in it
    assert paid(KeyedTill(), de35=track(wrong)).code == "00"


def test_the_value_of_the_stripe_is_wrong_in_a_chips_track() -> None:
    values = CardVerificationKey(HELD.issuer.cvv)
    stripe, chip = (values.value(PAN, "3012", service) for service in ("201", "999"))
    till = KeyedTill(check_cvv=True)
    assert paid(till, de35=track(chip), de22="051").code == "00"
    assert paid(till, de35=track(stripe), de22="051").code == "05"
    assert paid(till, de35=track(chip), de22="021").code == "05"


def test_a_cvv2_is_looked_for_where_settings_say() -> None:
    right = CardVerificationKey(HELD.issuer.cvv).value(PAN, "3012", "000")
    till = KeyedTill(cvv2="48")
    assert paid(till, de14="3012", de48=right).code == "00"
    assert paid(till, de14="3011", de48=right).code == "05"
    assert paid(till, de14="3012", de48="12").code == "05"
    assert paid(till, de48=right).code == "05"  # made with an expiry date, and none is told
    assert paid(till).code == "00"


# The chip


def chip(version: int, pan: str = PAN, **changes: str) -> tuple[bytes, bytes, bytes]:
    """Return DE 55 of a card of *version*, its cryptogram's key and the cryptogram."""
    values = dict.fromkeys(SIGNED, "00") | {"9F02": "000000001000", "9F03": "000000000000", "9F1A": "0840"}
    values |= {"95": "0000008000", "5F2A": "0840", "9A": "260302", "9F37": "A1B2C3D4", "82": "3900", "9F36": "0007"}
    about = bytes.fromhex(f"0601{version:02X}03A00000")
    master = icc_master_key(HELD.issuer.emv, pan, "01")
    key, tail, padding = (master, about[3:7], 1) if version == 10 else (session_key(master, b"\0\7"), about, 2)
    arqc = application_cryptogram(key, bytes.fromhex("".join(values.values())) + tail, padding)
    items = {tag: bytes.fromhex(value) for tag, value in (values | changes).items()}
    items |= {"9F10": about, "9F26": arqc, "5F34": b"\1"}
    written = (made(tag, value) for tag, value in items.items())
    return b"".join(item.header + item.value for item in written), bytes(key), arqc


@pytest.mark.parametrize("spec", ["iso87-ascii", "iso87-binary", "cup-pos"])
@pytest.mark.parametrize("version", [10, 18])
def test_a_right_cryptogram_is_answered_with_the_issuers(spec: str, version: int) -> None:
    data, key, arqc = chip(version)
    answer = paid(KeyedTill(spec, check_cryptogram=True), de55=data).answer
    assert isinstance(answer, Message)
    status = bytes.fromhex("00820000")
    right = arpc_method_1(key, arqc, b"00") + b"00" if version == 10 else arpc_method_2(key, arqc, status) + status
    assert answer["55.91"] == right


def test_a_decline_is_told_to_the_chip_too() -> None:
    data, key, arqc = chip(10)
    answer = KeyedTill(check_cryptogram=True).ask(Kind.SALE, 1051, changes={55: data}).answer
    assert isinstance(answer, Message)
    assert answer["55.91"] == arpc_method_1(key, arqc, b"51") + b"51"


@pytest.mark.parametrize("version", [10, 18])
@pytest.mark.parametrize("tag", SIGNED)
def test_whatever_was_signed_and_changed_is_seen(version: int, tag: str) -> None:
    data, _, _ = chip(version, **{tag: "FF"})
    refused = paid(KeyedTill(check_cryptogram=True), de55=data)
    assert refused.code == "05"
    assert refused.answer is not None
    assert 55 not in refused.answer


def test_data_of_a_rule_stand_in_place_of_the_issuers_of_the_same_tag() -> None:
    till = KeyedTill(check_cryptogram=True)
    rules = [{"when": {"nth": 1}, "respond": {"emv": {"71": "AABB"}}}, {"respond": {"emv": {"91": "CC"}}}]
    till.host.scenario = scenario_of({"rules": rules}, till.dialect)
    answers = [paid(till, de55=chip(10)[0]).answer for _ in range(2)]
    assert [list(answer.parts(55)) for answer in answers if answer is not None] == [["91", "71"], ["91"]]
    assert answers[1] is not None
    assert answers[1]["55.91"] == b"\xcc"


def test_another_cards_cryptogram_is_wrong() -> None:
    assert paid(KeyedTill(check_cryptogram=True), de55=chip(10, OTHER_PAN)[0]).code == "05"


@pytest.mark.parametrize("version", [10, 18])
@pytest.mark.parametrize("tag", ["9F26", "9F10", "5F34", "9F36"])
@pytest.mark.parametrize("value", ["", "AB", "00" * 7, "00" * 9, "00" * 60])
def test_values_of_any_length_are_declined(version: int, tag: str, value: str) -> None:
    whole, _, _ = chip(version)
    tags = {each.tag: each.value for each in objects(whole)} | {tag: bytes.fromhex(value)}
    written = (made(name, item) for name, item in tags.items())
    data = b"".join(item.header + item.value for item in written)
    assert paid(KeyedTill(check_cryptogram=True), de55=data).code == "05"


@pytest.mark.parametrize("data", [b"\x9f\x26\x08" + bytes(8), chip(11)[0], b"\x9f", b"\x9f\x26\x81"])
def test_what_cannot_be_checked_is_declined(data: bytes) -> None:
    assert paid(KeyedTill(check_cryptogram=True), de55=data).code == "05"


def test_a_repeat_is_answered_to_the_chip_once_more() -> None:
    till = KeyedTill(check_cryptogram=True)
    first = paid(till, de55=chip(10)[0])
    again = till.again(first)
    assert first.answer is not None
    assert again.answer is not None
    assert again.answer[55] == first.answer[55]


def test_nobody_looks_at_a_chip_unless_settings_say_so() -> None:
    answer = paid(KeyedTill(), de55=chip(11)[0]).answer
    assert answer is not None
    assert 55 not in answer
