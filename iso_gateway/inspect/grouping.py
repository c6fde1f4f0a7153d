"""Many problems of one kind told in one line, with the elements that have it: ``DE 2, 4-51, 90: format: ...``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from iso_gateway.errors import Problem

_ELEMENT: Final = re.compile(r"(?:fields\.)?([0-9]{1,3})((?:\..*)?)")


def grouped(problems: Iterable[tuple[Problem, str]]) -> Iterator[tuple[Problem, str]]:
    """Yield *problems*, each with its rule, in their order; those that say the same of several elements at the first's.

    Such a one has the first one's line, and all their numbers in its path. All else is as it was.
    """
    groups: dict[tuple[str, ...], list[tuple[int, Problem]]] = {}
    for at, (problem, rule) in enumerate(problems):
        found = _ELEMENT.fullmatch(problem.path)
        key = (rule, found[2], problem.message, problem.source) if found else (rule, str(at))
        groups.setdefault(key, []).append((int(found[1]) if found else 0, problem))
    for (rule, inside, *_), some in groups.items():
        first = some[0][1]
        if len(some) > 1:
            numbers = ranges(number for number, _problem in some)
            first = first._replace(path=f"DE {numbers}: {inside[1:]}".removesuffix(": "))
        yield first, rule


def ranges(numbers: Iterable[int]) -> str:
    """Return *numbers* ascending, three and more in a row as a range: ``2, 4-51, 90``."""
    found: list[str] = []
    for _, run in groupby(enumerate(sorted(set(numbers))), lambda each: each[1] - each[0]):
        row = [number for _, number in run]
        found += [f"{row[0]}-{row[-1]}"] if len(row) > 2 else map(str, row)
    return ", ".join(found)
