"""Where a message broke: a line of its bytes with a caret below the one, and the likeliest causes.

Bytes of what the spec masks are ``**``, and so is everything behind the fault, of which nobody knows what it is.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from iso_gateway.codec import bitmap, body, mask, unsure
from iso_gateway.codec.plan import FIELD
from iso_gateway.codec.spec import Spec
from iso_gateway.errors import DecodeError

if TYPE_CHECKING:
    from iso_gateway.inspect.told import Cause

WIDTH: Final = 16
"""Bytes of one line."""

_CARD: Final = re.compile(r"(?=([2-6][0-9]{12,18}))")
"""Where a card number may begin: the digits of the schemes, and how long their numbers are (ISO/IEC 7812-1)."""
_NEAR: Final = 2 * WIDTH + 19
"""Bytes on either side of the fault in which card numbers are looked for: those of its line, and a whole number."""


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
    seen -= unsure.card_bytes(data) - {error.offset}
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


def likeliest(spec: Spec, data: bytes, error: DecodeError, spec_name: str) -> list[Cause]:
    """Return the likeliest causes of *error*, other shipped specs among them; *spec* was given as *spec_name*."""
    from iso_gateway.catalog import load_spec, spec_names
    from iso_gateway.inspect.causes import likeliest as causes

    others = (load_spec(name) for name in spec_names() if name != spec.name)
    return causes.likeliest(spec, data, error, others, spec_name)
