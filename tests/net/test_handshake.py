"""Who is taken for whom, and what each side is told where the handshake fails."""

# ruff: noqa: ARG001 -- trio takes its clock from the test's arguments

from __future__ import annotations

import ssl
from contextlib import suppress
from pathlib import Path

import pytest
import trio
from cryptography import x509
from trio.testing import MockClock, wait_all_tasks_blocked

from iso_gateway.errors import NoConnection, NoHandshake
from iso_gateway.net.address import Address
from iso_gateway.net.listener import dial, serve
from iso_gateway.net.secured import MOST_OF_A_HANDSHAKE, Secured, shake_hands
from iso_gateway.net.tls import client_tls
from tests.support.certificates import Authority, fingerprint_of
from tests.support.over_tls import End, Parties, Raw, joined, shaken


@pytest.fixture(scope="module")
def parties(tmp_path_factory: pytest.TempPathFactory) -> Parties:
    return Parties(tmp_path_factory.mktemp("tls"))


async def test_both_show_certificates_and_know_each_other(parties: Parties) -> None:
    ours, theirs = await shaken(parties.server, parties.client)
    assert isinstance(ours, Secured)
    assert isinstance(theirs, Secured)
    assert ours.names[:2] == ("TERM0001", "one.shop.example")
    assert ours.names[2].startswith("sha256:")
    assert theirs.names[0] == "gateway"
    assert ours.tls.version() == "TLSv1.3"


async def test_a_name_that_looks_like_a_fingerprint_is_none(parties: Parties) -> None:
    """Else whoever gets a certificate with a common name of their choice could be any other one."""
    other = f"sha256:{fingerprint_of(parties.authority.issue('TERM0001'))[:50]}"
    pair = parties.authority.issue(other, x509.DNSName("two.shop.example"))
    ours, _ = await shaken(parties.server, parties.dialling(pair))
    assert isinstance(ours, Secured)
    assert ours.names == ("two.shop.example", f"sha256:{fingerprint_of(pair)}")


async def test_tls_1_2_is_spoken(parties: Parties) -> None:
    client = parties.dialling(parties.authority.issue("old"))
    client.context.maximum_version = ssl.TLSVersion.TLSv1_2
    ours, _ = await shaken(parties.server, client)
    assert isinstance(ours, Secured)
    assert ours.tls.version() == "TLSv1.2"


async def test_tls_1_1_is_not(parties: Parties) -> None:
    context = parties.dialling(None).context
    with pytest.warns(DeprecationWarning, match="TLSv1_1 is deprecated"):
        context.minimum_version = ssl.TLSVersion.TLSv1_1
    with pytest.warns(DeprecationWarning, match="TLSv1_1 is deprecated"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    ours, theirs = joined()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_shake_or_fail, Raw(theirs, context))
        with pytest.raises(NoHandshake, match=r"TLS: the peer speaks no TLS 1\.2 or later"):
            await shake_hands(ours, parties.server, 5)


async def _shake_or_fail(raw: Raw) -> None:
    try:
        await raw.shake_hands()
    except ssl.SSLError as error:
        assert error.reason == "TLSV1_ALERT_PROTOCOL_VERSION"  # noqa: PT017 -- what the other side sees


async def test_no_certificate_where_one_is_required(parties: Parties) -> None:
    ours, theirs = await shaken(parties.server, parties.dialling(None))
    assert str(ours) == "TLS: the peer showed no certificate, and one is required"
    # In TLS 1.3 the client learns it only when it reads.
    assert isinstance(theirs, Secured)
    end = End(theirs)
    await end.run()
    assert isinstance(end.why, NoConnection)
    assert str(end.why) == "TLS: the peer wants a certificate of us"


async def test_no_certificate_where_none_is_required(parties: Parties) -> None:
    for server in (parties.taking(None), parties.taking(parties.authority.ca, optional=True)):
        ours, theirs = await shaken(server, parties.dialling(None))
        assert isinstance(ours, Secured)
        assert isinstance(theirs, Secured)
        assert ours.names == ()


async def test_a_certificate_of_another_authority(parties: Parties, tmp_path: Path) -> None:
    stranger = Authority(tmp_path, "Another CA").issue("TERM0001")
    for optional in (False, True):
        server = parties.taking(parties.authority.ca, optional=optional)
        ours, theirs = await shaken(server, parties.dialling(stranger))
        assert str(ours) == "TLS: the peer's certificate is not taken: unable to get local issuer certificate"
        assert isinstance(theirs, Secured)
        end = End(theirs)
        await end.run()
        assert str(end.why) == "TLS: the peer does not trust who issued our certificate"


async def test_a_clients_certificate_that_has_ended(parties: Parties) -> None:
    ended = parties.authority.issue("TERM0001", days=-0.5)
    client = parties.dialling(None)
    client.context.load_cert_chain(*ended)  # the gateway itself would refuse to show it
    ours, _ = await shaken(parties.server, client)
    assert str(ours) == "TLS: the peer's certificate is not taken: certificate has expired"


async def test_a_server_of_another_name(parties: Parties) -> None:
    client = parties.dialling(parties.authority.issue("TERM0001"), "host.example")
    ours, theirs = await shaken(parties.server, client)
    assert str(theirs) == (
        "TLS: the peer's certificate is not taken: Hostname mismatch, certificate is not valid for 'host.example'"
    )
    assert str(ours) == "TLS: the peer does not take our certificate"


async def test_a_server_of_another_authority(parties: Parties, tmp_path: Path) -> None:
    fake = parties.taking(None, Authority(tmp_path, "Another CA").issue("gateway"))
    ours, theirs = await shaken(fake, parties.client)
    assert str(theirs) == "TLS: the peer's certificate is not taken: unable to get local issuer certificate"
    assert str(ours) == "TLS: the peer does not trust who issued our certificate"


async def test_a_pinned_certificate_needs_no_authority_and_no_name(parties: Parties, tmp_path: Path) -> None:
    pair = Authority(tmp_path, "Another CA").issue("whoever")
    server = parties.taking(None, pair)
    right, wrong = fingerprint_of(pair), fingerprint_of(parties.authority.issue("gateway"))
    for pins, taken in (([right], True), ([wrong, f"SHA256:{right.upper()}"], True), ([wrong], False)):
        client = client_tls(None, pins, "", now=parties.authority.now)
        _, theirs = await shaken(server, client)
        assert isinstance(theirs, Secured) == taken
    assert str(theirs) == f"TLS: the peer's certificate is not the pinned one, but sha256:{right}"


async def test_a_pin_beside_an_authority_is_checked_too(parties: Parties) -> None:
    wrong = fingerprint_of(parties.authority.issue("gateway"))
    client = client_tls(parties.authority.ca, [wrong], "127.0.0.1", now=parties.authority.now)
    _, theirs = await shaken(parties.taking(None), client)
    assert "is not the pinned one" in str(theirs)


@pytest.mark.parametrize(
    "garbage", [b"GET / HTTP/1.1\r\n\r\n", b"\x00\x10" + b"0800" * 4, b"\xff" * 500, b"\x16\x03\x01\x00\x05hello"]
)
async def test_what_is_no_tls_is_refused_by_name(parties: Parties, garbage: bytes) -> None:
    ours, theirs = joined()
    theirs.send(garbage)
    with pytest.raises(NoHandshake, match=r"TLS: .*(no TLS|unexpected|length|digest|too)") as caught:
        await shake_hands(ours, parties.server, 5)
    assert not caught.value.silent
    assert ours.fileno() == -1


async def test_a_slow_handshake_has_its_time_and_no_more(parties: Parties, autojump_clock: MockClock) -> None:
    for said in (b"", b"\x16\x03\x01"):
        ours, theirs = joined()
        theirs.send(said)
        start = trio.current_time()
        with pytest.raises(NoHandshake, match="no end of the TLS handshake for 10 s"):
            await shake_hands(ours, parties.server, 10)
        assert trio.current_time() - start == pytest.approx(10)
        assert ours.fileno() == -1


async def test_a_handshake_without_end_has_its_bytes_and_no_more(parties: Parties) -> None:
    """A first message of 131000 bytes, each in a record of its own."""
    ours, theirs = joined()
    theirs.settimeout(0)

    async def drown() -> None:
        peer = trio.socket.from_stdlib_socket(theirs)
        await peer.send(b"\x16\x03\x01\x00\x04\x01" + (131_000).to_bytes(3))
        with suppress(OSError):
            while True:
                await peer.send(b"\x16\x03\x01\x00\x01\x00" * 1000)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(drown)
        with pytest.raises(NoHandshake, match=f"more than {MOST_OF_A_HANDSHAKE} bytes of a TLS handshake"):
            await shake_hands(ours, parties.server, 5)


async def test_who_comes_and_goes_without_a_byte_is_silent(parties: Parties) -> None:
    for said, silent in ((b"", True), (b"\x16\x03\x01", False)):
        ours, theirs = joined()
        theirs.send(said)
        theirs.close()
        with pytest.raises(NoHandshake, match="the peer closed in the TLS handshake") as caught:
            await shake_hands(ours, parties.server, 5)
        assert caught.value.silent == silent


async def test_a_cancelled_handshake_closes(parties: Parties) -> None:
    ours, _ = joined()
    with trio.move_on_after(0):
        await shake_hands(ours, parties.server, 5)
    assert ours.fileno() == -1


async def test_slow_handshakes_hold_up_nobody(parties: Parties, nursery: trio.Nursery) -> None:
    for _ in range(50):
        ours, theirs = joined()
        theirs.send(b"\x16\x03\x01\x02")
        nursery.start_soon(_fails, ours, parties)
    await wait_all_tasks_blocked()
    first, second = await shaken(parties.server, parties.client, within=5)
    assert isinstance(first, Secured)
    assert isinstance(second, Secured)
    nursery.cancel_scope.cancel()


async def _fails(ours: object, parties: Parties) -> None:
    with pytest.raises(NoHandshake):
        await shake_hands(ours, parties.server, 10)  # type: ignore[arg-type]


async def test_others_have_a_turn_between_two_handshakes(parties: Parties) -> None:
    """A thousand that knock at once must not stop those that are at work."""
    turns = 0
    over = False

    async def work() -> None:
        nonlocal turns
        while not over:
            turns += 1
            await trio.lowlevel.checkpoint()

    async def knock() -> None:
        await shaken(parties.server, parties.client)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(work)
        async with trio.open_nursery() as knocking:
            for _ in range(10):
                knocking.start_soon(knock)
        over = True
    assert turns >= 10 * 4  # two steps of each side


async def test_dialling_a_server_over_tcp(parties: Parties, nursery: trio.Nursery) -> None:
    met: list[tuple[str, ...]] = []
    known = trio.Event()

    async def carry(sock: object) -> None:
        secured = await shake_hands(sock, parties.server, 5)  # type: ignore[arg-type]
        met.append(secured.names)
        known.set()
        await End(secured).run()

    scope = trio.CancelScope()

    async def listen(*, task_status: trio.TaskStatus[Address]) -> None:
        with scope:
            await serve(Address("127.0.0.1", 0), carry, connections=5, task_status=task_status)

    address = await nursery.start(listen)
    secured = await dial(address, 5, parties.client)
    assert isinstance(secured, Secured)
    end = End(secured)
    nursery.start_soon(end.run)
    with trio.fail_after(5):
        await known.wait()
    await end.connection.aclose()
    assert met[0][0] == "TERM0001"
    with pytest.raises(NoHandshake, match=rf"{address}: TLS: .*Hostname mismatch"):
        await dial(address, 5, parties.dialling(None, "host.example"))
    scope.cancel()


async def test_openssl_s_client_shakes_hands(parties: Parties, nursery: trio.Nursery) -> None:
    """A real peer, with both versions; it sends a frame and goes."""
    try:
        await trio.run_process(["openssl", "version"], capture_stdout=True)
    except OSError:
        pytest.skip("no openssl here")
    pair = parties.authority.issue("TERM0007")
    ends: list[End] = []

    async def carry(sock: object) -> None:
        secured = await shake_hands(sock, parties.server, 5)  # type: ignore[arg-type]
        assert secured.names[0] == "TERM0007"
        end = End(secured)
        ends.append(end)
        await end.run()

    scope = trio.CancelScope()

    async def listen(*, task_status: trio.TaskStatus[Address]) -> None:
        with scope:
            await serve(Address("127.0.0.1", 0), carry, connections=5, task_status=task_status)

    address = await nursery.start(listen)
    for version in ("-tls1_2", "-tls1_3"):
        await trio.run_process(
            ["openssl", "s_client", "-quiet", "-no_ign_eof", version, "-connect", str(address),
             "-CAfile", str(parties.authority.ca), "-cert", str(pair.certificate), "-key", str(pair.key),
             "-verify_return_error"],
            stdin=b"\x00\x05hello", capture_stdout=True, capture_stderr=True,
        )  # fmt: skip
    assert [(end.received, end.why) for end in ends] == [([b"hello"], None)] * 2
    scope.cancel()
