"""Which generation of keys is for what (ruling 11), and every state with every step."""

from __future__ import annotations

from itertools import product

import pytest
from msgspec.structs import replace

from iso_gateway.errors import LocalProtocolError
from iso_gateway.protocol.commands import MarkKeys
from iso_gateway.protocol.keyring import GRACE, KEY_TRANSITIONS, PENDING_MOST, Keyring, KeyStep
from iso_gateway.protocol.moment import Moment
from iso_gateway.protocol.protection import KnownKeys, Protection
from iso_gateway.protocol.world import World
from iso_gateway.security.keys import KeyState
from tests.support.desk import Desk
from tests.support.trusting import generation

OWNER = "terminal/TERM0001"
PLAIN = Protection()
LEADS: dict[KeyState, dict[KeyStep, KeyState]] = {
    KeyState.PENDING: {KeyStep.USED: KeyState.ACTIVE, KeyStep.SUCCEEDED: KeyState.RETIRING},
    KeyState.ACTIVE: {KeyStep.USED: KeyState.ACTIVE, KeyStep.SUCCEEDED: KeyState.RETIRING},
    KeyState.RETIRING: {
        KeyStep.USED: KeyState.RETIRING,
        KeyStep.SUCCEEDED: KeyState.RETIRING,
        KeyStep.OVER: KeyState.DESTROYED,
    },
    KeyState.DESTROYED: {},
}


@pytest.mark.parametrize(("state", "step"), list(product(KeyState, KeyStep)))
def test_every_step_in_every_state_leads_on_or_cannot_happen(state: KeyState, step: KeyStep) -> None:
    if step in LEADS[state]:
        assert KEY_TRANSITIONS[state, step] is LEADS[state][step]
    else:
        with pytest.raises(LocalProtocolError):
            KEY_TRANSITIONS[state, step]


class Ring:
    """A keyring, and what it tells the key store."""

    def __init__(self, *known: KnownKeys) -> None:
        self.world: World = Desk(links=()).node.world
        self.keyring: Keyring = self.world.keyring
        self.keyring.known(known)
        self.world.taken()

    def to_verify(self) -> list[int]:
        return [keys.generation for keys in self.keyring.to_verify(OWNER, PLAIN)]

    @property
    def sends(self) -> int | None:
        keys = self.keyring.to_send(OWNER, PLAIN)
        return keys.generation if keys is not None else None

    def marked(self) -> list[tuple[int, KeyState]]:
        return [(each.generation, each.state) for each in self.world.taken() if isinstance(each, MarkKeys)]

    def pass_time(self, seconds: float) -> None:
        now = self.world.now
        self.world.now = Moment(now.mono + seconds, now.wall)
        self.keyring.time_passed(OWNER)


def active(number: int) -> KnownKeys:
    return KnownKeys(generation(OWNER, number), KeyState.ACTIVE)


def test_a_generation_that_was_given_is_used_when_the_terminal_has_used_it() -> None:
    ring = Ring(active(1))
    ring.keyring.offered(generation(OWNER, 2))
    assert (ring.to_verify(), ring.sends, ring.marked()) == ([1, 2], 1, [])
    ring.keyring.used(generation(OWNER, 2))
    assert (ring.to_verify(), ring.sends) == ([2, 1], 2)
    assert ring.marked() == [(2, KeyState.ACTIVE), (1, KeyState.RETIRING)]


def test_what_retires_is_good_until_its_time_is_over_and_then_gone() -> None:
    ring = Ring(active(1))
    ring.keyring.came(generation(OWNER, 2))
    ring.pass_time(GRACE - 1)
    assert ring.to_verify() == [2, 1]
    ring.marked()
    ring.pass_time(1)
    assert ring.to_verify() == [2]
    assert ring.marked() == [(1, KeyState.DESTROYED)]


def test_many_sign_ons_without_a_message_keep_the_old_keys_and_no_more_than_a_few_new_ones() -> None:
    ring = Ring(active(1))
    for number in range(2, 12):
        ring.keyring.offered(generation(OWNER, number))
    assert ring.sends == 1
    assert ring.to_verify()[0] == 1
    ring.pass_time(GRACE)
    assert len(ring.to_verify()) == 1 + PENDING_MOST


def test_a_key_that_comes_alone_goes_with_the_others_that_were_there() -> None:
    ring = Ring(active(1))
    ring.keyring.came(replace(generation(OWNER, 2), mac=None))
    keys = ring.keyring.to_send(OWNER, PLAIN)
    assert keys is not None
    assert (keys.generation, keys.mac, keys.pin) == (2, generation(OWNER, 1).mac, generation(OWNER, 2).pin)
    assert ring.marked() == [(2, KeyState.ACTIVE)], "what is still needed does not retire"


def test_a_store_that_was_not_told_of_a_step_does_not_take_it_back() -> None:
    ring = Ring(active(1))
    ring.keyring.came(generation(OWNER, 2))
    ring.keyring.known((active(1), KnownKeys(generation(OWNER, 2), KeyState.PENDING)))
    assert (ring.to_verify(), ring.sends) == ([2, 1], 2)


def test_of_two_active_generations_the_older_one_retires() -> None:
    ring = Ring()
    ring.keyring.known((active(1), active(2)))
    assert (ring.to_verify(), ring.sends, ring.marked()) == ([2, 1], 2, [(1, KeyState.RETIRING)])


def test_an_owner_that_nobody_knows_has_no_keys() -> None:
    ring = Ring()
    ring.keyring.used(generation("terminal/ELSE", 1))
    assert (ring.to_verify(), ring.sends) == ([], None)


def test_derived_keys_have_one_generation_for_ever() -> None:
    protection = Protection(ksn="53", base="bdk")
    (keys,) = Ring().keyring.to_verify(OWNER, protection)
    assert keys == Ring().keyring.to_send(OWNER, protection)
    assert keys.mac is not None
    assert keys.mac.name == "bdk"
