"""Dumps with offsets: hexdump, xxd, od, tcpdump, tshark and Wireshark, jPOS.

    00000000  30 32 30 30 ...  |0200|                hexdump -C, xxd, tcpdump -X, tshark -x, od -t x1, ISOUtil.hexdump
    0000000 3230 3030 ...                            words of hexdump and od -x, the second byte of each first

A dump is told from digits by its first column: offsets that agree with the number of bytes in the lines. So a line
that is missing is noticed, and the text column, which may look like digits, is not read. Where offsets begin with zero
again, another dump begins; between dumps other text may stand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from iso_gateway.cli.intake import LARGEST, NotHex

LONGEST_LINE: Final = 1024
"""Characters of a line of a dump; a longer one is none, since each gap in it is looked at."""
_DUMPED: Final = re.compile(
    r"\s*(?!Feb |Dec )(?:0x)?(?P<offset>[0-9A-Fa-f]{3,16})(?P<colon>:?)(?:(?<=:)\s*|\s+|\s*$)(?P<rest>.*)"
)
_PAIR: Final = re.compile(r"[ \t]{0,2}([0-9A-Fa-f]{2})")
_PAIRS: Final = re.compile(r"(?:\b[0-9A-Fa-f]{2} +){3}")
_WORDS: Final = re.compile(r"(?:[0-9A-Fa-f]{4}(?:\s+|$))+")
_ENDS: Final = re.compile(r"$|\s{2,}|\s*[|>]|(?<=[0-9A-Fa-f])[.]")
"""What may follow the bytes of a line."""
OD_DIGITS: Final = 7
"""Of the offsets of od, unless it is told otherwise."""
_SQUEEZED: Final = "*"
"""A line of hexdump, od and xxd: what follows is the line above once more."""


class _Row(NamedTuple):
    """One line of a dump."""

    number: int
    """In the text, from 1."""
    offset: str
    rest: str
    squeezed: bool = False
    colon: bool = False
    """Whether one stands behind the offset."""


def dumps(text: str) -> list[bytes]:
    """Return the bytes of each dump in *text*; none where it has none.

    Raises:
        NotHex: a line of one is missing, or is no line of it; what is before it is the bytes so far.
    """
    blocks, other = _blocks(text)
    if not blocks or (other and not any(_begins(block[0]) for block in blocks)):
        return []
    if len(blocks) == 1 and not _begins(blocks[0][0]) and (len(blocks[0]) < 2 or _base(blocks[0]) is None):
        # One line that begins with zeros is a dump; lines that begin elsewhere are if their offsets go on as they
        # should.
        return []
    found: list[bytes] = []
    for block in blocks:
        if not _begins(block[0]) and len(blocks) > 1:
            raise NotHex(f"line {other}: no line of the dump above it", b"".join(found[-1:]))
        found.append(_dumped(_in_order(block)))
    if other > blocks[-1][-1].number and not _closes(text.splitlines(), other):
        raise NotHex(f"line {other}: no line of the dump above it", found[-1])
    return found


def _closes(lines: list[str], number: int) -> bool:
    """Return whether the line of that *number*, below a dump, is nothing that one may have looked for in it."""
    apart = number > 1 and not lines[number - 2].strip()
    return (apart or lines[number - 1].lstrip().startswith(("<", "---"))) and not _PAIRS.search(lines[number - 1])


def _begins(row: _Row) -> bool:
    return not row.squeezed and int(row.offset, 16) == 0 and bool(_pairs(row.rest))


def _blocks(text: str) -> tuple[list[list[_Row]], int]:
    """Return the lines of each dump, and the number of the last line in or below one that is none of it, or 0."""
    blocks: list[list[_Row]] = []
    other, apart = 0, True
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        found = _DUMPED.fullmatch(line) if len(line) <= LONGEST_LINE else None
        if line.strip() == _SQUEEZED and not apart:
            blocks[-1].append(_Row(number, "", "", squeezed=True))
        elif found is None:
            other, apart = number, True
        else:
            row = _Row(number, found["offset"], found["rest"], colon=bool(found["colon"]))
            if apart or (_begins(row) and blocks):
                blocks.append([])
            blocks[-1].append(row)
            apart = False
    return blocks, other


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
    shown = next(_beside_text(row.rest), None)
    if shown is None and row.rest.strip() and not _ENDS.match(row.rest.strip(), _after(row.rest.strip())):
        raise NotHex(f"line {row.number}: what follows the bytes is neither a byte nor a text column")
    return shown or bytes.fromhex("".join(pairs))


def _after(rest: str) -> int:
    """Return where the bytes end that a line begins with."""
    at = 0
    while found := _PAIR.match(rest, at):
        at = found.end()
    return at


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
