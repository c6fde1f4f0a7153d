"""What concerns the journal from outside the flow: what an earlier process left, dialects to keep, operators' acts."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, Final

import trio

from iso_gateway.errors import AdminError
from iso_gateway.office.verbs import given
from iso_gateway.protocol.acts import Act
from iso_gateway.protocol.commands import Told
from iso_gateway.protocol.events import ActWanted, Event
from iso_gateway.protocol.records import Row
from iso_gateway.protocol.setup import Setup
from iso_gateway.store.journal import JournalStore
from iso_gateway.store.remains import keep_dialects, remains

SUFFIX: Final = "/debt"
"""What logs add to a row's id where they speak of its debt."""


class Operating:
    """Asks the journal on behalf of the node and of operators."""

    def __init__(self, store: JournalStore, feed: Callable[[Event], None]) -> None:
        self._store = store
        self._feed = feed
        self._numbers = itertools.count(1)
        self._asked: dict[str, tuple[trio.Event, list[Told]]] = {}

    async def keep_dialects(self, setup: Setup) -> None:
        """Have the journal keep the dialects of *setup*, before a row names one of them.

        Raises:
            StoreError: the journal cannot be written.
        """
        await trio.to_thread.run_sync(keep_dialects, self._store, setup)

    async def recover(self) -> None:
        """Tell the node what an earlier process left open; nobody is listened to before.

        Raises:
            StoreError: the journal cannot be read.
        """
        self._feed(await trio.to_thread.run_sync(remains, self._store))

    async def act(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Do what an operator wants to a row: ``act``, ``id``, ``who``, ``reason`` -> ``done`` and ``text``.

        Raises:
            AdminError: there is no such act, or no such row.
            StoreError: the journal cannot be read.
        """
        act = _act(str(arguments.get("act", "")))
        name = str(arguments.get("id", "")).removesuffix(SUFFIX)
        row: Row | None = await trio.to_thread.run_sync(self._store.get, name)
        if row is None:
            raise AdminError(f"no transaction {given(name)!r} in the journal; owed and txn list show their ids")
        asked = f"act {next(self._numbers)}"
        done, told = self._asked[asked] = (trio.Event(), [])
        try:
            self._feed(ActWanted(asked, act, row, str(arguments.get("who", "")), str(arguments.get("reason", ""))))
            await done.wait()
        finally:
            del self._asked[asked]
        return {"done": told[0].ok, "text": told[0].text, "id": row.id}

    def told(self, command: Told) -> None:
        """Take in what the node says to an act."""
        if (asked := self._asked.get(command.id)) is not None:
            asked[1].append(command)
            asked[0].set()


def _act(name: str) -> Act:
    try:
        return Act(name)
    except ValueError:
        raise AdminError(f"no act {name!r} (known: {', '.join(Act)})") from None
