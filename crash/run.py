"""Kills a gateway under load again and again, and compares three ledgers afterwards.

    python crash/run.py [--kills 20] [--terminals 12] [--seed 7] [--keep FOLDER]

A mock host, the gateway with its journal, and terminals run on loopback. The gateway is killed (SIGKILL) at random
moments, mostly under load, sometimes while it starts, and is started again on the same journal. In the end the
terminals finish what they have begun, the gateway settles what it owes, and the receipts, the journal and the host's
books are compared by transaction (``compare.py``).

The last line is JSON: kills, sales, lost, doubled, owed. The exit code is 1 where anything is lost or doubled, where
there were fewer kills than asked for, or fewer than 20 sales for each.
"""

from __future__ import annotations

import argparse
import json
import random  # noqa: TID251 -- seeded, so that a run can be tried again
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec
import trio

from crash.compare import Verdict, compare
from crash.gateway import Gateway, GatewayError
from crash.journal import rows_of
from crash.terminal import Terminal
from iso_gateway.admin.client import ask
from iso_gateway.protocol.kinds import Kind

HERE: Final = Path(__file__).resolve().parent
SALES_PER_KILL: Final = 20
STARTING: Final = 0.15
"""The share of kills that hit a gateway which is starting."""
PATIENCE: Final = 90.0
"""Seconds for the terminals to finish, and for debts to be settled."""
TOLD: Final = 20
"""Differences that are printed."""


@contextmanager
def host_at(folder: Path, seed: int) -> Iterator[int]:
    """Run the mock host; give its port."""
    command = [sys.executable, str(HERE / "host.py"), str(folder), "--seed", str(seed)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline())
        finally:
            process.terminate()


class Outcome(msgspec.Struct, frozen=True):
    """How a run ended."""

    kills: int
    sales: int
    """Sales that were made to an end: on a receipt, declined, or reversed."""
    verdict: Verdict

    def line(self) -> str:
        """Return it as the last line."""
        verdict = self.verdict
        counts = {"lost": len(verdict.lost), "doubled": len(verdict.doubled), "owed": len(verdict.owed)}
        return json.dumps({"kills": self.kills, "sales": self.sales, **counts})

    def fine(self, kills: int) -> bool:
        """Return whether this is what was asked for."""
        return self.verdict.holds and self.kills >= kills and self.sales >= SALES_PER_KILL * kills


async def crash(folder: Path, kills: int, terminals: int, seed: int) -> Outcome:
    """Run and kill a gateway; return what the ledgers say.

    Raises:
        GatewayError: it did not start, ended by itself, or did not settle what it owes.
    """
    dice = random.Random(seed)
    with host_at(folder, seed) as host:
        gateway = Gateway(folder, host, terminals)
        fleet = [Terminal(number + 1, gateway.port, random.Random(dice.random())) for number in range(terminals)]
        closing = trio.Event()
        try:
            gateway.start()
            await gateway.ready()
            with trio.move_on_after(PATIENCE + 10.0 * kills) as patience:
                async with trio.open_nursery() as shops:
                    for terminal in fleet:
                        shops.start_soon(terminal.work, closing)
                    done = await kill_often(gateway, kills, dice)
                    while sum(each.sales for each in fleet) < SALES_PER_KILL * kills:  # noqa: ASYNC110 -- seldom
                        await trio.sleep(0.1)
                    closing.set()
            if patience.cancelled_caught:
                raise GatewayError(f"the terminals could not finish:\n{gateway.tail()}")
            await settled(gateway)
            await gateway.stop()
        finally:
            if gateway.alive():
                gateway.kill()
        booked = (await ask(folder / "host.sock", "ledger"))["transactions"]
    slips = [slip for terminal in fleet for slip in terminal.slips]
    sales = sum(slip.kind is Kind.SALE for slip in slips)
    return Outcome(done, sales, compare(slips, rows_of(gateway.journal), booked))


async def kill_often(gateway: Gateway, kills: int, dice: random.Random) -> int:
    """Kill the *gateway* at random moments and start it again; return how often."""
    for _ in range(kills):
        if dice.random() < STARTING:
            await trio.sleep(dice.uniform(0.05, 1.5))
        else:
            await gateway.ready()
            await trio.sleep(dice.uniform(0.05, 1.2))
        gateway.kill()
        gateway.start()
    await gateway.ready()
    return kills


async def settled(gateway: Gateway) -> None:
    """Wait until nothing is in flight and nothing owed that an operator need not look at.

    Raises:
        GatewayError: that takes too long.
    """
    said = {}
    with trio.move_on_after(PATIENCE):
        while True:
            said = await gateway.status()
            if said and not said["in_flight"] and not said["owed"]:
                return
            await trio.sleep(0.1)
    raise GatewayError(f"not settled: {said}\n{gateway.tail()}")


def main() -> None:
    """Run, tell, and end with 1 where anything is not as it must be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--terminals", type=int, default=12)
    parser.add_argument("--seed", type=int, default=7, help="of the moments and of what is bought")
    parser.add_argument("--keep", type=Path, help="a folder for configuration, journal and log, which is kept")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="iso-gateway-crash-") as scratch:
        folder = given.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        try:
            outcome = trio.run(crash, folder, given.kills, given.terminals, given.seed)
        except GatewayError as error:
            sys.exit(f"crash/run.py: {error}")
    for where, found in msgspec.structs.asdict(outcome.verdict).items():
        for said in found[:TOLD]:
            print(f"{where}: {said}")
    print(outcome.line())
    if not outcome.fine(given.kills):
        sys.exit(1)


if __name__ == "__main__":
    main()
