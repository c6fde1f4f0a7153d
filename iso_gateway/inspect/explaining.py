"""Everything that a message says, in one structure: values, what coded ones mean, and which bytes they came from.

`as_json` is the stable form of it; its shape is `Explained`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from iso_gateway.codec import mask
from iso_gateway.codec.describe import summary, verdict
from iso_gateway.codec.field import Field
from iso_gateway.codec.message import Message
from iso_gateway.codec.parts import tree
from iso_gateway.codec.parts.tree import Node
from iso_gateway.codec.spec import Spec
from iso_gateway.codec.trace import Span, spans, spans_so_far
from iso_gateway.errors import DecodeError
from iso_gateway.inspect import chip, coded
from iso_gateway.inspect.coded import Codes
from iso_gateway.inspect.leaves import as_text


class Place(msgspec.Struct, frozen=True):
    """Where something lies in the message, in bytes from 0."""

    start: int
    """Its first byte, length prefix or tag included."""
    body: int
    """The first byte of its value."""
    end: int
    """The byte after its last one."""


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One element, or one part of it."""

    path: str
    """``mti``, ``bitmap``, ``4``, ``55.9F26``."""
    name: str
    value: str
    """As people may see it: text as carried, bytes as upper-case hexadecimal."""
    meaning: list[str] = []
    """What a coded value says, a line each."""
    place: Place | None = None
    """Where it lies; None where half bytes or several encodings leave no whole bytes to point at."""
    encoding: str = ""
    """How it is written: ``LLVAR, length in ASCII, n in BCD``."""
    masked: bool = False
    """Whether its bytes are hidden too."""
    depth: int = 0
    """0 for an element, 1 for a part of it, and so on."""
    fault: str = ""
    """Why it cannot be read."""


class Explained(msgspec.Struct, frozen=True, omit_defaults=True):
    """A message in words."""

    summary: str
    spec: str
    length: int
    """Bytes."""
    entries: list[Entry]
    """In the order of the bytes."""
    faults: list[Fault] = []
    """Empty where all of it could be read."""
    unread: str = ""
    """Why these bytes are not all that was given, and where the rest begins; empty where they are."""


class Fault(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where it could not be read further."""

    path: str
    offset: int
    expected: str
    missing: int = 0
    """How many bytes are missing at least; 0: more would not help."""

    @classmethod
    def of(cls, error: DecodeError) -> Fault:
        """Return the fault that *error* tells of."""
        return cls(error.field, error.offset, error.expected, error.missing)


def explain(
    spec: Spec, data: bytes, profile: Codes | None = None, *, unsafe: bool = False, unread: str = ""
) -> Explained:
    """Return everything that *data* says, as far as it can be read.

    Args:
        spec: what it is read by.
        data: one message, from its MTI.
        profile: of the dialect, for its response codes.
        unsafe: have nothing masked.
        unread: why *data* is not all that was given.
    """
    try:
        message = spec.decode(data)
    except DecodeError as error:
        partial = error.partial
        if partial is None:
            return Explained("no message", spec.name, len(data), [], [Fault.of(error)], unread)
        so_far = spans_so_far(spec.plan, data)
        entries = list(_Explaining(partial, so_far, profile, unsafe=unsafe).entries())
        return Explained(one_line(partial, profile), spec.name, len(data), entries, [Fault.of(error)], unread)
    places = spans(spec.plan, data)
    entries = list(_Explaining(message, places, profile, unsafe=unsafe).entries())
    faults = [Fault.of(error) for error in spec.broken(message)]
    return Explained(one_line(message, profile), spec.name, len(data), entries, faults, unread)


def as_json(explained: Explained) -> dict[str, Any]:
    """Return *explained* as plain data, without what is empty."""
    made: dict[str, Any] = msgspec.to_builtins(explained)
    return made


def one_line(message: Message, profile: Codes | None = None) -> str:
    """Return the message in one line: ``0210 declined 51, insufficient funds · USD 10.51 · STAN 000123 · TERM0001``."""
    line = summary(message)
    code = message.text(39)
    if not code or profile is None:
        return line
    said, meaning = mask.shown(message, 39).strip(), profile.meaning(code)
    short = f"{verdict(said)} {said}"
    return line if meaning == verdict(said) else line.replace(short, f"{short}, {meaning}", 1)


class _Explaining(NamedTuple):
    """One message being explained."""

    message: Message
    places: list[Span]
    """Where its elements lie, as far as it could be read."""
    profile: Codes | None
    unsafe: bool

    def entries(self) -> Iterator[Entry]:
        """Yield message type, bitmaps and elements, each followed by what is inside."""
        message = self.message
        assert message.spec is not None
        spots = {span.field: Place(span.start, span.body, span.end) for span in self.places}
        meaning = coded.of_mti(message.mti)
        plan = message.spec.plan
        kind = _said(plan.mti_codec)
        yield Entry("mti", "message type", message.mti, [meaning] if meaning else [], spots.get("mti"), kind)
        numbers = ", ".join(map(str, message))
        for span in self.places:
            if span.field == "bitmap":
                place = Place(span.start, span.body, span.end)
                yield Entry("bitmap", "bitmap", numbers, place=place, encoding=_said(plan.bitmap_form))
        for number in message:
            yield from self._element(number, spots.get(str(number)))

    def _element(self, number: int, place: Place | None) -> Iterator[Entry]:
        message = self.message
        spec = message.spec
        assert spec is not None
        field = spec.fields[number]
        value = message[number]
        shown = mask.printable(as_text(value)) if self.unsafe else mask.shown(message, number)
        open_ = self.unsafe or field.mask == "none"
        meaning = coded.of_element(number, value, message.mti, self.profile) if open_ and isinstance(value, str) else ""
        yield Entry(
            str(number), field.name, shown, [meaning] if meaning else [], place, written(field), masked=not open_
        )
        nodes = list(spec.inside(message, number))
        hidden = tree.hidden(nodes)
        for node in nodes:
            yield self._part(number, node, hidden, located=place is not None)

    def _part(self, number: int, node: Node, hidden: set[str], *, located: bool) -> Entry:
        path = f"{number}.{node.path}".rstrip(".")
        whole = located and not (node.start | node.body | node.end) & 1
        place = Place(node.start // 2, node.body // 2, node.end // 2) if whole else None
        if node.item is None:
            return Entry(path, "(cannot be read)", "", [], place, masked=True, depth=node.depth + 1, fault=node.fault)
        item = node.item._replace(mask="all") if node.parent in hidden else node.item
        open_ = self.unsafe or item.mask == "none"
        shown = mask.printable(as_text(item.value)) if self.unsafe else mask.part(item)
        value = item.value
        said = chip.meanings(item.key, value) if open_ and isinstance(value, bytes) else []
        return Entry(path, item.name, shown, said, place, masked=not open_, depth=node.depth + 1)


def written(field: Field) -> str:
    """Return how an element is written, in words: ``LLVAR, length in BCD, n in BCD``."""
    what = f"{field.format} {field.max}" if field.length == "fixed" else f"{field.format}..{field.max}"
    body = what if field.encoding == "binary" else f"{what} in {_said(field.encoding)}"
    if field.length == "fixed":
        return body
    counts = f" of {field.counts}" if field.counts != "bytes" else ""
    return f"{body}, {field.length} in {_said(field.prefix)}{counts}"


def _said(encoding: str) -> str:
    return {"ascii": "ASCII", "bcd": "BCD", "hex": "hex", "hex-ebcdic": "hex, EBCDIC", "binary": "binary"}.get(
        encoding, encoding
    )
