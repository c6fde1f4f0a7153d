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


class SpecDifference(msgspec.Struct, frozen=True):
    """One thing in which two specs differ."""

    path: str
    """``mti``, ``bitmap``, ``35``, ``48.2``, ``55.9F26``; ``48(12).2`` of a layout of 12; of words ``35.mask``."""
    what: str
    """``wire``: the same message has other bytes. ``content``: the bytes are alike, but one refuses what the other
    takes, or cuts it in other parts. ``words``: names, masks, echo, profile, which nobody else sees."""
    left: str
    """What A says of it, in words; ``not there`` where it has none."""
    right: str
    """What B says."""


class SpecsCompared(msgspec.Struct, frozen=True, tag_field="format", tag=FORMAT):
    """Where two specs differ."""

    left: str
    """The name of A."""
    right: str
    """The name of B."""
    differences: list[SpecDifference]
    """The whole first, then by data element; those of words only with --all."""


class SpecFinding(msgspec.Struct, frozen=True):
    """One thing that a spec should not say."""

    rule: str
    """The id of the rule: ``prefix-too-narrow``."""
    level: str
    """``error``: the spec cannot be used. ``warning``: it can, and is hardly meant so."""
    path: str
    """Where in the data: ``fields.48.parts.2.mask``; empty for the whole."""
    line: int | None
    """The line of the file; null where what is missing stands nowhere."""
    file: str
    """The file that says so, which may be the base of the one that was given."""
    message: str
    """What is wrong, in words."""


class SpecJudged(msgspec.Struct, frozen=True, tag_field="format", tag=FORMAT):
    """What is wrong with a spec, or doubtful."""

    file: str
    """The file of the spec."""
    findings: list[SpecFinding]
    """Empty where there is nothing to say."""


class SpecNote(msgspec.Struct, frozen=True):
    """What is to be said of one element of somebody else's spec."""

    path: str
    """The element, as theirs calls it: ``48``, ``isopackager``."""
    line: int | None
    """The line of their file; null where what is missing stands nowhere."""
    message: str
    """What, and why."""


class SpecImported(msgspec.Struct, frozen=True, tag_field="format", tag=FORMAT):
    """What an import came to."""

    file: str
    """The file that was read."""
    spec: str
    """What the spec is called."""
    elements: int
    """How many data elements it has."""
    lost: list[SpecNote]
    """What did not translate, or only in part."""
    otherwise: list[SpecNote]
    """What did, and is called otherwise here, or is on no wire."""
