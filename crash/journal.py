"""What the gateway's journal says when the gateway has ended."""

from __future__ import annotations

from pathlib import Path

from iso_gateway.protocol.records import Row


def rows_of(_config: Path) -> list[Row]:
    """Return every row of the journal that the configuration names: none, as one in memory is gone."""
    return []
