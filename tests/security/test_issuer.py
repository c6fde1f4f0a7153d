"""What the mock host's issuer does: published values, and what is refused."""

from __future__ import annotations

import pytest

from iso_gateway.errors import KeyMaterialError
from iso_gateway.security.check_values import matches
from iso_gateway.security.issuer.application_cryptograms import (
    application_cryptogram,
    arpc_method_1,
    arpc_method_2,
    icc_master_key,
    session_key,
    verify_arqc,
)
from iso_gateway.security.issuer.card_verification import OF_BACK, OF_CHIP, CardVerificationKey
from iso_gateway.security.issuer.pin_verification import PinVerificationKey
from iso_gateway.security.keys import KeyAlgorithm
from tests.support.vectors import Case, cases, each, inputs

KEY = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
PAN = "4761739001010010"


@each("cvv")
def test_a_published_card_verification_value(group: str, case: Case) -> None:
    key = CardVerificationKey(bytearray.fromhex(inputs(group)["cvk"]))
    assert key.value(case["pan"], case["expiry_as_input"], case["service_code"]) == case["cvv"]
    assert key.verify(case["pan"], case["expiry_as_input"], case["service_code"], case["cvv"])
    wrong = f"{(int(case['cvv']) + 1) % 1000:03}"
    for presented in (wrong, "", case["cvv"][:2], case["cvv"] + "0"):
        assert not key.verify(case["pan"], case["expiry_as_input"], case["service_code"], presented)


def test_stripe_back_and_chip_have_values_of_their_own() -> None:
    key = CardVerificationKey(KEY)
    assert len({key.value(PAN, "3012", code) for code in ("201", OF_BACK, OF_CHIP)}) == 3


@pytest.mark.parametrize("fields", [("476173900101001A", "3012", "201"), ("", "", ""), (PAN * 2, "3012", "201")])
def test_what_is_no_card_has_no_value(fields: tuple[str, str, str]) -> None:
    key = CardVerificationKey(KEY)
    with pytest.raises(ValueError, match="digits") as caught:
        key.value(*fields)
    assert PAN not in str(caught.value)


@pytest.mark.parametrize("case", [case for case in cases("pin_verification") if case["type"] == "visa_pvv"])
def test_a_published_pin_verification_value(case: Case) -> None:
    key = PinVerificationKey(bytearray.fromhex(case["pvk"]))
    assert key.visa_value(case["pin"], case["pan"], int(case["pvki"])) == case["pvv"]
    assert key.verify_visa(case["pin"], case["pan"], int(case["pvki"]), case["pvv"])
    assert not key.verify_visa("0000", case["pan"], int(case["pvki"]), case["pvv"])


@pytest.mark.parametrize(
    "case", [case for case in cases("pin_verification") if case["type"] == "ibm3624"], ids=lambda case: case["offset"]
)
def test_a_published_offset(case: Case) -> None:
    key = PinVerificationKey(bytearray.fromhex(case["pvk"]))
    assert key.ibm_offset(case["pin"], case["validation_data"], case["decimalization"]) == case["offset"]
    assert key.verify_ibm(case["pin"], case["offset"], case["validation_data"], case["decimalization"])
    assert not key.verify_ibm(case["pin"] + "1", case["offset"], case["validation_data"], case["decimalization"])
    if case["offset"] == "0000":
        assert key.natural_pin(case["validation_data"], table=case["decimalization"]) == case["pin"]


def test_what_is_no_pin_or_card_is_verified_by_nobody() -> None:
    key = PinVerificationKey(KEY)
    for pin, pan, index in (("123", PAN, 1), ("12A4", PAN, 1), ("1234", "47617390010", 1), ("1234", PAN, 7)):
        with pytest.raises(ValueError, match="a PVV is of"):
            key.visa_value(pin, pan, index)
    with pytest.raises(ValueError, match="16 digits"):
        key.natural_pin("123")
    with pytest.raises(ValueError, match="4 to 16"):
        key.natural_pin("1" * 16, 3)
    with pytest.raises(ValueError, match="4 to 12"):
        key.ibm_offset("123", "1" * 16)


@each("emv_arqc")
def test_a_published_cryptogram_and_its_answer(group: str, case: Case) -> None:
    assert group
    master = icc_master_key(bytearray.fromhex(case["imk"]), case["pan"], case["psn"])
    assert master.hex().upper() == case["icc_mk"]
    assert matches(KeyAlgorithm.TDES, master, bytes.fromhex(case["icc_mk_kcv"]))
    session = session_key(master, bytes.fromhex(case["r"]))
    assert session.hex().upper() == case["session_key"]
    data, arqc = bytes.fromhex(case["data"]), bytes.fromhex(case["arqc"])
    assert application_cryptogram(session, data) == arqc
    assert verify_arqc(session, data, arqc)
    assert not verify_arqc(session, data[:-1] + b"\0", arqc)
    assert not verify_arqc(session, data, arqc[:4])
    assert arpc_method_1(master, arqc, bytes.fromhex(case["arc"])).hex().upper() == case["arpc"]


def test_what_is_no_cryptogram_is_answered_by_nobody() -> None:
    with pytest.raises(ValueError, match="8 bytes"):
        arpc_method_1(KEY, bytes(7), b"00")
    with pytest.raises(ValueError, match="a response code 2"):
        arpc_method_1(KEY, bytes(8), b"000")
    with pytest.raises(ValueError, match="8 at most"):
        arpc_method_2(KEY, bytes(8), bytes(4), bytes(9))
    with pytest.raises(ValueError, match="2 bytes of a counter"):
        session_key(KEY, bytes(3))
    with pytest.raises(ValueError, match="two digits"):
        icc_master_key(KEY, "4761 73", "00")
    with pytest.raises(KeyMaterialError):
        icc_master_key(KEY[:8], PAN)


def test_no_key_stands_in_a_repr() -> None:
    assert (repr(CardVerificationKey(KEY)), repr(PinVerificationKey(KEY))) == (
        "<CardVerificationKey>",
        "<PinVerificationKey>",
    )
