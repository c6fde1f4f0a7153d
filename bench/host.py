"""The mock host beside iso8583sim's server: requests that one core answers, for the same client in the same run.

    python bench/host.py [--seconds 3] [--rounds 3] [--connections 16] [--depth 8] [--json]

Each server runs in a process of its own, held to the first core; the client, in this process, is held to the second.
Both get the same 0200 in ASCII with a hexadecimal bitmap, behind a length of two bytes, *depth* of them at a time on
each of *connections*, and have to approve each. Rounds alternate. What counts is the processor time that the server
takes for a request, from /proc/PID/stat: a request a second per core is one over that. The sales a second that the
client saw are told too; where they are fewer, the client was the bottleneck. The run fails unless the host answers at
least twice as many as its peer.

Both write what they like about each request, to nowhere.
"""

from __future__ import annotations

import argparse
import json
import os
import selectors
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from iso_gateway import load_spec

SPEC: Final = load_spec("iso87-ascii")
WARM_UP: Final = 0.5
START: Final = 20.0
"""Seconds that a server may take to listen."""
TARGET: Final = 2.0
PAN: Final = "4761739001010010"


class FailedError(Exception):
    """What was measured is not what was to be measured."""


class Result(NamedTuple):
    """One measurement of one server."""

    requests: int
    per_second: float
    microseconds: float
    """Processor time of the server for a request."""


def commands(port: int) -> dict[str, list[str]]:
    """Return how each server is started, by its name."""
    peer = shutil.which("iso8583sim", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if peer is None:
        raise FailedError("iso8583sim is not installed: make bench, or pip install -r requirements-bench.txt")
    return {
        "iso-gateway host": [sys.executable, "-m", "iso_gateway", "host", "--port", str(port)],
        "iso8583sim serve": [peer, "serve", "--port", str(port), "--format", "ascii-hex"],
    }


@contextmanager
def running(command: list[str], port: int, core: int) -> Iterator[int]:
    """Run a server on *core* until the block ends; give its process id once it accepts connections."""
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet) as server:
        os.sched_setaffinity(server.pid, {core})
        until = time.monotonic() + START
        try:
            while not _accepts(port):
                if server.poll() is not None or time.monotonic() > until:
                    raise FailedError(f"{command[0]} does not listen")
                time.sleep(0.05)
            yield server.pid
        finally:
            server.kill()


def _accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def processor_seconds(pid: int) -> float:
    """Return the processor time that a process has taken so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Client:
    """Connections on which requests go out, so many at a time on each."""

    def __init__(self, port: int, connections: int, depth: int) -> None:
        self._selector = selectors.DefaultSelector()
        self._depth = depth
        self._number = 0
        self._code: slice | None = None
        self.answered = 0
        for _ in range(connections):
            line = _Line(socket.create_connection(("127.0.0.1", port)))
            self._selector.register(line.sock, selectors.EVENT_READ, line)
            self._send(line)

    def run(self, seconds: float) -> None:
        """Go on for *seconds*."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            for key, _ in self._selector.select(left):
                self._read(key.data)

    def close(self) -> None:
        """Close all connections."""
        for key in list(self._selector.get_map().values()):
            key.data.sock.close()

    def _send(self, line: _Line) -> None:
        frames = []
        for _ in range(self._depth):
            self._number = self._number % 999_999 + 1
            payload = HEAD + f"{self._number:06}".encode() + TAIL
            frames.append(len(payload).to_bytes(2) + payload)
        line.waiting = self._depth
        line.sock.sendall(b"".join(frames))

    def _read(self, line: _Line) -> None:
        data = line.sock.recv(65536)
        if not data:
            raise FailedError("the server closed a connection")
        line.buffer += data
        while len(line.buffer) >= 2 and len(line.buffer) >= (end := 2 + int.from_bytes(line.buffer[:2])):
            self._check(bytes(line.buffer[2:end]))
            del line.buffer[:end]
            line.waiting -= 1
            self.answered += 1
        if not line.waiting:
            self._send(line)

    def _check(self, payload: bytes) -> None:
        """See that it is an approval; where DE 39 stands is looked up once."""
        if self._code is None:
            answer = SPEC.decode(payload, trace=True)
            span = next(span for span in answer.spans if span.field == "39")
            self._code = slice(span.body, span.end)
        if payload[:4] != b"0210" or payload[self._code] != b"00":
            raise FailedError(f"no approval: {payload[:4]!r}, {payload[self._code]!r}")


class _Line:
    """One connection."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.buffer = bytearray()
        self.waiting = 0


def request() -> tuple[bytes, bytes]:
    """Return what stands before the STAN of a sale, and behind it."""
    sale = SPEC.message(
        "0200",
        {2: PAN, 3: 0, 4: 100, 7: "1123040506", 11: 0, 12: "040506", 13: "1123", 22: "012", 25: "00",
         41: "TERM0001", 42: "MERCHANT0000001", 49: "840"},
    )  # fmt: skip
    payload = SPEC.encode(sale)
    at = SPEC.offset(sale, 11)
    return payload[:at], payload[at + 6 :]


HEAD, TAIL = request()


def measure(command: list[str], port: int, options: argparse.Namespace) -> Result:
    """Measure one server once.

    Raises:
        FailedError: it did not answer each request with an approval.
    """
    with running(command, port, min(os.sched_getaffinity(0))) as pid:
        client = Client(port, options.connections, options.depth)
        client.run(WARM_UP)
        before, cpu, since = client.answered, processor_seconds(pid), time.monotonic()
        client.run(options.seconds)
        count, passed = client.answered - before, time.monotonic() - since
        spent = processor_seconds(pid) - cpu
        client.close()
    if not count:
        raise FailedError("nothing was answered")
    return Result(count, count / passed, spent / count * 1e6)


def free_port() -> int:
    """Return a port that is free now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def main() -> int:
    """Measure, print, and say by the exit code whether the target was met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--depth", type=int, default=8)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found: dict[str, list[Result]] = {}
    cores = sorted(os.sched_getaffinity(0))
    try:
        for _ in range(options.rounds):
            port = free_port()
            for name, command in commands(port).items():
                os.sched_setaffinity(0, {cores[-1]})
                try:
                    found.setdefault(name, []).append(measure(command, port, options))
                finally:
                    os.sched_setaffinity(0, cores)
    except FailedError as error:
        print(f"bench/host.py: {error}", file=sys.stderr)
        return 1
    cost = {name: statistics.median(each.microseconds for each in results) for name, results in found.items()}
    ours, theirs = cost
    ratio = cost[theirs] / cost[ours]
    if options.json:
        print(json.dumps({"ratio": round(ratio, 2), "microseconds": {name: round(us, 1) for name, us in cost.items()}}))
    else:
        print(f"{'server':<20}{'us a request':>14}{'requests/s of a core':>24}{'seen by the client':>22}")
        for name, results in found.items():
            seen = statistics.median(each.per_second for each in results)
            print(f"{name:<20}{cost[name]:>14.1f}{1e6 / cost[name]:>24,.0f}{seen:>22,.0f}")
        print(f"{ours} answers {ratio:.2f} times as many requests a second and core as {theirs} (target {TARGET:g})")
    return 0 if ratio >= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
