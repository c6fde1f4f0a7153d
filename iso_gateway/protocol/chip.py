"""What a reversal says of the chip: a few tags of DE 55, and nothing else of it is ever kept."""

from __future__ import annotations

from iso_gateway.codec.tlv import objects
from iso_gateway.codec.unreadable import Unreadable


def kept_of_chip(data: bytes, tags: frozenset[str]) -> bytes:
    """Return the data objects of DE 55 that are among *tags*, in order and as they came; none of what cannot be read.

    A track or a card number in another tag, or inside a template, stays behind.
    """
    try:
        return b"".join(each.header + each.value for each in objects(data) if each.tag in tags)
    except Unreadable:
        return b""
