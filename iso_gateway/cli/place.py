"""Where a message broke: a line of its bytes with a caret below the one, and what else the bytes could be.

Bytes of what the spec masks are ``**``, and so is everything behind the fault, of which nobody knows what it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from iso_gateway.codec import bitmap, body, mask
from iso_gateway.codec.plan import FIELD
from iso_gateway.codec.spec import Spec
from iso_gateway.errors import DecodeError, FramingError

WIDTH: Final = 16
"""Bytes of one line."""

_CARD: Final = re.compile(r"(?=([2-6][0-9]{12,18}))")
"""Where a card number may begin: the digits of the schemes, and how long their numbers are (ISO/IEC 7812-1)."""
_NEAR: Final = 2 * WIDTH + 19
"""Bytes on either side of the fault in which card numbers are looked for: those of its line, and a whole number."""

FRAMINGS: Final = ("2be", "2be+tpdu", "4ascii", "2le", "2bcd", "2be-inclusive", "2be+tpdu+cup")
"""What may still lie around a message that somebody pastes; the most usual first."""


def caret(spec: Spec, data: bytes, error: DecodeError, *, unsafe: bool = False) -> list[str]:
    """Return the line of *data* in which *error* is, as hex, and the line with the caret."""
    start = error.offset - error.offset % WIDTH
    if start and start == len(data):
        start -= WIDTH  # the fault is that there is no more: show the last bytes, and the caret behind them
    row = data[start : start + WIDTH]
    hidden = frozenset() if unsafe else frozenset(range(len(data))) - visible(spec, data, error)
    shown = ["**" if start + at in hidden else f"{byte:02x}" for at, byte in enumerate(row)]
    left = f"{start:06x}  "
    return [(left + " ".join(shown)).rstrip(), " " * (len(left) + 3 * (error.offset - start)) + "^^"]


def visible(spec: Spec, data: bytes, error: DecodeError) -> set[int]:
    """Return which bytes of *data* may be shown: the MTI, the bitmap, fields without a mask, and the one that is wrong.

    Where the fault is that bytes are missing, none is wrong, and those of a masked field stay hidden.
    """
    plan = spec.plan
    field = spec.fields.get(int(error.field)) if error.field.isdecimal() else None
    seen = set() if error.missing and field is not None and field.mask != "none" else {error.offset}
    if error.partial is None:
        return seen | set(range(min(error.offset, plan.mti_size)))
    start = plan.mti_size + bitmap.extent(plan, data[plan.mti_size :])
    seen |= set(range(min(start, error.offset)))
    for number, value in error.partial.items():
        row = plan.rows[number]
        if number > bitmap.THIRD and plan.third == FIELD:
            # Whether a third bitmap stands before it is not known here.
            break
        end = start + row.width + body.taken(row, value)
        if spec.fields[number].mask == "none":
            seen |= set(range(start, end))
        start = end
    near = max(0, error.offset - _NEAR)
    return (seen - cards(spec, data[near : error.offset + _NEAR], near)) | (seen & {error.offset})


def cards(spec: Spec, data: bytes, before: int) -> set[int]:
    """Return which bytes of *data*, which has *before* others before it, may be of a card number.

    Where a bit of the bitmap or a length is wrong, the fields are not what they are taken for, and the card number
    may stand in those that nobody masks.
    """
    found: set[int] = set()
    texts = [(data.decode("latin-1"), 1), (data.decode("cp500"), 1)]
    if spec.plan.packed:
        texts.append((data.hex(), 2))
    for text, width in texts:
        for match in _CARD.finditer(text):
            for size in range(13, len(match[1]) + 1):
                if mask.luhn(match[1][:size]):
                    start, last = match.start() // width, (match.start() + size - 1) // width
                    found |= set(range(before + start, before + last + 1))
    return found


def guesses(spec: Spec, data: bytes) -> Iterator[str]:
    """Yield what *data* would be a whole message of: another shipped spec, or a frame with its length and headers."""
    from iso_gateway.catalog import load_spec
    from iso_gateway.catalog.shelf import spec_names

    specs = [spec, *(load_spec(name) for name in spec_names() if name != spec.name)]
    for each in specs[1:]:
        if _reads(each, data):
            yield f"it is a message of {each.name}: --spec {each.name}"
    for framing, payload, before in _unframed(data):
        for each in specs:
            if _reads(each, payload):
                other = "" if each is spec else f", and --spec {each.name}"
                yield f"the first {before} bytes are not the message but its frame ({framing}): leave them out{other}"


def _reads(spec: Spec, data: bytes) -> bool:
    try:
        spec.decode(data)
    except DecodeError:
        return False
    return True


def _unframed(data: bytes) -> Iterator[tuple[str, bytes, int]]:
    """Yield the framings in which *data* is one frame, with what is in it and how much lies before."""
    from iso_gateway.framing import Framing

    for name in FRAMINGS:
        framer = Framing.parse(name).framer(65535)
        try:
            frames = framer.receive(data)
        except FramingError:
            continue
        if len(frames) == 1 and not framer.buffered and framer.fault is None:
            yield name, frames[0].payload, len(data) - len(frames[0].payload)
