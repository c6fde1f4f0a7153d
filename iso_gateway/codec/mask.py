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

DEFAULTS: Final[dict[int, str]] = {
    2: "pan",
    **dict.fromkeys((35, 36, 45), "track"),
    **dict.fromkeys((43, 44), "scan"),
    **dict.fromkeys((*range(3, 14), *range(15, 34), *range(37, 43), *range(49, 52)), "none"),
    **dict.fromkeys((66, 67, 68, 69, *range(70, 95), 97, 99, 100), "none"),
}
"""How a message without a spec is masked; what is not here is stars."""
_PLAIN: Final = 15
"""Characters of the longest of these that is shown whole; longer ones are no such elements, nor are bytes."""

_RUN: Final = r"\d(?:[ ./=D^-]{0,2}\d){8,}"
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
    return re.sub(_RUN, _masked_run, text)


def _masked_run(found: re.Match[str]) -> str:
    run = found[0]
    return pan(run) if run.isdecimal() and luhn(run) else "*" * len(run)


def luhn(digits: str) -> bool:
    """Return whether the last digit is the check digit of the others (ISO/IEC 7812-1, annex B)."""
    total = sum(int(each) for each in digits[-1::-2])
    return (total + sum(sum(divmod(2 * int(each), 10)) for each in digits[-2::-2])) % 10 == 0


def printable(text: str) -> str:
    """Return *text* without what a terminal or a log would obey: line ends, escapes."""
    return text if text.isprintable() else "".join(each if each.isprintable() else "?" for each in text)


def shown(message: Message, number: int) -> str:
    """Return what may be seen of data element *number* of *message*."""
    field = None if message.spec is None else message.spec.fields.get(number)
    carried = message[number]
    policy = _bare(number, carried) if field is None else field.mask
    return printable(value("all" if number in message.doubted else policy, carried))


def _bare(number: int, carried: str | bytes) -> str:
    policy = DEFAULTS.get(number, "all")
    return "all" if policy == "none" and (isinstance(carried, bytes) or len(carried) > _PLAIN) else policy


def part(item: Item) -> str:
    """Return what may be seen of one part."""
    return printable(value(item.mask, item.value))
