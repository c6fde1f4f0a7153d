"""What `bench/hostile.py` begins with: the mock host as a process, and a terminal that looks at every answer."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from iso_gateway import load_spec

SPEC: Final = load_spec("iso87-ascii")
HERE: Final = Path(__file__).parent
HOST: Final = (sys.executable, "-m", "iso_gateway", "host", "--port", "0", "--log-format", "json")
SALE: Final = SPEC.message(
    "0200",
    {
        2: "4761739001010010",
        3: "000000",
        4: "000000000001",
        7: "1120120000",
        11: "777777",
        12: "120000",
        13: "1120",
        14: "4912",
        22: "012",
        25: "00",
        32: "00000123456",
        41: "TERM0001",
        42: "MERCHANT0000001",
        49: "840",
    },
)


class WrongAnswerError(Exception):
    """A server answered something else than it was asked."""


class Terminal:
    """One connection with sales ahead of their answers."""

    def __init__(self, sock: socket.socket, name: str) -> None:
        self.sock = sock
        if sock.family != socket.AF_UNIX:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        payload = SPEC.encode(SALE.evolve({41: name}))
        self._before, self._after = payload.split(b"777777", 1)
        self._length = len(payload).to_bytes(2)
        self._sent = self._answered = 0
        self._buffer = b""

    def send(self, many: int) -> None:
        """Send so many sales more."""
        numbers = range(self._sent + 1, self._sent + many + 1)
        self.sock.sendall(b"".join([b"%b%b%06d%b" % (self._length, self._before, n, self._after) for n in numbers]))
        self._sent += many

    def take(self) -> int:
        """Take answers that came; return how many.

        Raises:
            WrongAnswerError: one is not the approval of the sale whose turn it is.
        """
        data = self.sock.recv(1 << 16)
        if not data:
            raise WrongAnswerError("the server hung up")
        buffer, at, count = self._buffer + data, 0, 0
        while len(buffer) >= at + 2 and len(buffer) >= (end := at + 2 + int.from_bytes(buffer[at : at + 2])):
            self._answered += 1
            self.check(buffer[at + 2 : end], self._answered)
            at, count = end, count + 1
        self._buffer = buffer[at:]
        return count

    @staticmethod
    def check(answer: bytes, number: int) -> None:
        """Look whether *answer* approves the sale with this *number*.

        Raises:
            WrongAnswerError: it does not.
        """
        # The code of 39 stands before 41, 42 and 49, all of one length here; the STAN behind DE 7.
        if answer[:4] != b"0210" or b"1120120000%06d" % number not in answer or answer[-28:-26] != b"00":
            raise WrongAnswerError(f"no approval of sale {number}: {answer.decode(errors='replace')}")


def drive_one(terminal: Terminal, many: int) -> None:
    """Have *terminal* sell so many times, each after the answer to the one before."""
    for _ in range(many):
        terminal.send(1)
        while not terminal.take():
            pass


@contextmanager
def server(command: tuple[str, ...], folder: Path) -> Iterator[tuple[int, int]]:
    """Run *command*; gives its process's number and its port."""
    log = folder / "log"
    environment = os.environ | {"XDG_RUNTIME_DIR": str(folder), "PYTHONPATH": str(HERE.parent)}
    with log.open("w") as errors:
        process = subprocess.Popen(command, stderr=errors, stdout=subprocess.DEVNULL, env=environment)
    try:
        yield process.pid, _port(process, log)
    finally:
        process.terminate()
        process.wait(20)


def _port(process: subprocess.Popen[bytes], log: Path) -> int:
    """Return the port that the first line of *log* with one tells."""
    while process.poll() is None:
        for line in log.read_text().splitlines():
            said = json.loads(line) if line.startswith("{") else {}
            if "listening" in said:
                return int(said["listening"].rpartition(":")[2])
        time.sleep(0.05)
    raise SystemExit(f"the server ended: {log.read_text()}")
