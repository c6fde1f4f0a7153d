"""The generations of every owner's keys, and which of them is for what (ruling 11, flows 2.8).

Rule 1: what is sent is made with the active generation; an answer to a terminal with the one that verified its request.
Rule 2: what comes may have been made with any that is not destroyed: the active one first, then those that retire, then
        those that are pending.
Rule 3: a pending generation becomes active with the first valid message made with it; what it takes the place of
        retires, and is destroyed when nothing made with it can be on its way any more.
Rule 4: the key store is told of each step, and nobody waits for it: what was lost is found out anew.

Owners are ``terminal/ID``; ``acquirer/NAME`` for keys that operators load; ``link/LINK`` for exchanged ones. Where the
terminals' keys are derived (DUKPT) there is one generation for ever, whose keys are the base key.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec.structs import replace

from iso_gateway.protocol.commands import MarkKeys
from iso_gateway.protocol.protection import NO_KEYS, Exchange, KeySet, KnownKeys, Protection
from iso_gateway.protocol.table import Table
from iso_gateway.security.keys import KeyRef, KeyState

if TYPE_CHECKING:
    from iso_gateway.protocol.setup import Acquirer
    from iso_gateway.protocol.world import World

GRACE: Final = 180.0
"""Seconds for which a generation stays good after its time: the longest time-out of an answer, and a margin."""

TIMER: Final = "keys of "
"""What the timer of an owner's retiring keys is called, before the owner's name."""

PENDING_MOST: Final = 4
"""Generations of one owner that nobody has used yet: more sign-ons than that without a message retire the oldest."""


class KeyStep(StrEnum):
    """What can happen to a generation."""

    USED = "a valid message was made with it"
    SUCCEEDED = "another one has taken its place"
    OVER = "its time is over"


KEY_TRANSITIONS: Final[Table[KeyState, KeyStep]] = Table(
    {
        (KeyState.PENDING, KeyStep.USED): KeyState.ACTIVE,
        (KeyState.PENDING, KeyStep.SUCCEEDED): KeyState.RETIRING,
        (KeyState.ACTIVE, KeyStep.USED): KeyState.ACTIVE,
        (KeyState.ACTIVE, KeyStep.SUCCEEDED): KeyState.RETIRING,
        (KeyState.RETIRING, KeyStep.USED): KeyState.RETIRING,
        (KeyState.RETIRING, KeyStep.SUCCEEDED): KeyState.RETIRING,
        (KeyState.RETIRING, KeyStep.OVER): KeyState.DESTROYED,
    }
)

_NO_EXCHANGE, _PENDING = Exchange.NONE, KeyState.PENDING  # see forwarding.py
_LIKELIEST: Final = (KeyState.ACTIVE, KeyState.RETIRING, KeyState.PENDING)
_AGE: Final = (KeyState.PENDING, KeyState.ACTIVE, KeyState.RETIRING, KeyState.DESTROYED)
"""The states in the order in which a generation goes through them."""


class _Generation(msgspec.Struct):
    """One generation, as it came."""

    keys: KeySet
    state: KeyState
    until: float = 0.0
    """When a retiring one is destroyed, on the monotonic clock."""


class _Owner:
    """The generations of one owner, the oldest first, and what they come to."""

    __slots__ = ("by_number", "candidates", "generations", "sending")

    def __init__(self, generations: Iterable[_Generation]) -> None:
        self.generations = sorted(generations, key=lambda each: each.keys.generation)
        self.work_out()

    def work_out(self) -> None:
        """Say anew which keys are for what. A key that came alone goes with the others that were there."""
        whole: dict[KeyState, list[KeySet]] = {state: [] for state in _LIKELIEST}
        before: KeySet | None = None
        self.by_number: dict[int, _Generation] = {}
        for each in self.generations:
            self.by_number[each.keys.generation] = each
            keys = each.keys if before is None else _filled(each.keys, before)
            if each.state is not KeyState.PENDING:
                before = keys
            whole[each.state].append(keys)
        self.candidates = tuple(keys for state in _LIKELIEST for keys in reversed(whole[state]))
        usable = whole[KeyState.ACTIVE] or whole[KeyState.PENDING]
        self.sending = usable[-1] if usable else None


def _filled(keys: KeySet, before: KeySet) -> KeySet:
    """Return *keys* with those of *before* in the place of what did not come with it."""
    return replace(
        keys,
        mac=keys.mac or before.mac,
        mac_in=keys.mac_in or (before.mac_in if keys.mac is None else None),
        pin=keys.pin or before.pin,
        data=keys.data or before.data,
    )


def _roles(keys: KeySet) -> set[str]:
    return {name for name in ("mac", "mac_in", "pin", "data") if getattr(keys, name) is not None}


class Keyring:
    """The keys of all owners."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._owners: dict[str, _Owner] = {}

    def __repr__(self) -> str:
        return f"<Keyring of {len(self._owners)} owners>"

    # Which keys

    def to_verify(self, owner: str, protection: Protection) -> tuple[KeySet, ...]:
        """Return the generations of *owner* that may have made a message, the likeliest first."""
        if protection.ksn:
            return (_everlasting(protection),)
        known = self._owners.get(owner)
        return known.candidates if known is not None else NO_KEYS

    def to_send(self, owner: str, protection: Protection) -> KeySet | None:
        """Return the generation that what goes to *owner* is made with; None where there is none."""
        if protection.ksn:
            return _everlasting(protection)
        known = self._owners.get(owner)
        return known.sending if known is not None else None

    # What happens to them

    def known(self, told: Iterable[KnownKeys]) -> None:
        """Take in what the key store has: all of it. A step that it was not told of yet holds all the same."""
        by_owner: dict[str, list[_Generation]] = {}
        for each in told:
            keys, state = each.keys, each.state
            known = self._owners.get(keys.owner)
            ours = known.by_number.get(keys.generation) if known is not None else None
            until = self._world.now.mono + GRACE
            if ours is not None and _AGE.index(ours.state) >= _AGE.index(state):
                state, until = ours.state, ours.until or until
            if state is not KeyState.DESTROYED:
                by_owner.setdefault(keys.owner, []).append(_Generation(keys, state, until))
        self._owners = {owner: _Owner(generations) for owner, generations in by_owner.items()}
        for owner, known in self._owners.items():
            active = [each for each in known.generations if each.state is KeyState.ACTIVE]
            if len(active) > 1:  # one of them was to retire, and the store was not told
                self._succeeds(known, active[-1])
            self._expires(owner)

    def came(self, keys: KeySet) -> None:
        """Take in a generation that the other side has as well from now on: what is sent is made with it."""
        self._add(keys)
        self._use(self._owners[keys.owner], keys.generation)

    def offered(self, keys: KeySet) -> None:
        """Take in a generation that was made for the other side, which may not have got it."""
        owner = self._add(keys)
        pending = [each for each in owner.generations if each.state is KeyState.PENDING]
        for each in pending[:-PENDING_MOST]:
            self._step(each, KeyStep.SUCCEEDED)
        owner.work_out()
        self._expires(keys.owner)

    def used(self, keys: KeySet) -> None:
        """Take in that a valid message was made with *keys*."""
        owner = self._owners.get(keys.owner)
        generation = owner.by_number.get(keys.generation) if owner is not None else None
        if owner is not None and generation is not None and generation.state is _PENDING:
            self._use(owner, keys.generation)

    def time_passed(self, name: str) -> None:
        """Destroy what has retired for long enough."""
        owner = self._owners.get(name)
        if owner is None:
            return
        now = self._world.now.mono
        for each in owner.generations:
            if each.state is KeyState.RETIRING and each.until <= now:
                self._step(each, KeyStep.OVER)
        owner.generations = [each for each in owner.generations if each.state is not KeyState.DESTROYED]
        owner.work_out()
        self._expires(name)

    def _add(self, keys: KeySet) -> _Owner:
        known = self._owners.get(keys.owner)
        others = [each for each in known.generations if each.keys.generation != keys.generation] if known else []
        owner = self._owners[keys.owner] = _Owner([*others, _Generation(keys, KeyState.PENDING)])
        return owner

    def _use(self, owner: _Owner, number: int) -> None:
        generation = owner.by_number[number]
        self._step(generation, KeyStep.USED)
        self._succeeds(owner, generation)
        self._world.log("keys", owner=generation.keys.owner, generation=number, state=str(generation.state))

    def _succeeds(self, owner: _Owner, newest: _Generation) -> None:
        """Have those retire that *newest* takes the place of; one that has a key which it lacks stays as it is."""
        there = _roles(newest.keys)
        for each in reversed(owner.generations):
            if each.keys.generation >= newest.keys.generation or each.state is KeyState.RETIRING:
                continue
            if _roles(each.keys) <= there:
                self._step(each, KeyStep.SUCCEEDED)
            elif each.state is KeyState.ACTIVE:
                there |= _roles(each.keys)
        owner.work_out()
        self._expires(newest.keys.owner)

    def _step(self, generation: _Generation, step: KeyStep) -> None:
        keys = generation.keys
        generation.state = KEY_TRANSITIONS[generation.state, step]
        if step is KeyStep.SUCCEEDED:
            generation.until = self._world.now.mono + GRACE
        self._world.emit(MarkKeys(keys.owner, keys.generation, generation.state))

    def _expires(self, name: str) -> None:
        retiring = [each.until for each in self._owners[name].generations if each.state is KeyState.RETIRING]
        if retiring:
            self._world.remind(min(retiring), TIMER + name)


def _everlasting(protection: Protection) -> KeySet:
    """Return the one generation of terminals whose keys are derived: the edge knows which version of the base."""
    base = KeyRef(protection.base)
    return KeySet(protection.base, base.version, mac=base, pin=base)


def of_terminal(terminal: str) -> str:
    """Return the owner of a terminal's keys."""
    return f"terminal/{terminal}"


def of_link(acquirer: Acquirer, link: str) -> str:
    """Return the owner of the keys with which *acquirer* is spoken to over *link*."""
    exchanged = acquirer.protection.exchange is not _NO_EXCHANGE
    return f"link/{link}" if exchanged else f"acquirer/{acquirer.name}"
