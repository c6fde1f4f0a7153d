"""What a group of entries does to the rows, worked out before a statement is run: one write for each row, at the end.

Only the process that holds the journal's lock writes, so what it knows of a row is what the row is. Whether a key is
free is not worked out here unless somebody can say: the unique key of the table is the truth.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from iso_gateway.protocol.batch import Batch
from iso_gateway.protocol.records import Audit, Change, Entry, Insert, Key, Row
from iso_gateway.store.journal import Committed, Failed, Outcome, Refused
from iso_gateway.store.judging import as_expected, changed, free_to_change, obstacle

_COMMITTED: Final = Committed()


@lru_cache(256)
def _names(columns: tuple[str, ...]) -> frozenset[str]:
    """Return *columns* as a set: there are few such sets, and one is made for every change.

    Raises:
        LocalProtocolError: they say which request a row is of.
    """
    free_to_change(columns)
    return frozenset(columns)


class ClashError(Exception):
    """A key or an id was taken for free and may be held; nothing of the group may stay."""


class Known(msgspec.Struct, gc=False):
    """A row, and how it lies in the tables."""

    seq: int
    row: Row
    first: int
    """How much of its story it came with."""
    changed: frozenset[str] | None = None
    """The columns that were set since it came; None where nothing was said of it since."""
    now: frozenset[str] = frozenset()
    """Those of them that this group sets."""


class Group:
    """The entries of one commit, judged in order; each sees what those before it did."""

    def __init__(
        self,
        find: Callable[[str], Known | None],
        batch_version: Callable[[Batch], int],
        holder_of: Callable[[Key], str | None] | None,
        next_seq: int,
    ) -> None:
        """Judge by what the tables say of rows, batches and keys; without *holder_of*, keys and new ids pass for free.

        New rows are numbered from *next_seq*.
        """
        self._batch_version = batch_version
        self._find = find
        self._holder_in_the_tables = holder_of
        self.next_seq = next_seq
        self.new: dict[str, Known] = {}
        """The rows that were added."""
        self.before: dict[str, Known] = {}
        """The rows that were changed, as the tables have them."""
        self.after: dict[str, Known] = {}
        """The same, as they are to be."""
        self.audits: list[Audit] = []
        self.batches: dict[tuple[str, str, str], Batch] = {}
        self._holders: dict[Key, str | None] = {}

    def judge(self, entries: Sequence[Entry]) -> list[Outcome]:
        """Take in *entries*; return what becomes of each, should the group be committed.

        Raises:
            ClashError: that cannot be said without a look at keys.
        """
        return [self._judge(entry) for entry in entries]

    def _judge(self, entry: Entry) -> Outcome:
        if len(entry) == 1 and type(part := entry[0]) is Change and not part.add and not part.room:
            return self._set(part)
        against = obstacle(entry, self._row, self._holder, self._is_there, self._version)
        if against is not None:
            if self._holder_in_the_tables is None and any(isinstance(part, Insert) for part in entry):
                raise ClashError  # a key of it may be held besides, and that is what its caller has to hear
            return against
        for part in entry:
            if isinstance(part, Change):
                known = self._known(part.id)
                self._change(known, changed(known.row, part), part.story)
            elif isinstance(part, Insert):
                self._insert(part)
            elif isinstance(part, Batch):
                self.batches[part.key] = part
            else:
                self.audits.append(part)
        return _COMMITTED

    def _insert(self, part: Insert) -> None:
        if part.releasing and self._holder_in_the_tables is None:
            raise ClashError  # rare, and whose key it takes has to be known
        for released in part.releasing:
            if (known := self._find_now(released)) is not None:
                self._change(known, {"claims": ()}, "")
        row = part.row
        self.new[row.id] = Known(self.next_seq, row, len(row.story))
        self.next_seq += 1
        for key in row.claims:
            self._holders[key] = row.id

    def _set(self, part: Change) -> Outcome:
        """Do what nearly every entry asks: that columns of one row be set, if others are as expected."""
        known = self._find_now(part.id)
        if known is None:
            return Failed(f"no row {part.id}")
        if not as_expected(part, known.row):
            return Refused(known.row)
        self._change(known, part.set, part.story)
        return _COMMITTED

    def _change(self, known: Known, columns: Mapping[str, Any], story: str) -> None:
        before, row_id = known.row, known.row.id
        now = _names(tuple(columns))
        row = replace(before, **columns, story=before.story + story) if story else replace(before, **columns)
        if row.claims is not before.claims:
            for key in before.claims:
                if self._holder_in_the_tables is None and (
                    row_id in self.new or self._holders.get(key, row_id) != row_id
                ):
                    raise ClashError  # it was taken for free, and the table will not tell that it was not
                self._holders[key] = None
            for key in row.claims:
                self._holders[key] = row_id
        if row_id in self.new:
            self.new[row_id] = Known(known.seq, row, len(row.story))
        else:
            if self.before.setdefault(row_id, known) is not known:
                now |= known.now
            said = now if known.changed is None else known.changed | now
            self.after[row_id] = Known(known.seq, row, known.first, said, now)

    def _find_now(self, row_id: str) -> Known | None:
        return self.new.get(row_id) or self.after.get(row_id) or self._find(row_id)

    def _known(self, row_id: str) -> Known:
        known = self._find_now(row_id)
        assert known is not None
        return known

    def _row(self, row_id: str) -> Row | None:
        known = self._find_now(row_id)
        return known.row if known is not None else None

    def _version(self, batch: Batch) -> int:
        staged = self.batches.get(batch.key)
        return staged.version if staged is not None else self._batch_version(batch)

    def _is_there(self, row_id: str) -> bool:
        return row_id in self.new or (self._holder_in_the_tables is not None and self._row(row_id) is not None)

    def _holder(self, key: Key) -> str | None:
        if key in self._holders:
            return self._holders[key]
        return self._holder_in_the_tables(key) if self._holder_in_the_tables is not None else None
