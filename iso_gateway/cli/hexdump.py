r"""Bytes from whatever people paste.

    30 32 30 30                                      digits, with spaces, line ends, colons, commas or nothing between
    0x30, 0x32   \x30\x32   {0x30, 0x32}   b'02\x00' as programs print them
    00000000  30 32 30 30 ...  |0200|                dumps: hexdump -C, xxd, tcpdump -X, od, Wireshark, logs
    0000000 3230 3030 ...                            words of hexdump and od -x, the second byte of each first
    unsigned char raw[] = {0x30, 0x32};              xxd -i
    MDIwMHI4AAEC...                                  base64

A dump is told from digits by its first column: offsets that agree with the number of bytes in the lines. So a line
that is missing is noticed, and the text column, which may look like digits, is not read.
"""

from __future__ import annotations

import ast
import base64
import binascii
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from iso_gateway.cli.intake import LARGEST, NotHex
from iso_gateway.codec.unreadable import many

LONGEST_LINE: Final = 1024
"""Characters of a line of a dump; a longer one is none, since each gap in it is looked at."""

SHORTEST_BASE64: Final = 16
"""Characters; a shorter word is no message of 12 bytes but a slip of the pen."""

_DUMPED: Final = re.compile(r"\s*(?:0x)?(?P<offset>[0-9A-Fa-f]{3,16})(?P<colon>:?)(?:(?<=:)\s*|\s+|\s*$)(?P<rest>.*)")
_PAIR: Final = re.compile(r"[ \t]{0,2}([0-9A-Fa-f]{2})")
_SHORT: Final = re.compile(r"(?:0x|\\x)([0-9A-Fa-f])(?![0-9A-Fa-f])")
_PREFIX: Final = re.compile(r"0x|\\x", re.IGNORECASE)
_BETWEEN: Final = re.compile(r"[\s,:;{}()\[\]\"'_-]+")
_ARRAY: Final = re.compile(r"[\w\s]+\[\d*\]\s*=\s*\{([^{}]*)(?:\}\s*;.*)?", re.DOTALL)
_BEGUN: Final = re.compile(r"(?:[A-Fa-f]{0,8}[0-9]){12}")
"""What begins as hex does, with a slip of the pen further on; of base64 not one text in a million does."""
_WRONG: Final = re.compile(r"[^0-9A-Fa-f\s,:;{}()\[\]\"'_-]+")
_WORDS: Final = re.compile(r"(?:[0-9A-Fa-f]{4}(?:\s+|$))+")
_LITERAL: Final = re.compile(r"b'(?:[^'\\]|\\.)*'|b\"(?:[^\"\\]|\\.)*\"", re.DOTALL)
OD_DIGITS: Final = 7
"""Of the offsets of od, unless it is told otherwise."""
_SQUEEZED: Final = "*"
"""A line of hexdump, od and xxd: what follows is the line above once more."""


def read_hex(text: str) -> bytes:
    """Return the bytes that *text* shows.

    Raises:
        NotHex: it shows none, or breaks off.
    """
    if len(text) > LARGEST:
        raise NotHex(f"more than {LARGEST} characters")
    if not text.strip():
        raise NotHex("empty")
    if _LITERAL.fullmatch(text.strip()):
        return _literal(text.strip())
    array = _ARRAY.fullmatch(text)
    if array is not None:
        return _digits(array[1])
    rows, other = _rows(text)
    if rows and not other:
        return _dumped(_in_order(rows))
    try:
        return _digits(text)
    except NotHex:
        if len(rows) > 1:
            raise NotHex(f"line {other}: no line of the dump above it", _dumped(_in_order(rows))) from None
        raise


def _literal(text: str) -> bytes:
    """Return what a bytes literal of Python says."""
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError) as error:
        raise NotHex("no bytes literal of Python") from error
    assert isinstance(value, bytes)
    return value


# Digits and base64


def _digits(text: str) -> bytes:
    """Return what digits without offsets say, or base64."""
    bare = _BETWEEN.sub("", _PREFIX.sub("", _SHORT.sub(r"0\1", text)))
    try:
        return bytes.fromhex(bare)
    except ValueError:
        pass
    if re.fullmatch("[0-9A-Fa-f]*", bare):
        raise NotHex(f"an odd number of hexadecimal digits, {len(bare)}", bytes.fromhex(bare[:-1]))
    encoded = _from_base64("".join(text.split())) if not _BEGUN.match(bare) else None
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


# Dumps


class _Row(NamedTuple):
    """One line of a dump."""

    number: int
    """In the text, from 1."""
    offset: str
    rest: str
    squeezed: bool = False
    colon: bool = False
    """Whether one stands behind the offset."""


def _rows(text: str) -> tuple[list[_Row], int]:
    """Return the lines of a dump, or nothing where *text* is none, and the number of the line that is none of it.

    That is 0 where all of them are.
    """
    rows: list[_Row] = []
    other = 0
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        found = _DUMPED.fullmatch(line) if len(line) <= LONGEST_LINE else None
        if line.strip() == _SQUEEZED and rows:
            rows.append(_Row(number, "", "", squeezed=True))
        elif found is not None:
            rows.append(_Row(number, found["offset"], found["rest"], colon=bool(found["colon"])))
        else:
            other = number
            break
    plain = [row for row in rows if not row.squeezed]
    if not plain or not plain[0].rest.strip():
        return [], other
    starts_at_zero = int(plain[0].offset, 16) == 0
    # One line that begins with zeros is a dump; lines that begin elsewhere are if their offsets go on as they should.
    is_one = starts_at_zero or (len(plain) > 1 and _base(rows) is not None)
    return (rows if is_one else []), other


def _in_order(rows: list[_Row]) -> list[_Row]:
    """Return *rows* with the bytes in their order: hexdump and od -x print words of this machine, the low byte first.

    Their offsets have seven digits and no colon, and nothing but words stands beside them; a byte that is left over
    at the end has zeros before it.
    """
    shown = [row for row in rows if row.rest.strip()]
    if not all(len(row.offset) == OD_DIGITS and not row.colon and _WORDS.fullmatch(row.rest) for row in shown):
        return rows
    return [row._replace(rest=re.sub(r"(\w\w)(\w\w)", r"\2\1", row.rest)) for row in rows]


def _base(rows: list[_Row]) -> int | None:
    """Return the base of the offsets in which each line has the bytes up to the next; None: neither 16 nor 8.

    od writes octal ones, of seven digits, and hexdump as many hexadecimal ones: where both may be meant, those are in
    which the lines have nothing beyond.
    """
    fitting: list[tuple[int, int]] = []
    for base in (8, 16) if len(rows[0].offset) == OD_DIGITS else (16, 8):
        try:
            offsets = [0 if row.squeezed else int(row.offset, base) for row in rows]
        except ValueError:
            continue
        steps = [
            (len(_pairs(row.rest)), after - here)
            for row, below, here, after in zip(rows, rows[1:], offsets, offsets[1:], strict=False)
            if not (row.squeezed or below.squeezed)
        ]
        if all(0 < step <= there for there, step in steps):
            fitting.append((sum(there - step for there, step in steps), base))
    return min(fitting, key=lambda fit: fit[0])[1] if fitting else None


def _dumped(rows: list[_Row]) -> bytes:
    """Return the bytes of a dump.

    Raises:
        NotHex: its offsets do not agree with its lines.
    """
    base = _base(rows) or 16
    read = bytearray()
    above = b""
    start = int(rows[0].offset, base)
    for row, after in zip(rows, [*rows[1:], None], strict=True):
        if row.squeezed:
            end = int(after.offset, base) - start if after is not None and not after.squeezed else 0
            if not above or not len(read) < end <= LARGEST or (end - len(read)) % len(above):
                raise NotHex(f"line {row.number}: '*' stands for lines that the offsets do not tell", bytes(read))
            read += above * ((end - len(read)) // len(above))
            continue
        if int(row.offset, base) - start != len(read):
            said = f"offset {row.offset}, {start + len(read):0{len(row.offset)}{'o' if base == 8 else 'x'}} expected"
            raise NotHex(f"line {row.number}: {said}; is a line missing?", bytes(read))
        known = after is not None and not after.squeezed
        above = _line(row, int(after.offset, base) - start - len(read) if after is not None and known else None)
        read += above
    return bytes(read)


def _line(row: _Row, count: int | None) -> bytes:
    """Return the bytes of one line; *count* is what the next offset says, None where there is none."""
    pairs = _pairs(row.rest)
    if count is not None and 0 < count <= len(pairs):
        return bytes.fromhex("".join(pairs[:count]))
    return next(_beside_text(row.rest), None) or bytes.fromhex("".join(pairs))


def _pairs(rest: str) -> list[str]:
    """Return the bytes that a line begins with, as digits, up to a wide gap or something else."""
    before = rest.lstrip().partition("|")[0]
    pairs: list[str] = []
    at = 0
    while found := _PAIR.match(before, at):
        pairs.append(found[1])
        at = found.end()
    return pairs


def _beside_text(rest: str) -> Iterator[bytes]:
    """Yield the bytes whose text stands to the right of a gap: of these digits the rest of the line is a picture."""
    rest = rest.strip()
    for gap in re.finditer(r"\s{2,}|\s+[|>]", rest):
        digits = "".join(rest[: gap.start()].split())
        if not re.fullmatch("(?:[0-9A-Fa-f]{2})+", digits):
            return
        shown = bytes.fromhex(digits)
        beside = rest[gap.end() :].rstrip("|<")
        if len(beside) <= len(shown) and all(
            each == "." or each == chr(byte) for each, byte in zip(beside, shown, strict=False)
        ):
            yield shown
