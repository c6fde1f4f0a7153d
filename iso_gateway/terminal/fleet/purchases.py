"""What the terminals of a fleet take, and from which cards.

Some amounts ask a mock host to misbehave, by their last two digits; a fleet that is to measure leaves them out. That
list is the host's (docs/mock-host.md); here it stands once more, as terminals know nothing of hosts, and a test holds
the two together.
"""

from __future__ import annotations

from math import gcd
from typing import Final

from iso_gateway.codec.currency import find
from iso_gateway.errors import ConfigError, Problem
from iso_gateway.terminal.amounts import minor_units
from iso_gateway.terminal.orders import MOST_DIGITS

MAGIC_CENTS: Final = frozenset({5, 10, 51, 54, *range(67, 77), *range(81, 85), 91, 96})
"""The last two digits by which a sale or preauth asks the mock host for something else than its ordinary answer."""
CARDS: Final = (
    *("4761739001010010", "4111111111111111", "4012888888881881", "5413330089600119"),
    *("5555555555554444", "6011000990139424", "3530111333300000", "6250941006528599"),
)
"""Published test numbers; no card has them."""
PLAIN_RANGE: Final = (100, 299)
"""Minor units: small, so that the accounts behind the test cards last."""


class Purchases:
    """The amounts and cards of one fleet: none comes twice in a row at one terminal.

    A sale of the same card over the same amount soon after the first would be suspected to be the same sale.
    """

    def __init__(self, amounts: list[int], currency: str, cards: tuple[str, ...] = CARDS) -> None:
        """Take *amounts* (minor units, at least one) in *currency* (three digits)."""
        self._amounts = amounts
        self._exponent = known.exponent if (known := find(currency)) is not None else 2
        self.currency = currency
        self._cards = cards
        # A step that shares no divisor with their number comes round to all of them before any comes again.
        self._step = next(
            step for step in range(len(amounts) * 5 // 8 + 1, 2 * len(amounts) + 2) if gcd(step, len(amounts)) == 1
        )

    def __repr__(self) -> str:
        return f"<Purchases, {len(self._amounts)} amounts>"

    def nth(self, terminal: int, number: int) -> tuple[str, str]:
        """Return the amount, as it is typed, and the card's number of the *number*th purchase at *terminal*."""
        minor = self._amounts[(terminal * 7 + number * self._step) % len(self._amounts)]
        return self._typed(minor), self._cards[(terminal + number) % len(self._cards)]

    def _typed(self, minor: int) -> str:
        if not self._exponent:
            return str(minor)
        major, rest = divmod(minor, 10**self._exponent)
        return f"{major}.{rest:0{self._exponent}}"


def read_amounts(text: str, currency: str) -> list[int]:
    """Return the amounts that *text* means, in minor units.

    ``1.00..20.00`` is all of a range but for the magic ones, ``9.68,12.34`` is just these, magic or not; empty is
    PLAIN_RANGE.

    Raises:
        ConfigError: it is none of that, or nothing is left of it.
    """
    if not text:
        return _ordinary(*PLAIN_RANGE)
    if ".." not in text:
        return [_minor(part, currency) for part in text.split(",")]
    first, _, last = text.partition("..")
    low, high = _minor(first, currency), _minor(last, currency)
    if high < low:
        raise ConfigError([Problem("amounts", "the smaller one comes first, as in 1.00..20.00")])
    amounts = _ordinary(low, high)
    if not amounts:
        raise ConfigError([Problem("amounts", "all of them are magic; to send such, say them one by one: 9.68,12.34")])
    return amounts


def read_cards(pans: tuple[str, ...]) -> tuple[str, ...]:
    """Return the cards *pans*; the published test cards for none.

    Raises:
        ConfigError: one of them is no card's number; it is not shown.
    """
    cards = tuple("".join(pan.split()) for pan in pans)
    if not all(card.isascii() and card.isdecimal() and len(card) <= MOST_DIGITS for card in cards):
        raise ConfigError([Problem("pan", f"digits expected, {MOST_DIGITS} at most")])
    return cards or CARDS


_MOST: Final = 100_000
"""Amounts of a range; of a wider one, as many from its beginning."""


def _ordinary(low: int, high: int) -> list[int]:
    return [minor for minor in range(low, min(high, low + _MOST) + 1) if minor % 100 not in MAGIC_CENTS]


def _minor(text: str, currency: str) -> int:
    try:
        return minor_units(text, currency)
    except ConfigError as error:
        raise ConfigError([Problem("amounts", problem.message) for problem in error.problems]) from error
