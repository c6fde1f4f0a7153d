"""What the codec tells, as data: the shapes of what ``--json`` writes, for `schemas` to describe.

Keys are only ever added to a format; where one changes its meaning or goes, ``format`` becomes the next number.
What is empty is left out.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from iso_gateway.errors import DecodeError

FORMAT: Final = 1
"""The number of the format of all of them."""


class Place(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where something lies in the message, in bytes from 0; packed digits may begin or end in the middle of one."""

    start: int
    """Its first byte, length prefix or tag included."""
    body: int
    """The first byte of its value."""
    end: int
    """The byte after its last one."""
    half_start: bool = False
    """Whether only the second half of its first byte is its own."""
    half_end: bool = False
    """Whether only the first half of its last byte is its own."""


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One element, or one part of it."""

    path: str
    """``mti``, ``bitmap``, ``4``, ``55.9F26``."""
    name: str
    value: str
    """As people may see it: text as carried, bytes as upper-case hexadecimal."""
    meaning: list[str] = []
    """What a coded value says, a line each."""
    place: Place | None = None
    """Where it lies; None where several encodings leave no bytes to point at."""
    encoding: str = ""
    """How it is written: ``LLVAR, length in ASCII, n in BCD``."""
    masked: bool = False
    """Whether its bytes are hidden too."""
    depth: int = 0
    """0 for an element, 1 for a part of it, and so on."""
    fault: str = ""
    """Why it cannot be read."""


class Fault(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where it could not be read further."""

    path: str
    offset: int
    expected: str
    missing: int = 0
    """How many bytes are missing at least; 0: more would not help."""

    @classmethod
    def of(cls, error: DecodeError) -> Fault:
        """Return the fault that *error* tells of."""
        return cls(error.field, error.offset, error.expected, error.missing)


class Cause(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why a message may not be readable."""

    kind: str
    """``text``, ``frame``, ``header``, ``spec``, ``mti``, ``bitmap``, ``element``, ``value``, ``length``,
    ``cut``, ``trailing``."""
    words: str
    """What is wrong, one line: ``the lengths of DE 2 and 35 are in BCD, not in ASCII``."""
    evidence: str
    """What speaks for it: ``read so, 126 of 126 bytes come out exactly, 12 elements``."""
    remedy: str
    """What to do, one line."""
    yaml: str = ""
    """The spec that reads it; empty where none is needed."""


class Explained(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="format", tag=FORMAT):
    """A message in words."""

    summary: str
    spec: str
    length: int
    """Bytes."""
    entries: list[Entry]
    """In the order of the bytes."""
    faults: list[Fault] = []
    """Empty where all of it could be read."""
    causes: list[Cause] = []
    """Why that may be, the likeliest cause first; two at the most, and none where nothing convinces."""
    unread: str = ""
    """Why these bytes are not all that was given, and where the rest begins; empty where they are."""

    def because(self, causes: list[Cause]) -> Explained:
        """Return the same with its likeliest causes."""
        return msgspec.structs.replace(self, causes=causes)


class Violation(msgspec.Struct, frozen=True):
    """What a message has and must not have, or must have and has not."""

    path: str
    """The element or part."""
    rule: str
    """The id of the rule, as the profile has it."""
    reason: str
    """What is wrong, in words."""


class Decoded(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="format", tag=FORMAT):
    """A message as ``decode`` tells it."""

    mti: str | None
    """The message type; null where not even that could be read."""
    fields: dict[str, str]
    """By data element: text as carried, bytes as upper-case hexadecimal; masked unless --unsafe."""
    parts: dict[str, dict[str, Any]] = {}
    """By data element, its parts: text, a list where one comes again, an object where one has parts itself."""
    faults: list[Fault] = []
    """Empty where all of it could be read."""
    causes: list[Cause] = []
    """Why that may be, the likeliest cause first; two at the most, and none where nothing convinces."""
    violations: list[Violation] = []
    """What --check found."""
    unread: str = ""
    """Why these bytes are not all that was given; empty where they are."""


class Row(msgspec.Struct, frozen=True, omit_defaults=True):
    """One element or part that one of two messages has, or both."""

    path: str
    """``mti``, ``4``, ``55.9F26``."""
    name: str
    how: str
    """``same``, ``changed``, ``only left``, ``only right``; ``another order`` of what is inside, ``written
    otherwise`` of the same value in other bytes."""
    left: str
    """The value in A, masked unless --unsafe; empty where it has none."""
    right: str
    """The value in B, likewise."""
    made: str = ""
    """With --answer, what B, the answer, made of it."""
    wrong: bool = False
    """Whether that is not what an answer does."""
    why: str = ""
    """The rule of the profile that says so; empty where requests and answers are matched by it."""
    hidden: bool = False
    """Whether the two differ only in what is masked."""


class Pair(msgspec.Struct, frozen=True, omit_defaults=True):
    """Two messages of several that belong together, or one that has no partner."""

    left: str
    """The one of A in a line; empty where there is none."""
    right: str
    """The one of B, likewise."""
    fields: list[Row] = []


class Diffed(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="format", tag=FORMAT):
    """What differs between two messages, as ``diff`` tells it."""

    fields: list[Row]
    """In the order of their paths."""
    different: int | msgspec.UnsetType = msgspec.UNSET
    """How many differ; left out with --answer."""
    wrong: int | msgspec.UnsetType = msgspec.UNSET
    """With --answer, how many are wrong."""
    pairs: list[Pair] = []
    """Of several messages; then there is nothing in ``fields``."""
    unread: str = ""
    """Which of A and B is no message, and why; then nothing was compared."""
    masked: list[str] = []
    """Elements that a log had masked, by path: they were not compared."""


class FitRow(msgspec.Struct, frozen=True):
    """One way in which bytes come out exactly."""

    framing: str
    """As --framing takes it; empty: no frame."""
    header: int
    """Bytes of a header before which there is no length, or that nobody knows."""
    headers: str
    """What it is, as framings have it: ``tpdu+cup``; empty: nobody knows."""
    messages: int
    """How many messages there are."""
    spec: str
    """The name of the spec; the path, of one that was given by its file."""
    edits: list[str]
    """What of the spec would have to be changed, in words."""
    yaml: str
    """The spec that is changed so; empty where none has to be."""
    sense: float
    """How much of what can be checked makes sense, 0 to 1."""
    doubts: list[str]
    """The elements that make none."""
    believed: bool
    """Whether it may well be right."""


class CutRow(msgspec.Struct, frozen=True):
    """One message that would come out if more followed, or less."""

    framing: str
    """As --framing takes it; empty: no frame."""
    header: int
    """Bytes of a header that nobody knows."""
    spec: str
    """The name of the spec; the path, of one that was given by its file."""
    missing: int
    """Bytes that are missing at least; 0: some are too many."""
    told: str
    """Where, and what was expected, in words."""


class SlipRow(msgspec.Struct, frozen=True):
    """One message in which one length, or one bit of the bitmap, is wrong."""

    framing: str
    """As --framing takes it; empty: no frame."""
    spec: str
    """The name of the spec; the path, of one that was given by its file."""
    path: str
    """The data element whose length or bit it is."""
    told: str
    """What is wrong."""


class Diagnosed(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="format", tag=FORMAT):
    """What bytes are, as ``doctor`` tells it."""

    fits: list[FitRow]
    """The best first."""
    cut: CutRow | None
    """The message that was cut short, or to which something was added; null where none is likelier than what fits."""
    unread: str = ""
    """Why these bytes are not all that was given; empty where they are."""
    slip: SlipRow | None = None
    """The message in which one thing is wrong; null where none is likelier than what fits."""
