"""A journal in memory: the same promises but one, for it forgets when the process ends.

Bounded: over ``max_rows`` the oldest rows on which nothing is open are dropped, as retention does in a store on disk.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import dropwhile, islice
from typing import Final, TypeVar

from msgspec.structs import replace

from iso_gateway.protocol.batch import Batch
from iso_gateway.protocol.records import (
    Audit,
    Change,
    Entry,
    Insert,
    Key,
    OriginalQuery,
    Row,
    RowState,
    Search,
    fits,
    may_be_original,
)
from iso_gateway.store.journal import Committed, Outcome
from iso_gateway.store.judging import changed, is_open, obstacle

IndexKey = TypeVar("IndexKey", tuple[str, str], tuple[str, str, str])


SAME_NAME: Final = 64
"""How many rows are found by one name, the newest: a host that gives every sale the same RRN must not cost a look at
all of them with each row that comes or goes."""


class MemoryJournal:
    """Rows in dicts, indexed by key, by terminal and STAN, and by RRN."""

    blocking = False

    def __init__(self, max_rows: int = 200_000) -> None:
        """Keep at most *max_rows*, about 2 kB each."""
        self._max_rows = max_rows
        self._rows: dict[str, Row] = {}
        self._claims: dict[Key, str] = {}
        # Tuples of texts are nothing that the garbage collector has to look at again and again, and lists are.
        self._by_stan: dict[tuple[str, str, str], tuple[str, ...]] = {}
        self._by_rrn: dict[tuple[str, str], tuple[str, ...]] = {}
        self._by_approval: dict[tuple[str, str], tuple[str, ...]] = {}
        self._audits: list[Audit] = []
        self._batches: dict[tuple[str, str, str], Batch] = {}
        self._dialects: dict[str, bytes] = {}
        self._key: bytes | None = None
        self.since: datetime | None = None
        """From when on there is every row: none has gone before the bound is reached."""
        self._retire_at = max_rows
        """How many rows are too many: more than the bound while too few of them may go."""

    def __len__(self) -> int:
        return len(self._rows)

    def commit(self, entries: Sequence[Entry]) -> list[Outcome]:
        """Commit *entries*, each whole or not at all, in order."""
        return [self._commit(entry) for entry in entries]

    def begin(self, entries: Sequence[Entry]) -> list[Outcome] | None:
        """Commit *entries*: nothing here waits."""
        return self.commit(entries)

    def make_durable(self) -> None:
        """Do nothing: what is in memory lasts as long as the process."""

    def find(self, key: Key | None, original: OriginalQuery | None) -> tuple[Row | None, tuple[Row, ...]]:
        """Return the row that claims *key*, and the rows that *original* may mean."""
        same = self._rows.get(self._claims.get(key, "")) if key is not None else None
        if original is None:
            return same, ()
        merchant = original.merchant
        for named in (
            self._by_stan.get((merchant, original.terminal, original.stan)) if original.stan else None,
            self._by_rrn.get((merchant, original.rrn)),
            self._by_approval.get((merchant, original.approval)),
        ):
            rows = tuple(row for row_id in named or () if may_be_original(row := self._rows[row_id], original))
            if rows:
                return same, rows
        return same, ()

    def get(self, row_id: str) -> Row | None:
        """Return the row *row_id*."""
        return self._rows.get(row_id)

    def in_states(self, states: frozenset[RowState]) -> list[Row]:
        """Return the rows in one of *states*, oldest first."""
        return [row for row in self._rows.values() if row.state in states]

    def doubtful(self) -> list[Row]:
        """Return the rows that are reversed in doubt, oldest first."""
        return [row for row in self._rows.values() if row.doubtful]

    def search(self, wanted: Search) -> list[Row]:
        """Return the rows that fit *wanted*, the newest first."""
        rows = reversed(self._rows.values())
        if wanted.before:
            rows = dropwhile(lambda row: row.id != wanted.before, rows)
            next(rows, None)
        return list(islice((row for row in rows if fits(row, wanted)), wanted.limit))

    def audits(self, row_id: str = "") -> list[Audit]:
        """Return what operators did, oldest first."""
        return [audit for audit in self._audits if row_id in ("", audit.row)]

    def batch(self, merchant: str, terminal: str, number: str = "") -> Batch | None:
        """Return the batch *number* of the terminal, or the one that was first kept last."""
        if number:
            return self._batches.get((merchant, terminal, number))
        return next((batch for batch in self.batches(terminal) if batch.merchant == merchant), None)

    def batches(self, terminal: str = "", limit: int = 100) -> list[Batch]:
        """Return the batches of *terminal*, or of all, the newest first."""
        found = (batch for batch in reversed(self._batches.values()) if terminal in ("", batch.terminal))
        return list(islice(found, limit))

    def keep_dialect(self, name: str, data: bytes) -> None:
        """Keep *data*, the spec and profile whose hash is *name*."""
        self._dialects.setdefault(name, data)

    def dialect(self, name: str) -> bytes | None:
        """Return what was kept under the hash *name*, or None."""
        return self._dialects.get(name)

    def same_key(self, check_value: bytes) -> bool:
        """Return whether *check_value* is the first that was asked for."""
        self._key = self._key or check_value
        return self._key == check_value

    def retire(self, before: datetime, limit: int = 200) -> int:
        """Let go of at most *limit* of the oldest rows that came before *before* and on which nothing is open."""
        old = (row for row in self._rows.values() if row.received < before and not is_open(row))
        return self._drop(list(islice(old, limit)))

    def close(self) -> None:
        """Forget everything."""
        self._dialects.clear()
        self._rows.clear()
        self._audits.clear()
        self._batches.clear()
        self._claims.clear()
        self._by_stan.clear()
        self._by_rrn.clear()
        self._by_approval.clear()

    def _commit(self, entry: Entry) -> Outcome:
        against = obstacle(entry, self._rows.get, self._claims.get, self._rows.__contains__, self._version)
        if against is not None:
            return against
        for part in entry:
            if isinstance(part, Insert):
                self._insert(part)
            elif isinstance(part, Change):
                self._change(part)
            elif isinstance(part, Batch):
                self._batches[part.key] = part
            else:
                self._audits.append(part)
        return Committed()

    def _version(self, batch: Batch) -> int:
        known = self._batches.get(batch.key)
        return 0 if known is None else known.version

    def _insert(self, part: Insert) -> None:
        for released in part.releasing:
            if released in self._rows:
                self._change(Change(released, set={"claims": ()}))
        row = part.row
        self._rows[row.id] = row
        for key in row.claims:
            self._claims[key] = row.id
        _add(self._by_stan, (row.merchant, row.terminal, row.stan), row.id)
        self._name(row)
        if len(self._rows) > self._retire_at:
            self._retire()

    def _change(self, part: Change) -> None:
        before = self._rows[part.id]
        row = replace(before, **changed(before, part), story=before.story + part.story)
        self._rows[part.id] = row
        if row.claims is not before.claims:
            for key in before.claims:
                if self._claims.get(key) == row.id:
                    del self._claims[key]
            for key in row.claims:
                self._claims[key] = row.id
        if row.rrn != before.rrn or row.approval != before.approval:
            self._unname(before)
            self._name(row)

    def _name(self, row: Row) -> None:
        """Have *row* found by what the host calls it."""
        if row.rrn:
            _add(self._by_rrn, (row.merchant, row.rrn), row.id)
        if row.approval:
            _add(self._by_approval, (row.merchant, row.approval), row.id)

    def _unname(self, row: Row) -> None:
        if row.rrn:
            _drop(self._by_rrn, (row.merchant, row.rrn), row.id)
        if row.approval:
            _drop(self._by_approval, (row.merchant, row.approval), row.id)

    def _retire(self) -> None:
        """Drop the oldest rows on which nothing is open, down to a hundredth below the bound where there are enough.

        Few at a time: whoever dropped a tenth of 200,000 would stop the gateway for a tenth of a second.
        """
        target = max(1, self._max_rows * 99 // 100)
        surplus = len(self._rows) - target
        self._drop(list(islice((row for row in self._rows.values() if not is_open(row)), surplus)))
        # Where too few may go, look again only after another tenth has come.
        left = len(self._rows)
        self._retire_at = self._max_rows if left <= target else max(self._max_rows, left + self._max_rows // 10)

    def _drop(self, rows: list[Row]) -> int:
        """Have nothing of *rows* remain; return how many they are."""
        for row in rows:
            del self._rows[row.id]
            self.since = max(self.since or row.received, row.received)
            for key in row.claims:
                self._claims.pop(key, None)
            _drop(self._by_stan, (row.merchant, row.terminal, row.stan), row.id)
            self._unname(row)
        return len(rows)


def _add(index: dict[IndexKey, tuple[str, ...]], key: IndexKey, row_id: str) -> None:
    known: tuple[str, ...] = index.get(key, ())
    index[key] = (*known[1 - SAME_NAME :], row_id) if known else (row_id,)


def _drop(index: dict[IndexKey, tuple[str, ...]], key: IndexKey, row_id: str) -> None:
    ids = index.get(key, ())
    if len(ids) > 1:
        index[key] = tuple(each for each in ids if each != row_id)
    elif row_id in ids:
        del index[key]
