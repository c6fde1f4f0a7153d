"""The host's business date: DE 15, from the cut-over on tomorrow's, and a reversal's is its original's (ruling 21)."""

from __future__ import annotations

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from iso_gateway.host.calendar import Calendar
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.moment import Moment
from tests.support.till import Till

TO_THE_CUT_OVER = 11.5 * 3600  # a till's day begins at half past ten


def at(text: str) -> Moment:
    return Moment(0.0, datetime.fromisoformat(text).replace(tzinfo=UTC))


def mmdd(de15: str) -> str:
    """1993 says the year too."""
    return de15[-4:]


@pytest.fixture
def late_till(till: Till) -> Till:
    """Return a till of the same dialect, whose host's day ends at 22:00."""
    return Till(till.dialect.spec.name, cut_over="22:00")


def test_a_sale_after_the_cut_over_has_tomorrows_date(late_till: Till) -> None:
    assert mmdd(late_till.ask(Kind.SALE).said(15)) == "0302"
    late_till.wait(TO_THE_CUT_OVER)
    assert mmdd(late_till.ask(Kind.SALE).said(15)) == "0303"
    late_till.wait(3 * 3600)
    assert mmdd(late_till.ask(Kind.SALE).said(15)) == "0303"


def test_a_void_across_the_cut_over_is_of_another_day(late_till: Till) -> None:
    sale = late_till.ask(Kind.SALE)
    late_till.wait(TO_THE_CUT_OVER)
    assert late_till.ask(Kind.VOID, about=sale).code == "25"
    assert late_till.ask(Kind.VOID, about=late_till.ask(Kind.SALE)).code == "00"


def test_a_reversal_keeps_the_date_of_its_original(late_till: Till) -> None:
    sale = late_till.ask(Kind.SALE)
    late_till.wait(TO_THE_CUT_OVER)
    reversal = late_till.ask(Kind.REVERSAL, about=sale)
    assert (reversal.code, mmdd(reversal.said(15))) == ("00", "0302")
    first, last = late_till.transactions[0], late_till.transactions[-1]
    assert first.business_date == last.business_date
    assert mmdd(late_till.again(reversal).said(15)) == "0302"


def test_a_host_may_refuse_the_reversal_of_another_business_date(till: Till) -> None:
    strict = Till(till.dialect.spec.name, cut_over="22:00", reverse_same_day_only=True)
    sale = strict.ask(Kind.SALE)
    strict.wait(TO_THE_CUT_OVER)
    assert strict.ask(Kind.REVERSAL, about=sale).code == "25"
    assert strict.ask(Kind.REVERSAL, about=strict.ask(Kind.SALE)).code == "00"


@pytest.mark.parametrize(
    ("now", "today"),
    [
        ("2026-03-02T20:59:59", "2026-03-02"),
        ("2026-03-02T21:00:00", "2026-03-03"),  # 22:00 in Vienna
        ("2026-03-02T23:30:00", "2026-03-03"),
        ("2026-12-31T21:30:00", "2027-01-01"),
    ],
)
def test_the_hour_is_local(now: str, today: str) -> None:
    calendar = Calendar(ZoneInfo("Europe/Vienna"), time(22, 0))
    assert calendar.today(at(now)).isoformat() == today


def test_a_cut_over_that_is_said_after_its_hour_is_the_same_one() -> None:
    calendar = Calendar(UTC, time(22, 0))
    calendar.cut_over(at("2026-03-02T22:05:00"))
    assert calendar.today(at("2026-03-02T22:05:00")).isoformat() == "2026-03-03"
    assert calendar.today(at("2026-03-03T22:05:00")).isoformat() == "2026-03-04"


@pytest.mark.parametrize(
    ("now", "hours"),
    [
        ("2026-03-02T20:00:00", 1),
        ("2026-03-02T21:00:00", 24),
        ("2026-03-28T21:00:00", 23),  # clocks are put forward in the night
        ("2026-10-24T20:00:00", 25),
    ],
)
def test_the_next_cut_over_is_known_over_a_change_of_clocks(now: str, hours: int) -> None:
    calendar = Calendar(ZoneInfo("Europe/Vienna"), time(22, 0))
    assert calendar.until_cut_over(at(now)) == hours * 3600
