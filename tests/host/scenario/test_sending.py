"""What the host says of its own accord because a rule wants it."""

from __future__ import annotations

import pytest

from iso_gateway.codec.message import Message
from iso_gateway.errors import CannotCarry
from iso_gateway.host.scenario.reading import scenario_of
from iso_gateway.host.scenario.sending import Unasked, unasked_message
from iso_gateway.protocol.covering import has_mac
from iso_gateway.protocol.kinds import Kind
from tests.support.keyed_till import KeyedTill
from tests.support.scripted_till import scripted
from tests.support.till import Reply, Till

SCRIPT = """
- name: script afterwards
  when: {kind: sale}
  send:
    - {kind: echo}
    - {mti: "0620", after: 2s, set: {70: "301"}, copy: {37: request.11}, template: {62: "script for {request.11}"}}
"""


def told(till: Till, reply: Reply, place: int = 0) -> Message:
    """Return the message that the host sends after *reply*, as it comes over the wire."""
    message = unasked_message(till.host, reply.decision.sends[place], till.moment, till.link)
    return till.dialect.spec.decode(till.dialect.spec.encode(message))


def test_messages_follow_and_their_answers_are_awaited() -> None:
    till = scripted(SCRIPT)
    sale = till.ask(Kind.SALE)
    assert [(each.after, each.kind or each.mti) for each in sale.decision.sends] == [(0, "echo"), (2, "0620")]
    echo, script = told(till, sale), told(till, sale, 1)
    assert (echo.mti, script.mti, script[11], script[41]) == ("0800", "0620", "000002", "TERM0001")
    assert (script[62], script.text(37).strip()) == ("script for 000001", "000001")
    for message, kind in ((echo, "echo"), (script, "0620")):
        answer = till.dialect.answer(message, "00", {}, till.moment.wall.date())
        decision = till.host.decide(answer, till.moment, till.link)
        assert (decision.event, decision.note["kind"], decision.note["code"]) == ("network", kind, "00")


def test_a_cut_over_begins_the_next_business_date() -> None:
    till = scripted("[{when: {kind: sale, nth: 1}, send: [{kind: cut_over}]}]")
    assert told(till, till.ask(Kind.SALE)).text(15) == "0303"
    assert till.ask(Kind.SALE).said(15) == "0303"


def test_keys_that_cannot_be_changed_are_not() -> None:
    till = scripted("[{when: {kind: sale}, send: [{kind: key_change}]}]")
    with pytest.raises(CannotCarry):
        told(till, till.ask(Kind.SALE))


def test_what_is_no_network_management_has_a_mac_where_the_request_had_one() -> None:
    till = KeyedTill()
    rule = {"when": {"kind": "sale"}, "send": [{"mti": "0620"}, {"mti": "0800"}]}
    till.host.scenario = scenario_of({"rules": [rule]}, till.dialect)
    sale = till.ask(Kind.SALE)
    script, echo = (till.guard.sealed_request(told(till, sale, place), sale.decision.under) for place in range(2))
    assert (has_mac(script), has_mac(echo)) == (True, False)


def test_what_does_not_fit_is_left_out() -> None:
    till = Till()
    said = unasked_message(till.host, Unasked(0, "", "0620", {"38": "12345678", "62": "x"}), till.moment, "link")
    assert (38 in said, said[62]) == (False, "x")
