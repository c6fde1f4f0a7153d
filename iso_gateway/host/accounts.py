"""The accounts behind the cards: a balance and what is held on it, per card and currency."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b

from iso_gateway.host.settings import CardRule


class Account:
    """What one card has in one currency, in minor units."""

    __slots__ = ("balance", "held")

    def __init__(self, balance: int) -> None:
        self.balance = balance
        """What is booked; below zero after an offline sale that nobody could decline."""
        self.held = 0
        """What preauthorizations hold of it."""

    def __repr__(self) -> str:
        return f"<Account {self.balance}, {self.held} held>"

    @property
    def available(self) -> int:
        """What a sale may take."""
        return self.balance - self.held

    def book(self, booked: int, held: int) -> None:
        """Add to the balance and to what is held; either may be below zero."""
        self.balance += booked
        self.held += held


class Accounts:
    """All accounts, each opened when its card is first seen.

    Cards are known by a keyed hash; no number is kept.
    """

    def __init__(self, opening: int, rules: Sequence[CardRule] = (), key: bytes = b"", most: int = 100_000) -> None:
        """Open accounts with *opening* minor units, unless one of *rules* says otherwise.

        Args:
            opening: the balance of a new account.
            rules: what cards with certain leading digits get; the first that fits counts.
            key: at most 64 random bytes under which card numbers are hashed.
            most: how many accounts are kept; above, the one opened first goes, and starts anew if seen again.
        """
        self._opening = opening
        self._rules = tuple(rules)
        self._key = key
        self._most = most
        self._accounts: dict[tuple[bytes, str], Account] = {}

    def __len__(self) -> int:
        return len(self._accounts)

    def card(self, pan: str) -> bytes:
        """Return what stands for *pan* here; empty for no number."""
        return blake2b(pan.encode(), key=self._key, digest_size=16).digest() if pan else b""

    def account(self, card: bytes, currency: str, pan: str = "") -> Account:
        """Return the account of *card* in *currency*, opened now if it is new; *pan* chooses its rule then."""
        known = self._accounts.get((card, currency))
        if known is not None:
            return known
        if len(self._accounts) >= self._most:
            del self._accounts[next(iter(self._accounts))]
        account = self._accounts[card, currency] = self.known(card, currency, pan)
        return account

    def known(self, card: bytes, currency: str, pan: str = "") -> Account:
        """Return that account as it is, or as it would be opened, and open none."""
        known = self._accounts.get((card, currency))
        if known is not None:
            return known
        rule = self._rule(pan)
        return Account(self._opening if rule is None or rule.balance is None else rule.balance)

    def all(self) -> Iterable[tuple[tuple[bytes, str], Account]]:
        """Return all accounts by card and currency, the one opened first before the others."""
        return self._accounts.items()

    def refusal(self, pan: str) -> str:
        """Return the canonical code that every sale with *pan* gets by a rule, or the empty text."""
        rule = self._rule(pan)
        return "" if rule is None else rule.code

    def reversal_refusal(self, pan: str) -> str:
        """Return the canonical code with which every reversal about *pan* is refused by a rule, or the empty text."""
        rule = self._rule(pan)
        return "" if rule is None else rule.refuse_reversals

    def _rule(self, pan: str) -> CardRule | None:
        return next((rule for rule in self._rules if pan.startswith(rule.prefix)), None)
