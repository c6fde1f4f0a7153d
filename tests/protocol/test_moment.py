"""Dates without a year: MMDD means the latest such date not after tomorrow (ruling 21)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iso_gateway.protocol.moment import Moment, transmission_time, year_of


@pytest.mark.parametrize(
    ("mmdd", "today", "year"),
    [
        ("1120", date(2026, 11, 20), 2026),
        ("1121", date(2026, 11, 20), 2026),  # a clock that runs a day ahead
        ("1122", date(2026, 11, 20), 2025),
        ("1231", date(2027, 1, 1), 2026),
        ("0101", date(2026, 12, 31), 2027),
        ("0102", date(2026, 12, 31), 2026),
        ("0229", date(2026, 3, 1), 2024),
        ("0229", date(2028, 2, 28), 2028),
        ("0229", date(2103, 1, 1), 2096),  # 2100 has none
    ],
)
def test_mmdd_means_the_latest_such_date_not_after_tomorrow(mmdd: str, today: date, year: int) -> None:
    assert year_of(mmdd, today) == year


@pytest.mark.parametrize("mmdd", ["0000", "1301", "0230", "0132", "9999"])
def test_what_is_no_day_of_any_year_is_refused(mmdd: str) -> None:
    with pytest.raises(ValueError, match=r"day|month"):
        year_of(mmdd, date(2026, 11, 20))


@given(st.dates(date(1990, 1, 1), date(2200, 1, 1)), st.integers(-300, 1))
def test_a_date_of_the_last_months_comes_back_as_itself(today: date, days: int) -> None:
    meant = today + timedelta(days=days)
    assert year_of(meant.strftime("%m%d"), today) == meant.year


def test_de_7_is_utc() -> None:
    shanghai = timezone(timedelta(hours=8))
    assert transmission_time(datetime(2026, 1, 1, 3, 4, 5, tzinfo=shanghai)) == "1231190405"


def test_later_is_later_on_both_clocks() -> None:
    moment = Moment(10.0, datetime(2026, 1, 1, tzinfo=UTC)).later(90)
    assert moment == Moment(100.0, datetime(2026, 1, 1, 0, 1, 30, tzinfo=UTC))
