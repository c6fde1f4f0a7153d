"""The same meaning in other digits: entry modes, tracks, dates of two versions."""

from __future__ import annotations

from datetime import date

import pytest

from iso_gateway.protocol.meaning import (
    REVERSAL_REASONS,
    local_date_time,
    pan_of_track_2,
    pos_data_code,
    pos_entry_mode,
    track_2,
)


@pytest.mark.parametrize("mode", ["011", "012", "021", "022", "051", "052", "071"])
def test_an_entry_mode_comes_back_from_its_1993_form(mode: str) -> None:
    assert len(pos_data_code(mode)) == 12
    assert pos_entry_mode(pos_data_code(mode)) == mode


@pytest.mark.parametrize("odd", ["", "9", "zz9", "000"])
def test_what_the_other_form_cannot_say_is_unknown_and_no_error(odd: str) -> None:
    assert len(pos_data_code(odd)) == 12
    assert len(pos_entry_mode(odd)) == 3


def test_a_typed_number_says_that_the_card_was_not_there() -> None:
    assert pos_data_code("012")[5] == "0"
    assert pos_data_code("051")[5] == "1"


def test_a_1993_date_has_the_year_of_the_latest_such_day() -> None:
    assert local_date_time("1231", "235959", date(2027, 1, 1)) == "261231235959"
    assert local_date_time("0102", "000000", date(2027, 1, 1)) == "270102000000"


@pytest.mark.parametrize("separator", ["=", "D"])
def test_track_2_gets_the_separator_that_the_target_writes(separator: str) -> None:
    value = f"4761739001010010{separator}2912201"
    assert track_2(value, packed=True) == "4761739001010010D2912201"
    assert track_2(value, packed=False) == "4761739001010010=2912201"
    assert pan_of_track_2(value) == "4761739001010010"


@pytest.mark.parametrize("broken", ["", "4761739001010010", "=2912201", "1234567=29", "12345678901234567890=29", "A=1"])
def test_a_track_without_a_card_number_gives_none(broken: str) -> None:
    assert pan_of_track_2(broken) == ""


def test_no_reason_of_a_reversal_reads_as_the_void_of_a_finished_sale() -> None:
    """DE 25 = 4000, the customer's wish, makes a 1420 a void; a reversal must never say it."""
    assert "4000" not in REVERSAL_REASONS.values()
