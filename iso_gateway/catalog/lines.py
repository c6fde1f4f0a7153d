"""The lines of a file, given to problems that know only their path."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from iso_gateway.errors import Problem

Place = TypeVar("Place")


def located(problems: Iterable[Problem], lines: Mapping[str, int]) -> list[Problem]:
    """Return *problems* with the line of the longest part of their path that *lines* knows, in the file's order.

    A missing key has no line of its own: it gets that of the table that should hold it.
    """
    placed = [
        problem if problem.line is not None else problem._replace(line=nearest(problem.path, lines))
        for problem in problems
    ]
    return sorted(placed, key=lambda problem: problem.line or 0)


def below(path: str, key: object) -> str:
    """Return the dotted path of *key* inside what *path* names."""
    return f"{path}.{key}" if path else str(key)


def nearest(path: str, places: Mapping[str, Place]) -> Place | None:
    """Return the place of the longest part of *path* that *places* knows."""
    while path:
        if path in places:
            return places[path]
        path = path.rpartition(".")[0]
    return None
