"""MACs at the host: what is refused, what is answered under which keys, generation after generation."""

from __future__ import annotations

import pytest
from psec import mac as psec_mac

from iso_gateway.codec.message import Message
from iso_gateway.errors import EncodeError
from iso_gateway.host.stations import ZONE
from iso_gateway.protocol.covering import has_mac
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.protection import Protection
from iso_gateway.security.keys import MacAlgorithm, MacMethod
from tests.host.conftest import DIALECTS
from tests.support.keyed_till import HELD, KeyedTill
from tests.support.oracles import quiet

OTHER = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")


@pytest.fixture(params=DIALECTS)
def till(request: pytest.FixtureRequest) -> KeyedTill:
    """Return a till that makes retail MACs, once in each dialect."""
    return KeyedTill(str(request.param))


def test_a_sale_and_its_void_and_reversal_with_macs(till: KeyedTill) -> None:
    sale = till.ask(Kind.SALE, 1234)
    assert (sale.code, sale.believed) == ("00", True)
    assert has_mac(sale.answer or sale.request)
    void = till.ask(Kind.VOID, 1234, about=sale)
    assert (void.code, void.believed) == ("00", True)
    undone = till.ask(Kind.REVERSAL, 1234, about=void)
    assert (undone.code, undone.believed) == ("00", True)
    assert ("sale", "approved") in till.states


@pytest.mark.parametrize(
    "method",
    [MacMethod(algorithm) for algorithm in (MacAlgorithm.X9_9, MacAlgorithm.UNIONPAY_ECB, MacAlgorithm.CMAC)]
    + [MacMethod(MacAlgorithm.X9_19, padding=2), MacMethod(MacAlgorithm.X9_19, length=4)],
)
def test_each_method_is_spoken(method: MacMethod) -> None:
    till = KeyedTill("cup-pos", protection=Protection(mac=method))
    sale = till.ask(Kind.SALE, 1234)
    assert (sale.code, sale.believed) == ("00", True)
    till.has(mac=OTHER)
    assert till.ask(Kind.SALE, 1235).code == "A0"


def test_no_changed_byte_is_believed(till: KeyedTill) -> None:
    """Whatever byte is changed, nothing is approved: it is refused, or is no message any more."""
    sent = till.shield.protected(till.request(Kind.SALE, 1234))
    wire = till.dialect.spec.encode(sent)
    for at in range(len(wire)):
        changed = wire[:at] + bytes([wire[at] ^ 1]) + wire[at + 1 :]
        assert till.give(sent, changed).code in ("", "A0", "30"), at
    assert till.states == []


def test_no_mac_is_refused_and_nothing_booked(till: KeyedTill) -> None:
    refused = till.give(till.request(Kind.SALE, 1234))
    assert refused.code == "A0"
    assert refused.decision.note["cause"] == "no MAC"
    assert till.states == []


def test_a_reversal_with_a_wrong_mac_reverses_nothing(till: KeyedTill) -> None:
    sale = till.ask(Kind.SALE, 1234)
    till.has(mac=OTHER)
    refused = till.ask(Kind.REVERSAL, 1234, about=sale)
    assert (refused.code, refused.decision.note["cause"]) == ("A0", "wrong MAC")
    assert till.states == [("sale", "approved")]


def test_a_sign_on_needs_none_and_gets_none(till: KeyedTill) -> None:
    signed = till.ask(Kind.SIGN_ON, None, pan="", currency="")
    assert signed.code == "00"
    assert signed.answer is not None
    assert not has_mac(signed.answer)


@pytest.mark.parametrize(
    ("mac_on", "amount", "has_one"),
    [("all", 1051, True), ("known", 1051, True), ("approvals", 1051, False), ("approvals", 1000, True)],
)
def test_which_answers_have_a_mac_is_a_setting(mac_on: str, amount: int, *, has_one: bool) -> None:
    answer = KeyedTill(mac_on=mac_on).ask(Kind.SALE, amount).answer
    assert isinstance(answer, Message)
    assert bool(has_mac(answer)) is has_one


@pytest.mark.parametrize(("mac_on", "has_one"), [("all", True), ("known", False), ("approvals", False)])
def test_whether_a0_has_a_mac_is_a_setting(mac_on: str, *, has_one: bool) -> None:
    till = KeyedTill(mac_on=mac_on)
    answer = till.give(till.request(Kind.SALE, 1000)).answer
    assert isinstance(answer, Message)
    assert bool(has_mac(answer)) is has_one


def test_a_host_behind_a_gateway_has_one_set_of_keys_for_all() -> None:
    till = KeyedTill(keys_of="zone")
    assert till.keys == HELD.zone
    assert till.ask(Kind.SALE, 1234).believed


def test_an_answer_goes_under_the_keys_of_its_request_old_ones_for_a_time() -> None:
    till = KeyedTill(keys_of="zone", grace=180)
    old = till.keys
    till.guard.stations.of(ZONE, old).renew(HELD.of("TERM0001"))
    # Nobody has used the new ones yet: the old ones are good for as long as that is so.
    till.wait(10_000)
    assert till.ask(Kind.SALE, 1).believed
    till.keys = HELD.of("TERM0001")
    assert till.ask(Kind.SALE, 2).believed
    # From now on the old ones are good for the grace period, and their answers are under them.
    till.keys = old
    till.wait(179)
    assert till.ask(Kind.SALE, 3).believed
    till.wait(2)
    assert till.ask(Kind.SALE, 4).code == "A0"
    till.keys = HELD.of("TERM0001")
    assert till.ask(Kind.SALE, 5).believed


def test_sign_ons_that_nobody_follows_up_do_not_lose_the_keys_in_use() -> None:
    till = KeyedTill(keys_of="zone")
    station = till.guard.stations.of(ZONE, till.keys)
    for _ in range(20):
        station.renew(HELD.of("TERM0001"))
        assert len(station.usable(till.moment.mono)) <= 5
    assert till.ask(Kind.SALE, 1).believed


def test_bytes_that_are_no_mac_are_refused() -> None:
    till = KeyedTill()
    for mac in (b"", b"\0" * 8, b"\xff" * 8):
        try:
            sent = till.request(Kind.SALE, 1).evolve({64: mac})
        except EncodeError:
            continue
        assert till.give(sent).code == "A0"
    assert till.states == []


def test_the_same_message_has_the_same_mac_in_the_oracle() -> None:
    """An independent retail MAC over the bytes as sent, up to the MAC."""
    till = KeyedTill("iso87-binary")
    sent = till.shield.protected(till.request(Kind.SALE, 1234))
    wire = till.dialect.spec.encode(sent)
    key = till.keys.mac
    assert wire[-8:] == quiet(psec_mac.generate_retail_mac, key[:8], key[8:], wire[:-8], 1)
