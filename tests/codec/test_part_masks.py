"""Nothing that a part hides is shown, however deep it lies and however broken the composite is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iso_gateway.codec.describe import describe, to_json
from tests.codec.nested import SPEC

CANARY = "4761739001010010"
TRACK = CANARY + "D2712201123456789F"

HIDING: list[dict[Any, Any]] = [
    {46: {"1": "1", "2": "x", "3": "00", "4": "001", "5": CANARY}},
    {"48.2.99": CANARY, "48.1": "R"},
    {"48.2.63.1": "ABC", "48.1": "R", "48.2.98": CANARY},
    {55: {"5A": CANARY}},
    {55: {"70": {"5A": CANARY, "57": TRACK}}},
    {55: {"E1": {"E1": {"E1": {"DF01": CANARY}}}}},
    {55: {"70": {"9F26": "AA", "70": {"9F1F": CANARY}}}},
    {56: [("03", CANARY)]},
    {56: {"02": f"card {CANARY} there"}},
    {57: {"08": CANARY}},
    {62: {"20": CANARY[:10]}},
    {104: {"57": {"02": CANARY}}},
    {104: {"20": {"5A": CANARY, "9F26": CANARY}}},
    {104: {"71": {"3": "1001", "tlv": {"DF02": CANARY}}}},
    {104: [("57", {"01": "A"}), ("57", {"5A": CANARY}), ("99", CANARY)]},
]


def shown(fields: dict[Any, Any]) -> str:
    """Return all that people are shown of a message."""
    message = SPEC.message("0200", fields)
    return repr(message) + repr([message.parts(each) for each in message]) + describe(message) + str(to_json(message))


@pytest.mark.parametrize("fields", HIDING)
def test_what_nobody_may_see_is_shown_at_no_depth(fields: dict[Any, Any]) -> None:
    seen = shown(fields).replace(" ", "")
    text = CANARY.encode().hex().upper()
    for each in (CANARY, CANARY[:10], TRACK[:16], text[:20]):
        assert each not in seen
    assert CANARY[:10] in describe(SPEC.message("0200", fields), unsafe=True).replace(" ", "")


def test_what_may_be_seen_is_shown_inside_of_what_may_not() -> None:
    seen = shown({55: {"70": {"9F26": "AABB", "5A": CANARY}}, 48: {"1": "R", "2": {"61": "123"}}})
    for each in ("AABB", "capability", "123", "application_cryptogram"):
        assert each in seen


@given(st.binary(max_size=12), st.binary(max_size=12))
def test_what_is_cut_wrongly_shows_nothing(before: bytes, after: bytes) -> None:
    # 9F26 may be seen; in an element that cannot be read to its end, what looks like it may be anything.
    value = before + bytes.fromhex("9F2608" + CANARY) + after + b"\x9f"
    message = SPEC.message("0200", {55: value})
    if SPEC.check(message):
        assert CANARY not in describe(message)
        assert CANARY not in str(to_json(message))


def test_plain_data_nests_and_lists_what_repeats() -> None:
    message = SPEC.message(
        "0200",
        {
            48: {"1": "R", "2": {"61": "123", "63": {"1": "ABC", "2": "000001"}}},
            54: {"1": "0002840C000000001234", "2": "0002840D000000000001"},
            104: [("57", {"DF01": "x"}), ("57", {"DF01": "y"})],
        },
    )
    plain = json.loads(json.dumps(to_json(message)))["parts"]
    assert plain["48"] == {"1": "R", "2": {"61": "123", "63": {"1": "ABC", "2": "000001"}}}
    assert plain["54"]["2"] == {"1": "00", "2": "02", "3": "840", "4": "D000000000001"}
    assert plain["104"] == {"57": [{"DF01": "x"}, {"DF01": "y"}]}
    assert "DF01" in describe(message)


def test_what_is_broken_inside_hides_its_neighbours_and_no_more() -> None:
    message = SPEC.message("0200", {55: "70089F2601AA9F3602BB" + "9F360155"})
    seen = describe(message)
    assert "AA" not in seen
    assert "cannot be read" in seen
    assert "55" in seen.split("application_transaction_counter")[-1]
    assert to_json(message)["parts"]["55"] == {"70": "<8 bytes>", "9F36": "55"}


@pytest.mark.parametrize("unit", ["570000", "E100", "8200", "E1"])
def test_a_flood_of_parts_is_told_in_a_time_that_grows_with_its_bytes(unit: str) -> None:
    number = 104 if unit.startswith("57") else 55
    size = 249 if number == 55 else 999
    raw = bytes.fromhex(unit)
    message = SPEC.message("0200", {number: (raw * size)[: size // len(raw) * len(raw)]})
    nodes = list(SPEC.inside(message, number))
    assert len(nodes) <= size * 9
    assert describe(message)
