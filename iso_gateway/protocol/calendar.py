"""What an acquirer's clocks say, worked out once a second: under load every second has thousands of sales."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

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


FAR: Final = timedelta(days=7)
"""A business date that lies further from the calendar's, holidays included, is not believed."""

_FRESH: Final = timedelta(days=1)
"""For how long the host's last word on its business date counts more than our clock."""


class Calendar:
    """The seconds of one acquirer, and its business date: as its host says in DE 15, else by the clock (ruling 21)."""

    def __init__(self, acquirer: Acquirer, wall: datetime) -> None:
        self.acquirer = acquirer
        self._said: date | None = None
        self._said_at = wall
        self._read: tuple[str, date, date | None] = ("", date.min, None)
        """What was read last: MMDD, the local date then, and the date that it meant."""
        self._turn(wall)

    def at(self, wall: datetime) -> Second:
        """Return the second in which *wall* is."""
        if not self._begin <= wall < self._end:
            self._turn(wall)
        return self._second

    def business_date(self, wall: datetime) -> date:
        """Return the business date at *wall*."""
        if self._said is not None and wall - self._said_at <= _FRESH:
            return self._said
        return self.acquirer.business_date(wall).date()

    def heard(self, mmdd: str, wall: datetime) -> date | None:
        """Take in the business date that the host says in an answer; None where that is no date to be believed."""
        today = self.at(wall).today
        if self._read[:2] != (mmdd, today):
            self._read = (mmdd, today, nearest(mmdd, today))
        said = self._read[2]
        if said is not None:
            changed = said != self._said
            self._said, self._said_at = said, wall
            if changed:
                self._turn(wall)
        return said

    def cut_over(self, mmdd: str, wall: datetime) -> date:
        """Begin the business date that the host announces: *mmdd*, or where that says none, the next one."""
        if self.heard(mmdd, wall) is None:
            self._said, self._said_at = self.business_date(wall) + timedelta(days=1), wall
            self._turn(wall)
        return self.business_date(wall)

    def goes_by(self, acquirer: Acquirer, wall: datetime) -> None:
        """Go by the settings of *acquirer* from here on; what the host said still counts."""
        self.acquirer = acquirer
        self._turn(wall)

    def _turn(self, wall: datetime) -> None:
        self._begin = wall.replace(microsecond=0)
        self._end = self._begin + timedelta(seconds=1)
        local = self._begin.astimezone(self.acquirer.zone)
        business_date = self.business_date(self._begin)
        self._second = Second(transmission_time(wall), local, date_and_time(local), local.date(), business_date)


def nearest(mmdd: str, today: date) -> date | None:
    """Return the day *mmdd* that is nearest to *today*, or None where none is near: no year is carried."""
    for year in (today.year, today.year + 1, today.year - 1):
        try:
            day = date(year, int(mmdd[:2]), int(mmdd[2:]))
        except ValueError:
            continue
        if abs(day - today) <= FAR:
            return day
    return None
