"""The mock host under hostile load: thousands of connections that send garbage, say nothing or read nothing.

    python bench/hostile.py [--garbage 10000] [--idle 2000] [--deaf 20] [--json]

The host is a process of its own, as it is shipped. In turn: *idle* connections are opened that say nothing; *garbage*
ones that send frames which are no messages, longer than any, cut short, or of another protocol, and stay open as long
as the host lets them; *deaf* ones that send line tests for as long as the socket takes any, and never read. In each
state an honest terminal sells a hundred times, and every sale must be approved. Then all hang up, and the host must be
left with the files it had before. Said are its memory (VmRSS) and open files in each state, and what one connection
costs.
"""

from __future__ import annotations

import argparse
import json
import random
import socket
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from bench.honest import HOST, SPEC, Terminal, drive_one, server
from iso_gateway.net.files import make_room

HONEST: Final = 100
KINDS: Final = 4


def garbage(number: int) -> bytes:
    """Return what the connection with this *number* sends."""
    noise = random.Random(number).randbytes(48)
    return (
        len(noise).to_bytes(2) + noise,
        b"\xff\xff" + noise,
        b"\x01\x00" + noise,
        b"GET / HTTP/1.1\r\nHost: example\r\n\r\n",
    )[number % KINDS]


def opened(port: int, many: int) -> list[socket.socket]:
    """Return so many connections."""
    return [socket.create_connection(("127.0.0.1", port)) for _ in range(many)]


def deafened(sock: socket.socket) -> int:
    """Send line tests for as long as *sock* takes any; return how many."""
    payload = SPEC.encode(SPEC.message("0800", {7: "1120120000", 11: "000001", 41: "DEAF0001", 70: "301"}))
    many = (len(payload).to_bytes(2) + payload) * 100
    sock.settimeout(0.5)
    sent = 0
    try:
        while sent < 20_000:
            sock.sendall(many)
            sent += 100
    except OSError:
        pass
    return sent


class State:
    """What the host's process has."""

    def __init__(self, pid: int) -> None:
        status = dict(
            line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line
        )
        self.memory = int(status["VmRSS"].split()[0]) * 1024
        self.files = len(list(Path(f"/proc/{pid}/fd").iterdir()))


def accepted(pid: int, files: int) -> None:
    """Wait until the host has so many open files, and fail where it never has: it let somebody wait."""
    deadline = time.monotonic() + 30
    while State(pid).files < files:
        if time.monotonic() > deadline:
            raise SystemExit(f"only {State(pid).files} of {files} files are open: connections were not taken")
        time.sleep(0.1)


class Trial:
    """One run, state by state."""

    def __init__(self, pid: int, port: int) -> None:
        self.rows: list[dict[str, object]] = []
        self._pid = pid
        self._honest = Terminal(socket.create_connection(("127.0.0.1", port)), "TERM0001")

    def look(self, what: str, many: int = 0) -> State:
        """Have the honest terminal sell, and note how the host stands with *many* connections more."""
        begin = time.perf_counter()
        drive_one(self._honest, HONEST)
        took = time.perf_counter() - begin
        state = State(self._pid)
        row: dict[str, object] = {"state": what, "files": state.files, "mib": round(state.memory / (1 << 20), 1)}
        row["ms_each_sale"] = round(1000 * took / HONEST, 2)
        if many and self.rows:
            before = float(str(self.rows[-1]["mib"]))
            row["kib_each"] = round((state.memory / (1 << 20) - before) * 1024 / many, 1)
        self.rows.append(row)
        return state


def main() -> None:
    """Measure, print, and fail where the host does not come out of it as it went in."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--garbage", type=int, default=10_000)
    parser.add_argument("--idle", type=int, default=2000)
    parser.add_argument("--deaf", type=int, default=20)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    if short := make_room(given.garbage + given.idle + given.deaf):
        raise SystemExit(short)
    with tempfile.TemporaryDirectory() as folder, server(HOST, Path(folder)) as (pid, port):
        trial = Trial(pid, port)
        before = trial.look("an honest terminal alone")
        idle = opened(port, given.idle)
        accepted(pid, before.files + given.idle)
        trial.look("idle terminals", given.idle)
        bad = opened(port, given.garbage)
        accepted(pid, before.files + given.idle + given.garbage)
        trial.look("connections that will send garbage, silent yet", given.garbage)
        for number, sock in enumerate(bad):
            sock.sendall(garbage(number))
        trial.look("garbage sent")
        deaf = opened(port, given.deaf)
        taken = sum([deafened(sock) for sock in deaf])
        trial.look("peers that never read", given.deaf)
        for sock in (*idle, *bad, *deaf):
            sock.close()
        deadline = time.monotonic() + 20
        while State(pid).files > before.files and time.monotonic() < deadline:
            time.sleep(0.2)
        after = trial.look("all of them gone")
        lines = len((Path(folder) / "log").read_text().splitlines())
    if given.json:
        print(json.dumps({"rows": trial.rows, "lines": lines, "line_tests": taken}))
    else:
        for row in trial.rows:
            print("  ".join(f"{key}={value}" for key, value in row.items()))
        print(f"{lines} lines of log; {taken} line tests of peers that never read")
    if after.files > before.files:
        sys.exit(f"{after.files - before.files} files are open still")


if __name__ == "__main__":
    main()
