"""The floor: the same values cut out of one decoded string, by slices that were written by hand for each message.

Nothing quicker can be written in plain Python for a message whose fields are known beforehand. It reads each length
prefix and trusts it, as it trusts everything else: no bitmap is looked at, no character, no end.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

Values = tuple[str | bytes, ...]
"""Those of the data elements, ascending."""


def sign_on_ascii(data: bytes) -> Values:
    """Cut DE 7, 11, 32, 41, 70 out of an 0800 of `iso87-ascii`."""
    text = data.decode("ascii")
    a = 54 + int(text[52:54])
    return text[36:46], text[46:52], text[54:a], text[a : a + 8], text[a + 8 : a + 11]


def sale_ascii(data: bytes) -> Values:
    """Cut the 22 elements out of an 0200 of `iso87-ascii`."""
    text = data.decode("ascii")
    a = 22 + int(text[20:22])
    b = a + 65  # behind the prefixes: of DE 32,
    c = b + int(text[b - 2 : b])
    d = c + 2 + int(text[c : c + 2])
    e = d + 81  # of DE 55,
    f = e + int(text[e - 3 : e])
    g = f + 3  # and of DE 60
    return (
        text[22:a],
        text[a : a + 6],
        text[a + 6 : a + 18],
        text[a + 18 : a + 28],
        text[a + 28 : a + 34],
        text[a + 34 : a + 40],
        text[a + 40 : a + 44],
        text[a + 44 : a + 48],
        text[a + 48 : a + 52],
        text[a + 52 : a + 55],
        text[a + 55 : a + 58],
        text[a + 58 : a + 61],
        text[a + 61 : a + 63],
        text[b:c],
        text[c + 2 : d],
        text[d : d + 12],
        text[d + 12 : d + 20],
        text[d + 20 : d + 35],
        text[d + 35 : d + 75],
        text[d + 75 : d + 78],
        bytes.fromhex(text[e:f]),
        text[g : g + int(text[f:g])],
    )


def answer_ascii(data: bytes) -> Values:
    """Cut the 12 elements out of an 0210 of `iso87-ascii`."""
    text = data.decode("ascii")
    a = 22 + int(text[20:22])
    b = a + 40
    c = b + int(text[b - 2 : b])
    return (
        text[22:a],
        text[a : a + 6],
        text[a + 6 : a + 18],
        text[a + 18 : a + 28],
        text[a + 28 : a + 34],
        text[a + 34 : a + 38],
        text[b:c],
        text[c : c + 12],
        text[c + 12 : c + 18],
        text[c + 18 : c + 20],
        text[c + 20 : c + 28],
        text[c + 28 : c + 31],
    )


def sign_on_binary(data: bytes) -> Values:
    """Cut DE 7, 11, 32, 41, 70 out of an 0800 of `iso87-binary`: digits out of its hexadecimal text."""
    digits = data.hex()
    n = int(digits[52:54])
    a = 54 + n + n % 2
    p = a // 2
    return (
        digits[36:46],
        digits[46:52],
        digits[54 + n % 2 : a],
        data[p : p + 8].decode("ascii"),
        digits[a + 17 : a + 20],
    )


def sale_binary(data: bytes) -> Values:
    """Cut the 22 elements out of an 0200 of `iso87-binary`: digits out of its hexadecimal text, text out of another."""
    digits = data.hex()
    text = data.decode("latin-1")
    n = int(digits[20:22])
    a = 22 + n + n % 2
    b = a + 68
    m = int(digits[b - 2 : b])
    c = b + m + m % 2
    k = int(digits[c : c + 2])
    p = (c + 2 + k + k % 2) // 2
    q = p + 80
    r = q + int(digits[2 * q - 4 : 2 * q]) + 2
    return (
        digits[22 + n % 2 : a],
        digits[a : a + 6],
        digits[a + 6 : a + 18],
        digits[a + 18 : a + 28],
        digits[a + 28 : a + 34],
        digits[a + 34 : a + 40],
        digits[a + 40 : a + 44],
        digits[a + 44 : a + 48],
        digits[a + 48 : a + 52],
        digits[a + 53 : a + 56],
        digits[a + 57 : a + 60],
        digits[a + 61 : a + 64],
        digits[a + 64 : a + 66],
        digits[b + m % 2 : c],
        digits[c + 2 : c + 2 + k].upper(),
        text[p : p + 12],
        text[p + 12 : p + 20],
        text[p + 20 : p + 35],
        text[p + 35 : p + 75],
        text[p + 75 : p + 78],
        data[q : r - 2],
        text[r : r + int(digits[2 * r - 4 : 2 * r])],
    )


def answer_binary(data: bytes) -> Values:
    """Cut the 12 elements out of an 0210 of `iso87-binary`."""
    digits = data.hex()
    text = data.decode("latin-1")
    n = int(digits[20:22])
    a = 22 + n + n % 2
    b = a + 40
    m = int(digits[b - 2 : b])
    c = b + m + m % 2
    p = c // 2
    return (
        digits[22 + n % 2 : a],
        digits[a : a + 6],
        digits[a + 6 : a + 18],
        digits[a + 18 : a + 28],
        digits[a + 28 : a + 34],
        digits[a + 34 : a + 38],
        digits[b + m % 2 : c],
        text[p : p + 12],
        text[p + 12 : p + 18],
        text[p + 18 : p + 20],
        text[p + 20 : p + 28],
        text[p + 28 : p + 31],
    )


CUTS: Final[dict[tuple[str, str], Callable[[bytes], Values]]] = {
    ("iso87-ascii", "0800"): sign_on_ascii,
    ("iso87-ascii", "0200"): sale_ascii,
    ("iso87-ascii", "0210"): answer_ascii,
    ("iso87-binary", "0800"): sign_on_binary,
    ("iso87-binary", "0200"): sale_binary,
    ("iso87-binary", "0210"): answer_binary,
}
"""By spec and message type."""
