"""The rows of a pyiso8583 specification, and the codecs that they name."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from iso_gateway.codec import lowering, plan

ASCII: Final = 0
"""Text that is a slice of the message."""
CODED: Final = 1
"""Text of another Python codec."""
BINARY: Final = 2
"""Bytes as hexadecimal digits, counted in bytes."""
NIBBLES: Final = 3
"""The same, counted in digits."""

SpecDict = Mapping[str, Mapping[str, Any]]
DecodedDict = dict[str, str]
EncodedDict = dict[str, dict[str, bytes]]

_LONGEST: Final = 9999
"""Lengths above it are not lowered: the table of LLLLLVAR would take 10 MB."""
HEX: Final = frozenset("0123456789abcdefABCDEF")


class Step(NamedTuple):
    """One field, lowered."""

    key: str
    mode: int
    width: int
    """Bytes of the length prefix; 0: a fixed field."""
    reading: Mapping[bytes, int]
    """Prefix -> length in the field's units."""
    heads: Mapping[int, bytes]
    """Length -> prefix; a fixed field has one length, whose prefix is empty."""
    fixed: int
    """The length of a fixed field."""
    prefix: str
    """What the length is encoded in."""
    codec: str
    left: str
    """The digit that pads an odd number of digits on the left; empty: see `right`."""
    right: str


Needed = tuple[tuple[str, type], ...]
"""Names of properties and their types."""


def fault(row: object, needed: Needed) -> str:
    """Return why *row* cannot be read, or the empty string."""
    if not isinstance(row, Mapping):
        return "Field is not a table of properties in specification"
    for name, kind in needed:
        if not isinstance(row.get(name), kind):
            return f"Field has no {'text' if kind is str else 'whole number'} {name} in specification"
    if needed is FIELD and row["len_type"] < 0:
        return "Field has negative len_type in specification"
    return ""


FIELD: Final[Needed] = (("data_enc", str), ("len_type", int), ("max_len", int))
"""What a field's row must have; ``len_enc`` too where there is a length."""
WHOLE: Final[Needed] = (("data_enc", str),)
"""What the row of the MTI and of a bitmap must have: their sizes are the standard's."""
LENGTH: Final[Needed] = (("len_enc", str),)


def step(key: str, row: Mapping[str, Any]) -> Step | None:
    """Return the field *key* of the specification's *row* lowered, or None where that is not for the quick way."""
    nibbles = row.get("len_count", "bytes") == "nibbles"
    pads = row.get("left_pad", ""), row.get("right_pad", "")
    if fault(row, FIELD) or (row["len_type"] and fault(row, LENGTH)) or not all(isinstance(pad, str) for pad in pads):
        return None
    width, high, codec = row["len_type"], row["max_len"], row["data_enc"]
    if not 0 <= high <= _LONGEST or (nibbles and codec != "b"):
        return None
    try:
        heads = prefixes(row["len_enc"], width, high) if width else {high: b""}
    except LookupError:
        return None
    if not heads:
        return None
    mode = ASCII if codec == "ascii" else CODED
    if codec == "b":
        mode = NIBBLES if nibbles else BINARY
    left, right = (str(pad)[:1] for pad in pads)
    reading = _reading(row["len_enc"], width, high) if width else {}
    return Step(key, mode, width, reading, heads, high, row.get("len_enc", ""), codec, left, right)


def compiled_field(step: Step) -> tuple[Any, ...] | None:
    """Return *step* as the compiled engine takes it, or None where it does not.

    That is its key, how its body and its prefix lie on the wire in the engine's words, the width of the prefix, the
    longest length, the byte of the digit 0 in a prefix of digits, the pad, whether it stands left, the codec.
    """
    pad = step.left or step.right
    kind, zero = _prefix_kind(step)
    if kind < 0 or step.width > 6 or (step.left and step.right) or (pad and pad not in "0123456789ABCDEF"):
        return None
    op = {ASCII: plan.TEXT, CODED: plan.CODED, BINARY: plan.BYTES, NIBBLES: plan.PACKED}[step.mode]
    longest = len(step.heads) - 1 if step.width else step.fixed
    return (step.key, op, kind, step.width, longest, zero, ord(pad or "\0"), bool(step.left), step.codec.encode())


def _prefix_kind(step: Step) -> tuple[int, int]:
    """Return how the engine calls the prefix of *step*, below zero where it does not know it, and its digit 0."""
    if not step.width:
        return lowering.FIXED, 0
    if step.prefix in {"b", "bcd"}:
        return (lowering.BINARY if step.prefix == "b" else lowering.PACKED_DIGITS), 0
    digits = "0123456789".encode(step.prefix)
    zero = digits[0]
    return (lowering.DIGITS if digits == bytes(range(zero, zero + 10)) else -1), zero


@functools.lru_cache(maxsize=1024)
def prefixes(encoding: str, width: int, high: int) -> dict[int, bytes]:
    """Return length -> prefix of *width* bytes, as far as such a prefix can count; empty: none that we lower."""
    made = {}
    for count in range(high + 1):
        raw = prefix(count, encoding, width)
        if raw is None or len(raw) != width:
            break
        made[count] = raw
    return made


@functools.lru_cache(maxsize=1024)
def _reading(encoding: str, width: int, high: int) -> dict[bytes, int]:
    return {raw: count for count, raw in prefixes(encoding, width, high).items()}


def prefix(count: int, encoding: str, width: int) -> bytes | None:
    """Return the prefix of *width* bytes (or more, for a text too long) that says *count*; None: there is none.

    Raises:
        LookupError: Python has no codec *encoding*.
    """
    try:
        if encoding == "b":
            return count.to_bytes(width, "big")
        if encoding == "bcd":
            return bytes.fromhex(f"{count:0{2 * width}d}") if count < 100**width else None
        return f"{count:0{width}d}".encode(encoding)
    except (OverflowError, ValueError):
        return None
