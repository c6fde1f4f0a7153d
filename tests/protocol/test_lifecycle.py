"""How an original stands: every stage with every deed, and the columns of the rows always where the table says."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from iso_gateway.errors import LocalProtocolError
from iso_gateway.protocol import effects, rules
from iso_gateway.protocol.kinds import TRAITS, Kind
from iso_gateway.protocol.lifecycle import LIFE, Deed, Stage, in_words, stage, standing, taken
from iso_gateway.protocol.records import Insert, Row, RowState, Taken
from iso_gateway.store.journal import Committed
from iso_gateway.store.memory import MemoryJournal
from tests.protocol.test_records import ROW

SALE = replace(ROW, id="sale", amount=1000)
PREAUTH = replace(ROW, id="preauth", amount=1000, kind=Kind.PREAUTH, claims=())


@pytest.mark.parametrize(("before", "deed"), list(product(Stage, Deed)))
def test_every_deed_in_every_stage_has_a_row_or_is_refused_by_name(before: Stage, deed: Deed) -> None:
    if (before, deed) in LIFE:
        assert isinstance(LIFE[before, deed], Stage)
    else:
        with pytest.raises(LocalProtocolError, match=f"^{deed} in state {before}$"):
            LIFE[before, deed]


def test_every_stage_is_reached_and_left_and_every_deed_leads_somewhere() -> None:
    assert {deed for _, deed in LIFE} == set(Deed)
    assert {before for before, _ in LIFE} | set(LIFE.values()) == set(Stage)
    final = set(Stage) - {before for before, _ in LIFE}
    assert not final, "even what is voided stands again when the void's reversal is settled"


def test_what_a_row_says_of_its_stage_is_read_back() -> None:
    for reached in Stage:
        column = taken(reached)
        if column is not Taken.NO:
            assert stage(replace(SALE, taken=column)) is reached
    assert {stage(replace(SALE, taken=each)) for each in Taken if each} == {Stage(str(each)) for each in Taken if each}
    assert stage(SALE) is Stage.APPROVED
    assert stage(PREAUTH) is Stage.AUTHORIZED
    assert stage(replace(SALE, reserved=1, returned=1)) is Stage.REFUND_IN_FLIGHT
    assert stage(replace(SALE, returned=999)) is Stage.PART_REFUNDED
    assert stage(replace(SALE, returned=1000)) is Stage.REFUNDED


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({}, "answered"),
        ({"state": RowState.REVERSED, "taken": Taken.VOIDED}, "reversed"),
        ({"taken": Taken.VOID_IN_FLIGHT}, "answered, void in flight"),
        ({"state": RowState.DONE, "returned": 400}, "done, part refunded, 600 of 1000 left"),
        ({"returned": 400, "reserved": 600}, "answered, refund in flight, 0 of 1000 left"),
    ],
)
def test_a_refusal_says_how_the_original_stands(columns: dict[str, Any], said: str) -> None:
    assert in_words(replace(SALE, **columns)) == said


SENT = {
    Kind.VOID: Deed.VOID_SENT,
    Kind.REFUND: Deed.REFUND_SENT,
    Kind.PREAUTH_CANCEL: Deed.CANCEL_SENT,
    Kind.COMPLETION: Deed.COMPLETION_SENT,
    Kind.COMPLETION_ADVICE: Deed.COMPLETION_SENT,
    Kind.COMPLETION_CANCEL: Deed.VOID_SENT,
    Kind.ADJUSTMENT: Deed.ADJUST_SENT,
}


def in_stage(reached: Stage, kind: Kind) -> Row:
    """Return an approved row of *kind* that stands so."""
    amounts: dict[Stage, dict[str, int]] = {
        Stage.REFUND_IN_FLIGHT: {"reserved": 100},
        Stage.PART_REFUNDED: {"returned": 100},
        Stage.REFUNDED: {"returned": 1000},
    }
    return replace(SALE, kind=kind, taken=taken(reached), **amounts.get(reached, {}))


@pytest.mark.parametrize("kind", SENT)
@pytest.mark.parametrize("reached", Stage)
def test_the_rules_let_through_what_the_table_has_a_row_for_and_nothing_else(kind: Kind, reached: Stage) -> None:
    for named in TRAITS[kind].original:
        original = in_stage(reached, named)
        if stage(original) is not reached:
            continue  # a sale is never authorized, a preauth never approved
        amount = 900 if kind is Kind.REFUND else 1000
        code = rules.refusal(rules.Claim(kind, amount, ROW.card_hash, ROW.business_date), standing(original))
        possible = (reached, SENT[kind]) in LIFE
        assert (code == "") == possible
        if possible:
            assert effects.hold(kind, amount, original)
        elif (reached, kind) != (Stage.REFUNDED, Kind.REFUND):
            assert code in ("22", "25")
            with pytest.raises(LocalProtocolError):
                effects.hold(kind, amount, original)


class Books:
    """A journal with a sale and a preauth, the requests that named them, and how the table says that all stand."""

    def __init__(self) -> None:
        self.journal = MemoryJournal()
        self.journal.commit([(Insert(SALE), Insert(PREAUTH))])
        self.expected = {"sale": Stage.APPROVED, "preauth": Stage.AUTHORIZED}
        self.open: list[Row] = []
        """In flight: sent, or their reversal owed."""
        self.approved: list[Row] = []

    def row(self, name: str) -> Row:
        found = self.journal.get(name)
        assert found is not None
        return found

    def commit(self, *parts: Any) -> bool:
        (outcome,) = self.journal.commit([parts])
        return isinstance(outcome, Committed)

    def send(self, kind: Kind, name: str, amount: int) -> None:
        """Let a request of *kind* name the row *name*, if the rules let it."""
        original = self.row(name)
        claim = rules.Claim(kind, amount, ROW.card_hash, ROW.business_date)
        if rules.refusal(claim, standing(original)):
            return
        number = len(self.expected)
        new = replace(
            ROW, id=f"later-{number}", kind=kind, amount=amount, claims=(), original=name, approved=False,
            behind=effects.behind(kind, original),
        )  # fmt: skip
        if not self.commit(Insert(new), *effects.hold(kind, amount, original)):
            assert new.behind, "only what is behind the original may be in the way"
            return
        self.expected[new.id] = stage(new)
        self.follow(new, SENT[kind], "sent")
        self.open.append(new)

    def settle(self, number: int, moment: str) -> None:
        """Let a request that is in flight be approved, or fail."""
        row = self.open.pop(number % len(self.open))
        if moment == "approved":
            row = replace(row, approved=True)
            assert self.commit(*effects.keep(row, row.amount))
            self.approved.append(row)
        else:
            assert self.commit(*effects.free(row))
        self.follow(row, None, moment)

    def owe(self, number: int) -> None:
        """Let the reversal of an approved request be owed, if nothing was built upon it."""
        row = self.approved[number % len(self.approved)]
        later = self.row(row.id)
        if later.taken or later.returned or later.reserved or not effects.owe(row):
            return  # something was built upon it, or it is of a kind that is repeated, and never reversed
        if self.commit(*effects.owe(row)):
            self.approved.remove(row)
            self.open.append(row)
            self.follow(row, None, "owed")
        else:
            assert row.behind

    def follow(self, row: Row, deed: Deed | None, moment: str) -> None:
        """Take the same step in the table."""
        for name, kind in self.touched(row):
            before = self.expected[name]
            reached = stage(self.row(name))
            steps = [each for each in Deed if (before, each) in LIFE and LIFE[before, each] is reached]
            fitting = [each for each in steps if FAMILY[kind] in each and moment_of(each, moment)]
            assert fitting, f"{kind} {moment}: {before} -> {reached} is no row"
            self.expected[name] = reached
        assert deed is None or moment == "sent"

    def touched(self, row: Row) -> list[tuple[str, str]]:
        rows = [(row.original, str(row.kind))]
        if row.behind:
            rows.append((row.behind, "behind a refund" if row.kind is Kind.VOID else "behind a completion"))
        return rows


FAMILY = {
    "void": "void",
    "refund": "refund",
    "preauth_cancel": "cancel",
    "completion": "completion",
    "completion_advice": "completion",
    "completion_cancel": "void",
    "adjustment": "adjustment",
    "behind a refund": "refund",
    "behind a completion": "completion cancel",
}


def moment_of(deed: Deed, moment: str) -> bool:
    """Return whether *deed* is that moment of a request, also of one that does to another what the deed names."""
    said = str(deed)
    refunds = "refund" in said
    words = {
        "sent": ("sent", "owed") if refunds else ("sent",),
        "approved": ("approved", "failed", "settled") if refunds else ("approved",),
        "failed": ("failed", "approved", "settled") if refunds else ("failed",),
        "owed": ("owed", "sent") if refunds else ("owed",),
    }
    return any(word in said for word in words[moment])


COMPLETED_TWICE = [
    ("send", Kind.COMPLETION, 0, 1000), ("settle", 0, "approved"),
    ("send", Kind.COMPLETION_CANCEL, 0, 1000), ("settle", 0, "approved"),
    ("send", Kind.COMPLETION_ADVICE, 0, 400), ("settle", 0, "approved"),
]  # fmt: skip
CANCEL_OWED = [*COMPLETED_TWICE[:4], ("owe", 1), ("settle", 0, "failed"), ("send", Kind.COMPLETION, 0, 1)]
REFUNDED_TWICE = [
    ("send", Kind.REFUND, 0, 1000), ("settle", 0, "approved"),
    ("send", Kind.VOID, 1, 1000), ("settle", 0, "approved"),
    ("send", Kind.REFUND, 0, 1000), ("settle", 0, "approved"),
]  # fmt: skip
"""The refund that was voided, and another in its place."""


MOVES = st.lists(
    st.one_of(
        st.tuples(st.just("send"), st.sampled_from(list(SENT)), st.integers(0, 9), st.sampled_from([1, 400, 1000])),
        st.tuples(st.just("settle"), st.integers(0, 9), st.sampled_from(["approved", "approved", "failed"])),
        st.tuples(st.just("owe"), st.integers(0, 9)),
    ),
    max_size=25,
)


@given(MOVES)
@example([*COMPLETED_TWICE, ("owe", 1)])
@example(CANCEL_OWED)
@example([*REFUNDED_TWICE, ("owe", 1)])
@example([*REFUNDED_TWICE[:4], ("owe", 1), ("settle", 0, "approved")])
@example([*REFUNDED_TWICE[:3], ("settle", 0, "failed"), ("send", Kind.REFUND, 0, 1)])
def test_whatever_happens_to_an_original_its_rows_go_where_the_table_leads(moves: list[tuple[Any, ...]]) -> None:
    books = Books()
    for move in moves:
        match move:
            case ("send", kind, number, amount):
                names = [name for name in books.expected if books.row(name).kind in TRAITS[kind].original]
                possible = [each for each in names if each in ("sale", "preauth") or _approved(books, each)]
                if possible:
                    books.send(kind, possible[number % len(possible)], amount)
            case ("settle", number, moment) if books.open:
                books.settle(number, moment)
            case ("owe", number) if books.approved:
                books.owe(number)
        sale = books.row("sale")
        assert sale.returned >= 0
        assert sale.reserved >= 0
        assert sale.returned + sale.reserved <= sale.amount
        for name, reached in books.expected.items():
            assert stage(books.row(name)) is reached
    while books.open:
        books.settle(0, "failed")
    assert all(stage(books.row(name)) not in IN_FLIGHT for name in books.expected)


def _approved(books: Books, name: str) -> bool:
    return any(row.id == name for row in books.approved)


IN_FLIGHT = {each for each in Stage if each.endswith("in flight")}
