"""The paths of parts: ``70.9F26``, ``57#2.1``. The grammar is told in the package's docstring."""

from __future__ import annotations

import functools
from typing import NamedTuple

from iso_gateway.errors import EncodeError


class Step(NamedTuple):
    """One step inwards."""

    key: str
    nth: int = 1
    """Which of the parts of that key, from 1."""
    said: bool = False
    """Whether the path says which, or means the first, and all where they are taken out."""

    def __str__(self) -> str:
        return f"{self.key}#{self.nth}" if self.said else self.key


@functools.lru_cache(maxsize=1024)
def steps(path: str) -> tuple[Step, ...]:
    """Return the steps of *path*.

    Raises:
        KeyError: it is none.
    """
    found = []
    for each in path.split("."):
        key, sign, nth = each.partition("#")
        # Nobody writes more than three digits, and int() takes time over many.
        if not key or (sign and not (nth.isascii() and nth.isdecimal() and len(nth) <= 5 and int(nth))):
            raise KeyError(path)
        found.append(Step(key, int(nth), said=True) if sign else Step(key))
    return tuple(found)


def written(path: str) -> tuple[Step, ...]:
    """Return the steps of a *path* at which something is to be written.

    Raises:
        EncodeError: it is none.
    """
    try:
        return steps(path)
    except KeyError:
        raise EncodeError(path, "not the path of a part") from None


def joined(*keys: object) -> str:
    """Return the path of these keys, without the empty ones."""
    return ".".join(filter(None, map(str, keys)))
