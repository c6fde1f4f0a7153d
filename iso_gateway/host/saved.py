"""The books of a host as one plain object, so that a host that starts again has its ledger, accounts and numbers.

It goes through `msgspec.json` and back unchanged. There is no card number in it, and not the key under which cards are
hashed: the host that takes it over is made with the same ``card_key``. Links, and so sign-ons, are not part of it.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

import msgspec

from iso_gateway.host.batches import SavedBatch
from iso_gateway.host.totals import Book
from iso_gateway.host.transaction import Effect, Key, Transaction
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.moment import Moment

if TYPE_CHECKING:
    from iso_gateway.host.accounts import Accounts
    from iso_gateway.host.books import Books
    from iso_gateway.host.ledger import Ledger


class SavedTransaction(msgspec.Struct, frozen=True):
    """One transaction: the fields of `Transaction`, and which other one it names."""

    key: Key
    fingerprint: bytes
    kind: Kind
    mti: str
    type: str
    card: bytes
    pan: str
    amount: int
    asked: int
    currency: str
    received: Moment
    business_date: date
    days: tuple[str, ...]
    local: str
    transmitted: frozenset[str]
    rrns: frozenset[str]
    approvals: frozenset[str]
    rrn: str
    approval: str
    code: str
    facts: dict[str, str]
    changes: dict[str, str | None]
    approved: bool
    reversed: bool
    taken_by: Kind | None
    returned: int
    effect: Effect
    irreversible: str
    serial: int
    original: int | None
    """Its place in the list; always an earlier one."""
    kept: bool
    """Whether the ledger has it; if not, a later one still names it."""


class SavedAccount(msgspec.Struct, frozen=True):
    """One account."""

    card: bytes
    currency: str
    balance: int
    held: int


class SavedTotal(msgspec.Struct, frozen=True):
    """The totals of one terminal and currency: count and sum by kind."""

    book: Book
    sums: dict[Kind, tuple[int, int]]
    net: int


class Saved(msgspec.Struct, frozen=True):
    """All books of one host."""

    transactions: list[SavedTransaction]
    accounts: list[SavedAccount]
    totals: list[SavedTotal]
    next_serial: int
    reached: date
    """The business date that a cut-over began; the earliest date where none did."""
    batches: list[SavedBatch] = []


_ITS_OWN: Final = frozenset({"original", "kept", "transmitted", "facts"})
"""What is not written as it is."""
_PLAIN: Final = tuple(name for name in SavedTransaction.__struct_fields__ if name not in _ITS_OWN)


def save(books: Books, batches: list[SavedBatch]) -> Saved:
    """Return *books* as they stand now, with the *batches* of terminals."""
    ledger = books.ledger
    return Saved(
        transactions=_transactions(ledger),
        accounts=[
            SavedAccount(card, currency, account.balance, account.held)
            for (card, currency), account in books.accounts.all()
        ],
        totals=[
            SavedTotal(book, {kind: (count, amount) for kind, (count, amount) in sums.items()}, ledger.totals.net(book))
            for book, sums in ledger.totals.all()
        ],
        next_serial=books.numbers.following,
        reached=books.calendar.reached,
        batches=batches,
    )


def restore(books: Books, saved: Saved) -> None:
    """Make *books*, which are new, what was *saved*."""
    made: list[Transaction] = []
    for each in saved.transactions:
        plain = {name: getattr(each, name) for name in _PLAIN}
        original = None if each.original is None else made[each.original]
        transaction = Transaction(**plain, transmitted=set(each.transmitted), facts=dict(each.facts), original=original)
        made.append(transaction)
        if each.kept:
            books.ledger.remember(transaction, each.serial)
    _restore_accounts(books.accounts, saved)
    for total in saved.totals:
        books.ledger.totals.put(total.book, total.sums, total.net)
    books.numbers.following = saved.next_serial
    books.calendar.reached = saved.reached


def _restore_accounts(accounts: Accounts, saved: Saved) -> None:
    for each in saved.accounts:
        account = accounts.account(each.card, each.currency)
        account.balance, account.held = each.balance, each.held


def _transactions(ledger: Ledger) -> list[SavedTransaction]:
    """Return all transactions, each after the one that it names."""
    place: dict[int, int] = {}
    listed: list[SavedTransaction] = []
    for transaction in ledger:
        # The oldest go first when the ledger is full, so that the original of one that is left may have gone.
        chain = [transaction]
        while (before := chain[-1].original) is not None and id(before) not in place:
            chain.append(before)
        for each in reversed(chain):
            if id(each) not in place:
                place[id(each)] = len(listed)
                listed.append(_transaction(each, place, kept=ledger.under(each.key) is each))
    return listed


def _transaction(transaction: Transaction, place: dict[int, int], *, kept: bool) -> SavedTransaction:
    plain = {name: getattr(transaction, name) for name in _PLAIN}
    original = transaction.original
    return SavedTransaction(
        **plain,
        transmitted=frozenset(transaction.transmitted),
        # What an answer says to a chip is bytes, and is of no use to one that asks again after a restart.
        facts={name: value for name, value in transaction.facts.items() if isinstance(value, str)},
        original=None if original is None else place[id(original)],
        kept=kept,
    )
