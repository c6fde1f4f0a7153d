"""A message as people and scripts read it, masked unless they say that they may see everything."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, Final

from iso_gateway.codec import emv, mask
from iso_gateway.codec.currency import format_amount
from iso_gateway.codec.message import Message
from iso_gateway.codec.mti import MTI
from iso_gateway.codec.parts import Item, Value
from iso_gateway.errors import DecodeError

_NAME: Final = 38
"""Columns for the name of a field."""
_VALUE: Final = 50
"""Columns for its value; longer ones go on below."""
APPROVED: Final = frozenset({"00", "000", "08", "10", "11", "16"})
"""The response codes of an approval: in 1987 also with identification, partial, VIP, and track 3 to be updated."""
ACCEPTED: Final = frozenset({"400", "480", "500", "600", "700", "800"})
"""The codes with which 1993 says yes to what is no purchase: a reversal, totals, a network message."""


def describe(message: Message, *, unsafe: bool = False) -> str:
    """Return a table of the message for people, at most 100 columns wide, parts indented under their element.

    Args:
        message: any message.
        unsafe: show everything.
    """
    lines = [_title(message)]
    for number in message:
        field = None if message.spec is None else message.spec.fields.get(number)
        lines += _row(str(number), field.name if field else "", _shown(message, number, unsafe=unsafe))
        lines += _inside(message, number, unsafe=unsafe)
    return "\n".join(lines)


def _title(message: Message) -> str:
    try:
        mti = MTI(message.mti)
        words = f"{message.mti} {mti.message_class.name} {mti.function.name}".replace("_", " ").lower()
    except ValueError:
        words = message.mti
    return words + (", repeat" if message.mti[3:4] in {"1", "3", "5"} else "")


def _row(key: str, name: str, value: str, indent: int = 0) -> Iterator[str]:
    first, *rest = [value[at : at + _VALUE] for at in range(0, len(value), _VALUE)] or [""]
    left = " " * indent + f"{key:<5}"
    yield f"{left}{name:<{_NAME - indent}} {first}".rstrip()
    for each in rest:
        yield " " * (5 + _NAME + 1) + each


def _inside(message: Message, number: int, *, unsafe: bool) -> Iterator[str]:
    """Yield the lines of what is inside an element."""
    try:
        items = message.parts(number).described()
    except KeyError:
        return
    except DecodeError as error:
        yield from _row("", "(cannot be read)", error.expected, 4)
        return
    for item in items:
        name = item.part.name if item.part else emv.NAMES.get(item.key, "")
        yield from _row(item.key, name, _part(item, unsafe=unsafe), 4)


def _shown(message: Message, number: int, *, unsafe: bool) -> str:
    return mask.printable(_text(message[number])) if unsafe else mask.shown(message, number)


def _part(item: Item, *, unsafe: bool) -> str:
    return mask.printable(_text(item.value)) if unsafe else mask.part(item)


def _text(value: Value) -> str:
    return value.hex().upper() if isinstance(value, bytes) else value


def to_json(message: Message, *, unsafe: bool = False) -> dict[str, Any]:
    """Return the message as plain data: ``mti``, ``fields`` by number, and ``parts`` where an element has some.

    Bytes are upper-case hexadecimal text. A tag that occurs several times has a list of values. With *unsafe*,
    `Spec.message` makes the same message of ``mti`` and ``fields`` (of the keys as numbers).
    """
    made: dict[str, Any] = {"mti": message.mti, "fields": {}}
    inside: dict[str, dict[str, Any]] = {}
    for number in message:
        value = _text(message[number]) if unsafe else mask.shown(message, number)
        made["fields"][str(number)] = value
        try:
            items = message.parts(number).described()
        except (KeyError, DecodeError):
            continue
        if items:
            inside[str(number)] = _gathered(items, unsafe=unsafe)
    return made | ({"parts": inside} if inside else {})


def _gathered(items: tuple[Item, ...], *, unsafe: bool) -> dict[str, Any]:
    gathered: dict[str, list[str]] = {}
    for item in items:
        gathered.setdefault(item.key, []).append(_text(item.value) if unsafe else mask.part(item))
    return {key: values[0] if len(values) == 1 else values for key, values in gathered.items()}


def summary(message: Message) -> str:
    """Return one line that says what happened: ``0210 approved 00 · USD 12.34 · STAN 000123 · RRN ... · TERM0001``.

    What the masks of the spec hide is not in it.
    """
    pieces = [message.mti]
    code = _seen(message, 39)
    if code:
        pieces[0] += f" {verdict(code)} {code}"
    with contextlib.suppress(KeyError, ValueError):
        pieces.append(format_amount(*message.amount(4)))
    pieces += [f"{label}{seen}" for label, number in _SUMMED if (seen := _seen(message, number))]
    return " · ".join(pieces)


_SUMMED: Final = (("STAN ", 11), ("RRN ", 37), ("", 41))


def _seen(message: Message, number: int) -> str:
    return mask.shown(message, number).strip() if number in message else ""


def verdict(code: str) -> str:
    """Return what a response code says in one word: ``approved``, ``accepted`` or ``declined``."""
    if code in APPROVED:
        return "approved"
    return "accepted" if code in ACCEPTED else "declined"
