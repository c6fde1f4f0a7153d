"""What a MAC covers, where it stands in a message, and where the PIN block does (ruling 14).

The MAC is the last data element: 64, or the last of the second or the third bitmap, 128 and 192. It covers the
message from its type to the byte before that element, the bit of it set in the bitmap, without a header; or the data
elements that a leg names, each with its prefix as it lies on the wire, in the order in which they are named.

Gateway, mock host and terminal all go by this; none of it needs a key. What messages of the same elements have in
common is worked out once for a leg.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from iso_gateway.codec.plan import BYTES, HEX, HEXED
from iso_gateway.errors import EncodeError
from iso_gateway.protocol.legs import MAC
from iso_gateway.security.keys import PinFormat

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from iso_gateway.codec.message import Message
    from iso_gateway.codec.plan import Row
    from iso_gateway.codec.spec import Spec
    from iso_gateway.protocol.protection import Protection

MTI: Final = 0
"""What names the message type among the elements that a MAC covers."""
PIN: Final = 52
"""The data element with the PIN block."""

REMEMBERED: Final = 512
"""Sets of elements of which a leg remembers the places: a flood of nonsense ones must not fill the memory."""

_ASCENDING: Final = tuple(sorted(MAC))
_FORMS: Final = frozenset({BYTES, HEX, HEXED})


class Covered(NamedTuple):
    """What a message that came has for its MAC."""

    data: bytes
    """What the MAC is of."""
    mac: bytes
    """The MAC as it came, of the length that the leg has."""


class Place(NamedTuple):
    """The element of a MAC in messages of the same elements: the last one."""

    number: int
    size: int
    """The bytes of its value: a MAC that is shorter is filled with zeros."""
    element: int
    """Where it begins, its prefix with it, counted from the end of the encoded message: below 0."""
    body: int
    """Where its value begins, counted so."""
    codec: str | None
    """How hexadecimal characters are written; None: it is written as bytes."""


class Room(msgspec.Struct, frozen=True):
    """An encoded message with zeros where its MAC and its PIN block belong."""

    message: Message
    payload: bytes
    data: bytes
    """What the MAC is to be of; empty where the message is to have none."""
    place: Place | None
    """Where its MAC is; None: it has none."""
    pin_at: int
    """Where in *payload* the PIN block goes; -1: it has none, or the one in it stays."""
    pin_in_data: int
    """Where in *data* it goes; -1: nowhere."""
    pin_text: bool
    """Whether it is written in hexadecimal characters, upper-case ASCII."""

    def __repr__(self) -> str:
        return f"<Room in {self.message.mti} for {'a MAC' if self.place else 'no MAC'}>"

    def filled(self, mac: bytes = b"", block: bytes = b"") -> bytes:
        """Return the encoded message with *mac* and the PIN *block* in it."""
        whole = self.payload
        if self.pin_at >= 0:
            written = block.hex().upper().encode() if self.pin_text else block
            whole = whole[: self.pin_at] + written + whole[self.pin_at + len(written) :]
        if (place := self.place) is None:
            return whole
        value = mac.ljust(place.size, b"\0")
        return whole[: place.body] + (value if place.codec is None else value.hex().upper().encode(place.codec))

    def said(self, mac: bytes = b"", block: bytes = b"") -> Message:
        """Return the message with *mac* and the PIN *block* in it."""
        changes: dict[int, bytes] = {}
        if self.pin_at >= 0:
            changes[PIN] = block
        if (place := self.place) is not None:
            changes[place.number] = mac.ljust(place.size, b"\0")
        return self.message.evolve(changes) if changes else self.message


class Shape(NamedTuple):
    """What messages of the same elements have in common on a leg."""

    changes: dict[int, bytes | None]
    """What makes room: zeros for MAC and PIN block, and no MAC elsewhere."""
    place: Place | None
    """Where the MAC is; None: they are to have none."""


class Covering:
    """The messages of one leg: where their MAC and PIN block stand, and what the MAC is of."""

    def __init__(self, spec: Spec, protection: Protection) -> None:
        """Work out places for messages of *spec* that are protected so."""
        self._spec = spec
        self._protection = protection
        self._pin_row = spec.plan.rows.get(PIN)
        self._shapes: dict[tuple[tuple[int, ...], int], Shape] = {}

    def covered(self, message: Message, payload: bytes) -> Covered | None:
        """Return what the MAC of *message* is of, which came as *payload*, and that MAC.

        Returns:
            None where it has no MAC: no element for it, one with something behind it that the MAC would not cover, or
            a shorter one than the leg's.
        """
        method, names = self._protection.mac, self._protection.covered
        numbers = tuple(message)
        if names:
            number = max(MAC.intersection(numbers), default=0)
        else:
            number = numbers[-1] if numbers and numbers[-1] in MAC else 0
        spec = message.spec
        if method is None or spec is None or not number:
            return None
        mac = message[number]
        if not isinstance(mac, bytes) or len(mac) < method.length:
            return None
        if names:
            data, _ = _named(spec, message, payload, names)
        else:
            row = spec.plan.rows[number]
            data = payload[: len(payload) - row.width - _bytes(row, len(mac))]
        return Covered(data, mac[: method.length])

    def room(self, message: Message, pin: int = 0) -> Room:
        """Return *message* encoded, with room for the MAC that the leg wants, and for a PIN block of *pin* bytes.

        A MAC that it has is taken out. With *pin* 0 it keeps the PIN block that it has.

        Raises:
            EncodeError: the spec cannot carry that, or has no element for the MAC behind those of *message*.
        """
        spec, names = self._spec, self._protection.covered
        shape = self._shape(tuple(message), pin)
        with_room = message.evolve(shape.changes) if shape.changes else message
        payload = spec.encode(with_room)
        pin_at, pin_text = -1, False
        if pin and (row := self._pin_row) is not None:
            pin_text = row.op != BYTES
            pin_at = len(payload) - spec.behind(with_room, PIN) - _bytes(row, pin)
        data, pin_in_data = b"", -1
        if shape.place is not None and names:
            data, pin_in_data = _named(spec, with_room, payload, names)
        elif shape.place is not None:
            data, pin_in_data = payload[: shape.place.element], pin_at
        return Room(with_room, payload, data, shape.place, pin_at, pin_in_data if pin else -1, pin_text)

    def _shape(self, numbers: tuple[int, ...], pin: int) -> Shape:
        """Return what messages of the elements *numbers* have in common; raises what `room` raises."""
        known = self._shapes.get((numbers, pin))
        if known is not None:
            return known
        changes: dict[int, bytes | None] = dict.fromkeys(MAC.intersection(numbers))
        place = None
        if self._protection.mac is not None:
            number = _element_behind(self._spec, next((each for each in reversed(numbers) if each not in MAC), 0))
            row = self._spec.plan.rows[number]
            size = _room(row, self._protection.mac.length)
            body = -_bytes(row, size)
            place = Place(number, size, body - row.width, body, None if row.op == BYTES else row.codec)
            changes[number] = bytes(size)
        if pin:
            changes[PIN] = bytes(pin)
        if len(self._shapes) >= REMEMBERED:
            self._shapes.clear()
        made = self._shapes[numbers, pin] = Shape(changes, place)
        return made


def has_mac(message: Message) -> bool:
    """Return whether *message* has an element where a MAC would be."""
    return not MAC.isdisjoint(message)


def faults(spec: Spec, protection: Protection) -> Iterator[tuple[str, str]]:
    """Yield why messages of *spec* cannot be protected so: which setting, and what is wrong with it.

    The settings are ``mac``, ``mac_length``, ``mac_fields``, ``pin`` and ``ksn``.
    """
    fields = spec.fields
    if protection.mac is not None:
        found = [number for number in _ASCENDING if number in fields]
        if not any(spec.plan.rows[number].op in _FORMS for number in found):
            yield "mac", f"{spec.name} has no element for a MAC: DE 64 or 128, format b"
        for number in found:
            most = fields[number].max
            if spec.plan.rows[number].op in _FORMS and most < protection.mac.length:
                yield "mac_length", f"DE {number} of {spec.name} has {most} bytes, and the MAC {protection.mac.length}"
    for number in protection.covered:
        if number != MTI and (number not in fields or number in MAC):
            yield "mac_fields", f"no element {number} of {spec.name} that a MAC could cover"
    if protection.pin is not None:
        yield from _pin_faults(spec, protection.pin)
    if protection.ksn:
        element = protection.ksn.partition(".")[0]
        if not element.isdecimal() or int(element) not in fields:
            yield "ksn", f"{spec.name} has no element {protection.ksn}"


def _pin_faults(spec: Spec, pin: PinFormat) -> Iterator[tuple[str, str]]:
    size = block_bytes(pin)
    row = spec.plan.rows.get(PIN)
    if row is None or row.op not in {BYTES, HEX}:
        yield "pin", f"{spec.name} has no element for a PIN block: DE 52, format b, binary or hexadecimal"
    elif row.heads.get(_bytes(row, size)) is None:
        yield "pin", f"DE 52 of {spec.name} has no {size} bytes, which a PIN block of {pin} has"


def block_bytes(pin: PinFormat) -> int:
    """Return how long a PIN block of that format is."""
    return 16 if pin is PinFormat.ISO_4 else 8


def _element_behind(spec: Spec, last: int) -> int:
    """Return where the MAC of a message goes whose last other element is *last*."""
    for number in _ASCENDING:
        if number > last and number in spec.plan.rows:
            return number
    raise EncodeError("64", f"no element for a MAC behind DE {last}")


def _named(spec: Spec, message: Message, payload: bytes, names: Sequence[int]) -> tuple[bytes, int]:
    """Return the elements *names* of *message* as *payload* has them, and where in that the PIN block is; -1: nowhere.

    What the message does not have is passed over.
    """
    places = {each.number: each for each in spec.extents(message)}
    data, pin = b"", -1
    for number in names:
        if number == MTI:
            data += payload[: spec.plan.mti_size]
        elif (place := places.get(number)) is not None:
            if number == PIN:
                pin = len(data) + place.body - place.start
            data += payload[place.start : place.end]
    return data, pin


def _room(row: Row, length: int) -> int:
    """Return the bytes of the element for a MAC of *length* bytes."""
    return length if row.width else _carried(row, row.high)


def _bytes(row: Row, length: int) -> int:
    """Return what a value of *length* bytes takes on the wire."""
    return length if row.op == BYTES else 2 * length


def _carried(row: Row, length: int) -> int:
    """Return the bytes of a value that takes *length* on the wire."""
    return length if row.op == BYTES else length // 2
