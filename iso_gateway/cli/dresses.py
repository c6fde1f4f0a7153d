r"""Bytes from whatever people paste: the dresses of hex, in the order in which they are looked for.

    b'02\x00'   {0x30, 0x32}   %30%32                 as programs write and print them: `literals`
    00000000  30 32 30 30 ...  |0200|                dumps with offsets: `hexdump`
    30 32 30 30   30:32   0x3032   "3032"            digits, with spaces, line ends, colons, commas or nothing between
    MDIwMHI4AAEC...                                  base64, of either alphabet
    10:00:01 DEBUG recv: 30323030...                 any of those with what a log writes around it: `logged`

A packet with its headers of Ethernet, IP and TCP is returned as it is; `packets` takes them off.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from typing import Final

from iso_gateway.cli import hexdump, literals, logged
from iso_gateway.cli.intake import LARGEST, NotHex
from iso_gateway.cli.packets import one_of
from iso_gateway.codec.unreadable import many

_ROW: Final = 100
"""Characters of a line of a log that may go on in the next one."""
SHORTEST_BASE64: Final = 16
"""Characters; a shorter word is no message of 12 bytes but a slip of the pen."""
_SHORT: Final = re.compile(r"(?:0x|\\x)([0-9A-Fa-f])(?![0-9A-Fa-f])")
_PREFIX: Final = re.compile(r"0x|\\x", re.IGNORECASE)
_BETWEEN: Final = re.compile(r"[\s,:;{}()\[\]\"'_-]+")
_ARRAY: Final = re.compile(r"[\w\s]+\[\d*\]\s*=\s*\{([^{}]*)(?:\}\s*;.*)?", re.DOTALL)
_BEGUN: Final = re.compile(r"(?:[A-Fa-f]{0,8}[0-9]){12}")
"""What begins as hex does, with a slip of the pen further on; of base64 not one text in a million does."""
_WRONG: Final = re.compile(r"[^0-9A-Fa-f\s,:;{}()\[\]\"'_-]+")

Reader = Callable[[str], bytes | None]
"""Returns what a text shows in one dress, or None where it does not wear it; raises `NotHex` where it breaks off."""


def read_hex(text: str) -> bytes:
    """Return the bytes that *text* shows.

    Raises:
        NotHex: it shows none, or breaks off, or shows several things.
    """
    if len(text) > LARGEST:
        raise NotHex(f"more than {LARGEST} characters")
    stripped = text.strip()
    if not stripped:
        raise NotHex("empty")
    for reader in DRESSES:
        found = reader(text if reader is _dumped else stripped)
        if found is not None:
            return found
    try:
        return _digits(text)
    except NotHex:
        found = _logged(text)
        if found is None:
            raise
        return found


def _dumped(text: str) -> bytes | None:
    found = hexdump.dumps(text)
    return one_of(found) if found else None


def _begun(text: str) -> bytes | None:
    """Return what an array says that breaks off."""
    array = _ARRAY.fullmatch(text)
    return _digits(array[1]) if array is not None else None


DRESSES: Final[tuple[Reader, ...]] = (
    *(literals.python, literals.sql, literals.buffer, literals.url, literals.escaped, literals.array),
    _begun,
    _dumped,
)
"""What knows its own dress; what is left is digits, base64, and those in a log."""


def _logged(text: str) -> bytes | None:
    """Return what a log shows among what it writes around it; None: nothing."""
    bare = logged.bare(text)
    if bare != text:
        found = _dumped(bare)
        if found is not None:
            return found
        lines = [line for line in bare.splitlines() if line]
        if lines and all(len(line) == len(lines[0]) <= _ROW for line in lines[:-1]):
            try:
                return _digits("\n".join(lines))
            except NotHex:
                pass
    return logged.run(text)


def _digits(text: str) -> bytes:
    """Return what digits without offsets say, or base64."""
    bare = _BETWEEN.sub("", _PREFIX.sub("", _SHORT.sub(r"0\1", text)))
    try:
        return bytes.fromhex(bare)
    except ValueError:
        pass
    if re.fullmatch("[0-9A-Fa-f]*", bare):
        raise NotHex(f"an odd number of hexadecimal digits, {len(bare)}", bytes.fromhex(bare[:-1]))
    rows = text.strip(" \t\r\n\"'").splitlines()
    whole = not any(len(row.split()) > 1 for row in rows) and not _BEGUN.match(bare)
    encoded = _from_base64("".join("".join(rows).split())) if whole else None
    if encoded is not None:
        return encoded
    raise _first_wrong(text)


def _from_base64(text: str) -> bytes | None:
    """Return what *text* says in base64, of either alphabet; None where it is none."""
    if len(text) < SHORTEST_BASE64 or len(text) % 4 == 1:
        return None
    padded = text.rstrip("=")
    try:
        return base64.b64decode(
            padded + "=" * (-len(padded) % 4), altchars=b"-_" if {*"-_"} & {*text} else None, validate=True
        )
    except (binascii.Error, ValueError):
        return None


def _first_wrong(text: str) -> NotHex:
    """Return which character is the first that belongs to no dress, with what the digits before it say."""
    masked = _PREFIX.sub(lambda found: " " * len(found[0]), text)
    wrong = _WRONG.search(masked)
    if wrong is None:
        return NotHex("neither hexadecimal digits nor base64")
    before = _BETWEEN.sub("", masked[: wrong.start()])
    line = masked.count("\n", 0, wrong.start()) + 1
    column = wrong.start() - masked.rfind("\n", 0, wrong.start())
    said = f"line {line}, column {column}: no hexadecimal digit, and no base64 either"
    if before:
        seen = "".join(each for each in wrong[0][:2] if each.isprintable())
        said = f"{many(len(before), 'hexadecimal digit')}, then {seen!r} at {said}"
    return NotHex(said, bytes.fromhex(before[: len(before) // 2 * 2]))
