"""The gateway beside a bare relay: sales per second, and processor time per sale.

    python bench/gateway.py [--seconds 2] [--rounds 3] [--terminals 64,256] [--json]
    python bench/gateway.py --instructions [--terminals 256]

Each measurement starts a host, the process under test and a load of terminals that send one sale after the other
(``host.py``, ``relay.py``, ``load.py``), all on loopback, and ends them. Rounds of the gateway and the relays
alternate, so that all meet the same neighbours on the machine; a ratio of one run means more than its figures. The
processor time is that of the process under test alone, from /proc/PID/stat, after a warm-up. The run fails unless
every answer was the approval of its own sale, the host saw each sale exactly once, and the gateway had nothing to
complain of.

Where much other work goes on beside, processor time says little. ``--instructions`` has valgrind count those of the
process under test, which are the same each time to a few in a hundred: twice, for a shorter and a longer time, so that
what starting costs falls out. Not counted is what the system does, and what waiting for memory costs.
"""

from __future__ import annotations

import argparse
import json
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

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
[[terminals]]
ids = ["TERM0001..TERM{terminals:04}"]
merchant = "MERCHANT0000001"
[[acquirer]]
name = "bank"
links = ["127.0.0.1:{host}"]
[limits]
connections = {terminals}
per_link = {terminals}
"""
COMPLAINT: Final = re.compile(r"^\S+ (warning|error)")
COUNTED: Final = re.compile(r"I\s+refs:\s+([\d,]+)")
SHORT: Final = 1.0
LONG: Final = 8.0
"""Seconds under valgrind, where everything takes fifty times as long."""
WARM_UP: Final = 0.7
START: Final = 120.0
"""Seconds that a process may take to be ready, and to end."""


class FailedError(Exception):
    """The measurement is worth nothing, and why."""


class Result(NamedTuple):
    """One measurement."""

    per_second: float
    microseconds: float
    """Processor time of the process under test, per sale."""


class Side(NamedTuple):
    """What is measured."""

    name: str
    start: Callable[[ExitStack, int, Path, int], tuple[int, int]]
    """Starts it between a host's port and some terminals; returns its process and its port."""


watched_by: list[str] = []
"""The command under which processes under test run: that of valgrind, or none."""


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
    config.write_text(CONFIG.format(folder=folder, host=host, terminals=terminals))
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


SIDES: Final = (
    Side("relay", start_relay("streams")),
    Side("gateway", start_gateway),
    Side("relay on FramedConnection", start_relay("connection")),
)


def measure(side: Side, terminals: int, seconds: float) -> Result:
    """Measure *side* once.

    Raises:
        FailedError: not every sale went well, once and to the right terminal.
    """
    told = run(side, terminals, seconds)
    sales = told["measured"]
    return Result(sales / told["seconds"], told["processor_seconds"] / sales * 1e6)


def run(side: Side, terminals: int, seconds: float) -> dict[str, Any]:
    """Have *side* carry sales for *seconds*; return what the terminals counted.

    Raises:
        FailedError: not every sale went well, once and to the right terminal.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="iso-gateway-bench-")))
        host = stack.enter_context(child(str(HERE / "host.py")))
        with ExitStack() as under_test:
            pid, port = side.start(under_test, port_of(host), folder, terminals)
            load = under_test.enter_context(
                child(
                    str(HERE / "load.py"), str(port), str(pid), "--terminals", str(terminals),
                    "--warm-up", str(WARM_UP), "--seconds", str(seconds),
                    stderr=subprocess.PIPE,
                )
            )  # fmt: skip
            out, said = load.communicate(timeout=WARM_UP + seconds + 3 * START)
            if load.returncode:
                raise FailedError(f"{side.name}, {terminals} terminals: {said.strip()}{complaint(folder / 'log')}")
        told: dict[str, Any] = json.loads(out)
        asked = json.loads(host.communicate(timeout=START)[0])
        check(side.name, told, asked, folder / "log")
    return told


def check(name: str, counted: dict[str, Any], asked: dict[str, Any], log: Path) -> None:
    """See that terminals, host and log tell the same story.

    Raises:
        FailedError: they do not.
    """
    sales = counted["sales"]
    if not counted["measured"]:
        raise FailedError(f"{name}: no sale at all")
    if asked["sales"] != sales or asked["different"] != sales:
        raise FailedError(f"{name}: {sales} sales, {asked['sales']} at the host, {asked['different']} different ones")
    strange = asked["others"].keys() - {"0800"}
    if strange:
        raise FailedError(f"{name}: the host got {', '.join(sorted(strange))}")
    if log.exists():
        lines = log.read_text().splitlines()
        if any(map(COMPLAINT.search, lines)):
            raise FailedError(f"{name}: {complaint(log)}")
        logged = sum(" txn: " in line for line in lines)
        if logged != sales:
            raise FailedError(f"{name}: {sales} sales, {logged} in the log")


def complaint(log: Path) -> str:
    """Return how often the gateway complained in *log*, and its first complaint; empty where there is none."""
    trouble = [line for line in log.read_text().splitlines() if COMPLAINT.search(line)] if log.exists() else []
    return f"\n{len(trouble)} complaints, the first: {trouble[0]}" if trouble else ""


def instructions(side: Side, terminals: int) -> float:
    """Return how many instructions *side* takes for a sale."""
    with tempfile.TemporaryDirectory(prefix="iso-gateway-bench-") as folder:
        log = Path(folder) / "counted"
        tool = ("valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null")
        watched_by[:] = [*tool, f"--log-file={log}"]
        points: list[tuple[int, int]] = []
        for seconds in (SHORT, LONG):
            sales = run(side, terminals, seconds)["sales"]
            found = COUNTED.search(log.read_text())
            if found is None:
                raise FailedError("valgrind counted nothing")
            points.append((sales, int(found[1].replace(",", ""))))
    (few, least), (many, most) = points
    return float(most - least) / (many - few)


def table(terminals: int, results: dict[str, list[Result]]) -> list[dict[str, Any]]:
    """Return a row for each side: medians, the spread, and the ratio to the relay in the same round."""
    relay = results[SIDES[0].name]
    rows = []
    for name, measured in results.items():
        costs = [result.microseconds for result in measured]
        ratios = [one.microseconds / floor.microseconds for one, floor in zip(measured, relay, strict=True)]
        rows.append(
            {
                "terminals": terminals,
                "side": name,
                "per_second": round(statistics.median(result.per_second for result in measured)),
                "microseconds": round(statistics.median(costs), 1),
                "least": round(min(costs), 1),
                "most": round(max(costs), 1),
                "ratio": round(statistics.median(ratios), 2),
            }
        )
    return rows


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=2.0, help="the window of one measurement")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--terminals", default="64,256", help="how many at a time, with commas")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--instructions", action="store_true", help="count those, by valgrind")
    given = parser.parse_args()
    counts = [int(each) for each in given.terminals.split(",")]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    # Whatever hangs, this ends: children are ended by their context managers on the way out.
    signal.signal(signal.SIGALRM, lambda *_: sys.exit("the bench took far too long"))
    signal.alarm(int(len(counts) * given.rounds * len(SIDES) * (given.seconds + WARM_UP + START)))
    rows: list[dict[str, Any]] = []
    try:
        if given.instructions:
            for side in SIDES:
                print(f"{side.name:26}{instructions(side, counts[-1]):>10,.0f} instructions per sale", flush=True)
            return
        for terminals in counts:
            results: dict[str, list[Result]] = {side.name: [] for side in SIDES}
            for _ in range(given.rounds):
                for side in SIDES:
                    results[side.name].append(measure(side, terminals, given.seconds))
            rows += table(terminals, results)
    except FailedError as error:
        sys.exit(f"bench/gateway.py: {error}")
    if given.json:
        print(json.dumps(rows, indent=2))
        return
    print(f"{'terminals':>9}  {'':26}{'sales/s':>8}  {'CPU us/sale':>11}  {'(least-most)':>15}  {'x relay':>7}")
    for row in rows:
        spread = f"({row['least']}-{row['most']})"
        print(
            f"{row['terminals']:>9}  {row['side']:26}{row['per_second']:>8}  {row['microseconds']:>11}  "
            f"{spread:>15}  {row['ratio']:>7.2f}"
        )


if __name__ == "__main__":
    main()
