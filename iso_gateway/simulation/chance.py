"""Chance from a seed, in two ways: a stream of a player's own, and the luck of an instant.

A terminal draws from its stream. What many share (disk, network, hosts) draws by the instant at which it is asked: so
what happens to one terminal hardly changes when another one is taken away, and a story can be shortened.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256
from math import log
from random import Random  # noqa: TID251 -- made from a seed below, and nowhere else
from typing import Final, TypeVar

from iso_gateway.simulation.heap import Heap

Item = TypeVar("Item")


class Chance:
    """One player's draws."""

    def __init__(self, random: Callable[[], float]) -> None:
        """Draw by *random*, which gives numbers from 0 to 1."""
        self.random = random

    def hits(self, rate: float) -> bool:
        """Return whether what happens at *rate* (0 to 1) happens now; what never happens costs no draw."""
        return rate > 0.0 and self.random() < rate

    def between(self, low: float, high: float) -> float:
        """Return a number from *low* to *high*."""
        return low + (high - low) * self.random()

    def number(self, low: int, high: int) -> int:
        """Return an integer from *low* to *high*, both included."""
        return low + int(self.random() * (high - low + 1))

    def pick(self, items: Sequence[Item]) -> Item:
        """Return one of *items*."""
        return items[int(self.random() * len(items))]

    def pause(self, mean: float) -> float:
        """Return the seconds until something comes that comes every *mean* seconds."""
        return -log(1.0 - self.random()) * mean


def stream(seed: int, player: str) -> Chance:
    """Return the draws that *seed* holds for *player*; a text seeds by its SHA-512, whatever PYTHONHASHSEED."""
    return Chance(Random(f"{seed}/{player}").random)  # noqa: S311 -- it must repeat


def luck(seed: int, player: str, heap: Heap) -> Chance:
    """Return the draws that *seed* holds for *player* at each instant of *heap*."""
    return Chance(_Luck(int.from_bytes(sha256(f"{seed}/{player}".encode()).digest()[:8]), heap).draw)


_MASK: Final = 2**64 - 1


class _Luck:
    """SplitMix64 (Steele, Lea, Flood 2014), its state made anew at each microsecond."""

    def __init__(self, key: int, heap: Heap) -> None:
        self._key = key
        self._heap = heap
        self._at = -1
        self._state = 0

    def draw(self) -> float:
        at = int(self._heap.mono * 1_000_000)
        if at != self._at:
            self._at = at
            self._state = _mixed((self._key + at * 0x9E3779B97F4A7C15) & _MASK)
        self._state = (self._state + 0x9E3779B97F4A7C15) & _MASK
        return (_mixed(self._state) >> 11) / 2.0**53


def _mixed(z: int) -> int:
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & _MASK
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB & _MASK
    return z ^ (z >> 31)
