"""What each terminal did, in counts and sums: what its batch is settled against."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from iso_gateway.protocol.kinds import Kind


class Book(NamedTuple):
    """Whose totals these are."""

    merchant: str
    terminal: str
    currency: str


class Totals:
    """Counts and sums by terminal, currency and kind; a transaction that is reversed leaves them again."""

    def __init__(self) -> None:
        self._sums: dict[Book, dict[Kind, list[int]]] = {}
        self._net: dict[Book, int] = {}

    def add(self, book: Book, kind: Kind, amount: int, booked: int, sign: int = 1) -> None:
        """Count a transaction, or with *sign* -1 take it out again.

        Args:
            book: whose it is.
            kind: what it is.
            amount: in minor units.
            booked: what it did to the card's balance; the merchant's net is the opposite.
            sign: 1 or -1.
        """
        row = self._sums.setdefault(book, {}).setdefault(kind, [0, 0])
        row[0] += sign
        row[1] += sign * amount
        self._net[book] = self._net.get(book, 0) - sign * booked

    def all(self) -> Iterable[tuple[Book, Mapping[Kind, Sequence[int]]]]:
        """Return count and sum by kind, of every terminal and currency."""
        return self._sums.items()

    def put(self, book: Book, sums: Mapping[Kind, tuple[int, int]], net: int) -> None:
        """Set the totals of *book*, as they were saved."""
        self._sums[book] = {kind: [count, amount] for kind, (count, amount) in sums.items()}
        self._net[book] = net

    def net(self, book: Book) -> int:
        """Return what the merchant is owed, minor units."""
        return self._net.get(book, 0)

    def rows(self) -> list[dict[str, Any]]:
        """Return one plain row per terminal and currency, sorted: ``kinds`` (count, amount) and ``net``."""
        return [
            {
                "merchant": book.merchant,
                "terminal": book.terminal,
                "currency": book.currency,
                "kinds": {
                    str(kind): {"count": count, "amount": amount}
                    for kind, (count, amount) in sorted(kinds.items())
                    if count
                },
                "net": self._net[book],
            }
            for book, kinds in sorted(self._sums.items())
        ]
