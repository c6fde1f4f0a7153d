"""A link's session: stories, and then every state with every happening."""

from __future__ import annotations

import itertools

import pytest

from iso_gateway.errors import LocalProtocolError
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.session import TRANSITIONS, Ask, Hang, Happening, Session, State, Timing

TIMING = Timing(answer=10, echo_every=60, sign_on_again=30)

ON_THE_WAY: dict[State, tuple[Happening, ...]] = {
    State.DOWN: (),
    State.SIGNING_ON: (Happening.CONNECTED,),
    State.UP: (Happening.CONNECTED, Happening.ACCEPTED),
    State.TESTING: (Happening.CONNECTED, Happening.ACCEPTED, Happening.TIME),
    State.TAKING_KEYS: (Happening.CONNECTED, Happening.KEYS_CAME),
    State.REFUSED: (Happening.CONNECTED, Happening.REJECTED),
    State.SIGNING_OFF: (Happening.CONNECTED, Happening.ACCEPTED, Happening.DRAIN),
}
"""How each state is come to."""


def in_state(state: State) -> Session:
    """Return a session that has come to *state*."""
    session = Session(TIMING)
    for happening in ON_THE_WAY[state]:
        session.handle(happening, 0.0)
    assert session.state is state
    return session


Told = list[tuple[Happening, float, State, list[Ask | Hang], float | None]]
"""What happens and when; then state, what is asked for, and the deadline."""

STORIES: dict[str, Told] = {
    "a link is signed on before it takes money": [
        (Happening.CONNECTED, 0, State.SIGNING_ON, [Ask(Kind.SIGN_ON)], 10),
        (Happening.HEARD, 2, State.SIGNING_ON, [], 10),
        (Happening.ACCEPTED, 3, State.UP, [], 63),
    ],
    "silence is tested": [
        (Happening.CONNECTED, 0, State.SIGNING_ON, [Ask(Kind.SIGN_ON)], 10),
        (Happening.ACCEPTED, 0, State.UP, [], 60),
        (Happening.HEARD, 30, State.UP, [], 90),
        (Happening.TIME, 90, State.TESTING, [Ask(Kind.ECHO)], 100),
        (Happening.HEARD, 95, State.UP, [], 155),
    ],
    "a test without an answer takes the link down": [
        (Happening.CONNECTED, 0, State.SIGNING_ON, [Ask(Kind.SIGN_ON)], 10),
        (Happening.ACCEPTED, 0, State.UP, [], 60),
        (Happening.TIME, 60, State.TESTING, [Ask(Kind.ECHO)], 70),
        (Happening.TIME, 70, State.TESTING, [Hang("no answer while testing")], None),
        (Happening.CLOSED, 70, State.DOWN, [], None),
    ],
    "a sign-on without an answer takes the link down": [
        (Happening.CONNECTED, 0, State.SIGNING_ON, [Ask(Kind.SIGN_ON)], 10),
        (Happening.TIME, 10, State.SIGNING_ON, [Hang("no answer while signing on")], None),
    ],
    "a refused sign-on is tried again": [
        (Happening.CONNECTED, 0, State.SIGNING_ON, [Ask(Kind.SIGN_ON)], 10),
        (Happening.REJECTED, 1, State.REFUSED, [], 31),
        (Happening.TIME, 31, State.SIGNING_ON, [Ask(Kind.SIGN_ON)], 41),
        (Happening.ACCEPTED, 32, State.UP, [], 92),
    ],
    "a link whose sign-on brings keys is up when they are kept": [
        (Happening.CONNECTED, 0, State.SIGNING_ON, [Ask(Kind.SIGN_ON)], 10),
        (Happening.KEYS_CAME, 3, State.TAKING_KEYS, [], 13),
        (Happening.KEYS_KEPT, 4, State.UP, [], 64),
    ],
    "wrong keys are asked for again, and at last refused": [
        (Happening.CONNECTED, 0, State.SIGNING_ON, [Ask(Kind.SIGN_ON)], 10),
        (Happening.KEYS_CAME, 1, State.TAKING_KEYS, [], 11),
        (Happening.KEYS_WRONG, 2, State.SIGNING_ON, [Ask(Kind.SIGN_ON)], 12),
        (Happening.KEYS_CAME, 3, State.TAKING_KEYS, [], 13),
        (Happening.REJECTED, 4, State.REFUSED, [], 34),
    ],
    "keys that nobody keeps in time take the link down": [
        (Happening.CONNECTED, 0, State.SIGNING_ON, [Ask(Kind.SIGN_ON)], 10),
        (Happening.KEYS_CAME, 1, State.TAKING_KEYS, [], 11),
        (Happening.TIME, 11, State.TAKING_KEYS, [Hang("no answer while taking keys")], None),
    ],
    "a drained link signs off and closes": [
        (Happening.CONNECTED, 0, State.SIGNING_ON, [Ask(Kind.SIGN_ON)], 10),
        (Happening.ACCEPTED, 0, State.UP, [], 60),
        (Happening.DRAIN, 5, State.SIGNING_OFF, [Ask(Kind.SIGN_OFF)], 15),
        (Happening.HEARD, 6, State.SIGNING_OFF, [], 15),
        (Happening.SIGNED_OFF, 7, State.SIGNING_OFF, [Hang("signed off")], None),
        (Happening.CLOSED, 7, State.DOWN, [], None),
    ],
    "a host that does not answer the sign-off is left": [
        (Happening.CONNECTED, 0, State.SIGNING_ON, [Ask(Kind.SIGN_ON)], 10),
        (Happening.ACCEPTED, 0, State.UP, [], 60),
        (Happening.DRAIN, 5, State.SIGNING_OFF, [Ask(Kind.SIGN_OFF)], 15),
        (Happening.TIME, 15, State.SIGNING_OFF, [Hang("no answer while signing off")], None),
    ],
}


@pytest.mark.parametrize("story", STORIES)
def test_a_session_goes_through_its_story(story: str) -> None:
    session = Session(TIMING)
    for happening, mono, state, asked, deadline in STORIES[story]:
        assert session.handle(happening, mono) == asked
        assert session.state is state
        assert session.deadline == deadline


@pytest.mark.parametrize(("state", "happening"), list(itertools.product(State, Happening)))
def test_what_no_row_lists_is_refused_and_changes_nothing(state: State, happening: Happening) -> None:
    session = in_state(state)
    before = session.deadline
    if (state, happening) in TRANSITIONS:
        session.handle(happening, 5.0)
        assert session.state is TRANSITIONS[state, happening]
    else:
        with pytest.raises(LocalProtocolError):
            session.handle(happening, 5.0)
        assert session.state is state
        assert session.deadline == before


@pytest.mark.parametrize("state", State)
def test_money_passes_only_after_the_host_said_yes(state: State) -> None:
    assert in_state(state).takes_money is (state in {State.UP, State.TESTING})


@pytest.mark.parametrize("state", [state for state in State if state is not State.DOWN])
def test_a_closed_link_is_down_and_waits_for_nothing(state: State) -> None:
    session = in_state(state)
    assert session.handle(Happening.CLOSED, 5.0) == []
    assert session.state is State.DOWN
    assert session.deadline is None


def test_without_sign_on_a_link_is_up_at_once_and_drains_without_a_word() -> None:
    session = Session(TIMING, sign_on=False)
    assert session.handle(Happening.CONNECTED, 0) == []
    assert session.takes_money
    assert session.handle(Happening.DRAIN, 1) == [Hang("drained")]


def test_a_link_that_is_never_tested_has_no_deadline() -> None:
    session = Session(Timing(echo_every=0))
    session.handle(Happening.CONNECTED, 0)
    session.handle(Happening.ACCEPTED, 0)
    assert session.deadline is None
