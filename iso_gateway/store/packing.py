"""A row of the journal <-> the columns of a table: what is looked for has a column of its own, the rest is msgpack.

Rule 1: ``BODY`` is what the bytes on disk mean. New columns of a row go to its end, where an older journal's bodies
just stop; whatever else changes needs a migration.
Rule 2: what a row was when it came is written once. What changed since is a second, smaller record beside it
(`Row` + changes), so that an outcome does not write the request's message again.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Any, Final, get_type_hints

import msgspec
from msgspec.structs import fields

from iso_gateway.protocol.batch import Batch
from iso_gateway.protocol.records import HostLeg, Key, Row
from iso_gateway.store.judging import FIXED

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

BODY: Final = (
    *("claims", "fingerprint", "mti", "currency", "pan", "card", "transmitted", "business_date", "host"),
    *("rrn", "approval", "approved", "code", "own_code", "answer", "original", "behind", "reversible", "reason"),
    *("attempts", "replays", "taken", "returned", "reserved", "dialect", "flags"),
    *("debt_stan", "owed_since", "tried", "approval_seen", "doubtful_until"),
)
"""The columns of a row that nobody looks for, in the order of the array that holds them."""

LATER: Final = frozenset({"state", "amount", "rrn", "approval"})
"""What changes and has a column in the table beside the changes."""

_TYPES: Final = get_type_hints(Row)
_DEFAULTS: Final = {field.name: field.default for field in fields(Row)} | {"answer": {}}


class _Leg(msgspec.Struct, array_like=True, frozen=True):
    """A `HostLeg` without the names of its parts."""

    acquirer: str
    link: str
    mti: str
    stan: str
    transmitted: str
    local: str
    fields: dict[int, Any]
    """Text or bytes, as msgpack tells them apart."""
    sent: datetime


_of_leg: Final = attrgetter(*_Leg.__struct_fields__)
_of_body: Final = attrgetter(*BODY)
_CLAIMS: Final = BODY.index("claims")
_HOST: Final = BODY.index("host")


def _body_type(name: str) -> Any:
    if name == "claims":
        return bool | tuple[Key, ...]
    if name == "answer":
        return dict[str, Any]  # text or bytes, as msgpack tells them apart
    return _Leg | None if name == "host" else _TYPES[name]


_Body: Final = msgspec.defstruct(
    "_Body",
    [
        (name, _body_type(name)) if _DEFAULTS[name] is msgspec.NODEFAULT else (name, _body_type(name), _DEFAULTS[name])
        for name in BODY
    ],
    array_like=True,
    frozen=True,
)

_Changes: Final = msgspec.defstruct(
    "_Changes",
    [(name, _body_type(name) | msgspec.UnsetType, msgspec.UNSET) for name in _TYPES if name not in FIXED | LATER],
    frozen=True,
)

_encode: Final = msgspec.msgpack.Encoder().encode
_read_body: Final = msgspec.msgpack.Decoder(_Body).decode
_read_batch: Final = msgspec.msgpack.Decoder(Batch).decode
_read_changes: Final = msgspec.msgpack.Decoder(_Changes).decode


def own_key(row: Row) -> Key:
    """Return the key under which a request like *row* is told from others: what nearly every row claims, and only."""
    return (row.merchant, row.terminal, row.batch, row.stan, row.kind)


def micros(moment: datetime) -> int:
    """Return *moment* in microseconds since 1970."""
    return round(moment.timestamp() * 1_000_000)


def moment(micros: int) -> datetime:
    """Return the moment that is *micros* after 1970, UTC."""
    return EPOCH + timedelta(microseconds=micros)


def pack(row: Row) -> bytes:
    """Return the columns of *row* that have none in the table."""
    body = list(_of_body(row))
    claims = row.claims
    if len(claims) == 1 and claims[0] == own_key(row):
        body[_CLAIMS] = True
    if row.host is not None:
        body[_HOST] = _of_leg(row.host)
    return _encode(body)


def pack_changes(row: Row, names: Iterable[str]) -> bytes | None:
    """Return what *row* says now in those of the columns *names* that have no column of their own."""
    said = {name: getattr(row, name) for name in names if name not in LATER}
    if not said:
        return None
    if said.get("host") is not None:
        said["host"] = _of_leg(said["host"])
    return _encode(said)


def pack_batch(batch: Batch) -> bytes:
    """Return *batch* as it is kept."""
    return _encode(batch)


def unpack_batch(data: bytes) -> Batch:
    """Return the batch in *data*.

    Raises:
        msgspec.MsgspecError: the bytes are none that `pack_batch` made.
    """
    return _read_batch(data)


def unpack(fixed: dict[str, Any], body: bytes, later: dict[str, Any], changes: bytes | None) -> tuple[Row, set[str]]:
    """Return the row with the columns *fixed* and those in *body*, and what of it was set later, and is.

    Args:
        fixed: what the table says of the row as it came.
        body: the rest of it, as `pack` made it.
        later: what it says since, by column; a story is what was added.
        changes: the rest of that, as `pack_changes` made it.

    Raises:
        msgspec.MsgspecError: the bytes are none that were made here.
    """
    read = _read_body(body)
    columns = {name: getattr(read, name) for name in BODY}
    columns |= fixed
    changed = dict(later)
    if changes is not None:
        since = _read_changes(changes)
        values = ((name, getattr(since, name)) for name in since.__struct_fields__)
        changed |= {name: value for name, value in values if value is not msgspec.UNSET}
    columns |= changed
    columns["story"] = fixed["story"] + later.get("story", "")
    if columns["claims"] is True:
        said = columns["merchant"], columns["terminal"], columns["batch"], columns["stan"], str(columns["kind"])
        columns["claims"] = (said,)
    if isinstance(columns["host"], _Leg):
        columns["host"] = HostLeg(*_of_leg(columns["host"]))
    return Row(**columns), changed.keys() - {"story"}
