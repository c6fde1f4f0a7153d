"""Terminals for measuring: each sends a sale, waits for its answer, checks it, and sends the next.

Prints as JSON how many sales were made in all and within the window, how long the window was, and how much processor
time the watched process took in it. An answer that is not the approval of the sale just sent ends the run with
status 1.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import socket
import sys
import time
from pathlib import Path
from typing import Final

from iso_gateway import load_spec
from iso_gateway.security.keys import KeyAlgorithm, MacAlgorithm, MacMethod
from iso_gateway.security.macs import MacKey

SPEC: Final = load_spec("iso87-ascii")
SALE: Final = SPEC.message(
    "0200",
    {
        2: "4761739001010010",
        3: "000000",
        4: 1234,
        7: "0711093015",
        11: 0,
        12: "093015",
        13: "0711",
        14: "2512",
        18: "5411",
        19: "840",
        22: "051",
        23: "001",
        25: "00",
        32: "00000123456",
        35: "4761739001010010=25122011143804400000",
        41: "TERM0000",
        42: "MERCHANT0000001",
        43: "CORNER SHOP            SPRINGFIELD    US",
        49: "840",
        55: "9F2608112233445566778882025C008407A00000000310109F360200019F100706010A03A4A0009505"
        "00000080009A032507119C01009F02060000000012345F2A0208409F1A0208409F3704AABBCCDD",
        60: "0000000001",
    },
)
"""A chip sale of 21 elements."""
PATIENCE: Final = 20.0
"""Seconds without any answer after which the run has failed."""
METHOD: Final = MacMethod(MacAlgorithm.X9_19)
MAC: Final = 16
"""Characters of a MAC."""
TICK: Final = os.sysconf("SC_CLK_TCK")


class WrongAnswerError(Exception):
    """An answer is not the approval of its sale."""


class Terminals:
    """Some terminals, each on a connection of its own."""

    def __init__(self, port: int, count: int, mac: str = "", block: str = "") -> None:
        """Connect *count* terminals; with the MAC key *mac* and the PIN *block*, where there are any, hexadecimal."""
        self.mac = MacKey(METHOD.algorithm, KeyAlgorithm.TDES, bytes.fromhex(mac)) if mac else None
        message = SALE.evolve({52: bytes.fromhex(block)}) if block else SALE
        sale = SPEC.encode(message.evolve({64: bytes(8)}) if mac else message)
        spans = {span.field: slice(span.start + 2, span.end + 2) for span in SPEC.decode(sale, trace=True).spans}
        self.stan_at, self.amount_at = spans["11"], spans["4"]
        self.frames: dict[int, bytearray] = {}
        self.sockets: dict[int, socket.socket] = {}
        self.names: dict[int, bytes] = {}
        self.numbers: dict[int, int] = {}
        self.waiting: dict[int, bytes] = {}
        """What has come of an answer so far, for those that wait for one."""
        self.answered = 0
        self.sent = 0
        self.shapes: dict[tuple[bytes, int], tuple[slice, slice, slice, slice]] = {}
        self.poll = select.epoll()
        for number in range(1, count + 1):
            connection = socket.create_connection(("127.0.0.1", port))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.settimeout(0)
            fileno = connection.fileno()
            self.sockets[fileno] = connection
            self.names[fileno] = b"TERM%04d" % number
            self.frames[fileno] = frame = bytearray(len(sale).to_bytes(2) + sale)
            frame[spans["41"]] = self.names[fileno]
            self.numbers[fileno] = 0
            self.poll.register(fileno, select.EPOLLIN)

    def send(self, fileno: int) -> None:
        """Send the next sale of the terminal *fileno*."""
        self.numbers[fileno] = number = self.numbers[fileno] + 1
        frame = self.frames[fileno]
        frame[self.stan_at] = b"%06d" % number
        frame[self.amount_at] = b"%012d" % (1000 + number % 9000)  # who paid the same again would be a suspect
        if self.mac is not None:
            frame[-MAC:] = self.signed(bytes(frame[2:-MAC]))
        if self.sockets[fileno].send(frame) != len(frame):
            raise WrongAnswerError("a sale was not taken whole")
        self.waiting[fileno] = b""
        self.sent += 1

    def signed(self, data: bytes) -> bytes:
        """Return the MAC of *data* in hexadecimal characters."""
        assert self.mac is not None
        return self.mac.make(METHOD, data).hex().upper().encode()

    def run(self, seconds: float) -> float:
        """Keep every terminal busy for *seconds*; return the seconds that it really took."""
        start = time.monotonic()
        for fileno in self.sockets:
            if fileno not in self.waiting:
                self.send(fileno)
        while (now := time.monotonic()) < start + seconds:
            for fileno in self.receive():
                self.send(fileno)
        return now - start

    def finish(self) -> None:
        """Wait for the answers that are still out."""
        while self.waiting:
            list(self.receive())

    def receive(self) -> list[int]:
        """Take what has come; return the terminals that are free."""
        ready = self.poll.poll(PATIENCE)
        if not ready:
            raise WrongAnswerError(f"no answer to {len(self.waiting)} sales for {PATIENCE:g} s")
        return [fileno for fileno, _ in ready if self.take(fileno)]

    def take(self, fileno: int) -> bool:
        """Read from the terminal *fileno*; return whether its answer is complete."""
        data = self.sockets[fileno].recv(4096)
        if not data or fileno not in self.waiting:
            raise WrongAnswerError("the connection was closed" if not data else "an answer that nobody waits for")
        data = self.waiting[fileno] + data
        if len(data) < 2 or len(data) < 2 + int.from_bytes(data[:2]):
            self.waiting[fileno] = data
            return False
        if len(data) > 2 + int.from_bytes(data[:2]):
            raise WrongAnswerError("two answers to one sale")
        self.check(fileno, data[2:])
        del self.waiting[fileno]
        self.answered += 1
        return True

    def check(self, fileno: int, answer: bytes) -> None:
        """See that *answer* approves the sale that the terminal *fileno* sent last.

        Raises:
            WrongAnswerError: it does not.
        """
        known = answer[:20], len(answer)
        shape = self.shapes.get(known)
        if shape is None:
            spans = {span.field: slice(span.start, span.end) for span in SPEC.decode(answer, trace=True).spans}
            missing = {"4", "11", "39", "41"} - spans.keys()
            if missing:
                raise WrongAnswerError(f"an answer {answer[:4].decode()} without DE {', '.join(sorted(missing))}")
            shape = self.shapes[known] = spans["4"], spans["11"], spans["39"], spans["41"]
        amount, stan, code, terminal = shape
        if self.mac is not None and answer[-MAC:] != self.signed(answer[:-MAC]):
            raise WrongAnswerError(f"a wrong MAC, DE 39 {answer[code].decode()}")
        if (
            not answer.startswith(b"0210")
            or answer[code] != b"00"
            or answer[amount] != self.frames[fileno][self.amount_at]
        ):
            raise WrongAnswerError(f"no approval: MTI {answer[:4].decode()}, DE 39 {answer[code].decode()}")
        if answer[stan] != self.frames[fileno][self.stan_at] or answer[terminal] != self.names[fileno]:
            raise WrongAnswerError("the answer to another sale")


def processor_seconds(pid: int) -> float:
    """Return the processor time that *pid* has taken, in user and system mode."""
    # The name, in brackets, may hold anything; utime and stime are the 14th and 15th word of the line.
    words = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / TICK


def add_keys(parser: argparse.ArgumentParser) -> None:
    """Let *parser* take a MAC key and a PIN block."""
    parser.add_argument("--mac", default="", metavar="KEY", help="hexadecimal; X9.19 in DE 64, both ways")
    parser.add_argument("--pin-block", default="", metavar="BLOCK", help="hexadecimal; DE 52 of every sale")


def main() -> None:
    """Warm up, measure, finish, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("watch", type=int, help="the process whose processor time counts")
    parser.add_argument("--terminals", type=int, default=64)
    parser.add_argument("--warm-up", type=float, default=1.0)
    parser.add_argument("--seconds", type=float, default=2.0)
    add_keys(parser)
    given = parser.parse_args()
    terminals = Terminals(given.port, given.terminals, given.mac, given.pin_block)
    try:
        terminals.run(given.warm_up)
        before = terminals.answered, processor_seconds(given.watch)
        seconds = terminals.run(given.seconds)
        after = terminals.answered, processor_seconds(given.watch)
        terminals.finish()
    except WrongAnswerError as error:
        sys.exit(f"after {terminals.answered} sales: {error}")
    print(
        json.dumps(
            {
                "sales": terminals.answered,
                "measured": after[0] - before[0],
                "seconds": seconds,
                "processor_seconds": after[1] - before[1],
            }
        )
    )


if __name__ == "__main__":
    main()
