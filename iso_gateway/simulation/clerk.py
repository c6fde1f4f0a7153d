"""What a terminal is asked for, and the messages for it: sales above all, and whatever its earlier receipts allow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from iso_gateway.codec.message import Amount, Message
from iso_gateway.protocol.batch import Totals
from iso_gateway.protocol.dialect import Dialect
from iso_gateway.protocol.kinds import TRAITS, Kind
from iso_gateway.protocol.moment import Moment
from iso_gateway.protocol.numbering import LAST
from iso_gateway.protocol.reconciling import sign_of, totals_facts
from iso_gateway.simulation.chance import Chance
from iso_gateway.terminal import scripts
from iso_gateway.terminal.records import Sent
from iso_gateway.terminal.result import Result, settled
from iso_gateway.terminal.scripts import Card, Slip, Till

CARDS: Final = (
    *("4761739001010010", "4111111111111111", "4012888888881881", "5413330089600119", "5555555555554444"),
    *("6250941006528599", "378282246310005", "6011000990139424", "3530111333300000"),
)
"""Published test numbers; no card has them."""
CURRENCY: Final = "840"

WISHES: Final[dict[Kind, int]] = {
    Kind.SALE: 40, Kind.PREAUTH: 10, Kind.VOID: 9, Kind.REFUND: 10, Kind.COMPLETION: 6, Kind.COMPLETION_ADVICE: 4,
    Kind.PREAUTH_CANCEL: 4, Kind.COMPLETION_CANCEL: 3, Kind.ADVICE: 6, Kind.BALANCE: 4, Kind.REVERSAL: 4,
}  # fmt: skip
"""How often each kind is wished for; where it is not possible, a sale is made instead."""

ORDINARY: Final = (0, 1, 2, 11, 23, 37, 42, 49, 77, 99)
MAGIC: Final = (5, 10, 51, 54, 91, 96)
"""Cents by which the mock host declines, approves half, or is not available."""

LOOKED_AT: Final = 30
"""How many of its latest receipts a terminal goes back to."""


class Ask:
    """One request of a terminal, from its first message to what the terminal makes of it in the end."""

    def __init__(self, kind: Kind, message: Message, card: str, sent: Sent, original: Ask | None) -> None:
        self.kind = kind
        self.message = message
        self.card = card
        self.sent = sent
        self.original = original
        """What it is about; of a reversal, what is to be undone."""
        self.tries = 0
        self.repeats_left = 0
        self.receipt: int | None = None
        """What the receipt says that the card's balance changed by, in minor units; None: none was printed."""
        self.spent = False
        """Whether it was voided, cancelled or completed."""
        self.returned = 0
        """What was refunded of it."""
        self.code = ""

    def __repr__(self) -> str:
        return f"<Ask {self.kind} {self.stan}>"

    @property
    def stan(self) -> str:
        """DE 11."""
        return self.sent.stan

    @property
    def amount(self) -> int:
        """What was approved, or else asked for."""
        return self.sent.amount or 0

    @property
    def stands(self) -> bool:
        """Whether its receipt counts and nothing was done to it since."""
        return self.receipt is not None and not self.spent and not self.returned

    def approved(self, result: Result) -> None:
        """Print the receipt."""
        self.sent = settled(self.sent, result)
        self.receipt = self._booked()
        self.take()

    def take(self, sign: int = 1) -> None:
        """Note on what it was about that it happened, or with *sign* -1 that it did not."""
        original = self.original
        if original is None or self.kind is Kind.REVERSAL:
            return
        if self.kind is Kind.REFUND:
            original.returned += sign * self.amount
            return
        original.spent = sign > 0
        before = original.original
        if self.kind is Kind.COMPLETION_CANCEL and before is not None:
            before.spent = sign < 0
        if self.kind is Kind.VOID and original.kind is Kind.REFUND and before is not None:
            before.returned -= sign * original.amount

    def undone(self) -> None:
        """Tear the receipt up: it is as if it had never been."""
        if self.receipt is not None:
            self.receipt = None
            self.take(-1)

    @property
    def counted(self) -> int | None:
        """What it adds to its batch, credits below zero; None where it is in none."""
        of_refund = self.original is not None and self.original.kind is Kind.REFUND
        sign = sign_of(self.kind, of_refund=of_refund)
        return sign * self.amount if sign and self.receipt is not None else None

    def _booked(self) -> int:
        original = self.original
        match self.kind:
            case Kind.SALE | Kind.ADVICE | Kind.COMPLETION | Kind.COMPLETION_ADVICE:
                return -self.amount
            case Kind.REFUND:
                return self.amount
            case Kind.VOID | Kind.COMPLETION_CANCEL if original is not None:
                return -(original.receipt or 0)
            case _:
                return 0


class Clerk:
    """Thinks of what to ask for, in one terminal's dialect."""

    def __init__(self, dialect: Dialect, till: Till, chance: Chance) -> None:
        self.dialect = dialect
        self._till = till
        self._chance = chance
        self._stan = 0
        self._receipts: list[Ask] = []
        possible = {kind: weight for kind, weight in WISHES.items() if dialect.profile.row(kind) is not None}
        self._wishes = tuple(kind for kind, weight in possible.items() for _ in range(weight))

    def next(self, now: Moment) -> Ask:
        """Return the next request."""
        wish = self._chance.pick(self._wishes)
        original = self._original(wish)
        if TRAITS[wish].original and original is None:
            wish = Kind.SALE
        if wish is Kind.REVERSAL and original is not None:
            return self.reversal(original, now)
        card = original.card if original is not None else self._chance.pick(CARDS)
        return self._ask(wish, card, self._amount(wish, original), original, now)

    def printed(self, ask: Ask) -> None:
        """Keep the receipt of *ask*, for what may be asked for about it."""
        self._receipts.append(ask)
        del self._receipts[:-LOOKED_AT]

    def reversal(self, ask: Ask, now: Moment) -> Ask:
        """Return the reversal of *ask*."""
        same = self.dialect.profile.reversal_stan == "same"
        slip = Slip(self._till, ask.stan if same else self._next_stan(), now.wall)
        message = scripts.reversal(self.dialect, slip, Card(ask.card), ask.sent)
        return Ask(Kind.REVERSAL, message, ask.card, Sent.of(self.dialect, Kind.REVERSAL, message), ask)

    def settlement(self, totals: Totals, now: Moment) -> Ask:
        """Return the message that ends the batch, with its *totals*."""
        slip = Slip(self._till, self._next_stan(), now.wall)
        said = totals_facts(self.dialect, totals)
        message = scripts.about_batch(self.dialect, slip, Kind.SETTLEMENT, said, CURRENCY)
        return Ask(Kind.SETTLEMENT, message, "", Sent.of(self.dialect, Kind.SETTLEMENT, message), None)

    def reversible(self, ask: Ask) -> bool:
        """Return whether an unknown outcome of *ask* is reversed; otherwise it is repeated."""
        row = self.dialect.profile.row(ask.kind)
        return row is not None and row.reversible

    def _ask(self, kind: Kind, card: str, amount: int, original: Ask | None, now: Moment) -> Ask:
        slip = Slip(self._till, self._next_stan(), now.wall)
        named = original.sent.as_original() if original is not None else None
        money = Amount(amount, CURRENCY)
        message = scripts.financial(self.dialect, slip, kind, Card(card), amount=money, original=named)
        return Ask(kind, message, card, Sent.of(self.dialect, kind, message), original)

    def _next_stan(self) -> str:
        self._stan = self._stan % LAST + 1
        return f"{self._stan:06}"

    def _amount(self, kind: Kind, original: Ask | None) -> int:
        chance = self._chance
        if kind is Kind.BALANCE:
            return 0
        if original is None:
            cents = MAGIC if chance.hits(0.1) else ORDINARY
            return chance.number(1, 199) * 100 + chance.pick(cents)
        if kind is Kind.REFUND:
            left = original.amount - original.returned
            return chance.number(1, max(1, left)) if chance.hits(0.7) else max(1, left)
        if kind in (Kind.COMPLETION, Kind.COMPLETION_ADVICE):
            return max(1, original.amount * chance.number(50, 115) // 100)
        return original.amount

    def _original(self, kind: Kind) -> Ask | None:
        """Return a receipt that *kind* may be about, sometimes one that it may not; None where there is none."""
        kinds = TRAITS[kind].original
        fits = _FITS.get(kind, _whole)
        wrong = self._chance.hits(0.05)
        known = [
            ask
            for ask in self._receipts
            if ask.kind in kinds and ask.receipt is not None and (wrong or fits(ask)) and self._may(kind, ask)
        ]
        return self._chance.pick(known) if known else None

    def _may(self, kind: Kind, ask: Ask) -> bool:
        return kind is not Kind.REVERSAL or self.reversible(ask)


def _whole(ask: Ask) -> bool:
    return ask.stands


def _something_left(ask: Ask) -> bool:
    return ask.receipt is not None and not ask.spent and ask.returned < ask.amount


_FITS: Final[dict[Kind, Callable[[Ask], bool]]] = {Kind.REFUND: _something_left}
