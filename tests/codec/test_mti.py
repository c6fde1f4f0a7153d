"""Message types: what their digits say, and what answers and repeats are called."""

from __future__ import annotations

import pytest

from iso_gateway.codec.mti import KNOWN, MTI, Function, MessageClass, Origin, Version


@pytest.mark.parametrize(
    ("text", "response", "repeat", "original"),
    [
        ("0200", "0210", "0201", "0200"),
        ("0201", "0210", "0201", "0200"),
        ("0420", "0430", "0421", "0420"),
        ("0401", "0410", "0401", "0400"),
        ("0102", "0112", "0103", "0102"),
        ("1804", "1814", "1805", "1804"),
        ("1421", "1430", "1421", "1420"),
    ],
)
def test_what_follows_a_request(text: str, response: str, repeat: str, original: str) -> None:
    mti = MTI(text)
    assert mti.is_request
    assert (mti.response(), mti.repeat(), mti.original()) == (response, repeat, original)


def test_an_answer_has_no_answer() -> None:
    assert not MTI("0210").is_request
    with pytest.raises(ValueError, match="is an answer"):
        MTI("0210").response()


@pytest.mark.parametrize(("text", "repeat"), [("0200", False), ("0201", True), ("0403", True), ("0404", False)])
def test_an_odd_origin_is_a_repeat(*, text: str, repeat: bool) -> None:
    assert MTI(text).is_repeat is repeat


def test_the_digits_are_enums() -> None:
    mti = MTI("1421")
    assert mti.version is Version.ISO_1993
    assert mti.message_class is MessageClass.REVERSAL
    assert mti.function is Function.ADVICE
    assert mti.origin is Origin.ACQUIRER_REPEAT


@pytest.mark.parametrize("text", ["", "020", "02000", "020a", "０２００", "3200", "0000", "0900", "0290", "0208"])
def test_what_is_reserved_or_no_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no message type"):
        MTI(text)


def test_each_edition_knows_its_own() -> None:
    assert "0200" in KNOWN["1987"]
    assert "1200" not in KNOWN["1987"]
    assert KNOWN["1987"] | KNOWN["1993"] | KNOWN["2003"] < KNOWN["any"]
