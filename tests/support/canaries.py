"""Values that are nobody's, for all that a spec does not show to everybody, and how they would be seen.

What a spec shows to everybody is no canary. All else is drawn, and looked for as text and as hex of ASCII, of EBCDIC
and of packed digits, any seven digits or characters of it.
"""

from __future__ import annotations

import random  # noqa: TID251 -- seeded: the same canaries in every run
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from iso_gateway import Message, Spec
from iso_gateway.codec import mask
from iso_gateway.codec.field import Field
from iso_gateway.codec.parts.ber import BerTLV
from iso_gateway.codec.parts.structure import Structure
from iso_gateway.errors import DecodeError, EncodeError

WINDOW = 7
"""Characters of a canary that must not stand together anywhere; of 64 that are drawn, no seven come about by chance."""
DRAWN = random.Random(8583)
LETTERS = "BCDFGHJKLMNPQRSTVWXZ"


def card() -> str:
    """Return a card number that is nobody's, of a range for tests, with its check digit."""
    start = "476173" + "".join(DRAWN.choices("123456789", k=9))
    return next(start + digit for digit in "0123456789" if mask.luhn(start + digit))


def canary(field: Field) -> str | bytes:
    """Return what can be told from all else among the values of *field*."""
    size = field.max if field.length == "fixed" else max(field.min, min(field.max, 40))
    if field.format == "b":
        return DRAWN.randbytes(size)
    if field.mask in {"pan", "scan"} and size >= 16:
        return card() if field.length != "fixed" else card().ljust(size, "0" if field.format == "n" else " ")
    if field.format == "xn":
        return "C" + "".join(DRAWN.choices("0123456789", k=size - 1))
    if field.format == "z":
        return (card() + "D4909201" + "".join(DRAWN.choices("0123456789", k=40)))[:size]
    alphabet = "0123456789" if field.format in {"n", "ns", "nibbles"} else LETTERS
    return "".join(DRAWN.choices(alphabet, k=size))


def shapes(value: str | bytes, policy: str) -> set[str]:
    """Return what of *value* must not be seen under *policy*, in any form, in small letters and without gaps."""
    if isinstance(value, bytes):
        texts, forms = [], [value]
    else:
        text = value.strip() if policy != "pan" else value
        text = text[:16] if policy in {"pan", "scan"} else text
        hidden = range(1, len(text) - WINDOW) if policy in {"pan", "scan"} else range(len(text) - WINDOW + 1)
        texts = [text[at : at + WINDOW] for at in hidden]
        forms = [form for each in texts for form in (each.encode("latin-1"), each.encode("cp500"))]
        return {each.lower() for each in texts} | {form.hex() for form in forms}
    return {form[at : at + 5].hex() for form in forms for at in range(len(form) - 4)}


def planted(spec: Spec) -> Iterator[tuple[str, Message, set[str]]]:
    """Yield a message for each element and part of *spec* that is not shown to everybody, and what is hidden in it."""
    mti = mti_of(spec)
    for number, field in spec.fields.items():
        for path, each in [(str(number), field), *inside(str(number), field.inside)]:
            if number == 1 or each.mask == "none":
                continue
            value = canary(each)
            hidden = shapes(value, each.mask)
            try:
                message = spec.message(mti, {number if path == str(number) else path: value})
                spec.encode(message)
            except EncodeError:
                continue
            if hidden:
                yield path, message, hidden


def mti_of(spec: Spec) -> str:
    """Return the type of a request for money, in the edition of *spec*."""
    return next(each for each in ("0200", "1200", "2200", min(spec.plan.mtis)) if each in spec.plan.mtis)


def inside(path: str, structure: Structure | None) -> Iterator[tuple[str, Field]]:
    """Yield the parts that *structure* declares, however deep, with their paths."""
    if structure is None or path.count(".") > 2:
        return
    for part in structure.declared():
        if part.key:
            yield f"{path}.{part.key}", part.field
            yield from inside(f"{path}.{part.key}", structure.within(part.key))


SECRET_TAGS = ("5A", "57", "56", "5F20", "9F0B", "9F1F", "9F20", "9F6B")
"""The chip's card number, tracks, name and discretionary data (EMV 4.3, book 3, annex A)."""
UNKNOWN = "DF7A"
TEMPLATES = ("", "70", "77", "E1")
"""Where tags stand: in the element itself, in EMV's templates, in one that nobody knows."""


def chips(spec: Spec) -> Iterator[tuple[str, Message, set[str]]]:
    """Yield a message for each secret tag of the chip and an unknown one, in each template, alone and twice."""
    field = spec.fields.get(55)
    if field is None or not isinstance(field.inside, BerTLV):
        return
    for tag in (*SECRET_TAGS, UNKNOWN):
        for template in TEMPLATES:
            value = bytes.fromhex(card()) if tag == "5A" else DRAWN.randbytes(16)
            one = tlv(tag, value)
            inside = tlv("9F36", b"\x00\xc4") + one + (one if template == "" else b"")
            message = spec.message(mti_of(spec), {55: tlv(template, inside) if template else inside})
            yield f"55.{template}.{tag}".replace("..", "."), message, shapes(value, "all")


def tlv(tag: str, value: bytes) -> bytes:
    """Return *value* under *tag*, of fewer than 128 bytes."""
    return bytes.fromhex(tag) + bytes([len(value)]) + value


class Crowd(NamedTuple):
    """One message in which much is hidden."""

    message: Message
    hidden: Mapping[str, set[str]]
    """What must not be seen, by the path where it was put."""


def crowds(spec: Spec) -> Iterator[Crowd]:
    """Yield messages that have together all the canaries of `planted`, each as many as it can carry."""
    left = [(path, message[path], hidden) for path, message, hidden in planted(spec)]
    while left:
        values: dict[Any, Any] = {}
        hidden: dict[str, set[str]] = {}
        later = []
        message = None
        for path, value, shapes_of in left:
            key = int(path) if path.isdecimal() else path
            try:
                made = spec.message(mti_of(spec), values | {key: value})
                spec.encode(made)
                kept = all(made[each] == old for each, old in values.items())
            except (EncodeError, KeyError, DecodeError):
                kept = False
            if not kept:
                later.append((path, value, shapes_of))
                continue
            values[key], hidden[path], message = value, shapes_of, made
        if message is None:
            return
        yield Crowd(message, hidden)
        left = later
