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
from iso_gateway.protocol.sealing import pin_block, with_mac
from iso_gateway.security.block_ciphers import BlockCipher
from iso_gateway.security.keys import KeyAlgorithm, KeyRef, KeyState, MacAlgorithm, MacMethod, PinFormat, Usage
from tests.support.desk import PAN
from tests.support.edge import PATIENCE, Terminal
from tests.support.keyed_edge import OF_HOST, OF_TERMINAL, PIN, KeyedTerminal, keyed, keys_of, store_in, store_of
from tests.support.module_keys import held

ZONE_MASTER = "DD7515F2BFC17F85CE48F3CA25CB21F6"
"""That of ``fixtures/keys/test-keys.toml``, which the mock host has."""
TERMINAL_MASTER = "CA5D92598DCA48CE8A4C76361A9269E9"
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


async def test_a_host_changes_the_keys_of_a_link_under_a_stream_of_sales(tmp_path: Path) -> None:
    master = held("acquirer/bank/master", Usage.KEK, ZONE_MASTER, test=True)
    store_in(tmp_path, [master, *keys_of("terminal/TERM0001", OF_TERMINAL, test=True)])
    blocks = Protection(MacMethod(MacAlgorithm.X9_19), pin=PinFormat.ISO_0, exchange=Exchange.TR31_48)
    told: list[object] = []
    host = HostServer.of(
        HostSettings(protection=blocks, keys_of="zone", sign_on_required=True),
        log=lambda event, fields: told.append(fields.get("keys")) if event == "network" else None,
    )
    async with trio.open_nursery() as nursery:
        address = await nursery.start(host.run, Address("127.0.0.1", 0))
        path = tmp_path / "gateway.toml"
        config = CONFIG.format(host=address, module="inside").replace("cup-pos", "iso87-ascii")
        config = config.replace('"unionpay-ecb"', '"x9.19"').replace('"unionpay"', '"tr31-48"')
        path.write_text(config, encoding="utf-8")
        service = Service(load(path), Lines(StringIO()))
        await nursery.start(service.run)
        link = service.gateway.node.links.links["bank"]
        with trio.fail_after(PATIENCE):
            while str(link.session.state) != "up":
                await service.gateway.changed.wait()
        terminal = KeyedTerminal(await trio.open_tcp_stream("127.0.0.1", service.bound["counter"].port))
        block = pin_block(PinFormat.ISO_0, PIN, PAN, OF_TERMINAL.pin, bytes)
        codes = []
        for number in range(1, 31):
            if number in (10, 20):
                assert host.change_keys() == 1
            codes.append((await terminal.ask(terminal.sale(number).evolve({52: block})))[39])
        assert codes == ["00"] * 30
        assert [each["state"] for each in host.ledger()["transactions"]] == ["approved"] * 30
        assert told == ["new", "taken", "taken"]
        terminal.stream.socket.close()
        nursery.cancel_scope.cancel()
    with store_of(tmp_path) as store:
        kept = [store.get(KeyRef(f"link/bank/{role}", 3)) for role in ("mac", "pin")]
        assert [each.info.state for each in kept if each is not None] == [KeyState.ACTIVE] * 2


async def test_a_terminal_gets_its_keys_at_sign_on_and_sells_with_them(tmp_path: Path) -> None:
    master = held("terminal/TERM0001/master", Usage.KEK, TERMINAL_MASTER, algorithm=KeyAlgorithm.TDES)
    async with keyed(tmp_path, keys=[*keys_of("acquirer/bank", OF_HOST), master]) as it:
        path = tmp_path / "gateway.toml"
        unionpay = 'spec = "cup-pos"\nmac = "unionpay-ecb"\nkey_exchange = "unionpay"'
        path.write_text(path.read_text().replace('mac = "x9.19"', unionpay, 1), encoding="utf-8")
        await it.service.reload()
        terminal = Terminal(await trio.open_tcp_stream("127.0.0.1", it.service.bound["counter"].port), "cup-pos", "2be")
        spec = terminal.dialect.spec
        own = {41: "TERM0001", 42: "MERCHANT0000001"}
        signed_on = await terminal.ask(spec.message("0800", own | {11: "000001", 60: "00000001003", 63: "001"}))
        assert signed_on[39] == "00"
        opened = BlockCipher(KeyAlgorithm.TDES, bytes.fromhex(TERMINAL_MASTER))
        pin, mac = opened.decrypt(signed_on["62.1"]), opened.decrypt(signed_on["62.3"][:8])
        block = pin_block(PinFormat.ISO_0, PIN, PAN, pin, bytes)
        sale = {
            2: PAN,
            3: "000000",
            4: 1000,
            11: "000002",
            22: "021",
            25: "00",
            49: "840",
            52: block,
            60: "22000001000",
        }
        await terminal.send(with_mac(spec, spec.message("0200", own | sale), UNIONPAY, mac))
        answer = await terminal.receive()
        assert answer is not None
        assert answer[39] == "00"
        assert it.host.pins == [PIN]
        assert it.host.wrong == []
        terminal.stream.socket.close()
