"""The gateway between a till and the mock host, dialect by dialect: what the host books is what the till was told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import StringIO
from pathlib import Path

import pytest
import trio

from iso_gateway.framing import Framing
from iso_gateway.gateway.config import load
from iso_gateway.gateway.lines import Lines
from iso_gateway.gateway.service import Service
from iso_gateway.host.answers import Decision
from iso_gateway.host.server import HostServer
from iso_gateway.host.settings import HostSettings
from iso_gateway.net import clock
from iso_gateway.net.address import Address
from iso_gateway.protocol.kinds import Kind
from tests.support.edge import PATIENCE, Terminal, config_file
from tests.support.till import Reply, Till

HOSTS = ("iso87-ascii", "iso87-binary", "iso93-ascii", "cup-pos")
COUNTERS = {"counter": "iso87-ascii", "unionpay": "cup-pos"}


class Shop:
    """A till at a gateway at a mock host."""

    def __init__(self, service: Service, host: HostServer, till: Till, terminal: Terminal) -> None:
        self.service = service
        self.host = host
        self.till = till
        self.terminal = terminal

    async def ask(self, kind: Kind, amount: int | None = 1000, *, about: Reply | None = None) -> Reply:
        """Send a request of *kind* through the gateway."""
        self.till.moment = clock.now()
        request = self.till.request(kind, amount, about=about)
        return Reply(self.till, request, Decision("transaction", answer=await self.terminal.ask(request)))

    async def nothing_is_owed(self) -> None:
        """Wait until every debt is settled."""
        with trio.fail_after(PATIENCE):
            while self.service.gateway.node.owing.debts:
                await self.service.gateway.changed.wait()

    @property
    def states(self) -> list[tuple[str, str]]:
        """What the host's ledger holds, without the reversals."""
        rows = self.host.ledger()["transactions"]
        return [(row["kind"], row["state"]) for row in rows if row["kind"] != "reversal"]


@asynccontextmanager
async def open_shop(folder: Path, listener: str, host_spec: str) -> AsyncIterator[Shop]:
    """Run host, gateway and till for the length of a block."""
    host = HostServer.of(HostSettings(spec=host_spec))
    async with trio.open_nursery() as nursery:
        address = await nursery.start(host.run, Address("127.0.0.1", 0))
        more = f'spec = "{host_spec}"\nhost_timeout = 0.3'
        service = Service(load(config_file(folder, address.port, more)), Lines(StringIO()))
        await nursery.start(service.run)
        stream = await trio.open_tcp_stream("127.0.0.1", service.bound[listener].port)
        spec = COUNTERS[listener]
        terminal = Terminal(stream, spec, "2be")
        terminal.framing = Framing.parse("2be+tpdu" if spec == "cup-pos" else "2be")
        terminal._framer = terminal.framing.framer()
        with trio.fail_after(PATIENCE):
            while str(service.gateway.node.links.links["bank"].session.state) != "up":
                await service.gateway.changed.wait()
        yield Shop(service, host, Till(spec), terminal)
        stream.socket.close()
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("listener", list(COUNTERS))
@pytest.mark.parametrize("host_spec", HOSTS)
async def test_a_day_at_the_till(tmp_path: Path, listener: str, host_spec: str) -> None:
    async with open_shop(tmp_path, listener, host_spec) as shop:
        sale = await shop.ask(Kind.SALE, 1234)
        assert sale.code == "00"
        assert (await shop.ask(Kind.VOID, 1234, about=sale)).code == "00"
        assert (await shop.ask(Kind.VOID, 1234, about=sale)).code == "25"
        assert (await shop.ask(Kind.SALE, 1051)).code == "51"
        other = await shop.ask(Kind.SALE, 2000)
        assert (await shop.ask(Kind.REFUND, 500, about=other)).code == "00"
        assert (await shop.ask(Kind.REFUND, 1501, about=other)).code == "61"
        preauth = await shop.ask(Kind.PREAUTH, 3000)
        assert (await shop.ask(Kind.COMPLETION, 3100, about=preauth)).code == "00"
        assert (await shop.ask(Kind.ADVICE, 700)).code == "00"
        balance = await shop.ask(Kind.BALANCE, None)
        assert balance.said(54) == "0002840C000000994700"
        assert [state for _, state in shop.states] == [
            *("voided", "approved", "declined", "part refunded", "approved", "completed"),
            *("approved", "approved", "approved"),
        ]
        assert [total["net"] for total in shop.host.ledger()["totals"]] == [5300]


@pytest.mark.parametrize("listener", list(COUNTERS))
@pytest.mark.parametrize("host_spec", HOSTS)
async def test_the_reversal_of_a_void_lets_the_sale_stand(tmp_path: Path, listener: str, host_spec: str) -> None:
    async with open_shop(tmp_path, listener, host_spec) as shop:
        sale = await shop.ask(Kind.SALE, 900)
        void = await shop.ask(Kind.VOID, 900, about=sale)
        assert (await shop.ask(Kind.REVERSAL, 900, about=void)).code == "00"
        await shop.nothing_is_owed()
        assert shop.states == [("sale", "approved"), ("void", "reversed")]


@pytest.mark.parametrize("listener", list(COUNTERS))
@pytest.mark.parametrize("host_spec", HOSTS)
async def test_a_silent_sale_is_reversed_at_the_host(tmp_path: Path, listener: str, host_spec: str) -> None:
    async with open_shop(tmp_path, listener, host_spec) as shop:
        reply = await shop.ask(Kind.SALE, 1068)
        assert reply.code == shop.till.dialect.profile.no_answer
        await shop.nothing_is_owed()
        assert shop.states == [("sale", "reversed")]
        assert [total["net"] for total in shop.host.ledger()["totals"]] == [0]


@pytest.mark.parametrize(
    ("amount", "code", "left"),
    [(1073, "00", "approved"), (1074, "68", "reversed"), (1075, "68", "reversed"), (1076, "68", "reversed")],
)
async def test_an_answer_that_is_broken_on_purpose(tmp_path: Path, amount: int, code: str, left: str) -> None:
    async with open_shop(tmp_path, "counter", "iso87-ascii") as shop:
        assert (await shop.ask(Kind.SALE, amount)).code == code
        await shop.nothing_is_owed()
        assert shop.states == [("sale", left)]
