"""The back office of a running gateway: its questions as verbs of the admin socket; acts are `operating`'s."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import trio
from msgspec.structs import replace

from iso_gateway.net import clock
from iso_gateway.office.verbs import READS, Reading
from iso_gateway.office.views import Live, Now
from iso_gateway.protocol.debts import DebtState

if TYPE_CHECKING:
    from iso_gateway.gateway.app import Gateway
    from iso_gateway.store.journal import JournalStore

OVER: Final = frozenset({DebtState.SETTLED, DebtState.STUCK})


class Office:
    """Answers the back office from a gateway's journal and its node."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def verbs(self) -> dict[str, Any]:
        """Return what the admin socket understands of this."""
        return {verb: self._reader(verb) for verb in READS}

    def _reader(self, verb: str) -> Callable[[dict[str, Any]], Any]:
        async def read(arguments: dict[str, Any]) -> Mapping[str, Any]:
            reading = self._reading(await self._fingerprint(arguments))
            said: Mapping[str, Any] = await self._in_peace(READS[verb], reading, self._now(), arguments)
            return said

        return read

    async def _in_peace(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call *function* where it holds up nobody: a journal on disk is read in a thread."""
        if self._gateway.journaling.store.blocking:
            return await trio.to_thread.run_sync(function, *arguments)
        return function(*arguments)

    async def _fingerprint(self, arguments: Mapping[str, Any]) -> Callable[[bytes], bytes]:
        """Return what hashes the card that is asked for; where the security module does that, it has done so."""
        if not self._gateway.config.setup.sealing:
            return self._gateway.node.world.lent.fingerprint
        hashed = b""
        if pan := arguments.get("pan"):
            hashed = await self._gateway.securing.fingerprint(str(pan).encode())
        return lambda _pan: hashed

    def _reading(self, fingerprint: Callable[[bytes], bytes]) -> Reading:
        return reading(self._gateway.journaling.store, fingerprint)

    def _now(self) -> Now:
        """Return the moment, with every debt as it stands."""
        now = clock.now()
        node = self._gateway.node
        live = {}
        for debt in node.owing.debts.values():
            if debt.filed or debt.state in OVER:
                continue
            due = debt.deadline - now.mono if debt.deadline is not None else None
            up = node.links.pick(debt.leg.acquirer) is not None
            live[debt.row.id] = Live(debt.state, due, up, replace(debt.row, attempts=debt.attempts))
        return Now(now.wall, live)


def reading(store: JournalStore, fingerprint: Callable[[bytes], bytes]) -> Reading:
    """Return *store* as the back office reads it."""
    return Reading(store.get, store.search, store.in_states, store.audits, fingerprint, store.batches)
