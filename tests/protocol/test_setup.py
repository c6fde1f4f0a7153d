"""The business day of an acquirer (ruling 21)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.support.desk import setup


@pytest.mark.parametrize(
    ("changes", "wall", "day"),
    [
        ({}, datetime(2026, 11, 20, 23, 59, tzinfo=UTC), date(2026, 11, 20)),
        ({"zone": ZoneInfo("Asia/Shanghai")}, datetime(2026, 11, 20, 15, 59, tzinfo=UTC), date(2026, 11, 20)),
        ({"zone": ZoneInfo("Asia/Shanghai")}, datetime(2026, 11, 20, 16, 0, tzinfo=UTC), date(2026, 11, 21)),
        ({"cut_over": time(23, 0)}, datetime(2026, 11, 20, 22, 59, tzinfo=UTC), date(2026, 11, 20)),
        ({"cut_over": time(23, 0)}, datetime(2026, 11, 20, 23, 0, tzinfo=UTC), date(2026, 11, 21)),
        ({"cut_over": time(23, 0)}, datetime(2026, 12, 31, 23, 0, tzinfo=UTC), date(2027, 1, 1)),
        (
            {"zone": ZoneInfo("America/New_York"), "cut_over": time(20, 0)},
            datetime(2026, 11, 21, 1, 0, tzinfo=UTC),
            date(2026, 11, 21),
        ),
    ],
)
def test_the_business_day_ends_at_cut_over_where_the_acquirer_is(
    changes: dict[str, Any], wall: datetime, day: date
) -> None:
    assert setup(**changes).acquirers["bank"].business_date(wall).date() == day
