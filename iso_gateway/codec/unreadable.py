"""The fault that the codec's inner walks raise, before anyone knows where in a message they are."""

from __future__ import annotations

from iso_gateway.errors import IsoGatewayError


class Unreadable(IsoGatewayError):  # noqa: N818 -- becomes a DecodeError before it leaves the codec
    """A value that is not what its field or part should hold.

    Args:
        at: the first unit of the value that is wrong, from 0: a byte of a body, a character of a text.
        expected: what should stand there, without values.
        key: the tag or part number, where it is known.
    """

    def __init__(self, at: int, expected: str, key: str = "") -> None:
        self.at = at
        self.expected = expected
        self.key = key
        super().__init__(at, expected, key)


def many(count: int, noun: str) -> str:
    """Return a number and what it counts: ``"1 byte"``, ``"3 bytes"``."""
    return f"{count} {noun}{'' if count == 1 else 's'}"
