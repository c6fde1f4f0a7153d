"""Stories of repeats whose first message may be older than what the journal remembers (rulings 4 and 21)."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.support.desk import Desk, setup


def test_a_marked_repeat_that_is_older_than_the_journal_is_not_sent_as_new() -> None:
    desk = Desk()
    request = desk.request()
    before = (desk.now.wall - timedelta(minutes=5)).strftime("%m%d%H%M%S")
    desk.send(request.evolve({7: before}, "0201"))
    assert desk.code() == "25"
    assert not desk.sent
    assert desk.said("listed")
    assert desk.row().flags == ("a repeat whose original may have left the journal is not sent as new",)
    assert desk.asked(request.evolve({7: before}, "0201")) == "25"


@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai", "America/New_York"])
def test_a_repeat_with_a_new_de_7_is_as_old_as_its_local_time(zone: str) -> None:
    """The gateway has just been started: it cannot know whether the first message went out."""
    desk = Desk(setup(zone=ZoneInfo(zone)))
    made = (desk.now.wall - timedelta(seconds=30)).astimezone(ZoneInfo(zone))
    request = desk.request(changes={12: made.strftime("%H%M%S"), 13: made.strftime("%m%d")})
    desk.pass_time(10)
    assert desk.asked(desk.repeat(request)) == "25"
    assert not desk.sent


# Ruling 21: DE 12 and 13 are the terminal's, and no year is carried.


@pytest.mark.parametrize(
    ("clocks", "new"),
    [("UTC", True), ("Asia/Shanghai", False), ("America/New_York", True)],
)
def test_how_old_a_repeat_is_is_read_in_the_terminals_zone(clocks: str, new: bool) -> None:  # noqa: FBT001
    """The gateway has run for an hour; the first message says a local time of ten minutes ago, at noon in UTC."""
    desk = Desk(setup(terminals_zone=ZoneInfo(clocks), zone=ZoneInfo("Asia/Shanghai")))
    desk.pass_time(3600)
    request = desk.request(changes={12: "125000", 13: "1120"})
    if new:
        desk.send(desk.repeat(request))
        assert desk.last_sent.mti == "0200"
    else:
        assert desk.asked(desk.repeat(request)) == "25"


def test_a_terminal_that_is_a_day_ahead_is_not_a_year_behind() -> None:
    desk = Desk(setup(terminals_zone=ZoneInfo("Pacific/Kiritimati")))  # UTC+14
    desk.pass_time(3600)
    request = desk.request(changes={12: "030000", 13: "1121"})
    desk.send(desk.repeat(request))
    assert desk.last_sent.mti == "0200"


@pytest.mark.parametrize(("since", "code"), [(timedelta(days=1), "25"), (timedelta(days=3), None)])
def test_a_journal_on_disk_remembers_more_than_this_process(since: timedelta, code: str | None) -> None:
    desk = Desk()
    desk.pass_time(60)
    desk.since = desk.now.wall - since
    made = desk.now.wall - timedelta(days=2)
    request = desk.request(changes={7: made.strftime("%m%d%H%M%S"), 12: "115959", 13: made.strftime("%m%d")})
    desk.send(request.evolve({}, "0201"))
    if code is None:
        assert desk.last_sent.mti == "0200"
    else:
        assert desk.code() == code


def test_a_journal_that_let_rows_go_remembers_less_than_this_process() -> None:
    desk = Desk()
    desk.pass_time(3600)
    desk.since = desk.now.wall - timedelta(minutes=1)
    request = desk.request()
    desk.pass_time(120)
    desk.since = desk.now.wall - timedelta(minutes=1)
    assert desk.asked(desk.repeat(request)) == "25"


def test_a_marked_repeat_whose_first_never_arrived_is_sent() -> None:
    desk = Desk()
    desk.pass_time(60)
    desk.send(desk.repeat(desk.request()))
    assert desk.last_sent.mti == "0200"


def test_the_journals_memory_is_not_confused_by_new_year() -> None:
    desk = Desk()
    desk.pass_time(42 * 86400)  # to 1 January
    assert desk.now.wall.month == 1
    desk.send(desk.repeat(desk.request()))
    assert len(desk.sent) == 1


@pytest.mark.parametrize("de7", ["0000000000", "9999999999", None])
def test_a_marked_repeat_that_does_not_say_when_is_not_sent_as_new(de7: str | None) -> None:
    desk = Desk()
    desk.pass_time(60)
    desk.send(desk.request().evolve({7: de7}, "0201"))
    assert desk.code() == "25"


def test_a_repeated_reversal_is_sent_on_though_the_journal_is_young() -> None:
    """To reverse twice does no harm; not to reverse leaves the charge."""
    desk = Desk()
    sale = desk.request(changes={7: "1120110000"})
    reversal = desk.reversal(sale, changes={7: "1120110001", 37: "632400000001"})
    desk.send(reversal.evolve({}, "0401"))
    assert [message.mti[:3] for message in desk.host_got()] == ["040"]


# What was never sent may be asked again.
