"""The state of one link to an acquirer: connected, signed on, tested, signed off.

Rule 1: every change of state is a row of TRANSITIONS; nothing else sets it.
Rule 2: a link takes money only in UP, after the host said yes to the sign-on (ruling 24), and the keys that it brought
are kept.
Rule 3: silence is not trusted: after ``echo_every`` seconds without a byte from the host the link is tested, and a
test without an answer takes the link down.

The machine asks for messages by kind; what they look like is the dialect's business.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.table import Table


class State(StrEnum):
    """Where a link stands."""

    DOWN = "down"
    """No connection."""
    SIGNING_ON = "signing on"
    """Connected; the sign-on was sent, its answer is awaited."""
    TAKING_KEYS = "taking keys"
    """The host said yes to the sign-on; the keys that it brought are being kept."""
    UP = "up"
    """Financial messages may pass."""
    TESTING = "testing"
    """Up, and an echo test is under way; financial messages may pass."""
    REFUSED = "refused"
    """Connected, but the host refused the sign-on; it is tried again."""
    SIGNING_OFF = "signing off"
    """The sign-off was sent; nothing new is given to the link."""


class Happening(StrEnum):
    """What can happen to a link."""

    CONNECTED = "connected"
    ACCEPTED = "sign-on accepted"
    REJECTED = "sign-on rejected"
    KEYS_CAME = "sign-on accepted, with keys"
    KEYS_KEPT = "keys kept"
    KEYS_WRONG = "keys wrong, to be asked for again"
    HEARD = "heard"
    """Any message from the host."""
    TIME = "time"
    """The deadline passed."""
    SIGN_ON_WANTED = "the host wants a new sign-on"
    DRAIN = "drain"
    SIGNED_OFF = "signed off"
    CLOSED = "closed"


TRANSITIONS: Final[Table[State, Happening]] = Table(
    {
        (State.DOWN, Happening.CONNECTED): State.SIGNING_ON,
        (State.SIGNING_ON, Happening.ACCEPTED): State.UP,
        (State.SIGNING_ON, Happening.REJECTED): State.REFUSED,
        (State.SIGNING_ON, Happening.HEARD): State.SIGNING_ON,
        (State.SIGNING_ON, Happening.TIME): State.SIGNING_ON,  # the link is closed
        (State.SIGNING_ON, Happening.DRAIN): State.SIGNING_OFF,
        (State.SIGNING_ON, Happening.CLOSED): State.DOWN,
        (State.SIGNING_ON, Happening.KEYS_CAME): State.TAKING_KEYS,
        (State.TAKING_KEYS, Happening.KEYS_KEPT): State.UP,
        (State.TAKING_KEYS, Happening.KEYS_WRONG): State.SIGNING_ON,
        (State.TAKING_KEYS, Happening.REJECTED): State.REFUSED,
        (State.TAKING_KEYS, Happening.HEARD): State.TAKING_KEYS,
        (State.TAKING_KEYS, Happening.TIME): State.TAKING_KEYS,  # the link is closed
        (State.TAKING_KEYS, Happening.DRAIN): State.SIGNING_OFF,
        (State.TAKING_KEYS, Happening.CLOSED): State.DOWN,
        (State.REFUSED, Happening.TIME): State.SIGNING_ON,
        (State.REFUSED, Happening.HEARD): State.REFUSED,
        (State.REFUSED, Happening.DRAIN): State.SIGNING_OFF,
        (State.REFUSED, Happening.CLOSED): State.DOWN,
        (State.UP, Happening.HEARD): State.UP,
        (State.UP, Happening.TIME): State.TESTING,
        (State.UP, Happening.SIGN_ON_WANTED): State.SIGNING_ON,
        (State.UP, Happening.DRAIN): State.SIGNING_OFF,
        (State.UP, Happening.CLOSED): State.DOWN,
        (State.TESTING, Happening.HEARD): State.UP,
        (State.TESTING, Happening.TIME): State.TESTING,  # the link is closed
        (State.TESTING, Happening.SIGN_ON_WANTED): State.SIGNING_ON,
        (State.TESTING, Happening.DRAIN): State.SIGNING_OFF,
        (State.TESTING, Happening.CLOSED): State.DOWN,
        (State.SIGNING_OFF, Happening.HEARD): State.SIGNING_OFF,
        (State.SIGNING_OFF, Happening.SIGNED_OFF): State.SIGNING_OFF,  # the link is closed
        (State.SIGNING_OFF, Happening.TIME): State.SIGNING_OFF,  # the link is closed
        (State.SIGNING_OFF, Happening.CLOSED): State.DOWN,
    }
)

TAKES_MONEY: Final = frozenset({State.UP, State.TESTING})


class Ask(msgspec.Struct, frozen=True):
    """Send a network management request of this kind."""

    kind: Kind


class Hang(msgspec.Struct, frozen=True):
    """Close the link."""

    reason: str


class Timing(msgspec.Struct, frozen=True):
    """How long a link waits, in seconds."""

    answer: float = 10.0
    """For the answer to a sign-on, echo or sign-off."""
    echo_every: float = 60.0
    """Of silence, before a test; 0: never."""
    sign_on_again: float = 30.0
    """After a refused sign-on."""


class Session:
    """One link's session with the host."""

    def __init__(self, timing: Timing, *, sign_on: bool = True) -> None:
        """Keep to *timing*; with *sign_on* false the link is up as soon as it is connected."""
        self._goes(State.DOWN)
        self.deadline: float | None = None
        """When to feed TIME, on the monotonic clock; None: never."""
        self._timing = timing
        self._sign_on = sign_on

    def __repr__(self) -> str:
        return f"<Session {self.state}>"

    def _goes(self, state: State) -> None:
        self.state = state
        self.takes_money = state in TAKES_MONEY
        """Whether financial messages may be given to the link."""

    def handle(self, happening: Happening, mono: float) -> list[Ask | Hang]:
        """Take in what happened at *mono*; return what to do.

        Raises:
            LocalProtocolError: *happening* cannot happen in this state.
        """
        before = self.state
        self._goes(TRANSITIONS[before, happening])
        if happening is Happening.HEARD:
            if self.takes_money:
                self._rest(mono)
            return []
        match before, happening:
            case (
                (State.DOWN, Happening.CONNECTED)
                | (State.REFUSED, Happening.TIME)
                | (_, Happening.SIGN_ON_WANTED | Happening.KEYS_WRONG)
            ):
                return self._open(mono)
            case State.SIGNING_ON | State.TAKING_KEYS | State.TESTING | State.SIGNING_OFF, Happening.TIME:
                self.deadline = None
                return [Hang(f"no answer while {before}")]
            case State.UP, Happening.TIME:
                self.deadline = mono + self._timing.answer
                return [Ask(Kind.ECHO)]
            case _, Happening.KEYS_CAME | Happening.REJECTED as came:
                timing = self._timing
                self.deadline = mono + (timing.answer if came is Happening.KEYS_CAME else timing.sign_on_again)
            case _, Happening.DRAIN:
                self.deadline = mono + self._timing.answer
                if not self._sign_on:
                    return [Hang("drained")]
                return [Ask(Kind.SIGN_OFF)]
            case State.SIGNING_OFF, Happening.SIGNED_OFF:
                self.deadline = None
                return [Hang("signed off")]
            case _, Happening.CLOSED:
                self.deadline = None
            case _, _ if self.takes_money:
                self._rest(mono)
        return []

    def _open(self, mono: float) -> list[Ask | Hang]:
        if not self._sign_on:
            self._goes(TRANSITIONS[State.SIGNING_ON, Happening.ACCEPTED])
            self._rest(mono)
            return []
        self.deadline = mono + self._timing.answer
        return [Ask(Kind.SIGN_ON)]

    def _rest(self, mono: float) -> None:
        self.deadline = mono + self._timing.echo_every if self._timing.echo_every else None
