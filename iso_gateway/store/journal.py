"""The journal's interface: what every store promises, and all that the gateway knows of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from iso_gateway.protocol.batch import Batch
from iso_gateway.protocol.records import Audit, Entry, Key, OriginalQuery, Row, RowState, Search


class Committed(msgspec.Struct, frozen=True):
    """The entry is durable, as far as this store goes."""


class Refused(msgspec.Struct, frozen=True):
    """Nothing of the entry was committed, because of *row*: it holds the key, or is not as the entry expects."""

    row: Row


class Failed(msgspec.Struct, frozen=True):
    """Nothing of the entry was committed, for a reason of its own.

    It changes a row that is not there, or a batch that is not of the version before.
    """

    reason: str


Outcome = Committed | Refused | Failed


class JournalStore(Protocol):
    """A journal. Its methods block for as long as the medium takes; the caller decides where to wait."""

    blocking: bool
    """Whether a call may take long enough that it must not run on the event loop."""

    @property
    def since(self) -> datetime | None:
        """From when on there is every row that was ever committed: it moves on as rows retire; None: from the first."""
        ...

    def commit(self, entries: Sequence[Entry]) -> list[Outcome]:
        """Commit *entries* as one group; return what became of each, in order.

        Each entry is committed whole or not at all; a conflict answers its own entry, and its neighbours commit.
        Entries are seen by those after them.

        Raises:
            StoreError: nothing of the group was committed, or nobody can say.
        """
        ...

    def begin(self, entries: Sequence[Entry]) -> list[Outcome] | None:
        """Do of `commit` what waits for nothing: what becomes of each entry is true once `make_durable` returns.

        None, and nothing was done, where that cannot be; then `commit` has to do it. One group at a time.
        """
        ...

    def make_durable(self) -> None:
        """Wait until what `begin` wrote lasts.

        Raises:
            StoreError: nothing of it was committed, or nobody can say.
        """
        ...

    def find(self, key: Key | None, original: OriginalQuery | None) -> tuple[Row | None, tuple[Row, ...]]:
        """Return the row that claims *key*, and the rows that *original* may mean.

        Raises:
            StoreError: the journal cannot be read.
        """
        ...

    def get(self, row_id: str) -> Row | None:
        """Return the row *row_id*."""
        ...

    def in_states(self, states: frozenset[RowState]) -> list[Row]:
        """Return the rows that are in one of *states*, oldest first."""
        ...

    def doubtful(self) -> list[Row]:
        """Return the rows that are reversed in doubt, oldest first.

        Raises:
            StoreError: the journal cannot be read.
        """
        ...

    def search(self, wanted: Search) -> list[Row]:
        """Return the rows that fit *wanted*, the newest first, as many as it asks for.

        Raises:
            StoreError: the journal cannot be read.
        """
        ...

    def audits(self, row_id: str = "") -> list[Audit]:
        """Return what operators did, to the row *row_id* or to all, oldest first."""
        ...

    def batch(self, merchant: str, terminal: str, number: str = "") -> Batch | None:
        """Return the batch *number* of the terminal, or, without a number, the one that was first kept last.

        Raises:
            StoreError: the journal cannot be read.
        """
        ...

    def batches(self, terminal: str = "", limit: int = 100) -> list[Batch]:
        """Return the batches of *terminal*, or of all, the one that was first kept last coming first.

        Raises:
            StoreError: the journal cannot be read.
        """
        ...

    def keep_dialect(self, name: str, data: bytes) -> None:
        """Keep *data*, the spec and profile whose hash is *name*, for as long as a row names it; once is enough.

        Raises:
            StoreError: it is not kept.
        """
        ...

    def dialect(self, name: str) -> bytes | None:
        """Return what was kept under the hash *name*, or None.

        Raises:
            StoreError: the journal cannot be read.
        """
        ...

    def same_key(self, check_value: bytes) -> bool:
        """Return whether the rows are sealed under the key of *check_value*: the first that is asked for is kept.

        Raises:
            StoreError: the journal cannot be read or written.
        """
        ...

    def retire(self, before: datetime, limit: int = 200) -> int:
        """Let go of at most *limit* of the oldest rows that came before *before* and on which nothing is open.

        Returns how many went; `since` moves on with them. So few at a time hold up a commit for some milliseconds.

        Raises:
            StoreError: the journal cannot be written.
        """
        ...

    def close(self) -> None:
        """Let go of the medium."""
        ...
