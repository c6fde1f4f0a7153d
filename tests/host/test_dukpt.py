"""DUKPT at the host: the standard's own example, keys that differ each time, and numbers that name none."""

from __future__ import annotations

import pytest

from iso_gateway.codec.message import Message
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.protection import Protection
from iso_gateway.security.keys import MacAlgorithm, MacMethod, PinFormat
from tests.support.keyed_till import KeyedTill
from tests.support.till import Reply

MAC = MacMethod(MacAlgorithm.X9_19)
PROTECTION = Protection(mac=MAC, pin=PinFormat.ISO_0, ksn="62", base="bdk")
PUBLISHED = {"ksn": "FFFF9876543210E00001", "pan": "4012345678909", "block": "1B9C1845EB993A7A"}
"""ANSI X9.24-1:2009, A.4: the PIN 1234 of that card, in the first transaction of that terminal."""


class DukptTill(KeyedTill):
    """A till whose keys are derived anew for each message."""

    def __init__(self, spec: str = "iso87-ascii", *, protection: Protection = PROTECTION) -> None:
        super().__init__(spec, protection=protection)
        self.ksn = ""

    def send(self, message: Message) -> Reply:
        """Send *message* under the keys of the next number."""
        base = super().shield
        number = base.next_ksn(self.ksn)
        self.ksn, pin, self.pin = number.hex(), self.pin, ""
        once = base.of_transaction(number)
        sent = once.protected(message, pin)
        reply = self.give(sent)
        if reply.answer is not None:
            assert reply.decision.answer is not None
            reply.doubt = once.doubt(sent, reply.answer, self.host.payload(reply.decision))
        return reply


def test_the_standards_own_pin_block_pays() -> None:
    till = KeyedTill(protection=Protection(pin=PinFormat.ISO_0, ksn="62", base="bdk"))
    sale = till.request(Kind.SALE, 1000, pan=PUBLISHED["pan"])
    block = bytes.fromhex(PUBLISHED["block"])
    assert till.give(sale.evolve({52: block, 62: PUBLISHED["ksn"]})).code == "00"
    other = till.request(Kind.SALE, 1001, pan=PUBLISHED["pan"])
    assert till.give(other.evolve({52: block, 62: "FFFF9876543210E00002"})).code == "99"


@pytest.mark.parametrize("spec", ["iso87-ascii", "iso87-binary", "cup-pos"])
def test_each_message_has_keys_of_its_own_and_so_has_its_answer(spec: str) -> None:
    till = DukptTill(spec)
    macs = set()
    for turn in range(5):
        paid = till.pay("1234", 1000 + turn)
        assert (paid.code, paid.believed) == ("00", True)
        assert paid.answer is not None
        macs |= {paid.request[64], paid.answer[64]}
    assert len(macs) == 10
    assert till.pay("1235").code == "55"


def test_a_number_of_aes_has_keys_of_aes() -> None:
    protection = Protection(mac=MacMethod(MacAlgorithm.CMAC), ksn="62", base="bdk")
    till = DukptTill(protection=protection)
    assert till.ask(Kind.SALE, 1000).believed
    assert len(till.ksn) == 24


def test_a_message_under_another_number_than_it_says_is_refused() -> None:
    till = DukptTill()
    base = KeyedTill(protection=PROTECTION).shield
    once = base.of_transaction(bytes.fromhex("FFFF9876543210E00007"))
    sent = once.protected(till.request(Kind.SALE, 1000))
    assert till.give(sent.evolve({62: "FFFF9876543210E00008"})).code == "A0"
    assert till.give(sent).code == "00"


@pytest.mark.parametrize(
    "ksn",
    [
        "",
        "00",
        "FFFF9876543210E00000",
        "FFFF9876543210FFFFFF",
        "FFFF9876543210E0000",
        "no hexadecimal digits",
        "0" * 999,
    ],
)
@pytest.mark.parametrize("spec", ["iso87-ascii", "cup-pos"])
def test_a_number_that_names_no_keys_is_refused(spec: str, ksn: str) -> None:
    till = KeyedTill(spec, protection=PROTECTION)
    sale = till.request(Kind.SALE, 1000)
    if ksn and spec == "iso87-ascii":
        sale = sale.evolve({62: ksn})
    refused = till.give(sale)
    # A7, where the dialect has it.
    assert refused.code == {"iso87-ascii": "05", "cup-pos": "A7"}[spec]
    assert refused.decision.note["code"] == "A7"
    assert till.states == []


def test_a_sign_on_needs_no_number() -> None:
    assert KeyedTill(protection=PROTECTION).ask(Kind.SIGN_ON, None, pan="", currency="").code == "00"
