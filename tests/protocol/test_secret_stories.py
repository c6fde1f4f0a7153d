"""A canary: what a card holds goes to the host, and nowhere else (promise 4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from iso_gateway.protocol import commands
from iso_gateway.protocol.kinds import Kind
from tests.support.desk import PAN, Desk, setup

TRACK_2 = f"{PAN}D29122010000000000000"
PIN_BLOCK = bytes.fromhex("04126385B9FE8D3C")
VERIFICATION = "CVV2=739"
CHIP = bytes.fromhex("9F2608112233445566778857114761739001010010D29122010000000000")
CARD: dict[int | str, Any] = {35: TRACK_2, 52: PIN_BLOCK, 55: CHIP}


def secret(text: str) -> list[str]:
    """Return which secrets stand in *text*, in characters, or as bytes are shown."""
    raw = (PIN_BLOCK, CHIP, CHIP[13:26])
    shapes = [PAN, TRACK_2, TRACK_2.replace("D", "="), VERIFICATION, "739001010"]
    shapes += [shape for value in raw for shape in (value.hex(), value.hex().upper(), repr(value)[2:-1])]
    return [shape for shape in shapes if shape in text]


def sale_and_time_out(desk: Desk) -> None:
    desk.send(desk.request(changes={**CARD, 48: VERIFICATION}))
    desk.host_answers("00", {54: "0001840C000000001000"})
    desk.send(desk.request(changes={**CARD, 48: VERIFICATION}))
    desk.pass_time(120)


def refusals(desk: Desk) -> None:
    desk.send(desk.request(terminal="NOBODY00", changes=CARD))
    desk.send(desk.request(changes={**CARD, 3: "990000"}))
    desk.send(desk.request(changes={**CARD, 49: PAN[:3], 13: "9999"}))
    payload = desk.terminal_dialect.spec.encode(desk.request(changes={**CARD, 48: VERIFICATION}))
    for cut in range(1, 80, 3):
        desk.send_bytes(payload[:-cut])
        desk.hung_up.clear()
    sale = desk.request(stan="000999", changes=CARD)
    desk.send(sale)
    desk.send(desk.request(stan="000999", amount=1, changes=CARD), "t2")


def mismatches(desk: Desk) -> None:
    desk.send(desk.request(changes=CARD))
    desk.host_answers("00", {2: "4111111111111111"})
    desk.send(desk.request(changes=CARD))
    desk.host_answers("00", {41: "TERM0077"})
    desk.pass_time(120)


def trouble(desk: Desk) -> None:
    desk.send(desk.request(changes=CARD))
    desk.journal_fails = True
    desk.host_answers("00")
    desk.journal_fails = False
    desk.pass_time(120)
    sale = desk.sale(changes=CARD)
    desk.send(desk.later(Kind.VOID, sale, changes=CARD))
    desk.lose_link()
    desk.asked(desk.reversal(*sale, changes=CARD))


@pytest.mark.parametrize("story", [sale_and_time_out, refusals, mismatches, trouble])
@pytest.mark.parametrize("host", ["iso87-ascii", "iso93-ascii"])
def test_no_log_line_no_row_and_no_repr_shows_a_card(story: Callable[[Desk], None], host: str) -> None:
    desk = Desk(setup(host=host))
    story(desk)
    assert desk.logs
    for line in desk.logs:
        assert not secret(repr(line)), line.event
    for row in desk.rows():
        assert not secret(repr(row))
    seen = [*desk.sent, *desk.answers, *desk.node.flow.requests.values(), *desk.node.owing.debts.values()]
    for thing in [*seen, desk.node, *desk.node.links.links.values(), *desk.node.connections.values()]:
        # A message's repr is the codec's: what it shows of free text, the spec says.
        assert not {PAN, TRACK_2} & set(secret(repr(thing)))


def test_no_command_but_those_that_carry_messages_holds_a_card() -> None:
    desk = Desk()
    desk.hold = {commands.Journal}
    desk.send(desk.request(changes={**CARD, 48: VERIFICATION, 34: PAN + "00", 62: "free text"}))
    (journal,) = desk.held
    assert not secret(repr(journal))


def test_the_host_gets_what_the_card_says() -> None:
    desk = Desk()
    desk.send(desk.request(changes={**CARD, 48: VERIFICATION}))
    sent = desk.last_sent
    assert (sent[2], sent[35], sent[52], sent[55]) == (PAN, TRACK_2.replace("D", "="), PIN_BLOCK, CHIP)
    assert sent[48] == VERIFICATION


def test_a_reversal_has_the_card_number_back_and_neither_track_nor_pin() -> None:
    desk = Desk()
    desk.send(desk.request(changes={**CARD, 2: None, 48: VERIFICATION, 43: "CORNER SHOP"}))
    desk.pass_time(30)
    reversal = desk.last_sent
    assert reversal.mti == "0400"
    assert reversal[2] == PAN
    assert reversal[43].startswith("CORNER SHOP")
    assert not {35, 48, 52, 55} & set(reversal)


def test_the_row_shows_six_and_four_of_the_card() -> None:
    desk = Desk()
    desk.sale(changes=CARD)
    assert desk.row().pan == "476173******0010"
    assert desk.node.world.lent.unseal(desk.row().card) == PAN
