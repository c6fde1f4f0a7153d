"""Durations in buckets: every quantile is as near as is said, whatever is counted, in whatever order."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from iso_gateway.terminal.fleet.histogram import LARGEST, RELATIVE_ERROR, Histogram

TIMES = st.lists(st.integers(0, LARGEST), min_size=1, max_size=200)


def of(micros: list[int]) -> Histogram:
    """Return a histogram of *micros*."""
    histogram = Histogram()
    for each in micros:
        histogram.add(each / 1e6)
    return histogram


@given(TIMES, st.floats(0, 1))
def test_a_quantile_is_as_near_as_is_said(micros: list[int], share: float) -> None:
    told = of(micros).quantile(share)
    exact = sorted(micros)[max(math.ceil(share * len(micros) - 1e-9), 1) - 1]
    assert told is not None
    assert abs(told * 1e6 - exact) <= exact * RELATIVE_ERROR + 1e-3


@given(TIMES, TIMES)
def test_two_together_are_one_of_all(first: list[int], second: list[int]) -> None:
    both = of(first)
    both.merge(of(second))
    alone = of(first + second)
    assert list(both.buckets()) == list(alone.buckets())
    assert (both.count, both.total, both.largest) == (alone.count, alone.total, alone.largest)


def test_the_number_of_buckets_is_bounded() -> None:
    histogram = Histogram()
    for power in range(60):
        for step in range(300):
            histogram.add((1 << power) * (1 + step / 300) / 1e6)
    assert len(list(histogram.buckets())) < 2000


def test_what_is_below_zero_or_too_long_is_counted_at_the_ends() -> None:
    histogram = Histogram()
    histogram.add(-5)
    histogram.add(1e9)
    assert [bucket.times for bucket in histogram.buckets()] == [1, 1]
    assert histogram.quantile(0.5) == 0
    assert histogram.largest == LARGEST


def test_of_nothing_nothing_is_told() -> None:
    assert Histogram().quantile(0.99) is None
    assert Histogram().mean is None
