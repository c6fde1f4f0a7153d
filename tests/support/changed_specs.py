"""A shipped spec with a few things changed, as data."""

from __future__ import annotations

from typing import Any

from iso_gateway import load_spec

ASCII = load_spec("iso87-ascii")


def changed(**changes: Any) -> dict[str, Any]:
    """Return the source of iso87-ascii with fields ``de48={...}`` changed, or without, and other keys laid over."""
    source = dict(ASCII.source["fields"])
    for name in [name for name in changes if name.startswith("de")]:
        number, change = name.removeprefix("de"), changes.pop(name)
        source[number] = {**source.get(number, {}), **(change or {})}
        if change is None:
            del source[number]
    return {**ASCII.source, "fields": source, "name": "changed", **changes}
