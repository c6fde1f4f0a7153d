"""A gateway whose security module is a process of its own: it dies in the middle of traffic, and nothing slips through.

These run on the real clock: the other process has no other.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from pathlib import Path

import trio

from iso_gateway.hsm.own_process import OwnProcess
from tests.support.edge import PATIENCE
from tests.support.keyed_edge import PIN, KeyedTerminal, keyed

REFUSED = {"96", "91"}
UNKNOWN = "68"
NO_ANSWER = "none"
"""What an approval gets whose own MAC could not be made."""
WAITS = 0.5
"""Seconds for which a terminal waits."""


async def test_a_sale_goes_through_with_macs_and_its_pin_translated(tmp_path: Path) -> None:
    async with keyed(tmp_path, "process") as it:
        terminal = await it.keyed_terminal()
        assert (await terminal.ask(terminal.sale(1)))[39] == "00"
        assert terminal.genuine == [True]
        assert (it.host.wrong, it.host.pins) == ([], [PIN])


async def test_a_message_that_was_changed_is_refused_there_as_well(tmp_path: Path) -> None:
    async with keyed(tmp_path, "process") as it:
        terminal = await it.keyed_terminal()
        payload = terminal.payload(terminal.sale(1, 1000))
        await terminal.send_payload(payload.replace(b"000000001000", b"000000009000"))
        answer = await terminal.receive()
        assert answer is not None
        assert answer[39] == "A0"
        assert it.host.got == []


async def test_a_module_that_dies_in_the_middle_of_traffic_lets_nothing_through_and_comes_back(tmp_path: Path) -> None:
    async with keyed(tmp_path, "process") as it:
        client = it.service.gateway.securing.module
        assert isinstance(client, OwnProcess)
        codes: Counter[str] = Counter()
        over = trio.Event()
        async with trio.open_nursery() as nursery:
            for number in range(1, 5):
                nursery.start_soon(_sell, await it.keyed_terminal(), number, codes, over)
            for _ in range(3):
                await _more(codes)
                assert client.worker is not None
                os.kill(client.worker, signal.SIGKILL)
            await _more(codes)
            over.set()
        # Whatever was unknown is reversed, with right MACs, once the module is there again.
        await it.until(lambda: not it.service.gateway.node.owing.debts)
        assert it.host.wrong == []
        assert codes.keys() <= {"00", NO_ANSWER, UNKNOWN, *REFUSED}
        assert codes.keys() - {"00"}
        sales = {message[11] for message in it.host.got if message.mti == "0200"}
        undone = {message[90][4:10] for message in it.host.got if message.mti in {"0400", "0401", "0420", "0421"}}
        assert len(sales - undone) == codes["00"]
        assert set(it.host.pins) == {PIN}


async def _sell(terminal: KeyedTerminal, number: int, codes: Counter[str], over: trio.Event) -> None:
    """Make sales one after the other until it is *over*; what was begun is finished."""
    stan = 0
    while not over.is_set():
        stan += 1
        await terminal.send(terminal.sale(stan, 1000 + stan, terminal=number))
        code = NO_ANSWER
        with trio.move_on_after(WAITS):
            answer = await terminal.receive()
            assert answer is not None
            assert (answer[11], terminal.genuine[-1]) == (f"{stan:06}", True) or answer[39] != "00"
            code = answer[39]
        codes[code] += 1


async def _more(codes: Counter[str]) -> None:
    """Wait for twenty more approvals."""
    before = codes["00"]
    with trio.fail_after(PATIENCE):
        while codes["00"] < before + 20:  # noqa: ASYNC110 -- nothing rings a bell for it
            await trio.sleep(0.005)
