"""The gateway's side of a security module: batches go in, each is answered once, and nothing here waits.

    module.submit(batch, done, timeout)     # done(results) comes later, in a breath of the poller

Rule 1: every batch gets exactly one answer, with as many results as it has commands, never from inside `submit`.
Rule 2: what cannot be carried out is `Refused` with `Fault.GONE`, at once: a module that is not there verifies nothing
and translates nothing, and the gateway's own deadlines never wait for one that died.
Rule 3: answers come in the order of the batches, but for those whose time was up before.

`InProcess` is the module in this process, `OwnProcess` (``own_process.py``) one behind a socket. Other modules stand
behind the same three methods. A host module on TCP (payShield and its like) takes one message for each command: an
adapter cuts a batch into messages, numbers them in the message header, which comes back with the answer, sends all of
a breath in one write over one of its connections, and answers the batch when the last of its numbers is back; a
connection that ends answers what was open on it with GONE. A token (PKCS#11) blocks: one worker thread owns the token
and its session, takes batches from a queue, carries them out in order (`SecurityModule.carry_out`), and rings a bell
(`net.poller.Bell`) for each answer.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Final, Protocol

import trio

from iso_gateway.errors import ModuleFailed
from iso_gateway.net.poller import the_poller
from iso_gateway.security.commands import AskHealth, Batch, Fault, Health, Refused, Results, SecurityModule

Done = Callable[[Results], None]
Say = Callable[[str], None]

TIMEOUT: Final = 2.0
"""Seconds that a batch may take, where its caller says nothing else: a thousand times what it takes."""


def say_loudly(text: str) -> None:
    """Write *text* to standard error."""
    sys.stderr.write(f"{text}\n")


class ModuleClient(Protocol):
    """A security module as the gateway sees it."""

    def submit(self, batch: Batch, done: Done, timeout: float = TIMEOUT) -> None:
        """Have *batch* carried out; *done*, which must not raise, is called once, within *timeout* seconds."""

    async def run(self, *, task_status: trio.TaskStatus[Health] = trio.TASK_STATUS_IGNORED) -> None:
        """Start the module, tell that it is ready, and keep it until `close`.

        Raises:
            ModuleFailed: it cannot be started; later failures are mended here.
        """

    def close(self) -> None:
        """End the module; what is open is answered GONE, and so is whatever comes."""


def gone(batch: Batch) -> Results:
    """Return what answers *batch* where no module does."""
    return (Refused(Fault.GONE),) * len(batch)


class InProcess:
    """A module in this process: no round trip, and keys in the memory of whoever talks to the network."""

    def __init__(self, module: SecurityModule, wipe: Callable[[], None] | None = None, say: Say | None = None) -> None:
        """Ask *module*; *wipe*, called at the end, wipes its keys; *say* is told once what it has to say of itself."""
        self._module = module
        self._carry_out = module.carry_out
        self._wipe = wipe
        self._say = say
        self._poller = the_poller()
        self._closed = trio.Event()

    def submit(self, batch: Batch, done: Done, timeout: float = TIMEOUT) -> None:
        """Carry *batch* out at the end of this breath; what is done at once is never late."""
        del timeout
        self._poller.put_off(lambda: done(self.at_once(batch)))

    def at_once(self, batch: Batch) -> Results:
        """Carry *batch* out now, for whoever does not mind to be answered before it goes on."""
        return self._carry_out(batch)

    async def run(self, *, task_status: trio.TaskStatus[Health] = trio.TASK_STATUS_IGNORED) -> None:
        """Run the known-answer tests, then wait for `close`.

        Raises:
            ModuleFailed: a test failed.
        """
        (health,) = self._module.carry_out((AskHealth(),))
        if not isinstance(health, Health):
            raise ModuleFailed(f"the security module does not work: {getattr(health, 'reason', '')}")
        if self._say is not None and health.notice:
            self._say(health.notice)
        task_status.started(health)
        await self._closed.wait()

    def close(self) -> None:
        """Answer GONE from now on, and wipe the keys."""
        if self._wipe is not None and not self._closed.is_set():
            self._wipe()
        self._carry_out = gone
        self._closed.set()
