"""A host that misbehaves on purpose, on its connections: one line for each thing that is seen on the wire."""

# ruff: noqa: ARG001 -- trio takes its clock from the test's arguments

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from iso_gateway.errors import ConfigError, NoConnection
from iso_gateway.faults.grammar import WORDS
from iso_gateway.faults.standing import standing_of
from iso_gateway.framing import Framing
from iso_gateway.host.server import HostServer
from iso_gateway.host.settings import HostSettings
from iso_gateway.net.address import Address
from iso_gateway.net.listener import dial
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.moment import Moment
from tests.support.ends import ends, stream_over
from tests.support.till import START, Till, dialect_of

FRAMING = Framing.parse("2be")
LOCAL = Address("127.0.0.1", 0)


class Terminal:
    """A till's end of a link, which looks at the bytes."""

    def __init__(self, stream: trio.SocketStream, host: HostServer) -> None:
        self.stream = stream
        self.host = host
        self.till = Till()

    async def ask(self, kind: Kind = Kind.SALE, amount: int = 1000, stan: str | None = None) -> None:
        """Send a request."""
        request = self.till.request(kind, amount, stan=stan)
        await self.stream.send_all(FRAMING.frame(self.till.dialect.spec.encode(request)))

    async def sees(self, seconds: float = 100.0) -> list[tuple[float, bytes | str]]:
        """Return what comes, with the seconds that it took: bytes, ``closed`` or ``reset``."""
        seen: list[tuple[float, bytes | str]] = []
        start = trio.current_time()
        with trio.move_on_after(seconds):
            while True:
                try:
                    data: bytes | str = bytes(await self.stream.receive_some()) or "closed"
                except trio.BrokenResourceError:
                    data = "reset"
                seen.append((round(trio.current_time() - start, 3), data))
                if isinstance(data, str):
                    break
        return seen

    def said(self, seen: list[tuple[float, bytes | str]]) -> list[str]:
        """Return the answers in *seen* as ``STAN code``, by a fresh framer; ``closed`` and ``reset`` as they are."""
        framer, spec = FRAMING.framer(), self.till.dialect.spec
        told = []
        for _, data in seen:
            if isinstance(data, str):
                told.append(data)
            else:
                for frame in framer.receive(data):
                    answer = spec.decode(frame.payload)
                    told.append(f"{answer[11]} {answer.text(39)}")
        return told


@asynccontextmanager
async def on_a_link(
    *faults: str, log: list[Mapping[str, Any]] | None = None, **settings: Any
) -> AsyncIterator[Terminal]:
    """Run a host with *faults* in force, and one link to it in memory."""

    def tell(event: str, fields: Mapping[str, Any]) -> None:
        if event == "fault" and log is not None:
            log.append(fields)

    host = HostServer(
        dialect_of("iso87-ascii"),
        FRAMING,
        HostSettings(**settings),
        first_serial=77,
        log=tell,
        clock=lambda: Moment(trio.current_time(), START.wall),
    )
    for fault in faults:
        host.misbehave(standing_of(fault, spec=host.authorizer.dialect.spec))
    theirs, ours = ends()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(host.carry, theirs, "memory")
        yield Terminal(ours, host)
        nursery.cancel_scope.cancel()


@pytest.fixture
async def wire(autojump_clock: MockClock) -> bytes:
    """The bytes of the answer to the first sale, as they are without a fault."""
    async with on_a_link() as terminal:
        await terminal.ask()
        [(_, data)] = await terminal.sees(1)
        assert isinstance(data, bytes)
        return data


def shown(seen: list[tuple[float, bytes | str]], wire: bytes) -> list[str]:
    """Return *seen* in words, by what of *wire*, the true answer, it is."""
    told = []
    for at, data in seen:
        if isinstance(data, str):
            told.append(f"{at:g} {data}")
            continue
        known = {
            wire: "answer",
            wire * 2: "answer twice",
            wire[: len(wire) // 2]: "half",
            FRAMING.frame(wire[2:-3]): "3 short",
            FRAMING.frame(wire[2:] + bytes(3)): "3 long",
            FRAMING.misframed(wire[2:], b"", 4): "4 said more",
            FRAMING.misframed(wire[2:], b"", -4): "4 said less",
        }
        cut = f"{len(data)} of it" if wire.startswith(data) else f"{len(data)} others"
        told.append(f"{at:g} {known.get(data, cut)}")
    return told


SEEN: list[tuple[str, list[str]]] = [
    ("silence", []),
    ("silence close", ["0 closed"]),
    ("silence=unrecorded", []),
    ("delay=2s", ["2 answer"]),
    ("late", ["45 answer"]),
    ("twice", ["0 answer twice"]),
    ("delay=1s twice", ["1 answer twice"]),
    ("out-of-order", ["2 answer"]),
    ("without=mac", ["0 answer"]),
    ("truncate=3", ["0 3 short"]),
    ("pad=3", ["0 3 long"]),
    ("garbage=40", ["0 42 others"]),
    ("misframed=+4", ["0 4 said more"]),
    ("misframed=-4", ["0 4 said less"]),
    ("cut=37", ["0 37 of it"]),
    ("cut=0", []),
    ("cut=37 close", ["0 37 of it", "0 closed"]),
    ("half-frame", ["0 half", "0 closed"]),
    ("close", ["0 answer", "0 closed"]),
    ("close delay=3s", ["3 answer", "3 closed"]),
    ("late close", ["45 answer", "45 closed"]),
]


@pytest.mark.parametrize(("fault", "seen"), SEEN, ids=[fault for fault, _ in SEEN])
async def test_what_a_terminal_sees(autojump_clock: MockClock, wire: bytes, fault: str, seen: list[str]) -> None:
    async with on_a_link(fault) as terminal:
        await terminal.ask()
        assert shown(await terminal.sees(), wire) == seen
        kept = [] if "unrecorded" in fault else [1000]
        assert [row["amount"] for row in terminal.host.ledger()["transactions"]] == kept


@pytest.mark.parametrize("fault", ["dribble=50", "dribble=50,1s", "dribble=50 twice", "half-frame dribble=9"])
async def test_what_comes_piece_by_piece(autojump_clock: MockClock, wire: bytes, fault: str) -> None:
    async with on_a_link(fault) as terminal:
        await terminal.ask()
        seen = await terminal.sees()
    assert len(seen) > 2
    times = [at for at, _ in seen]
    assert times == sorted(times)
    assert times[1] == (1 if "1s" in fault else 0.01)
    whole = b"".join(data for _, data in seen if isinstance(data, bytes))
    assert whole == {"dribble=50 twice": wire * 2, "half-frame dribble=9": wire[: len(wire) // 2]}.get(fault, wire)


@pytest.mark.parametrize(
    ("fault", "changed"),
    [
        *(("wrong=stan", {11}), ("wrong=terminal", {41}), ("wrong=amount", {4}), ("wrong=mac", set())),
        *(("wrong=stan|amount twice", {4, 11}), ("wrong=check-value", set())),
    ],
)
async def test_what_is_said_wrongly(autojump_clock: MockClock, wire: bytes, fault: str, changed: set[int]) -> None:
    async with on_a_link(fault) as terminal:
        await terminal.ask()
        [(_, data)] = await terminal.sees(1)
        assert isinstance(data, bytes)
        spec = terminal.till.dialect.spec
        truth = spec.decode(wire[2:])
        for frame in FRAMING.framer().receive(data):
            said = spec.decode(frame.payload)
            assert {number for number in truth if said[number] != truth[number]} == changed


def test_every_word_about_an_answer_is_seen() -> None:
    tried = {word.partition("=")[0] for fault, _ in SEEN for word in fault.split()} | {"wrong", "dribble"}
    elsewhere = {"reset", "refuse-connections", "restart", "refuse-sign-on", "wrong-check-value"}
    assert tried | elsewhere == set(WORDS)


# What comes after it


async def test_an_answer_out_of_order_comes_after_the_next_one(autojump_clock: MockClock) -> None:
    async with on_a_link("out-of-order times=1") as terminal:
        await terminal.ask()
        await terminal.ask()
        assert terminal.said(await terminal.sees(1)) == ["000002 00", "000001 00"]


async def test_after_a_cut_nothing_is_said_any_more(autojump_clock: MockClock, wire: bytes) -> None:
    async with on_a_link("cut=5 times=1") as terminal:
        await terminal.ask()
        await terminal.ask()
        assert shown(await terminal.sees(), wire) == ["0 5 of it"]


async def test_nothing_is_said_between_the_pieces_of_an_answer(autojump_clock: MockClock) -> None:
    async with on_a_link("dribble=20,1s times=1") as terminal:
        for _ in range(3):
            await terminal.ask()
        await trio.sleep(0.5)
        terminal.host.announce(Kind.ECHO)
        seen = await terminal.sees()
        assert terminal.said(seen) == ["000001 00", "000002 00", "000003 00", "000001 "]


async def test_what_is_struck_a_number_of_times_is_whole_again_afterwards(autojump_clock: MockClock) -> None:
    log: list[Mapping[str, Any]] = []
    async with on_a_link("silence times=2", log=log) as terminal:
        for _ in range(3):
            await terminal.ask()
        assert terminal.said(await terminal.sees(1)) == ["000003 00"]
        assert terminal.host.status()["faults"] == []
    assert [fields["what"] for fields in log] == ["added", "struck", "spent"]


async def test_what_was_recorded_in_silence_is_told_when_it_is_asked_again(autojump_clock: MockClock) -> None:
    async with on_a_link("silence times=1") as terminal:
        await terminal.ask(stan="000007")
        await terminal.ask(stan="000007")
        assert terminal.said(await terminal.sees(1)) == ["000007 00"]
        assert len(terminal.host.ledger()["transactions"]) == 1


async def test_a_fault_goes_before_what_the_amount_asks_for(autojump_clock: MockClock, wire: bytes) -> None:
    async with on_a_link("twice times=1", "delay=3s") as terminal:
        await terminal.ask(amount=1068)  # silence, which does not go with either
        await trio.sleep(0.1)
        await terminal.ask(amount=1071)  # silence and close, of which the standing fault leaves nothing
        assert terminal.said(await terminal.sees()) == ["000001 00", "000001 00", "000002 00"]


async def test_a_fault_and_the_amount_strike_together(autojump_clock: MockClock) -> None:
    async with on_a_link("delay=3s") as terminal:
        await terminal.ask(amount=1073)
        seen = await terminal.sees()
        assert ([at for at, _ in seen], terminal.said(seen)) == ([3.0], ["000001 00", "000001 00"])


# The host as a whole


async def test_a_sign_on_is_refused_and_nothing_else(autojump_clock: MockClock) -> None:
    async with on_a_link("refuse-sign-on=91 times=1") as terminal:
        await terminal.ask()
        await terminal.ask(Kind.SIGN_ON)
        await terminal.ask(Kind.SIGN_ON)
        assert terminal.said(await terminal.sees(1)) == ["000001 00", "000002 91", "000003 00"]


async def test_conditions_of_a_fault_ask_the_ledger(autojump_clock: MockClock) -> None:
    async with on_a_link("silence match=account.available:<999500") as terminal:
        for _ in range(3):
            await terminal.ask(amount=600)
        assert terminal.said(await terminal.sees(1)) == ["000001 00"]


async def test_what_is_done_to_all_connections_has_no_conditions(autojump_clock: MockClock) -> None:
    async with on_a_link() as terminal:
        for text in ("restart match=mti:0200", "refuse-connections match=kind:sale"):
            with pytest.raises(ConfigError, match="no message yet"):
                terminal.host.misbehave(standing_of(text))
        assert terminal.host.status()["faults"] == []


@asynccontextmanager
async def listening() -> AsyncIterator[tuple[HostServer, Address]]:
    """Run a host over TCP."""
    host = HostServer(dialect_of("iso87-ascii"), FRAMING)
    async with trio.open_nursery() as nursery:
        address = await nursery.start(host.run, LOCAL)
        with trio.fail_after(10):
            yield host, address
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize(
    ("fault", "seen"),
    [
        *(("reset", ["answer", "reset"]), ("reset silence", ["reset"]), ("cut=5 reset", ["5 of it", "reset"])),
        ("restart", ["reset"]),
    ],
)
async def test_a_connection_is_reset(fault: str, seen: list[str]) -> None:
    async with listening() as (host, address), stream_over(await dial(address, 5)) as stream:
        terminal = Terminal(stream, host)
        await terminal.ask(Kind.SIGN_ON)
        assert await stream.receive_some()
        host.misbehave(standing_of(fault))
        if fault != "restart":
            await terminal.ask()
        came = await terminal.sees(5)
        told = [data if isinstance(data, str) else "5 of it" if len(data) == 5 else "answer" for _, data in came]
        assert told == seen
        await wait_all_tasks_blocked()
        assert host.authorizer.network.signed_on == set()
        assert len(host.ledger()["transactions"]) == (fault != "restart")


async def test_nobody_listens_while_connections_are_refused() -> None:
    async with listening() as (host, address):
        async with stream_over(await dial(address, 5)) as before:
            host.misbehave(standing_of("refuse-connections for=200ms"))
            await trio.sleep(0.05)
            with pytest.raises(NoConnection, match="connection refused"):
                await dial(address, 5)
            await Terminal(before, host).ask()  # who is connected stays so
            assert await before.receive_some()
        await trio.sleep(0.2)
        assert host.status()["faults"] == []
        async with stream_over(await dial(address, 5)) as after:
            await Terminal(after, host).ask()
            assert await after.receive_some()


async def test_a_fault_expires_by_itself(autojump_clock: MockClock) -> None:
    async with listening() as (host, _):
        host.misbehave(standing_of("twice for=3s"))
        await trio.sleep(2.9)
        assert len(host.status()["faults"]) == 1
        await trio.sleep(0.2)
        assert host.status()["faults"] == []
        assert not host.faults
