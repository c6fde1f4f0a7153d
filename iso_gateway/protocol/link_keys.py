"""The keys that hosts bring: in the answer to a sign-on, or by a change of their own (flows 2.8).

Rule 1: a link is up only when the keys that its sign-on brought are kept; what is acknowledged is durable.
Rule 2: keys that are not what their check values say are asked for again, a few times; the old ones stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from iso_gateway.codec.message import Message
from iso_gateway.protocol.commands import TakeKeys
from iso_gateway.protocol.events import KeysTaken
from iso_gateway.protocol.key_exchange import acknowledged, keys_in
from iso_gateway.protocol.keyring import of_link
from iso_gateway.protocol.link import Link
from iso_gateway.protocol.protection import Exchange, Material, Role, key_name
from iso_gateway.protocol.session import Happening, State
from iso_gateway.protocol.world import World

TRIES: Final = 3
"""Sign-ons in a row whose keys are wrong, before the link is refused for a while."""


class Taking(msgspec.Struct):
    """Keys that are being kept."""

    link: Link
    asked: Message | None
    """The host's own request; None: they came with the answer to a sign-on."""
    until: float
    """When a host's change counts as given up, on the monotonic clock."""


class LinkKeys:
    """Takes keys in."""

    def __init__(
        self,
        world: World,
        happen: Callable[[Link, Happening], None],
        answer: Callable[[Link, Message, str, str | bytes | None], None],
    ) -> None:
        self._world = world
        self._happen = happen
        self._answer = answer
        self.pending: dict[str, Taking] = {}
        """By the id under which the security module was asked."""

    def accepted(self, link: Link, message: Message) -> None:
        """Take in that the host said yes to the sign-on, by *message*."""
        protection = link.acquirer.protection
        keys = keys_in(protection.exchange, message)
        if keys:
            self._happen(link, Happening.KEYS_CAME)
            self._take(link, keys, None)
        elif protection.exchange is not Exchange.NONE and self._lacks_keys(link):
            self._world.log("link", "warning", link=link.name, cause="the sign-on brought no keys, and there are none")
            self._happen(link, Happening.REJECTED)
        else:
            self._happen(link, Happening.ACCEPTED)

    def _lacks_keys(self, link: Link) -> bool:
        acquirer = link.acquirer
        return self._world.keyring.to_send(of_link(acquirer, link.name), acquirer.protection) is None

    def change_wanted(self, link: Link, message: Message) -> None:
        """Take in a host's request that brings keys: it is answered when they are kept."""
        keys = keys_in(link.acquirer.protection.exchange, message)
        now = self._world.now.mono
        under_way = any(each.link is link and each.until > now for each in self.pending.values())
        if not keys or under_way:
            cause = "a change of keys is under way" if under_way else "it brings no keys that can be read"
            self._world.log("keys", "warning", link=link.name, cause=cause)
            self._answer(link, message, "96" if under_way else "30", None)
            return
        self._take(link, keys, message)

    def _take(self, link: Link, keys: tuple[Material, ...], asked: Message | None) -> None:
        acquirer = link.acquirer
        owner = of_link(acquirer, link.name)
        name = f"{link.timer}/{self._world.new_id()}"
        self.pending[name] = Taking(link, asked, self._world.now.mono + acquirer.timing.answer)
        master = acquirer.protection.master or key_name(owner, Role.MASTER)
        self._world.emit(TakeKeys(name, owner, acquirer.name, master, keys))

    def taken(self, event: KeysTaken) -> None:
        """Take in that keys are kept, or why they are not."""
        taking = self.pending.pop(event.id, None)
        if taking is None:
            return
        link, keys = taking.link, event.keys
        waits = taking.asked is not None or link.session.state is State.TAKING_KEYS
        waits = waits and link.session.state is not State.DOWN and not self._newer(taking)
        if keys is None:
            self._world.log("keys", "error", link=link.name, cause=event.cause)
        elif waits:
            self._world.keyring.came(keys)
        else:  # the host may have them, and the connection over which they came is gone
            self._world.keyring.offered(keys)
        if not waits:
            return
        if taking.asked is not None:
            here = acknowledged(link.acquirer.protection.exchange, event.check_values) if keys is not None else None
            self._answer(link, taking.asked, "A7" if keys is None else "00", here)
        elif keys is not None:
            link.wrong_keys = 0
            self._happen(link, Happening.KEYS_KEPT)
        else:
            link.wrong_keys += 1
            again = link.wrong_keys < TRIES
            link.wrong_keys = link.wrong_keys if again else 0
            self._happen(link, Happening.KEYS_WRONG if again else Happening.REJECTED)

    def _newer(self, taking: Taking) -> bool:
        """Return whether the link has signed on once more since."""
        return taking.asked is None and any(
            each.link is taking.link and each.asked is None for each in self.pending.values()
        )
