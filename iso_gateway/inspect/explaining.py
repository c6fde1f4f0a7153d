"""Everything that a message says, in one structure: values, what coded ones mean, and which bytes they came from.

Its shape is `told.Explained`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

from iso_gateway.codec import mask
from iso_gateway.codec.describe import summary
from iso_gateway.codec.field import Field
from iso_gateway.codec.message import Message
from iso_gateway.codec.parts import tree
from iso_gateway.codec.parts.tree import Node
from iso_gateway.codec.plan import Value
from iso_gateway.codec.spec import Spec
from iso_gateway.codec.trace import Span, spans, spans_so_far
from iso_gateway.inspect import chip, coded, worded
from iso_gateway.inspect.kinds import kind_of, kind_row, operation, outcome, word
from iso_gateway.inspect.leaves import as_text
from iso_gateway.inspect.reading import read
from iso_gateway.inspect.told import Entry, Explained, Fault, Place

if TYPE_CHECKING:
    from iso_gateway.protocol.profile import Profile

PROCESSING: Final = 3
"""The element with the processing code."""
ADDITIONAL: Final = 54
"""The element with additional amounts: what they say is told although digits in a row are masked in it."""
UNKNOWN: Final = "unknown tag"
"""What is said of a tag that neither the spec nor EMV has."""
CURRENCY_TAG: Final = "5F2A"
"""The tag with the currency of the chip's amounts."""


def explain(
    spec: Spec, data: bytes, profile: Profile | None = None, *, unsafe: bool = False, unread: str = ""
) -> Explained:
    """Return everything that *data* says, as far as it can be read.

    Args:
        spec: what it is read by.
        data: one message, from its MTI.
        profile: of the dialect, for its response codes.
        unsafe: have nothing masked.
        unread: why *data* is not all that was given.
    """
    message, faults = read(spec, data)
    if message is None:
        return Explained("no message", spec.name, len(data), [], [Fault.of(each) for each in faults], unread=unread)
    places = spans_so_far(spec.plan, data) if faults else spans(spec.plan, data)
    wrong = {each.field: each.expected for each in faults if each.field.isdecimal()}
    entries = list(_Explaining(message, places, profile, unsafe=unsafe, wrong=wrong).entries())
    told = [Fault.of(error) for error in faults or spec.broken(message)]
    return Explained(_summed(message, profile), spec.name, len(data), entries, told, unread=unread)


def one_line(message: Message, profile: Profile | None = None) -> str:
    """Return the message in one line: ``0210 sale declined 51, insufficient funds · USD 10.51 · STAN 000123``."""
    if profile is None:
        return summary(message)
    code, how = message.text(39), outcome(message, profile)
    said = profile.meaning(code) if code and mask.shown(message, 39) == code else ""
    return summary(message, kind_of(message, profile), "" if how and said.endswith(how) else said, how)


def _summed(message: Message, profile: Profile | None) -> str:
    """Return the line of a message whose dialect may have no profile."""
    if profile is not None:
        return one_line(message, profile)
    code = message.text(39)
    said = coded.of_element(39, code, message.mti) if code and mask.shown(message, 39) == code else ""
    how = outcome(message, None)
    return summary(message, kind_of(message, None), "" if said.endswith(how) else said, how)


class _Explaining(NamedTuple):
    """One message being explained."""

    message: Message
    places: list[Span]
    """Where its elements lie, as far as it could be read."""
    profile: Profile | None
    unsafe: bool
    wrong: dict[str, str]
    """What is wrong with the characters of elements that were read all the same."""

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
        open_ = self.unsafe or (number not in message.doubted and _is_open(field.mask, shown, value))
        plain = isinstance(value, str) and (open_ or shown == value)
        meanings = [self._meaning(number, field.name, value)] if plain else []
        if number == ADDITIONAL and isinstance(value, str) and field.mask in {"none", "scan"}:
            meanings = worded.additional(value) if number not in message.doubted or self.unsafe else []
        if str(number) in self.wrong:
            meanings = [f"wrong: {self.wrong[str(number)]}"]
        said = [each for each in meanings if each]
        yield Entry(str(number), field.name, shown, said, place, written(field), masked=not open_)
        nodes = list(spec.inside(message, number))
        hidden = tree.hidden(nodes)
        context = self._context(nodes)
        for node in nodes:
            yield self._part(number, node, hidden, context, located=place is not None)

    def _context(self, nodes: list[Node]) -> chip.Context:
        """Return what the tags of one element need of the others, and of the message."""
        items = (node.item for node in nodes if node.item is not None)
        own = next(
            (each.value.hex() for each in items if each.key == CURRENCY_TAG and isinstance(each.value, bytes)), ""
        )
        profile = self.profile
        currency = own[-3:] or self.message.text(49)
        return chip.Context(currency) if profile is None else chip.Context(currency, profile.meaning)

    def _meaning(self, number: int, name: str, value: Value) -> str:
        message, profile = self.message, self.profile
        assert isinstance(value, str)
        if number == PROCESSING and profile is not None:
            row = kind_row(message, profile)
            if row is not None and row.type is not None:  # a dialect that tells its kinds otherwise than the standard
                return word(row.kind)
            if profile.network_code == str(PROCESSING) and (said := operation(profile, value)):
                return said
        said = coded.of_element(number, value, message.mti, profile)
        return said or worded.meaning(str(number), name, value, message, profile)

    def _part(self, number: int, node: Node, hidden: set[str], context: chip.Context, *, located: bool) -> Entry:
        path = f"{number}.{node.path}".rstrip(".")
        place = _place(node) if located else None
        if node.item is None:
            return Entry(path, "(cannot be read)", "", [], place, masked=True, depth=node.depth + 1, fault=node.fault)
        item = node.item._replace(mask="all") if node.parent in hidden else node.item
        shown = mask.printable(as_text(item.value)) if self.unsafe else mask.part(item)
        value = item.value
        open_ = self.unsafe or _is_open(item.mask, shown, value)
        said = [] if item.name else [UNKNOWN]
        if open_ and isinstance(value, bytes):
            said += chip.meanings(item.key, value, context)
        elif open_ and isinstance(value, str):
            meaning = coded.of_mti(value) if item.name == "mti" else ""
            meaning = meaning or worded.meaning(path, item.name, value, self.message, self.profile)
            said += [meaning] if meaning else []
        return Entry(path, item.name, shown, said, place, masked=not open_, depth=node.depth + 1)


def _is_open(policy: str, shown: str, value: Value) -> bool:
    """Return whether the bytes of *value* may be seen, of which *shown* is: also where nothing was found to hide."""
    return policy == "none" or (policy == "scan" and shown == mask.printable(as_text(value)))


def _place(node: Node) -> Place | None:
    """Return where *node* lies; None where a head ends in the middle of a byte."""
    if node.body & 1 and node.body != node.start:
        return None
    end = (node.end + 1) // 2
    return Place(node.start // 2, node.body // 2, end, half_start=bool(node.start & 1), half_end=bool(node.end & 1))


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
