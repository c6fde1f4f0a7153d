"""What coded values of elements say."""

from __future__ import annotations

import pytest

from iso_gateway.catalog import load_profile
from iso_gateway.inspect import coded


@pytest.mark.parametrize(
    ("number", "value", "mti", "said"),
    [
        (3, "000000", "0200", "goods and services"),
        (3, "012000", "0200", "cash, cheque account"),
        (3, "401020", "0200", "transfer between accounts, savings account to cheque account"),
        (3, "990000", "0200", ""),
        (22, "051", "0200", "chip, PIN can be entered"),
        (22, "902", "0100", "magnetic stripe, read whole, PIN cannot be entered"),
        (22, "xyz", "0100", ""),
        (25, "06", "0100", "preauthorization"),
        (25, "4021", "1420", "time-out waiting for the response"),
        (24, "400", "1420", "full reversal, transaction did not complete as approved"),
        (24, "400", "0420", ""),
        (24, "304", "1304", "replace a record"),
        (24, "400", "2420", "full reversal, transaction did not complete as approved"),
        (25, "4021", "2420", "time-out waiting for the response"),
        (25, "1510", "1200", "over the floor limit"),
        (26, "12", "0200", "PIN of 12 digits at most"),
        (26, "5411", "1200", ""),
        (40, "601", "0200", "national, use the chip, normal authorization, no restrictions"),
        (40, "221", "0200", "international, use the chip, by the issuer, no restrictions"),
        (40, "ADG", "0200", ""),
        (66, "2", "0510", "out of balance"),
        (39, "51", "0210", "insufficient funds"),
        (39, "ZZ", "0210", "code not in the profile"),
        (49, "840", "0200", "USD"),
        (49, "000", "0200", ""),
        (70, "301", "0800", "echo test"),
        (11, "000001", "0200", ""),
    ],
)
def test_an_element_in_words(number: int, value: str, mti: str, said: str) -> None:
    assert coded.of_element(number, value, mti, load_profile("iso87")) == said


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("0000", "approved"),
        ("0002", "approved for a partial amount"),
        ("1016", "insufficient funds"),
        ("2000", "pick up card"),
        ("2001", "expired card, pick up"),
        ("2008", "lost card, pick up"),
        ("8000", "network management accepted"),
        ("9999", ""),
    ],
)
def test_the_action_codes_of_2003_need_no_profile(code: str, said: str) -> None:
    assert coded.of_element(39, code, "2210") == said


def test_the_twelve_positions_of_1993() -> None:
    said = coded.of_element(22, "510101513344", "1200")
    assert said.startswith("can read chip, can authenticate by PIN, card capture no")
    assert said.endswith("can show print and display, PIN capture 4 digits")


@pytest.mark.parametrize(
    ("mti", "said"),
    [
        ("0200", "ISO 8583:1987, financial request, acquirer"),
        ("0421", "ISO 8583:1987, reversal advice, acquirer repeat"),
        ("1814", "ISO 8583:1993, network management request response, other"),
        ("0299", ""),
    ],
)
def test_an_mti_in_words(mti: str, said: str) -> None:
    assert coded.of_mti(mti) == said
