"""What the characters of a format are: n, a, an, ans, z, x+n and their kin (ISO 8583:1987, 4.2).

A format is a regular expression over the decoded text, and a word for people. The frequent ones have a *check*
besides, an answer that `str` methods give in a tenth of the time; a check may refuse what the expression
allows (then the expression decides), never the reverse.
"""

from __future__ import annotations

import re
from typing import Final, Literal, get_args

from iso_gateway.codec.charsets import ONE_BYTE

DIGITS: Final = 0
"""`str.isdecimal`: right for text that came from a one-byte character set or nibbles, where only 0-9 are decimals."""
PRINTABLE: Final = 1
"""`str.isprintable`: right for ASCII text, where it is 0x20 to 0x7E."""
ALPHANUMERIC: Final = 2
"""`str.isalnum`: right for ASCII text; what it refuses may still hold spaces."""
PATTERN: Final = 3
"""The expression decides."""

# Spaces are let through in a and an: hosts fill DE 38 and the like with them, whatever the standard says.
_ASCII: Final[dict[str, str]] = {
    "n": r"[0-9]*",
    "a": r"[A-Za-z ]*",
    "an": r"[A-Za-z0-9 ]*",
    "anp": r"[A-Za-z0-9 ]*",
    "ns": r"[ -@\[-`{-~]*",
    "ans": r"[ -~]*",
    "z": r"[0-9:-?D]*",
    "xn": r"(?:[CD][0-9]*)?",
    "any": r"[\x00-\x7f]*",
    "nibbles": r"[0-9A-F]*",
}
_WIDER: Final[dict[str, str]] = {
    # Other character sets: every character but the control characters, since letters have no end there.
    "ns": r"[^A-Za-z\x00-\x1f\x7f-\x9f]*",
    "ans": r"[^\x00-\x1f\x7f-\x9f]*",
    "any": r"(?s:.*)",
}
_PACKED: Final[dict[str, str]] = {
    "n": r"[0-9]*",
    "z": r"[0-9A-F]*",
    "nibbles": r"[0-9A-F]*",
    "xn": r"(?:[CD][0-9]*)?",
}

Format = Literal["n", "a", "an", "anp", "ns", "ans", "z", "b", "xn", "any", "nibbles"]
FORMATS: Final[tuple[str, ...]] = get_args(Format)
PACKABLE: Final[tuple[str, ...]] = tuple(_PACKED)
"""The formats that two characters to the byte can carry."""

_WORDS: Final[dict[str, str]] = {
    "n": "digits",
    "a": "letters",
    "an": "letters and digits",
    "anp": "letters, digits and spaces",
    "ns": "digits and special characters",
    "ans": "printable characters",
    "z": "track characters",
    "b": "bytes",
    "xn": "C or D and digits",
    "any": "characters of its encoding",
    "nibbles": "hexadecimal digits",
}


def pattern(kind: str, encoding: str) -> re.Pattern[str]:
    """Return the expression that a whole value of format *kind* matches in *encoding*."""
    if encoding == "bcd" and kind in _PACKED:
        return re.compile(_PACKED[kind])
    if encoding != "ascii" and kind in _WIDER:
        return re.compile(_WIDER[kind])
    return re.compile(_ASCII[kind])


def check(kind: str, encoding: str) -> int:
    """Return the quick check for format *kind*: DIGITS, PRINTABLE, ALPHANUMERIC or PATTERN."""
    if kind == "n" and (encoding == "bcd" or encoding in ONE_BYTE):
        return DIGITS
    if encoding in ONE_BYTE:
        return {"ans": PRINTABLE, "an": ALPHANUMERIC, "anp": ALPHANUMERIC}.get(kind, PATTERN)
    return PATTERN


def words(kind: str) -> str:
    """Return what people call the characters of format *kind*: ``"digits"``."""
    return _WORDS[kind]
