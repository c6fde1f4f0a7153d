"""Where two specs differ: on the wire, in what they accept, or only in words and masks.

What is compared is what was built, with every default filled in: how a spec came to be, from a base or written out, is
no difference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import Any, Final, NamedTuple

from iso_gateway.codec.field import Field
from iso_gateway.codec.parts.ber import BerTLV
from iso_gateway.codec.parts.bitmapped import Bitmapped, DatasetMap
from iso_gateway.codec.parts.part import Part
from iso_gateway.codec.parts.positional import Layouts, Positional, Repeated
from iso_gateway.codec.parts.structure import Structure
from iso_gateway.codec.parts.tagged import Figure, Tagged
from iso_gateway.codec.plan import FIELD, FOLLOWS
from iso_gateway.codec.spec import Spec


class What(StrEnum):
    """What a difference is about."""

    WIRE = "wire"
    """The same message has other bytes, or one side cannot say it."""
    CONTENT = "content"
    """The bytes are alike; one side refuses what the other takes, or cuts it in other parts."""
    WORDS = "words"
    """Names, masks, echo, profile: nothing that anybody else sees."""


class Difference(NamedTuple):
    """One thing in which two specs differ."""

    path: str
    """``mti``, ``bitmap``, ``35``, ``48.2``, ``55.9F26``; of words ``35.mask``."""
    what: What
    left: str
    right: str


ABSENT: Final = "not there"
_OF_THE_LENGTH: Final = ("length", "prefix", "counts", "prefix_bytes", "inclusive")
_OF_WORDS: Final = ("name", "mask")
_CODECS: Final = {"ascii": "ASCII", "bcd": "BCD", "hex": "hex", "hex-ebcdic": "hex, EBCDIC"}


def compare(left: Spec, right: Spec) -> list[Difference]:
    """Return in what two specs differ, the whole first, then by data element, what is inside one behind it."""
    return [*_whole(left, right), *_tables("", left.fields, right.fields)]


def _whole(left: Spec, right: Spec) -> Iterator[Difference]:
    for name, saying in (("mti", _mti), ("bitmap", _bitmap)):
        ours, theirs = saying(left), saying(right)
        if ours != theirs:
            yield Difference(name, What.WIRE, ours, theirs)
    for name in ("version", "profile", "echo"):
        ours, theirs = _listed(getattr(left, name)), _listed(getattr(right, name))
        if ours != theirs:
            yield Difference(name, What.CONTENT if name == "version" else What.WORDS, ours, theirs)


def _mti(spec: Spec) -> str:
    return "2 bytes of BCD" if spec.plan.mti_codec == "bcd" else f"4 characters in {_said(spec.plan.mti_codec)}"


def _bitmap(spec: Spec) -> str:
    plan = spec.plan
    form = "binary" if plan.bitmap_form == "binary" else _said(plan.bitmap_form)
    if plan.bitmap_fixed:
        return f"{form}, {plan.bitmap_fixed} bytes whatever bit 1 says"
    third = {FOLLOWS: ", a third one behind the second", FIELD: ", a third one as DE 65"}.get(plan.third, "")
    return f"{form}, as many as announced{third}"


def _listed(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value) or "none"


# Elements and parts, which are fields too


def _tables(path: str, left: Mapping[Any, Field], right: Mapping[Any, Field]) -> Iterator[Difference]:
    """Yield in what two tables of fields differ; those of *left* first in their order, then the others."""
    keys = sorted({*left, *right}) if not path else [*left, *(key for key in right if key not in left)]
    for key in keys:
        here = f"{path}.{key}" if path else str(key)
        ours, theirs = left.get(key), right.get(key)
        if ours is None or theirs is None:
            # A part more or less is another cut of the same bytes.
            what = What.CONTENT if path else What.WIRE
            yield Difference(
                here, what, ABSENT if ours is None else _all(ours), ABSENT if theirs is None else _all(theirs)
            )
        else:
            yield from _field(here, ours, theirs)


def _field(path: str, ours: Field, theirs: Field) -> Iterator[Difference]:
    wire, content = _aspects(ours, theirs)
    if wire:
        yield Difference(path, What.WIRE, *_words(wire, ours, theirs))
    if content:
        yield Difference(path, What.CONTENT, *_words(content, ours, theirs))
    for name in _OF_WORDS:
        one, other = getattr(ours, name), getattr(theirs, name)
        if one != other:
            yield Difference(f"{path}.{name}", What.WORDS, one, other)
    yield from _inside(path, ours.inside, theirs.inside)


def _aspects(ours: Field, theirs: Field) -> tuple[list[str], list[str]]:
    """Return the aspects in which two fields differ, on the wire and in what they take."""

    def differs(*names: str) -> bool:
        return any(getattr(ours, name) != getattr(theirs, name) for name in names)

    wire, content = [], []
    fixed = ours.length == theirs.length == "fixed"
    sized = fixed and differs("max")
    if differs("encoding") or sized:
        wire.append("body")
    elif differs("format", "max"):
        content.append("body")
    if not fixed and differs(*_OF_THE_LENGTH):
        wire.append("length")
    if _pad(ours) != _pad(theirs) and not wire:
        # It lies in the bytes where it fills half of one; elsewhere a value is what was carried.
        if ours.encoding == "bcd":
            wire.append("pad")
        elif fixed:
            content.append("pad")
    if differs("min") and not sized and ours.length == theirs.length:
        content.append("min")
    return wire, content


def _words(aspects: list[str], ours: Field, theirs: Field) -> tuple[str, str]:
    left, right = ("; ".join(_SAYING[each](field) for each in aspects) for field in (ours, theirs))
    return left, right


def _all(field: Field) -> str:
    return f"{_body(field)}, {_length(field)}" if field.length != "fixed" else _body(field)


def _body(field: Field) -> str:
    what = f"{field.format} {field.max}" if field.length == "fixed" else f"{field.format}..{field.max}"
    return what if field.encoding == "binary" else f"{what} in {_said(field.encoding)}"


def _length(field: Field) -> str:
    """Say the length: ``LL in BCD digits``, what is counted behind how it is written."""
    if field.length == "fixed":
        return "no length"
    letters = field.length.removesuffix("VAR")
    width = f" of {field.prefix_bytes} bytes" if field.prefix_bytes else ""
    itself = ", itself too" if field.inclusive else ""
    return f"{letters} in {_said(field.prefix)}{width}, counts {field.counts}{itself}"


def _pad(field: Field) -> str:
    return f"filled {field.pad_side} with {field.pad_with!r}" if field.pad_with else "not filled"


def _least(field: Field) -> str:
    return f"{field.min} at least"


_SAYING: Final[dict[str, Callable[[Field], str]]] = {
    "body": _body,
    "length": _length,
    "pad": _pad,
    "min": _least,
}


def _said(encoding: str) -> str:
    return _CODECS.get(encoding, encoding)


# What is inside


def _inside(path: str, ours: Structure | None, theirs: Structure | None) -> Iterator[Difference]:
    if ours is None and theirs is None:
        return
    left, right = _kind(ours), _kind(theirs)
    if left != right:
        yield Difference(f"{path}.parts", What.CONTENT, left, right)
    if type(ours) is not type(theirs) or ours is None or theirs is None:
        return
    if isinstance(ours, Layouts) and isinstance(theirs, Layouts):
        one, other = ({each.size or 0: each for each in layouts.layouts} for layouts in (ours, theirs))
        for size in sorted({*one, *other}):
            if size in one and size in other:
                yield from _parts(f"{path}({size})", one[size].declared(), other[size].declared())
        return
    yield from _parts(path, ours.declared(), theirs.declared())


def _parts(path: str, left: Iterator[Part], right: Iterator[Part]) -> Iterator[Difference]:
    """Yield in what two tables of parts differ."""
    one, other = ({part.key: part for part in parts} for parts in (left, right))
    yield from _tables(path, *({key: part.field for key, part in each.items()} for each in (one, other)))


def _kind(structure: Structure | None) -> str:
    """Say how something is cut, but for its parts."""
    if structure is None:
        return "none"
    if isinstance(structure, Layouts):
        return f"by its size: {', '.join(str(each.size) for each in structure.layouts)}"
    if isinstance(structure, Tagged):
        order = "length before tag" if structure.length_first else "tag before length"
        counted = ", the length counts both" if structure.counts_tag else ""
        return f"tags of {_figure(structure.tag)}, lengths of {_figure(structure.length)}, {order}{counted}"
    if isinstance(structure, DatasetMap):
        return f"a dataset bit map, numbers are {'bits' if structure.by_bit else 'elements'}"
    if isinstance(structure, Bitmapped):
        more = ", bit 1 announces another" if structure.chained else ""
        return f"a bitmap of {structure.size} bytes in {_said(structure.encoding)}{more}"
    words = {Positional: "one after the other", Repeated: "the same again and again", BerTLV: "BER-TLV"}
    return words.get(type(structure), type(structure).__name__)


def _figure(figure: Figure) -> str:
    return f"{figure.size} in {_said(figure.encoding)}" if figure.encoding else str(figure.size)
