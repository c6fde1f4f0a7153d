"""A module in its own process: it answers in order, and its death, its silence or its lies are answered GONE at once.

These run on the real clock: the other process has no other.
"""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio
import trio.lowlevel

from iso_gateway.errors import ModuleFailed
from iso_gateway.hsm.own_process import OwnProcess
from iso_gateway.security.commands import Batch, Fault, Fingerprint, Fingerprinted, Health, Refused, Results
from tests.support.module_process import CLOSED_OFF, DIE, FAIL, LIE, SLEEP, STOP, command

GONE = (Refused(Fault.GONE),)


@asynccontextmanager
async def running(client: OwnProcess) -> AsyncIterator[Health]:
    """Run *client* until the end of the block."""
    async with trio.open_nursery() as nursery:
        yield await nursery.start(client.run)
        client.close()


async def asked(client: OwnProcess, *batches: Batch) -> list[Results]:
    """Submit *batches* together, and return their answers in the order in which they came."""
    answers: list[Results] = []
    over = trio.Event()

    def done(results: Results) -> None:
        answers.append(results)
        if len(answers) == len(batches):
            over.set()

    for batch in batches:
        client.submit(batch, done, 1.0)
    with trio.fail_after(20):
        await over.wait()
    return answers


async def again(client: OwnProcess) -> None:
    """Wait until the module carries out batches again."""
    with trio.fail_after(20):
        while await asked(client, (Fingerprint(b"there?"),)) == [GONE]:  # noqa: ASYNC110 -- a restart rings no bell
            await trio.sleep(0.01)


def is_there(pid: int | None) -> bool:
    return Path(f"/proc/{pid}").exists()


async def test_batches_in_one_breath_are_answered_in_their_order() -> None:
    told: list[str] = []
    client = OwnProcess(command("obedient"), say=told.append)
    batches = [tuple(Fingerprint(b"%d %d" % (each, at)) for at in range(each % 4)) for each in range(300)]
    async with running(client) as health:
        assert health.kind == "obedient"
        assert await asked(client, *batches) == [tuple(Fingerprinted(each.data) for each in batch) for batch in batches]
    assert [line for line in told if "NOT A REAL MODULE" in line] == told


@pytest.mark.parametrize(
    ("deed", "why"),
    [(DIE, "it ended"), (STOP, "no answer for 1 s"), (LIE, "an answer to something else")],
    ids=["dies", "hangs", "lies"],
)
async def test_one_that_fails_is_answered_for_and_started_again(deed: Fingerprint, why: str) -> None:
    told: list[str] = []
    client = OwnProcess(command("obedient"), say=told.append, hanging=0.3)
    async with running(client):
        first = client.worker
        one, failed, after = await asked(client, (Fingerprint(b"1"),), (Fingerprint(b"2"), deed), (Fingerprint(b"3"),))
        # What was carried out in the same write as the fatal one may be lost with it: never half of it, never a guess.
        assert one in {(Fingerprinted(b"1"),), GONE}
        assert failed == GONE * 2
        assert after == GONE
        assert await asked(client, (Fingerprint(b"now"),)) == [GONE]
        await again(client)
        assert client.worker != first
        assert not is_there(first)
    assert [line for line in told if why in line]
    assert told[-1] == "the security module works again"


async def test_a_bug_is_named_by_its_place_and_shows_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    client = OwnProcess(command("obedient"), say=lambda _: None)
    async with running(client):
        assert await asked(client, (FAIL,)) == [GONE]
        await again(client)
    said = capfd.readouterr().err
    assert "security module: RuntimeError at module_process.py:" in said
    assert "4761" not in said


async def test_one_that_was_given_time_may_take_it() -> None:
    client = OwnProcess(command("obedient"), say=lambda _: None, hanging=0.1)
    async with running(client):
        worker = client.worker
        assert await asked(client, (SLEEP,), (Fingerprint(b"next"),)) == [
            (Fingerprinted(b"sleep"),),
            (Fingerprinted(b"next"),),
        ]
        assert client.worker == worker


async def test_where_both_processes_are_gone_the_secret_is_asked_for_again() -> None:
    asked_for = 0

    def secret() -> int:
        nonlocal asked_for
        asked_for += 1
        return os.open("/dev/null", os.O_RDONLY)

    client = OwnProcess(command("asks"), secret, say=lambda _: None)
    async with running(client):
        assert client.worker is not None
        os.kill(client.worker, signal.SIGKILL)
        await trio.lowlevel.checkpoint()
        await again(client)
        assert asked_for == 1
        assert client._keeper is not None
        client._keeper.kill()
        client._keeper.wait()
        await again(client)
        assert asked_for == 2


async def test_a_batch_whose_time_is_up_is_answered_and_the_others_wait() -> None:
    client = OwnProcess(command("obedient"), say=lambda _: None)
    answers: list[Results] = []
    over = trio.Event()
    async with running(client):
        client.submit((SLEEP,), answers.append, 0.05)

        def done(results: Results) -> None:
            answers.append(results)
            over.set()

        client.submit((Fingerprint(b"patient"),), done, 5.0)
        with trio.fail_after(20):
            await over.wait()
    assert answers == [GONE, (Fingerprinted(b"patient"),)]


async def failure(client: OwnProcess) -> str:
    with pytest.raises(ExceptionGroup) as caught:
        async with running(client):
            pass
    (error,) = caught.value.exceptions
    assert isinstance(error, ModuleFailed)
    return str(error)


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        (command("wrong passphrase"), "the passphrase is not the one of this key store"),
        (["/nowhere/python"], "No such file"),
        (["/bin/false"], "it ended"),
        (command("silent"), "no word of it within 0.5 s"),
    ],
    ids=["wrong passphrase", "no program", "ends", "silent"],
)
async def test_one_that_cannot_start_says_why(kind: list[str], why: str) -> None:
    assert why in await failure(OwnProcess(kind, start_timeout=0.5 if kind[-1] == "silent" else 20.0))


async def test_neither_process_outlives_the_client() -> None:
    client = OwnProcess(command("obedient"), say=lambda _: None)
    async with running(client):
        worker, keeper = client.worker, client._keeper
        assert worker is not None
        assert keeper is not None
    assert keeper.returncode == 0
    assert not is_there(worker)


HARDENED = "core (0, 0) dumpable 0"


async def test_the_worker_leaves_no_core_and_nobody_may_read_its_memory() -> None:
    client = OwnProcess(command("obedient"), say=lambda _: None)
    async with running(client) as health:
        # Under a limit the system locks no memory, and the module says so.
        locked = "memory is not locked" not in health.notice
        said = f"locked {locked} {HARDENED}"
        assert await asked(client, (CLOSED_OFF,)) == [(Fingerprinted(said.encode()),)]


async def test_the_keeper_is_so_before_it_reads_the_secret() -> None:
    assert HARDENED in await failure(OwnProcess(command("tells")))
