"""An acquirer's clocks: what is kept of a second is what would be worked out anew."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from iso_gateway.protocol.calendar import Calendar
from iso_gateway.protocol.moment import date_and_time, transmission_time
from tests.support.desk import setup

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
