"""What a sale asks of the security module, inside of the gateway's process and in a process of its own.

A sale with MAC and PIN on both legs is four batches: the request is verified, its PIN translated and it is protected
anew; so is the answer, without a PIN. What is told is the processor's time of both processes for a sale, and what the
own process costs more: writing and reading of batches, and switching to and fro.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any, Final

import trio

from bench import keyed
from iso_gateway.hsm.client import InProcess, ModuleClient
from iso_gateway.hsm.key_store import KeyStore
from iso_gateway.hsm.master_key import Components, MasterKey
from iso_gateway.hsm.opening import inside, own_process
from iso_gateway.hsm.own_process import OwnProcess
from iso_gateway.security import commands as c
from iso_gateway.security.keys import KeyRef, MacAlgorithm, MacMethod, PinFormat

METHOD: Final = MacMethod(MacAlgorithm.X9_19)
MESSAGE: Final = bytes(range(240))
IN_FLIGHT: Final = (1, 64)


class WrongError(Exception):
    """The module answered something else than was expected."""


class Till:
    """Sales, one after the other, some at a time."""

    def __init__(self, module: ModuleClient, sales: int) -> None:
        self._module = module
        self._left = sales
        self._open = 0
        self.over = trio.Event()
        self.wrong = False

    def start(self, in_flight: int) -> None:
        """Begin so many sales at once; each that is done begins another."""
        for _ in range(in_flight):
            self._begin()

    def _begin(self) -> None:
        if not self._left:
            if not self._open:
                self.over.set()
            return
        self._left -= 1
        self._open += 1
        self._step(0)

    def _step(self, at: int) -> None:
        if at == len(BATCHES):
            self._open -= 1
            self._begin()
        else:
            self._module.submit(BATCHES[at], lambda results: self._done(at, results), 30.0)

    def _done(self, at: int, results: c.Results) -> None:
        (result,) = results
        self.wrong = self.wrong or type(result) is not EXPECTED[at]
        self._step(at + 1)


def _batches() -> tuple[c.Batch, ...]:
    terminal, bank = KeyRef("terminal/T/mac"), KeyRef("acquirer/bank/mac")
    pin = c.TranslatePin(
        *(KeyRef("terminal/T/pin"), PinFormat.ISO_0, KeyRef("acquirer/bank/pin"), PinFormat.ISO_0),
        bytes.fromhex(keyed.TERMINALS.block),
        keyed.PAN,
    )
    return (
        (c.VerifyMac((terminal,), METHOD, MESSAGE, bytes(8)),),
        (c.Protect(MESSAGE, bank, METHOD, pin, 60),),
        (c.VerifyMac((bank,), METHOD, MESSAGE, bytes(8)),),
        (c.Protect(MESSAGE, terminal, METHOD),),
    )


BATCHES: Final = _batches()
EXPECTED: Final = (c.Matched, c.Protected, c.Matched, c.Protected)


def measured(sales: int = 2000, rounds: int = 5) -> list[dict[str, Any]]:
    """Return a row for each number of sales in flight: microseconds of a sale, medians over the rounds.

    Raises:
        WrongError: the module answered something else.
    """
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "keys.store"
        master = bytes(range(32))
        made = KeyStore.create(store, MasterKey(bytearray(master)), Components(1), test=True)
        made.change([*keyed.held("terminal/T", keyed.TERMINALS), *keyed.held("acquirer/bank", keyed.HOST)], [])
        made.close()
        secret = Path(folder) / "master"
        secret.touch(0o600)
        secret.write_text(master.hex())
        how = f"file:{secret}"
        rows = []
        for in_flight in IN_FLIGHT:
            ours = trio.run(_time, lambda: inside(store, how, test=True, say=_quiet), in_flight, sales, rounds)
            own = trio.run(_time, lambda: own_process(store, how, test=True, say=_quiet), in_flight, sales, rounds)
            row = {"in flight": in_flight, "inside": ours[0], "own process": own[0], "of it in the module": own[1]}
            rows.append(row | {"more": own[0] - ours[0], "batches": len(BATCHES)})
        return rows


def told(rows: list[dict[str, Any]]) -> list[str]:
    """Return the lines of the report."""
    lines = ["", f"{'the module, microseconds a sale':34}{'inside':>8}{'own process':>13}{'more':>7}"]
    for row in rows:
        name = f"{row['in flight']} in flight"
        lines.append(f"{name:34}{row['inside']:>8.0f}{row['own process']:>13.0f}{row['more']:>7.0f}")
    return lines


async def _time(make: Callable[[], ModuleClient], in_flight: int, sales: int, rounds: int) -> tuple[float, float]:
    """Return microseconds of a sale in all processes, and in the module's own."""
    found, wrong = [], False
    async with trio.open_nursery() as nursery:
        module = make()
        await nursery.start(module.run)
        for _ in range(rounds + 1):
            till = Till(module, sales)
            before = _spent(module)
            till.start(in_flight)
            await till.over.wait()
            after = _spent(module)
            wrong = wrong or till.wrong
            here, there = (1e6 * (now - then) / sales for now, then in zip(after, before, strict=True))
            found.append((here + there, there))
        module.close()
    if wrong:
        raise WrongError("the security module answered something else")
    warm = found[1:]
    return median(each[0] for each in warm), median(each[1] for each in warm)


def _spent(module: ModuleClient) -> tuple[float, float]:
    """Return seconds of the processor in this process, and in the module's own."""
    if isinstance(module, OwnProcess) and module.worker is not None:
        # The clock of another process (clock_getcpuclockid): its number's complement, and 2 for all it has used.
        return time.process_time(), time.clock_gettime((~module.worker << 3) | 2)
    assert isinstance(module, InProcess)
    return time.process_time(), 0.0


def _quiet(_text: str) -> None:
    """Say nothing: this is no gateway."""
