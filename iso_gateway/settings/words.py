"""What a declared type looks like, in words for whoever wrote the file.

The words name what is expected and never what was found: a value may be a secret.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import inspect

from iso_gateway.errors import did_you_mean

Many = inspect.ListType | inspect.SetType | inspect.FrozenSetType | inspect.VarTupleType
"""Types that hold any number of items of one kind."""
Choice = inspect.LiteralType | inspect.EnumType
"""Types that hold one of a few values."""


def choices(kind: Choice) -> tuple[Any, ...]:
    """Return the values that *kind* allows, an enum's as its members' values."""
    return kind.values if isinstance(kind, inspect.LiteralType) else tuple(each.value for each in kind.cls)


def near(kind: inspect.Type, data: object, told: int = 0) -> str:
    """Return ``", did you mean 'bcd'?"`` for the nearest word that *kind* knows, or the empty string.

    *told* is how many faults were told before: see `did_you_mean`.
    """
    if not isinstance(data, str):
        return ""
    return did_you_mean(data, [word for word in _known(kind) if word != data], told)


def expected(kind: inspect.Type) -> str:
    """Return what a value of *kind* looks like: ``a whole number from 1 to 65535``."""
    match kind:
        case inspect.Metadata():
            return description(kind) or expected(kind.type)
        case inspect.UnionType():
            return " or ".join(expected(each) for each in kind.types if not isinstance(each, inspect.NoneType))
        case inspect.StructType():
            return "a table of keys"
        case inspect.DictType():
            return f"a table of {_count(kind, 'row')}, each {expected(kind.value_type)}"
        case inspect.TupleType():
            items = ", ".join(expected(each) for each in kind.item_types)
            return f"a list of {_number(len(kind.item_types), 'item')}: {items}"
        case inspect.ListType() | inspect.SetType() | inspect.FrozenSetType() | inspect.VarTupleType():
            return f"a list of {_count(kind, 'item')}, each {expected(kind.item_type)}"
        case _:
            return _expected_scalar(kind)


def description(kind: inspect.Metadata) -> str:
    """Return the words that a ``Meta(description=...)`` gives to its type, or the empty string."""
    return str((kind.extra_json_schema or {}).get("description", ""))


def _expected_scalar(kind: inspect.Type) -> str:
    match kind:
        case inspect.LiteralType() | inspect.EnumType():
            values = [str(each) for each in choices(kind)]
            return values[0] if len(values) == 1 else "one of " + ", ".join(values)
        case inspect.BoolType():
            return "true or false"
        case inspect.IntType():
            return "a whole number" + _range(kind)
        case inspect.FloatType():
            return "a number" + _range(kind)
        case inspect.StrType():
            form = f" of the form {kind.pattern}" if kind.pattern else ""
            return "text" + _length(kind) + form
        case _:
            return "nothing" if isinstance(kind, inspect.NoneType) else "a value"


def _known(kind: inspect.Type) -> Iterator[str]:
    match kind:
        case inspect.LiteralType() | inspect.EnumType():
            yield from (each for each in choices(kind) if isinstance(each, str))
        case inspect.UnionType():
            for each in kind.types:
                yield from _known(each)
        case inspect.Metadata():
            yield from _known(kind.type)


def _range(kind: inspect.IntType | inspect.FloatType) -> str:
    if kind.ge is not None and kind.le is not None:
        words = [f" from {kind.ge} to {kind.le}"]
    else:
        bounds = ((" of at least", kind.ge), (" over", kind.gt), (" of at most", kind.le), (" under", kind.lt))
        words = [f"{word} {bound}" for word, bound in bounds if bound is not None]
    if kind.multiple_of is not None:
        words.append(f" in steps of {kind.multiple_of}")
    return ",".join(words)


def _length(kind: inspect.StrType) -> str:
    low, high = kind.min_length or 0, kind.max_length
    if not low and high is None:
        return ""
    return f"{',' if high is None else ' of'} {_span(low, high, 'character')}"


def _count(kind: inspect.DictType | Many, unit: str) -> str:
    low, high = kind.min_length or 0, kind.max_length
    return f"{unit}s" if not low and high is None else _span(low, high, unit)


def _span(low: int, high: int | None, unit: str) -> str:
    if high is None:
        return f"at least {_number(low, unit)}"
    if low == high:
        return _number(low, unit)
    return f"{low} to {high} {unit}s" if low else f"at most {_number(high, unit)}"


def _number(count: int, unit: str) -> str:
    return f"{count} {unit}{'s' * (count != 1)}"
