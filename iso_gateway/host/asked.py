"""A request as the host reads it: who asks for what, over how much, about which earlier transaction."""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

import msgspec

from iso_gateway.codec import mask
from iso_gateway.codec.message import Message
from iso_gateway.codec.mti import is_repeat
from iso_gateway.errors import DecodeError
from iso_gateway.host.accounts import Accounts
from iso_gateway.host.guard import NOBODY
from iso_gateway.host.scenario.rule import ORDINARY, Respond
from iso_gateway.host.transaction import Key, Transaction
from iso_gateway.protocol.dialect import Dialect
from iso_gateway.protocol.kinds import TRAITS, Kind
from iso_gateway.protocol.moment import Moment
from iso_gateway.protocol.originals import ELEMENT, Original
from iso_gateway.protocol.peeking import peek
from iso_gateway.protocol.profile import KindRow, Profile

KEY_LIFE: Final = 24 * 3600.0
"""Seconds after which a STAN without a batch number may mean something new (ruling 4)."""

_NEEDS_CARD: Final = frozenset({Kind.SALE, Kind.PREAUTH, Kind.BALANCE, Kind.ADVICE})
"""The others have the card of their original."""


class Asked:
    """One financial request, read once."""

    def __init__(self, message: Message, row: KindRow, dialect: Dialect, accounts: Accounts, currency: str) -> None:
        """Read *message*, which fits *row*; *currency* is meant where it names none."""
        profile = dialect.profile
        self.message = message
        self.under = NOBODY
        """Under which keys it came."""
        self.respond: Respond = ORDINARY
        """What a rule says that it is answered."""
        self.booked: Transaction | None = None
        """What it has become, or was before, in the ledger."""
        self.repeats = False
        """Whether it gets an answer that was given before."""
        self.row = row
        self.kind = row.kind
        self.marked = is_repeat(message.mti)
        """Whether its MTI says that it was sent before."""
        self.terminal = message.text(41)
        self.merchant = message.text(42)
        self.stan = message.text(11)
        self.batch = dialect.batch(message)
        self.transmitted = message.text(7)
        self.type = peek(message, "60.1") if row.type is not None or profile.reversal_stan == "same" else ""
        self.pan = dialect.pan(message)
        self.masked_pan = mask.pan(self.pan)
        """The card number as people may see it."""
        self.card = accounts.card(self.pan)
        amount = message.text(4)
        self.amount: int | None = int(amount) if amount.isdecimal() else None
        self.says_currency = message.text(49)
        self.currency = self.says_currency or currency
        time = message.text(12)
        self.local = time if len(time) == 12 else ""
        self.day = self.local[2:6] or message.text(13)
        self.dated = bool(time)
        """Whether it says when it was made, so that an equal one was not made again later."""
        self.named = self._named(dialect)
        self.fingerprint = self._fingerprint(profile)
        self.key: Key = (self.terminal, self.merchant, self.batch, self.stan, row.kind)

    @property
    def left_standing(self) -> int:
        """How much of its original a reversal leaves, by DE 95; 0 where it reverses all of it."""
        said = self.message.text(95)[:12]
        return int(said) if said.isdecimal() else 0

    def comes_after(self, first: Transaction, moment: Moment) -> bool:
        """Return whether it only happens to have the key of *first*: the STANs have gone round (ruling 4)."""
        if self.batch or self.marked or moment.mono - first.received.mono <= KEY_LIFE:
            return False
        return not (self.dated and first.fingerprint == self.fingerprint)

    def missing(self) -> str:
        """Return which element the request lacks, or the empty text."""
        if not self.terminal:
            return "41"
        if not self.stan:
            return "11"
        if self.kind in _NEEDS_CARD and not self.pan:
            return "2"
        needs_amount = TRAITS[self.kind].financial and self.kind is not Kind.REVERSAL
        return "4" if needs_amount and self.amount is None else ""

    def _named(self, dialect: Dialect) -> Original:
        if self.kind is Kind.REVERSAL and dialect.profile.reversal_stan == "same":
            # It has STAN, batch and DE 60.1 of what it reverses; DE 61, 37 and 38 may be those of a reversed void,
            # and then they name the sale.
            return Original(stan=self.stan, batch=self.batch)
        return dialect.original(self.message)

    def _fingerprint(self, profile: Profile) -> bytes:
        """Return a hash of what a repeat has in common with its first message: all but MTI, DE 7 and MAC count."""
        message = self.message
        original = ELEMENT[profile.original]
        parts = [self.card, *(message.text(de).encode() for de in (3, 4, 12, 13, 49, original)), _counter(message)]
        return blake2b(b"\x1f".join(parts), digest_size=16).digest()


def _counter(message: Message) -> bytes:
    """Return the card's transaction counter, which no two purchases share."""
    if 55 not in message:
        return b""
    try:
        value = message.get("55.9F36")
    except DecodeError:
        return b""
    return value if isinstance(value, bytes) else b""


def alike(profile: Profile) -> dict[Kind, tuple[Kind, ...]]:
    """Return the kinds that look the same in *profile*, so that only the original tells them apart.

    So a void and a completion's cancel of 1987 are both 0200/020000.
    """
    by_look: dict[KindRow, list[Kind]] = {}
    for row in profile.kinds:
        look = msgspec.structs.replace(row, kind=Kind.SALE, reversible=True)
        by_look.setdefault(look, []).append(row.kind)
    found: dict[Kind, tuple[Kind, ...]] = {}
    for kinds in by_look.values():
        for kind in kinds:
            found.setdefault(kind, tuple(kinds))
    return found
