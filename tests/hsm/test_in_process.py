"""A module in the gateway's own process: answers come once, later, in order, and GONE after the end."""

from __future__ import annotations

import trio
from trio.testing import wait_all_tasks_blocked

from iso_gateway.hsm.client import InProcess
from iso_gateway.security.commands import (
    AskHealth,
    Batch,
    Command,
    Fault,
    Fingerprint,
    Fingerprinted,
    Health,
    Refused,
    Result,
    Results,
)


class Echo:
    """A module that gives back what it is asked to hash."""

    def carry_out(self, batch: Batch) -> Results:
        return tuple(map(self._one, batch))

    def _one(self, command: Command) -> Result:
        match command:
            case Fingerprint(data):
                return Fingerprinted(data)
            case AskHealth():
                return Health("echo", 0, 0, 0)
            case _:
                return Refused(Fault.MALFORMED)


async def test_it_answers_in_order_and_never_from_inside() -> None:
    client = InProcess(Echo())
    answers: list[Results] = []
    async with trio.open_nursery() as nursery:
        health = await nursery.start(client.run)
        assert health.kind == "echo"
        client.submit((Fingerprint(b"one"), Fingerprint(b"two")), answers.append)
        client.submit((Fingerprint(b"three"),), answers.append)
        assert answers == []
        await wait_all_tasks_blocked()
        assert answers == [(Fingerprinted(b"one"), Fingerprinted(b"two")), (Fingerprinted(b"three"),)]
        client.close()


async def test_after_the_end_everything_is_gone() -> None:
    client = InProcess(Echo())
    answers: list[Results] = []
    client.submit((Fingerprint(b"one"), Fingerprint(b"two")), answers.append)
    client.close()
    await wait_all_tasks_blocked()
    assert answers == [(Refused(Fault.GONE), Refused(Fault.GONE))]
