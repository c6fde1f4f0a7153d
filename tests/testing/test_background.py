"""Trio on a thread of its own: its outcomes come back, its failures too, and it ends."""

from __future__ import annotations

import pytest
import trio
import trio.lowlevel

from iso_gateway.testing.background import Background


@pytest.fixture
def background() -> Background:
    return Background()


def test_what_it_is_asked_comes_back(background: Background) -> None:
    assert background.call(divmod, 17, 5) == (3, 2)
    with pytest.raises(ZeroDivisionError):
        background.call(divmod, 17, 0)
    background.stop()


def test_what_runs_there_comes_back(background: Background) -> None:
    async def slow(answer: int) -> int:
        await trio.lowlevel.checkpoint()
        return 84 // answer

    assert background.begin(lambda: slow(2)).result(5) == 42
    with pytest.raises(ZeroDivisionError):
        background.begin(lambda: slow(0)).result(5)
    background.stop()


def test_what_is_under_way_ends_with_it(background: Background) -> None:
    pending = background.begin(trio.sleep_forever)
    with pytest.raises(TimeoutError):
        pending.result(0.001)
    background.stop()
    assert pending.done
    with pytest.raises(RuntimeError, match="the fixture ended while this was under way"):
        pending.result(5)
    with pytest.raises(RuntimeError, match="the fixture has ended"):
        background.call(print)


def test_what_goes_wrong_there_is_told_in_the_end(background: Background) -> None:
    async def broken(*, task_status: trio.TaskStatus[str]) -> None:
        task_status.started("ready")
        await trio.lowlevel.checkpoint()
        raise ValueError("a bug")

    assert background.keep(broken).result(5) == "ready"
    with pytest.raises(ExceptionGroup) as caught:
        background.stop()
    assert caught.group_contains(ValueError, match="a bug")
    with pytest.raises(RuntimeError, match="the fixture has failed"):
        background.call(print)


def test_await_is_for_coroutines_of_asyncio_and_trio(background: Background) -> None:
    waiting = background.begin(trio.lowlevel.checkpoint).__await__()
    with pytest.raises(RuntimeError, match="elsewhere use result"):
        next(waiting)
    background.stop()
