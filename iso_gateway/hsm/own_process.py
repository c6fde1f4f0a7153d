"""A security module in a process of its own, and its restart where it dies or hangs.

What comes from outside is parsed in this process; keys are in the other. A batch costs a write and a read, shared with
all that is submitted in the same breath.
"""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import trio

from iso_gateway.errors import ModuleFailed
from iso_gateway.hsm.client import TIMEOUT, Done, Say, gone, say_loudly
from iso_gateway.hsm.line import Line
from iso_gateway.net.poller import the_poller
from iso_gateway.security.commands import Batch, Health

START_TIMEOUT: Final = 30.0
"""Seconds from a start to the first word: a passphrase takes a second, a large store some more."""
HANGING: Final = 3.0
"""Seconds without any answer while one is awaited, after which a module is taken for dead."""
FIRST_PAUSE: Final = 0.05
LONGEST_PAUSE: Final = 5.0
SOUND_AFTER: Final = 10.0
"""Seconds after which a module that ends had worked: the next start follows at once again."""

GRACE: Final = 1.5
"""Seconds that both processes have to end by themselves."""

_PACKAGES: Final = Path(__file__).parents[2]
"""The folder that this package is in: all that the other process needs of our environment."""


class OwnProcess:
    """The client of a module in its own process (`ModuleClient`)."""

    def __init__(
        self,
        command: Sequence[str],
        secret: Callable[[], int] | None = None,
        *,
        say: Say = say_loudly,
        hanging: float = HANGING,
        start_timeout: float = START_TIMEOUT,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Start nothing yet.

        Args:
            command: what is started, with ``--control N`` and, where there is a secret, ``--secret N`` behind it.
            secret: opens a file descriptor from which the module reads what unlocks its keys. Asked for again only
                where both processes of the module are gone.
            say: told once what the module has to say of itself, and each time that it fails and works again.
            hanging: seconds without any answer, while one is awaited, that a module may have; where the batch that
                is awaited was given longer, that long.
            start_timeout: seconds that it may take to start.
            environment: what of our environment it is to have; there is no secret in it.
        """
        self._command = command
        self._secret = secret
        self._say = say
        self._hanging = hanging
        self._start_timeout = start_timeout
        self._environment = {"PYTHONPATH": str(_PACKAGES), "LANG": "C.UTF-8"} | dict(environment or {})
        self._poller = the_poller()
        self._line: Line | None = None
        """To the worker that is ready."""
        self._keeper: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._closed = trio.Event()

    @property
    def worker(self) -> int | None:
        """The process that carries out batches now."""
        return self._line.pid if self._line is not None else None

    def submit(self, batch: Batch, done: Done, timeout: float = TIMEOUT) -> None:
        """Have *batch* carried out; *done* is told within *timeout* seconds and a quarter of one."""
        if self._line is None:
            self._poller.put_off(partial(done, gone(batch)))
        else:
            self._line.submit(batch, done, timeout)

    async def run(self, *, task_status: trio.TaskStatus[Health] = trio.TASK_STATUS_IGNORED) -> None:
        """Start the module, tell that it is ready, and start it again whenever it ends, until `close`.

        Raises:
            ModuleFailed: the first start failed.
        """
        try:
            health = await self._begin()
            if health.notice:
                self._say(health.notice)
            task_status.started(health)
            pause = FIRST_PAUSE
            while not self._closed.is_set():
                began = trio.current_time()
                await self._over()
                if self._closed.is_set():
                    break
                pause = FIRST_PAUSE if trio.current_time() - began > SOUND_AFTER else pause
                pause = await self._begin_again(pause)
        finally:
            await self._let_end()

    def close(self) -> None:
        """End the module; what is open is answered GONE, and so is whatever comes."""
        self._closed.set()
        if (line := self._line) is not None:
            self._line = None
            self._poller.put_off(partial(line.end, "closed"))

    async def _over(self) -> None:
        """Wait until the module fails, or is not wanted any more."""
        line = self._line
        if line is None:
            return
        await line.over.wait()
        if not self._closed.is_set():
            self._line = None
            self._say(f"the security module failed ({line.why}); it is started again, until then nothing is verified")

    async def _begin_again(self, pause: float) -> float:
        """Start the module after *pause* seconds; return the pause before the next time."""
        with trio.move_on_after(pause):
            await self._closed.wait()
            return pause
        try:
            await self._begin()
        except ModuleFailed as error:
            self._say(str(error))
        else:
            self._say("the security module works again")
        return min(2 * pause, LONGEST_PAUSE)

    async def _begin(self) -> Health:
        """Have a worker started, and wait for its first word.

        Raises:
            ModuleFailed: it has none, or says that it cannot start.
        """
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                self._ask_for_worker(theirs)
            except OSError as error:
                ours.close()
                self._end()
                why = "it ended" if isinstance(error, ConnectionError) else error.strerror
                raise ModuleFailed(f"the security module cannot be started: {why}") from None
        line = Line(ours, hanging=self._hanging)
        try:
            with trio.move_on_after(self._start_timeout):
                await line.started.wait()
        except trio.Cancelled:
            line.end("closed")
            raise
        if line.health is None:
            why = line.why or f"no word of it within {self._start_timeout:g} s"
            line.end(why)
            self._end()
            raise ModuleFailed(f"the security module cannot be started: {why}")
        if self._closed.is_set():
            line.end("closed")
        else:
            self._line = line
        return line.health

    def _ask_for_worker(self, theirs: socket.socket) -> None:
        if self._keeper is not None and self._keeper.poll() is not None:
            self._end()
        if self._control is None:
            self._control = self._start()
        socket.send_fds(self._control, [b"w"], [theirs.fileno()])

    def _start(self) -> socket.socket:
        """Start the keeper; return the socket over which it is given others."""
        ours, theirs = socket.socketpair()
        secret = None
        try:
            command = [*self._command, "--control", str(theirs.fileno())]
            descriptors = [theirs.fileno()]
            if self._secret is not None:
                secret = self._secret()
                descriptors.append(secret)
                command += ["--secret", str(secret)]
            self._keeper = subprocess.Popen(  # noqa: S603 -- our own module, by its name
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=descriptors,
                env=self._environment,
                cwd="/",
                start_new_session=True,
            )
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
            if secret is not None:
                os.close(secret)
        return ours

    async def _let_end(self) -> None:
        """End both processes, after a moment in which they may wipe their keys."""
        self._hang_up()
        with trio.move_on_after(GRACE, shield=True):
            while self._keeper is not None and self._keeper.poll() is None:  # noqa: ASYNC110 -- nothing rings at a process's end
                await trio.sleep(0.005)
        self._end()

    def _end(self) -> None:
        """End both processes at once, hanging or not; the system ends the worker with the keeper."""
        self._hang_up()
        if self._keeper is not None:
            self._keeper.kill()
            self._keeper.wait()
            self._keeper = None

    def _hang_up(self) -> None:
        if self._line is not None:
            self._line.end("closed")
            self._line = None
        if self._control is not None:
            self._control.close()
            self._control = None
