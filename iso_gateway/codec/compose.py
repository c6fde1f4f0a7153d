"""Values as people give them -> values as fields carry them, and a message's fields with some of them changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from iso_gateway.codec import body, given
from iso_gateway.codec.content import DIGITS, PRINTABLE
from iso_gateway.codec.field import Field
from iso_gateway.codec.likeness import alike
from iso_gateway.codec.parts import paths
from iso_gateway.codec.plan import HIGHEST, PACKED, Plan, Value
from iso_gateway.codec.unreadable import Unreadable
from iso_gateway.errors import EncodeError

Kept = dict[int, bytes]


class Shape(Protocol):
    """What is asked of a spec here."""

    @property
    def fields(self) -> Mapping[int, Field]:
        """The data elements."""

    @property
    def plan(self) -> Plan:
        """Their rows."""


def path(key: int | str) -> tuple[int, str]:
    """Return the number of the data element that *key* names, and the part inside: ``"55.9F26"`` -> 55, 9F26.

    Raises:
        KeyError: it names nothing.
    """
    if isinstance(key, int):
        return key, ""
    if not isinstance(key, str):
        raise KeyError(key)
    number, _, inside = key.partition(".")
    if not (number.isascii() and number.isdecimal() and len(number) <= 3):
        raise KeyError(key)
    return int(number), inside


def carried(spec: Shape, number: int, value: object) -> Value:
    """Return *value* as data element *number* of *spec* carries it.

    Text and bytes stay as they are but for the filling of a short fixed field; an int is written with leading
    zeros (format n); hexadecimal text stands for bytes (format b); a mapping, or a list of pairs where tags
    repeat, makes the parts of an element that has them.

    Raises:
        EncodeError: the element cannot hold that.
    """
    row = spec.plan.rows.get(number)
    if row is None:
        raise EncodeError(str(number), "the spec has no such field")
    if isinstance(value, str) and row.op <= PACKED and row.heads.get(len(value)) is not None:
        # The common case: the right length, nothing to fill.
        if row.check == DIGITS:
            good = value.isdecimal() and value.isascii()
        else:
            good = row.check == PRINTABLE and value.isprintable() and value.isascii()
        if good or row.pattern.fullmatch(value):
            return value
    return body.fitted(row, given.plain(spec.fields[number], row, value))


def changed(
    spec: Shape | None, fields: Mapping[int, Value], kept: Mapping[int, bytes] | None, changes: Mapping[Any, Any]
) -> tuple[dict[int, Value], Kept | None]:
    """Return the fields with *changes* applied, ascending, and of the kept bodies those that still hold.

    Raises:
        EncodeError: a change that the spec, or one of a message without a spec, cannot carry.
    """
    after = dict(fields)
    inside: dict[int, dict[str, object]] = {}
    for key, value in changes.items():
        if isinstance(key, int):
            number = key
        else:
            number, part = _path(key)
            if part:
                inside.setdefault(number, {})[part] = value
                continue
        if value is None:
            after.pop(number, None)
        else:
            after[number] = _unbound(number, value) if spec is None else carried(spec, number, value)
    for number, some in inside.items():
        after[number] = _with_parts(spec, number, after.get(number), some)
    if len(after) != len(fields) or after.keys() != fields.keys():
        after = dict(sorted(after.items()))
    if not kept:
        return after, None
    still = _still(fields, kept, after)
    if spec is not None:
        for number in inside.keys() & kept.keys() - still.keys() - changes.keys():
            row = spec.plan.rows[number]
            fresh = body.write(row, after[number])
            still[number] = alike(row, (fields[number], kept[number]), (after[number], fresh))
    return after, still or None


def _path(key: str) -> tuple[int, str]:
    try:
        return path(key)
    except KeyError:
        raise EncodeError(str(key), "not the path of a field") from None


def _unbound(number: int, value: object) -> Value:
    if not isinstance(value, str | bytes) or not 1 <= number <= HIGHEST:
        raise EncodeError(str(number), f"a message without a spec holds text or bytes in data elements 1 to {HIGHEST}")
    return value


def _with_parts(spec: Shape | None, number: int, value: Value | None, changes: Mapping[str, object]) -> Value:
    inside = None if spec is None or number not in spec.fields else spec.fields[number].inside
    if spec is None or inside is None:
        raise EncodeError(f"{number}.{next(iter(changes))}", "the spec has no such part")
    try:
        some = [(paths.written(each), new) for each, new in changes.items()]
        value = inside.changed(inside.empty if value is None else value, some)
        value = given.at_the_end(spec.fields[number], value)
    except Unreadable as error:
        raise EncodeError(paths.joined(number, error.key), "what it holds now is broken") from None
    except EncodeError as error:
        raise EncodeError(paths.joined(number, error.field), error.reason) from None
    return carried(spec, number, value)


def _still(before: Mapping[int, Value], kept: Mapping[int, bytes], after: Mapping[int, Value]) -> Kept:
    left = {number: raw for number, raw in kept.items() if number in after and after[number] == before[number]}
    if 0 in kept and after.keys() == before.keys():
        left[0] = kept[0]
    return left
