"""A spec's data -> `Spec`, with every fault of the data told at once.

The data is what YAML says, with scalars as text or as what they are:

    key      values                                            default
    base     a spec to take over: a shipped name or a file       read by `iso_gateway.load_spec`; see `catalog.bases`
    name, title, profile
    version  1987 1993 2003 any                                the first digit of the MTI follows from it
    mti      {encoding: ascii|bcd}
    bitmap   {encoding: hex|binary}
    echo     [2, 3, ...]                                       `message.ECHO`
    fields   number: a field
    presence id: a rule                                        those of the profile; see `presence`

and of a field

    name     text
    format   n a an anp ns ans z b xn any nibbles
    length   fixed LVAR LLVAR LLLVAR LLLLVAR LLLLLVAR LLLLLLVAR
    max      digits or characters, bytes for b, gbk and the like
    min      the same                                          0; `max` for a fixed field
    encoding ascii bcd binary hex, or a Python codec           binary for b, else ascii
    prefix   ascii bcd binary cp037 cp500                      (required but for fixed)
    counts   digits characters bytes                           digits for bcd, else bytes
    pad      "left 0", "right F", "right space", none          left 0 for n, right F for packed z and nibbles,
                                                               none for b and x+n, else right space
    mask     none pan track all scan                           (required)
    parts    what is inside: see `part_rules`
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from iso_gateway import settings
from iso_gateway.codec import pyiso8583, rules
from iso_gateway.codec.field import Field
from iso_gateway.codec.message import ECHO
from iso_gateway.codec.plan import Plan
from iso_gateway.codec.presence import Rule
from iso_gateway.codec.spec import Spec
from iso_gateway.errors import Problem, SpecError


class _MTI(Struct, frozen=True):
    encoding: Literal["ascii", "bcd"]


class _Bitmap(Struct, frozen=True):
    encoding: Literal["binary", "hex"]


class SpecShape(Struct, frozen=True):
    """A spec as the data has it; its fields are read one by one."""

    name: Annotated[str, Meta(min_length=1)]
    version: Literal["1987", "1993", "2003", "any"]
    mti: _MTI
    bitmap: _Bitmap
    fields: dict[Annotated[int, Meta(ge=2, le=128)], Any]
    title: str = ""
    profile: str = ""
    echo: list[int] | None = None
    presence: dict[str, Rule] = {}


def build_spec(data: Mapping[str, Any]) -> Spec:
    """Return the spec that *data* describes; a pyiso8583 specification is taken too.

    Raises:
        SpecError: every fault of it, each with its path; lines are not known here.
    """
    if pyiso8583.is_specification(data):
        data = pyiso8583.imported(data)
    source = plain(data)
    shape, problems = settings.read(SpecShape, source, text=True)
    fields = _fields(source.get("fields"), problems)
    problems += _echo_faults(source)
    if shape is None or problems:
        raise SpecError(problems)
    echo = ECHO if shape.echo is None else tuple(sorted(set(shape.echo)))
    plan = Plan(
        shape.version,
        mti_packed=shape.mti.encoding == "bcd",
        bitmap_hex=shape.bitmap.encoding == "hex",
        fields=fields.values(),
    )
    return Spec(
        name=shape.name,
        title=shape.title,
        version=shape.version,
        profile=shape.profile,
        fields=MappingProxyType(fields),
        echo=echo,
        plan=plan,
        presence=MappingProxyType(shape.presence),
        source=source,
    )


def _echo_faults(source: Mapping[str, Any]) -> list[Problem]:
    """Return what `echo` names and the fields do not have, whatever is wrong beside it."""
    echo, fields = source.get("echo"), source.get("fields")
    if not isinstance(echo, list) or not isinstance(fields, Mapping):
        return []
    return [
        Problem(f"echo.{at}", "no field of this spec")
        for at, each in enumerate(echo)
        if isinstance(each, str) and each.lstrip("-").isdecimal() and each.lstrip("0") not in fields
    ]


def _fields(data: Any, problems: list[Problem]) -> dict[int, Field]:
    """Return the fields that can be read, ascending; each is read whatever is wrong with the others."""
    found: dict[int, Field] = {}
    for key, each in data.items() if isinstance(data, Mapping) else ():
        if key.isascii() and key.isdecimal() and len(key) <= 3:
            field = rules.Reading(f"fields.{key}", problems).field(int(key), each)
            if field is not None:
                found[int(key)] = field
    return dict(sorted(found.items()))


def plain(data: Any) -> Any:
    """Return a copy of *data* in mappings, lists and text, so that nobody else can change it and JSON can carry it."""
    if isinstance(data, Mapping):
        return {str(name): plain(each) for name, each in data.items()}
    if isinstance(data, list | tuple):
        return [plain(each) for each in data]
    return str(data).lower() if isinstance(data, bool) else str(data)
