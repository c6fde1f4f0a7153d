"""What is asked of the tables, and the rows made of the answers."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Final

from iso_gateway.protocol.batch import Batch
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.records import Audit, Key, OriginalQuery, Row, RowState, Search, fits, may_be_original
from iso_gateway.store.group import Known
from iso_gateway.store.judging import OPEN_STATES
from iso_gateway.store.packing import micros, moment, unpack, unpack_batch
from iso_gateway.store.schema import SHELF

SAME_NAME: Final = 64
"""How many rows are found by one name, the newest, as in every store."""
LOOKED_AT: Final = 1024
"""How many rows with one RRN are looked at, whoever's they are: a host may give every sale the same."""

_COLUMNS: Final = """
    rows.seq, rows.id, rows.received, rows.kind, rows.merchant, rows.terminal, rows.stan, rows.batch, rows.amount,
    rows.card_hash, rows.state, rows.story, rows.body,
    later.state, later.amount, later.rrn, later.approval, later.story, later.changes
"""
_MERCHANT: Final = 4
"""Where in that."""
_FROM: Final = f"SELECT {_COLUMNS} FROM rows LEFT JOIN later ON later.seq = rows.seq"  # noqa: S608 -- all of it is ours

_KINDS: Final = {str(kind): kind for kind in Kind}
_STATES: Final = {str(state): state for state in RowState}

_BY_ID: Final = f"{_FROM} WHERE rows.id = ?"
_BY_SEQ: Final = f"{_FROM} WHERE rows.seq = ?"
_BY_KEY: Final = f"""
    {_FROM} WHERE rows.seq = (
        SELECT seq FROM claims WHERE stan = ? AND terminal = ? AND merchant = ? AND batch = ? AND kind = ?
    )
"""  # noqa: S608
_BY_STAN: Final = f"""
    {_FROM} WHERE rows.seq IN (
        SELECT seq FROM claims WHERE stan = ?1 AND terminal = ?2 AND merchant = ?3
        UNION SELECT seq FROM unclaimed WHERE stan = ?1 AND terminal = ?2 AND merchant = ?3
        ORDER BY seq DESC LIMIT {LOOKED_AT}
    ) ORDER BY rows.seq DESC LIMIT {SAME_NAME}
"""  # noqa: S608


_BY_RRN: Final = f"""
    {_FROM} WHERE rows.merchant = ?2 AND rows.seq IN (
        SELECT seq FROM rows WHERE rrn = ?1 UNION SELECT seq FROM later WHERE rrn = ?1
        ORDER BY seq DESC LIMIT {LOOKED_AT}
    ) ORDER BY rows.seq DESC LIMIT {SAME_NAME}
"""  # noqa: S608
_APPROVED_AT_ONCE: Final = "SELECT seq FROM rows WHERE approval = ? ORDER BY seq DESC LIMIT ?"
_SHELVES: Final = f"SELECT min(seq) >> {SHELF}, max(seq) >> {SHELF} FROM later"  # noqa: S608
_ON_SHELF: Final = f"""
    SELECT seq FROM later WHERE seq >> {SHELF} = ? AND approval = ? ORDER BY seq DESC LIMIT ?
"""  # noqa: S608


def known(record: Sequence[Any]) -> Known:
    """Return the row in *record*, which has `_COLUMNS`."""
    (seq, row_id, received, kind, merchant, terminal, stan, batch, amount, card_hash, state, story, body,
     now, amount_now, rrn, approval, story_since, changes) = record  # fmt: skip
    fixed = {
        "id": row_id,
        "received": moment(received),
        "kind": _KINDS[kind],
        "merchant": merchant,
        "terminal": terminal,
        "stan": stan,
        "batch": batch,
        "amount": amount,
        "card_hash": card_hash,
        "state": _STATES[state],
        "story": story,
    }
    if now is None:
        row, _ = unpack(fixed, body, {}, None)
        return Known(seq, row, len(story))
    said = {"amount": amount_now, "rrn": rrn, "approval": approval}
    later = {name: value for name, value in said.items() if value is not None}
    row, changed = unpack(fixed, body, {**later, "state": _STATES[now], "story": story_since}, changes)
    return Known(seq, row, len(story), frozenset(changed))


def by_id(connection: sqlite3.Connection, row_id: str) -> Known | None:
    """Return the row *row_id*."""
    record = connection.execute(_BY_ID, (row_id,)).fetchone()
    return known(record) if record is not None else None


def by_seq(connection: sqlite3.Connection, seq: int) -> Known:
    """Return the row with the number *seq*, which is there."""
    return known(connection.execute(_BY_SEQ, (seq,)).fetchone())


def by_key(connection: sqlite3.Connection, key: Key) -> Known | None:
    """Return the row that claims *key*."""
    merchant, terminal, batch, stan, kind = key
    record = connection.execute(_BY_KEY, (stan, terminal, merchant, batch, str(kind))).fetchone()
    return known(record) if record is not None else None


def originals(connection: sqlite3.Connection, query: OriginalQuery) -> tuple[Row, ...]:
    """Return the rows that *query* may mean, by the first of its names under which there are any; oldest first."""
    merchant = query.merchant
    for named, statement in (
        ({"stan": query.stan, "terminal": query.terminal}, _BY_STAN),
        ({"rrn": query.rrn}, _BY_RRN),
        ({"approval": query.approval}, ""),
    ):
        values = (*named.values(), merchant)
        if values[0]:
            records = connection.execute(statement, values) if statement else _approved(connection, *values)
            found = [known(record).row for record in records]
            # What a row was called once, or claims besides, the tables still say.
            meant = [row for row in reversed(found) if all(getattr(row, name) == named[name] for name in named)]
            rows = tuple(row for row in meant if may_be_original(row, query))
            if rows:
                return rows
    return ()


def _approved(connection: sqlite3.Connection, code: str, merchant: str) -> Iterator[Sequence[Any]]:
    """Yield the records of *merchant* with the *code* of approval, newest first: SAME_NAME at the most."""
    found = {seq for (seq,) in connection.execute(_APPROVED_AT_ONCE, (code, LOOKED_AT))}
    first, last = connection.execute(_SHELVES).fetchone()
    for shelf in range(last, first - 1, -1) if last is not None else ():
        if len(found) >= LOOKED_AT:
            break
        found.update(seq for (seq,) in connection.execute(_ON_SHELF, (shelf, code, LOOKED_AT)))
    looked_at = (connection.execute(_BY_SEQ, (seq,)).fetchone() for seq in sorted(found, reverse=True)[:LOOKED_AT])
    # One that was found and is gone has left the journal meanwhile.
    yield from islice((each for each in looked_at if each is not None and each[_MERCHANT] == merchant), SAME_NAME)


def in_states(connection: sqlite3.Connection, states: frozenset[RowState]) -> list[Row]:
    """Return the rows in one of *states*, oldest first; those in which something is open without a look at others."""
    few = "rows.seq IN (SELECT seq FROM unsettled) AND " if states <= OPEN_STATES else ""
    marks = ", ".join("?" * len(states))
    statement = f"{_FROM} WHERE {few}coalesce(later.state, rows.state) IN ({marks}) ORDER BY rows.seq"
    return [known(record).row for record in connection.execute(statement, [str(state) for state in states])]


def doubtful(connection: sqlite3.Connection) -> list[Row]:
    """Return the rows that are reversed in doubt, oldest first; without a look at those that are not."""
    few = "rows.seq IN (SELECT seq FROM unsettled)"
    statement = f"{_FROM} WHERE {few} AND coalesce(later.state, rows.state) = ? ORDER BY rows.seq"
    found = (known(record).row for record in connection.execute(statement, (str(RowState.REVERSED),)))
    return [row for row in found if row.doubtful]


def search(connection: sqlite3.Connection, wanted: Search) -> list[Row]:
    """Return the rows that fit *wanted*, the newest first."""
    conditions, values = _conditions(wanted)
    statement = f"{_FROM} WHERE {' AND '.join(['true', *conditions])} ORDER BY rows.seq DESC"
    found: list[Row] = []
    for record in connection.execute(statement, values):
        row = known(record).row
        if len(found) == wanted.limit:
            break
        if fits(row, wanted):
            found.append(row)
    return found


def _conditions(wanted: Search) -> tuple[list[str], list[Any]]:
    """Return what of *wanted* the tables can say without the rows being read, and the values for it."""
    said: Iterator[tuple[bool, str, list[Any]]] = iter(
        [
            (bool(wanted.merchant), "rows.merchant = ?", [wanted.merchant]),
            (bool(wanted.terminal), "rows.terminal = ?", [wanted.terminal]),
            (bool(wanted.batch), "rows.batch = ?", [wanted.batch]),
            (bool(wanted.card_hash), "rows.card_hash = ?", [wanted.card_hash]),
            (wanted.amount is not None, "coalesce(later.amount, rows.amount) = ?", [wanted.amount]),
            (wanted.flagged, "rows.seq IN (SELECT seq FROM flagged)", []),
            (wanted.since is not None, "rows.received >= ?", [wanted.since and micros(wanted.since)]),
            (wanted.until is not None, "rows.received < ?", [wanted.until and micros(wanted.until)]),
            (
                bool(wanted.stan),
                "rows.seq IN (SELECT seq FROM claims WHERE stan = ? UNION SELECT seq FROM unclaimed WHERE stan = ?)",
                [wanted.stan, wanted.stan],
            ),
            (
                bool(wanted.rrn),
                "rows.seq IN (SELECT seq FROM rows WHERE rrn = ? UNION SELECT seq FROM later WHERE rrn = ?)",
                [wanted.rrn, wanted.rrn],
            ),
            (
                bool(wanted.kinds),
                f"rows.kind IN ({', '.join('?' * len(wanted.kinds))})",
                [str(kind) for kind in wanted.kinds],
            ),
            (
                bool(wanted.states),
                f"coalesce(later.state, rows.state) IN ({', '.join('?' * len(wanted.states))})",
                [str(state) for state in wanted.states],
            ),
            (
                bool(wanted.states) and wanted.states <= OPEN_STATES,
                "rows.seq IN (SELECT seq FROM unsettled)",
                [],
            ),
            (bool(wanted.before), "rows.seq < (SELECT seq FROM rows WHERE id = ?)", [wanted.before]),
        ]
    )
    conditions, values = [], []
    for holds, condition, bound in said:
        if holds:
            conditions.append(condition)
            values += bound
    return conditions, values


def audits(connection: sqlite3.Connection, row_id: str) -> list[Audit]:
    """Return what operators did, to the row *row_id* or to all, oldest first."""
    of_one = "WHERE row = ?" if row_id else ""
    statement = f"SELECT id, at, who, act, row, reason FROM audits {of_one} ORDER BY seq"  # noqa: S608 -- ours
    records = connection.execute(statement, (row_id,) if row_id else ())
    return [Audit(name, moment(at), who, act, row, reason) for name, at, who, act, row, reason in records]


def batch_version(connection: sqlite3.Connection, batch: Batch) -> int:
    """Return the version in which *batch* is kept, or 0."""
    statement = "SELECT version FROM batches WHERE merchant = ? AND terminal = ? AND number = ?"
    record = connection.execute(statement, batch.key).fetchone()
    return int(record[0]) if record is not None else 0


def batch(connection: sqlite3.Connection, merchant: str, terminal: str, number: str) -> Batch | None:
    """Return the batch *number* of the terminal, or the one that was first kept last."""
    one = "AND number = ?" if number else "ORDER BY seq DESC LIMIT 1"
    statement = f"SELECT data FROM batches WHERE merchant = ? AND terminal = ? {one}"  # noqa: S608 -- ours
    record = connection.execute(statement, (merchant, terminal, *([number] if number else []))).fetchone()
    return unpack_batch(record[0]) if record is not None else None


def batches(connection: sqlite3.Connection, terminal: str, limit: int) -> list[Batch]:
    """Return the batches of *terminal*, or of all, the newest first."""
    of_one = "WHERE terminal = ?" if terminal else ""
    statement = f"SELECT data FROM batches {of_one} ORDER BY seq DESC LIMIT ?"  # noqa: S608 -- ours
    records = connection.execute(statement, (*([terminal] if terminal else []), limit))
    return [unpack_batch(data) for (data,) in records]
