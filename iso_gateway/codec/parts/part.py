"""One declared part: how its value lies in what holds it.

What holds a part is bytes, or characters that are decoded already; the part's length is counted in those. In
bytes a part is a field like any other, encoding and length prefix included. In characters it is a slice; bytes
lie there as hexadecimal digits, and a length prefix is digits.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate
from typing import NamedTuple

from iso_gateway.codec import body, content, given, lengths
from iso_gateway.codec.field import Field, Mask
from iso_gateway.codec.plan import CODED, HEX, PACKED, SIGNED, Row, Value
from iso_gateway.codec.plan import row as row_of
from iso_gateway.codec.unreadable import Unreadable, many
from iso_gateway.errors import EncodeError


class Piece(NamedTuple):
    """One piece of a composite: where it was, and what stood there."""

    key: str
    """The tag (``"9F26"``) or the number (``"2"``)."""
    part: Part | None
    """What the spec says of it; None where it says nothing."""
    at: int
    """Where its body begins, in bytes or characters of the whole."""
    head: Value
    """Tag and length, or length prefix, as they came."""
    body: Value
    """What holds the value."""
    length: int
    """The length of the body in units of the part's row: an odd number of digits is not seen in its bytes."""
    gap: Value
    """What stood before it and means nothing."""

    @property
    def start(self) -> int:
        """Where its head begins."""
        return self.at - len(self.head)

    @property
    def end(self) -> int:
        """Where what follows begins."""
        return self.at + len(self.body)


class Part:
    """What a spec says of one part.

    Args:
        key: its number or tag.
        field: its name, format, mask and so on; its number is 0.
        rest: whether it takes all that is left (or all that a tag's length says).
        binary: whether what holds it is bytes.
        charset: of the text that holds it, where it is not.
    """

    __slots__ = ("_row", "binary", "charset", "field", "key", "rest")

    def __init__(self, key: str, field: Field, *, rest: bool, binary: bool, charset: str = "") -> None:
        self.key = key
        self.field = field
        self.rest = rest
        self.binary = binary
        self.charset = charset
        self._row: Row | None = None

    @property
    def row(self) -> Row:
        """How it lies: lowered when it is first asked for, since most specs have more parts than messages do."""
        if self._row is None:
            lowered = row_of(self.field)
            if not self.binary and not self.field.binary:
                pattern = content.pattern(self.field.format, self.charset)
                lowered = lowered._replace(pattern=pattern, check=content.PATTERN)
            self._row = lowered
        return self._row

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Part):
            return NotImplemented
        mine, theirs = ((each.key, each.field, each.rest, each.binary) for each in (self, other))
        return mine == theirs

    # As `Structure`.
    __hash__ = None  # type: ignore[assignment]

    @property
    def name(self) -> str:
        """In snake case."""
        return self.field.name

    @property
    def mask(self) -> Mask:
        """What people may see of it."""
        return self.field.mask

    @property
    def size(self) -> int | None:
        """How much it takes of what holds it; None where that is not always the same."""
        return None if self.rest or self.row.width else self._taken(self.row.high)

    def cut(self, whole: Value, at: int) -> Piece:
        """Return the part that begins *at* in *whole*.

        Raises:
            Unreadable: it is cut short, or its length prefix is none.
        """
        if self.rest:
            return self.filled(whole[at:], at)
        row = self.row
        head = whole[at : at + row.width]
        if len(head) < row.width:
            what = f"length prefix: {many(len(head), self.noun)} left, {row.width} needed"
            raise Unreadable(at, what, self.key)
        length = self._length(head, at) if row.width else row.high
        at += row.width
        needed = self._taken(length)
        found = whole[at : at + needed]
        if len(found) < needed:
            raise Unreadable(at, f"{many(len(found), self.noun)} left, {needed} needed", self.key)
        return Piece(self.key, self, at, head, found, length, whole[:0])

    def filled(self, found: Value, at: int, head: Value = "") -> Piece:
        """Return the piece whose body is all of *found*."""
        length = len(found)
        if self.binary and self.row.op == PACKED:
            length *= 2
        elif self.binary and self.row.op == SIGNED:
            length = max(0, 2 * length - 1)
        return Piece(self.key, self, at, head or found[:0], found, length, found[:0])

    def read(self, found: Value, length: int) -> Value:
        """Return what a body says.

        Raises:
            Unreadable: it is not of the part's format; the place is within the body.
        """
        if isinstance(found, bytes):
            if self.row.op == SIGNED and not found:
                return ""
            return body.read(self.row, found, length)
        if self.row.op == HEX:
            return body.read(self.row, found.encode("ascii", "replace"), length)
        matched = self.row.pattern.match(found)
        good = matched.end() if matched else 0
        if good < len(found):
            raise Unreadable(good, f"not {content.words(self.row.kind)}")
        return found

    def written(self, value: object) -> tuple[Value, int]:
        """Return the body that says *value*, as people give it, and its length.

        Raises:
            EncodeError: the part cannot hold it; the path is that below the part.
        """
        row = self.row
        try:
            plain = given.plain(self.field, row, value, digits=1 if self.rest else None)
            carried = body.fitted(row, self._whole(plain))
        except EncodeError as error:
            raise EncodeError(error.field.partition(".")[2], error.reason) from None
        length = body.units(row, carried)
        if self.binary:
            return body.write(row, carried), length
        return carried.hex().upper() if isinstance(carried, bytes) else carried, length

    def head(self, length: int) -> Value:
        """Return the length prefix that says *length*."""
        if self.rest:
            return b"" if self.binary else ""
        found = self.row.heads.get(length) or b""
        return found if self.binary else found.decode()

    @property
    def noun(self) -> str:
        """Return what its size counts."""
        return "byte" if self.binary else "character"

    def outward(self, found: Value, value: Value, at: int) -> int:
        """Return the byte or character of the body *found* that holds unit *at* of its *value*."""
        if isinstance(found, bytes):
            return min(body.place(self.row, value, at), len(found))
        return 2 * at if self.row.op == HEX else at

    def _whole(self, value: Value) -> Value:
        """Refuse an odd number of packed digits where they are all that is left, or a size in bytes says how many."""
        row = self.row
        even = self.rest or not (row.width or row.high % 2)
        if self.binary and row.op == PACKED and len(value) % 2 and not row.pad and even:
            raise EncodeError("0", "an odd number of digits")
        return value

    def _taken(self, length: int) -> int:
        return body.size(self.row, length) if self.binary else length

    def _length(self, head: Value, at: int) -> int:
        row = self.row
        known = head
        if row.source == lengths.NIBBLES and isinstance(head, bytes):
            known = head.hex()
        elif row.source == lengths.TEXT and isinstance(head, bytes):
            known = head.decode("latin-1")
        length = row.reading.get(known)
        if length is not None:
            return length
        said = lengths.count(head if isinstance(head, bytes) else head.encode("latin-1", "replace"), row.prefix)
        if said is None:
            raise Unreadable(at, "not a length", self.key)
        raise Unreadable(at, f"length {said}, from {row.low // row.step} to {row.high // row.step} allowed", self.key)


def halves(row: Row, value: Value) -> Callable[[int], int]:
    """Return what tells how many half bytes of a body stand before a unit of *value*.

    The units of bytes are half bytes, those of text its characters.
    """
    if row.op == CODED and isinstance(value, str):
        # Once for all of them: to encode what stands before each would take a time that grows with the square.
        before = [0, *accumulate(2 * len(each.encode(row.codec)) for each in value)]
        return lambda at: before[at]
    return lambda at: _halves(row, value, at)


def _halves(row: Row, value: Value, at: int) -> int:
    if row.op == HEX:
        return 2 * at
    if isinstance(value, bytes):
        return at
    if row.op == PACKED:
        return at + (len(value) % 2 if row.left else 0)
    if row.op == SIGNED:
        return at and 1 + at + ((len(value) - 1) % 2 if row.left else 0)
    return 2 * at
