"""What every journal promises, tried on each of them: add yours to STORES."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from iso_gateway.protocol.batch import Batch, BatchState, Detail, Difference, Totals, What
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.records import (
    OPEN_DEBT,
    Audit,
    Change,
    Entry,
    Insert,
    Key,
    OriginalQuery,
    Row,
    RowState,
    Search,
)
from iso_gateway.store.journal import Committed, Failed, JournalStore, Outcome, Refused
from iso_gateway.store.memory import MemoryJournal
from iso_gateway.store.sqlite import SqliteJournal
from tests.protocol.test_records import ROW


class InSqlite(SqliteJournal):
    """A journal in a file of its own, that goes with it."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        super().__init__(Path(self._folder.name) / "journal.db", ROW.received)

    def close(self) -> None:
        super().close()
        self._folder.cleanup()


STORES: dict[str, Callable[[], JournalStore]] = {"memory": MemoryJournal, "sqlite": InSqlite}


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest) -> Iterator[JournalStore]:
    """Each journal in turn, empty."""
    opened = STORES[request.param]()
    yield opened
    opened.close()


def key(stan: str, kind: Kind = Kind.SALE) -> Key:
    """Return the key of one terminal's request."""
    return ("M", "T", "000007", stan, str(kind))


def row(stan: str = "000001", **columns: Any) -> Row:
    """Return a row of its own for *stan*."""
    columns.setdefault("id", f"row-{stan}")
    columns.setdefault("claims", (key(stan),))
    return replace(ROW, **{"stan": stan, "rrn": "", "approval": "", "approved": False, **columns})


def committed(store: JournalStore, *entries: Entry) -> list[Outcome]:
    """Commit *entries* in one group."""
    return list(store.commit(entries))


def test_what_was_inserted_is_there(store: JournalStore) -> None:
    first = row()
    assert committed(store, (Insert(first),)) == [Committed()]
    assert store.get("row-000001") == first
    assert store.get("nobody") is None
    assert store.find(key("000001"), None) == (first, ())
    assert store.find(key("000002"), None) == (None, ())
    assert store.find(None, None) == (None, ())


def test_a_key_is_claimed_once_and_the_second_hears_who_was_first(store: JournalStore) -> None:
    first = row()
    committed(store, (Insert(first),))
    assert committed(store, (Insert(row(id="second")),)) == [Refused(first)]
    assert store.get("second") is None


def test_the_same_stan_in_another_kind_batch_or_terminal_is_no_conflict(store: JournalStore) -> None:
    others = [("M", "T", "000007", "000001", "void"), ("M", "T", "000008", "000001", "sale"),
              ("M", "U", "000007", "000001", "sale"), ("N", "T", "000007", "000001", "sale")]  # fmt: skip
    entries = [(Insert(row()),), *((Insert(row(id=f"other-{n}", claims=(k,))),) for n, k in enumerate(others))]
    assert committed(store, *entries) == [Committed()] * 5


def test_a_conflict_inside_a_group_answers_its_own_caller_alone(store: JournalStore) -> None:
    outcomes = committed(store, (Insert(row("000001")),), (Insert(row("000001", id="twin")),), (Insert(row("000002")),))
    assert outcomes == [Committed(), Refused(row("000001")), Committed()]
    assert [store.get(name) is not None for name in ("row-000001", "twin", "row-000002")] == [True, False, True]


def test_an_entry_is_committed_whole_or_not_at_all(store: JournalStore) -> None:
    committed(store, (Insert(row("000001")),))
    change = Change("row-000001", set={"state": RowState.DECLINED}, where={"state": RowState.STUCK})
    (outcome,) = committed(store, (Insert(row("000002")), change))
    assert isinstance(outcome, Refused)
    assert store.get("row-000002") is None
    assert store.find(key("000002"), None) == (None, ())


def test_entries_of_a_group_see_those_before_them(store: JournalStore) -> None:
    change = Change("row-000001", set={"state": RowState.DECLINED}, where={"state": RowState.ANSWERED})
    outcomes = committed(store, (Insert(row()),), (change,), (change,))
    assert outcomes[:2] == [Committed(), Committed()]
    assert isinstance(outcomes[2], Refused)
    assert outcomes[2].row.state is RowState.DECLINED


def test_a_change_sets_and_adds(store: JournalStore) -> None:
    committed(store, (Insert(row(returned=5)),))
    change = Change("row-000001", set={"code": "00", "answer": {"a": "b"}}, add={"returned": 10, "reserved": -1})
    assert committed(store, (change,), (change,)) == [Committed(), Committed()]
    assert store.get("row-000001") == row(code="00", answer={"a": "b"}, returned=25, reserved=-2)


@pytest.mark.parametrize(("room", "fits"), [(0, True), (1, True), (934, True), (935, False), (1234, False)])
def test_a_change_may_ask_that_so_much_of_the_amount_is_left(store: JournalStore, room: int, fits: bool) -> None:  # noqa: FBT001
    committed(store, (Insert(row(amount=1234, returned=200, reserved=100)),))
    (outcome,) = committed(store, (Change("row-000001", add={"reserved": room}, room=room),))
    assert outcome == (Committed() if fits else Refused(row(amount=1234, returned=200, reserved=100)))


@pytest.mark.parametrize(
    ("where", "fits"),
    [
        ({}, True),
        ({"state": RowState.ANSWERED}, True),
        ({"state": frozenset({RowState.ANSWERED, RowState.UNCONFIRMED})}, True),
        ({"state": RowState.ANSWERED, "replays": 0}, True),
        ({"state": RowState.SENDING}, False),
        ({"state": frozenset({RowState.SENDING})}, False),
        ({"state": frozenset()}, False),
        ({"state": RowState.ANSWERED, "replays": 1}, False),
    ],
)
def test_a_change_holds_only_where_the_row_is_as_expected(
    store: JournalStore,
    where: dict[str, Any],
    fits: bool,  # noqa: FBT001
) -> None:
    committed(store, (Insert(row()),))
    (outcome,) = committed(store, (Change("row-000001", set={"replays": 7}, where=where),))
    assert outcome == (Committed() if fits else Refused(row()))
    changed = store.get("row-000001")
    assert changed is not None
    assert changed.replays == (7 if fits else 0)


def test_a_change_of_a_row_that_is_not_there_fails_alone(store: JournalStore) -> None:
    lost: Entry = (Insert(row("000002")), Change("nobody", set={"code": "00"}))
    outcomes = committed(store, (Insert(row()),), lost, (Insert(row("000003")),))
    assert [type(outcome) for outcome in outcomes] == [Committed, Failed, Committed]
    assert store.get("row-000002") is None


def test_a_new_row_takes_the_key_of_the_one_it_releases(store: JournalStore) -> None:
    committed(store, (Insert(row(id="old")),))
    new = row(id="new")
    assert committed(store, (Insert(new, releasing=("old",)),)) == [Committed()]
    assert store.find(key("000001"), None) == (new, ())
    released = store.get("old")
    assert released is not None
    assert released.claims == ()


def test_releasing_one_row_does_not_release_another(store: JournalStore) -> None:
    holder = row(id="holder")
    committed(store, (Insert(holder),), (Insert(row("000002", id="bystander")),))
    (outcome,) = committed(store, (Insert(row(id="new"), releasing=("bystander",)),))
    assert outcome == Refused(holder)
    assert store.find(key("000002"), None)[0] is not None


def test_a_row_without_claims_lets_its_key_go(store: JournalStore) -> None:
    committed(store, (Insert(row()),), (Change("row-000001", set={"claims": ()}),))
    again = row(id="again")
    assert committed(store, (Insert(again),)) == [Committed()]
    assert store.find(key("000001"), None) == (again, ())


def test_a_row_may_hold_several_keys(store: JournalStore) -> None:
    tomb = row(id="tomb", claims=(key("000001"), key("000001", Kind.VOID)), state=RowState.TOMBSTONE)
    committed(store, (Insert(tomb),))
    assert committed(store, (Insert(row()),), (Insert(row(id="v", claims=(key("000001", Kind.VOID),))),)) == [
        Refused(tomb),
        Refused(tomb),
    ]


SALES = (Kind.SALE, Kind.ADVICE)


def originals(store: JournalStore, **asked: Any) -> list[str]:
    """Return the ids of the rows that may be meant."""
    query = OriginalQuery(**{"merchant": "M", "terminal": "T", "kinds": SALES, **asked})
    return [found.id for found in store.find(None, query)[1]]


def test_an_original_is_found_by_its_stan(store: JournalStore) -> None:
    committed(store, (Insert(row("000001")),), (Insert(row("000002")),))
    assert originals(store, stan="000001") == ["row-000001"]
    assert originals(store, stan="000003") == []
    assert originals(store, stan="000001", kinds=(Kind.PREAUTH,)) == []
    assert originals(store, stan="000001", merchant="N") == []


def test_an_original_is_found_by_its_rrn_also_from_another_terminal(store: JournalStore) -> None:
    committed(store, (Insert(row()),), (Change("row-000001", set={"rrn": "632400000001"}),))
    assert originals(store, rrn="632400000001") == ["row-000001"]
    assert originals(store, rrn="632400000001", terminal="U") == ["row-000001"]
    assert originals(store, rrn="632400000001", terminal="U", stan="000001") == ["row-000001"]
    assert originals(store, rrn="632400000001", merchant="N") == []
    assert originals(store, rrn="632400000002") == []


def test_an_original_is_found_by_its_authorization_code_and_card(store: JournalStore) -> None:
    committed(store, (Insert(row()),), (Change("row-000001", set={"approval": "A00001"}),))
    assert originals(store, approval="A00001", card=b"hash") == ["row-000001"]
    assert originals(store, approval="A00001", card=b"other") == []


def test_a_row_that_came_with_its_rrn_is_found_by_it(store: JournalStore) -> None:
    committed(store, (Insert(row(rrn="632400000001")),))
    assert originals(store, rrn="632400000001") == ["row-000001"]


def test_an_unnamed_original_is_not_found(store: JournalStore) -> None:
    committed(store, (Insert(row()),))
    assert originals(store) == []


def test_all_that_may_be_meant_is_found(store: JournalStore) -> None:
    older = row(id="older", claims=(), received=ROW.received - timedelta(days=2))
    committed(store, (Insert(older),), (Insert(row(id="newer")),))
    assert sorted(originals(store, stan="000001")) == ["newer", "older"]


def test_rows_in_a_state_come_oldest_first(store: JournalStore) -> None:
    committed(store, *((Insert(row(f"{n:06}")),) for n in range(1, 6)))
    committed(store, (Change("row-000004", set={"state": RowState.STUCK}),))
    committed(store, (Change("row-000002", set={"state": RowState.OWES_REVERSAL}),))
    assert [found.id for found in store.in_states(OPEN_DEBT)] == ["row-000002", "row-000004"]


@given(
    st.lists(
        st.lists(
            st.tuples(st.sampled_from("iIcr"), st.integers(1, 4), st.sampled_from(list(RowState)[:4])),
            min_size=1,
            max_size=3,
        ),
        max_size=12,
    )
)
@pytest.mark.parametrize("name", STORES)
def test_no_key_is_ever_held_twice(name: str, story: list[list[tuple[str, int, RowState]]]) -> None:
    """Whatever is committed in whatever order: a key leads to the one row that claims it."""
    store = STORES[name]()
    number = 0
    for steps in story:
        entry: list[Insert | Change] = []
        used: set[int] = set()
        for what, stan, state in steps:
            number += 1
            if what in "iI" and stan not in used:
                used.add(stan)
                holder = store.find(key(f"{stan:06}"), None)[0]
                releasing = (holder.id,) if what == "I" and holder is not None else ()
                entry.append(Insert(row(f"{stan:06}", id=f"row-{number}", state=state), releasing))
            elif number > 1 and store.get(f"row-{number // 2}") is not None:
                change: dict[str, Any] = {"claims": ()} if what == "r" else {"state": state}
                entry.append(Change(f"row-{number // 2}", set=change))
        store.commit([tuple(entry)])
        rows = store.in_states(frozenset(RowState))
        claims = [claim for kept in rows for claim in kept.claims]
        assert len(claims) == len(set(claims))
        for kept in rows:
            for claim in kept.claims:
                assert store.find(claim, None)[0] == kept
    store.close()


def test_a_story_is_only_ever_added_to(store: JournalStore) -> None:
    committed(store, (Insert(row(story="1 received\n")),))
    committed(store, (Change("row-000001", story="2 sent bank-1\n"),), (Change("row-000001", story="3 answered 00\n"),))
    found = store.get("row-000001")
    assert found is not None
    assert found.story == "1 received\n2 sent bank-1\n3 answered 00\n"


def test_what_operators_did_is_committed_with_what_it_changed_or_not_at_all(store: JournalStore) -> None:
    committed(store, (Insert(row(state=RowState.STUCK)),), (Insert(row("000002")),))
    written_off = Change("row-000001", set={"state": RowState.WRITTEN_OFF}, where={"state": RowState.STUCK})
    first = Audit("a1", ROW.received, "till 3", "write off", "row-000001", "paid by hand")
    second = Audit("a2", ROW.received, "till 3", "write off", "row-000001", "again")
    other = Audit("a3", ROW.received, "till 3", "confirm", "row-000002", "receipt seen")
    outcomes = committed(store, (written_off, first), (written_off, second), (other,))
    assert [type(outcome) for outcome in outcomes] == [Committed, Refused, Committed]
    assert store.audits("row-000001") == [first]
    assert store.audits() == [first, other]


SEARCHES: list[tuple[Search, list[str]]] = [
    (Search(), ["row-000004", "row-000003", "row-000002", "row-000001"]),
    (Search(limit=2), ["row-000004", "row-000003"]),
    (Search(before="row-000003"), ["row-000002", "row-000001"]),
    (Search(before="row-000003", limit=1), ["row-000002"]),
    (Search(before="nobody"), []),
    (Search(stan="000002"), ["row-000002"]),
    (Search(rrn="R3"), ["row-000003"]),
    (Search(terminal="U"), ["row-000004"]),
    (Search(terminal="U", stan="000002"), []),
    (Search(merchant="M"), ["row-000004", "row-000003", "row-000002", "row-000001"]),
    (Search(batch="000007"), []),
    (Search(card_hash=b"other"), ["row-000003"]),
    (Search(amount=0), ["row-000001"]),
    (Search(states=frozenset({RowState.STUCK, RowState.DONE})), ["row-000004", "row-000002"]),
    (Search(kinds=frozenset({Kind.VOID})), ["row-000002"]),
    (Search(flagged=True), ["row-000004"]),
    (Search(since=ROW.received + timedelta(seconds=3)), ["row-000004", "row-000003"]),
    (Search(until=ROW.received + timedelta(seconds=3)), ["row-000002", "row-000001"]),
]


@pytest.mark.parametrize(("wanted", "found"), SEARCHES)
def test_a_search_finds_what_fits_newest_first(store: JournalStore, wanted: Search, found: list[str]) -> None:
    columns: list[dict[str, Any]] = [
        {"amount": 0, "batch": ""},
        {"kind": Kind.VOID, "state": RowState.STUCK, "batch": ""},
        {"rrn": "R3", "card_hash": b"other", "batch": "000008"},
        {"terminal": "U", "state": RowState.DONE, "flags": ("double? row-000001",), "batch": ""},
    ]
    for number, more in enumerate(columns, 1):
        received = ROW.received + timedelta(seconds=number)
        committed(store, (Insert(row(f"{number:06}", merchant="M", received=received, **more)),))
    assert [each.id for each in store.search(wanted)] == found


def test_a_dialect_is_kept_under_its_hash_and_only_once(store: JournalStore) -> None:
    store.keep_dialect("0123456789abcdef", b"one")
    store.keep_dialect("0123456789abcdef", b"one")
    store.keep_dialect("fedcba9876543210", b"two")
    assert store.dialect("0123456789abcdef") == b"one"
    assert store.dialect("fedcba9876543210") == b"two"
    assert store.dialect("0000000000000000") is None


def batch(number: str = "000007", **columns: Any) -> Batch:
    """Return a batch of one terminal."""
    return replace(Batch("M", "T", number, ROW.received), **columns)


FULL_BATCH = batch(
    state=BatchState.CLOSED, closed=ROW.received + timedelta(hours=1), currency="156", balanced=False,
    pos=Totals(300, 2, 50, 1), ours=Totals(200, 1, 50, 1), host=Totals(100, 1), acquirer="bank",
    details=(Detail("000001", 100, "512345******0008", b"\x00\xff", "row-000001"), Detail("000002", 200)),
    differences=(Difference(What.POS_ONLY, "000002", "", 200, None, None, "512345******0008", "submit it"),),
)  # fmt: skip


def test_a_batch_is_kept_as_it_is_told(store: JournalStore) -> None:
    assert store.batch("M", "T", "000007") is None
    assert store.batch("M", "T") is None
    assert committed(store, (FULL_BATCH,)) == [Committed()]
    assert store.batch("M", "T", "000007") == FULL_BATCH
    assert store.batch("M", "T") == FULL_BATCH
    later = replace(FULL_BATCH, version=2, state=BatchState.CHECKING, details=(), host=None, closed=None)
    assert committed(store, (later,)) == [Committed()]
    assert store.batch("M", "T", "000007") == later


def test_a_batch_that_another_commit_changed_fails_alone(store: JournalStore) -> None:
    twice = batch(version=2, balanced=True)
    outcomes = committed(store, (batch(),), (batch(balanced=False), Insert(row())), (twice,), (replace(twice),))
    assert [type(outcome) for outcome in outcomes] == [Committed, Failed, Committed, Failed]
    assert store.batch("M", "T", "000007") == twice
    assert store.get("row-000001") is None
    assert [type(outcome) for outcome in committed(store, (batch("000009", version=2),))] == [Failed]
    assert store.batch("M", "T", "000009") is None


def test_batches_are_listed_the_newest_first(store: JournalStore) -> None:
    other = replace(batch("000001"), terminal="U")
    committed(store, (batch("000007"),), (other,), (batch("000008"),), (batch("000007", version=2),))
    committed(store, (replace(batch("000009"), merchant="N"),))
    numbers = [(each.terminal, each.number, each.version) for each in store.batches()]
    assert numbers == [("T", "000009", 1), ("T", "000008", 1), ("U", "000001", 1), ("T", "000007", 2)]
    assert [each.number for each in store.batches("T")] == ["000009", "000008", "000007"]
    assert [each.number for each in store.batches("T", limit=1)] == ["000009"]
    assert store.batches("nobody") == []
    newest = store.batch("M", "T")
    assert newest is not None
    assert newest.number == "000008"


def test_a_batch_and_the_rows_that_it_confirms_change_together(store: JournalStore) -> None:
    committed(store, (Insert(row(state=RowState.UNCONFIRMED)),))
    confirmed = Change("row-000001", set={"state": RowState.DONE}, where={"state": RowState.UNCONFIRMED})
    assert committed(store, (batch(), confirmed)) == [Committed()]
    (outcome,) = committed(store, (batch(version=2), confirmed))
    assert isinstance(outcome, Refused)
    kept = store.batch("M", "T")
    assert kept is not None
    assert kept.version == 1


def test_what_is_settled_in_doubt_is_found_until_the_doubt_is_over(store: JournalStore) -> None:
    until = ROW.received + timedelta(hours=1)
    doubtful = {"state": RowState.REVERSED, "doubtful_until": until}
    committed(store, *((Insert(row(f"{n:06}")),) for n in range(1, 5)))
    committed(store, (Change("row-000003", set=doubtful),), (Change("row-000001", set=doubtful),))
    committed(store, (Change("row-000002", set={"state": RowState.REVERSED}),))
    assert [(found.id, found.doubtful_until) for found in store.doubtful()] == [
        ("row-000001", until),
        ("row-000003", until),
    ]
    store.retire(until, 10)
    assert store.get("row-000003") is not None
    committed(store, (Change("row-000001", set={"doubtful_until": None}),))
    committed(store, (Change("row-000003", set={"state": RowState.OWES_REVERSAL}),))
    assert store.doubtful() == []
