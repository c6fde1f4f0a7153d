"""Old rows leave the journal while the gateway runs: few at a time, so that no commit waits for it."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import trio

from iso_gateway.errors import StoreError
from iso_gateway.net import clock
from iso_gateway.store.journal import JournalStore

STEP: Final = 200
"""Rows that go at a time."""
BREATH: Final = 0.1
"""Seconds between two steps: up to 2,000 rows a second leave, and commits go between."""
AGAIN: Final = 60.0
"""Seconds until the next look, where nothing is left to go."""


async def retire_for_ever(journal: JournalStore, days: float) -> None:
    """Have rows retire that came more than *days* ago and on which nothing is open.

    What cannot be written is tried again later; that the journal fails is told where somebody waits for it.
    """
    while True:
        before = clock.now().wall - timedelta(days=days)
        try:
            gone = await trio.to_thread.run_sync(journal.retire, before, STEP)
        except StoreError:
            gone = 0
        await trio.sleep(BREATH if gone == STEP else AGAIN)
