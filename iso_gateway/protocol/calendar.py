"""What an acquirer's clocks say, worked out once a second: under load every second has thousands of sales."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import msgspec

from iso_gateway.protocol.moment import date_and_time, transmission_time
from iso_gateway.protocol.setup import Acquirer


class Second(msgspec.Struct, frozen=True):
    """One second, as an acquirer writes it."""

    transmitted: str
    """DE 7: MMDDhhmmss in UTC."""
    local: datetime
    """In the acquirer's zone."""
    written: str
    """The same as YYMMDDhhmmss."""
    today: date
    """The local date."""
    business_date: date


class Calendar:
    """The seconds of one acquirer."""

    def __init__(self, acquirer: Acquirer, wall: datetime) -> None:
        self.acquirer = acquirer
        self._turn(wall)

    def at(self, wall: datetime) -> Second:
        """Return the second in which *wall* is."""
        if not self._begin <= wall < self._end:
            self._turn(wall)
        return self._second

    def _turn(self, wall: datetime) -> None:
        self._begin = wall.replace(microsecond=0)
        self._end = self._begin + timedelta(seconds=1)
        local = self._begin.astimezone(self.acquirer.zone)
        business_date = self.acquirer.business_date(self._begin).date()
        self._second = Second(transmission_time(wall), local, date_and_time(local), local.date(), business_date)
