"""Bitmaps: bits to data elements and back, and what a plan remembers of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iso_gateway.codec import bitmap, plan
from iso_gateway.codec.spec import Spec


@pytest.mark.parametrize(
    ("numbers", "written"),
    [
        ((), "0000000000000000"),
        ((2, 3, 4), "7000000000000000"),
        ((64,), "0000000000000001"),
        ((2, 70), "C0000000000000000400000000000000"),
        ((128,), "80000000000000000000000000000001"),
    ],
)
def test_a_second_bitmap_is_there_when_it_is_needed(numbers: tuple[int, ...], written: str) -> None:
    assert bitmap.written(numbers, hexadecimal=True) == written.encode()
    assert bitmap.written(numbers, hexadecimal=False) == bytes.fromhex(written)


@given(st.sets(st.integers(2, 128).filter(lambda each: each != 65)))
def test_what_is_written_is_read(numbers: set[int]) -> None:
    ours = tuple(sorted(numbers))
    found = bitmap.written(ours, hexadecimal=True)
    bits = bitmap.number(found, hexadecimal=True)
    assert bits is not None
    assert tuple(each for each in bitmap.elements(bits, 4 * len(found)) if each != 1) == ours


@pytest.mark.parametrize("found", [b"0x70000000000000", b" 700000000000000", b"7_00000000000000", b"-700000000000000"])
def test_what_int_would_take_is_not_hexadecimal(found: bytes) -> None:
    assert bitmap.number(found, hexadecimal=True) is None


def test_a_flood_of_bitmaps_does_not_fill_the_memory(packed: Spec) -> None:
    numbers = sorted(packed.fields)
    for mask in range(plan.KNOWN_BITMAPS + 100):
        some = tuple(each for at, each in enumerate(numbers) if mask >> at & 1)
        bitmap.learn(packed.plan, bitmap.written(some, hexadecimal=False))
        bitmap.arrange(packed.plan, some)
    assert len(packed.plan.chosen) <= plan.KNOWN_BITMAPS
    assert len(packed.plan.layouts) <= plan.KNOWN_BITMAPS


def test_a_bitmap_with_an_unknown_field_is_not_remembered(packed: Spec) -> None:
    found = bitmap.written((5,), hexadecimal=False)
    assert bitmap.learn(packed.plan, found) is None
    assert found not in packed.plan.chosen
    assert bitmap.arrange(packed.plan, (5,)) is None
    assert bitmap.learn(packed.plan, b"\x00") is None
