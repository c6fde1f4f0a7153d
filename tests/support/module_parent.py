"""A gateway's side of a module as a process whose memory can be searched: ``module_parent.py KIND PROCESS``.

It submits the batch in its standard input until that ends, and writes a line for each answer. What it is started with
names no key: where the module is a process of its own, none is ever in here.
"""

from __future__ import annotations

import sys

import msgspec
import trio

from iso_gateway.hsm.client import InProcess, ModuleClient
from iso_gateway.hsm.own_process import OwnProcess
from iso_gateway.security.commands import Batch, Results


def client(kind: str, process: str) -> ModuleClient:
    """Return the module of that *kind*; *process* is the path of the other process's script."""
    if kind == "own process":
        return OwnProcess([sys.executable, "-P", "-s", process, "keys"], say=lambda _: None)
    from tests.support.module_keys import predictable  # noqa: PLC0415 -- it brings keys along

    return InProcess(predictable())


async def main() -> None:
    ours = client(*sys.argv[1:])
    async with trio.open_nursery() as nursery:
        await nursery.start(ours.run)
        while line := await trio.to_thread.run_sync(sys.stdin.readline):
            batch = msgspec.json.decode(line, type=Batch)
            over = trio.Event()
            results: list[Results] = []

            def done(answer: Results, over: trio.Event = over, results: list[Results] = results) -> None:
                results.append(answer)
                over.set()

            ours.submit(batch, done)
            await over.wait()
            sys.stdout.write(msgspec.json.encode(results[0]).decode() + "\n")
            sys.stdout.flush()
        ours.close()


if __name__ == "__main__":
    trio.run(main)
