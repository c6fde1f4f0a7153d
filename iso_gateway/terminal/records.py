"""What a terminal remembers: its last STAN, and the requests that it sent.

A request is noted before it is sent, with its outcome unknown: that note is the reversal record of a real terminal.
No card number is in it, only its first six and last four digits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, Self

import msgspec

from iso_gateway.codec import mask
from iso_gateway.codec.message import Message
from iso_gateway.protocol.dialect import Dialect
from iso_gateway.protocol.kinds import NETWORK, TRAITS, Kind
from iso_gateway.protocol.numbering import LAST
from iso_gateway.protocol.originals import Original
from iso_gateway.protocol.protection import Role

MOST: Final = 500
"""How many requests one terminal remembers; above, the oldest go, but none whose reversal is owed (ruling 21). A batch
of a busy shop is a few hundred."""

KEPT: Final = (3, 4, 7, 11, 12, 13, 22, 24, 25, 32, 37, 38, 39, 41, 42, 49, 56, 60, 61, 90)
"""The data elements that a repeat or a later message says again: all that a transaction of ours has, but for the card
number. None of them holds anything of the card."""


class Outcome(StrEnum):
    """What is known of a request."""

    APPROVED = "approved"
    DECLINED = "declined"
    UNKNOWN = "unknown"
    """It was sent, or may have been, and nobody said what became of it."""
    NOT_SENT = "not_sent"
    """Not a byte of it left."""


class Reversal(StrEnum):
    """What became of the reversal of a request, as far as this terminal made one."""

    NONE = ""
    DONE = "done"
    REFUSED = "refused"
    """The host said no, for good: the request may stand, and only an operator knows."""


class Sent(msgspec.Struct, frozen=True):
    """One request, and what became of it."""

    kind: Kind
    spec: str
    """The name of the spec that it was written in."""
    mti: str
    fields: dict[int, str]
    """Of KEPT, those that it had, as they were sent."""
    card: str = ""
    """The card number, masked; empty where it had none."""
    outcome: Outcome = Outcome.UNKNOWN
    code: str = ""
    """DE 39 of the answer."""
    rrn: str = ""
    approval: str = ""
    amount: int | None = None
    """In minor units: what was approved, or else asked for."""
    reversible: bool = True
    """Whether an unknown outcome is reversed in its dialect, and not repeated."""
    reversal: Reversal = Reversal.NONE
    batch: str = ""
    """The terminal's batch when it was sent, also in a dialect that does not say it."""
    distrusted: bool = False
    """Whether it was answered with a MAC that is wrong or missing: that is why it is reversed (A0)."""

    @classmethod
    def of(cls, dialect: Dialect, kind: Kind, message: Message) -> Self:
        """Return the note of *message*, which is about to be sent."""
        pan = dialect.pan(message)
        row = dialect.profile.row(kind)
        return cls(
            kind=kind,
            spec=dialect.spec.name,
            mti=message.mti,
            fields={de: message[de] for de in KEPT if isinstance(message.get(de), str)},
            card=mask.pan(pan) if pan else "",
            amount=message.amount(4).minor if 4 in message else None,
            reversible=row is None or row.reversible,
        )

    @property
    def stan(self) -> str:
        """DE 11."""
        return self.fields.get(11, "")

    @property
    def currency(self) -> str:
        """DE 49, three digits."""
        return self.fields.get(49, "")

    @property
    def financial(self) -> bool:
        """Whether it moves or holds money itself; a reversal only undoes."""
        return TRAITS[self.kind].financial and self.kind is not Kind.REVERSAL

    @property
    def owes_reversal(self) -> bool:
        """Whether nobody knows what became of it, and it is to be reversed."""
        unknown = self.outcome is Outcome.UNKNOWN and self.reversal is Reversal.NONE
        return unknown and self.financial and self.reversible

    def as_original(self) -> Original:
        """Return it as a later message names it."""
        # DE 12 has the date in it in 1993, and only the time in 1987.
        local = self.fields.get(12, "")
        local = local if len(local) == 12 else ""
        return Original(
            mti=self.mti,
            stan=self.stan,
            transmitted=self.fields.get(7, ""),
            local=local,
            batch=self.fields.get(60, "")[2:8],
            date=local[2:6] or self.fields.get(13, ""),
            rrn=self.rrn,
            approval=self.approval,
        )


LATER: Final = frozenset(
    {
        *(Kind.SALE, Kind.ADVICE, Kind.REFUND),
        *(Kind.PREAUTH, Kind.COMPLETION, Kind.COMPLETION_ADVICE),
    }
)
"""What ``last`` may mean for a void or refund: a sale (an offline one too), refund, preauth or completion."""


class Wrapped(msgspec.Struct, frozen=True):
    """A session key just as it came: encrypted under the terminal's master key."""

    role: Role
    wrapped: str
    """Hexadecimal."""
    check_value: str

    def __repr__(self) -> str:
        return f"<Wrapped {self.role}>"


class KeyNotes(msgspec.Struct, frozen=True):
    """What a terminal remembers of its keys; none of them stands in clear here."""

    session: tuple[Wrapped, ...] = ()
    """Those of its last sign-on; empty: it has those of its file."""
    ksn: str = ""
    """The key serial number of the last transaction (DUKPT), hexadecimal; empty: there was none."""


FIRST_BATCH: Final = "000001"


class Memory(msgspec.Struct):
    """What one terminal remembers."""

    stan: int
    """The last STAN that was given out."""
    sent: list[Sent] = []
    """The oldest first."""
    batch: str = FIRST_BATCH
    """The open batch: its number, where the dialect says it, and else the terminal's own count."""
    keys: KeyNotes = KeyNotes()

    def next_stan(self) -> str:
        """Give out the next STAN, six digits; after 999999 comes 000001."""
        self.stan = self.stan % LAST + 1
        return f"{self.stan:06}"

    def next_batch(self) -> str:
        """Begin the next batch, and return its number; after 999999 comes 000001."""
        self.batch = f"{int(self.batch) % LAST + 1:06}"
        return self.batch

    def note(self, sent: Sent) -> None:
        """Remember a request, instead of the one of the same kind and STAN if there is one."""
        at = self._place(sent)
        if at is not None:
            self.sent[at] = sent
            return
        self.sent.append(sent)
        if len(self.sent) > MOST:
            oldest = next((at for at, each in enumerate(self.sent) if not each.owes_reversal), None)
            if oldest is not None:
                del self.sent[oldest]

    def now(self, sent: Sent) -> Sent:
        """Return what is remembered of the request *sent* by now: another command may have heard of it meanwhile."""
        at = self._place(sent)
        return sent if at is None else self.sent[at]

    def _place(self, sent: Sent) -> int | None:
        """Return where the note of the same kind and STAN is, the latest one."""
        for at in range(len(self.sent) - 1, -1, -1):
            if (self.sent[at].kind, self.sent[at].stan, self.sent[at].spec) == (sent.kind, sent.stan, sent.spec):
                return at
        return None

    def latest_approved(self, spec: str) -> Sent | None:
        """Return what ``last`` means for a void or refund: the latest of LATER that was approved, in *spec*."""
        return self._latest(spec, lambda each: each.kind in LATER and each.outcome is Outcome.APPROVED)

    def latest(self, spec: str) -> Sent | None:
        """Return the latest request that was not network management, whatever its outcome."""
        return self._latest(spec, lambda each: each.kind not in NETWORK)

    def owed(self, spec: str) -> Sent | None:
        """Return the oldest request that is to be reversed, as nobody knows what became of it; None: nothing is owed.

        However old it is: a terminal never forgets a reversal unsent (rulings 21 and 24).
        """
        return next((each for each in self.sent if each.spec == spec and each.owes_reversal), None)

    def latest_financial(self, spec: str) -> Sent | None:
        """Return what ``last`` means for a reversal: the latest request that moved money, whatever its outcome."""
        return self._latest(spec, lambda each: each.financial)

    def by_rrn(self, spec: str, rrn: str, kinds: tuple[Kind, ...]) -> Sent | None:
        """Return the latest request of *kinds* that the host gave *rrn*.

        One that was not declined goes before the others: a declined void may have been answered with the RRN of the
        sale that it was about.
        """
        named = [each for each in self._newest_first() if (each.spec, each.rrn) == (spec, rrn) and each.kind in kinds]
        return min(named, key=lambda each: each.outcome is Outcome.DECLINED, default=None)

    def _latest(self, spec: str, fits: Callable[[Sent], bool]) -> Sent | None:
        return next((each for each in self._newest_first() if each.spec == spec and fits(each)), None)

    def _newest_first(self) -> Iterator[Sent]:
        return reversed(self.sent)


def first_stan(wall: datetime) -> int:
    """Return where a terminal without a memory begins to count, so that hosts that remember it do not say 94.

    A tenth of a second each, it takes 27 hours to come round: longer than a host without batch numbers holds a STAN
    to be a repeat (24 hours).
    """
    return int(wall.astimezone(UTC).timestamp() * 10) % LAST
