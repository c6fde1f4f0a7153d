"""One fault: what is done to an answer on purpose, or to the host as a whole.

A fault is data; `delivering` turns an answer and a fault into bytes and pauses, and the host or a link marked test
carries them out. How it is written stands in `grammar`.
"""

from __future__ import annotations

import math
from enum import StrEnum
from statistics import NormalDist
from typing import Final, Protocol

import msgspec


class Chance(Protocol):
    """Where chance comes from: a ``random.Random`` made from a seed, so that a run can be repeated."""

    def random(self) -> float:
        """Return a number from 0 up to, and not, 1."""

    def randbytes(self, n: int, /) -> bytes:
        """Return *n* bytes."""


class Law(StrEnum):
    """How long a delay is."""

    FIXED = "fixed"
    UNIFORM = "uniform"
    LOGNORMAL = "lognormal"


_99TH: Final = NormalDist().inv_cdf(0.99)


class Delay(msgspec.Struct, frozen=True):
    """How long an answer waits, in seconds."""

    law: Law
    first: float
    """FIXED: all of it. UNIFORM: the least. LOGNORMAL: the median."""
    second: float = 0.0
    """UNIFORM: the most. LOGNORMAL: the 99th percentile."""

    def seconds(self, chance: Chance) -> float:
        """Return the seconds of one answer."""
        match self.law:
            case Law.FIXED:
                return self.first
            case Law.UNIFORM:
                return self.first + (self.second - self.first) * chance.random()
            case Law.LOGNORMAL:
                spread = math.log(self.second / self.first) / _99TH
                quantile = min(max(chance.random(), 1e-9), 1 - 1e-9)
                return self.first * math.exp(spread * NormalDist().inv_cdf(quantile))


class Silence(StrEnum):
    """Whether a message gets no answer."""

    NOT = ""
    RECORDED = "recorded"
    """It is decided and booked, and nobody is told."""
    UNRECORDED = "unrecorded"
    """As if it had never come."""


class Wrong(StrEnum):
    """What an answer says wrongly."""

    STAN = "stan"
    """DE 11 is one more."""
    TERMINAL = "terminal"
    """DE 41 is another terminal's."""
    AMOUNT = "amount"
    """DE 4 is one minor unit more."""
    MAC = "mac"
    """Its MAC is that of another message."""
    CHECK_VALUE = "check-value"
    """The check value of a key that it brings."""


class Dribble(msgspec.Struct, frozen=True):
    """A frame that comes a few bytes at a time."""

    bytes_at_once: int
    pause: float = 0.01
    """Seconds between two pieces."""


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """What goes wrong; several things may at once. All of nothing is no fault: the answer goes out as it is."""

    # Whether and when an answer goes out
    silence: Silence = Silence.NOT
    delay: Delay | None = None
    late: bool = False
    """After the other side's time-out: as long as the host's settings say."""
    twice: bool = False
    out_of_order: bool = False
    """After the answer that comes next, or after some seconds where none comes."""

    # What it says
    wrong: frozenset[Wrong] = frozenset()
    without_mac: bool = False

    # Which bytes it has
    truncate: int = 0
    """So many bytes are missing at the end of the payload; the length header agrees with what is left."""
    pad: int = 0
    """So many zero bytes too many at its end."""
    garbage: int = 0
    """So many bytes of chance in place of the payload."""

    # How its frame is written
    misframed: int = 0
    """The length header says so many bytes more, or fewer, than follow."""
    dribble: Dribble | None = None
    cut: int | None = None
    """After so many bytes of the frame nothing more comes."""
    half_frame: bool = False
    """After half of the frame the connection is closed."""

    # What becomes of the connection, after the answer where there is one
    close: bool = False
    reset: bool = False
    """Closed by RST: what was on its way may be lost."""

    # The host as a whole
    refuse_connections: bool = False
    """Nobody listens."""
    restart: bool = False
    """Once: all connections are reset and every sign-on is forgotten; the ledger stays."""
    refuse_sign_on: str = ""
    """The canonical code that a sign-on is refused with."""
    wrong_check_value: bool = False
    """Keys that a sign-on brings come with wrong check values."""

    @property
    def of_the_host(self) -> bool:
        """Whether it is about the host, and not about single answers."""
        return self.refuse_connections or self.restart or bool(self.refuse_sign_on) or self.wrong_check_value

    @property
    def answers(self) -> bool:
        """Whether any byte of an answer goes out."""
        return self.silence is Silence.NOT


NO_FAULT: Final = Fault()
