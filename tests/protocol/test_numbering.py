"""STANs towards an acquirer: in turn, round and round, and never one that still means something."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iso_gateway.protocol.numbering import LAST, Numbering


def test_after_999999_comes_000001() -> None:
    numbering = Numbering(999_998)
    assert [numbering.next() for _ in range(4)] == ["999998", "999999", "000001", "000002"]


def test_a_busy_number_is_passed_over() -> None:
    busy = {"999999", "000001", "000003"}
    numbering = Numbering(999_999, busy.__contains__)
    assert [numbering.next() for _ in range(3)] == ["000002", "000004", "000005"]


def test_when_all_are_taken_there_is_none() -> None:
    assert Numbering(5, lambda _stan: True).next() is None


@pytest.mark.parametrize("start", [0, -1, LAST + 1])
def test_numbering_starts_within_the_six_digits(start: int) -> None:
    with pytest.raises(ValueError, match="1 to 999999"):
        Numbering(start)


@given(st.integers(1, LAST), st.sets(st.integers(1, LAST), max_size=30))
def test_what_is_given_out_is_free_and_never_zero(start: int, taken: set[int]) -> None:
    busy = {f"{number:06}" for number in taken}
    numbering = Numbering(start, busy.__contains__)
    given_out = [numbering.next() for _ in range(50)]
    assert len(set(given_out)) == 50
    assert not busy & set(given_out)
    assert "000000" not in given_out
