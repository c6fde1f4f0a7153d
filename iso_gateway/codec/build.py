"""A spec's data -> `Spec`, with every fault of the data told at once.

The data is what YAML says, with scalars as text or as what they are. docs/specs.md is the reference of its keys: each
with its values, its default and an example. What a file adds to them is `base`, which `catalog.bases` reads.

A value is what was carried: what fills a fixed field, or the odd nibble of packed digits, is never taken away. x+n
with packed digits is a sign in ASCII before them. A fixed bitmap's first bit stands for data element 1 where the spec
has one; where not it may be set or not, is kept as it came, and is written clear.
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
from iso_gateway.codec.plan import FIELD, FOLLOWS, HIGHEST, NO_THIRD, Plan
from iso_gateway.codec.presence import Rule
from iso_gateway.codec.spec import Spec
from iso_gateway.errors import Problem, SpecError


class _MTI(Struct, frozen=True):
    encoding: Literal["ascii", "bcd", "cp037", "cp500", "cp1047", "cp1140"]


class _Bitmap(Struct, frozen=True):
    encoding: Literal["binary", "hex", "hex-ebcdic"]
    third: Literal["none", "follows", "field"] = "none"
    fixed: Literal["8", "16", "24"] | None = None

    @property
    def size(self) -> int:
        """The bytes of a fixed bitmap; 0 where it is none."""
        return int(self.fixed or 0)


class SpecShape(Struct, frozen=True):
    """A spec as the data has it; its fields are read one by one."""

    name: Annotated[str, Meta(min_length=1)]
    version: Literal["1987", "1993", "2003", "any"]
    mti: _MTI
    bitmap: _Bitmap
    fields: dict[Annotated[int, Meta(ge=1, le=HIGHEST)], Any]
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
    problems += _unreachable(source)
    if shape is None or problems:
        raise SpecError(problems)
    echo = ECHO if shape.echo is None else tuple(sorted(set(shape.echo)))
    plan = Plan(
        shape.version,
        mti_codec=shape.mti.encoding,
        bitmap_form=shape.bitmap.encoding,
        bitmap_fixed=shape.bitmap.size,
        third={"none": NO_THIRD, "follows": FOLLOWS, "field": FIELD}[shape.bitmap.third],
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


def _unreachable(source: Mapping[str, Any]) -> list[Problem]:
    """Return the fields for which the bitmap has no bit, or another use of it, whatever is wrong beside them."""
    bitmap, _problems = settings.read(_Bitmap, source.get("bitmap"), text=True)
    fields = source.get("fields")
    if bitmap is None or not isinstance(fields, Mapping):
        return []
    numbers = sorted(int(key) for key in fields if key.isascii() and key.isdecimal() and len(key) <= 3)
    found = [Problem(f"fields.{each}", reason) for each in numbers if (reason := _misplaced(bitmap, each))]
    if bitmap.fixed and bitmap.third != "none":
        found.append(Problem("bitmap.third", "a fixed bitmap announces no other"))
    return found


def _misplaced(bitmap: _Bitmap, number: int) -> str:
    """Return why *bitmap* cannot name data element *number*; empty where it can."""
    if number > HIGHEST:
        return ""  # that is told already
    if bitmap.fixed:
        last = 8 * bitmap.size
        return f"a bitmap of {bitmap.fixed} bytes ends at data element {last}" if number > last else ""
    if number == 1:
        return "bit 1 announces the second bitmap, and is no field"
    if number == 65:
        return "bit 65 announces a third bitmap, and is no field"
    return (
        "is in a third bitmap: say where that stands, bitmap.third" if number > 128 and bitmap.third == "none" else ""
    )


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
