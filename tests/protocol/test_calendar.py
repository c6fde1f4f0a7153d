"""An acquirer's clocks: what is kept of a second is what would be worked out anew."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from iso_gateway.protocol.calendar import Calendar, nearest
from iso_gateway.protocol.moment import date_and_time, transmission_time
from tests.support.desk import NOON, setup

EVENING = datetime(2026, 11, 20, 22, 59, 58, tzinfo=UTC)


@pytest.mark.parametrize("steps", [[0.0, 0.4, 0.999999, 1.0, 2.5, 3600.0], [3600.0, 1.0, 0.5, -0.000001]])
def test_every_second_is_what_its_clocks_say(steps: list[float]) -> None:
    acquirer = setup(zone=ZoneInfo("Africa/Lagos"), cut_over=time(23, 59, 59)).acquirers["bank"]
    calendar = Calendar(acquirer, EVENING)
    for step in steps:  # also where the system's clock is set back
        wall = EVENING + timedelta(seconds=step)
        second = calendar.at(wall)
        local = wall.astimezone(acquirer.zone)
        assert second.transmitted == transmission_time(wall)
        assert second.written == date_and_time(local)
        assert second.local == local.replace(microsecond=0)
        assert second.today == local.date()
        assert second.business_date == acquirer.business_date(wall).date()


@pytest.mark.parametrize(
    ("mmdd", "today", "day"),
    [
        ("1120", date(2026, 11, 20), date(2026, 11, 20)),
        ("1121", date(2026, 11, 20), date(2026, 11, 21)),
        ("1124", date(2026, 11, 20), date(2026, 11, 24)),  # over a long weekend
        ("1119", date(2026, 11, 20), date(2026, 11, 19)),
        ("0102", date(2026, 12, 31), date(2027, 1, 2)),
        ("1231", date(2027, 1, 1), date(2026, 12, 31)),
        ("0229", date(2028, 2, 28), date(2028, 2, 29)),
        ("0229", date(2027, 2, 28), None),
        ("1129", date(2026, 11, 20), None),
        ("0620", date(2026, 11, 20), None),
        ("1320", date(2026, 11, 20), None),
        ("0000", date(2026, 11, 20), None),
        ("", date(2026, 11, 20), None),
        ("11", date(2026, 11, 20), None),
    ],
)
def test_a_business_date_is_the_nearest_such_day_or_none(mmdd: str, today: date, day: date | None) -> None:
    assert nearest(mmdd, today) == day


def test_the_hosts_business_date_counts_for_a_day_then_the_clocks() -> None:
    calendar = Calendar(setup().acquirers["bank"], NOON)
    assert calendar.business_date(NOON) == calendar.at(NOON).business_date == date(2026, 11, 20)
    assert calendar.heard("1121", NOON) == date(2026, 11, 21)
    assert calendar.at(NOON).business_date == date(2026, 11, 21)
    assert calendar.heard("9999", NOON) is None
    assert calendar.business_date(NOON) == date(2026, 11, 21)
    later = NOON + timedelta(days=3)
    assert calendar.business_date(later) == calendar.at(later).business_date == date(2026, 11, 23)
