"""The fleet's limits: many terminals at a rate against the mock host, each process on a core of its own, then on one.

    python bench/fleet.py [--terminals 2000] [--rate 500] [--seconds 5] [--json]

Both processes run as users run them, over loopback; `os.sched_setaffinity` pins them. Told is whether the rate was
kept, how long transactions took from when they were due, and what share of a core each process took: the fleet's of
the load alone, the host's of the load and, as it cannot be told from outside when that began, of the sign-ons before.
The run fails unless every ledger agrees with its host's.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from bench.load import processor_seconds

PINNED: Final = """
import os, sys
os.sched_setaffinity(0, {int(sys.argv.pop(1))})
from iso_gateway.cli import main
main()
"""
PATIENCE: Final = 300.0
"""Seconds that a whole run may take."""


class FailedError(Exception):
    """The measurement is worth nothing, and why."""


def command(core: int, *arguments: str) -> list[str]:
    """Return how ``iso-gateway`` is started on *core*."""
    return [sys.executable, "-c", PINNED, str(core), *arguments]


def measured(folder: Path, cores: tuple[int, int], terminals: int, rate: float, seconds: float) -> dict[str, Any]:
    """Return what the fleet on the second of *cores* says of the host on the first.

    Raises:
        FailedError: it did not run, or the ledgers differ.
    """
    file = folder / "result.json"
    environment = os.environ | {"XDG_RUNTIME_DIR": str(folder)}
    with subprocess.Popen(
        command(cores[0], "host", "--port", "0", "--log-format", "json"),
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    ) as host:
        assert host.stderr is not None
        ready = re.search(r'"listening":\s*"([^"]+)"', host.stderr.readline())
        if ready is None:
            raise FailedError("the host did not start")
        log = subprocess.Popen(["cat"], stdin=host.stderr, stdout=subprocess.DEVNULL)
        before = processor_seconds(host.pid)
        try:
            ended = subprocess.run(
                command(
                    *(cores[1], "fleet", "--to", ready[1], "--json", str(file)),
                    *("--terminals", str(terminals), "--rate", str(rate), "--duration", str(seconds)),
                ),
                env=environment,
                capture_output=True,
                text=True,
                timeout=PATIENCE,
                check=False,
            )
            taken = processor_seconds(host.pid) - before
        finally:
            host.terminate()
            host.wait(30)
            log.wait(30)
    if not file.exists():
        raise FailedError(ended.stderr.strip() or f"the fleet ended with {ended.returncode}")
    told: dict[str, Any] = json.loads(file.read_text())
    check(told)
    return told | {"host_processor": round(taken / seconds, 3)}


def check(told: dict[str, Any]) -> None:
    """Refuse a run whose ledgers were not compared, or do not agree.

    Raises:
        FailedError: so it is.
    """
    ledger = told["ledger"]
    if ledger is None or ledger["differences"] or ledger["owed"] or ledger["not_compared"]:
        raise FailedError(f"the ledgers do not agree: {ledger}")
    if told["sent"] != told["approved"] + told["declined"] + told["unknown"]:
        raise FailedError("not everything that was sent came to an end")


def line(name: str, told: dict[str, Any]) -> str:
    """Return one row of the table."""
    kept = "kept" if told["rate_kept"] else "NOT kept"
    return (
        f"{name:<22} {told['achieved_rate']:8.1f}/s of {told['intended_rate']:g} {kept:<8}  "
        f"p50 {told['p50_ms']} ms  p99 {told['p99_ms']} ms  "
        f"fleet {told['processor']:.0%} of a core, host {told['host_processor']:.0%}"
    )


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--terminals", type=int, default=2000)
    parser.add_argument("--rate", type=float, default=500.0)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    ways = {"one core together": (cores[0], cores[0])}
    if len(cores) > 1:
        ways = {"a core each": (cores[0], cores[1]), **ways}
    results = {}
    for name, pair in ways.items():
        with tempfile.TemporaryDirectory() as folder:
            try:
                results[name] = measured(Path(folder), pair, given.terminals, given.rate, given.seconds)
            except FailedError as error:
                sys.exit(f"{name}: {error}")
        if not given.json:
            print(line(name, results[name]), flush=True)
    if given.json:
        print(json.dumps(results))


if __name__ == "__main__":
    main()
