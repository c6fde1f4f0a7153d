"""Which data elements a message carries: one bit each, from the left, 64 to a bitmap.

Bit 1 says that a second bitmap follows. Bit 65, the first of the second one, says in some dialects that a third
does (elements to 192): right behind the second, or where data element 65 would stand. Where a spec knows no third
bitmap it is refused. A *fixed* bitmap is always there in its whole size, and its first bit is no flag: it is data
element 1 where the spec has one, and else says nothing.

A bitmap is 8 bytes, or 16 hexadecimal characters of either case; we write upper case, and keep what came where it
differs. The same few bitmaps come again and again, so a plan remembers what each of them says.
"""

from __future__ import annotations

from typing import Final

from iso_gateway.codec.plan import FIELD, FOLLOWS, KNOWN_BITMAPS, Chosen, Layout, Plan

THIRD: Final = 65
"""The bit, and the data element, of the third bitmap."""
_FIRST_BIT: Final = 1 << 63
_HEX: Final = frozenset(b"0123456789abcdefABCDEF")
_FROM_EBCDIC: Final = bytes(range(256)).decode("cp500").encode("latin-1")


def characters(plan: Plan, found: bytes) -> bytes:
    """Return the characters of a bitmap in ASCII, or the bitmap itself where it is binary."""
    return found.translate(_FROM_EBCDIC) if plan.bitmap_form == "hex-ebcdic" else found


def number(plan: Plan, found: bytes) -> int | None:
    """Return a bitmap as one number, or None where its characters are not hexadecimal."""
    if not plan.bitmap_hex:
        return int.from_bytes(found, "big")
    found = characters(plan, found)
    # int() alone would take "0x", signs, spaces and underscores.
    return int(found, 16) if found and _HEX.issuperset(found) else None


def wrong_at(plan: Plan, found: bytes) -> int:
    """Return the first byte of a bitmap that is no hexadecimal character."""
    return next(at for at, each in enumerate(characters(plan, found)) if each not in _HEX)


def elements(bits: int, width: int, before: int = 0) -> list[int]:
    """Return the data elements whose bits are set in a number of *width* bits, ascending, *before* of them before."""
    return [before + at + 1 for at in range(width) if bits >> (width - 1 - at) & 1]


def more(plan: Plan, bits: int, width: int) -> bool:
    """Return whether bitmaps of *width* bits in all say that one more follows them."""
    if plan.bitmap_fixed or not bits & _FIRST_BIT:
        return False
    # The first bit of the last bitmap so far: bit 1, or bit 65.
    return width == 64 or (width == 128 and plan.third == FOLLOWS)


def extent(plan: Plan, data: bytes) -> int:
    """Return the bytes of the bitmaps with which *data* begins, as far as they can be read."""
    size = plan.bitmap_size
    width, end = 8 * plan.bitmap_fixed or 64, size
    while (bits := number(plan, data[end - size : end])) is not None and more(plan, bits, width) and end < len(data):
        width, end = width + 64, end + size
    return end


def named(plan: Plan, bits: int, width: int) -> list[int]:
    """Return the data elements that bitmaps of *width* bits in all name, the flags for further bitmaps left out.

    Bit 65 stays where it is no flag of the bitmaps before the fields.
    """
    flags = {1, THIRD} if width == 3 * 64 and not plan.bitmap_fixed else {1}
    return [each for each in elements(bits, width) if each not in flags or each in plan.rows]


def written(plan: Plan, numbers: tuple[int, ...]) -> bytes:
    """Return the bitmaps that stand before the data elements *numbers*, ascending: as many as are needed."""
    if plan.bitmap_fixed:
        return _form(plan, sum(1 << (8 * plan.bitmap_fixed - each) for each in numbers), plan.bitmap_fixed)
    last = numbers[-1] if numbers else 0
    here = [each for each in numbers if each <= 128] if plan.third == FIELD else list(numbers)
    if last > 64:
        here.append(1)
    if last > 128:
        here.append(THIRD)
    count = 1 if last <= 64 else 2 if last <= 128 or plan.third == FIELD else 3
    return _form(plan, sum(1 << (64 * count - each) for each in here), 8 * count)


def third(plan: Plan, numbers: tuple[int, ...]) -> bytes:
    """Return the third bitmap, where it stands among the fields and is needed; else nothing."""
    bits = sum(1 << (192 - each) for each in numbers if each > 128) if plan.third == FIELD else 0
    return _form(plan, bits, 8) if bits else b""


def _form(plan: Plan, bits: int, size: int) -> bytes:
    raw = bits.to_bytes(size, "big")
    if not plan.bitmap_hex:
        return raw
    return raw.hex().upper().encode("cp500" if plan.bitmap_form == "hex-ebcdic" else "ascii")


def split(plan: Plan, whole: bytes) -> tuple[bytes, bytes]:
    """Return of bitmaps that were kept those before the fields, and the third one where it stood among them."""
    size = plan.bitmap_size
    if plan.third != FIELD or len(whole) == size:
        return whole, b""
    return whole[: 2 * size], whole[2 * size :]


def learn(plan: Plan, found: bytes) -> Chosen | None:
    """Return what the bitmaps *found* say to the decoder, and remember it.

    Args:
        plan: the spec.
        found: one bitmap, or as many as the ones before say.

    Returns:
        None where they are cut short, not hexadecimal, or name what the spec does not have; and where the third
        bitmap stands among the fields, which takes the careful walk.
    """
    bits = number(plan, found)
    count, odd = divmod(len(found), plan.bitmap_size)
    if bits is None or odd or not 1 <= count <= 3:
        return None
    width = 64 * count if not plan.bitmap_fixed else 8 * plan.bitmap_fixed
    if more(plan, bits, width):
        return _remember(plan, found, Chosen(None, None))
    numbers = named(plan, bits, width)
    if any(each not in plan.rows for each in numbers):
        return None
    kept = None if written(plan, tuple(numbers)) == found else found
    return _remember(plan, found, Chosen(tuple(plan.steps[each] for each in numbers), kept))


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
    layout = Layout(written(plan, numbers), tuple(plan.puts[each] for each in numbers), third(plan, numbers))
    if len(plan.layouts) >= KNOWN_BITMAPS:
        plan.layouts.clear()
    plan.layouts[numbers] = layout
    return layout
