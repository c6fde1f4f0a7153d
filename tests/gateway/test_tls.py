"""The gateway over TLS on both sides: who is heard, what is told, and a reload that changes certificates."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from io import StringIO
from pathlib import Path
from typing import cast

import pytest
import trio
from cryptography import x509

from iso_gateway import Message
from iso_gateway.errors import ConfigError
from iso_gateway.gateway.config import load
from iso_gateway.gateway.lines import Lines
from iso_gateway.gateway.service import Service, admin_verbs
from iso_gateway.gateway.tls import bound_to
from tests.support.certificates import Authority, Pair, fingerprint_of
from tests.support.desk import Desk, setup
from tests.support.edge import Host, Running, Terminal


class SecureHost(Host):
    """A host that speaks TLS, and wants a certificate of *authority*."""

    def __init__(self, authority: Authority, pair: Pair) -> None:
        super().__init__()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(*pair)
        self.context.load_verify_locations(authority.ca)
        self.context.verify_mode = ssl.CERT_REQUIRED

    async def _carry(self, stream: trio.SocketStream) -> None:
        secured = trio.SSLStream(stream, self.context, server_side=True, https_compatible=True)
        try:
            await super()._carry(cast("trio.SocketStream", secured))
        except trio.BrokenResourceError:
            await stream.aclose()  # a client that does not like us, or that we do not like


CONFIG = """
[[listener]]
name = "counter"
address = "127.0.0.1:0"
[listener.tls]
certificate = "gateway.crt"
key = "gateway.key"
client_ca = "test-ca.pem"

[[terminals]]
ids = ["TERM0001..TERM0009"]
merchant = "MERCHANT0000001"
certificate = "{{id}}.shop.example"

[[acquirer]]
name = "bank"
links = ["127.0.0.1:{port}"]
reconnect_every = 0.05
repeat_after = 0.05
[acquirer.tls]
ca = "test-ca.pem"
certificate = "gateway.crt"
key = "gateway.key"
"""


class Shop(Running):
    """A running gateway whose folder has the files of its TLS."""

    authority: Authority

    def context(self, pair: Pair | None, ca: Path | None = None) -> ssl.SSLContext:
        """Return how a terminal with *pair* dials."""
        context = ssl.create_default_context(cafile=ca or self.authority.ca)
        if pair is not None:
            context.load_cert_chain(*pair)
        return context

    async def secure(self, pair: Pair | None, ca: Path | None = None) -> Terminal:
        """Connect as a terminal that shows *pair*."""
        stream = await trio.open_tcp_stream("127.0.0.1", self.service.bound["counter"].port)
        self.streams.append(stream)
        secured = trio.SSLStream(stream, self.context(pair, ca), server_hostname="127.0.0.1", https_compatible=True)
        return Terminal(cast("trio.SocketStream", secured), "iso87-ascii", "2be")

    def of(self, terminal: str = "TERM0001") -> Pair:
        """Return a certificate for *terminal*."""
        return self.authority.issue(terminal, x509.DNSName(f"{terminal}.shop.example"))


@asynccontextmanager
async def shop(folder: Path, config: str = CONFIG, *, days: float = 90) -> AsyncIterator[Shop]:
    """Run a host and a gateway over TLS, with its link up."""
    authority = Authority(folder)
    authority.issue("gateway", stem="gateway", days=days)
    host = SecureHost(authority, authority.issue("bank"))
    async with trio.open_nursery() as nursery:
        await nursery.start(host.serve)
        path = folder / "gateway.toml"
        path.write_text(config.format(port=host.port))
        log = StringIO()
        service = Service(load(path), Lines(log))
        await nursery.start(service.run)
        it = Shop(service, host, log, nursery)
        it.authority = authority
        await it.link_is("up")
        try:
            yield it
        finally:
            for stream in it.streams:
                stream.socket.close()
            nursery.cancel_scope.cancel()


def requests() -> Desk:
    return Desk(setup(keyed=False), links=())


async def ends(terminal: Terminal, message: Message) -> None:
    """Send *message*, and see the connection end without an answer."""
    with pytest.raises((trio.BrokenResourceError, AssertionError)):
        await terminal.ask(message)


async def test_a_sale_over_tls_on_both_sides(tmp_path: Path) -> None:
    async with shop(tmp_path) as it:
        terminal = await it.secure(it.of("TERM0001"))
        answer = await terminal.ask(requests().request())
        assert (answer.mti, answer[39]) == ("0210", "00")
        assert [message[41] for message in it.host.got] == ["TERM0001"]


async def test_the_certificate_of_another_terminal_is_refused(tmp_path: Path) -> None:
    async with shop(tmp_path) as it:
        terminal = await it.secure(it.of("TERM0002"))
        assert (await terminal.ask(requests().request()))[39] == "58"
        assert not it.host.got
        said = "its certificate is that of TERM0002; the terminal's is TERM0001.shop.example, answered 58"
        assert f'refused: peer=127.0.0.1:{_port(terminal)} terminal=TERM0001 cause="{said}"' in it.log.getvalue()
        assert (await terminal.ask(requests().request(terminal="TERM0002")))[39] == "00"


def _port(terminal: Terminal) -> int:
    secured = cast("trio.SSLStream[trio.SocketStream]", terminal.stream)
    return int(secured.transport_stream.socket.getsockname()[1])


async def test_who_is_not_taken_is_told_of_once_each_by_cause(tmp_path: Path) -> None:
    async with shop(tmp_path) as it:
        stranger = Authority(tmp_path, "Another CA").issue("TERM0001", x509.DNSName("TERM0001.shop.example"))
        for pair in (None, stranger):
            await ends(await it.secure(pair), requests().request())
        clear = await trio.open_tcp_stream("127.0.0.1", it.service.bound["counter"].port)
        it.streams.append(clear)
        await ends(Terminal(clear, "iso87-ascii", "2be"), requests().request())
        scan = await trio.open_tcp_stream("127.0.0.1", it.service.bound["counter"].port)
        await scan.aclose()
        answer = await (await it.secure(it.of())).ask(requests().request())
        assert answer[39] == "00"
        log = it.log.getvalue()
        assert log.count("closed: listener=counter") == 3
        for cause in (
            "TLS: the peer showed no certificate, and one is required",
            "TLS: the peer's certificate is not taken: unable to get local issuer certificate",
            "TLS: what came is no TLS",
        ):
            assert log.count(cause) == 1, cause


async def test_garbage_is_told_of_a_few_times_and_then_counted(tmp_path: Path) -> None:
    async with shop(tmp_path) as it:
        for _ in range(40):
            async with await trio.open_tcp_stream("127.0.0.1", it.service.bound["counter"].port) as stream:
                await stream.send_all(b"GET / HTTP/1.0\r\n\r\n")
                with suppress(trio.BrokenResourceError):
                    assert not (await stream.receive_some()).startswith(b"HTTP")
        assert it.log.getvalue().count("what came is no TLS") == 30


async def test_silent_handshakes_make_room(tmp_path: Path) -> None:
    """Whoever opens connections and says nothing keeps no terminal out."""
    async with shop(tmp_path, CONFIG + "\n[limits]\nconnections = 3\n") as it:
        silent = [await trio.open_tcp_stream("127.0.0.1", it.service.bound["counter"].port) for _ in range(3)]
        it.streams.extend(silent)
        await trio.testing.wait_all_tasks_blocked(0.01)
        assert (await (await it.secure(it.of())).ask(requests().request()))[39] == "00"


# Reload


async def test_new_certificates_are_for_new_connections_and_old_ones_go_on(tmp_path: Path) -> None:
    async with shop(tmp_path) as it:
        before = await it.secure(it.of())
        assert (await before.ask(requests().request()))[39] == "00"
        new = Authority(tmp_path, "New CA")
        (tmp_path / "both.pem").write_bytes(it.authority.ca.read_bytes() + new.ca.read_bytes())
        new.issue("gateway", stem="gateway")
        text = (tmp_path / "gateway.toml").read_text()
        (tmp_path / "gateway.toml").write_text(text.replace('client_ca = "test-ca.pem"', 'client_ca = "both.pem"'))
        assert await it.service.reload() == [
            "certificates of listener counter read again",
            "certificates of link bank read again",
        ]
        assert (await before.ask(requests().request()))[39] == "00", "the old connection goes on, and so does the link"
        mine = new.issue("TERM0002", x509.DNSName("TERM0002.shop.example"))
        after = await it.secure(mine, new.ca)
        assert (await after.ask(requests().request(terminal="TERM0002")))[39] == "00"
        assert str(it.service.gateway.node.links.links["bank"].session.state) == "up"
        assert "link down" not in it.log.getvalue()
        assert await it.service.reload() == []


async def test_a_reload_in_the_middle_of_traffic_loses_nothing(tmp_path: Path) -> None:
    async with shop(tmp_path) as it:
        answers: list[str] = []

        async def trade(terminal: Terminal, name: str) -> None:
            desk = requests()
            for _ in range(20):
                answer = await terminal.ask(desk.request(terminal=name))
                answers.append(answer[39])

        async with trio.open_nursery() as nursery:
            for number in range(1, 6):
                name = f"TERM000{number}"
                nursery.start_soon(trade, await it.secure(it.of(name)), name)
            for _ in range(5):
                it.authority.issue("gateway", stem="gateway")
                await it.service.reload()
        assert answers == ["00"] * 100
        assert len(it.host.got) == 100


async def test_a_bad_new_certificate_leaves_all_as_it_was(tmp_path: Path) -> None:
    async with shop(tmp_path) as it:
        good = (tmp_path / "gateway.key").read_bytes()
        other = it.authority.issue("other")
        (tmp_path / "gateway.key").write_bytes(other.key.read_bytes())
        with pytest.raises(ConfigError) as caught:
            await it.service.reload()
        wrong = f"{tmp_path}/gateway.key: not the key of the first certificate in {tmp_path}/gateway.crt"
        path = tmp_path / "gateway.toml"
        assert [problem.at(str(path)) for problem in caught.value.problems] == [
            f"{path}:7: listener.0.tls.key: {wrong}",
            f"{path}:23: acquirer.0.tls.key: {wrong}",
        ]
        assert (await (await it.secure(it.of())).ask(requests().request()))[39] == "00"
        (tmp_path / "gateway.key").write_bytes(good)
        assert await it.service.reload() == []


async def test_a_link_is_dialled_with_what_the_last_reload_brought(tmp_path: Path) -> None:
    async with shop(tmp_path) as it:
        pins = f'fingerprints = ["{"0" * 64}"]'
        text = (tmp_path / "gateway.toml").read_text()
        (tmp_path / "gateway.toml").write_text(text.replace("[acquirer.tls]", f"[acquirer.tls]\n{pins}"))
        await it.service.reload()
        assert str(it.service.gateway.node.links.links["bank"].session.state) == "up"
        it.host.scope.cancel()
        await it.link_is("down")
        await it.nursery.start(it.host.serve)
        with trio.fail_after(5):
            await told(it, "the peer's certificate is not the pinned one")
        assert str(it.service.gateway.node.links.links["bank"].session.state) == "down"


async def told(it: Shop, what: str) -> None:
    """Wait until the log says *what*."""
    while what not in it.log.getvalue():  # noqa: ASYNC110 -- a log has no event
        await trio.sleep(0.01)


# What is told


async def test_status_tells_who_has_tls_and_for_how_long(tmp_path: Path) -> None:
    async with shop(tmp_path) as it:
        assert admin_verbs(it.service)["status"]({})["tls"] == {
            "listener counter": {"days": 89, "client_certificate": "required"},
            "link bank": {"days": 89},
        }
        assert "certificate ends" not in it.log.getvalue()


async def test_a_certificate_that_ends_soon_is_told_of_at_start_and_reload(tmp_path: Path) -> None:
    async with shop(tmp_path, days=12.5) as it:
        log = it.log.getvalue()
        assert log.count("certificate ends") == 1
        assert f"certificate ends: file={tmp_path}/gateway.crt days=12" in log
        assert 'of="listener counter, link bank"' in log
        await it.service.reload()
        it.service.lines.flush()
        assert it.log.getvalue().count("certificate ends") == 2


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            ("client_ca = ", "# "),
            "gateway.toml:13: terminals.0.certificate: listener counter asks for no certificate; ",
        ),
        (('key = "gateway.key"\nclient', "client"), "gateway.toml:5: listener.0.tls.key: missing: the PEM file of the"),
        (
            ('client_ca = "test-ca.pem"', 'client = "optional"'),
            "gateway.toml:5: listener.0.tls.client_ca: missing: who",
        ),
        (('client_ca = "test-ca.pem"', 'client_ca = "absent.pem"'), "gateway.toml:8: listener.0.tls.client_ca: "),
        (('\nca = "test-ca.pem"', ""), "gateway.toml:20: acquirer.0.tls.ca: missing: who issues the server's"),
        (('\nca = "test-ca.pem"', '\nc = "test-ca.pem"'), "gateway.toml:21: acquirer.0.tls.c: unknown key"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    Authority(tmp_path).issue("gateway", stem="gateway")
    path = tmp_path / "gateway.toml"
    path.write_text(CONFIG.format(port=9000).replace(*change))
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert any(line.removeprefix(f"{tmp_path}/").startswith(said) for line in str(caught.value).splitlines()), str(
        caught.value
    )


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("{id}.shop.example", "TERM0001.shop.example"),
        ("urn:terminal:{id}", "urn:terminal:TERM0001"),
        ("concentrator", "concentrator"),
        ("SHA256:" + "AB:" * 31 + "CD", "sha256:" + "ab" * 31 + "cd"),
    ],
)
def test_what_a_terminal_is_bound_to(pattern: str, name: str) -> None:
    assert bound_to(pattern, "TERM0001 ") == name


async def test_a_fingerprint_binds_too(tmp_path: Path) -> None:
    async with shop(tmp_path) as it:
        mine = it.of("whoever")
        text = (tmp_path / "gateway.toml").read_text()
        bound = text.replace("{id}.shop.example", f"sha256:{fingerprint_of(mine)}")
        (tmp_path / "gateway.toml").write_text(bound)
        await it.service.reload()
        assert (await (await it.secure(mine)).ask(requests().request()))[39] == "00"
        assert (await (await it.secure(it.of())).ask(requests().request()))[39] == "58"
