"""The questions of the back office, by the names that they have on the admin socket.

Each is a function of the journal, the moment and what was asked, and returns what `--json` prints. A running gateway
answers them over its admin socket; of a stopped one they are asked of its journal.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any, Final, TypeVar

import msgspec
from msgspec import Meta

from iso_gateway.codec import mask
from iso_gateway.errors import AdminError, did_you_mean
from iso_gateway.office import batches, views
from iso_gateway.office.timeline import named_by, timeline, verdict
from iso_gateway.office.views import Now
from iso_gateway.protocol.acts import Act
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.records import Audit, Row, RowState, Search
from iso_gateway.protocol.story import said

MOST: Final = 1000
"""Rows in one answer; more are asked for by `after`."""

DEBT: Final = "/debt"
"""What logs add to a row's id where they speak of its debt."""

SHORTEST_PAN: Final = 13
"""Digits of the shortest card number."""

ID: Final = re.compile(
    r"\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[01]\d|2[0-3])[0-5]\d[0-5]\d[0-9a-f]{4}-\w{1,12}(?:-\w|/debt)?"
).fullmatch
"""What the id of a row looks like: the second in which its gateway started, four digits by chance, a number."""

Limit = Annotated[int, Meta(ge=1, le=MOST)]
Name = Annotated[str, Meta(max_length=64)]
Fingerprint = Callable[[bytes], bytes]
"""The journal's keyed hash of a card number."""


class Reading(msgspec.Struct, frozen=True):
    """What is asked of a journal, as functions: a store, or a part of one."""

    get: Callable[[str], Row | None]
    search: Callable[[Search], list[Row]]
    in_states: Callable[[frozenset[RowState]], list[Row]]
    audits: Callable[[str], list[Audit]]
    fingerprint: Fingerprint
    batches: batches.Batches


class OwedAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `owed` takes."""

    limit: Limit = 100
    after: Name = ""
    """The id of the last one of the page before."""


class ListAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `txn.list` takes; what is not said is not looked at."""

    rrn: Name = ""
    stan: Name = ""
    terminal: Name = ""
    merchant: Name = ""
    batch: Name = ""
    pan: Annotated[str, Meta(pattern="^([0-9]{12,19})?$", description="12 to 19 digits")] = ""
    amount: int | None = None
    """Minor units."""
    states: tuple[RowState, ...] = ()
    kinds: tuple[Kind, ...] = ()
    flagged: bool = False
    since: datetime | None = None
    until: datetime | None = None
    limit: Limit = 50
    after: Name = ""


class ShowAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `txn.show` takes."""

    id: Name


class ActAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `act` takes."""

    id: Name
    act: Act
    who: str
    reason: str


Asked = TypeVar("Asked")


def asked(arguments: Mapping[str, Any], what: type[Asked]) -> Asked:
    """Return *arguments* as *what* a verb takes.

    Raises:
        AdminError: they are not; it says where and what was expected, and never a value.
    """
    try:
        return msgspec.convert(dict(arguments), what)
    except msgspec.ValidationError as error:
        raise AdminError(str(error)) from None


def owed(journal: Reading, now: Now, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is owed, stuck or in question, the oldest first, with totals by currency over all of it."""
    wanted = asked(arguments, OwedAsked)
    states = frozenset(views.STATES) | (frozenset(views.LEFT_BEHIND) if now.live is None else frozenset())
    rows = {row.id: row for row in journal.in_states(states)}
    listed = Search(flagged=True, states=frozenset({RowState.NOTED}), limit=MOST)
    forged = Search(flagged=True, states=frozenset({RowState.DONE}), limit=MOST)
    rows.update((row.id, row) for search in (listed, forged) for row in journal.search(search))
    for live in (now.live or {}).values():
        rows.setdefault(live.row.id, live.row)
    debts = [shown for row in rows.values() if (shown := views.debt(row, now)) is not None]
    debts.sort(key=lambda each: (each.since, each.id))
    page = _page(debts, wanted.after, wanted.limit)
    return _built({
        "owed": page,
        "count": Counter(each.state for each in debts),
        "totals": _totals(debts),
        "next": page[-1].id if page and page[-1] is not debts[-1] else "",
        "running": now.live is not None,
    })  # fmt: skip


def _page(debts: list[views.Debt], after: str, limit: int) -> list[views.Debt]:
    """Return *limit* of *debts*, behind the one whose id is *after*.

    Raises:
        AdminError: that one is not owed any more.
    """
    start = 0
    if after:
        ids = [each.id for each in debts]
        if after not in ids:
            raise AdminError(f"{given(after)} is not in the list any more; begin again without 'after'")
        start = ids.index(after) + 1
    return debts[start : start + limit]


def _totals(debts: list[views.Debt]) -> dict[str, dict[str, int]]:
    """Return the sums in minor units by currency and state."""
    totals: dict[str, Counter[str]] = {}
    for each in debts:
        totals.setdefault(views.letters(each.currency) or "?", Counter())[each.state] += each.amount
    return {currency: dict(sums) for currency, sums in sorted(totals.items())}


def txn_list(journal: Reading, now: Now, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the transactions that fit, the newest first."""
    wanted = asked(arguments, ListAsked)
    search = Search(
        rrn=wanted.rrn,
        stan=wanted.stan,
        terminal=wanted.terminal,
        merchant=wanted.merchant,
        batch=wanted.batch,
        card_hash=journal.fingerprint(wanted.pan.encode()) if wanted.pan else b"",
        amount=wanted.amount,
        states=frozenset(wanted.states),
        kinds=frozenset(wanted.kinds),
        flagged=wanted.flagged,
        since=wanted.since,
        until=wanted.until,
        before=wanted.after,
        limit=wanted.limit + 1,
    )
    rows = journal.search(search)
    shown, more = rows[: wanted.limit], len(rows) > wanted.limit
    return _built({
        "transactions": [views.transaction(row) for row in shown],
        "next": shown[-1].id if more else "",
        "running": now.live is not None,
    })  # fmt: skip


def txn_show(journal: Reading, now: Now, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return one transaction with its timeline.

    Raises:
        AdminError: the journal has no such.
    """
    row = found(journal, asked(arguments, ShowAsked).id)
    audits = journal.audits(row.id)
    leg = row.host
    return _built(
        views.Shown(
            transaction=views.transaction(row),
            mti=row.mti,
            business_date=row.business_date.isoformat(),
            verdict=verdict(row),
            host_mti=leg.mti if leg is not None else "",
            host_stan=leg.stan if leg is not None else "",
            link=leg.link if leg is not None else "",
            own_code=mask.printable(row.own_code),
            replays=row.replays,
            attempts=row.attempts,
            taken=str(row.taken),
            returned=row.returned,
            reserved=row.reserved,
            original=row.original,
            named_by=named_by(row),
            debt=views.debt(row, now),
            audits=tuple(views.Audited(each.at, each.who, each.act, each.reason) for each in audits),
            steps=timeline(row, audits),
        )
    )


def batch_show(journal: Reading, now: Now, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the batches of a terminal, or of all, the newest first."""
    wanted = batches.asked(arguments)
    kept = journal.batches(wanted.terminal, wanted.limit)
    return _built({"batches": [batches.shown(each) for each in kept], "running": now.live is not None})


def found(journal: Reading, name: str) -> Row:
    """Return the row *name*.

    Raises:
        AdminError: the journal has no such; with the nearest of the newest ones.
    """
    row = journal.get(name.removesuffix(DEBT))
    if row is None:
        newest = [each.id for each in journal.search(Search(limit=50))]
        hint = did_you_mean(name, newest) or ("; 'txn list' shows the newest" if newest else ": the journal is empty")
        raise AdminError(f"no transaction {given(name)!r}{hint}")
    return row


def given(name: str) -> str:
    """Return what somebody gave for an id so that it may be told: who pastes a card number must not read it again."""
    shown = mask.printable(name)
    return shown if sum(map(str.isdecimal, shown)) < SHORTEST_PAN or ID(shown) else said(shown)


def _built(view: Any) -> dict[str, Any]:
    """Return *view* in dicts, lists and texts."""
    built = msgspec.to_builtins(view)
    assert isinstance(built, dict)
    return built


READS: Final[dict[str, Callable[[Reading, Now, Mapping[str, Any]], dict[str, Any]]]] = {
    "owed": owed,
    "txn.list": txn_list,
    "txn.show": txn_show,
    "batch.show": batch_show,
}
"""The verbs that change nothing."""
