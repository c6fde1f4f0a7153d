"""Sign-on with new keys, UnionPay's way: the published example, both ends, and who holds which keys when."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from iso_gateway.codec.message import Message
from iso_gateway.errors import CannotCarry, KeyBlockError, KeyMaterialError
from iso_gateway.faults.standing import standing_of
from iso_gateway.host.authorizer import Authorizer
from iso_gateway.host.exchanging import Exchanger
from iso_gateway.host.scenario.reading import scenario_of
from iso_gateway.host.scenario.sending import unasked_message
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.protection import Exchange, Material, Protection, Role
from iso_gateway.protocol.unionpay_keys import ASKED, read_keys, written_keys
from iso_gateway.security.check_values import check_value
from iso_gateway.security.key_blocks import unwrap
from iso_gateway.security.keys import KeyAlgorithm, MacAlgorithm, MacMethod, PinFormat
from iso_gateway.security.wrapping import unwrapped, wrapped
from iso_gateway.terminal.records import KeyNotes
from iso_gateway.terminal.shield import keys_now
from tests.support.keyed_till import HELD, KeyedTill
from tests.support.till import Reply

TMK = bytes.fromhex("CA5D92598DCA48CE8A4C76361A9269E9")
F62 = bytes.fromhex(
    "6701EAD6A9AD51E51AA406E2C27FCFA98D0A74B8"  # PIK, and its check value
    "B651F9E9BACE9AE10000000000000000AB7153CA"  # MAK, of single length
)
"""An answer's DE 62 as code456.com (3026509) prints it, and the master key that it is under."""

PIK, MAK = bytes.fromhex("807A23AD32B36D457AE91FDF927570EA"), bytes.fromhex("5BB5C72CD00B7338")


def chance() -> Callable[[int], bytes]:
    """Return what gives other bytes each time, and the same ones in each test."""
    numbers = itertools.count(7)
    return lambda size: bytes((next(numbers) * 37 + 11) % 256 for _ in range(size))


def signing_till(algorithm: MacAlgorithm = MacAlgorithm.UNIONPAY_ECB, wrong: int = 0, **settings: object) -> KeyedTill:
    """Return a till of UnionPay's dialect whose host gives keys."""
    protection = Protection(mac=MacMethod(algorithm), pin=PinFormat.ISO_0, exchange=Exchange.UNIONPAY)
    till = KeyedTill("cup-pos", protection=protection, **settings)
    exchanger = Exchanger(till.guard, chance(), wrong)
    till.host = Authorizer(till.dialect, till.host.settings, guard=till.guard, exchanger=exchanger, issuer=till.issuer)
    return till


def sign_on(till: KeyedTill, network: str = "003") -> Reply:
    """Sign on, and ask for keys by DE 60.3 *network*."""
    return till.ask(Kind.SIGN_ON, None, pan="", currency="", changes={"60.3": network})


def takes(till: KeyedTill, reply: Reply) -> None:
    """Have the till use the keys of *reply* from now on."""
    assert reply.answer is not None
    till.keys = keys_now(till.keys, KeyNotes(till.shield.taken(reply.answer)))


# The published example


def test_the_published_keys_open() -> None:
    assert HELD.terminal.master == TMK
    pin, mac = read_keys(F62)
    assert (pin.role, bytes(unwrapped(TMK, pin.wrapped, pin.check_value))) == (Role.PIN, PIK)
    assert (mac.role, bytes(unwrapped(TMK, mac.wrapped, mac.check_value))) == (Role.MAC, MAK)


def test_the_published_element_is_written() -> None:
    keys = [Material(role, *wrapped(TMK, key, 4)) for role, key in ((Role.PIN, PIK), (Role.MAC, MAK))]
    assert written_keys("003", keys) == F62


@pytest.mark.parametrize("at", range(40))
def test_a_changed_byte_is_not_taken(at: int) -> None:
    """But for the zeros behind the MAK of single length, which then is a key of two lengths, and no good one either."""
    changed = F62[:at] + bytes([F62[at] ^ 2]) + F62[at + 1 :]

    def opened() -> None:
        for each in read_keys(changed):
            unwrapped(TMK, each.wrapped, each.check_value)

    with pytest.raises(KeyMaterialError):
        opened()


@pytest.mark.parametrize("size", [0, 1, 23, 25, 39, 41, 59, 61, 512])
def test_an_element_of_another_length_brings_no_keys(size: int) -> None:
    assert read_keys(bytes(size)) == ()


# Both ends


@pytest.mark.parametrize("network", ASKED)
def test_each_code_brings_its_keys_and_they_work(network: str) -> None:
    till = signing_till()
    signed = sign_on(till, network)
    assert signed.code == "00"
    takes(till, signed)
    slot, roles = ASKED[network]
    assert (len(till.keys.pin), len(till.keys.mac)) == (slot, 8)
    assert (till.keys.data != HELD.terminal.data) is (Role.DATA in roles)
    paid = till.pay("1234")
    assert (paid.code, paid.believed) == ("00", True)
    assert till.pay("1235").code == "55"


def test_another_algorithm_gets_a_key_of_two_lengths() -> None:
    till = signing_till(MacAlgorithm.X9_19)
    takes(till, sign_on(till))
    assert len(till.keys.mac) == 16
    assert till.pay("1234").believed


def test_until_the_new_keys_are_used_the_old_ones_are_good() -> None:
    till = signing_till(grace=100)
    old = till.keys
    signed = sign_on(till)
    till.wait(10_000)
    assert till.pay("1234").believed
    takes(till, signed)
    assert till.pay("1234").believed
    till.keys = old
    till.wait(99)
    assert till.pay("1234").believed
    till.wait(2)
    assert till.pay("1234").code == "A0"


def test_each_terminal_has_keys_of_its_own() -> None:
    till = signing_till()
    takes(till, sign_on(till))
    till.terminal = "TERM0002"
    assert till.pay("1234").code == "A0"
    takes(till, sign_on(till))
    assert till.pay("1234").believed


def test_behind_a_gateway_each_link_has_keys_of_its_own_and_loses_them_with_it() -> None:
    till = signing_till(keys_of="zone")
    assert till.keys == HELD.zone
    takes(till, sign_on(till))
    till.terminal = "TERM0002"
    assert till.pay("1234").believed
    till.host.network.closed(till.link)
    assert till.pay("1234").code == "A0"
    till.keys = HELD.zone
    takes(till, sign_on(till))
    assert till.pay("1234").believed


def test_a_wrong_check_value_is_not_taken_and_the_old_keys_stay() -> None:
    till = signing_till(wrong=1)
    signed = sign_on(till)
    with pytest.raises(KeyMaterialError, match="check value"):
        takes(till, signed)
    assert till.pay("1234").believed
    takes(till, sign_on(till))
    assert till.pay("1234").believed


@pytest.mark.parametrize("fault", ["wrong-check-value times=1", "wrong=check-value times=1"])
def test_a_fault_spoils_the_check_value_of_one_sign_on(fault: str) -> None:
    till = signing_till()
    till.host.faults.add(standing_of(fault), till.moment.mono)
    assert till.pay("1234").believed
    with pytest.raises(KeyMaterialError, match="check value"):
        takes(till, sign_on(till))
    takes(till, sign_on(till))
    assert till.pay("1234").believed


def test_a_sign_on_of_a_host_without_exchange_brings_none() -> None:
    till = KeyedTill("cup-pos")
    signed = sign_on(till)
    assert signed.code == "00"
    assert signed.answer is not None
    assert 62 not in signed.answer


def test_weak_keys_are_drawn_again() -> None:
    till = signing_till()
    drawn = itertools.chain([bytes(16), b"\x01" * 16, b"\xfe" * 16], iter([bytes(range(16)), bytes(range(8, 16))]))
    till.host = Authorizer(
        till.dialect, till.host.settings, guard=till.guard, exchanger=Exchanger(till.guard, lambda _: next(drawn))
    )
    takes(till, sign_on(till))
    assert till.pay("1234").believed


# Key blocks


@pytest.mark.parametrize(("exchange", "de"), [(Exchange.TR31_48, 48), (Exchange.TR31_120, 120)])
def test_a_sign_on_brings_key_blocks_and_each_opens_for_what_it_is(exchange: Exchange, de: int) -> None:
    protection = Protection(mac=MacMethod(MacAlgorithm.X9_19), pin=PinFormat.ISO_0, exchange=exchange)
    till = KeyedTill(protection=protection, keys_of="zone")
    exchanger = Exchanger(till.guard, chance(), wrong=1)
    till.host = Authorizer(till.dialect, till.host.settings, guard=till.guard, exchanger=exchanger, issuer=till.issuer)

    def opened() -> dict[str, bytes]:
        signed = till.ask(Kind.SIGN_ON, None, pan="", currency="")
        assert signed.answer is not None
        text = signed.answer.text(de).encode()
        size = int(text[1:5])
        pin, mac = (unwrap(HELD.zone.master, block) for block in (text[:size], text[size:]))
        assert (pin.header.usage, mac.header.usage) == ("P0", "M3")
        return {"pin": bytes(pin.key), "mac": bytes(mac.key)}

    with pytest.raises(KeyBlockError):
        opened()
    till.has(**opened())
    paid = till.pay("1234")
    assert (paid.code, paid.believed) == ("00", True)


# Keys that the host sends of its own accord


class Changing:
    """A host that changes keys behind a gateway, and the answer to it."""

    def __init__(self, exchange: Exchange = Exchange.TR31_48, spec: str = "iso87-ascii") -> None:
        protection = Protection(mac=MacMethod(MacAlgorithm.X9_19), pin=PinFormat.ISO_0, exchange=exchange)
        self.till = till = KeyedTill(spec, protection=protection, keys_of="zone", grace=100)
        exchanger = Exchanger(till.guard, chance())
        till.host = Authorizer(
            till.dialect, till.host.settings, guard=till.guard, exchanger=exchanger, issuer=till.issuer
        )
        self.de = 120 if exchange is Exchange.TR31_120 else 48

    def sent(self, said: Message | None = None) -> None:
        """Have the host send new keys, unless *said* has some, and open them."""
        said = said or self.till.host.network.change_keys(self.till.moment, self.till.link)
        self.said = self.till.dialect.spec.decode(self.till.dialect.spec.encode(said))
        text = self.said.text(self.de).encode()
        size = int(text[1:5])
        self.new = {
            "pin": bytes(unwrap(HELD.zone.master, text[:size]).key),
            "mac": bytes(unwrap(HELD.zone.master, text[size:]).key),
        }
        self.values = "".join(check_value(KeyAlgorithm.TDES, key, 3).hex().upper() for key in self.new.values())

    def answers(self, code: str, values: str | None) -> object:
        """Answer with *code* and check *values*, and return what the host makes of the keys."""
        till = self.till
        answer = till.dialect.answer(self.said, code, {}, till.moment.wall.date()).evolve({self.de: values})
        return till.host.decide(answer, till.moment, till.link).note.get("keys")


@pytest.mark.parametrize(
    ("spec", "exchange", "code"),
    [
        ("iso87-ascii", Exchange.TR31_48, "161"),
        ("iso87-ascii", Exchange.TR31_120, "161"),
    ],
)
def test_keys_that_were_changed_are_good_and_the_old_ones_for_the_grace_period(
    spec: str, exchange: Exchange, code: str
) -> None:
    it = Changing(exchange, spec)
    it.sent()
    assert (it.said.mti, it.said.text(70)) == ("0800", code)
    assert it.till.pay("1234").believed
    assert it.answers("00", it.values) == "taken"
    old = it.till.keys
    assert it.till.pay("1234").believed
    it.till.has(**it.new)
    assert it.till.pay("1234").believed
    it.till.keys = old
    it.till.wait(99)
    assert it.till.pay("1234").believed
    it.till.wait(2)
    assert it.till.pay("1234").code == "A0"


@pytest.mark.parametrize(
    ("code", "values", "made_of_it"),
    [
        ("30", None, "refused"),
        ("00", None, "wrong check values"),
        ("00", "00" * 6, "wrong check values"),
        ("00", "00", "wrong check values"),
        ("00", "no hexadecimal", "wrong check values"),
    ],
)
def test_keys_that_were_not_taken_are_not_used(code: str, values: str | None, made_of_it: str) -> None:
    it = Changing()
    it.sent()
    assert it.answers(code, values) == made_of_it
    assert it.till.pay("1234").believed
    it.till.has(**it.new)
    assert it.till.pay("1234").code == "A0"


def test_a_rule_has_keys_changed_after_a_sale() -> None:
    it = Changing()
    rule = {"when": {"kind": "sale", "nth": 1}, "send": [{"kind": "key_change", "after": "1s"}]}
    it.till.host.scenario = scenario_of({"rules": [rule]}, it.till.dialect)
    (unasked,) = it.till.pay("1234").decision.sends
    it.sent(unasked_message(it.till.host, unasked, it.till.moment, it.till.link))
    assert it.answers("00", it.values) == "taken"
    it.till.has(**it.new)
    assert it.till.pay("1234").believed


def test_a_dialect_without_a_code_for_it_changes_no_keys() -> None:
    till = signing_till(keys_of="zone")
    with pytest.raises(CannotCarry, match="key_change"):
        till.host.network.change_keys(till.moment, till.link)
