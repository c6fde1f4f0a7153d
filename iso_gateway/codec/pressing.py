"""A spec -> plain data, from which `pressed` makes it again in a tenth of the time."""

from __future__ import annotations

from typing import Any, Final

from iso_gateway.codec import pressed
from iso_gateway.codec.lowering import lowered
from iso_gateway.codec.pressed import Pressed, Thing
from iso_gateway.codec.spec import Spec

_NUMBERS: Final = {name: number for number, name in enumerate(pressed.KINDS)}
_MADE: Final = frozenset({"_row"})
"""What is made again of all else when it is first asked for."""
_PLAIN: Final = (str, int, type(None))


def press(spec: Spec) -> Pressed:
    """Return *spec* as plain data.

    Raises:
        TypeError: it has something in it that is not known here.
    """
    things = _Things()
    fields = tuple(things.place(field) for field in spec.fields.values())
    tables: dict[tuple[bytes, ...], int] = {}
    rows = tuple(
        (*row[:-1], None if row.tables is None else tables.setdefault(row.tables, len(tables)))
        for row in lowered(spec.plan)
    )
    plan = spec.plan
    return Pressed(
        spec={
            "name": spec.name,
            "title": spec.title,
            "version": spec.version,
            "profile": spec.profile,
            "echo": spec.echo,
            "source": spec.source,
        },
        plan={
            "version": spec.version,
            "mti_codec": plan.mti_codec,
            "bitmap_form": plan.bitmap_form,
            "bitmap_fixed": plan.bitmap_fixed,
            "third": plan.third,
        },
        things=tuple(things.all),
        fields=fields,
        rows=rows,
        tables=tuple(tables),
    )


class _Things:
    """What a spec declares, each thing once."""

    def __init__(self) -> None:
        self.all: list[Thing] = []
        self._places: dict[int, int] = {}

    def place(self, thing: object) -> int:
        """Return the place of *thing* among all, put there with what it is made of if need be."""
        if id(thing) not in self._places:
            number = _NUMBERS[type(thing).__name__]
            plain: dict[str, Any] = {}
            links: dict[str, Any] = {}
            for name in _names(thing):
                self._sort(name, None if name in _MADE else getattr(thing, name), plain, links)
            self._places[id(thing)] = len(self.all)
            self.all.append((number, plain, links))
        return self._places[id(thing)]

    def _sort(self, name: str, value: Any, plain: dict[str, Any], links: dict[str, Any]) -> None:
        if isinstance(value, _PLAIN):
            plain[name] = value
        elif isinstance(value, dict):
            links[name] = {key: self.place(each) for key, each in value.items()}
        elif type(value) is tuple:
            links[name] = tuple(self.place(each) for each in value)
        elif type(value).__name__ in _NUMBERS:
            links[name] = self.place(value)
        else:
            raise TypeError(f"{name}: {type(value).__name__} cannot be pressed")


def _names(thing: object) -> list[str]:
    """Return the names of what is in *thing*."""
    if isinstance(thing, tuple):
        return list(thing._fields)  # type: ignore[attr-defined]  # a named one
    slots = [each.__dict__.get("__slots__", ()) for each in type(thing).__mro__]
    return [name for some in slots for name in some]
