"""``decode`` and ``explain`` as whole commands beside ``iso8583sim parse``: processor time from start to end.

    python bench/commands.py [--rounds 10] [--json]

The same message each, an ASCII 0200 with eight elements, in hexadecimal for ours and as text for the peer.
Rounds alternate; what counts is user and system time of the process, since a busy machine says little about the clock.
A first round does not count: it leaves the compiled files of whatever is installed in place.
The run fails where a command does, or takes more than a third of its peer's time.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Final

from iso_gateway import load_spec
from iso_gateway.catalog import pressed

TARGET: Final = 1 / 3
AS_INSTALLED: Final = {name: each for name, each in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
"""With compiled files, as pip writes them: no measure of what is installed has Python compile it again each time."""
SPEC: Final = load_spec("iso87-ascii")
SALE: Final = SPEC.message(
    "0200",
    {2: "4761739001010010", 3: 0, 4: 1234, 7: "1123040506", 11: 123, 41: "TERM0001", 42: "MERCHANT0000001", 49: "840"},
)


def contenders() -> dict[str, list[str]]:
    """Return the commands by name, the peer's last.

    Raises:
        SystemExit: it is not installed, or our specs are not made ready here, as they are in an installed wheel.
    """
    if pressed.spec(SPEC.name) is None:
        sys.exit("bench/commands.py: the shipped specs are not pressed, or are stale: make engine")
    payload = SPEC.encode(SALE)
    peer = shutil.which("iso8583sim", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if peer is None:
        sys.exit("bench/commands.py: iso8583sim is not installed: make bench, or pip install -r requirements-bench.txt")
    ours = [sys.executable, "-m", "iso_gateway"]
    return {
        "iso-gateway decode": [*ours, "decode", payload.hex()],
        "iso-gateway explain": [*ours, "explain", payload.hex()],
        "iso8583sim parse": [peer, "parse", payload.decode()],
    }


def seconds(command: list[str]) -> float:
    """Return the processor time that *command* takes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=AS_INSTALLED, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode or b"000123" not in done.stdout:
        sys.exit(f"bench/commands.py: {command[:4]} did not read the message:\n{done.stdout.decode()[:400]}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> int:
    """Measure, print, and say by the exit code whether the target was met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    commands = contenders()
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for command in commands.values():
        seconds(command)
    for _ in range(options.rounds):
        for name, command in commands.items():
            taken[name].append(seconds(command))
    cost = {name: statistics.median(times) for name, times in taken.items()}
    *ours, peer = cost
    shares = {name: cost[name] / cost[peer] for name in ours}
    if options.json:
        print(json.dumps({"milliseconds": {name: round(1e3 * each) for name, each in cost.items()}, "shares": shares}))
    else:
        for name, each in cost.items():
            share = f"  {shares[name]:.2f} of the peer's" if name in shares else ""
            print(f"{name:<22}{1e3 * each:>6.0f} ms{share}")
    return 0 if max(shares.values()) <= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
