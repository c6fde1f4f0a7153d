"""Masks fail closed: in doubt, nothing is seen."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iso_gateway.codec import mask
from iso_gateway.codec.describe import describe, summary, to_json
from iso_gateway.codec.parts import Item
from iso_gateway.codec.spec import Spec

PANS = [
    "4761739001010010",
    "4111111111111111",
    "5413330089600119",
    "6250941006528599",
    "378282246310005",
    "6011000990139424",
    "3530111333300000",
]


@pytest.mark.parametrize(
    ("number", "seen"),
    [
        ("4761739001010010", "476173******0010"),
        ("378282246310005", "378282*****0005"),
        ("4761739001010", "476173***1010"),
        ("6250941006528599123", "625094*********9123"),
        ("476173900101", "************"),
        ("1234", "****"),
        ("", ""),
        ("62509410065285991234", "********************"),
        ("476173900101001X", "****************"),
        ("４７６１７３９００１０１００１０", "****************"),
    ],
)
def test_a_pan_shows_six_and_four_or_nothing(number: str, seen: str) -> None:
    assert mask.pan(number) == seen
    assert mask.value("pan", number) == seen


@pytest.mark.parametrize(
    ("policy", "value", "seen"),
    [
        ("none", "TERM0001", "TERM0001"),
        ("none", b"\x01\xab", "01AB"),
        ("track", "4761739001010010=2712", "*" * 21),
        ("all", "secret", "******"),
        ("all", b"12345678", "<8 bytes>"),
        ("pan", b"12345678", "<8 bytes>"),
        ("scan", b"12345678", "<8 bytes>"),
        ("unheard of", "TERM0001", "********"),
        ("", "TERM0001", "********"),
    ],
)
def test_each_policy(policy: str, value: str | bytes, seen: str) -> None:
    assert mask.value(policy, value) == seen


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("order 12345678 paid", "order 12345678 paid"),
        ("order 123456789 paid", "order ********* paid"),
        ("card 4761739001010010.", "card 476173******0010."),
        ("card 4761739001010011.", "card ****************."),
        ("card 4761 7390 0101 0010", "card *******************"),
        ("card 4761-7390-0101-0010", "card *******************"),
        ("card 4761  7390  0101  0010", "card **********************"),
        ("4761739001010010=27122011234567890", "*" * 34),
        ("4761739001010010D27122011234567890", "*" * 34),
        ("%B4761739001010010^CARDHOLDER/TEST^2712", "%B476173******0010^CARDHOLDER/TEST^2712"),
        ("x" * 5 + "４７６１７３９００１０１００１０", "x" * 5 + "*" * 16),
        ("476173900101001012345", "*" * 21),
        ("", ""),
    ],
)
def test_free_text_is_searched_for_cards(text: str, seen: str) -> None:
    assert mask.scan(text) == seen


@given(
    st.sampled_from(PANS),
    st.text(st.sampled_from("abc =D/0123456789"), max_size=12),
    st.text(st.sampled_from("abc =D/0123456789"), max_size=12),
)
def test_no_pan_comes_through_a_scan(number: str, before: str, after: str) -> None:
    seen = mask.scan(before + number + after)
    assert number not in seen
    assert len(seen) == len(before + number + after)
    assert not re.search(r"\d{11}", seen)


@pytest.mark.parametrize("number", PANS)
def test_the_check_digit_is_seen(number: str) -> None:
    assert mask.luhn(number)
    assert not mask.luhn(number[:-1] + str((int(number[-1]) + 1) % 10))


def test_tags_are_seen_by_a_list(packed: Spec) -> None:
    tags = ("9F26", "5A", "57", "56", "9F6B", "9F1F", "9F20", "5F20", "5F24", "99", "71", "72", "86", "DF01", "70")
    parts = packed.message("0200", {55: [(tag, b"\1\2") for tag in tags]}).parts(55)
    assert [mask.part(each) for each, _ in parts.paths()] == ["0102", *["<2 bytes>"] * 14]


def test_a_part_has_its_own_mask() -> None:
    assert mask.part(Item("1", "22", mask="none")) == "22"
    assert mask.part(Item("1", "22")) == "**"
    assert mask.part(Item("1", b"22")) == "<2 bytes>"


@given(st.sampled_from(PANS), st.text(st.sampled_from("abc =D/"), max_size=9))
def test_nothing_that_is_shown_holds_the_card(packed: Spec, number: str, text: str) -> None:
    message = packed.message(
        "0200",
        {
            2: number,
            4: 1234,
            35: f"{number}D27122011234567890",
            43: text[:0] + number,
            48: f"{text}{number}",
            52: b"\x12\x34\x56\x78\x90\xab\xcd\xef",
            55: {
                "5A": number + "F" * (len(number) % 2),
                "57": number + "F" * (len(number) % 2),
                "9F26": "0102030405060708",
            },
            60: "22000001" + number[:12],
        },
    )
    for seen in (repr(message), describe(message), str(to_json(message)), summary(message)):
        assert number not in seen
        assert number[:12] not in seen
        assert "1234567890" not in seen.upper()
        assert "27122011" not in seen
    assert number in describe(message, unsafe=True)


def test_what_a_terminal_would_obey_is_not_shown() -> None:
    assert mask.printable("a\x1b[2Jb\n") == "a?[2Jb?"
    assert mask.printable("上海") == "上海"
