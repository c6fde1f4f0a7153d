"""Where two specs differ: on the wire, in what they accept, or only in words and masks.

What is compared is what was built, with every default filled in: how a spec came to be, from a base or written out, is
no difference, and neither is another word for the same bytes (digits in cp037 or cp500, a length in bytes or characters
of ASCII). `spec_words` has the words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any, Final, NamedTuple

from iso_gateway.codec import body
from iso_gateway.codec.charsets import EBCDIC
from iso_gateway.codec.field import Field
from iso_gateway.codec.parts.part import Part
from iso_gateway.codec.parts.positional import Layouts
from iso_gateway.codec.parts.structure import Structure
from iso_gateway.codec.plan import row
from iso_gateway.codec.spec import Spec
from iso_gateway.inspect import spec_words


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
    """``mti``, ``bitmap``, ``35``, ``48.2``, ``55.9F26``, ``48(12).2`` of a layout of 12; of words ``35.mask``."""
    what: What
    left: str
    right: str


class Declared(NamedTuple):
    """An element, or a part, as it was declared."""

    field: Field
    part: Part | None = None


ABSENT: Final = "not there"
_OF_WORDS: Final = ("name", "mask")


def compare(left: Spec, right: Spec) -> list[Difference]:
    """Return in what two specs differ, the whole first, then by data element, what is inside one behind it."""
    ours, theirs = (
        {number: Declared(field) for number, field in sorted(spec.fields.items())} for spec in (left, right)
    )
    return [*_whole(left, right), *sorted(_tables("", ours, theirs), key=_number)]


def _number(found: Difference) -> int:
    """Return the data element that a difference is in."""
    return int("".join(each if each.isdigit() else " " for each in found.path).split()[0])


def _whole(left: Spec, right: Spec) -> Iterator[Difference]:
    for name, saying in (("mti", spec_words.mti), ("bitmap", spec_words.bitmap)):
        ours, theirs = saying(left), saying(right)
        if ours != theirs:
            yield Difference(name, What.WIRE, ours, theirs)
    for name in ("version", "profile", "echo"):
        ours, theirs = _listed(getattr(left, name)), _listed(getattr(right, name))
        if ours != theirs:
            yield Difference(name, What.CONTENT if name == "version" else What.WORDS, ours, theirs)


def _listed(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value) or "none"


# Elements and parts, which are fields too


def _tables(path: str, left: Mapping[Any, Declared], right: Mapping[Any, Declared]) -> Iterator[Difference]:
    """Yield in what two tables of fields differ; those of *left* first in their order, then the others."""
    for key in [*left, *(key for key in right if key not in left)]:
        here = f"{path}.{key}" if path else str(key)
        ours, theirs = left.get(key), right.get(key)
        if ours is None or theirs is None:
            # A part more or less is another cut of the same bytes.
            what = What.CONTENT if path else What.WIRE
            yield Difference(
                here, what, *(ABSENT if each is None else spec_words.everything(*each) for each in (ours, theirs))
            )
        else:
            yield from _field(here, ours, theirs)


def _field(path: str, ours: Declared, theirs: Declared) -> Iterator[Difference]:
    wire, content = _aspects(ours, theirs)
    for what, aspects in ((What.WIRE, wire), (What.CONTENT, content)):
        if aspects:
            yield Difference(
                path, what, *("; ".join(_SAYING[aspect](each) for aspect in aspects) for each in (ours, theirs))
            )
    for name in _OF_WORDS:
        one, other = getattr(ours.field, name), getattr(theirs.field, name)
        if one != other:
            yield Difference(f"{path}.{name}", What.WORDS, one, other)
    yield from _inside(path, ours.field.inside, theirs.field.inside)


_SAYING: Final[dict[str, Callable[[Declared], str]]] = {
    "body": lambda each: spec_words.body(*each),
    "length": lambda each: spec_words.length(*each),
    "pad": lambda each: spec_words.pad(each.field),
    "min": lambda each: spec_words.least(each.field),
}


def _aspects(left: Declared, right: Declared) -> tuple[list[str], list[str]]:
    """Return the aspects in which two fields differ, on the wire and in what they take."""
    ours, theirs = left.field, right.field
    wire: list[str] = []
    content: list[str] = []
    fixed = ours.length == theirs.length == "fixed" and not _rest(left) and not _rest(right)
    sized = fixed and _bytes(ours) != _bytes(theirs)
    if sized or not _alike(ours, theirs):
        wire.append("body")
    elif any(getattr(ours, name) != getattr(theirs, name) for name in ("encoding", "format", "max")):
        content.append("body")
    if _head(left) != _head(right):
        wire.append("length")
    if _pad(ours) != _pad(theirs) and not wire:
        # It lies in the bytes where it fills half of one; elsewhere a value is what was carried.
        if _odd(ours):
            wire.append("pad")
        elif fixed:
            content.append("pad")
    if ours.min != theirs.min and not fixed and ours.length == theirs.length:
        content.append("min")
    return wire, content


def _rest(each: Declared) -> bool:
    return each.part is not None and each.part.rest


def _bytes(field: Field) -> int:
    """Return the bytes of a fixed field."""
    return body.size(row(field), 2 * field.max if field.encoding.startswith("hex") else field.max)


def _head(each: Declared) -> tuple[Any, ...]:
    """Return all that makes the bytes of a length, the same where they are."""
    field = each.field
    if _rest(each):
        return ("rest",)
    if field.length == "fixed":
        return ()
    prefix = "EBCDIC" if field.prefix in EBCDIC else field.prefix
    counts = field.counts if spec_words.countable(field) else "bytes"
    if field.encoding.startswith("hex"):  # two characters a byte, of which a length counts one or the other
        counts = {"bytes": "pairs", "characters": "bytes"}.get(counts, counts)
    return spec_words.prefix_width(field), prefix, counts, field.inclusive


def _alike(ours: Field, theirs: Field) -> bool:
    """Return whether what both take has the same bytes in both."""
    encodings = {ours.encoding, theirs.encoding}
    if len(encodings) == 1:
        return True
    if "bcd" in encodings or ("binary" in encodings and ours.binary and theirs.binary):
        return False
    if "binary" in encodings:
        return True  # bytes here, characters there
    said = _characters(ours) if len(_characters(ours)) < len(_characters(theirs)) else _characters(theirs)
    one, other = (said.encode(_TEXTS.get(each.encoding, each.encoding)) for each in (ours, theirs))
    return one == other


_TEXTS: Final = {"hex": "ascii", "hex-ebcdic": "cp500"}


def _characters(field: Field) -> str:
    """Return the characters of ASCII by which encodings of *field* are told apart."""
    if field.format in {"n", "nibbles"} or field.binary:
        return "0123456789ABCDEF"
    if field.format in {"a", "an", "anp", "xn"}:
        return "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz "
    return "".join(map(chr, range(32, 127)))


def _pad(field: Field) -> tuple[str, str]:
    return (field.pad_side, field.pad_with) if field.pad_with else ("", "")


def _odd(field: Field) -> bool:
    """Return whether half a byte of *field* can be left over."""
    if field.encoding != "bcd":
        return False
    return field.max % 2 == 1 if field.length == "fixed" else field.counts != "bytes"


# What is inside


def _inside(path: str, ours: Structure | None, theirs: Structure | None) -> Iterator[Difference]:
    left, right = spec_words.kind(ours), spec_words.kind(theirs)
    if left != right:
        # Parts of another kind have other bytes; where one side has none, it takes them as a whole.
        what = What.CONTENT if ours is None or theirs is None else What.WIRE
        yield Difference(f"{path}.parts", what, left, right)
    if type(ours) is not type(theirs) or ours is None or theirs is None:
        return
    if isinstance(ours, Layouts) and isinstance(theirs, Layouts):
        one, other = ({each.size or 0: each for each in layouts.layouts} for layouts in (ours, theirs))
        for size in sorted({*one} & {*other}):
            yield from _parts(f"{path}({size})", one[size].declared(), other[size].declared())
    else:
        yield from _parts(path, ours.declared(), theirs.declared())


def _parts(path: str, left: Iterable[Part], right: Iterable[Part]) -> Iterator[Difference]:
    """Yield in what two tables of parts differ."""
    yield from _tables(path, *({part.key: Declared(part.field, part) for part in parts} for parts in (left, right)))
