"""A reversal says a few tags of the chip, where its dialect wants them; nothing else of DE 55 is kept."""

from __future__ import annotations

import pytest

from iso_gateway.protocol.chip import kept_of_chip
from tests.support.desk import Desk, setup

TAGS = frozenset({"95", "9F1E", "9F10", "9F36", "DF31"})
COUNTER = bytes.fromhex("9F360200019505000004E000")
TRACK = bytes.fromhex("57114761739001010010D29122010000000000")
CARD = bytes.fromhex("5A084761739001010010")


@pytest.mark.parametrize(
    ("data", "kept"),
    [
        (COUNTER, COUNTER),
        (TRACK + COUNTER + CARD, COUNTER),
        (TRACK + CARD, b""),
        (bytes.fromhex("9F3602000100000095") + b"\x05\0\0\0\0\0", bytes.fromhex("9F36020001") + b"\x95\x05\0\0\0\0\0"),
        (bytes.fromhex("700B") + COUNTER[:11], b""),
        (COUNTER[:-1], b""),
        (b"", b""),
    ],
)
def test_the_tags_of_the_list_are_kept_as_they_came(data: bytes, kept: bytes) -> None:
    assert kept_of_chip(data, TAGS) == kept


def test_a_cup_reversal_says_them_and_the_row_has_no_more() -> None:
    desk = Desk(setup("cup-pos", "cup-pos"))
    desk.send(desk.request(changes={55: TRACK + COUNTER + CARD}))
    desk.pass_time(30)
    leg = desk.row().host
    assert leg is not None
    assert leg.fields[55] == COUNTER
    assert (desk.last_sent.mti, desk.last_sent[55]) == ("0400", COUNTER)


def test_a_dialect_without_a_list_keeps_nothing_of_the_chip() -> None:
    desk = Desk()
    desk.send(desk.request(changes={55: TRACK + COUNTER}))
    desk.pass_time(30)
    leg = desk.row().host
    assert leg is not None
    assert 55 not in leg.fields
    assert 55 not in desk.last_sent
