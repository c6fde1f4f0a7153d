"""Data read against its declared shape, every fault told.

A shape is declared once, as frozen `msgspec.Struct` types with constraints and defaults. `read` walks the
declaration beside the data and tells every fault at once, each with its path; msgspec's own `convert` stops
at the first. Its texts name what was expected and never what was found: a value may be a secret.

    class Link(msgspec.Struct, frozen=True):
        host: str
        port: Annotated[int, msgspec.Meta(ge=1, le=65535)]

    read(Link, {"host": "127.0.0.1", "prot": 9000})
    # prot: unknown key, did you mean 'port'?
    # port: is missing, expected a whole number from 1 to 65535

Rules across fields go into `__post_init__`: a `ValueError` raised there is a fault of that table, and the
problems of a `ProblemsError` keep their paths, below the table's.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, cast

import msgspec
from msgspec import inspect

from iso_gateway.errors import HINTED, Problem, ProblemsError, did_you_mean
from iso_gateway.settings.words import Many, choices, description, expected, near

T = TypeVar("T")

_BUILD: dict[type, Callable[[list[Any]], object]] = {
    inspect.ListType: list,
    inspect.SetType: set,
    inspect.FrozenSetType: frozenset,
    inspect.VarTupleType: tuple,
}
_TEXT = (inspect.StrType, inspect.AnyType)
_EMPTY = (*_TEXT, inspect.NoneType)  # what the empty text is a value of
_WHOLE_NUMBER = re.compile(r"[+-]?[0-9]{1,18}")
# No exponents and no underscores: nobody means them in a configuration.
_DECIMAL_NUMBER = re.compile(r"[+-]?[0-9]{1,18}(\.[0-9]{1,18})?")


def read(kind: type[T], data: object, *, text: bool = False, told: int = 0) -> tuple[T | None, list[Problem]]:
    """Return *data* as a *kind* with no problems, or None with all of them, in the order of the data.

    Args:
        kind: a `msgspec.Struct` type, or a built-in one such as ``dict[int, Row]``.
        data: mappings, sequences and scalars, as TOML, JSON or a text-only YAML loader give them.
        text: every scalar is a `str` and is converted by the declared type; ``"0100"`` stays text where text
            is declared, and the empty text is None where None is allowed.
        told: how many faults of the same input were told before: see `did_you_mean`.

    Raises:
        TypeError: *kind* declares something that this reader does not know: a bug of the caller.
    """
    problems: list[Problem] = []
    value = _Reader(text=text, told=told).read(_declared(cast("Any", kind)), data, "", problems)
    return (None, problems) if problems else (cast("T", value), [])


@functools.cache
def _declared(kind: Any) -> inspect.Type:
    """Return the walked form of a declaration; the walk is slow and types don't change."""
    return inspect.type_info(kind)


class _Reader:
    """One reading. Each method returns the value; it is meaningless once *problems* has grown."""

    def __init__(self, *, text: bool, told: int) -> None:
        self.text = text
        self.told = told
        """How often a near word was looked for, in this reading and before it."""

    def read(self, kind: inspect.Type, data: object, path: str, problems: list[Problem]) -> object:
        """Read *data* as *kind*."""
        match kind:
            case inspect.Metadata():
                return self._described(kind, data, path, problems)
            case inspect.StructType():
                return self._struct(kind, data, path, problems)
            case inspect.DictType():
                return self._mapping(kind, data, path, problems)
            case inspect.ListType() | inspect.SetType() | inspect.FrozenSetType() | inspect.VarTupleType():
                return self._many(kind, data, path, problems)
            case inspect.TupleType():
                return self._tuple(kind, data, path, problems)
            case inspect.UnionType():
                return self._union(kind, data, path, problems)
            case inspect.AnyType():
                return data
            case _:
                return self._scalar(kind, data, path, problems)

    def _described(self, kind: inspect.Metadata, data: object, path: str, problems: list[Problem]) -> object:
        """Read what a Meta with a description stands around: its words replace ours where a scalar is wrong."""
        mine: list[Problem] = []
        value = self.read(kind.type, data, path, mine)
        words = description(kind)
        if words and any(problem.path == path for problem in mine):
            mine = [Problem(path, f"expected {words}")]
        problems += mine
        return value

    def _struct(self, kind: inspect.StructType, data: object, path: str, problems: list[Problem]) -> object:
        if not isinstance(data, Mapping):
            problems.append(Problem(path, "expected a table of keys"))
            return None
        before = len(problems)
        known = {field.encode_name: field for field in kind.fields}
        values: dict[str, object] = {}
        for key, item in data.items():
            field = known.get(str(key))
            here = _below(path, key)
            if field is None:
                hint = did_you_mean(str(key), [name for name in known if name not in data], self.told)
                self.told += 1
                problems.append(Problem(here, f"unknown key{hint}"))
            elif (self.text and item == "") and not field.required and not _takes(field.type, _EMPTY):
                continue  # ``key:`` with nothing after it says "as usual"
            else:
                values[field.name] = self.read(field.type, item, here, problems)
        problems += [
            Problem(_below(path, name), f"is missing, expected {expected(field.type)}")
            for name, field in known.items()
            if field.required and name not in data
        ]
        return _built(kind.cls, values, path, problems) if len(problems) == before else None

    def _mapping(self, kind: inspect.DictType, data: object, path: str, problems: list[Problem]) -> object:
        if not isinstance(data, Mapping):
            problems.append(Problem(path, f"expected {expected(kind)}"))
            return None
        _check_length(kind, len(data), path, problems)
        found: dict[object, object] = {}
        for key, item in data.items():
            here = _below(path, key)
            # TOML and JSON write every key as text, whatever it stands for.
            reader = _Reader(text=True, told=HINTED) if isinstance(key, str) else self
            wrong: list[Problem] = []
            name = reader.read(kind.key_type, key, here, wrong)
            if wrong:
                problems.append(Problem(here, f"a key here is {expected(kind.key_type)}"))
            elif name in found:
                problems.append(Problem(here, "the same key as one above, written in another way"))
            found[key if wrong else name] = self.read(kind.value_type, item, here, problems)
        return found

    def _many(self, kind: Many, data: object, path: str, problems: list[Problem]) -> object:
        if not isinstance(data, Sequence) or isinstance(data, str | bytes):
            problems.append(Problem(path, f"expected {expected(kind)}"))
            return None
        before = len(problems)
        _check_length(kind, len(data), path, problems)
        items = [self.read(kind.item_type, item, _below(path, at), problems) for at, item in enumerate(data)]
        return _BUILD[type(kind)](items) if len(problems) == before else None

    def _tuple(self, kind: inspect.TupleType, data: object, path: str, problems: list[Problem]) -> object:
        wanted = kind.item_types
        if not isinstance(data, Sequence) or isinstance(data, str | bytes) or len(data) != len(wanted):
            problems.append(Problem(path, f"expected {expected(kind)}"))
            return None
        pairs = enumerate(zip(wanted, data, strict=True))
        return tuple(self.read(each, item, _below(path, at), problems) for at, (each, item) in pairs)

    def _union(self, kind: inspect.UnionType, data: object, path: str, problems: list[Problem]) -> object:
        """Read the first alternative that fits; else tell the faults of the one that was meant."""
        meant: list[Problem] = []
        for each in _alternatives(kind, text=self.text):
            mine: list[Problem] = []
            value = self.read(each, data, path, mine)
            if not mine:
                return value
            # A fault at this very path is another shape altogether; msgspec allows one of each shape.
            if all(problem.path != path for problem in mine):
                meant = mine
        problems += meant or [self._unexpected(kind, data, path)]
        return None

    def _scalar(self, kind: inspect.Type, data: object, path: str, problems: list[Problem]) -> object:
        value = _converted(kind, data) if self.text and isinstance(data, str) else data
        if isinstance(kind, inspect.EnumType):
            value = _member(kind, value)
        elif isinstance(kind, inspect.FloatType) and type(value) is int:
            value = float(value)
        if not _fits(kind, value):
            problems.append(self._unexpected(kind, data, path))
        return value

    def _unexpected(self, kind: inspect.Type, data: object, path: str) -> Problem:
        hint = near(kind, data, self.told)
        self.told += 1
        return Problem(path, f"expected {expected(kind)}{hint}")


def _below(path: str, key: object) -> str:
    return f"{path}.{key}" if path else str(key)


def _built(cls: type[msgspec.Struct], values: dict[str, object], path: str, problems: list[Problem]) -> object:
    """Make the struct; what its own ``__post_init__`` refuses becomes problems."""
    try:
        return cls(**values)
    except ProblemsError as error:
        problems += [Problem(_below(path, each.path) if each.path else path, each.message) for each in error.problems]
    except ValueError as error:
        problems.append(Problem(path, str(error)))
    return None


def _alternatives(kind: inspect.UnionType, *, text: bool) -> list[inspect.Type]:
    """Return the order of trying: as text everything is a str, so the str comes last."""
    return sorted(kind.types, key=lambda each: _takes(each, _TEXT)) if text else list(kind.types)


def _takes(kind: inspect.Type, wanted: tuple[type[inspect.Type], ...]) -> bool:
    """Say whether *kind*, or one of its alternatives, is among *wanted*."""
    match kind:
        case inspect.Metadata():
            return _takes(kind.type, wanted)
        case inspect.UnionType():
            return any(_takes(each, wanted) for each in kind.types)
        case _:
            return isinstance(kind, wanted)


def _converted(kind: inspect.Type, data: str) -> object:
    """Return what text stands for under the declared type, or the text itself where it stands for nothing."""
    match kind:
        case inspect.IntType() if _WHOLE_NUMBER.fullmatch(data):
            return int(data)
        case inspect.FloatType() if _DECIMAL_NUMBER.fullmatch(data):
            return float(data)
        case inspect.BoolType():
            return {"true": True, "false": False}.get(data, data)
        case inspect.NoneType():
            return None if data == "" else data
        case inspect.LiteralType() | inspect.EnumType():
            values = {str(each): each for each in choices(kind)}
            return values.get(data, data)
        case _:
            return data


def _member(kind: inspect.EnumType, value: object) -> object:
    return next((each for each in kind.cls if each.value == value and type(value) is type(each.value)), value)


def _fits(kind: inspect.Type, value: object) -> bool:
    """Say whether a scalar is of its type and within its bounds.

    Raises:
        TypeError: the type is none that configuration is made of.
    """
    match kind:
        case inspect.BoolType():
            return isinstance(value, bool)
        case inspect.IntType():
            return isinstance(value, int) and not isinstance(value, bool) and _in_range(kind, value)
        case inspect.FloatType():
            return isinstance(value, float) and math.isfinite(value) and _in_range(kind, value)
        case inspect.StrType():
            return (
                isinstance(value, str)
                and _length_fits(kind, len(value))
                # "$" alone would let a line end through.
                and (kind.pattern is None or (value[-1:] != "\n" and re.search(kind.pattern, value) is not None))
            )
        case inspect.LiteralType():
            return any(value == each and type(value) is type(each) for each in kind.values)
        case inspect.EnumType():
            return isinstance(value, kind.cls)
        case inspect.NoneType():
            return value is None
        case _:
            raise TypeError(f"settings cannot be declared as {type(kind).__name__}")


def _in_range(kind: inspect.IntType | inspect.FloatType, value: float) -> bool:
    return (
        (kind.ge is None or value >= kind.ge)
        and (kind.gt is None or value > kind.gt)
        and (kind.le is None or value <= kind.le)
        and (kind.lt is None or value < kind.lt)
        and (kind.multiple_of is None or value % kind.multiple_of == 0)
    )


def _length_fits(kind: inspect.StrType | inspect.DictType | Many, length: int) -> bool:
    return (kind.min_length or 0) <= length and (kind.max_length is None or length <= kind.max_length)


def _check_length(kind: inspect.DictType | Many, length: int, path: str, problems: list[Problem]) -> None:
    if not _length_fits(kind, length):
        problems.append(Problem(path, f"expected {expected(kind)}"))
