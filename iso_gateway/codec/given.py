"""Values as people give them -> values as a field or a part carries them, before anything is measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from iso_gateway.codec.field import Field
from iso_gateway.codec.plan import Row, Value
from iso_gateway.errors import EncodeError


def plain(field: Field, row: Row, value: object, *, digits: int | None = None) -> Value:
    """Return *value* as text or bytes.

    Text and bytes stay as they are; an int is written with leading zeros (format n); hexadecimal text stands for
    bytes (format b); a mapping, or a list of pairs where keys repeat, makes the parts of what has them.

    Args:
        field: what carries it.
        row: how.
        value: as it was given.
        digits: how many an int is written with; None: as many as the row says.

    Raises:
        EncodeError: the field cannot hold that; the path begins with the field's number.
    """
    if isinstance(value, str):
        return octets(str(field.number), value) if field.binary else value
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    if isinstance(value, int) and not isinstance(value, bool):
        if field.format != "n" or value < 0:
            raise EncodeError(str(field.number), "a number fits only format n, and only from 0")
        if digits is None:
            digits = 0 if row.width else row.high
        try:
            return f"{value:0{digits}d}"
        except ValueError:
            # Python writes no number of more than some thousand digits.
            raise EncodeError(str(field.number), "a number of too many digits") from None
    if field.inside is not None and isinstance(value, Mapping | list | tuple):
        given = value.items() if isinstance(value, Mapping) else value
        try:
            return at_the_end(field, field.inside.built([_pair(each) for each in given]))
        except EncodeError as error:
            raise EncodeError(f"{field.number}.{error.field}".rstrip("."), error.reason) from None
    raise EncodeError(str(field.number), "expected text, bytes, a number, or parts where the spec has them")


def octets(path: str, value: object) -> bytes:
    """Return bytes, or what hexadecimal text stands for.

    Raises:
        EncodeError: it is neither.
    """
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    if isinstance(value, str):
        try:
            raw = bytes.fromhex(value)
        except ValueError:
            raw = b""
        # fromhex() passes over white space, which shows in the length.
        if 2 * len(raw) == len(value):
            return raw
    raise EncodeError(path, "expected bytes, or their hexadecimal text")


def at_the_end(field: Field, value: Value) -> Value:
    """Return *value*, made of parts, filled up behind the last where *field* is fixed: in front it would move them."""
    if field.length == "fixed" and field.pad_side == "left" and field.pad_with and value and isinstance(value, str):
        return value.ljust(field.max, field.pad_with)
    return value


def _pair(given: Any) -> tuple[str, object]:
    if not isinstance(given, list | tuple) or len(given) != 2:
        raise EncodeError("", "a list of parts holds pairs of key and value")
    return str(given[0]), given[1]
