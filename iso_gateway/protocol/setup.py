"""What the node is told before it starts.

Listeners, terminals, acquirers, routes and bounds; and the functions that need a key or chance, which a pure machine
is handed.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta, tzinfo
from typing import Final, Literal

import msgspec

from iso_gateway.protocol.dialect import Dialect
from iso_gateway.protocol.protection import Protection
from iso_gateway.protocol.routing import Route
from iso_gateway.protocol.session import Timing
from iso_gateway.protocol.verdicts import Wire


class Limits(msgspec.Struct, frozen=True):
    """The bounds on what is in flight; each is answered before anything is sent."""

    per_connection: int = 64
    """Requests in flight on one terminal connection; above: 96."""
    per_terminal: int = 1
    """Financial requests of one terminal in flight, repeats, reversals and advices aside; above: 96."""
    per_link: int = 256
    """Requests in flight on one link; when every link is full: 91."""
    stage: float = 5.0
    """Seconds that the security module or the journal may take; then 96, or no answer for what may be a repeat."""
    settlement: float = 20.0
    """Seconds that the totals of a batch wait for debts of its terminal that are under way; then, no answer."""


class Listener(msgspec.Struct, frozen=True):
    """Where terminals connect."""

    name: str
    dialect: Dialect
    terminals: dict[str, str]
    """The terminals allowed here, and each one's merchant; an empty merchant: any."""
    partial_approval: bool = False
    """Whether these terminals can take an approval for a part of the amount."""
    protection: Protection = Protection()
    """MAC, PIN and keys of its terminals."""
    zone: tzinfo | None = None
    """What its terminals' clocks show, in DE 12 and 13; None: the zone of any of the acquirers."""
    certificates: dict[str, str] = {}
    """The name that must be in the certificate of a terminal's connection; who is not here needs none."""

    @property
    def keyed(self) -> bool:
        """Whether the security module has to do with its messages."""
        return self.protection.keyed


class Debtor(msgspec.Struct, frozen=True):
    """How debts towards an acquirer are paid, in seconds."""

    first_pause: float = 1.0
    longest_pause: float = 60.0
    give_up_after: float = 3 * 86400.0
    """The age at which a debt becomes STUCK."""
    window: int = 8
    """Debts in flight per link, beside new requests; never more than a quarter of what those may be."""


class Acquirer(msgspec.Struct, frozen=True):
    """A host and the links to it."""

    name: str
    dialect: Dialect
    links: tuple[str, ...]
    zone: tzinfo
    cut_over: time = time(0, 0)
    """When the business date changes, local to *zone*; 00:00: with the calendar."""
    institution: str = ""
    """DE 32 towards the host; empty: what the terminal sent."""
    batch: str = "000001"
    """The batch number towards a host whose dialect has one and a terminal whose dialect has none."""
    compared: tuple[int, ...] = (41,)
    """The DEs that must agree between request and answer, where the answer has them."""
    host_timeout: float = 30.0
    late_window: float = 120.0
    """How long a given-up STAN stays reserved for a late answer."""
    protection: Protection = Protection()
    """MAC, PIN and keys of its links."""
    sign_on: bool = True
    settlement: Literal["own", "forward"] = "own"
    """Whether the gateway settles the batches of terminals itself, or sends their totals and records on to the host."""
    sends_rrn: bool = False
    """Whether the host wants DE 37 in requests."""
    timing: Timing = Timing()
    debtor: Debtor = Debtor()

    @property
    def keyed(self) -> bool:
        """Whether the security module has to do with its messages."""
        return self.protection.keyed

    def business_date(self, wall: datetime) -> datetime:
        """Return the business day of the instant *wall*, as midnight in the acquirer's zone."""
        local = wall.astimezone(self.zone)
        after_cut = self.cut_over != time(0, 0) and local.time() >= self.cut_over
        return (local + timedelta(days=1) if after_cut else local).replace(hour=0, minute=0, second=0, microsecond=0)


class Setup(msgspec.Struct, frozen=True):
    """The whole configuration of a node."""

    listeners: dict[str, Listener]
    acquirers: dict[str, Acquirer]
    routes: tuple[Route, ...]
    limits: Limits = Limits()
    sealing: bool = False
    """Whether the journal's seal is the security module's: then it is asked for every message, and `Lent` has none."""

    @property
    def legs(self) -> dict[str, Listener | Acquirer]:
        """The listeners and acquirers, by name."""
        return {**self.listeners, **self.acquirers}


def nothing_seen(_link: str, _payload: bytes) -> Wire:
    """Know nothing of a link's bytes."""
    return Wire()


class Lent(msgspec.Struct, frozen=True):
    """What the node cannot do itself: keys, chance, and a look at the bytes."""

    fingerprint: Callable[[bytes], bytes]
    """A keyed hash."""
    seal: Callable[[str], bytes]
    """Encrypt a card number for the journal."""
    unseal: Callable[[bytes], str]
    chance: Callable[[], float]
    """A number from 0 to 1, for the spread of pauses."""
    first_stan: Callable[[], int]
    """Where an acquirer's STANs start."""
    run: str
    """A prefix that makes ids of this run unlike those of any other."""
    wire: Callable[[str, bytes], Wire] = nothing_seen
    """What the edge sees of a link's bytes, and whether the payload given waits to be written; asked at time-outs."""


UNBATCHED_KEY_LIFE: Final = timedelta(hours=24)
"""Without a batch number, an unmarked request under a key this old is a new one (ruling 4)."""
