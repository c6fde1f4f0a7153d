"""Values of an element or part, made by rule: the same each time, of any size, and at the ends of its characters."""

from __future__ import annotations

from itertools import cycle, islice
from typing import Final

from iso_gateway.codec.field import Field
from iso_gateway.codec.plan import Value

_CHARACTERS: Final = {
    "n": "1234567890",
    "a": "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "an": "A1B2C3D4E5F6G7H8I9J0",
    "anp": "A1 B2 C3 D4 E5",
    "ns": "1/2-3.4 5",
    "ans": "A1-b2 c3/",
    "z": "1234567890D1234",
    "any": "A1-b2 c3/",
    "nibbles": "0123456789ABCDEF",
}
_ENDS: Final = {
    "n": "09", "a": "Az", "an": "0z", "anp": " z", "ns": " ~", "ans": " ~", "z": "0D", "any": " ~", "nibbles": "0F",
}  # fmt: skip
"""The first and the last character that are in every character set."""
SPECIAL: Final = "[]!|^\\{}~`\"#$%&'()*+,-./:;<=>?@_"
"""The special characters of ASCII; first those that have other places in another EBCDIC, and in national sets."""


def special(field: Field, size: int) -> Value | None:
    """Return a value of *size* special characters, or None where *field* takes none."""
    return "".join(islice(cycle(SPECIAL), size)) if field.format in {"ns", "ans", "any"} else None


def sample(field: Field, size: int) -> Value:
    """Return a value of *field* of *size* units, always the same one."""
    if field.format == "b":
        return bytes(islice(cycle(range(1, 256)), size))
    if field.format == "xn":
        return ("C" + "".join(islice(cycle("0123456789"), size)))[:size]
    return "".join(islice(cycle(_CHARACTERS[field.format]), size))


def ends(field: Field, size: int) -> tuple[Value, Value]:
    """Return two values of *size* units: all of the first character that *field* takes, and all of the last."""
    if field.format == "b":
        return b"\x00" * size, b"\xff" * size
    if field.format == "xn":
        return ("C" + "0" * size)[:size], ("D" + "9" * size)[:size]
    first, last = tuple(_ENDS[field.format])
    return first * size, last * size
