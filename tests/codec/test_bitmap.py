"""Bitmaps: bits to data elements and back, and what a plan remembers of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iso_gateway.codec import bitmap
from iso_gateway.codec.plan import FIELD, FOLLOWS, KNOWN_BITMAPS, NO_THIRD, Plan
from iso_gateway.codec.spec import Spec


def bare(form: str = "hex", *, third: int = NO_THIRD, fixed: int = 0) -> Plan:
    """Return a plan without fields, for its bitmaps."""
    return Plan("1987", mti_codec="ascii", bitmap_form=form, third=third, bitmap_fixed=fixed, fields=())


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
    assert bitmap.written(bare(), numbers) == written.encode()
    assert bitmap.written(bare("binary"), numbers) == bytes.fromhex(written)
    assert bitmap.written(bare("hex-ebcdic"), numbers) == written.encode("cp037")


@pytest.mark.parametrize(
    ("third", "fixed", "numbers", "written", "later"),
    [
        (FOLLOWS, 0, (3,), "2000000000000000", ""),
        (FOLLOWS, 0, (70,), "80000000000000000400000000000000", ""),
        (FOLLOWS, 0, (3, 129, 192), "A00000000000000080000000000000008000000000000001", ""),
        (FIELD, 0, (3, 70), "A0000000000000000400000000000000", ""),
        (FIELD, 0, (3, 70, 130), "A0000000000000008400000000000000", "4000000000000000"),
        (NO_THIRD, 8, (1, 64), "8000000000000001", ""),
        (NO_THIRD, 16, (3,), "20000000000000000000000000000000", ""),
        (NO_THIRD, 16, (1, 3, 65), "A0000000000000008000000000000000", ""),
        (NO_THIRD, 24, (192,), "0" * 47 + "1", ""),
    ],
)
def test_a_third_bitmap_and_a_fixed_one(
    third: int, fixed: int, numbers: tuple[int, ...], written: str, later: str
) -> None:
    plan = bare("binary", third=third, fixed=fixed)
    assert bitmap.written(plan, numbers).hex().upper() == written
    assert bitmap.third(plan, numbers).hex().upper() == later


@given(st.sampled_from(["binary", "hex", "hex-ebcdic"]), st.sets(st.integers(2, 192).filter(lambda each: each != 65)))
def test_what_is_written_is_read(form: str, numbers: set[int]) -> None:
    ours = tuple(sorted(numbers))
    plan = bare(form, third=FOLLOWS)
    found = bitmap.written(plan, ours)
    bits = bitmap.number(plan, found)
    assert bits is not None
    width = 64 * (len(found) // plan.bitmap_size)
    assert tuple(bitmap.named(plan, bits, width)) == ours
    assert bitmap.extent(plan, found + b"\xff") == len(found)


@pytest.mark.parametrize("found", [b"0x70000000000000", b" 700000000000000", b"7_00000000000000", b"-700000000000000"])
def test_what_int_would_take_is_not_hexadecimal(found: bytes) -> None:
    assert bitmap.number(bare(), found) is None


def test_a_flood_of_bitmaps_does_not_fill_the_memory(packed: Spec) -> None:
    numbers = sorted(packed.fields)
    for mask in range(KNOWN_BITMAPS + 100):
        some = tuple(each for at, each in enumerate(numbers) if mask >> at & 1)
        bitmap.learn(packed.plan, bitmap.written(packed.plan, some))
        bitmap.arrange(packed.plan, some)
    assert len(packed.plan.chosen) <= KNOWN_BITMAPS
    assert len(packed.plan.layouts) <= KNOWN_BITMAPS


def test_a_bitmap_with_an_unknown_field_is_not_remembered(packed: Spec) -> None:
    found = bitmap.written(packed.plan, (5,))
    assert bitmap.learn(packed.plan, found) is None
    assert found not in packed.plan.chosen
    assert bitmap.arrange(packed.plan, (5,)) is None
    assert bitmap.learn(packed.plan, b"\x00") is None
