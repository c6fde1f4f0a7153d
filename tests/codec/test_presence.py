"""Rules of presence: when they apply, what they find, and that all of it is told at once."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iso_gateway.codec.build import build_spec
from iso_gateway.codec.presence import Violation, is_time
from iso_gateway.errors import SpecError

DATA: dict[str, Any] = {
    "name": "small",
    "version": "1987",
    "mti": {"encoding": "ascii"},
    "bitmap": {"encoding": "hex"},
    "fields": {
        "3": {"name": "processing_code", "format": "n", "length": "fixed", "max": 6, "mask": "none"},
        "4": {"name": "amount", "format": "n", "length": "fixed", "max": 12, "mask": "none"},
        "12": {"name": "time", "format": "n", "length": "fixed", "max": 6, "mask": "none"},
        "22": {"name": "entry", "format": "n", "length": "fixed", "max": 3, "mask": "none"},
        "39": {"name": "code", "format": "an", "length": "fixed", "max": 2, "mask": "none"},
        "52": {"name": "pin", "format": "b", "length": "fixed", "max": 8, "mask": "all"},
        "55": {
            "name": "chip",
            "format": "b",
            "length": "LLLVAR",
            "max": 255,
            "prefix": "ascii",
            "mask": "all",
            "parts": "ber-tlv",
        },
    },
}
AMOUNT = bytes.fromhex("9F0206000000001234")


def check(rule: dict[str, Any], mti: str, fields: dict[int, Any]) -> list[str]:
    """Return the paths at which a message breaks *rule*."""
    spec = build_spec({**DATA, "presence": {"it": {"reason": "so it is", **rule}}})
    return [each.path for each in spec.check(spec.message(mti, fields))]


@pytest.mark.parametrize(
    ("when", "applies"),
    [
        ({}, True),
        ({"mti": "0200"}, True),
        ({"mti": "0100|02x0"}, True),
        ({"mti": "020x"}, True),
        ({"mti": "0100|021x"}, False),
        ({"processing": "00"}, True),
        ({"processing": "000000"}, True),
        ({"processing": "0000000"}, False),
        ({"processing": "20|01"}, False),
        ({"entry": "05x|07x"}, True),
        ({"entry": "xx2"}, False),
        ({"mti": "0200", "processing": "00", "entry": "05"}, True),
        ({"mti": "0200", "processing": "20", "entry": "05"}, False),
        ({"is": {"52": "FF0"}}, True),
        ({"is": {"52": "ff0"}}, False),
        ({"is": {"55.9F02": "0000"}}, True),
        ({"is": {"39": "00"}}, False),
        ({"is_not": {"3": "20"}}, True),
        ({"is_not": {"3": "00"}}, False),
        ({"is_not": {"39": "00"}}, False),
        ({"present": ["55", "55.9F02"]}, True),
        ({"present": ["55", "55.9F26"]}, False),
        ({"absent": ["39", "55.9F26"]}, True),
        ({"absent": ["39", "55.9F02"]}, False),
    ],
)
def test_a_rule_applies_where_all_of_its_when_holds(when: dict[str, Any], *, applies: bool) -> None:
    fields = {3: "000000", 22: "051", 52: "FF00FF00FF00FF00", 55: AMOUNT}
    assert check({"when": when, "forbid": ["22"]}, "0200", fields) == ["22"] * applies


@pytest.mark.parametrize(
    ("rule", "fields", "paths"),
    [
        ({"require": ["3", "4"]}, {3: 0}, ["4"]),
        ({"require": ["55.9F02", "55.9F26"]}, {55: AMOUNT}, ["55.9F26"]),
        ({"require": ["55.9F02"]}, {}, ["55.9F02"]),
        ({"require": ["12|39"]}, {39: "00"}, []),
        ({"require": ["12|39"]}, {}, ["12"]),
        ({"forbid": ["39", "52"]}, {39: "00"}, ["39"]),
        ({"forbid": ["55.9F02"]}, {55: AMOUNT}, ["55.9F02"]),
        ({"require": ["3|4"], "optional": ["55.9F02", "12"]}, {4: 1, 12: 0, 39: "00", 55: AMOUNT}, ["39"]),
        ({"optional": []}, {4: 1, 12: 0}, ["4", "12"]),
        ({"dates": {"12": "hhmmss"}}, {12: "235960"}, ["12"]),
        ({"dates": {"12": "hhmmss"}}, {12: "235959"}, []),
        ({"dates": {"12": "hhmmss"}}, {}, []),
        ({"dates": {"55.9F02": "YYMMDDhhmmss"}}, {55: AMOUNT}, ["55.9F02"]),
        ({"equal": [["4", "55.9F02"]]}, {4: 1234, 55: AMOUNT}, []),
        ({"equal": [["4", "55.9F02"]]}, {4: 1235, 55: AMOUNT}, ["55.9F02"]),
        ({"equal": [["4", "55.9F02"]]}, {4: 1235}, []),
        ({"equal": [["22", "55.9F1A"]]}, {22: "840", 55: bytes.fromhex("9F1A020840")}, []),
        ({"equal": [["22", "55.9F1A"]]}, {22: "840", 55: bytes.fromhex("9F1A020978")}, ["55.9F1A"]),
    ],
)
def test_what_a_rule_finds(rule: dict[str, Any], fields: dict[int, Any], paths: list[str]) -> None:
    assert check(rule, "0200", fields) == paths


def test_everything_is_told_at_once_what_is_broken_first() -> None:
    rules = {
        "amount": {"when": {"mti": "02x0"}, "require": ["4", "52"], "reason": "it is a sale"},
        "chip": {"when": {"present": ["55"]}, "require": ["55.9F26"], "forbid": ["55.9F02"], "reason": "of the chip"},
        "open": {"forbid": ["39"], "reason": "nobody knows yet"},
    }
    spec = build_spec({**DATA, "presence": rules})
    message = spec.message("0200", {39: "00", 55: AMOUNT[:-1]})
    assert spec.check(message) == [
        Violation("55.9F02", "parts", "5 bytes left, 6 needed"),
        Violation("4", "amount", "is missing: it is a sale"),
        Violation("52", "amount", "is missing: it is a sale"),
        Violation("39", "open", "must not be there: nobody knows yet"),
    ]
    assert str(spec.check(message)[1]) == "DE 4: is missing: it is a sale [amount]"
    # Of an element that cannot be read inside, nothing but that is said.
    assert [each.path for each in spec.check(message) if each.rule == "chip"] == []


def test_one_of_several_is_said_by_all_their_names() -> None:
    spec = build_spec({**DATA, "presence": {"card": {"require": ["4|52"], "reason": "why"}}})
    assert spec.check(spec.message("0200", {})) == [
        Violation("4", "card", "is missing, one of 4 or 52 is needed: why"),
    ]


def test_the_rules_travel_with_the_spec() -> None:
    spec = build_spec({**DATA, "presence": {"card": {"require": ["4|52"], "reason": "why"}}})
    again = pickle.loads(pickle.dumps(spec))  # noqa: TID251 -- our own bytes
    assert again.presence == spec.presence
    assert len(again.check(again.message("0200", {}))) == 1


def test_a_message_of_another_spec_is_judged_by_this_one() -> None:
    other = build_spec({**DATA, "name": "other"})
    spec = build_spec({**DATA, "presence": {"chip": {"require": ["55.9F26"], "reason": "why"}}})
    assert [each.path for each in spec.check(other.message("0200", {55: AMOUNT}))] == ["55.9F26"]


@pytest.mark.parametrize(
    ("rule", "path", "said"),
    [
        ({"require": ["4"]}, "reason", "is missing, expected text, at least 1 character"),
        ({"reason": "", "require": ["4"]}, "reason", "expected text, at least 1 character"),
        ({"reason": "x", "requires": ["4"]}, "requires", "unknown key, did you mean 'require'?"),
        ({"reason": "x", "require": ["DE4"]}, "require.0", 'expected an element such as 55, or several: "2|35"'),
        ({"reason": "x", "forbid": ["4|5"]}, "forbid.0", 'expected an element such as 55 or "55.9F26"'),
        ({"reason": "x", "when": {"mti": "02"}}, "when.mti", "expected a message type, x for any digit"),
        ({"reason": "x", "when": {"is": {"x": "1"}}}, "when.is.x", "a key here is an element such as 55"),
        ({"reason": "x", "when": {"entry": "05|"}}, "when.entry", "expected characters with x for any, or several"),
        ({"reason": "x", "dates": {"12": "HHMMSS"}}, "dates.12", "expected one of CCYYMM, "),
        ({"reason": "x", "equal": [["4"]]}, "equal.0", "expected a list of 2 items: "),
    ],
)
def test_a_rule_that_cannot_be_one_is_told_by_its_place(rule: dict[str, Any], path: str, said: str) -> None:
    with pytest.raises(SpecError) as caught:
        build_spec({**DATA, "presence": {"it": rule}})
    (problem,) = caught.value.problems
    assert problem.path == f"presence.it.{path}"
    assert problem.message.startswith(said)


@pytest.mark.parametrize(
    ("text", "form", "right"),
    [
        ("0229", "MMDD", True),
        ("0230", "MMDD", False),
        ("0431", "MMDD", False),
        ("0001", "MMDD", False),
        ("1300", "MMDD", False),
        ("0100", "MMDD", False),
        ("240229", "YYMMDD", True),
        ("250229", "YYMMDD", False),
        ("2713", "YYMM", False),
        ("19000229", "CCYYMMDD", False),
        ("20000229", "CCYYMMDD", True),
        ("00000101", "CCYYMMDD", True),
        ("20261118235959", "CCYYMMDDhhmmss", True),
        ("20261118245959", "CCYYMMDDhhmmss", False),
        ("1118143005", "MMDDhhmmss", True),
        ("1118243005", "MMDDhhmmss", False),
        ("111814300", "MMDDhhmmss", False),
        ("١١١٨", "MMDD", False),
        ("11-8", "MMDD", False),
        ("", "MMDD", False),
    ],
)
def test_a_time_is_one(text: str, form: str, *, right: bool) -> None:
    assert is_time(text, form) is right


@given(when=st.datetimes())
def test_every_moment_is_a_time(when: Any) -> None:
    assert is_time(f"{when:%y%m%d%H%M%S}", "YYMMDDhhmmss") or (when.month, when.day) == (2, 29)
    assert is_time(f"{when:%m%d%H%M%S}", "MMDDhhmmss")
