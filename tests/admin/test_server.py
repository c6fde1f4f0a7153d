"""Asking a running process over its socket: what is answered, refused and survived."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import resource
import socket
import stat
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from iso_gateway.admin.client import ask, call
from iso_gateway.admin.lines import MAX_REQUEST
from iso_gateway.admin.server import Verb, serve_admin
from iso_gateway.errors import AdminError, ConfigError, NoAnswer, NoConnection, Problem

PAN = "4111111111111111"


def status(_: dict[str, Any]) -> Mapping[str, Any]:
    return {"links": 2}


async def drain(arguments: dict[str, Any]) -> Mapping[str, Any]:
    await trio.lowlevel.checkpoint()
    return {"waited": arguments.get("seconds", 0)}


def reload(_: dict[str, Any]) -> Mapping[str, Any]:
    raise ConfigError([Problem("acquirer.0", "no address", 7)], "gateway.toml")


def buggy(_: dict[str, Any]) -> Mapping[str, Any]:
    raise KeyError(PAN)


def unspeakable(_: dict[str, Any]) -> Mapping[str, Any]:
    return {"object": object()}


async def silent(_: dict[str, Any]) -> Mapping[str, Any]:
    await trio.sleep_forever()
    raise AssertionError


VERBS: dict[str, Verb] = {
    "status": status,
    "drain": drain,
    "reload": reload,
    "buggy": buggy,
    "unspeakable": unspeakable,
    "silent": silent,
}


@asynccontextmanager
async def serving(path: Path, connections: int = 16) -> AsyncIterator[Path]:
    async with trio.open_nursery() as nursery:

        async def start(*, task_status: trio.TaskStatus[Path]) -> None:
            await serve_admin(path, VERBS, connections=connections, task_status=task_status)

        yield await nursery.start(start)
        nursery.cancel_scope.cancel()


async def says(stream: trio.SocketStream, line: bytes) -> Any:
    """Return the answer to *line* as JSON, None where there is none."""
    with trio.fail_after(5):
        await stream.send_all(line)
        said = b""
        while not said.endswith(b"\n"):
            data = await stream.receive_some()
            if not data:
                return None
            said += data
    return json.loads(said)


async def test_a_verb_is_answered(folder: Path) -> None:
    async with serving(folder / "run-1.sock") as path:
        assert await ask(path, "status") == {"links": 2}
        assert await ask(path, "drain", seconds=30) == {"waited": 30}


async def test_a_command_without_trio_is_answered_too(folder: Path) -> None:
    async with serving(folder / "run-1.sock") as path:
        assert await trio.to_thread.run_sync(lambda: call(path, "drain", seconds=30)) == {"waited": 30}


async def test_the_socket_is_its_users_alone_and_goes_with_its_process(folder: Path) -> None:
    before = os.umask(0)
    try:
        async with serving(folder / "run-1.sock") as path:
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            assert os.umask(0) == 0
        assert not path.exists()
    finally:
        os.umask(before)


async def test_a_socket_of_the_dead_is_replaced(folder: Path) -> None:
    path = folder / "run-1.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    async with serving(path):
        assert await ask(path, "status") == {"links": 2}


async def test_a_socket_of_the_living_is_refused_by_name(folder: Path) -> None:
    async with serving(folder / "run-1.sock") as path:
        with pytest.raises(ConfigError, match=r"run-1.sock is the socket of a process that is running"):
            await serve_admin(path, VERBS)
        assert await ask(path, "status") == {"links": 2}


async def test_a_socket_that_another_made_is_not_removed(folder: Path) -> None:
    async with serving(folder / "run-1.sock") as path:
        path.rename(folder / "moved")
        path.write_text("of another")
    assert path.exists()


async def test_a_folder_that_is_not_there_is_named(folder: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be made"):
        await serve_admin(folder / "missing" / "run-1.sock", VERBS)


async def test_a_refusal_is_told_in_the_words_of_the_process(folder: Path) -> None:
    async with serving(folder / "run-1.sock") as path:
        with pytest.raises(AdminError, match=r"gateway\.toml:7: acquirer\.0: no address"):
            await ask(path, "reload")
        with pytest.raises(AdminError, match=r"no verb 'statsu', did you mean 'status'\? \(known: buggy, drain"):
            await ask(path, "statsu")


@pytest.mark.parametrize("verb", ["buggy", "unspeakable"])
async def test_a_bug_in_a_verb_ends_nothing_and_leaks_nothing(
    verb: str, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(folder / "run-1.sock") as path:
        with caplog.at_level(logging.ERROR), pytest.raises(AdminError, match=f"{verb} failed with (Key|Type)Error"):
            await ask(path, verb)
        assert await ask(path, "status") == {"links": 2}
    assert f"admin verb {verb} failed" in caplog.text
    assert PAN not in caplog.text


async def test_a_bad_line_has_one_answer_and_the_next_is_fine(folder: Path) -> None:
    async with serving(folder / "run-1.sock") as path, await trio.open_unix_socket(path) as stream:
        assert "one line of JSON expected" in (await says(stream, b"hello\n"))["error"]
        assert "one line of JSON expected" in (await says(stream, b"[]\n"))["error"]
        assert await says(stream, b'\n{"verb":"status"}\n') == {"ok": {"links": 2}}


async def test_a_line_without_end_closes(folder: Path) -> None:
    async with serving(folder / "run-1.sock") as path, await trio.open_unix_socket(path) as stream:
        assert await says(stream, b"x" * (MAX_REQUEST + 1)) == {"error": f"a line of more than {MAX_REQUEST} bytes"}
        with contextlib.suppress(trio.BrokenResourceError):
            assert await says(stream, b'{"verb":"status"}\n') is None


async def test_too_many_clients_are_told(folder: Path) -> None:
    async with serving(folder / "run-1.sock", connections=1) as path:
        async with await trio.open_unix_socket(path) as first:
            assert await says(first, b'{"verb":"status"}\n') == {"ok": {"links": 2}}
            with pytest.raises(AdminError, match="more than 1 connections"):
                await ask(path, "status")
        await wait_all_tasks_blocked()
        assert await ask(path, "status") == {"links": 2}


async def test_no_room_for_a_connection_passes_without_a_word(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with serving(folder / "run-1.sock") as path:
        with trio.socket.socket(socket.AF_UNIX) as client:
            with no_room():
                await client.connect(str(path))
                with trio.move_on_after(0.05):
                    await client.recv(1)
            assert await says(trio.SocketStream(client), b'{"verb":"status"}\n') == {"ok": {"links": 2}}
    assert caplog.text == ""


@contextmanager
def no_room() -> Iterator[None]:
    """Leave this process without a file descriptor to open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest = os.dup(0)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest + 1, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        os.close(lowest)


async def test_a_silent_process_is_no_answer(folder: Path) -> None:
    async with serving(folder / "run-1.sock") as path:
        with pytest.raises(NoAnswer, match=r"no answer within 0.05 s"):
            await ask(path, "silent", patience=0.05)
        with pytest.raises(NoAnswer, match=r"no answer within 0.05 s"):
            await trio.to_thread.run_sync(lambda: call(path, "silent", patience=0.05))


async def test_nobody_there_is_no_connection(folder: Path) -> None:
    path = folder / "run-1.sock"
    with pytest.raises(NoConnection, match="no process listens there"):
        call(path, "status")
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    with pytest.raises(NoConnection, match="no process listens there"):
        await ask(path, "status")


async def test_a_process_that_ends_before_it_answers_is_no_connection(folder: Path) -> None:
    path = folder / "run-1.sock"
    failures: list[BaseException] = []

    async def wait_for_answer() -> None:
        try:
            await ask(path, "silent")
        except NoConnection as error:
            failures.append(error)

    async with trio.open_nursery() as nursery, serving(path):
        nursery.start_soon(wait_for_answer)
        await wait_all_tasks_blocked(0.01)
    assert [str(failure) for failure in failures] == [f"{path}: the process ended before it answered"]
