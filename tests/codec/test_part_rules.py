"""What of parts does not go together is told with its path, all of it at once."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from iso_gateway.codec.build import build_spec
from iso_gateway.errors import SpecError
from tests.codec import nested
from tests.codec.nested import binary, part, text

ONE = part("one", "ans", size=2)
OPEN = part("open", "b", "none", size=9, parts="ber-tlv")
FIGURES = {"tag": {"size": 2, "encoding": "ascii"}, "length": {"size": 2, "encoding": "ascii"}}


def problems(field: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what is wrong with a spec that has this field."""
    ours = copy.deepcopy(nested.data())
    ours["fields"] = {"48": field}
    try:
        build_spec(ours)
    except SpecError as error:
        return [(each.path.removeprefix("fields.48."), each.message) for each in error.problems]
    return []


WRONG: list[tuple[dict[str, Any], str, str]] = [
    (text({"bitmaps": {}}), "parts.bitmaps", "did you mean 'bitmap'?"),
    (text("ber-tvl"), "parts", "did you mean 'ber-tlv'?"),
    (text({}), "parts", "expected ber-tlv"),
    (text({"1": "x"}), "parts.1", "expected a table of keys"),
    (text({"1": part("one", "ans")}), "parts.1.size", "is missing"),
    (text({"1": {**ONE, "length": "LLVAR"}}), "parts.1.length", "does not go with a size"),
    (text({"1": {**ONE, "max": 3}}), "parts.1.max", "does not go with a size"),
    (text({"1": {**ONE, "sise": 3}}), "parts.1.sise", "unknown key"),
    (text({"1": {**ONE, "inclusive": "true"}}), "parts.1.inclusive", "does not go with a size"),
    (
        binary({"1": part("one", "ans", length="LLVAR", max=9, prefix="bcd", encoding="gbk", counts="characters")}),
        "parts.1.counts",
        "counts bytes",
    ),
    (binary({"1": part("one", "b", "all", size=2, encoding="hex-ebcdic")}), "parts.1.encoding", "in ASCII"),
    (text({"1": part("one", "an", length="LLVAR", max=3, prefix="bcd")}), "parts.1.prefix", "in text it is text"),
    (text({"1": part("one", "b", encoding="hex", size=3)}), "parts.1.size", "two hexadecimal digits"),
    (text({"1": part("one", "an", length="LLVAR", max=100)}), "parts.1.max", "do not fit"),
    (text({"1": {**ONE, "parts": {"1": part("in", "an", size=3)}}}), "parts.1.parts", "take 3, the field 2 at most"),
    (binary({"1": part("one", "n", size=2, encoding="asci")}), "parts.1.encoding", "did you mean 'ascii'?"),
    (
        text({"layouts": [{"size": 3, "parts": {"1": part("one", "an", size="rest")}}]}),
        "parts.layouts.0.parts",
        "take 0",
    ),
    (text({"repeat": {**ONE, "size": "rest"}}), "parts.repeat.size", "an end of its own"),
    (text({"repeat": ONE}, length="fixed", max=5, prefix=""), "parts.repeat", "do not fill the field of 5"),
    (text({"repeat": part("one", "an", size=1000)}), "parts.repeat", "take 1000"),
    (text({"ber-tlv": {}}), "parts.ber-tlv", "needs format b"),
    (binary({"ber-tlv": {"tags": {"9F": ONE}}}), "parts.ber-tlv.tags.9F", "not a BER tag"),
    (binary({"ber-tlv": {"tags": {"9f26": ONE}}}), "parts.ber-tlv.tags.9f26", "not a BER tag"),
    (binary({"ber-tlv": {"tags": {"82": ONE}}}), "parts.ber-tlv.tags.82.size", "its length with it"),
    (binary({"ber-tlv": {"tags": {"70": part("x", "b")}}}), "parts.ber-tlv.tags.70.mask", "expected all"),
    (binary({"ber-tlv": {"dictionary": "visa"}}), "parts.ber-tlv.dictionary", "expected"),
    (binary("ber-tlv", mask="none"), "mask", "expected all: parts may hold what nobody declared"),
    (binary({"tagged": {**FIGURES}}, mask="scan"), "mask", "expected all"),
    (binary({"tagged": {"tag": {"size": 2}, "length": FIGURES["length"]}}), "parts.tagged.tag.encoding", "is missing"),
    (text({"tagged": {**FIGURES}}), "parts.tagged.tag.encoding", "in text it is text"),
    (text({"tagged": {"tag": {"size": 2}}}), "parts.tagged.length", "is missing"),
    (binary({"tagged": {**FIGURES, "tags": {"1": part("x", "n")}}}), "parts.tagged.tags.1", "a tag of 2 characters"),
    (binary({"tagged": {**FIGURES, "order": "vlt"}}), "parts.tagged.order", "expected"),
    (
        binary({"tagged": {**FIGURES, "tag": {"size": 1, "encoding": "bcd"}, "tags": {"A1": part("x", "n")}}}),
        "parts.tagged.tags.A1",
        "not a tag of 2",
    ),
    (text({"datasets": {}}), "parts.datasets", "need format b"),
    (binary({"datasets": {"sets": {"00": part("x", "b", "all")}}}), "parts.datasets.sets.00", "01 to FE"),
    (binary({"datasets": {"sets": {"157": part("x", "b", "all")}}}), "parts.datasets.sets.157", "01 to FE"),
    (binary({"bitmap": {"size": 2, "parts": {17: ONE}}}), "parts.bitmap.parts.17", "has 16 bits"),
    (binary({"bitmap": {"size": 2, "chained": "true", "parts": {17: ONE}}}), "parts.bitmap.parts.17", "another bitmap"),
    (text({"bitmap": {"size": 2, "encoding": "ascii", "parts": {2: ONE}}}), "parts.bitmap.encoding", "hexadecimal"),
    (
        binary({"bitmap": {"size": 2, "parts": {2: {**ONE, "size": "rest"}, 3: ONE}}}),
        "parts.bitmap.parts.2.size",
        "only the last",
    ),
    (
        binary({"bitmap": {"size": 2, "parts": {2: {**ONE, "mask": "pan"}}}}, mask="scan"),
        "mask",
        "shows what is masked",
    ),
    (text({"dbm": {"parts": {}}}), "parts.dbm", "needs format b"),
    (binary({"dbm": {"numbers": "bits", "parts": {1: ONE}}}), "parts.dbm.parts.1", "more bits follow"),
    (
        binary({"dbm": {"parts": {1: ONE}, "tags": {"9F": ONE}}}),
        "parts.dbm.tags.9F",
        "not a BER tag",
    ),
    (
        binary({"1": {**part("x", "b", "all", size=9), "parts": {"1": OPEN}}}),
        "parts.1.parts.1.mask",
        "expected all",
    ),
]


@pytest.mark.parametrize(("field", "path", "words"), WRONG)
def test_what_does_not_go_together(field: dict[str, Any], path: str, words: str) -> None:
    assert [each for each in problems(field) if each[0] == path and words in each[1]]


def test_all_of_it_is_told_at_once() -> None:
    field = binary(
        {
            "1": part("one", "n", size=2, encoding="nope"),
            "2": {**part("two", "b", "all", size="rest"), "parts": {"ber-tlv": {"tags": {"9F": ONE, "82": 7}}}},
        },
        mask="none",
    )
    assert [path for path, _ in problems(field)] == [
        "parts.1.encoding",
        "parts.2.parts.ber-tlv.tags.9F",
        "parts.2.parts.ber-tlv.tags.82",
    ]


@pytest.mark.parametrize(("depth", "good"), [(5, True), (6, False)])
def test_parts_are_nested_five_deep_at_most(*, depth: int, good: bool) -> None:
    inner: dict[str, Any] = part("leaf", "an", size=4)
    for _ in range(depth - 1):
        inner = {**part("node", "an", size=4), "parts": {"1": inner}}
    found = problems(text({"1": inner}))
    assert found == [] if good else "nested more than 5 deep" in found[0][1]


def test_what_declares_the_same_is_equal() -> None:
    again = build_spec(nested.data())
    assert again.fields == nested.SPEC.fields
    other = nested.data()
    other["fields"]["63"]["parts"]["bitmap"]["parts"][3]["size"] = 5
    assert build_spec(other).fields[63] != nested.SPEC.fields[63]
    assert build_spec(other).fields[62] == nested.SPEC.fields[62]
