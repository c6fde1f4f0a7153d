"""Magic amounts: each ending, what it leaves behind, and that the repeat and the reversal are ordinary."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from iso_gateway.faults.fault import NO_FAULT
from iso_gateway.faults.grammar import text_of
from iso_gateway.host import magic
from iso_gateway.host.magic import ENDINGS, KEYED_ENDINGS, MAGIC_KINDS, ORDINARY, ending
from iso_gateway.protocol.covering import has_mac
from iso_gateway.protocol.kinds import Kind
from iso_gateway.terminal.fleet.purchases import MAGIC_CENTS
from tests.support.keyed_till import KeyedTill
from tests.support.till import Till

PAGE = Path(__file__).parents[2] / "docs" / "mock-host.md"

ENDS = [
    # cents, code that is answered, ("" silence), what goes wrong, state that is left
    ("05", "05", "", "declined"),
    ("10", "10", "", "approved"),
    ("51", "51", "", "declined"),
    ("54", "54", "", "declined"),
    ("67", "", "silence", "approved"),
    ("68", "", "silence", "approved"),
    ("69", "", "silence=unrecorded", None),
    ("70", "00", "late", "approved"),
    ("71", "", "silence close", "approved"),
    ("72", "", "silence=unrecorded close", None),
    ("73", "00", "twice", "approved"),
    ("74", "00", "wrong=stan", "approved"),
    ("75", "00", "half-frame", "approved"),
    ("76", "00", "garbage=40", "approved"),
    ("91", "91", "", None),
    ("96", "96", "", None),
]


@pytest.mark.parametrize("kind", sorted(MAGIC_KINDS))
@pytest.mark.parametrize("row", ENDS)
def test_an_amount_ends_as_its_cents_say(till: Till, kind: Kind, row: tuple[str, str, str, str | None]) -> None:
    cents, code, fault, state = row
    reply = till.ask(kind, int("10" + cents))
    assert (reply.code, text_of(reply.decision.fault)) == (code, fault)
    assert till.states == ([] if state is None else [(str(kind), state)])
    assert (till.account().available < 1_000_000) == (state == "approved")


def test_all_endings_are_tried() -> None:
    assert [row[0] for row in ENDS] == list(ENDINGS)


def test_the_table_of_the_module_and_of_the_page_is_the_one_that_runs() -> None:
    told = [*ENDINGS, *KEYED_ENDINGS]
    assert re.findall(r"^\.(\d\d)  ", magic.__doc__ or "", re.MULTILINE) == told
    assert re.findall(r"^\| `\.(\d\d)` \|", PAGE.read_text("utf-8"), re.MULTILINE) == told


def test_the_fleet_knows_which_amounts_to_leave_out() -> None:
    assert {int(cents) for cents in (*ENDINGS, *KEYED_ENDINGS)} == MAGIC_CENTS


@pytest.mark.parametrize("cents", KEYED_ENDINGS)
def test_what_is_about_keys_is_ordinary_at_a_host_without(cents: str) -> None:
    assert Till().ask(Kind.SALE, int("10" + cents)).code == "00"


@pytest.mark.parametrize(
    ("cents", "code", "has_one", "believed", "state"),
    [
        *(("81", "00", True, False, "approved"), ("82", "00", False, False, "approved")),
        *(("83", "A0", True, True, None), ("84", "99", True, True, None)),
    ],
)
def test_an_amount_spoils_an_answer(cents: str, code: str, has_one: bool, believed: bool, state: str | None) -> None:  # noqa: FBT001
    till = KeyedTill()
    reply = till.ask(Kind.SALE, int("10" + cents))
    assert reply.answer is not None
    assert (reply.code, has_mac(reply.answer), reply.believed) == (code, has_one, believed)
    assert till.states == ([] if state is None else [("sale", state)])
    # What was recorded is told once more as it should have been told.
    assert till.again(reply).believed


def test_all_that_is_about_keys_is_tried() -> None:
    assert list(KEYED_ENDINGS) == ["81", "82", "83", "84"]


def test_half_is_approved_and_half_is_booked(till: Till) -> None:
    reply = till.ask(Kind.SALE, 1010)
    assert reply.answer is not None
    assert reply.answer[4] == "000000000505"
    assert till.account().balance == 1_000_000 - 505
    assert till.ask(Kind.VOID, 1010, about=reply).code == "64"
    assert till.ask(Kind.VOID, 505, about=reply).code == "00"
    assert till.account().balance == 1_000_000


@pytest.mark.parametrize("amount", [1010, 505])
def test_half_is_reversed_by_what_was_asked_or_what_was_approved(till: Till, amount: int) -> None:
    reply = till.ask(Kind.SALE, 1010)
    assert till.ask(Kind.REVERSAL, amount, about=reply).code == "00"
    assert till.account().balance == 1_000_000


@pytest.mark.parametrize("cents", ["68", "70", "71"])
def test_the_repeat_of_what_was_recorded_gets_its_first_answer_at_once(till: Till, cents: str) -> None:
    first = till.ask(Kind.SALE, int("10" + cents))
    again = till.again(first)
    assert (again.code, again.decision.fault) == ("00", NO_FAULT)
    assert again.decision.note["repeat"] is True
    assert len(till.transactions) == 1


@pytest.mark.parametrize("marked", [True, False])
@pytest.mark.parametrize("cents", ["69", "72"])
def test_the_repeat_of_what_never_came_is_decided_like_any_other(till: Till, cents: str, *, marked: bool) -> None:
    first = till.ask(Kind.SALE, int("10" + cents))
    again = till.again(first, marked=marked)
    assert (again.code, again.decision.fault) == ("00", NO_FAULT)
    assert till.states == [("sale", "approved")]


@pytest.mark.parametrize("cents", list(ENDINGS))
def test_a_marked_repeat_is_not_magic_even_where_the_first_never_came(cents: str) -> None:
    till = Till()
    reply = till.send(till.request(Kind.SALE, int("10" + cents)).evolve({}, "0201"))
    assert (reply.code, reply.decision.fault) == ("00", NO_FAULT)


def test_the_same_magic_again_is_another_sale(till: Till) -> None:
    assert till.ask(Kind.SALE, 1069).code == ""
    assert till.ask(Kind.SALE, 1069).code == ""
    assert till.transactions == []


@pytest.mark.parametrize("cents", ["68", "70", "71"])
def test_the_reversal_of_a_silent_sale_is_answered(till: Till, cents: str) -> None:
    sale = till.ask(Kind.SALE, int("10" + cents))
    assert till.ask(Kind.REVERSAL, int("10" + cents), about=sale).code == "00"
    assert till.states == [("sale", "reversed"), ("reversal", "approved")]
    assert till.account().balance == 1_000_000


@pytest.mark.parametrize("cents", ["69", "72", "91", "96"])
def test_the_reversal_of_what_was_not_recorded_finds_nothing(till: Till, cents: str) -> None:
    sale = till.ask(Kind.SALE, int("10" + cents))
    reversal = till.ask(Kind.REVERSAL, int("10" + cents), about=sale)
    assert reversal.code == till.dialect.profile.reversal_not_found
    assert till.account().balance == 1_000_000


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind not in MAGIC_KINDS])
def test_nothing_else_is_magic(kind: Kind) -> None:
    assert {ending(kind, cents) for cents in range(100)} == {ORDINARY}


def test_a_void_and_a_refund_of_a_magic_amount_are_ordinary(till: Till) -> None:
    for kind in (Kind.VOID, Kind.REFUND):
        sale = till.ask(Kind.SALE, 1070)
        assert till.ask(kind, 1070, about=sale).code == "00"
        assert till.ask(Kind.ADVICE, 1051).code == "00"


def test_magic_can_be_switched_off() -> None:
    till = Till(magic=False)
    assert [till.ask(Kind.SALE, 1000 + cents).code for cents in (5, 51, 68, 69, 72, 96)] == ["00"] * 6
