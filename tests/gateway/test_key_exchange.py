"""Keys that travel on both legs, UnionPay's way, over real sockets: a mock host that gives them at sign-on."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
import trio

from iso_gateway.gateway.config import load
from iso_gateway.gateway.lines import Lines
from iso_gateway.gateway.service import Service
from iso_gateway.host.server import HostServer
from iso_gateway.host.settings import HostSettings
from iso_gateway.net.address import Address
from iso_gateway.protocol.protection import Exchange, Protection
from iso_gateway.protocol.sealing import pin_block
from iso_gateway.security.keys import KeyRef, KeyState, MacAlgorithm, MacMethod, PinFormat, Usage
from tests.support.desk import PAN
from tests.support.edge import PATIENCE
from tests.support.keyed_edge import OF_TERMINAL, PIN, KeyedTerminal, keys_of, store_in, store_of
from tests.support.module_keys import held

ZONE_MASTER = "DD7515F2BFC17F85CE48F3CA25CB21F6"
"""That of ``fixtures/keys/test-keys.toml``, which the mock host has."""
UNIONPAY = Protection(MacMethod(MacAlgorithm.UNIONPAY_ECB), pin=PinFormat.ISO_0, exchange=Exchange.UNIONPAY)
CONFIG = """
[[listener]]
name = "counter"
address = "127.0.0.1:0"
mac = "x9.19"
pin = "iso-0"
test = true

[[terminals]]
ids = ["TERM0001"]

[[acquirer]]
name = "bank"
links = ["{host}"]
spec = "cup-pos"
mac = "unionpay-ecb"
pin = "iso-0"
key_exchange = "unionpay"
reconnect_every = 0.05
sign_on_again = 0.05
test = true

[security]
key_store = "keys.store"
unlock = "file:master"
module = "{module}"
"""


@pytest.mark.parametrize("module", ["inside", "process"])
async def test_a_link_gets_its_keys_at_sign_on_and_takes_money_with_them(tmp_path: Path, module: str) -> None:
    master = held("acquirer/bank/master", Usage.KEK, ZONE_MASTER, test=True)
    store_in(tmp_path, [master, *keys_of("terminal/TERM0001", OF_TERMINAL, test=True)])
    host = HostServer.of(HostSettings(spec="cup-pos", protection=UNIONPAY, keys_of="zone", sign_on_required=True))
    async with trio.open_nursery() as nursery:
        address = await nursery.start(host.run, Address("127.0.0.1", 0))
        path = tmp_path / "gateway.toml"
        path.write_text(CONFIG.format(host=address, module=module), encoding="utf-8")
        service = Service(load(path), Lines(StringIO()))
        await nursery.start(service.run)
        link = service.gateway.node.links.links["bank"]
        with trio.fail_after(PATIENCE):
            while str(link.session.state) != "up":
                await service.gateway.changed.wait()
        stream = await trio.open_tcp_stream("127.0.0.1", service.bound["counter"].port)
        terminal = KeyedTerminal(stream)
        block = pin_block(PinFormat.ISO_0, PIN, PAN, OF_TERMINAL.pin, bytes)
        answer = await terminal.ask(terminal.sale(1).evolve({52: block}))
        assert (answer[39], terminal.genuine) == ("00", [True])
        (row,) = host.ledger()["transactions"]
        assert (row["kind"], row["state"]) == ("sale", "approved")
        stream.socket.close()
        nursery.cancel_scope.cancel()
    with store_of(tmp_path) as store:
        kept = [store.get(KeyRef(f"link/bank/{role}")) for role in ("mac", "pin")]
        assert [each.info.state for each in kept if each is not None] == [KeyState.ACTIVE] * 2
        assert all(each.info.test for each in kept if each is not None)
