"""What stands in the way of a part of an entry: the rules of the journal's interface, the same for every store."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from iso_gateway.errors import LocalProtocolError
from iso_gateway.protocol.batch import Batch
from iso_gateway.protocol.records import HELD, OPEN_DEBT, Change, Entry, Insert, Key, Row, RowState
from iso_gateway.store.journal import Failed, Refused

FIXED: Final = frozenset({"id", "kind", "merchant", "terminal", "stan", "batch", "card_hash", "received", "story"})
"""What a row is found by and no change sets: it says which request the row is of. A story is only added to."""


OPEN_STATES: Final = OPEN_DEBT | {RowState.SENDING, RowState.ANSWERED, RowState.UNCONFIRMED}
"""States in which a row is open, whatever else it says."""


def is_open(row: Row) -> bool:
    """Return whether something is still to happen to *row*, or to another by way of it; retention leaves it alone."""
    return row.state in OPEN_STATES or row.taken in HELD or row.reserved > 0 or row.doubtful


def obstacle(
    entry: Entry,
    row_of: Callable[[str], Row | None],
    holder_of: Callable[[Key], str | None],
    is_there: Callable[[str], object],
    version_of: Callable[[Batch], int],
) -> Refused | Failed | None:
    """Return why *entry* cannot be committed, or None; all of its parts are judged by what was before it.

    Args:
        entry: What is to be committed.
        row_of: Gives the row of an id.
        holder_of: Gives the id of the row that claims a key.
        is_there: Says whether there is a row of an id.
        version_of: Gives the version in which a batch is kept, or 0.
    """
    for part in entry:
        if isinstance(part, Change):
            row = row_of(part.id)
            if row is None:
                return Failed(f"no row {part.id}")
            if not as_expected(part, row):
                return Refused(row)
        elif isinstance(part, Insert):
            if is_there(part.row.id):
                return Failed(f"row {part.row.id} is there already")
            for key in part.row.claims:
                holder = holder_of(key)
                if holder is not None and holder not in part.releasing and (row := row_of(holder)) is not None:
                    return Refused(row)
        elif isinstance(part, Batch) and part.version != version_of(part) + 1:
            return Failed(f"batch {part.number} of {part.terminal} was changed meanwhile")
    return None


def as_expected(part: Change, row: Row) -> bool:
    """Return whether *row* is as *part* expects it."""
    if part.room and row.amount - row.returned - row.reserved < part.room:
        return False
    for column, wanted in part.where.items():
        value = getattr(row, column)
        if value not in wanted if isinstance(wanted, frozenset) else value != wanted:
            return False
    return True


def changed(row: Row, part: Change) -> dict[str, object]:
    """Return the columns of *row* that *part* sets or adds to, but for its story, as they are then.

    Raises:
        LocalProtocolError: it sets what says which request the row is of.
    """
    columns = dict(part.set)
    for column, amount in part.add.items():
        columns[column] = getattr(row, column) + amount
    free_to_change(columns)
    return columns


def free_to_change(columns: Iterable[str]) -> None:
    """See that a row may be changed in *columns*.

    Raises:
        LocalProtocolError: they say which request the row is of.
    """
    if not FIXED.isdisjoint(columns):
        raise LocalProtocolError(f"a change of {', '.join(sorted(FIXED.intersection(columns)))} of a row")
