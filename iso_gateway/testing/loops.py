"""How a coroutine of a test waits for another thread, in asyncio and in trio, with neither of them loaded for it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import trio

if TYPE_CHECKING:
    import asyncio  # noqa: TID251 -- see `_in_asyncio`

Over = Callable[[Any], object]
"""What is called, from any thread, when the wait is over."""

_NO_LOOP: Final = "await works in coroutines of asyncio and trio; elsewhere use result()"


async def wait_in(tell: Callable[[Over], object]) -> None:
    """Wait until what *tell* was given is called; the event loop of the caller goes on meanwhile.

    Raises:
        RuntimeError: the caller is a coroutine of neither asyncio nor trio.
    """
    if _in_trio():
        over = trio.Event()
        token = trio.lowlevel.current_trio_token()

        def wake(_outcome: object) -> None:
            with suppress(trio.RunFinishedError):  # the test has ended, and waits no more
                token.run_sync_soon(over.set)

        tell(wake)
        await over.wait()
        return
    loop = _asyncio_loop()
    if loop is None:
        raise RuntimeError(_NO_LOOP)
    waiting: asyncio.Future[None] = loop.create_future()

    def finish() -> None:
        if not waiting.done():
            waiting.set_result(None)

    def wake_loop(_outcome: object) -> None:
        with suppress(RuntimeError):  # the loop is closed: the test has ended
            loop.call_soon_threadsafe(finish)

    tell(wake_loop)
    await waiting


def _in_trio() -> bool:
    try:
        trio.lowlevel.current_task()
    except RuntimeError:
        return False
    return True


def _asyncio_loop() -> asyncio.AbstractEventLoop | None:
    """Return the running loop of the test, or None; where nobody has imported asyncio, there is none."""
    module = sys.modules.get("asyncio")
    try:
        return None if module is None else module.get_running_loop()
    except RuntimeError:
        return None
