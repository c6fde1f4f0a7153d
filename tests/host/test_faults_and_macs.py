"""Faults at a host with keys: what becomes of an answer's MAC, and what is decided before any MAC is looked at."""

from __future__ import annotations

import pytest

from iso_gateway.faults.grammar import text_of
from iso_gateway.faults.standing import standing_of
from iso_gateway.protocol.covering import has_mac
from iso_gateway.protocol.kinds import Kind
from tests.support.keyed_till import KeyedTill


def till_with(*faults: str) -> KeyedTill:
    """Return a till at a host where *faults* are in force."""
    till = KeyedTill()
    for fault in faults:
        till.host.faults.add(standing_of(fault, spec=till.dialect.spec), till.moment.mono)
    return till


@pytest.mark.parametrize(
    ("fault", "has_one", "believed"),
    [
        *(("wrong=mac", True, False), ("without=mac", False, False), ("wrong=mac without=mac", False, False)),
        *(("wrong=stan", True, True), ("wrong=amount|terminal", True, True), ("twice", True, True)),
    ],
)
def test_what_is_said_wrongly_has_a_right_mac_and_the_mac_is_wrong_alone(
    fault: str, *, has_one: bool, believed: bool
) -> None:
    till = till_with(f"{fault} times=1")
    reply = till.ask(Kind.SALE, 1000)
    assert reply.answer is not None
    assert (reply.code, has_mac(reply.answer), reply.believed) == ("00", has_one, believed)
    assert reply.decision.spoilt is not believed
    assert till.states == [("sale", "approved")]
    assert till.again(reply).believed


def test_what_never_came_was_not_judged_whatever_its_mac() -> None:
    till = till_with("silence=unrecorded times=2")
    sale = till.request(Kind.SALE)
    wrong = till.shield.protected(sale, "").evolve({64: bytes(8)})
    for message in (wrong, till.shield.protected(sale, "")):
        reply = till.give(message)
        assert (reply.code, reply.decision.under.owner, text_of(reply.decision.fault)) == ("", "", "silence=unrecorded")
    assert till.states == []


def test_the_refusal_of_a_wrong_mac_is_struck_too() -> None:
    till = till_with("silence times=1")
    wrong = till.shield.protected(till.request(Kind.SALE), "").evolve({64: bytes(8)})
    assert [till.give(wrong).code for _ in range(2)] == ["", "A0"]


def test_the_log_names_the_fault_that_struck() -> None:
    till = till_with("delay=2s times=1")
    assert till.ask(Kind.SALE, 1073).decision.note["fault"] == "delay=2s twice"
    assert "fault" not in till.ask(Kind.SALE, 1000).decision.note
