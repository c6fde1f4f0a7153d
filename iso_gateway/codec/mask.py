"""What people may see of a value. When in doubt, nothing.

    none     all of it
    pan      a card number: the first 6 and last 4 digits, of 13 to 19; anything else is stars
    track    stars
    all      stars; bytes by their number
    scan     free text, in which runs of 9 digits or more are stars, but 6 and 4 of what can be a card number

PCI DSS 4.0, 3.4.1: no more of a PAN than its BIN and last four digits. 3.3.1: nothing of track, CVV, PIN block,
whether masked by a spec or not.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from iso_gateway.codec.message import Message
    from iso_gateway.codec.parts import Item

_SHOWN: Final = """
    4F 50 82 84 8A 8E 91 95 9A 9B 9C 5F2A 5F34 5F36 9F01 9F02 9F03 9F06 9F07 9F08 9F09 9F0D 9F0E 9F0F 9F10 9F12 9F15
    9F16 9F1A 9F1B 9F1C 9F1D 9F1E 9F21 9F26 9F27 9F33 9F34 9F35 9F36 9F37 9F39 9F40 9F41 9F45 9F4E 9F53 9F5A 9F5B
    9F63 9F66 9F6C 9F6D 9F6E
"""
SHOWN_TAGS: Final = frozenset(_SHOWN.split())
"""The EMV tags that tell nothing of card holder or secrets. All others are stars: 5A, 57, 56, 9F6B, 9F1F, 9F20,
5F20, 5F24, 99 by what they are, unknown ones because nobody knows."""

DEFAULTS: Final[dict[int, str]] = {
    2: "pan",
    **dict.fromkeys((35, 36, 45), "track"),
    **dict.fromkeys((43, 44), "scan"),
    **dict.fromkeys((*range(3, 14), *range(15, 34), *range(37, 43), *range(49, 52)), "none"),
    **dict.fromkeys((66, 67, 68, 69, *range(70, 95), 97, 99, 100), "none"),
}
"""How a message without a spec is masked; what is not here is stars."""

_RUN: Final = re.compile(r"\d(?:[ ./=D^-]{0,2}\d){8,}")
"""Nine digits or more, also where one or two separators stand between them: a track, a number in groups."""


def value(policy: str, carried: str | bytes) -> str:
    """Return what may be seen of *carried* under *policy*.

    An unknown policy shows nothing.
    """
    if isinstance(carried, bytes):
        return carried.hex().upper() if policy == "none" else f"<{len(carried)} bytes>"
    if policy == "none":
        return carried
    if policy == "pan":
        return pan(carried)
    if policy == "scan":
        return scan(carried)
    return "*" * len(carried)


def pan(number: str) -> str:
    """Return a card number with its first 6 and last 4 digits; stars where it is not of 13 to 19 digits."""
    if 13 <= len(number) <= 19 and number.isascii() and number.isdecimal():
        return number[:6] + "*" * (len(number) - 10) + number[-4:]
    return "*" * len(number)


def scan(text: str) -> str:
    """Return free text without what may be a card number, a track or a key in it."""
    return _RUN.sub(_masked_run, text)


def _masked_run(found: re.Match[str]) -> str:
    run = found[0]
    return pan(run) if run.isdecimal() and luhn(run) else "*" * len(run)


def luhn(digits: str) -> bool:
    """Return whether the last digit is the check digit of the others (ISO/IEC 7812-1, annex B)."""
    total = sum(int(each) for each in digits[-1::-2])
    return (total + sum(sum(divmod(2 * int(each), 10)) for each in digits[-2::-2])) % 10 == 0


def shown(message: Message, number: int) -> str:
    """Return what may be seen of data element *number* of *message*."""
    field = None if message.spec is None else message.spec.fields.get(number)
    return value(field.mask if field else DEFAULTS.get(number, "all"), message[number])


def part(item: Item) -> str:
    """Return what may be seen of one part: by its own mask, or by the list of tags."""
    if item.part is not None:
        return value(item.part.mask, item.value)
    return value("none" if item.key in SHOWN_TAGS else "all", item.value)
