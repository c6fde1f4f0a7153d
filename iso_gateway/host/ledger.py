"""All transactions that the host remembers, and the finding of one by its key or by what a later message says of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, Final

from iso_gateway.codec import mti
from iso_gateway.host.accounts import Accounts
from iso_gateway.host.totals import Book, Totals
from iso_gateway.host.transaction import Key, Transaction, effect_of, relate
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.originals import Original

_BY_STAN: Final = "stan"
_BY_RRN: Final = "rrn"
_BY_APPROVAL: Final = "approval"

Index = tuple[str, str, str]
"""The merchant, by what, and the number itself (with the terminal for a STAN)."""


class Ledger:
    """The transactions, the oldest first; above the bound the oldest goes."""

    def __init__(self, accounts: Accounts, most: int = 100_000) -> None:
        self.accounts = accounts
        self.totals = Totals()
        self.latest = 0
        """The serial number of the latest transaction."""
        self.forgotten = 0
        """The serial number of the latest transaction that went for want of room; 0: none did."""
        self._most = most
        self._by_key: dict[Key, Transaction] = {}
        self._index: dict[Index, list[Transaction]] = {}

    def __len__(self) -> int:
        return len(self._by_key)

    def __iter__(self) -> Iterator[Transaction]:
        return iter(self._by_key.values())

    def __reversed__(self) -> Iterator[Transaction]:
        return reversed(self._by_key.values())

    def under(self, key: Key) -> Transaction | None:
        """Return the transaction that holds *key*, or None."""
        return self._by_key.get(key)

    def remember(self, transaction: Transaction, serial: int | None = None) -> None:
        """Keep *transaction*, under the next number unless *serial* says another.

        One that held its key is forgotten, and so is the oldest where there are too many.
        """
        old = self._by_key.get(transaction.key)
        if old is None and len(self._by_key) >= self._most:
            old = next(iter(self._by_key.values()))
            self.forgotten = old.serial
        if old is not None:
            self._forget(old)
        transaction.serial = self.latest + 1 if serial is None else serial
        self.latest = max(self.latest, transaction.serial)
        self._by_key[transaction.key] = transaction
        for index in _indices(transaction):
            self._index.setdefault(index, []).append(transaction)

    def _forget(self, transaction: Transaction) -> None:
        del self._by_key[transaction.key]
        for index in _indices(transaction):
            self._index[index].remove(transaction)
            if not self._index[index]:
                del self._index[index]

    # Money

    def approve(self, transaction: Transaction) -> None:
        """Let *transaction* take effect on its account, its original and the totals, and keep it."""
        transaction.approved = True
        transaction.effect = effect_of(transaction.kind, transaction.amount, transaction.original)
        self._post(transaction, 1)
        relate(transaction)
        self.remember(transaction)

    def undo(self, transaction: Transaction) -> None:
        """Let *transaction* be as if it had never been."""
        transaction.reversed = True
        self._post(transaction, -1)
        relate(transaction, undone=True)

    def reduce(self, transaction: Transaction, amount: int) -> None:
        """Let only *amount* of *transaction* have been."""
        self._post(transaction, -1)
        transaction.amount = amount
        transaction.effect = effect_of(transaction.kind, amount, transaction.original)
        self._post(transaction, 1)

    def _post(self, transaction: Transaction, sign: int) -> None:
        booked, held = transaction.effect
        if booked or held:
            self.accounts.account(transaction.card, transaction.currency).book(sign * booked, sign * held)
        terminal, merchant = transaction.key[:2]
        book = Book(merchant, terminal, transaction.currency)
        self.totals.add(book, transaction.kind, transaction.amount, booked, sign)

    # Originals

    def original(
        self,
        named: Original,
        merchant: str,
        terminal: str,
        kinds: Collection[Kind],
        type_code: str = "",
        *,
        whatever_became_of_it: bool = False,
    ) -> Transaction | None:
        """Return the latest approved transaction that agrees with everything that *named* says, or None.

        A STAN counts only together with the terminal; a DE 37 or 38 may come from another terminal of the merchant.

        Args:
            named: what the later message says of it.
            merchant: DE 42 of that message.
            terminal: DE 41 of that message.
            kinds: the kinds that it may be of.
            type_code: its DE 60.1, where the later message says that.
            whatever_became_of_it: whether one that was declined may be meant as well.
        """
        if named.stan:
            index = (merchant, _BY_STAN, terminal + named.stan)
        elif named.rrn:
            index = (merchant, _BY_RRN, named.rrn)
        else:
            index = (merchant, _BY_APPROVAL, named.approval)
        for transaction in reversed(self._index.get(index, ())):
            if (
                (transaction.approved or whatever_became_of_it)
                and transaction.kind in kinds
                and type_code in ("", transaction.type)
                and _agrees(transaction, named)
            ):
                return transaction
        return None

    def rows(self, since: int = 0, most: int | None = None) -> list[dict[str, Any]]:
        """Return the transactions after the serial number *since*, the oldest first, *most* of them, masked."""
        later = sorted((each for each in self if each.serial > since), key=lambda each: each.serial)
        return [transaction.row() for transaction in later[:most]]


def _indices(transaction: Transaction) -> Iterator[Index]:
    """Yield under which numbers *transaction* is looked for.

    One that names an original carries that one's DE 37 and 38 in its request, and is not meant by them.
    """
    terminal, merchant, _, stan, _ = transaction.key
    yield merchant, _BY_STAN, terminal + stan
    alone = transaction.original is None
    for rrn in transaction.rrns if alone else {transaction.rrn} - {""}:
        yield merchant, _BY_RRN, rrn
    for approval in transaction.approvals if alone else {transaction.approval} - {""}:
        yield merchant, _BY_APPROVAL, approval


def _agrees(transaction: Transaction, named: Original) -> bool:
    batch = transaction.key[2]
    return (
        (not named.mti or mti.original(named.mti) == mti.original(transaction.mti))
        and _fits(named.transmitted, transaction.transmitted)
        and _fits(named.rrn, transaction.rrns)
        and _fits(named.approval, transaction.approvals)
        and (not named.batch or not batch or named.batch == batch)
        and (not named.local or not transaction.local or named.local == transaction.local)
        # The date that comes with a DE 7 or a DE 12 is in UTC, or has been compared with it.
        and (bool(named.transmitted or named.local) or _fits(named.date, transaction.days))
    )


def _fits(said: str, known: Collection[str]) -> bool:
    """Return whether *said* is nothing, is *known*, or nothing is known to compare it with."""
    return not said or not known or said in known
