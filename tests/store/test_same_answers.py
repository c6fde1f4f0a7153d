"""Whatever is committed, in whatever groups: every journal gives the same answers as the one in memory."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.records import (
    OPEN_DEBT,
    Audit,
    Change,
    Entry,
    HostLeg,
    Insert,
    Key,
    OriginalQuery,
    Row,
    RowState,
    Search,
    Taken,
)
from iso_gateway.store.journal import JournalStore
from iso_gateway.store.memory import MemoryJournal
from iso_gateway.store.sqlite import SqliteJournal
from tests.protocol.test_records import ROW

IDS = [f"row-{number}" for number in range(6)]
STANS = ["000001", "000002"]
TERMINALS = ["T", "U"]
RRNS = ["", "R1", "R2"]
KINDS = [Kind.SALE, Kind.VOID]
LEG = HostLeg(
    "bank", "bank-1", "0200", "000009", "1120120000", "261120120000", {3: "000000", 62: b"\0\xff"},
    datetime(2026, 11, 20, 12, 0, 0, 123456, tzinfo=UTC),
)  # fmt: skip

kinds = st.sampled_from(KINDS)
ids = st.sampled_from(IDS)
keys: st.SearchStrategy[Key] = st.tuples(
    st.just("M"), st.sampled_from(TERMINALS), st.sampled_from(["", "7"]), st.sampled_from(STANS), kinds.map(str)
)
moments = st.integers(0, 3).map(lambda hours: ROW.received + timedelta(hours=hours, microseconds=hours))

COLUMNS: dict[str, st.SearchStrategy[Any]] = {
    "state": st.sampled_from(list(RowState)),
    "amount": st.integers(0, 3),
    "rrn": st.sampled_from(RRNS),
    "approval": st.sampled_from(["", "A1"]),
    "code": st.sampled_from(["", "00"]),
    "answer": st.sampled_from([{}, {"a": "b", "c": b"\0\xfe"}]),
    "taken": st.sampled_from(list(Taken)),
    "replays": st.integers(0, 2),
    "flags": st.sampled_from([(), ("double? row-1",)]),
    "owed_since": st.none() | moments,
    "host": st.sampled_from([None, LEG]),
    "approved": st.booleans(),
    "claims": st.just(()),
    "business_date": st.sampled_from([date(2026, 11, 20), date(2027, 1, 1)]),
}
stories = st.sampled_from(["", "1 sent\n", "2 answered é\n"])


@st.composite
def rows(draw: st.DrawFn) -> Row:
    """Draw a row whose keys may be its own, another's, several or none."""
    named = {
        "id": draw(ids),
        "kind": draw(kinds),
        "terminal": draw(st.sampled_from(TERMINALS)),
        "stan": draw(st.sampled_from(STANS)),
        "batch": draw(st.sampled_from(["", "7"])),
        "card_hash": draw(st.sampled_from([b"one", b"two"])),
        "received": draw(moments),
        "story": draw(stories),
    }
    told = draw(st.fixed_dictionaries({}, optional=COLUMNS))
    own = ("M", named["terminal"], named["batch"], named["stan"], str(named["kind"]))
    claims = draw(st.sampled_from([(own,)] * 4 + [()]) | st.lists(keys, max_size=2, unique=True).map(tuple))
    return replace(ROW, **{**told, **named, "claims": claims})


inserts = st.builds(Insert, rows(), st.just(()) | st.tuples(ids))
changes = st.builds(
    Change,
    ids,
    set=st.fixed_dictionaries({}, optional=COLUMNS),
    add=st.fixed_dictionaries({}, optional={"returned": st.integers(-2, 2), "reserved": st.integers(-1, 1)}),
    where=st.fixed_dictionaries(
        {}, optional={"state": st.frozensets(st.sampled_from(list(RowState)), min_size=8), "replays": st.integers(0, 1)}
    ),
    room=st.sampled_from([0, 0, 1]),
    story=stories,
)
audits = st.builds(Audit, st.sampled_from(["a", "b"]), moments, st.just("till 3"), st.just("confirm"), ids, st.just(""))
one_part = (inserts | changes | audits).map(lambda part: (part,))


def sound(entry: Entry) -> bool:
    """Return whether *entry* is one that a node would write: each row once, each key once."""
    named = [part.row.id for part in entry if isinstance(part, Insert)]
    named += [part.id for part in entry if isinstance(part, Change)]
    named += [released for part in entry if isinstance(part, Insert) for released in part.releasing]
    claimed = [key for part in entry if isinstance(part, Insert) for key in part.row.claims]
    return len(set(named)) == len(named) and len(set(claimed)) == len(claimed)


entries: st.SearchStrategy[Entry] = one_part | st.tuples(inserts | changes, inserts | changes | audits).filter(sound)
groups = st.lists(st.lists(entries.filter(sound), min_size=1, max_size=6), max_size=6)


def asked(store: JournalStore) -> dict[str, Any]:
    """Return what *store* answers to whatever can be asked."""
    said: dict[str, Any] = {row_id: store.get(row_id) for row_id in IDS}
    for terminal in TERMINALS:
        for stan in STANS:
            for kind in KINDS:
                for batch in ("", "7"):
                    key = ("M", terminal, batch, stan, str(kind))
                    said[f"key {key}"] = store.find(key, None)
            for rrn in RRNS:
                query = OriginalQuery("M", terminal, stan, rrn=rrn, approval="A1", card=b"one", kinds=tuple(KINDS))
                said[f"by {stan}, {terminal} and {rrn}"] = named(store.find(None, query)[1])
    for rrn in RRNS:
        said[f"by {rrn}"] = named(store.find(None, OriginalQuery("M", "T", rrn=rrn, kinds=(Kind.SALE,)))[1])
    by_card = OriginalQuery("M", "T", approval="A1", card=b"one", kinds=tuple(KINDS))
    said["by card"] = named(store.find(None, by_card)[1])
    for state in RowState:
        said[f"in {state}"] = store.in_states(frozenset({state}))
    said["in debt"] = store.in_states(OPEN_DEBT)
    said["in all"] = store.in_states(frozenset(RowState))
    for wanted in SEARCHES:
        said[repr(wanted)] = store.search(wanted)
    said["audits"] = store.audits(), store.audits("row-1")
    return said


def named(found: tuple[Row, ...]) -> list[str]:
    """Return the ids of *found*: in which order the rows come does not matter."""
    return sorted(row.id for row in found)


SEARCHES = [
    Search(),
    Search(limit=1),
    Search(before="row-3"),
    Search(rrn="R1"),
    Search(stan="000001", terminal="U"),
    Search(card_hash=b"one", merchant="M"),
    Search(amount=1),
    Search(batch="7"),
    Search(flagged=True),
    Search(states=frozenset({RowState.DONE, RowState.SENDING})),
    Search(states=OPEN_DEBT),
    Search(kinds=frozenset({Kind.VOID})),
    Search(since=ROW.received + timedelta(hours=1, microseconds=1)),
    Search(until=ROW.received + timedelta(hours=1, microseconds=1)),
]


@settings(deadline=None, max_examples=40, phases=[Phase.reuse, Phase.generate])
@given(story=groups, reopened=st.integers(0, 6))
def test_sqlite_answers_as_memory_does(
    tmp_path_factory: pytest.TempPathFactory, story: list[list[Entry]], reopened: int
) -> None:
    path = tmp_path_factory.mktemp("journal") / "journal.db"
    memory, sqlite = MemoryJournal(), SqliteJournal(path, ROW.received)
    try:
        for number, group in enumerate(story):
            if number == reopened:
                sqlite.close()
                sqlite = SqliteJournal(path, ROW.received)
            assert sqlite.commit(group) == memory.commit(group)
        assert asked(sqlite) == asked(memory)
        sqlite.close()
        sqlite = SqliteJournal(path, ROW.received)
        assert asked(sqlite) == asked(memory)
    finally:
        sqlite.close()
