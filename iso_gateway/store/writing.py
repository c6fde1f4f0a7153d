"""A judged group -> the statements that write it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Any, Final

from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.records import Key, Row, RowState
from iso_gateway.store import statements
from iso_gateway.store.group import ClashError, Group, Known
from iso_gateway.store.judging import is_open
from iso_gateway.store.packing import micros, pack, pack_batch, pack_changes

# The driver takes a plain text much sooner than a member of an enumeration.
STATES: Final = {state: str(state) for state in RowState}
KINDS: Final = {kind: str(kind) for kind in Kind}

_MOVES: Final = frozenset({"state"})


def write(connection: sqlite3.Connection, group: Group) -> None:
    """Write all that *group* does.

    Raises:
        ClashError: a key or an id that it takes for free is not.
        sqlite3.Error: the statements cannot be run.
    """
    claims = _Claims()
    _add(connection, group.new.values(), claims)
    if group.after:
        _change(connection, group, claims)
    claims.write(connection)
    if group.batches:
        batches = [
            (*batch.key, batch.version, batch.closed and micros(batch.closed), pack_batch(batch))
            for batch in group.batches.values()
        ]
        statements.KEEP_BATCHES.run(connection, batches)
    if group.audits:
        audits = [(each.id, micros(each.at), each.who, each.act, each.row, each.reason) for each in group.audits]
        statements.ADD_AUDITS.run(connection, audits)


def _add(connection: sqlite3.Connection, new: Iterable[Known], claims: _Claims) -> None:
    rows, unsettled, flagged = [], [], []
    for known in new:
        row, seq = known.row, known.seq
        rows.append(
            (
                *(seq, row.id, micros(row.received), KINDS[row.kind], row.merchant, row.terminal, row.stan, row.batch),
                *(row.amount, row.card_hash, STATES[row.state], row.rrn or None, row.approval or None, row.story),
                pack(row),
            )
        )
        if is_open(row):
            unsettled.append((seq,))
        if row.flags:
            flagged.append((seq,))
        claims.gained(seq, row.claims)
        if not _finds(row):
            claims.unclaimed.append(_unclaimed(seq, row))
    try:
        statements.ADD_ROWS.run(connection, rows)
    except sqlite3.IntegrityError as error:
        raise ClashError from error
    statements.ADD_UNSETTLED.run(connection, unsettled)
    statements.ADD_FLAGGED.run(connection, flagged)


def _change(connection: sqlite3.Connection, group: Group, claims: _Claims) -> None:
    told: list[tuple[Any, ...]] = []
    moved: list[tuple[Any, ...]] = []
    settled: list[tuple[int]] = []
    unsettled: list[tuple[int]] = []
    flagged: list[tuple[int]] = []
    unflagged: list[tuple[int]] = []
    for row_id, known in group.after.items():
        before = group.before[row_id]
        was, row, seq = before.row, known.row, known.seq
        if before.changed is not None and known.now <= _MOVES:
            moved.append((seq, STATES[row.state], row.story[len(was.story) :]))
        else:
            told.append(_told(known))
        if is_open(row) is not (open_before := is_open(was)):
            (settled if open_before else unsettled).append((seq,))
        if bool(row.flags) is not bool(was.flags):
            (flagged if row.flags else unflagged).append((seq,))
        if row.claims is not was.claims:
            claims.changed(seq, was, row)
    statements.TELL.run(connection, told)
    statements.MOVE.run(connection, moved)
    statements.DROP_UNSETTLED.run(connection, settled)
    statements.ADD_UNSETTLED.run(connection, unsettled)
    statements.ADD_FLAGGED.run(connection, flagged)
    statements.DROP_FLAGGED.run(connection, unflagged)


def _told(known: Known) -> tuple[Any, ...]:
    """Return all that became of a row."""
    row, said = known.row, known.changed or frozenset()
    return (
        known.seq,
        STATES[row.state],
        row.amount if "amount" in said else None,
        row.rrn if "rrn" in said else None,
        row.approval if "approval" in said else None,
        row.story[known.first :],
        pack_changes(row, said),
    )


def _finds(row: Row) -> bool:
    """Return whether a key that *row* claims leads to it from its own STAN."""
    own = (row.merchant, row.terminal, row.stan)
    return any((merchant, terminal, stan) == own for merchant, terminal, _, stan, _ in row.claims)


def _unclaimed(seq: int, row: Row) -> tuple[Any, ...]:
    return row.stan, row.terminal, row.merchant, seq


def columns_of(key: Key) -> tuple[str, str, str, str, str]:
    """Return *key* in the order of the table."""
    merchant, terminal, batch, stan, kind = key
    return stan, terminal, merchant, batch, str(kind)


class _Claims:
    """The keys that change hands."""

    def __init__(self) -> None:
        self._gained: list[tuple[Any, ...]] = []
        self._lost: list[tuple[Any, ...]] = []
        self.unclaimed: list[tuple[Any, ...]] = []
        self._found: list[tuple[Any, ...]] = []

    def gained(self, seq: int, keys: Iterable[Key]) -> None:
        self._gained += [(*columns_of(key), seq) for key in keys]

    def changed(self, seq: int, was: Row, row: Row) -> None:
        self._lost += [columns_of(key) for key in was.claims if key not in row.claims]
        self.gained(seq, [key for key in row.claims if key not in was.claims])
        if _finds(row) is not _finds(was):
            (self._found if _finds(row) else self.unclaimed).append(_unclaimed(seq, row))

    def write(self, connection: sqlite3.Connection) -> None:
        statements.DROP_CLAIMS.run(connection, self._lost)
        if statements.ADD_CLAIMS.run(connection, self._gained) != len(self._gained):
            raise ClashError
        statements.DROP_UNCLAIMED.run(connection, self._found)
        statements.ADD_UNCLAIMED.run(connection, self.unclaimed)
