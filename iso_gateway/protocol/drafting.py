"""What a debt sends, and what it needs of the security module for that: its card number opened, its MAC made."""

from __future__ import annotations

from iso_gateway.codec.message import Message
from iso_gateway.errors import CannotCarry, EncodeError, StoreError
from iso_gateway.protocol.commands import Secure, Unseal
from iso_gateway.protocol.composing import kept_request, repeat_of, resubmission_of, reversal_of
from iso_gateway.protocol.debt import CARD, Debt
from iso_gateway.protocol.debts import DebtStep
from iso_gateway.protocol.dialect import Dialect
from iso_gateway.protocol.keyring import of_link
from iso_gateway.protocol.ledger import Ledger
from iso_gateway.protocol.link import Link
from iso_gateway.protocol.links import Links
from iso_gateway.protocol.settling import Settling
from iso_gateway.protocol.story import said
from iso_gateway.protocol.world import World


class Drafting:
    """Makes the messages of debts."""

    def __init__(self, world: World, links: Links, ledger: Ledger, settling: Settling) -> None:
        self._world = world
        self._links = links
        self._ledger = ledger
        self._settling = settling

    def wants_card(self, debt: Debt) -> bool:
        """Return whether the card number of *debt* must be opened before it can be composed, and ask for it."""
        if not self._world.setup.sealing or debt.pan is not None or debt.message is not None or not debt.row.card:
            return False
        self._ledger.step(debt, DebtStep.CARD_WANTED)
        debt.asked = CARD
        self._ledger.wait(debt, self._world.setup.limits.stage)
        self._world.emit(Unseal(debt.id, debt.row.card))
        return True

    def secure(self, debt: Debt, link: Link, message: Message) -> bool:
        """Have *message* secured with the present keys of *link*; return False where there are none."""
        acquirer = self._ledger.acquirer(debt)
        debt.keys = self._world.keyring.to_send(of_link(acquirer, link.name), acquirer.protection)
        if debt.keys is None:
            return False
        self._ledger.step(debt, DebtStep.TO_SECURE)
        self._ledger.wait(debt, self._world.setup.limits.stage)
        self._world.emit(Secure(debt.id, acquirer.name, message, debt.keys))
        return True

    def outdated(self, debt: Debt, link: Link) -> bool:
        """Return whether *debt* was secured with other keys than *link* has now."""
        acquirer = self._ledger.acquirer(debt)
        return debt.keys != self._world.keyring.to_send(of_link(acquirer, link.name), acquirer.protection)

    def message(self, debt: Debt, dialect: Dialect) -> Message | None:
        """Return what to send now, or None where it cannot be made: then the debt is stuck."""
        now = self._world.now
        try:
            if debt.message is None:
                debt.message = self._composed(debt, dialect)
                if debt.message is None:
                    return None
                self._ledger.reserve(debt)
                if not debt.given and not debt.repeats:
                    return debt.message
            marked = debt.given > 0 or (debt.repeats and not debt.resubmits)
            return repeat_of(dialect, debt.message, now, marked=marked)
        except (CannotCarry, EncodeError, StoreError, ValueError, KeyError) as error:
            self._ledger.step(debt, DebtStep.GIVEN_UP)
            self._settling.stuck(debt, said(f"cannot be composed: {error}"))
            return None

    def _composed(self, debt: Debt, dialect: Dialect) -> Message | None:
        """Return what is owed, made from what the journal keeps; None where no STAN is free now.

        Raises:
            CannotCarry: the dialect has no such message.
            EncodeError: a kept value does not fit the spec.
            StoreError: the card number cannot be unsealed.
        """
        acquirer, now = self._ledger.acquirer(debt), self._world.now
        if not debt.stan and (debt.resubmits or not debt.repeats):
            own = debt.resubmits or dialect.profile.reversal_stan == "new"
            debt.stan = (self._links.next_stan(acquirer.name) or "") if own else debt.leg.stan
            if not debt.stan:
                self._ledger.wait(debt, acquirer.debtor.longest_pause)
                return None
        if debt.pan is None:
            debt.pan = self._world.lent.unseal(debt.row.card) if debt.row.card else ""
        pan = debt.pan
        if debt.resubmits:
            return resubmission_of(debt.row, pan, dialect, acquirer.zone, debt.stan, now)
        if debt.repeats:
            return kept_request(debt.row, pan, dialect, now)
        return reversal_of(debt.row, pan, dialect, acquirer.zone, debt.stan, now)
