"""The host's days: local time, and the business date, which a cut-over moves on before midnight does."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo

from iso_gateway.protocol.moment import Moment


class Calendar:
    """The local time and business date of one host."""

    def __init__(self, zone: tzinfo = UTC) -> None:
        self._zone = zone
        self._reached = date.min

    def local(self, moment: Moment) -> datetime:
        """Return *moment* on the host's clocks."""
        return moment.wall.astimezone(self._zone)

    def today(self, moment: Moment) -> date:
        """Return the business date: the local date, or the next one after a cut-over."""
        return max(self.local(moment).date(), self._reached)

    def cut_over(self, moment: Moment) -> None:
        """Begin the next business date; at most a day ahead of the calendar, so that asking twice is asking once."""
        self._reached = self.local(moment).date() + timedelta(days=1)

    def facts(self, moment: Moment) -> dict[str, str | bytes]:
        """Return what an answer says of time; date and time of a request that had them win over these."""
        local = self.local(moment)
        return {
            "time_local_transaction": f"{local.hour:02}{local.minute:02}{local.second:02}",
            "date_local_transaction": mmdd(local),
            "date_settlement": mmdd(self.today(moment)),
        }


def mmdd(day: date) -> str:
    """Return *day* as messages carry it."""
    return f"{day.month:02}{day.day:02}"
