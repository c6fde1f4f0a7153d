"""What is inside a data element: BER-TLV data objects, or pieces at fixed places.

Nothing here runs when a message is decoded. The bytes of an element always stay as they came; who asks for a
part has it read then, and gets the fault then if it is broken.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from iso_gateway.codec import content, tlv
from iso_gateway.codec.field import Field, Layout, Part
from iso_gateway.codec.unreadable import Unreadable, many
from iso_gateway.errors import EncodeError

Value = str | bytes


class Item(NamedTuple):
    """One part."""

    key: str
    """The tag (``"9F26"``) or the number (``"2"``)."""
    value: Value
    part: Part | None = None
    """What the spec says of it; None for a tag."""


class Parts:
    """The parts of one element, in their order.

    ``parts["9F26"]`` is the first part of that key; iteration gives each key once, `items` every part.
    """

    __slots__ = ("_items",)

    def __init__(self, items: tuple[Item, ...] = ()) -> None:
        self._items = items

    def __getitem__(self, key: str) -> Value:
        key = key.upper()
        for item in self._items:
            if item.key == key:
                return item.value
        raise KeyError(key)

    def get(self, key: str, default: Value | None = None) -> Value | None:
        """Return the first part of that key, or *default*."""
        return next((item.value for item in self._items if item.key == key.upper()), default)

    def all(self, key: str) -> list[Value]:
        """Return every part of that key, in order."""
        return [item.value for item in self._items if item.key == key.upper()]

    def items(self) -> list[tuple[str, Value]]:
        """Return every part with its key, repeats too, in order."""
        return [(item.key, item.value) for item in self._items]

    def described(self) -> tuple[Item, ...]:
        """Return every part with what the spec says of it, in order."""
        return self._items

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(item.key for item in self._items))

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and any(item.key == key.upper() for item in self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Parts) and self.items() == other.items()

    # Values compare, nobody keeps them in a set.
    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        # Values may be card data, and parts alone do not know what may be shown.
        return f"<Parts {' '.join(item.key for item in self._items)}>"


def read(field: Field, value: Value) -> Parts:
    """Return the parts of *value*; none where no layout is for its size.

    Raises:
        Unreadable: it is cut short, or a part is not of its format.
    """
    if field.tlv:
        assert isinstance(value, bytes), "the spec lets only format b hold data objects"
        return Parts(tuple(Item(each.tag, each.value) for each in tlv.read(value)[0]))
    for layout in field.layouts:
        if layout.size is None or layout.size == len(value):
            return Parts(tuple(_cut(field, layout, value)))
    return Parts()


def one(field: Field, value: Value, key: str) -> Value:
    """Return the first part of that key.

    Raises:
        KeyError: there is none.
        Unreadable: *value* is broken, there or anywhere else.
    """
    if not field.tlv:
        return read(field, value)[key]
    assert isinstance(value, bytes), "the spec lets only format b hold data objects"
    found = tlv.find(value, key.upper())
    if found is None:
        raise KeyError(key)
    return found


def _cut(field: Field, layout: Layout, value: Value) -> Iterator[Item]:
    pos = 0
    for part in layout.parts:
        if pos == len(value):
            return  # parts at the end may be left out
        size = len(value) - pos if part.size is None else part.size
        piece = value[pos : pos + size]
        if len(piece) < size:
            raise Unreadable(pos, f"{many(len(piece), _noun(field))} left, {size} needed", part.key)
        yield Item(part.key, _read(field, part, piece, pos), part)
        pos += size
    if pos < len(value):
        raise Unreadable(pos, f"{many(len(value) - pos, _noun(field))} after the last part")


def _read(field: Field, part: Part, piece: Value, pos: int) -> Value:
    if isinstance(piece, bytes):
        if part.format == "b":
            return piece
        piece = piece.hex().upper() if part.encoding == "bcd" else _decoded(part, piece, pos)
    end = _good(field, part, piece)
    if end < len(piece):
        # Two digits to the byte where the element is binary and the part packed.
        bad = end // 2 if field.binary and part.encoding == "bcd" else end
        raise Unreadable(pos + bad, f"not {content.words(part.format)}", part.key)
    return piece


def _decoded(part: Part, piece: bytes, pos: int) -> str:
    try:
        return piece.decode(part.encoding)
    except UnicodeDecodeError as error:
        raise Unreadable(pos + error.start, f"not {part.encoding} text", part.key) from None


def _good(field: Field, part: Part, text: str) -> int:
    """Return how many characters from the left are of the part's format."""
    found = content.pattern(part.format, part.encoding if field.binary else field.encoding).match(text)
    return found.end() if found else 0


def changed(field: Field, value: Value, changes: Mapping[str, object]) -> Value:
    """Return *value* with some parts changed and all else as it was.

    Args:
        field: the element.
        value: what it holds now; empty where it is new.
        changes: key -> new value, or None to take the part out (of positional ones only the last).

    Raises:
        EncodeError: the element cannot hold that; its path is that of the part.
        Unreadable: *value* is broken as it is.
    """
    if field.tlv:
        assert isinstance(value, bytes)
        return tlv.changed(value, {key.upper(): _object(field, key, new) for key, new in changes.items()})
    if not value:
        return built(field, [(key, new) for key, new in changes.items() if new is not None])
    now: dict[str, object] = dict(read(field, value).items())
    now.update(changes)
    layout = next((each for each in field.layouts if each.size in {None, len(value)}), None)
    if layout is None:
        raise EncodeError(str(field.number), "a value of this size has no parts to change")
    return _joined(field, layout, {key: new for key, new in now.items() if new is not None})


def built(field: Field, given: list[tuple[str, object]]) -> Value:
    """Return the value of *field* that holds these parts, in the order given for tags.

    Raises:
        EncodeError: the element cannot hold that.
    """
    if field.tlv:
        return tlv.write(tlv.made(key, _bytes(field, key, new)) for key, new in given)
    parts = dict(given)
    if len(parts) < len(given):
        raise EncodeError(str(field.number), "a part is given twice")
    refusals: list[EncodeError] = []
    for layout in field.layouts:
        try:
            value = _joined(field, layout, parts)
        except EncodeError as refused:
            refusals.append(refused)
        else:
            if layout.size is None or layout.size == len(value):
                return value
    # The first layout's fault, if none could take these parts; else the parts are good and too few.
    if len(refusals) == len(field.layouts):
        raise refusals[0]
    raise EncodeError(str(field.number), "no layout of this element has just these parts")


def _joined(field: Field, layout: Layout, parts: Mapping[str, object]) -> Value:
    unknown = parts.keys() - {part.key for part in layout.parts}
    if unknown:
        raise EncodeError(f"{field.number}.{min(unknown)}", "the spec has no such part")
    pieces: list[Value] = []
    absent = ""
    for part in layout.parts:
        if part.key not in parts:
            absent = absent or part.key
        elif absent:
            raise EncodeError(f"{field.number}.{absent}", f"is missing, and part {part.key} comes after it")
        else:
            pieces.append(_piece(field, part, parts[part.key]))
    if field.binary:
        return b"".join(each for each in pieces if isinstance(each, bytes))
    return "".join(each for each in pieces if isinstance(each, str))


def _piece(field: Field, part: Part, value: object) -> Value:
    path = f"{field.number}.{part.key}"
    if part.format == "b":
        return _sized(field, part, _bytes(field, part.key, value))
    if isinstance(value, int) and not isinstance(value, bool) and part.format == "n" and value >= 0:
        value = f"{value:0{part.size or 1}d}"
    if not isinstance(value, str):
        raise EncodeError(path, "expected text")
    end = _good(field, part, value)
    if end < len(value):
        raise EncodeError(path, f"character {end} is not one of {content.words(part.format)}")
    if not field.binary:
        return _sized(field, part, value)
    if part.encoding == "bcd":
        if len(value) % 2:
            raise EncodeError(path, "an odd number of digits")
        return _sized(field, part, bytes.fromhex(value))
    try:
        return _sized(field, part, value.encode(part.encoding))
    except UnicodeEncodeError as error:
        raise EncodeError(path, f"character {error.start} does not exist in {part.encoding}") from None


def _sized(field: Field, part: Part, piece: Value) -> Value:
    if part.size is not None and len(piece) != part.size:
        raise EncodeError(f"{field.number}.{part.key}", f"{many(len(piece), _noun(field))}, expected {part.size}")
    return piece


def _object(field: Field, key: str, value: object) -> bytes | None:
    return None if value is None and tlv.is_tag(key) else _bytes(field, key, value)


def _bytes(field: Field, key: str, value: object) -> bytes:
    """Return *value*, bytes or hexadecimal text, as bytes."""
    path = f"{field.number}.{key}"
    if field.tlv and not tlv.is_tag(key):
        raise EncodeError(path, "not a tag")
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    if isinstance(value, str):
        try:
            raw = bytes.fromhex(value)
        except ValueError:
            raw = b""
        if 2 * len(raw) == len(value):
            return raw
    raise EncodeError(path, "expected bytes, or their hexadecimal text")


def _noun(field: Field) -> str:
    return "byte" if field.binary else "character"
