"""What the verbs about specs tell, as data: the shapes of what they write as JSON, for `schemas` to describe.

The rules of `told` hold here too: keys are only ever added, and what is empty is left out.
"""

from __future__ import annotations

import msgspec

from iso_gateway.inspect.told import FORMAT, Fault


class Valid(msgspec.Struct, frozen=True):
    """Bytes that are a message, and the message that they are: decoding gives it, encoding it gives them."""

    name: str
    """What is at its edge: ``de2-longest``. No two of a spec have one name."""
    hex: str
    """The bytes of the message, without a frame, as upper-case hexadecimal."""
    mti: str
    """The message type, four digits."""
    fields: dict[str, str]
    """By data element: text as carried, bytes as upper-case hexadecimal."""


class Invalid(msgspec.Struct, frozen=True):
    """Bytes that are no message: a reader has to stop at the place that is named."""

    name: str
    """What is wrong: ``de2-cut``."""
    hex: str
    """The bytes, as upper-case hexadecimal."""
    fault: Fault
    """Where reading stops; its words are no part of the contract. An empty path is behind the last element."""


class Flawed(msgspec.Struct, frozen=True):
    """Bytes that are a message, with an element that cannot be read inside: who only passes it on does not notice."""

    name: str
    """What is wrong: ``de55-part-cut``."""
    hex: str
    """The bytes, as upper-case hexadecimal."""
    faults: list[Fault]
    """Where reading inside stops, with the byte of the message."""


class Vectors(msgspec.Struct, frozen=True, tag_field="format", tag=FORMAT):
    """Messages at the edges of a spec, good and bad, the same each time and in the same order."""

    spec: str
    """The name of the spec."""
    valid: list[Valid]
    """What decodes and encodes."""
    invalid: list[Invalid]
    """What does not decode."""
    flawed: list[Flawed]
    """What decodes, and is broken inside an element."""
