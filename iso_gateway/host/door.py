"""Whether the host listens: not while a fault says that connections are refused. And when faults are over."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import trio

from iso_gateway.errors import ConfigError
from iso_gateway.faults.standing import InForce
from iso_gateway.net.address import Address

_AGAIN = 1.0
"""Seconds until the address is tried again that somebody else has taken meanwhile."""


class Door:
    """Where connections come in; shut, nobody listens there."""

    def __init__(self, faults: InForce, clock: Callable[[], float]) -> None:
        """Shut as *faults* say; *clock* gives monotonic seconds."""
        self._faults = faults
        self._clock = clock
        self._changed = trio.Event()
        self._open = trio.CancelScope()
        faults.on_change = self._change

    async def keep(
        self, listen: Callable[..., Awaitable[None]], address: Address, task_status: trio.TaskStatus[Address]
    ) -> None:
        """Have *listen* listen at *address* for ever, whenever the door is not shut.

        Raises:
            ConfigError: it cannot listen there the first time.
        """
        bound = _Bound(task_status)
        while True:
            with trio.CancelScope() as self._open:
                try:
                    await listen(address=bound.address or address, task_status=bound)
                except ConfigError:
                    if bound.address is None:
                        raise
                    await trio.sleep(_AGAIN)
            while self._shut:
                await self._changed.wait()

    async def watch(self) -> None:
        """End the faults whose time is over, and shut the door when they say so."""
        while True:
            changed, now = self._changed, self._clock()
            due = self._faults.expire(now)
            if self._shut:
                self._open.cancel()
            with trio.move_on_after(float("inf") if due is None else due - now):
                await changed.wait()

    @property
    def _shut(self) -> bool:
        return self._faults.refuses_connections(self._clock())

    def _change(self) -> None:
        self._changed.set()
        self._changed = trio.Event()


class _Bound:
    """Where it listened first, told once."""

    def __init__(self, task_status: trio.TaskStatus[Address]) -> None:
        self.address: Address | None = None
        self._task_status = task_status

    def started(self, address: Address) -> None:
        """Take in that it listens at *address*."""
        if self.address is None:
            self.address = address
            self._task_status.started(address)
