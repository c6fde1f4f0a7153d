"""A message as the conditions of rules see it: what it says, and what the host knows about it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from iso_gateway.host.calendar import mmdd
from iso_gateway.protocol.kinds import TRAITS, Kind

if TYPE_CHECKING:
    from iso_gateway.codec.message import Message
    from iso_gateway.host.accounts import Account
    from iso_gateway.host.asked import Asked
    from iso_gateway.host.books import Books
    from iso_gateway.host.issuer import Issuer
    from iso_gateway.host.transaction import Transaction
    from iso_gateway.protocol.dialect import Dialect
    from iso_gateway.protocol.profile import KindRow


class Heard:
    """One request. What conditions ask of the host is looked up when they ask, and changes nothing there."""

    def __init__(  # noqa: PLR0917 -- what a host knows of a request, in one place
        self,
        message: Message,
        row: KindRow | None,
        asked: Asked | None,
        dialect: Dialect,
        books: Books,
        issuer: Issuer | None,
    ) -> None:
        """See *message*, of *row*; *asked* is None where it is about no card."""
        self.message = message
        self.kind: Kind | None = None if row is None else row.kind
        self.asked = asked
        self._dialect = dialect
        self._books = books
        self._issuer = issuer

    def known(self, subject: str) -> str | None:
        """Return what the host knows under *subject*; None: nothing."""
        topic, _, what = subject.partition(".")
        if topic == "account":
            return self._of_account(what)
        original = self.original
        if original is None:
            return None
        of = {"": original.state, "kind": original.kind, "amount": original.amount, "code": original.code}
        return str(of[what])

    def number(self, name: str) -> int | None:
        """Return the data element *name* of the dialect, or None."""
        return self._dialect.number(name)

    @cached_property
    def original(self) -> Transaction | None:
        """The transaction that the message names, whatever became of it; None: it names none that is known."""
        asked = self.asked
        if asked is None or not TRAITS[asked.kind].original:
            return None
        kinds = self._dialect.nameable(asked.row)
        type_code = asked.type if asked.kind is Kind.REVERSAL else ""
        return self._books.ledger.original(
            asked.named, asked.merchant, asked.terminal, kinds, type_code, whatever_became_of_it=True
        )

    @cached_property
    def of_original(self) -> dict[str, str] | None:
        """What the ledger keeps of the original, by the numbers of `values.KEPT`."""
        original = self.original
        if original is None:
            return None
        terminal, merchant, _, stan, _ = original.key
        return {
            "4": f"{original.amount:012}",
            "11": stan,
            "15": mmdd(original.business_date),
            "37": original.rrn,
            "38": original.approval,
            "39": original.code,
            "41": terminal,
            "42": merchant,
            "49": original.currency,
        }

    @property
    def account(self) -> Account | None:
        """The account of the card, or of the original's, as it stands now; None: no card is known."""
        asked = self.asked
        card = b"" if asked is None else asked.card
        if asked is not None and not card and self.original is not None:
            card = self.original.card
        return None if asked is None or not card else self._books.accounts.known(card, asked.currency, asked.pan)

    def _of_account(self, what: str) -> str | None:
        account = self.account
        if account is None:
            return None
        if what == "tries":
            card = self.asked.card if self.asked is not None else b""
            return str(0 if self._issuer is None else self._issuer.tries(card))
        return str({"available": account.available, "balance": account.balance, "held": account.held}[what])
