"""Stories of a journal whose seal is the security module's: hashed, sealed and opened there, and nowhere else."""

from __future__ import annotations

from typing import Any, NoReturn

import pytest
from msgspec.structs import replace

from iso_gateway.errors import StoreError
from iso_gateway.protocol import commands, events
from iso_gateway.protocol.records import RowState
from iso_gateway.protocol.setup import Lent
from tests.support.desk import PAN, Desk, setup


def forbidden(_: object) -> NoReturn:
    raise StoreError("the seal is the module's")


def the_only(desk: Desk) -> Any:
    """Return the only command that is held back."""
    (held,) = desk.held
    return held


def sealing_desk(*, keyed: bool) -> Desk:
    """Return a desk whose node can seal nothing itself."""
    desk = Desk(replace(setup(keyed=keyed), sealing=True))
    lent: Lent = desk.node.world.lent
    desk.node.world.lent = replace(lent, fingerprint=forbidden, seal=forbidden, unseal=forbidden)
    return desk


@pytest.mark.parametrize("keyed", [True, False])
def test_a_sale_is_hashed_and_sealed_by_the_module_whether_or_not_its_legs_have_keys(*, keyed: bool) -> None:
    desk = sealing_desk(keyed=keyed)
    desk.order.clear()
    sale, _ = desk.sale()
    asked = [name for name in desk.order if name in {"Verify", "Secure"}]
    assert asked == (["Verify", "Secure", "Verify", "Secure"] if keyed else ["Verify", "Secure"])
    row = desk.row()
    assert desk.seal.unseal(row.card) == PAN
    assert row.card_hash == desk.seal.fingerprint(PAN.encode())
    assert desk.asked(desk.repeat(sale), "t2") == "00", "a repeat is known by the same hash"


@pytest.mark.parametrize("keyed", [True, False])
def test_a_debt_has_its_card_number_opened_before_it_is_sent(*, keyed: bool) -> None:
    desk = sealing_desk(keyed=keyed)
    desk.send(desk.request())
    desk.host_got()
    desk.hold = {commands.Unseal}
    desk.pass_time(30)
    unseal = the_only(desk)
    assert isinstance(unseal, commands.Unseal)
    assert not desk.sent, "nothing is sent without it"
    desk.hold = set()
    desk.answer_held()
    assert desk.last_sent[2] == PAN
    desk.host_answers("00")
    assert desk.row().state is RowState.REVERSED


@pytest.mark.parametrize("slow", [True, False])
def test_a_card_number_that_cannot_be_had_now_is_asked_for_again(*, slow: bool) -> None:
    desk = sealing_desk(keyed=True)
    desk.send(desk.request())
    desk.host_got()
    desk.hold = {commands.Unseal}
    desk.pass_time(30)
    unseal = the_only(desk)
    desk.held, desk.hold = [], set()
    if not slow:
        desk.feed(events.CardKnown(unseal.id, ""))
    desk.pass_time(8)
    assert desk.last_sent[2] == PAN
    desk.feed(events.CardKnown(unseal.id, "4111111111111111"))  # what comes late is nobody's
    desk.host_answers("00")
    assert desk.row().state is RowState.REVERSED


def test_a_debt_that_is_settled_while_its_card_is_being_opened_ends() -> None:
    desk = sealing_desk(keyed=True)
    sale = desk.request()
    desk.send(sale)
    (asked,) = desk.host_got()
    desk.hold = {commands.Unseal}
    desk.pass_time(30)
    desk.hold.clear()
    desk.host_sends(desk.answer_to(asked, "00"))  # approved late: that settles nothing, and is noted
    desk.answer_held()
    assert desk.last_sent.mti == "0400"
    desk.host_answers("00")
    assert desk.row().approval_seen
    assert not desk.node.owing.debts


def test_a_debt_whose_mac_is_not_made_is_tried_again() -> None:
    desk = Desk()
    desk.send(desk.request())
    desk.host_got()
    desk.pass_time(29)
    desk.hold = {commands.Secure}
    desk.pass_time(1)
    debts = [each for each in desk.held if isinstance(each, commands.Secure) and each.leg == "bank"]
    assert [each.keys.generation for each in debts if each.keys is not None] == [1]
    desk.held, desk.hold = [], set()
    desk.pass_time(12)  # the module says nothing
    assert desk.last_sent.mti == "0400", "nothing of the first went out, so this is no repeat"
    desk.host_answers("00")
    assert desk.row().state is RowState.REVERSED


def test_a_debt_goes_out_with_the_keys_that_its_link_has_when_it_goes() -> None:
    desk = Desk()
    desk.send(desk.request())
    desk.host_got()
    desk.pass_time(29)
    desk.hold = {commands.Secure}
    desk.pass_time(1)
    desk.feed(events.KeysKnown(desk.keys_of("acquirer/bank", 2)))
    desk.order.clear()
    desk.answer_held()
    assert not desk.sent
    desk.pass_time(2)
    assert desk.last_sent.mti == "0400"
    (debt,) = desk.node.owing.debts.values()
    assert debt.keys is not None
    assert debt.keys.generation == 2


@pytest.mark.parametrize("code", ["A0", ""])
def test_a_late_answer_says_something_only_with_the_right_mac(code: str) -> None:
    """A decline that came late settles what was not reversed yet, if it is the host's."""
    desk = Desk()
    desk.send(desk.request())
    _, link, asked = desk.sent.popleft()
    desk.lose_link()
    desk.feed(events.LinkConnected(link))
    desk.hold = {commands.Verify}
    desk.host_sends(desk.answer_to(asked, "51"), link)
    verify = the_only(desk)
    desk.held, desk.hold = [], set()
    desk.feed(events.Verified(verify.id, code))
    assert desk.row().state is (RowState.OWES_REVERSAL if code else RowState.DECLINED)


@pytest.mark.parametrize("code", ["A0", ""])
@pytest.mark.parametrize("restarted", [False, True])
def test_a_late_approval_opens_a_settled_debt_again_only_with_the_right_mac(code: str, *, restarted: bool) -> None:
    desk = Desk()
    desk.send(desk.request())
    (sale,) = desk.host_got()
    desk.pass_time(30)
    desk.host_answers("25")
    while desk.row().state is not RowState.REVERSED:
        desk.pass_time(10)
        desk.host_answers("25")
    if restarted:
        desk.restart()
    desk.hold = {commands.Verify}
    desk.host_sends(desk.answer_to(sale, "00"))
    verify = the_only(desk)
    assert (verify.leg, {keys.owner for keys in verify.keys}) == ("bank", {"acquirer/bank"})
    assert desk.row().state is RowState.REVERSED, "nothing is owed on the word of nobody knows whom"
    desk.held, desk.hold = [], set()
    desk.feed(events.Verified(verify.id, code))
    desk.feed(events.Verified(verify.id, ""))  # once more: nobody waits for it
    assert desk.row().state is (RowState.REVERSED if code else RowState.OWES_REVERSAL)
    assert not desk.node.owing.doubting.pending


def test_two_answers_to_one_debt_are_verified_one_after_the_other() -> None:
    """The word on the first is never taken for one on the second."""
    desk = Desk()
    desk.send(desk.request())
    desk.host_got()
    desk.pass_time(30)
    (reversal,) = desk.host_got()
    desk.hold = {commands.Verify}
    desk.host_sends(desk.answer_to(reversal, "96"))
    desk.host_sends(desk.answer_to(reversal, "00"))
    first = the_only(desk)
    desk.held = []
    desk.feed(events.Verified(first.id, ""))
    assert desk.row().state is RowState.OWES_REVERSAL
    second = the_only(desk)
    desk.held, desk.hold = [], set()
    desk.feed(events.Verified(second.id, "A0"))
    assert desk.row().state is RowState.OWES_REVERSAL
