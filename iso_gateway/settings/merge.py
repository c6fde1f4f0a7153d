"""Settings that take over others: a table laid over another one.

Tables are merged key by key, at every depth; whatever else the upper one says replaces what stands below it, lists as a
whole. ``absent`` takes a key out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final, NamedTuple

from iso_gateway.errors import Problem, did_you_mean

ABSENT: Final = "absent"
"""What stands for a key of the base that is not to be taken over."""


class Merged(NamedTuple):
    """A table laid over another one."""

    data: dict[str, Any]
    replaced: set[str]
    """The paths at which nothing of the base is left, or that it never had."""
    problems: list[Problem]
    """Keys taken out that the base does not have, each with its path."""


def merged(base: Mapping[str, Any], child: Mapping[str, Any], *, whole: Collection[str] = ()) -> Merged:
    """Return *child* laid over *base*; neither is changed.

    Args:
        base: the table below, with text as keys.
        child: the table above, likewise.
        whole: keys whose tables are replaced and not merged, wherever they stand.
    """
    result = Merged({}, set(), [])
    result.data.update(_laid(base, child, "", frozenset(whole), result))
    return result


def _laid(
    base: Mapping[str, Any], child: Mapping[str, Any], path: str, whole: frozenset[str], result: Merged
) -> dict[str, Any]:
    found = dict(base)
    for key, value in child.items():
        here = f"{path}.{key}" if path else key
        below = base.get(key)
        if isinstance(value, Mapping) and isinstance(below, Mapping) and key not in whole:
            found[key] = _laid(below, value, here, whole, result)
            continue
        result.replaced.add(here)
        if value != ABSENT:
            found[key] = value
        elif key in base:
            del found[key]
        else:
            hint = did_you_mean(key, list(base), len(result.problems))
            result.problems.append(Problem(here, f"is to be left out, but no base has such a key{hint}"))
    return found
