"""A terminal in another time zone than the gateway: an original is named by the local time that the host was told."""

from __future__ import annotations

import pytest

from iso_gateway.protocol.kinds import Kind
from tests.support.desk import Desk, setup

TOMORROW: dict[int | str, str] = {12: "023015", 13: "1121"}
"""02:30:15 on the 21st, while the gateway's noon is on the 20th: a terminal far to the east."""


def named_by(host: str, kind: Kind) -> str:
    """Return the element by which a void or reversal of such a sale names it at *host*."""
    desk = Desk(setup("iso87-ascii", host))
    sale = desk.request(changes=TOMORROW)
    desk.send(sale)
    desk.host_answers("00")
    answer = desk.answer()
    desk.send(desk.later(kind, (sale, answer)) if kind is Kind.VOID else desk.reversal(sale, answer))
    desk.pass_time(0)
    element = desk.last_sent[56 if host == "iso93-ascii" else 61]
    assert isinstance(element, str)
    return element


@pytest.mark.parametrize("kind", [Kind.VOID, Kind.REVERSAL])
def test_a_1993_host_hears_the_time_that_it_was_told(kind: Kind) -> None:
    assert named_by("iso93-ascii", kind)[10:22] == "261121023015"


def test_a_unionpay_host_hears_the_date_that_it_was_told() -> None:
    assert named_by("cup-pos", Kind.VOID)[12:16] == "1121"


def test_a_terminal_that_says_no_time_is_named_by_the_gateways() -> None:
    desk = Desk(setup("iso87-ascii", "iso93-ascii"))
    sale = desk.request(changes={12: None, 13: None})
    desk.send(sale)
    told = desk.host_answers("00")[12]
    desk.send(desk.later(Kind.VOID, (sale, desk.answer())))
    assert desk.last_sent[56][10:22] == told == "261120120000"
