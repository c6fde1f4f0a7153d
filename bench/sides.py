"""What ``gateway.py`` measures: the gateway and two relays as processes between a host and a load of terminals."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from bench import keyed
from iso_gateway.gateway.store_key import write_store_key

HERE: Final = Path(__file__).resolve().parent
GATEWAY: Final = """
import sys, trio
from iso_gateway.gateway import config, service
trio.run(service.run, config.load(sys.argv[1]))
"""
CONFIG: Final = """
[gateway]
admin_socket = "{folder}/admin.sock"
[[listener]]
name = "counter"
address = "127.0.0.1:0"
{leg}
[[terminals]]
ids = ["TERM0001..TERM{terminals:04}"]
merchant = "MERCHANT0000001"
[[acquirer]]
name = "bank"
links = ["127.0.0.1:{host}"]
{leg}
[limits]
connections = {terminals}
per_link = {terminals}
"""
JOURNALS: Final = {"memory": "", "sqlite": '[journal]\npath = "journal.db"\n'}
"""What a configuration says beside, for each journal."""
SECURITY: Final = ("none", "inside", "process")
START: Final = 120.0
"""Seconds that a process may take to be ready, and to end."""


class FailedError(Exception):
    """The measurement is worth nothing, and why."""


class Side(NamedTuple):
    """What is measured."""

    name: str
    start: Callable[[ExitStack, int, Path, int], tuple[int, int]]
    """Starts it between a host's port and some terminals; returns its process and its port."""
    host_keys: keyed.LegKeys = keyed.TERMINALS
    """Those that the host needs where messages are protected: a relay hands on what the terminals made."""


watched_by: list[str] = []
"""The command under which processes under test run: that of valgrind, or none."""


journal: list[str] = ["sqlite"]
"""The gateway's journal, one of JOURNALS."""


security: list[str] = ["none"]
"""Whether messages have MACs and PIN blocks, and where the module is that makes the gateway's: one of SECURITY."""


def keys_of(leg: keyed.LegKeys) -> tuple[str, ...]:
    """Return the options with which host and terminals protect a leg."""
    return () if security[0] == "none" else ("--mac", leg.mac, "--pin-block", leg.block)


@contextmanager
def child(
    *command: str, stdout: int | None = subprocess.PIPE, stderr: Any = None, under: Sequence[str] = ()
) -> Iterator[subprocess.Popen[str]]:
    """Run a Python process; end it afterwards, by force if it must be."""
    with subprocess.Popen([*under, sys.executable, *command], stdout=stdout, stderr=stderr, text=True) as process:
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(START)
            except subprocess.TimeoutExpired:
                process.kill()


def port_of(process: subprocess.Popen[str]) -> int:
    """Return the port that *process* prints first."""
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line.strip().isdecimal():
        raise FailedError("a process ended before it was ready")
    return int(line)


def start_relay(on: str) -> Callable[[ExitStack, int, Path, int], tuple[int, int]]:
    """Return what starts a relay on *on*."""

    def start(stack: ExitStack, host: int, _folder: Path, _terminals: int) -> tuple[int, int]:
        process = stack.enter_context(child(str(HERE / "relay.py"), str(host), "--on", on, under=watched_by))
        return process.pid, port_of(process)

    return start


def start_gateway(stack: ExitStack, host: int, folder: Path, terminals: int) -> tuple[int, int]:
    """Start a gateway, and wait until its link takes money."""
    config, log = folder / "gateway.toml", folder / "log"
    protected = security[0] != "none"
    text = CONFIG + JOURNALS[journal[0]] + (keyed.CONFIG if protected else "")
    leg = keyed.LEG if protected else ""
    config.write_text(text.format(folder=folder, host=host, terminals=terminals, leg=leg, module=security[0]))
    if protected:
        keyed.write_store(folder, terminals)
    write_store_key(folder / "journal.db.key")
    stream = stack.enter_context(log.open("w"))
    process = stack.enter_context(
        child("-c", GATEWAY, str(config), stdout=subprocess.DEVNULL, stderr=stream, under=watched_by)
    )
    end = time.monotonic() + START
    while time.monotonic() < end and process.poll() is None:
        said = log.read_text()
        listening = re.search(r"ready: listening=.*? on 127\.0\.0\.1:(\d+)", said)
        if listening and "state=up" in said:
            return process.pid, int(listening[1])
        time.sleep(0.02)
    raise FailedError(f"the gateway did not get ready:\n{log.read_text()}")


RELAY: Final = Side("relay", start_relay("streams"))
GATEWAY_SIDE: Final = Side("gateway", start_gateway, keyed.HOST)
SIDES: Final = (RELAY, GATEWAY_SIDE, Side("relay on FramedConnection", start_relay("connection")))
