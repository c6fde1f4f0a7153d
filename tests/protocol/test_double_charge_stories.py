"""Stories of cards swiped twice: flagged and let through, or by setting declined (ruling 23)."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from iso_gateway.protocol import commands
from iso_gateway.protocol.doubles import Doubles
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.records import Row, RowState
from tests.protocol.test_records import ROW
from tests.protocol.test_rulings_5_to_9 import with_rules
from tests.support.desk import OTHER_PAN, Desk, setup

WINDOW = 180


def again(desk: Desk, **more: Any) -> Row:
    """Let the clerk swipe again and the host approve; return the row."""
    request = desk.request(**more)
    desk.send(request)
    desk.host_answers("00")
    assert desk.code() == "00"
    return desk.rows()[-1]


def test_the_same_card_amount_and_terminal_with_another_stan_is_let_through_and_flagged() -> None:
    desk = Desk()
    desk.sale()
    first = desk.row()
    second = again(desk)
    assert (first.flags, second.flags) == ((), (f"double? {first.id}",))
    (said,) = desk.said("double charge?")
    assert (said["id"], said["earlier"], said["done"]) == (second.id, first.id, "let through, flagged")
    assert "flagged" in second.story
    assert f"looks like {first.id}, which is done" in second.story
    assert first.pan not in second.story


@pytest.mark.parametrize(
    "other",
    [
        {"amount": 1235},
        {"pan": OTHER_PAN},
        {"terminal": "TERM0002"},
        {"changes": {49: "978"}},
    ],
)
def test_what_differs_in_anything_is_another_sale(other: dict[str, Any]) -> None:
    desk = Desk()
    desk.sale()
    request = desk.request(**other)
    desk.send(request)
    assert len(desk.sent) == 1
    desk.host_answers("00")
    assert desk.rows()[-1].flags == ()


@pytest.mark.parametrize(("later", "flagged"), [(0, True), (WINDOW, True), (WINDOW + 1, False)])
def test_after_a_while_it_is_another_purchase(later: int, flagged: bool) -> None:  # noqa: FBT001
    desk = Desk()
    desk.sale()
    desk.pass_time(later)
    assert bool(again(desk).flags) == flagged


def test_after_a_decline_there_is_nothing_to_suspect() -> None:
    desk = Desk()
    desk.send(desk.request())
    desk.host_answers("51")
    assert desk.code() == "51"
    assert again(desk).flags == ()


def test_after_a_time_out_nobody_knows_and_it_is_flagged() -> None:
    desk = Desk()
    desk.send(desk.request())
    desk.pass_time(30)
    assert desk.code() == "68"
    desk.host_got()
    desk.send(desk.request())
    assert desk.rows()[-1].flags == (f"double? {desk.rows()[0].id}",)


def test_when_the_first_is_reversed_the_second_is_the_only_one() -> None:
    desk = Desk()
    desk.send(desk.request())
    desk.pass_time(30)
    desk.host_sends(desk.answer_to(desk.host_got()[-1], "00"))
    assert desk.code() == "68"
    assert desk.rows()[0].state is RowState.REVERSED
    assert again(desk).flags == ()


def test_a_terminal_that_reverses_before_it_charges_anew_is_no_suspect() -> None:
    desk = Desk()
    sale = desk.sale()
    assert desk.asked(desk.reversal(*sale)) == "00"
    desk.host_got()
    desk.send(desk.request())
    assert desk.rows()[-1].flags == ()


@pytest.mark.parametrize("kind", [Kind.VOID, Kind.REFUND])
def test_after_a_void_or_a_full_refund_the_customer_has_his_money(kind: Kind) -> None:
    desk = Desk()
    desk.send(desk.later(kind, desk.sale()))
    desk.host_answers("00")
    assert desk.code() == "00"
    assert again(desk).flags == ()


def test_a_repeat_is_a_repeat_and_charges_nothing() -> None:
    desk = Desk()
    sale, _ = desk.sale()
    assert desk.asked(sale) == "00"
    assert desk.asked(desk.repeat(sale)) == "00"
    assert (len(desk.rows()), desk.row().replays) == (1, 2)


def test_while_the_journal_is_asked_a_repeat_of_the_second_joins_it() -> None:
    desk = Desk()
    desk.sale()
    second = desk.request()
    desk.hold = {commands.Lookup}
    desk.send(second)
    desk.send(second, "t2")
    desk.answer_held()
    desk.host_answers("00")
    assert [desk.code(), desk.code()] == ["00", "00"]
    assert len(desk.rows()) == 2


def test_an_ordinary_sale_asks_the_journal_nothing() -> None:
    desk = Desk()
    for amount in (100, 200, 300):
        desk.sale(amount)
    assert "Lookup" not in desk.order


def test_a_third_swipe_names_the_latest_that_stands() -> None:
    desk = Desk()
    desk.sale()
    again(desk)
    assert again(desk).flags == (f"double? {desk.rows()[1].id}",)


def test_another_customer_between_the_two_swipes_changes_nothing() -> None:
    desk = Desk()
    desk.sale()
    desk.sale(500, pan=OTHER_PAN)
    assert again(desk).flags == (f"double? {desk.rows()[0].id}",)


def test_by_setting_it_is_declined_with_94_and_never_sent() -> None:
    desk = Desk(with_rules(double_charge="decline"))
    desk.sale()
    assert desk.asked(desk.request()) == "94"
    assert not desk.sent
    assert len(desk.rows()) == 1
    (said,) = desk.said("double charge?")
    assert said["done"] == "declined"
    desk.pass_time(WINDOW + 1)
    assert again(desk).flags == ()


def test_by_setting_nobody_looks() -> None:
    desk = Desk(with_rules(double_charge="ignore"))
    desk.sale()
    assert again(desk).flags == ()
    assert "Lookup" not in desk.order


def test_the_window_is_a_setting() -> None:
    desk = Desk(with_rules(double_charge_seconds=10))
    desk.sale()
    desk.pass_time(11)
    assert again(desk).flags == ()


def test_a_preauth_is_held_against_preauths_and_a_sale_against_sales() -> None:
    desk = Desk()
    desk.sale()
    assert again(desk, kind=Kind.PREAUTH).flags == ()
    assert again(desk, kind=Kind.PREAUTH).flags == (f"double? {desk.rows()[1].id}",)


def test_a_unionpay_terminal_is_told_by_batch_and_stan() -> None:
    desk = Desk(setup("cup-pos", "cup-pos"))
    desk.sale()
    assert again(desk).flags == (f"double? {desk.rows()[0].id}",)


def test_what_an_earlier_process_left_open_is_suspected_too() -> None:
    desk = Desk()
    desk.sale()
    left = desk.row()
    desk.restart()
    assert again(desk, stan="000077").flags == (f"double? {left.id}",)


def test_of_a_terminal_only_the_last_two_are_remembered() -> None:
    desk = Desk()
    desk.sale(100)
    for amount in (200, 300):
        desk.sale(amount)
    assert again(desk, amount=100).flags == ()
    assert again(desk, amount=300).flags == (f"double? {desk.rows()[2].id}",)
    assert len(desk.node.flow.doubles._last) == 1


def test_a_message_without_a_card_is_compared_with_none() -> None:
    doubles = Doubles()
    doubles.remember(replace(ROW, card_hash=b""))
    desk = Desk()
    desk.node.flow._forwarding.doubles = doubles
    desk.send(desk.request(amount=ROW.amount, pan="", changes={2: None, 35: None}))
    assert "Lookup" not in desk.order
