"""Sales at a given rate, whatever becomes of those before: how long each takes from when it was due.

    python bench/openloop.py PORT [--rate 2000] [--terminals 256] [--warm-up 0.7] [--seconds 3]

The moments are those of chance (a Poisson process, seeded). A sale that finds no terminal free waits for one, and its
time counts from when it was due. Prints as JSON how many sales were measured and made in all, and the median and the
99th of a hundred of their times, in milliseconds.
"""

from __future__ import annotations

import argparse
import json
import random
import select
import statistics
import sys
import time
from collections import deque

from bench.load import PATIENCE, Terminals, WrongAnswerError, add_keys


def run(terminals: Terminals, rate: float, warm_up: float, seconds: float) -> list[float]:
    """Make sales at *rate* a second; return how many seconds each took that was due after *warm_up*.

    Raises:
        WrongAnswerError: an answer is not the approval of its sale, or none came.
    """
    dice = random.Random(7)
    free = deque(terminals.sockets)
    due: dict[int, float] = {}
    late: deque[float] = deque()
    took: list[float] = []
    start = time.monotonic()
    upcoming = start
    while True:
        now = time.monotonic()
        while upcoming <= now < start + warm_up + seconds:
            late.append(upcoming)
            upcoming += dice.expovariate(rate)
        while late and free:
            fileno = free.popleft()
            due[fileno] = late.popleft()
            terminals.send(fileno)
        over = now >= start + warm_up + seconds
        if over and not due and not late:
            return took
        # select, as epoll cannot wait for less than a millisecond.
        if select.select([terminals.poll], [], [], PATIENCE if over else max(upcoming - now, 0))[0]:
            for fileno in terminals.receive():
                began = due.pop(fileno)
                if began >= start + warm_up:
                    took.append(time.monotonic() - began)
                free.append(fileno)
        elif over:
            raise WrongAnswerError(f"no answer to {len(due)} sales for {PATIENCE:g} s")


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("port", type=int)
    parser.add_argument("--rate", type=float, default=2000.0)
    parser.add_argument("--terminals", type=int, default=256)
    parser.add_argument("--warm-up", type=float, default=0.7)
    parser.add_argument("--seconds", type=float, default=3.0)
    add_keys(parser)
    given = parser.parse_args()
    terminals = Terminals(given.port, given.terminals, given.mac, given.pin_block)
    try:
        took = run(terminals, given.rate, given.warm_up, given.seconds)
    except WrongAnswerError as error:
        sys.exit(f"after {terminals.answered} sales: {error}")
    shares = statistics.quantiles(took, n=100)
    told = {"sales": terminals.answered, "measured": len(took), "p50": shares[49] * 1e3, "p99": shares[98] * 1e3}
    print(json.dumps(told))


if __name__ == "__main__":
    main()
