"""The gateway beside a bare relay: sales per second, processor time per sale, and the time that the gateway adds.

    python bench/gateway.py [--seconds 2] [--rounds 3] [--terminals 64,256] [--journal sqlite|memory]
                            [--security inside|process|none] [--json]
    python bench/gateway.py --instructions [--terminals 256] [--journal sqlite|memory] [--security inside|process|none]

Each measurement starts a host, the process under test and a load of terminals that send one sale after the other
(``answering.py``, ``relay.py``, ``load.py``), all on loopback, and ends them. Rounds of the gateway and the relays
alternate, so that all meet the same neighbours on the machine; a ratio of one run means more than its figures. The
processor time is that of the process under test alone, from /proc/PID/stat, after a warm-up. The run fails unless
every answer was the approval of its own sale, the host saw each sale exactly once, and the gateway had nothing to
complain of.

With ``--security inside`` messages have MACs (X9.19) on both legs and PIN blocks (ISO 9564 format 0) that the gateway
translates, by a software module in its process; terminals and host look at each. The relays hand them on as they are.

Then, with the most terminals, sales come at a rate (``openloop.py``), a quarter and a half of what the gateway carried
at the most, whatever becomes of those before: how long each takes from when it was due, through the gateway and through
the relay. What the gateway adds is the difference of the two.

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
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final, NamedTuple

from bench import keyed, sides
from bench.sides import GATEWAY_SIDE, RELAY, SIDES, START, FailedError, Side, child, port_of

HERE: Final = Path(__file__).resolve().parent
COMPLAINT: Final = re.compile(r"^\S+ (warning|error) +(?!journal begun|security module: .*NO PCI PIN DEVICE)")
"""A run begins with an empty journal, and with a module that is for tests; it says so."""
COUNTED: Final = re.compile(r"I\s+refs:\s+([\d,]+)")
SHORT: Final = 1.0
LONG: Final = 8.0
"""Seconds under valgrind, where everything takes fifty times as long."""
WARM_UP: Final = 0.7
SHARES: Final = (0.25, 0.5)
"""Of the gateway's top rate: where the time that it adds is measured."""
OPEN_LOOP: Final = 2.0
"""How many times as long as the others such a measurement is: the 99th of a hundred needs many."""


class Result(NamedTuple):
    """One measurement."""

    per_second: float
    microseconds: float
    """Processor time of the process under test, per sale."""


def measure(side: Side, terminals: int, seconds: float) -> Result:
    """Measure *side* once.

    Raises:
        FailedError: not every sale went well, once and to the right terminal.
    """
    told = run(side, terminals, seconds)
    sales = told["measured"]
    return Result(sales / told["seconds"], told["processor_seconds"] / sales * 1e6)


def run(side: Side, terminals: int, seconds: float, rate: float = 0.0) -> dict[str, Any]:
    """Have *side* carry sales for *seconds*, one after the other or at *rate*; return what the terminals counted.

    Raises:
        FailedError: not every sale went well, once and to the right terminal.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="iso-gateway-bench-")))
        host = stack.enter_context(child(str(HERE / "answering.py"), *sides.keys_of(side.host_keys)))
        with ExitStack() as under_test:
            pid, port = side.start(under_test, port_of(host), folder, terminals)
            which = ("openloop.py", str(port), "--rate", str(rate)) if rate else ("load.py", str(port), str(pid))
            often = ("--terminals", str(terminals), "--warm-up", str(WARM_UP), "--seconds", str(seconds))
            command = (str(HERE / which[0]), *which[1:], *often, *sides.keys_of(keyed.TERMINALS))
            load = under_test.enter_context(child(*command, stderr=subprocess.PIPE))
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
        sides.watched_by[:] = [*tool, f"--log-file={log}"]
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


def latencies(terminals: int, top: float, seconds: float) -> list[dict[str, Any]]:
    """Return how long sales take through relay and gateway at each of SHARES of *top*, in milliseconds.

    Raises:
        FailedError: not every sale went well, once and to the right terminal.
    """
    rows = []
    for share in SHARES:
        relay, gateway = (run(side, terminals, seconds, share * top) for side in (RELAY, GATEWAY_SIDE))
        row: dict[str, Any] = {"share": share, "per_second": round(share * top)}
        for name in ("p50", "p99"):
            row |= {f"relay_{name}": round(relay[name], 2), f"gateway_{name}": round(gateway[name], 2)}
            row[f"added_{name}"] = round(gateway[name] - relay[name], 2)
        rows.append(row)
    return rows


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=2.0, help="the window of one measurement")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--terminals", default="64,256", help="how many at a time, with commas")
    parser.add_argument("--journal", choices=sides.JOURNALS, default="sqlite", help="the gateway's")
    parser.add_argument("--security", choices=sides.SECURITY, default="inside", help="where the gateway's module is")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--instructions", action="store_true", help="count those, by valgrind")
    given = parser.parse_args()
    counts = [int(each) for each in given.terminals.split(",")]
    sides.journal[:] = [given.journal]
    sides.security[:] = [given.security]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    # Whatever hangs, this ends: children are ended by their context managers on the way out.
    signal.signal(signal.SIGALRM, lambda *_: sys.exit("the bench took far too long"))
    runs = len(counts) * given.rounds * len(SIDES) + 2 * len(SHARES)
    signal.alarm(int(runs * (OPEN_LOOP * given.seconds + WARM_UP + START)))
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
        top = next(row["per_second"] for row in reversed(rows) if row["side"] == GATEWAY_SIDE.name)
        added = latencies(counts[-1], top, OPEN_LOOP * given.seconds)
    except FailedError as error:
        sys.exit(f"bench/gateway.py: {error}")
    if given.json:
        print(
            json.dumps(
                {"journal": given.journal, "security": given.security, "sales": rows, "latencies": added}, indent=2
            )
        )
        return
    print(f"{'terminals':>9}  {'':26}{'sales/s':>8}  {'CPU us/sale':>11}  {'(least-most)':>15}  {'x relay':>7}")
    for row in rows:
        spread = f"({row['least']}-{row['most']})"
        print(
            f"{row['terminals']:>9}  {row['side']:26}{row['per_second']:>8}  {row['microseconds']:>11}  "
            f"{spread:>15}  {row['ratio']:>7.2f}"
        )
    print(f"\njournal: {given.journal}; security: {given.security}")
    print("one request at the host for each sale, or the run had failed\n")
    print(f"{'share of top':>12}  {'sales/s':>8}  {'relay p50, p99 ms':>18}  {'gateway':>14}  {'added':>14}")
    for row in added:
        times = [f"{row[f'{who}_p50']:.2f}, {row[f'{who}_p99']:.2f}" for who in ("relay", "gateway", "added")]
        print(f"{row['share']:>12}  {row['per_second']:>8}  {times[0]:>18}  {times[1]:>14}  {times[2]:>14}")


if __name__ == "__main__":
    main()
