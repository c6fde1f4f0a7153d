"""Approvals that come for what was settled by "not found": verified, they open the debt again (ruling 1).

What is verified under no key opens nothing: whoever can write to a link could have anything reversed once more.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from iso_gateway.codec.message import Message
from iso_gateway.protocol.commands import Verify
from iso_gateway.protocol.events import Verified
from iso_gateway.protocol.keyring import of_link
from iso_gateway.protocol.ledger import Ledger
from iso_gateway.protocol.link import Link
from iso_gateway.protocol.links import Links
from iso_gateway.protocol.profile import CodeClass
from iso_gateway.protocol.settling import Settling
from iso_gateway.protocol.world import World

DOUBTED_MOST: Final = 64
"""Late approvals that wait for the security module; of more than that the oldest are dropped."""

LATE: Final = "/late "
"""What stands between a debt's name and a number in the id of such a command: the debt may wait for another one."""


class Doubted(NamedTuple):
    """An approval whose MAC is being checked."""

    debt: str
    link: Link


class Doubting:
    """Opens debts again that were settled in doubt."""

    def __init__(self, world: World, links: Links, ledger: Ledger, settling: Settling) -> None:
        self._world = world
        self._links = links
        self._ledger = ledger
        self._settling = settling
        self.pending: dict[str, Doubted] = {}
        """By the id under which the security module was asked."""

    def reopened(self, name: str, message: Message, payload: bytes, link: Link) -> bool:
        """Owe *name* again, which the host did not find and now approves; return whether *message* says so.

        Where the leg has MACs, it is owed again when that of *message* is verified.
        """
        debt = self._settling.doubtful.get(name)
        if debt is None or message.mti[1] != debt.leg.mti[1] or message.text(11) != debt.leg.stan:
            return False
        if self._ledger.reading(debt).verdict(message) not in (CodeClass.APPROVED, CodeClass.PARTIAL):
            return False
        acquirer = self._ledger.acquirer(debt)
        if acquirer.protection.mac is None:
            self._settling.reopen(debt)
            return True
        if len(self.pending) >= DOUBTED_MOST:
            del self.pending[next(iter(self.pending))]
        asking = f"{name}{LATE}{self._world.new_id()}"
        self.pending[asking] = Doubted(name, link)
        keys = self._world.keyring.to_verify(of_link(acquirer, link.name), acquirer.protection)
        self._world.emit(Verify(asking, acquirer.name, message, payload, keys, debt.original))
        return True

    def verified(self, event: Verified) -> None:
        """Take in the security module's word on a late approval; the debt may be owed again already, or over."""
        doubted = self.pending.pop(event.id)
        self._links.heard_mac(doubted.link, event.code)
        debt = self._settling.doubtful.get(doubted.debt)
        if event.code:
            self._world.log("late answer", "warning", id=doubted.debt, cause="its MAC is wrong: it says nothing")
        elif debt is not None:
            self._settling.reopen(debt)
