"""Faults on the links of an acquirer marked test: what the terminal is told, and that nothing stays owed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import trio

from iso_gateway.errors import ConfigError
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

TIMEOUT = 0.1


class Shop:
    """A till at a gateway at a mock host, whose links are marked test."""

    def __init__(self, service: Service, host: HostServer, terminal: Terminal, log: StringIO) -> None:
        self.service = service
        self.host = host
        self.terminal = terminal
        self.till = Till()
        self._log = log

    def add(self, fault: str, match: str = "", acquirer: str = "") -> int:
        """Have a fault be in force."""
        return self.service.gateway.faulty.add(fault, match, acquirer)

    async def sale(self, amount: int = 1000) -> str:
        """Return the code that a sale gets through the gateway."""
        self.till.moment = clock.now()
        request = self.till.request(Kind.SALE, amount)
        answer = await self.terminal.ask(request)
        return Reply(self.till, request, Decision("transaction", answer=answer)).code

    @property
    def link(self) -> str:
        """How the link stands."""
        return str(self.service.gateway.node.links.links["bank"].session.state)

    async def until_link(self, state: str) -> None:
        """Wait until the link stands so."""
        while self.link != state:
            await self.service.gateway.changed.wait()

    async def settled(self) -> list[str]:
        """Wait until nothing is owed; return what the host has booked."""
        with trio.fail_after(PATIENCE):
            while self.service.gateway.node.owing.debts:
                await self.service.gateway.changed.wait()
        return [f"{row['kind']} {row['state']}" for row in self.host.ledger()["transactions"]]

    @property
    def log(self) -> list[str]:
        """What was logged of faults."""
        self.service.gateway.lines.flush()
        return [line.partition(" fault: ")[2] for line in self._log.getvalue().splitlines() if " fault: " in line]


@asynccontextmanager
async def open_shop(folder: Path, *, test: bool = True) -> AsyncIterator[Shop]:
    """Run host, gateway and till for the length of a block."""
    host = HostServer.of(HostSettings())
    log = StringIO()
    async with trio.open_nursery() as nursery:
        address = await nursery.start(host.run, Address("127.0.0.1", 0))
        more = f"host_timeout = {TIMEOUT}\n" + ("test = true" if test else "")
        service = Service(load(config_file(folder, address.port, more)), Lines(log))
        await nursery.start(service.run)
        stream = await trio.open_tcp_stream("127.0.0.1", service.bound["counter"].port)
        async with stream:
            shop = Shop(service, host, Terminal(stream, "iso87-ascii", "2be"), log)
            with trio.fail_after(PATIENCE):
                await shop.until_link("up")
                yield shop
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize(
    ("fault", "code", "booked"),
    [
        ("silence times=1", "68", ["sale reversed", "reversal approved"]),
        ("late times=1", "68", ["sale reversed", "reversal approved"]),
        ("delay=50ms times=1", "00", ["sale approved"]),
        ("twice times=1", "00", ["sale approved"]),
        ("out-of-order times=1", "68", ["sale reversed", "reversal approved"]),
        ("wrong=stan times=1", "68", ["sale reversed", "reversal approved"]),
        ("wrong=terminal times=1", "68", ["sale reversed", "reversal approved"]),
        ("truncate=9 times=1", "68", ["sale reversed", "reversal approved"]),
        ("truncate=9999 times=1", "68", ["sale reversed", "reversal approved"]),
        ("garbage=40 times=1", "68", ["sale reversed", "reversal approved"]),
        ("close times=1", "00", ["sale approved"]),
        ("silence close times=1", "68", ["sale reversed", "reversal approved"]),
        ("silence reset times=1", "68", ["sale reversed", "reversal approved"]),
    ],
)
async def test_what_a_terminal_is_told_and_what_is_booked(
    tmp_path: Path, fault: str, code: str, booked: list[str]
) -> None:
    async with open_shop(tmp_path) as shop:
        shop.add(fault, "kind:sale")
        assert await shop.sale() == code
        assert await shop.settled() == booked


async def test_what_does_not_fit_passes_and_so_does_all_when_it_is_over(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as shop:
        shop.add("silence times=1", "amount:*51 mti:0210")
        assert [await shop.sale(amount) for amount in (1000, 2051, 2000)] == ["00", "68", "00"]
        assert shop.service.gateway.status()["faults"] == []
        assert [line.partition(" number")[0] for line in shop.log] == ["what=added", "what=struck", "what=spent"]


async def test_a_link_is_not_dialled_while_connections_are_refused(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as shop:
        shop.add("refuse-connections restart for=200ms")
        await shop.until_link("down")
        assert await shop.sale() == "91"
        await shop.until_link("up")
        assert await shop.sale() == "00"
        assert shop.service.gateway.status()["faults"] == []


async def test_the_status_tells_of_it(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as shop:
        shop.add("twice times=3 for=30s", "39:00", "bank")
        [row] = shop.service.gateway.status()["faults"]
        assert {key: row[key] for key in row if key != "seconds_left"} == {
            "number": 1,
            "acquirer": "bank",
            "fault": "twice",
            "match": "39:00",
            "times_left": 3,
            "struck": 0,
        }
        assert 29 < row["seconds_left"] <= 30


@pytest.mark.parametrize(
    ("fault", "match", "acquirer", "told"),
    [
        ("twice", "", "bnk", "acquirer: no acquirer 'bnk', did you mean 'bank'?"),
        ("half-frame", "", "", "fault: half-frame is not for links: a mock host does it"),
        ("dribble=3 cut=9", "", "", "fault: cut=9 is not for links"),
        ("misframed=+1 silense", "", "", "fault: misframed=+1 is not for links"),
        ("refuse-sign-on=91", "", "", "fault: refuse-sign-on=91 is not for links"),
        ("wrong=stan|check-value", "", "", "fault: wrong=check-value is not for links"),
        ("twice", "mti:0200", "", "match.mti: here it is about what the host says: an answer, not 0200"),
        ("twice", "account.available:<5", "", "match.account.available: a gateway does not know it"),
        ("restart", "mti:0210", "", "match: there is no message yet"),
    ],
)
async def test_what_a_link_cannot_do_is_refused(
    tmp_path: Path, fault: str, match: str, acquirer: str, told: str
) -> None:
    async with open_shop(tmp_path) as shop:
        with pytest.raises(ConfigError) as caught:
            shop.add(fault, match, acquirer)
        assert told in str(caught.value)
        assert shop.service.gateway.status()["faults"] == []


@pytest.mark.parametrize(
    ("acquirer", "told"),
    [("bank", "bank is not marked with test = true"), ("", "none is marked with test = true")],
)
async def test_links_with_real_money_have_no_faults(tmp_path: Path, acquirer: str, told: str) -> None:
    async with open_shop(tmp_path, test=False) as shop:
        verbs: dict[str, Any] = shop.service.gateway.faulty.verbs()
        with pytest.raises(ConfigError, match=told):
            verbs["fault_add"]({"fault": "silence", "acquirer": acquirer})
        assert await shop.sale() == "00"
