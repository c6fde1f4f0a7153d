"""The time, as the pure machines are told it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo

import msgspec


class Moment(msgspec.Struct, frozen=True):
    """One instant on two clocks: deadlines run on the first, what is stored and printed on the second."""

    mono: float
    """Seconds of a clock that never jumps; only differences mean anything."""
    wall: datetime
    """The same instant as an aware UTC date and time."""

    def later(self, seconds: float) -> Moment:
        """Return the instant *seconds* after this one, on both clocks."""
        return Moment(self.mono + seconds, self.wall + timedelta(seconds=seconds))


def transmission_time(wall: datetime) -> str:
    """Return DE 7 for *wall*: MMDDhhmmss in UTC (ISO 8583:1987, 4.3.7)."""
    return date_and_time(wall.astimezone(UTC))[2:]


def date_and_time(local: datetime) -> str:
    """Return *local* as YYMMDDhhmmss; `strftime` takes twice as long, and every sale has four of them."""
    return f"{local.year % 100:02}{local.month:02}{local.day:02}{local.hour:02}{local.minute:02}{local.second:02}"


def sent_at(mmddhhmmss: str, today: date, zone: tzinfo = UTC) -> datetime | None:
    """Return the instant that DE 7 says, the latest such one not after tomorrow; None where it says none.

    DE 13 and 12 say it the same way, in the *zone* of the terminal.
    """
    try:
        said = datetime.strptime(f"{year_of(mmddhhmmss, today)}{mmddhhmmss}+0000", "%Y%m%d%H%M%S%z")
    except ValueError:
        return None
    return said.replace(tzinfo=zone)


def year_of(mmdd: str, today: date) -> int:
    """Return the year that *mmdd* means: that of the latest such date not after tomorrow.

    Terminals send no year, and their clocks may run a day ahead of ours.

    Raises:
        ValueError: *mmdd* is no day of any year.
    """
    month, day = int(mmdd[:2]), int(mmdd[2:4])
    tomorrow = today + timedelta(days=1)
    # Four years back at the most: 0229 exists in one year of four (or eight, around 2100).
    for year in range(tomorrow.year, tomorrow.year - 9, -1):
        try:
            if date(year, month, day) <= tomorrow:
                return year
        except ValueError:
            if (month, day) != (2, 29):
                raise
    raise ValueError("no such day")
