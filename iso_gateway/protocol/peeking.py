"""A look at what a path of the profile names, in messages that may be broken there."""

from __future__ import annotations

from iso_gateway.codec.message import Message
from iso_gateway.errors import DecodeError


def peek(message: Message, path: str) -> str:
    """Return the text at *path* (``70``, ``60.3``), or the empty text where there is none or it is broken."""
    try:
        value = message[int(path)] if path.isdecimal() else message[path]
    except (KeyError, DecodeError):
        return ""
    return value if isinstance(value, str) else ""
