"""The host's days: local time, and the business date, which begins at the cut-over, before midnight does.

The cut-over is an hour of the host's clocks, or a message that says so, whichever comes first.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import NamedTuple

from iso_gateway.host.settings import MIDNIGHT
from iso_gateway.protocol.moment import Moment


class Date(NamedTuple):
    """What one second of the host is called in messages."""

    local: date
    business: date
    """The local date, or the next one after the cut-over (ruling 21)."""
    days: tuple[str, str]
    """Both as MMDD."""
    facts: dict[str, str | bytes]
    """What an answer says of time."""
    serials: str
    """What the RRNs of the day begin with: YDDD."""


class Calendar:
    """The local time and business date of one host."""

    def __init__(self, zone: tzinfo = UTC, cut_over: time = MIDNIGHT) -> None:
        """Keep the days of *zone*; from *cut_over* on it is tomorrow's business date, 00:00: with the calendar."""
        self._zone = zone
        self._at = cut_over
        self.reached = date.min
        """The business date that the last cut-over said began."""
        self._dated: tuple[int, date] = (-1, date.min)
        """The second that `_date` is of, and what `reached` was then."""
        self._date: Date

    def local(self, moment: Moment) -> datetime:
        """Return *moment* on the host's clocks."""
        return moment.wall.astimezone(self._zone)

    def dated(self, moment: Moment) -> Date:
        """Return what *moment* is called; found out once a second, since many messages come in one."""
        now = (int(moment.wall.timestamp()), self.reached)
        if now != self._dated:
            local = self.local(moment)
            early = self._at != MIDNIGHT and local.time() >= self._at
            business = max(local.date() + timedelta(days=1) if early else local.date(), self.reached)
            facts: dict[str, str | bytes] = {
                "time_local_transaction": f"{local.hour:02}{local.minute:02}{local.second:02}",
                "date_local_transaction": mmdd(local),
                "date_settlement": mmdd(business),
            }
            days, serials = (mmdd(local), mmdd(business)), f"{local.year % 10}{local.timetuple().tm_yday:03}"
            self._dated, self._date = now, Date(local.date(), business, days, facts, serials)
        return self._date

    def today(self, moment: Moment) -> date:
        """Return the business date."""
        return self.dated(moment).business

    def cut_over(self, moment: Moment) -> None:
        """Begin the next business date; at most a day ahead of the calendar, so that asking twice is asking once."""
        self.reached = self.local(moment).date() + timedelta(days=1)

    def until_cut_over(self, moment: Moment) -> float:
        """Return the seconds from *moment* to the next cut-over of the clocks."""
        local = self.local(moment)
        today = local.replace(hour=self._at.hour, minute=self._at.minute, second=0, microsecond=0)
        # Of one zone, two local times would be subtracted as if no clock were ever put forward.
        left = (today.astimezone(UTC) - moment.wall).total_seconds()
        return left if left > 0 else ((today + timedelta(days=1)).astimezone(UTC) - moment.wall).total_seconds()

    def facts(self, moment: Moment) -> dict[str, str | bytes]:
        """Return what an answer says of time; date and time of a request that had them win over these."""
        return dict(self.dated(moment).facts)


def mmdd(day: date) -> str:
    """Return *day* as messages carry it."""
    return f"{day.month:02}{day.day:02}"
