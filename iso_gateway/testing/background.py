"""Trio on a thread of its own, for as long as a test: whatever the test itself runs on, the host answers.

Rule 1: only the thread of trio touches what runs there. `call` and `begin` hand it work and give the outcome back.
Rule 2: what goes wrong there reaches the test: `stop` raises it, and nobody waits for what will never come.
"""

from __future__ import annotations

import threading  # noqa: TID251 -- a test may be synchronous, or have an event loop of its own that must not wait for us
from collections.abc import Awaitable, Callable, Generator
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from functools import partial
from typing import Any, Final, Generic, ParamSpec, TypeVar

import trio

from iso_gateway.testing.loops import wait_in

PATIENCE: Final = 10.0
"""Seconds that the thread may take to begin, to do what it is asked at once, or to end."""

Given = ParamSpec("Given")
Outcome = TypeVar("Outcome")


class Pending(Generic[Outcome]):
    """What is under way on the other thread: `result` waits for it, and so does ``await``, in asyncio and trio."""

    def __init__(self, future: Future[Outcome]) -> None:
        self._future = future

    def __repr__(self) -> str:
        return f"<Pending {'done' if self._future.done() else 'under way'}>"

    @property
    def done(self) -> bool:
        """Whether it is over."""
        return self._future.done()

    def result(self, timeout: float | None = None) -> Outcome:
        """Wait, at most *timeout* seconds, and return what came of it. In a coroutine use ``await``.

        Raises:
            TimeoutError: it is not over.
            RuntimeError: the fixture has ended meanwhile.
        """
        try:
            return self._future.result(timeout)
        except CancelledError:
            raise RuntimeError("the fixture ended while this was under way") from None

    def __await__(self) -> Generator[Any, Any, Outcome]:
        yield from wait_in(self._future.add_done_callback).__await__()
        return self.result(0)


class Background:
    """One run of trio on its own thread, in which fixtures keep their tasks."""

    def __init__(self) -> None:
        """Begin; returns when trio runs.

        Raises:
            RuntimeError: it does not.
        """
        self._failed: BaseException | None = None
        self._running: Future[tuple[trio.lowlevel.TrioToken, trio.Nursery]] = Future()
        self._thread = threading.Thread(target=self._main, name="iso-gateway testing", daemon=True)
        self._thread.start()
        self._token, self._nursery = self._running.result(PATIENCE)
        self._under_way: set[Future[Any]] = set()

    def call(self, work: Callable[Given, Outcome], *args: Given.args, **kwargs: Given.kwargs) -> Outcome:
        """Have *work*, which does not wait, done there, and return what it returns.

        Raises:
            RuntimeError: trio has ended there.
        """
        done: Future[Outcome] = Future()

        def do() -> None:
            try:
                done.set_result(work(*args, **kwargs))
            except BaseException as error:  # noqa: BLE001 -- it belongs to the one who asked
                done.set_exception(error)

        self._hand_over(do)
        return done.result(PATIENCE)

    def begin(self, work: Callable[[], Awaitable[Outcome]]) -> Pending[Outcome]:
        """Have the coroutine function *work* run there as a task.

        Raises:
            RuntimeError: trio has ended there.
        """
        done: Future[Outcome] = Future()
        self._under_way.add(done)
        done.add_done_callback(self._under_way.discard)

        async def run() -> None:
            try:
                outcome = await work()
            except trio.Cancelled:
                done.cancel()
                raise
            except Exception as error:  # noqa: BLE001 -- it belongs to the one who asked
                done.set_exception(error)
            else:
                done.set_result(outcome)

        self._hand_over(lambda: self._nursery.start_soon(run))
        return Pending(done)

    def keep(self, work: Callable[..., Awaitable[Any]], *args: Any) -> Pending[Any]:
        """Have *work* run there until the fixture ends; it is over when *work* says ``task_status.started``."""
        return self.begin(partial(self._nursery.start, work, *args))

    def stop(self) -> None:
        """End all that runs there.

        Raises:
            BaseException: what a task there raised.
            RuntimeError: it does not end.
        """
        with suppress(trio.RunFinishedError):
            self._token.run_sync_soon(self._nursery.cancel_scope.cancel)
        self._thread.join(PATIENCE)
        for future in list(self._under_way):
            future.cancel()
        if self._failed is not None:
            raise self._failed
        if self._thread.is_alive():
            raise RuntimeError(f"a task of the fixture did not end within {PATIENCE:g} s")

    def _hand_over(self, work: Callable[[], object]) -> None:
        if self._failed is not None:
            raise RuntimeError("the fixture has failed, so it does nothing more") from self._failed
        try:
            self._token.run_sync_soon(work)
        except trio.RunFinishedError:
            raise RuntimeError("the fixture has ended") from None

    def _main(self) -> None:
        try:
            trio.run(self._keep_running)
        except BaseException as error:  # noqa: BLE001 -- raised again by `stop`, in the test's own thread
            self._failed = error
            if not self._running.done():
                self._running.set_exception(error)

    async def _keep_running(self) -> None:
        async with trio.open_nursery() as nursery:
            self._running.set_result((trio.lowlevel.current_trio_token(), nursery))
            await trio.sleep_forever()
