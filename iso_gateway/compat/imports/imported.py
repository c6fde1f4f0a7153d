"""What an import came to, and what all readers share."""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

from iso_gateway.codec import mask
from iso_gateway.codec.message import ECHO
from iso_gateway.errors import Problem

LARGEST: Final = 4 * 1024 * 1024
"""Characters of a file; the largest packagers that are published have some hundred thousand."""
VARIABLE: Final = {1: "LVAR", 2: "LLVAR", 3: "LLLVAR", 4: "LLLLVAR", 5: "LLLLLVAR", 6: "LLLLLLVAR"}
"""By the number of L."""
_TRACKS: Final = frozenset({35, 36})


class Imported(NamedTuple):
    """A spec of somebody else's, in our words."""

    data: dict[str, Any]
    """What `build_spec` takes."""
    notes: list[Problem]
    """What did not translate, or only in part, and why; `path` says where."""
    remarks: list[Problem] = []  # noqa: RUF012 -- nobody changes it
    """What did, and is called otherwise here, or was never on the wire: all messages read alike."""


def names(text: str, number: int) -> str:
    """Return a name in snake case after what somebody else calls the element."""
    words = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:60].strip("_")
    return words if words and not words[0].isdigit() else f"field_{number}"


def masked(number: int, form: str) -> str:
    """Return the mask of an element of which nobody says how secret it is: that of the standard, or all of it."""
    policy = mask.DEFAULTS.get(number, "all")
    return "all" if form == "b" and policy != "none" else policy


def digits(number: int) -> str:
    """Return the format of what others call numeric: tracks have separators among their digits."""
    return "z" if number in _TRACKS else "n"


def spec(name: str, title: str, mti: str, bitmap: dict[str, str], fields: dict[str, Any]) -> dict[str, Any]:
    """Return the data of a whole spec, of any version, with those elements echoed that it has."""
    return {
        "name": name,
        "title": title,
        "version": "any",
        "mti": {"encoding": mti},
        "bitmap": bitmap,
        "echo": [number for number in ECHO if str(number) in fields],
        "fields": dict(sorted(fields.items(), key=lambda each: int(each[0]))),
    }
