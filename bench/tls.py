"""What TLS costs: processor time per frame that comes and is answered, and per handshake.

    python bench/tls.py [--seconds 2] [--rounds 3] [--json]

A process of its own carries connections as the gateway does (`FramedConnection`), and sends each frame back. It is
loaded over loopback by plain sockets or Python's ssl, which is not counted: 64 terminals with a frame each, and one
link with 64 frames at a time. Each round measures clear and TLS in turn; the least of the rounds is shown, as what
else runs on the machine only adds. Certificates are ECDSA (P-256), on both sides; TLS is 1.3.

A sale is one frame that comes and one that goes with the terminal, and the same with the link.
"""

from __future__ import annotations

import argparse
import json
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import trio

from bench.load import processor_seconds
from iso_gateway.framing import Framing
from iso_gateway.net.address import Address
from iso_gateway.net.clock import read_system
from iso_gateway.net.connection import FramedConnection
from iso_gateway.net.listener import serve
from iso_gateway.net.secured import shake_hands
from iso_gateway.net.tls import server_tls
from tests.support.certificates import Authority

FRAME: Final = Framing.parse("2be").frame(bytes(range(200)))
"""As long as a sale with a few elements."""
AT_ONCE: Final = 64
WARM_UP: Final = 0.3


async def echo(folder: Path, *, secured: bool) -> None:
    """Send back whatever comes, until killed; say the port."""
    files = (folder / "ours.crt", folder / "ours.key", folder / "test-ca.pem")
    tls = server_tls(*files, now=read_system()[1]) if secured else None

    async def carry(sock: socket.socket) -> None:
        carrier = await shake_hands(sock, tls, 10) if tls is not None else sock
        connection = FramedConnection(carrier, Framing.parse("2be"), turn=AT_ONCE)
        await connection.run(lambda frame: connection.send(frame.payload))

    async def listen(*, task_status: trio.TaskStatus[Address]) -> None:
        await serve(Address("127.0.0.1", 0), carry, connections=1000, task_status=task_status)

    async with trio.open_nursery() as nursery:
        address: Address = await nursery.start(listen)
        print(address.port, flush=True)


class Load:
    """The other side of one measurement."""

    def __init__(self, stack: ExitStack, folder: Path, *, secured: bool) -> None:
        command = [sys.executable, __file__, "--echo", str(folder), *(["--secured"] if secured else [])]
        self.process = stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        stack.callback(self.process.kill)
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())
        self.context: ssl.SSLContext | None = None
        if secured:
            self.context = ssl.create_default_context(cafile=folder / "test-ca.pem")
            self.context.load_cert_chain(folder / "theirs.crt", folder / "theirs.key")

    def dial(self) -> socket.socket:
        """Return a new connection."""
        sock = socket.create_connection(("127.0.0.1", self.port))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock if self.context is None else self.context.wrap_socket(sock, server_hostname="127.0.0.1")

    def microseconds(self, connections: int, at_once: int, seconds: float) -> float:
        """Return the processor time for each of *at_once* frames on each of so many *connections*."""
        socks = [self.dial() for _ in range(connections)]
        burst = FRAME * at_once
        self._exchange(socks, burst, WARM_UP)
        before = processor_seconds(self.process.pid)
        frames = self._exchange(socks, burst, seconds) * at_once
        spent = processor_seconds(self.process.pid) - before
        for sock in socks:
            sock.close()
        return spent / frames * 1e6

    @staticmethod
    def _exchange(socks: list[socket.socket], burst: bytes, seconds: float) -> int:
        bursts = 0
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for sock in socks:
                sock.sendall(burst)
            for sock in socks:
                missing = len(burst)
                while missing:
                    missing -= len(sock.recv(65536))
            bursts += len(socks)
        return bursts

    def connection(self, count: int) -> float:
        """Return the processor time of one connection that comes and goes, in microseconds."""
        before = processor_seconds(self.process.pid)
        for _ in range(count):
            with self.dial() as sock:
                sock.sendall(FRAME)
                sock.recv(65536)
        return (processor_seconds(self.process.pid) - before) / count * 1e6


def certificates(folder: Path) -> None:
    """Make an authority and two certificates in *folder*."""
    authority = Authority(folder)
    for stem in ("ours", "theirs"):
        authority.issue(stem, stem=stem)


def main() -> None:
    """Measure, and print what TLS adds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--echo", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--secured", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.echo:
        trio.run(lambda: echo(given.echo, secured=given.secured))
        return
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        certificates(Path(name))
        sides = {"clear": Load(stack, Path(name), secured=False), "TLS": Load(stack, Path(name), secured=True)}
        for _ in range(given.rounds):
            for what, load in sides.items():
                found.setdefault(f"terminal, {what}", []).append(load.microseconds(AT_ONCE, 1, given.seconds))
                found.setdefault(f"link, {what}", []).append(load.microseconds(1, AT_ONCE, given.seconds))
                found.setdefault(f"connection, {what}", []).append(load.connection(200))
    least = {what: round(min(times), 2) for what, times in found.items()}
    least |= {
        f"TLS adds, {leg}": round(least[f"{leg}, TLS"] - least[f"{leg}, clear"], 2) for leg in ("terminal", "link")
    }
    least["TLS adds to a sale"] = round(least["TLS adds, terminal"] + least["TLS adds, link"], 2)
    if given.json:
        print(json.dumps(least))
        return
    for what, microseconds in least.items():
        print(f"{what:24} {microseconds:9.2f} microseconds")


if __name__ == "__main__":
    main()
