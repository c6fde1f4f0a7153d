"""No byte of a request leaves before its commit is on the disk: what the system was asked for, in which order."""

from __future__ import annotations

import os
import random  # noqa: TID251 -- seeded
import shutil
import subprocess
from pathlib import Path

import pytest
import trio

from crash.gateway import Gateway
from crash.terminal import Terminal
from iso_gateway.catalog import load_spec
from iso_gateway.framing import Framing
from iso_gateway.host.server import HostServer
from iso_gateway.host.settings import HostSettings
from iso_gateway.net.address import Address
from tests.support.straced import OPTIONS, read, sent_too_soon

SALES = 6
SPEC = load_spec("iso87-ascii")

WAL, FILE = (
    f"5<{''.join(f'{chr(92)}x{byte:02x}' for byte in name)}>" for name in (b"/j/journal.db-wal", b"/j/journal.db")
)
WRITTEN = rf'7 pwrite64({WAL}, "\x61\x62\x63", 3, 0) = 3'
SYNCED = f"7 fdatasync({WAL}) = 0"
SENT = r'6 sendto(9<TCP:[127.0.0.1:40000->127.0.0.1:9000]>, "\x61\x62\x63", 3, 0, NULL, 0) = 3'
BEGUN, RETURNED = f"7 fdatasync({WAL} <unfinished ...>", "7 <... fdatasync resumed>) = 0"


@pytest.mark.parametrize(
    ("lines", "fine"),
    [
        ([WRITTEN, SYNCED, SENT], True),
        ([WRITTEN, BEGUN, RETURNED, SENT], True),
        ([WRITTEN, BEGUN, "6 +++ exited with 0 +++", SENT, RETURNED], False),
        ([WRITTEN, SENT, SYNCED], False),
        ([SYNCED, WRITTEN, SENT], False),
        ([BEGUN, WRITTEN.replace("7 ", "8 "), RETURNED, SENT], False),
        ([WRITTEN.replace(r"\x63", r"\x64"), SYNCED, SENT], False),
        ([WRITTEN, SYNCED.replace(WAL, FILE), SENT], False),
        ([WRITTEN, SYNCED.replace("= 0", "= -1 EIO (Input/output error)"), SENT], False),
        ([SENT], False),
    ],
)
def test_only_what_was_written_and_synced_before_is_durable(lines: list[str], *, fine: bool) -> None:
    sent, too_soon = sent_too_soon(read(lines), "/j/journal.db", "->127.0.0.1:9000]", lambda data: [data])
    assert (sent, too_soon) == ([b"abc"], [] if fine else [b"abc"])


def test_what_goes_to_others_need_not_be_durable() -> None:
    sent, _ = sent_too_soon(read([SENT.replace("9000", "9001")]), "/j/journal.db", "->127.0.0.1:9000]", lambda _: [b""])
    assert sent == []


def why_not() -> str:
    """Return why strace cannot be used here, or the empty text."""
    if shutil.which("strace") is None:
        return "strace is not installed (Debian package strace)"
    tried = subprocess.run(["strace", "-o", os.devnull, "true"], capture_output=True, text=True, check=False)
    return "" if tried.returncode == 0 else f"strace may not watch processes here: {tried.stderr.strip()}"


def stans(data: bytes) -> list[bytes]:
    """Return the STAN of each sale among the frames in *data*, as msgpack writes six characters."""
    frames = Framing.parse("2be").framer(4096).receive(data)
    messages = [SPEC.decode(frame.payload) for frame in frames]
    return [b"\xa6" + message.text(11).encode() for message in messages if message.mti == "0200"]


async def test_a_commit_is_on_the_disk_before_its_request_is_sent(tmp_path: Path, nursery: trio.Nursery) -> None:
    if reason := why_not():
        if os.environ.get("ISO_GATEWAY_STRACE") == "needed":
            pytest.fail(reason)
        pytest.skip(reason)
    host = HostServer.of(HostSettings(magic=False))
    at: Address = await nursery.start(host.run, Address("127.0.0.1", 0))
    trace = tmp_path / "trace"
    gateway = Gateway(tmp_path, at.port, 2, under=("strace", *OPTIONS, "-o", str(trace)))
    gateway.start()
    try:
        await gateway.ready()
        closing = trio.Event()
        terminals = [Terminal(number + 1, gateway.port, random.Random(number)) for number in range(2)]
        async with trio.open_nursery() as shops:
            for terminal in terminals:
                shops.start_soon(terminal.work, closing)
            with trio.fail_after(60):
                while sum(terminal.sales for terminal in terminals) < SALES:  # noqa: ASYNC110 -- nobody tells
                    await trio.sleep(0.01)
            closing.set()
        await gateway.stop()
    finally:
        if gateway.alive():
            gateway.kill()
    with trace.open() as lines:
        calls = read(lines)
    sent, too_soon = sent_too_soon(calls, str(gateway.journal), f"->127.0.0.1:{at.port}]", stans)
    assert len(sent) >= SALES
    assert too_soon == []
    nursery.cancel_scope.cancel()
