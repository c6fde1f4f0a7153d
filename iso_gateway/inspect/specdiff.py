"""Where two specs differ: on the wire, in what they accept, or only in words and masks."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Any, Final, NamedTuple

from iso_gateway.codec.field import Field
from iso_gateway.codec.spec import Spec
from iso_gateway.inspect.explaining import written


class What(StrEnum):
    """What a difference is about."""

    WIRE = "wire"
    """The same message has other bytes, or one side cannot say it."""
    CONTENT = "content"
    """The bytes are alike; one side refuses what the other takes."""
    WORDS = "words"
    """Names, masks, echo, profile: nothing that anybody else sees."""


class Difference(NamedTuple):
    """One thing in which two specs differ."""

    path: str
    what: What
    left: str
    right: str


_OF_THE_WIRE: Final = ("encoding", "length", "prefix", "counts", "prefix_bytes", "inclusive")
_PAD: Final = ("pad_side", "pad_with")
"""On the wire only where it fills half a byte; elsewhere a value is what was carried."""
_OF_CONTENT: Final = ("format", "max", "min", *_PAD)
_OF_WORDS: Final = ("name", "mask")


def compare(left: Spec, right: Spec) -> list[Difference]:
    """Return in what two specs differ, the whole first, then by data element."""
    return [*_whole(left, right), *(each for number in _numbers(left, right) for each in _element(number, left, right))]


def _numbers(left: Spec, right: Spec) -> list[int]:
    return sorted({*left.fields, *right.fields})


def _whole(left: Spec, right: Spec) -> Iterator[Difference]:
    plans = left.plan, right.plan
    for name, attribute in (("mti", "mti_codec"), ("bitmap", "bitmap_form"), ("bitmap.fixed", "bitmap_fixed"),
                            ("bitmap.third", "third")):  # fmt: skip
        ours, theirs = (getattr(plan, attribute) for plan in plans)
        if ours != theirs:
            yield Difference(name, What.WIRE, str(ours), str(theirs))
    for name in ("version", "profile", "echo"):
        ours, theirs = getattr(left, name), getattr(right, name)
        if ours != theirs:
            what = What.CONTENT if name == "version" else What.WORDS
            yield Difference(name, what, _said(ours), _said(theirs))


def _element(number: int, left: Spec, right: Spec) -> Iterator[Difference]:
    path = f"fields.{number}"
    ours, theirs = left.fields.get(number), right.fields.get(number)
    if ours is None or theirs is None:
        yield Difference(path, What.WIRE, written(ours) if ours else "none", written(theirs) if theirs else "none")
        return
    what = _what(ours, theirs)
    if what is not None:
        yield Difference(path, what, written(ours), written(theirs))
    for name in _OF_WORDS:
        one, other = getattr(ours, name), getattr(theirs, name)
        if one != other:
            yield Difference(f"{path}.{name}", What.WORDS, one, other)
    one, other = (spec.source["fields"].get(str(number), {}).get("parts") for spec in (left, right))
    if one != other:
        yield Difference(f"{path}.parts", What.CONTENT, "parts" if one else "none", "other parts" if other else "none")


def _what(ours: Field, theirs: Field) -> What | None:
    """Return what two ways to write an element differ in; None: in nothing."""
    fixed = ours.length == "fixed" and ours.max != theirs.max
    wire = (*_OF_THE_WIRE, *_PAD) if ours.encoding == "bcd" else _OF_THE_WIRE
    if fixed or any(getattr(ours, name) != getattr(theirs, name) for name in wire):
        return What.WIRE
    return What.CONTENT if any(getattr(ours, name) != getattr(theirs, name) for name in _OF_CONTENT) else None


def _said(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value) or "none"
