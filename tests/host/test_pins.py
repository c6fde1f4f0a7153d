"""PINs at the host: the right one, wrong ones and how many of them, and blocks that hold none."""

from __future__ import annotations

import pytest

from iso_gateway.host.settings import CardRule
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.protection import Protection
from iso_gateway.security.keys import MacAlgorithm, MacMethod, PinFormat
from tests.support.keyed_till import HELD, KeyedTill
from tests.support.till import OTHER_PAN

MAC = MacMethod(MacAlgorithm.X9_19)
FORMATS = (PinFormat.ISO_0, PinFormat.ISO_1, PinFormat.ISO_3)


def till_of(
    form: PinFormat = PinFormat.ISO_0, spec: str = "iso87-ascii", *, mac: bool = True, **more: object
) -> KeyedTill:
    """Return a till that sends PINs in blocks of *form*, with MACs or without."""
    return KeyedTill(spec, protection=Protection(mac=MAC if mac else None, pin=form), **more)


@pytest.mark.parametrize("mac", [True, False])
@pytest.mark.parametrize("spec", ["iso87-ascii", "iso87-binary", "iso93-ascii", "cup-pos"])
@pytest.mark.parametrize("form", FORMATS)
def test_the_right_pin_pays_and_a_wrong_one_gets_55(form: PinFormat, spec: str, mac: bool) -> None:  # noqa: FBT001
    till = till_of(form, spec, mac=mac)
    assert till.pay("1234").code == "00"
    assert till.pay("1235").code == "55"
    assert till.states == [("sale", "approved"), ("sale", "declined")]


def test_a_sale_without_a_pin_is_not_asked_for_one() -> None:
    assert till_of().ask(Kind.SALE, 1000).code == "00"


def test_after_three_wrong_ones_the_right_one_gets_75() -> None:
    till = till_of()
    assert [till.pay(pin).code for pin in ("1111", "2222", "3333", "1234", "4444")] == ["55", "55", "55", "75", "75"]
    # Another card has its own three.
    assert till.pay("1234", pan=OTHER_PAN).code == "00"


def test_the_right_one_in_between_gives_all_tries_back() -> None:
    till = till_of(pin_tries=2)
    assert [till.pay(pin).code for pin in ("1111", "1234", "2222", "1234", "3333", "4444", "1234")] == [
        *("55", "00", "55", "00", "55", "55", "75")
    ]


def test_a_repeat_costs_no_try_and_gets_the_first_answer() -> None:
    till = till_of(pin_tries=1)
    wrong = till.pay("1111")
    till.pin = "1111"
    assert till.again(wrong).code == "55"
    assert till.again(wrong).code == "55"
    assert till.pay("1234").code == "75"
    assert len(till.states) == 2


@pytest.mark.parametrize("form", [PinFormat.ISO_0, PinFormat.ISO_3])
def test_a_block_under_another_key_gets_99_and_leaves_no_trace(form: PinFormat) -> None:
    till = till_of(form)
    till.has(pin=HELD.zone.pin)
    assert till.pay("1234").code == "99"
    assert till.states == []


def test_a_block_of_another_card_gets_99() -> None:
    till = till_of()
    other = till.shield.protected(till.request(Kind.SALE, 1000, pan=OTHER_PAN), "1234")
    assert till.send(till.request(Kind.SALE, 1000, changes={52: other[52]})).code == "99"


def test_bytes_that_are_no_block_get_99() -> None:
    till = till_of()
    for block in (bytes(8), b"\xff" * 8, bytes(range(8))):
        assert till.send(till.request(Kind.SALE, 1000, changes={52: block})).code == "99"
    assert till.states == []


def test_a_unionpay_block_without_the_cards_number_gets_99_unless_it_is_wanted() -> None:
    refused = till_of(spec="cup-pos")
    wanted = KeyedTill("cup-pos", protection=Protection(mac=MAC, pin=PinFormat.ISO_0, pin_without_pan=True))
    for till, code in ((refused, "99"), (wanted, "00")):
        sent = till.shield.protected(till.request(Kind.SALE, 1000), "1234")
        assert till.send(sent.evolve({53: "1600000000000000"})).code == code


def test_a_balance_and_a_preauth_need_the_right_pin_too() -> None:
    till = till_of()
    for kind in (Kind.BALANCE, Kind.PREAUTH):
        for pin, code in (("1235", "55"), ("1234", "00")):
            till.pin = pin
            assert till.ask(kind, 1000).code == code


def test_an_old_block_opens_with_the_keys_of_its_message() -> None:
    """Where a MAC tells under which keys a message came, its PIN is looked for under those alone (ruling 11)."""
    till = till_of(keys_of="zone")
    till.guard.stations.of("zone", HELD.zone).renew(HELD.of("TERM0001"))
    assert till.pay("1234").code == "00"
    till.has(pin=HELD.of("TERM0001").pin)
    assert till.pay("1234").code == "99"
    till.has(mac=HELD.of("TERM0001").mac)
    assert till.pay("1234").code == "00"


def test_a_card_has_a_pin_of_its_own_by_its_rule() -> None:
    till = till_of(pin="4321", cards=[CardRule("4761", balance=100)])
    assert till.pay("4321", 100).code == "00"
    assert till.pay("1234", 100).code == "55"
