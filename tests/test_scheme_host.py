"""What is inside of the private fields of scheme-host: bytes annotated by hand, and what they say."""

from __future__ import annotations

from typing import Any

import pytest

from iso_gateway.catalog import load_spec
from iso_gateway.codec.describe import describe, to_json
from tests.support.fixture_files import all_samples

SPEC = load_spec("scheme-host")
SAMPLES = {sample.name: sample for sample in all_samples() if sample.spec == "scheme-host"}

ANNOTATED: list[tuple[str, int, list[tuple[str, str, Any]]]] = [
    # message, field, then its bytes one after the other: hexadecimal, path, value; no path: a head, or a composite
    (
        "chip_authorization",
        48,
        [
            ("D9", "1", "R"),
            ("F4F2 F0F7", "", None),  # tag 42, length 07
            ("F0F1 F0F3 F2F1F2", "2.42.01", "212"),
            ("F6F1 F0F5 F0F0F0F0F1", "2.61", "00001"),
            ("F9F2 F0F3 F1F2F3", "2.92", "123"),
        ],
    ),
    (
        "chip_authorization_approved",
        48,
        [
            ("D9", "1", "R"),
            ("F6F3 F1F5 D4C3C3 F1F2F3F4F5F6 F1F1F1F8 40 F1", "2.63", "MCC1234561118 1"),
            ("F7F1 F0F3 F1F8C3", "2.71", "18C"),
        ],
    ),
    (
        "chip_authorization",
        62,
        [
            ("C000900000000000", "", None),  # bits 1, 2, 17, 20
            ("E8", "1", "Y"),
            ("0123456789012345", "2", "123456789012345"),  # 15 digits: the first nibble is a pad
            ("C7C1E3C5E6C1E8 F0F0F0F0F0F0F0F1", "17", "GATEWAY00000001"),
            ("A1B2C3D4E5", "20", "A1B2C3D4E5"),
        ],
    ),
    (
        "chip_authorization",
        63,
        [("A00000", "", None), ("0002", "1", "0002"), ("2501", "3", "2501")],  # bits 1, 3
    ),
    (
        "chip_authorization",
        104,
        [
            ("57 0008", "", None),
            ("01 02 C6E3", "57.01", "FT"),
            ("02 02 F0F5", "57.02", "05"),
            ("56 0006", "", None),
            ("01 04 D7C6F0F1", "56.01", "PF01"),
            ("56 0004", "", None),
            ("02 02 F0F2", "56#2.02", "02"),
            ("71 000D 6000", "", None),  # elements 1 and 2
            ("05", "71.1", "05"),
            ("F6F2F7F0F4 4040404040", "71.2", "62704     "),
        ],
    ),
    (
        "chip_authorization",
        125,
        [
            ("68 000E", "", None),
            ("01 08 4761739001010010", "68.01", "4761739001010010"),
            ("02 02 F9F9", "68.02", "99"),
        ],
    ),
    (
        "chip_authorization",
        126,
        [
            ("0840000000000000", "", None),  # bits 5, 10
            ("E3C5D9D4C3C1D7F1", "5", "TERMCAP1"),
            ("F1F140F1F2F3", "10", "11 123"),
        ],
    ),
    (
        "chip_authorization_approved",
        55,
        [
            ("91 0A A1B2C3D4E5F607183030", "91", bytes.fromhex("A1B2C3D4E5F607183030")),
            ("72 0F", "", None),
            ("9F18 04 00000001", "72.9F18", bytes.fromhex("00000001")),
            ("86 06 84240000014A", "72.86", bytes.fromhex("84240000014A")),
        ],
    ),
]
TEXTS: list[tuple[str, int, dict[str, str]]] = [
    ("chip_authorization", 60, {"1": "2", "2": "5", "5": "01", "8": "00"}),
    ("chip_authorization", 112, {"0023": "CT1", "0052": "2", "0165": "M"}),
    ("chip_authorization_approved", 44, {"1": "5", "2": "Y", "5": "M"}),
    ("chip_authorization_approved", 54, {"1.2": "02", "1.4": "C000000010000", "2.2": "01", "2.4": "C000000012000"}),
]


@pytest.mark.parametrize(("name", "number", "rows"), ANNOTATED)
def test_the_annotated_bytes_say_what_is_inside(name: str, number: int, rows: list[tuple[str, str, Any]]) -> None:
    message = SPEC.decode(SAMPLES[name].raw, trace=True)
    assert message[number] == bytes.fromhex("".join(row[0] for row in rows))
    assert {path: message[f"{number}.{path}"] for _, path, _ in rows if path} == {
        path: value for _, path, value in rows if path
    }
    spans = {span.field: span for span in message.spans}
    at = spans[str(number)].body
    for raw, path, _ in rows:
        end = at + len(bytes.fromhex(raw))
        if path:
            assert (spans[f"{number}.{path}"].start, spans[f"{number}.{path}"].end) == (at, end)
        at = end


@pytest.mark.parametrize(("name", "number", "inside"), TEXTS)
def test_text_is_cut_as_well(name: str, number: int, inside: dict[str, str]) -> None:
    message = SPEC.decode(SAMPLES[name].raw)
    assert {path: message[f"{number}.{path}"] for path in inside} == inside


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=str)
def test_nothing_is_broken_and_all_of_it_can_be_made_again(sample: Any) -> None:
    message = SPEC.decode(sample.raw)
    assert SPEC.broken(message) == []
    made = SPEC.message(message.mti, dict(message.items()))
    assert SPEC.encode(made) == sample.raw


def test_what_is_nested_is_made_of_nested_values() -> None:
    sample = SAMPLES["chip_authorization"]
    whole = SPEC.decode(sample.raw)
    nested = {
        48: {"1": "R", "2": {"42": {"01": "212"}, "61": "00001", "92": "123"}},
        62: {"1": "Y", "2": "123456789012345", "17": "GATEWAY00000001", "20": "A1B2C3D4E5"},
        104: [
            ("57", {"01": "FT", "02": "05"}),
            ("56", {"01": "PF01"}),
            ("56", {"02": "02"}),
            ("71", {"1": "05", "2": "62704     "}),
        ],
        126: {"5": "TERMCAP1", "10": "11 123"},
    }
    assert SPEC.encode(whole.evolve(dict.fromkeys(nested)).evolve(nested)) == sample.raw


def test_a_change_deep_inside_moves_nothing_else() -> None:
    message = SPEC.decode(SAMPLES["chip_authorization"].raw)
    changed = message.evolve({"104.56#2.02": "77", "48.2.42.01": "345", "62.1": "N"})
    raw, after = SAMPLES["chip_authorization"].raw, SPEC.encode(changed)
    assert len(after) == len(raw)
    assert sum(one != other for one, other in zip(raw, after, strict=True)) == 2 + 3 + 1


def test_secrets_are_hidden_wherever_they_lie() -> None:
    message = SPEC.decode(SAMPLES["chip_authorization"].raw)
    seen = describe(message) + str(to_json(message)) + repr(message)
    for secret in ("4761739001010010", "62704", "11 123", "A1B2C3D4E5 ", "2812201000000001"):
        assert secret not in seen
    assert "FT" in seen
