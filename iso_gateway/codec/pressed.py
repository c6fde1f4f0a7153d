"""Plain data -> the spec that it was pressed from, without reading, judging and lowering it once more.

What `pressing` writes and this reads is nothing but tuples, dicts and scalars: names of classes stand in it as numbers
of `KINDS`, and whatever else the data says, no other class is made of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from iso_gateway.codec.field import Field
from iso_gateway.codec.parts.part import Part
from iso_gateway.codec.plan import Plan
from iso_gateway.codec.spec import Spec

KINDS: Final = (
    *("Field", "Part", "Positional", "Layouts", "Repeated", "BerTLV", "Tagged", "Figure"),
    *("Bitmapped", "DatasetMap"),
)
"""The classes of what a spec declares."""

Thing = tuple[int, Mapping[str, Any], Mapping[str, Any]]
"""A number of `KINDS`, what is plain in it by name, and by name the places of other things among all: one, a tuple of
them, or a dict."""


class Pressed(NamedTuple):
    """A spec as plain data."""

    spec: Mapping[str, Any]
    """What `Spec` is given as it is."""
    plan: Mapping[str, Any]
    """What `Plan` is given as it is."""
    things: tuple[Thing, ...]
    """Fields, parts and the ways to cut, those that others are made of first."""
    fields: tuple[int, ...]
    """Which of them are the data elements."""
    rows: tuple[tuple[Any, ...], ...]
    """The rows as the compiled engine takes them, but for their tables, which are places among *tables* or None."""
    tables: tuple[tuple[bytes, ...], ...]


def spec_of(pressed: Pressed) -> Spec:
    """Return the spec that *pressed* was pressed from."""
    made = things_of(pressed.things)
    fields: dict[int, Field] = {made[each].number: made[each] for each in pressed.fields}
    tables = pressed.tables
    lowered: Any = [(*row, None if at is None else tables[at]) for *row, at in pressed.rows]
    plan = Plan(**pressed.plan, fields=fields.values(), lowered=lowered)
    return Spec(**pressed.spec, fields=MappingProxyType(fields), plan=plan)


def things_of(things: tuple[Thing, ...]) -> list[Any]:
    """Return what *things* say, each made once however many others have it."""
    kinds: dict[int, Any] = {}
    made: list[Any] = []
    for number, plain, links in things:
        kind = kinds.get(number)
        if kind is None:
            kind = kinds[number] = _kind(KINDS[number])
        values = {**plain, **{name: _linked(made, link) for name, link in links.items()}} if links else plain
        if issubclass(kind, tuple):
            thing = kind(**values)
        else:
            thing = object.__new__(kind)
            for name, value in values.items():
                setattr(thing, name, value)
        made.append(thing)
    return made


def _kind(name: str) -> Any:
    """Return the class *name*; few specs need all of them, so that each is loaded when it is asked for."""
    home: Any
    match name:
        case "Field":
            return Field
        case "Part":
            return Part
        case "BerTLV":
            from iso_gateway.codec.parts import ber as home  # noqa: PLC0415
        case "Tagged" | "Figure":
            from iso_gateway.codec.parts import tagged as home  # noqa: PLC0415
        case "Bitmapped" | "DatasetMap":
            from iso_gateway.codec.parts import bitmapped as home  # noqa: PLC0415
        case _:
            from iso_gateway.codec.parts import positional as home  # noqa: PLC0415
    return getattr(home, name)


def _linked(made: list[Any], link: Any) -> Any:
    if isinstance(link, dict):
        return {key: made[each] for key, each in link.items()}
    return tuple(made[each] for each in link) if isinstance(link, tuple) else made[link]
