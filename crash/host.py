"""The mock host of the crash test: it takes its time with some answers, so that a gateway can die while it waits.

    python crash/host.py FOLDER [--seed 7] [--late 1.5]

Prints its port, and answers ``ledger`` on the admin socket FOLDER/host.sock, until it is ended.
"""

from __future__ import annotations

import argparse
import random  # noqa: TID251 -- seeded, so that a run can be tried again
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec
import trio

from iso_gateway.admin.server import serve_admin
from iso_gateway.faults.fault import NO_FAULT, Delay, Fault, Law
from iso_gateway.host.answers import Decision
from iso_gateway.host.server import HostServer
from iso_gateway.host.settings import HostSettings
from iso_gateway.net.address import Address
from iso_gateway.protocol.moment import Moment

Hear = Callable[..., Decision]
"""What takes the bytes of a message, the moment and the link's name."""

QUICK: Final = 0.6
"""The share of answers that are given at once."""
SLOW: Final = 0.03
"""The share of those that take nearly as long as the gateway waits, or longer."""
USUAL: Final = 0.06
"""Seconds that the others may take."""
RICH: Final = 10**11
"""What an account has, in minor units: nobody shall be declined for want of money."""


def hesitant(hear: Hear, dice: random.Random, late: float) -> Hear:
    """Return *hear* with answers that take a while, each its own: decided at once, and said later."""

    def heard(payload: bytes, moment: Moment, link: str = "") -> Decision:
        decision = hear(payload, moment, link)
        if decision.event != "transaction" or decision.fault != NO_FAULT or dice.random() < QUICK:
            return decision
        longest = late if dice.random() < SLOW else USUAL
        slow = Fault(delay=Delay(Law.FIXED, dice.uniform(0.001, longest)))
        return msgspec.structs.replace(decision, fault=slow)

    return heard


async def serve(folder: Path, seed: int, late: float) -> None:
    """Serve until ended."""
    server = HostServer.of(HostSettings(opening_balance=RICH, late_seconds=late))
    server.authorizer.hear = hesitant(server.authorizer.hear, random.Random(seed), late)  # type: ignore[method-assign]
    async with trio.open_nursery() as nursery:
        bound = await nursery.start(server.run, Address("127.0.0.1", 0))
        await nursery.start(serve_admin, folder / "host.sock", {"ledger": lambda _arguments: server.ledger()})
        print(bound.port, flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--late", type=float, default=1.5, help="seconds that a late answer takes")
    given = parser.parse_args()
    trio.run(serve, given.folder, given.seed, given.late)
