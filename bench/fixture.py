"""What a test pays for a host of its own: the start and the end of ``iso_host``, beside a bare server of the library.

The bare one is `socketserver.ThreadingTCPServer` on a thread of its own, as test suites write it by hand: it takes
connections and says nothing. Both are begun, connected to once, and ended again, in turns, in one process. The first
host of a process imports what it needs: that is told by itself, of processes that do nothing else.

    python bench/fixture.py [--rounds 200] [--json]
"""

from __future__ import annotations

import argparse
import json
import socket
import socketserver
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from iso_gateway.testing.background import Background
from iso_gateway.testing.host import Host
from iso_gateway.testing.options import host_options

COLD: Final = """
import time
began = time.perf_counter()
from iso_gateway.testing.background import Background
from iso_gateway.testing.host import Host
from iso_gateway.testing.options import host_options
background = Background()
Host(background, host_options({}, {}))
print(time.perf_counter() - began)
background.stop()
"""
"""Prints the seconds to the first host of a process, pytest's own start not counted."""
PLUGIN: Final = """
import pytest, time
began = time.perf_counter()
import iso_gateway.testing.plugin
print(time.perf_counter() - began)
"""
"""Prints the seconds that pytest needs for the plugin in every project that has it installed."""


@contextmanager
def our_host() -> Iterator[tuple[str, int]]:
    """Run a host as ``iso_host`` does."""
    background = Background()
    yield Host(background, host_options({}, {})).address
    background.stop()


@contextmanager
def bare_server() -> Iterator[tuple[str, int]]:
    """Run what a test suite has where it has no host."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.001,))
        thread.start()
        host, port = server.server_address[:2]
        yield str(host), port
        server.shutdown()
        thread.join()


CONTENDERS: Final[dict[str, Callable[[], Any]]] = {"iso_host": our_host, "socketserver": bare_server}


def measured(make: Callable[[], Any]) -> tuple[float, float]:
    """Return the seconds until *make*'s server has taken a connection, and those that its end takes."""
    began = time.perf_counter()
    server = make()
    address = server.__enter__()
    socket.create_connection(address, 5).close()
    ready = time.perf_counter()
    server.__exit__(None, None, None)
    return ready - began, time.perf_counter() - ready


def first_of(script: str, rounds: int) -> list[float]:
    """Return the seconds that *script* prints, of so many processes of their own."""
    run = [sys.executable, "-c", script]
    return [float(subprocess.run(run, check=True, capture_output=True, text=True).stdout) for _ in range(rounds)]


def quartiles(seconds: list[float]) -> dict[str, float]:
    """Return median and quartiles in milliseconds."""
    low, middle, high = (1000 * each for each in statistics.quantiles(seconds, n=4))
    return {"ms": round(middle, 3), "low": round(low, 3), "high": round(high, 3)}


def measure(rounds: int) -> dict[str, Any]:
    """Return what everything takes, in milliseconds, and the ratio of the two starts."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in CONTENDERS}
    for make in CONTENDERS.values():
        measured(make)
    for _ in range(rounds):
        for name, make in CONTENDERS.items():
            times[name].append(measured(make))
    result: dict[str, Any] = {
        name: {"start": quartiles([start for start, _ in each]), "end": quartiles([end for _, end in each])}
        for name, each in times.items()
    }
    result["times"] = round(result["iso_host"]["start"]["ms"] / result["socketserver"]["start"]["ms"], 2)
    result["first of a process"] = quartiles(first_of(COLD, 7))
    result["pytest's start"] = quartiles(first_of(PLUGIN, 7))
    return result


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    result = measure(given.rounds)
    if given.json:
        print(json.dumps(result))
        return
    for name in CONTENDERS:
        for what in ("start", "end"):
            said = result[name][what]
            print(f"{name:13} {what:6} {said['ms']:8.2f} ms ({said['low']:.2f}-{said['high']:.2f})")
    print(f"{result['times']:.2f} times the bare server's start")
    for what in ("first of a process", "pytest's start"):
        said = result[what]
        print(f"{what:20} {said['ms']:8.2f} ms ({said['low']:.2f}-{said['high']:.2f})")


if __name__ == "__main__":
    main()
