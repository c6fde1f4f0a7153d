"""The security module of a running gateway, and all that is asked of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import trio

from iso_gateway.errors import AdminError, ModuleFailed, Problem
from iso_gateway.gateway.alarms import Alarms, Tell
from iso_gateway.gateway.exchanging import Exchanging
from iso_gateway.gateway.guard import Guard
from iso_gateway.gateway.keyring import Keyring
from iso_gateway.gateway.protecting import SEAL
from iso_gateway.gateway.storing import check_key
from iso_gateway.hsm.client import TIMEOUT, InProcess, gone
from iso_gateway.protocol import events
from iso_gateway.security import commands as asked
from iso_gateway.security.seal import CHECKED

if TYPE_CHECKING:
    from datetime import datetime

    from iso_gateway.gateway.config import Config
    from iso_gateway.hsm.client import Done, ModuleClient
    from iso_gateway.protocol.setup import Setup
    from iso_gateway.security.commands import Batch, Command, Health, Result, Results
    from iso_gateway.security.keys import KeyInfo
    from iso_gateway.store.journal import JournalStore

SLOW: Final = 30.0
"""Seconds for what no transaction waits for: to read a key store of 100,000 keys."""
SHOWN: Final = 200
"""Keys that a status shows; ``iso-gateway keys list`` shows all."""


class AtOnce:
    """A module whose answer is there before the call returns: the node handles it right behind what it handles now."""

    def __init__(self, carry_out: Callable[[Batch], Results]) -> None:
        self._carry_out = carry_out

    def submit(self, batch: Batch, done: Done, timeout: float = TIMEOUT) -> None:
        """Carry *batch* out, and tell *done*."""
        del timeout
        done(self._carry_out(batch))


def submitting(module: ModuleClient | None) -> AtOnce | ModuleClient:
    """Return what takes the batches for *module*; where there is none, nothing is verified, and so nothing goes on."""
    if module is None:
        return AtOnce(gone)
    return AtOnce(module.at_once) if isinstance(module, InProcess) else module


class Securing:
    """The module, the keys that it told of, and who asks it."""

    def __init__(
        self,
        module: ModuleClient | None,
        setup: Setup,
        feed: Callable[[events.Event], None],
        tell: Tell,
        now: Callable[[], float],
    ) -> None:
        """Use *module*; None: there are no keys."""
        self.module = module
        self.keyring = Keyring()
        self.alarms = Alarms(tell, now)
        self._tell = tell
        self._health: Health | None = None
        self._submitting = submitting(module)
        self._setup = setup
        self.guard = Guard(self._submitting, self.keyring, feed, self.alarms, setup)
        self.exchanging = Exchanging(self._submitting, self.keyring, feed, self.alarms.trouble, setup)

    def go_by(self, setup: Setup) -> None:
        """Know the legs of *setup*."""
        self._setup = setup
        self.guard.go_by(setup)
        self.exchanging.go_by(setup)

    async def start(self, nursery: trio.Nursery) -> None:
        """Start the module.

        Raises:
            ModuleFailed: it cannot be started.
        """
        if self.module is None:
            return
        self._health = await nursery.start(self.module.run)
        if isinstance(self.module, InProcess) and self._health.notice:
            self._tell("security module", {"cause": self._health.notice})

    async def learn(self, *, again: bool = False) -> tuple[KeyInfo, ...]:
        """Return all keys that the module has, known from now on; *again*: it reads the key store first.

        Raises:
            ModuleFailed: it does not tell.
        """
        if self.module is None:
            return ()
        batch: Batch = (asked.Reread(), asked.ListKeys()) if again else (asked.ListKeys(),)
        results = await self._answers(batch)
        for result in results:
            if isinstance(result, asked.Refused):
                raise ModuleFailed(f"the key store cannot be read: {result.reason or result.fault}")
            if isinstance(result, asked.Health):
                self._health = result
        (listed,) = (result for result in results if isinstance(result, asked.Listed))
        self.keyring.replace(listed.keys)
        return listed.keys

    def known(self) -> events.KeysKnown:
        """Return what the node is told of the keys."""
        return events.KeysKnown(self.keyring.known())

    async def ask(self, command: Command) -> Result:
        """Return what the module answers to *command* alone."""
        (result,) = await self._answers((command,))
        return result

    async def _answers(self, batch: Batch) -> asked.Results:
        answered: list[asked.Results] = []
        done = trio.Event()

        def take(results: asked.Results) -> None:
            answered.append(results)
            done.set()

        self._submitting.submit(batch, take, SLOW)
        await done.wait()
        return answered[0]

    async def check_seal(self, config: Config, journal: JournalStore) -> None:
        """Make sure that the module has the key with which *journal* was begun.

        Raises:
            ConfigError: it has another, or none.
        """
        result = await self.ask(asked.Fingerprint(CHECKED))
        if isinstance(result, asked.Refused):
            raise config.wrong([Problem("journal.seal", f"the security module cannot use {SEAL}: {result.fault}")])
        if isinstance(result, asked.Fingerprinted):
            check_key(config, journal, result.hash)

    async def fingerprint(self, data: bytes) -> bytes:
        """Return the keyed hash by which the journal compares, where its key is the module's.

        Raises:
            AdminError: the module does not answer.
        """
        result = await self.ask(asked.Fingerprint(data))
        if isinstance(result, asked.Fingerprinted):
            return result.hash
        raise AdminError("the security module does not answer; it is started again, so try once more")

    def status(self, wall: datetime) -> Mapping[str, Any] | None:
        """Return how module, keys and legs stand, for people and scripts; None where there are no keys."""
        health = self._health
        if self.module is None or health is None:
            return None
        return {
            "module": health.kind,
            "notice": health.notice,
            "store_version": health.store_version,
            "keys": {
                str(info.ref): {
                    "usage": str(info.usage),
                    "state": str(info.state),
                    "check_value": info.check_value,
                    "age_hours": round((wall - info.since).total_seconds() / 3600, 1),
                    "test": info.test,
                }
                for info in self.keyring.all()[:SHOWN]
            },
            "keys_in_all": len(self.keyring.all()),
            "legs": {name: self.alarms.of(name) for name, leg in self._setup.legs.items() if leg.keyed},
        }
