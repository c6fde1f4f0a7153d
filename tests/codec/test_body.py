"""Single bodies: what is filled, what a length counts, and which byte holds which unit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from iso_gateway.codec import body
from iso_gateway.codec.build import build_spec
from iso_gateway.codec.spec import Spec
from iso_gateway.errors import EncodeError

FILLED = [
    ("chars", 3, "42", "000042"),
    ("chars", 41, "TERM1", "TERM1   "),
    ("packed", 4, "1", "000000000001"),
    ("packed", 43, "上海", "上海" + " " * 12),
    ("packed", 35, "4761=2712", "4761D2712"),
    ("packed", 46, "123", "0123"),
]


@pytest.mark.parametrize(("name", "number", "value", "carried"), FILLED)
def test_a_value_is_filled_as_the_field_carries_it(
    specs: dict[str, Spec], name: str, number: int, value: Any, carried: Any
) -> None:
    row = specs[name].plan.rows[number]
    assert body.fitted(row, value) == carried
    assert body.fitted(row, carried) == carried


@pytest.mark.parametrize(
    ("name", "number", "value"),
    [
        ("chars", 2, "4761739001010"),
        ("chars", 52, bytes(8)),
        ("chars", 55, b"\x82\x00"),
        ("packed", 2, "4761739001010"),
        ("packed", 28, "C00000150"),
        ("packed", 35, "4761D"),
        ("packed", 43, "上海市 TEST    "),
        ("packed", 54, "A1"),
        ("packed", 55, b"\x82\x00"),
    ],
)
def test_what_is_written_is_read(specs: dict[str, Spec], name: str, number: int, value: Any) -> None:
    row = specs[name].plan.rows[number]
    length = body.units(row, value)
    raw = body.write(row, value)
    assert len(raw) == body.size(row, length)
    assert body.read(row, raw, length) == value


@pytest.mark.parametrize(
    ("name", "number", "value", "unit", "byte"),
    [
        ("chars", 2, "4761", 3, 3),
        ("chars", 55, b"\x82\x01\x00", 2, 4),
        ("packed", 2, "4761", 3, 1),
        ("packed", 2, "47617", 0, 0),
        ("packed", 2, "47617", 1, 1),
        ("packed", 35, "47617", 4, 2),
        ("packed", 48, "上海A", 2, 4),
        ("packed", 55, b"\x82\x00", 1, 1),
    ],
)
def test_the_byte_that_holds_a_unit(
    *, specs: dict[str, Spec], name: str, number: int, value: Any, unit: int, byte: int
) -> None:
    assert body.place(specs[name].plan.rows[number], value, unit) == byte


@pytest.mark.parametrize("more", [{"encoding": "latin-1"}, {"encoding": "euc_kr", "counts": "characters"}])
def test_a_character_that_the_codec_lacks_is_told(data: Callable[[str], dict[str, Any]], more: dict[str, str]) -> None:
    source = data("chars")
    source["fields"]["48"] |= more
    with pytest.raises(EncodeError, match="character 1 does not exist in"):
        build_spec(source).message("0200", {48: "A\U0001f600"})
