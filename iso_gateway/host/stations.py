"""Whose keys a host uses: each terminal's, the zone's, or each link's, generation after generation (ruling 11)."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Final

from iso_gateway.security.held import OwnKeys

ZONE: Final = "zone"
"""The owner of keys that all links share."""
_GENERATIONS: Final = 4
"""Of one owner, at most: more sign-ons than that without a message under their keys mean that nobody uses them."""
_STATIONS: Final = 100_000
"""Owners that are remembered; above, the oldest goes, and starts anew from the keys of the file."""


@dataclass(eq=False, slots=True)
class Generation:
    """Keys that came together, and how long they are good for."""

    number: int
    keys: OwnKeys
    until: float = inf
    """On the monotonic clock; past it nothing is verified with them."""
    confirmed: bool = False
    """Whether a message under them has come: what the host sends of its own accord is then made with them."""

    def __repr__(self) -> str:
        return f"<Generation {self.number}>"


@dataclass(frozen=True, slots=True)
class Offer:
    """Keys that the host sent of its own accord, and whose answer it waits for."""

    stan: str
    generation: Generation


class Station:
    """The keys of one owner."""

    def __init__(self, keys: OwnKeys) -> None:
        self.master = keys.master
        """Under which new ones are given."""
        self.offer: Offer | None = None
        self._generations = [Generation(1, keys, confirmed=True)]

    @property
    def newest(self) -> Generation:
        """The one that was made last, whether or not the other side has it."""
        return self._generations[-1]

    @property
    def current(self) -> Generation:
        """The newest that the other side is known to have."""
        return next(each for each in reversed(self._generations) if each.confirmed)

    def usable(self, now: float) -> tuple[Generation, ...]:
        """Return the generations under which a message may come at *now*, the newest first."""
        return tuple(each for each in reversed(self._generations) if now < each.until)

    def renew(self, keys: OwnKeys) -> Generation:
        """Add the next generation; those before it stay good until a message under it has come."""
        made = Generation(self._generations[-1].number + 1, keys)
        kept = self._generations[1 - _GENERATIONS :]
        if not any(each.confirmed for each in kept):
            kept = [self.current, *kept[1:]]
        self._generations = [*kept, made]
        return made

    def withdraw(self, generation: Generation) -> None:
        """Forget *generation*, which the other side does not have, unless a message under it has come."""
        self._generations = [each for each in self._generations if each is not generation or each.confirmed]

    def used(self, generation: Generation, now: float, grace: float) -> None:
        """Take in that a message under *generation* has come: older ones are good for *grace* seconds more."""
        generation.confirmed = True
        for each in self._generations:
            if each.number < generation.number:
                each.until = min(each.until, now + grace)
        self._generations = [each for each in self._generations if now < each.until or each.number >= generation.number]


class Stations:
    """The keys of all owners; each begins with those of the file."""

    def __init__(self) -> None:
        self._stations: dict[str, Station] = {}

    def of(self, owner: str, first: OwnKeys) -> Station:
        """Return the station of *owner*; a new one has *first*."""
        known = self._stations.get(owner)
        if known is None:
            if len(self._stations) >= _STATIONS:
                del self._stations[next(iter(self._stations))]
            known = self._stations[owner] = Station(first)
        return known

    def forget(self, owner: str) -> None:
        """Let go of the keys of *owner*, which has left."""
        self._stations.pop(owner, None)
