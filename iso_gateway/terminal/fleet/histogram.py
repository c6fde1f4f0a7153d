"""How long things took: counts in buckets that grow with the value, so that memory and error are bounded both.

Values are whole microseconds. Up to 127 each has a bucket of its own; above, an octave (one power of two to the next)
is cut into 64 buckets of one width. A quantile is told as the middle of its bucket, so that it is wrong by 1/128 of
itself at the most: `RELATIVE_ERROR`. Up to `LARGEST`, 19 hours, that makes less than 2,000 buckets.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple, Self

_BITS: Final = 7
_HALF: Final = 1 << (_BITS - 1)
RELATIVE_ERROR: Final = 1 / (2 * _HALF)
LARGEST: Final = (1 << 36) - 1
"""Microseconds; what takes longer counts as this."""


class Bucket(NamedTuple):
    """Values that are counted together."""

    lowest: int
    width: int
    times: int
    """How many there are."""

    @property
    def middle(self) -> float:
        """What a value of it is told as."""
        return self.lowest + (self.width - 1) / 2


class Histogram:
    """Counts of durations."""

    __slots__ = ("_counts", "count", "largest", "total")

    def __init__(self) -> None:
        self._counts: dict[int, int] = {}
        self.count = 0
        self.total = 0
        """The sum of all, microseconds."""
        self.largest = 0
        """The longest, microseconds, exactly."""

    def __repr__(self) -> str:
        return f"<Histogram of {self.count}>"

    def add(self, seconds: float) -> None:
        """Count one that took *seconds*; below zero counts as nothing."""
        value = min(max(round(seconds * 1e6), 0), LARGEST)
        shift = max(value.bit_length() - _BITS, 0)
        place = shift * _HALF + (value >> shift)
        self._counts[place] = self._counts.get(place, 0) + 1
        self.count += 1
        self.total += value
        self.largest = max(self.largest, value)

    def merge(self, other: Self) -> None:
        """Count all of *other* here too."""
        for place, count in other._counts.items():
            self._counts[place] = self._counts.get(place, 0) + count
        self.count += other.count
        self.total += other.total
        self.largest = max(self.largest, other.largest)

    def buckets(self) -> Iterator[Bucket]:
        """Yield the buckets that are not empty, the shortest durations first."""
        for place in sorted(self._counts):
            shift = max(place // _HALF - 1, 0)
            yield Bucket((place - shift * _HALF) << shift, 1 << shift, self._counts[place])

    def quantile(self, share: float) -> float | None:
        """Return the seconds that *share* of all (0 to 1) took at the most; None where nothing was counted."""
        if not self.count:
            return None
        wanted = max(share * self.count, 1)
        seen = 0
        for bucket in self.buckets():
            seen += bucket.times
            if seen >= wanted - 1e-9:
                return min(bucket.middle, self.largest) / 1e6
        return self.largest / 1e6

    @property
    def mean(self) -> float | None:
        """The mean in seconds; None where nothing was counted."""
        return self.total / self.count / 1e6 if self.count else None
