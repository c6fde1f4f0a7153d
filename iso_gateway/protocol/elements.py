"""Reading one data element of a message as text."""

from __future__ import annotations

from iso_gateway.codec.message import Message


def text(message: Message, de: int) -> str:
    """Return DE *de* of *message* without padding spaces, or the empty text where it has none or a binary one."""
    value = message.get(de)
    return value.strip() if isinstance(value, str) else ""
