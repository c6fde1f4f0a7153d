"""Which data elements a message carries: one bit each, from the left, 64 to a bitmap.

Bit 1 says that a second bitmap follows; bit 65, the first of the second one, would say that a third does, and
is refused. The bitmap is 8 bytes, or 16 hexadecimal characters of either case; we write upper case, and keep
what came where it differs.

The same few bitmaps come again and again, so a plan remembers what each of them says.
"""

from __future__ import annotations

from typing import Final

from iso_gateway.codec.plan import KNOWN_BITMAPS, Chosen, Layout, Plan

SECOND: Final = 1 << 63
"""Bit 1 of a first bitmap: another one follows."""
_HEX: Final = frozenset(b"0123456789abcdefABCDEF")


def number(found: bytes, *, hexadecimal: bool) -> int | None:
    """Return a bitmap as one number, or None where its characters are not hexadecimal."""
    if not hexadecimal:
        return int.from_bytes(found, "big")
    # int() alone would take "0x", signs, spaces and underscores.
    return int(found, 16) if found and _HEX.issuperset(found) else None


def elements(bits: int, width: int) -> list[int]:
    """Return the data elements whose bits are set in a number of *width* bits, ascending."""
    return [at + 1 for at in range(width) if bits >> (width - 1 - at) & 1]


def written(numbers: tuple[int, ...], *, hexadecimal: bool) -> bytes:
    """Return the bitmap for these data elements, with a second one where one is over 64."""
    width = 128 if numbers and numbers[-1] > 64 else 64
    bits = sum(1 << (width - each) for each in numbers) | (1 << 127 if width == 128 else 0)
    return f"{bits:0{width // 4}X}".encode() if hexadecimal else bits.to_bytes(width // 8, "big")


def learn(plan: Plan, found: bytes) -> Chosen | None:
    """Return what the bitmap *found* says to the decoder, and remember it.

    Args:
        plan: the spec.
        found: one bitmap, or two where the first says so.

    Returns:
        None where it is cut short, not hexadecimal, or names what the spec does not have.
    """
    bits = number(found, hexadecimal=plan.bitmap_hex)
    whole = len(found) == plan.bitmap_size
    if bits is None or not (whole or len(found) == 2 * plan.bitmap_size):
        return None
    if whole and bits & SECOND:
        return _remember(plan, found, Chosen(None, None))
    numbers = [each for each in elements(bits, 64 if whole else 128) if each != 1]
    if any(each not in plan.rows for each in numbers):
        return None
    ours = written(tuple(numbers), hexadecimal=plan.bitmap_hex)
    return _remember(plan, found, Chosen(tuple(plan.steps[each] for each in numbers), None if ours == found else found))


def _remember(plan: Plan, found: bytes, chosen: Chosen) -> Chosen:
    if len(plan.chosen) >= KNOWN_BITMAPS:
        plan.chosen.clear()
    plan.chosen[found] = chosen
    return chosen


def arrange(plan: Plan, numbers: tuple[int, ...]) -> Layout | None:
    """Return what the set of fields *numbers*, ascending, says to the encoder, and remember it.

    Returns:
        None where the spec does not have one of them.
    """
    if any(each not in plan.rows for each in numbers):
        return None
    layout = Layout(written(numbers, hexadecimal=plan.bitmap_hex), tuple(plan.puts[each] for each in numbers))
    if len(plan.layouts) >= KNOWN_BITMAPS:
        plan.layouts.clear()
    plan.layouts[numbers] = layout
    return layout
