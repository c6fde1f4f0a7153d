"""Wrong MACs and PIN blocks are counted by leg; many wrong PIN blocks soon one after the other are an alarm, once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from iso_gateway.gateway.alarms import BURST, WITHIN, Alarms


class Room:
    """Where the alarms are heard, and the time is a number."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str]] = []
        self.now = 0.0
        self.alarms = Alarms(self.tell, lambda: self.now)

    def tell(self, event: str, fields: Mapping[str, Any]) -> None:
        self.heard.append((event, fields["who"]))


def test_errors_are_counted_for_their_leg() -> None:
    room = Room()
    room.alarms.mac_wrong("counter")
    room.alarms.pin_wrong("counter")
    room.alarms.pin_wrong("counter")
    room.alarms.trouble("bank", "cause")
    assert room.alarms.of("counter") == {"mac_errors": 1, "pin_errors": 2, "refused": 0}
    assert room.alarms.of("bank") == {"mac_errors": 0, "pin_errors": 0, "refused": 1}
    assert room.heard == [("wrong MAC", "counter"), ("not protected", "bank")]


def test_a_burst_of_wrong_pin_blocks_is_an_alarm_and_each_burst_one() -> None:
    room = Room()
    for _ in range(3 * BURST):
        room.alarms.pin_wrong("counter")
    assert room.heard == [("PIN block errors", "counter")] * 3


def test_wrong_pin_blocks_now_and_then_are_people_who_cannot_type() -> None:
    room = Room()
    for _ in range(3 * BURST):
        room.alarms.pin_wrong("counter")
        room.now += WITHIN / (BURST - 1) + 1
    assert room.heard == []


def test_the_errors_of_two_legs_are_no_burst_of_one() -> None:
    room = Room()
    for at in range(2 * BURST - 2):
        room.alarms.pin_wrong("counter" if at % 2 else "bank")
    assert room.heard == []
