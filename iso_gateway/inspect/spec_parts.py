"""The parts that a spec declares, wherever they stand: in any kind of parts, nested to any depth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from iso_gateway.codec.spec import Spec

_TABLES: Final[Mapping[str, tuple[str, ...]]] = {
    "ber-tlv": ("tags",),
    "tagged": ("tags",),
    "datasets": ("sets",),
    "bitmap": ("parts",),
    "dbm": ("parts", "tags"),
}
"""Where each kind of parts has its parts; `layouts` and `repeat` are other shapes."""


class Declared(NamedTuple):
    """One part, as the data of a spec has it."""

    path: str
    """Of the data: ``fields.48.parts.2``."""
    row: Mapping[str, Any]
    table: str
    """The path of what holds it and its likes."""


def declared(spec: Spec, number: int) -> Iterator[Declared]:
    """Yield the parts that *spec* declares inside data element *number*, each before what is inside it."""
    row = spec.source["fields"].get(str(number), {})
    yield from _inside(row.get("parts"), f"fields.{number}.parts")


def tables(parts: Any, path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the tables of parts that *parts* has, with their paths: one, or several where there are layouts."""
    if not isinstance(parts, Mapping) or not parts:
        return
    kind = next(iter(parts))
    if len(parts) == 1 and kind == "layouts":
        for at, each in enumerate(parts[kind]):
            yield f"{path}.layouts.{at}.parts", each["parts"]
    elif len(parts) == 1 and kind == "repeat":
        yield path, {"repeat": parts[kind]}
    elif len(parts) == 1 and kind in _TABLES:
        shape = parts[kind]
        for name in _TABLES[kind]:
            yield f"{path}.{kind}.{name}", shape.get(name, {})
    else:
        yield path, parts


def _inside(parts: Any, path: str) -> Iterator[Declared]:
    for table, rows in tables(parts, path):
        for key, row in rows.items():
            here = f"{table}.{key}"
            yield Declared(here, row, table)
            yield from _inside(row.get("parts"), f"{here}.parts")
