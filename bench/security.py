"""What keys cost: MACs, PIN blocks and keys of transactions beside other implementations, in one run.

    python bench/security.py [--rounds 15] [--json]

All contenders take turns on the same keys and bytes, and must agree. A figure is the median over the rounds of the
ratio within a round, of the processor's time. Ours keeps each key ready, as the security module does; psec takes it
anew each time, as its functions are made. What cryptography warns of psec's calls is off, which spares psec a third.
Then what a sale asks of the security module, inside of a process and in its own (``modules.py``).
It says which targets are met; that depends on the machine and fails nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
import warnings
from typing import Any, Final

from bench import modules
from bench.ciphers import alone, contests
from bench.codec import measure
from bench.contests import DisagreementError
from bench.modules import WrongError

TARGETS: Final = {"retail MAC, 256 bytes": 1.5, "PIN, format 0 to 0": 1.5}
"""How many times faster than psec we mean to be."""


def measured(rounds: int) -> list[dict[str, Any]]:
    """Return a row for everything that is done."""
    rows = [{"work": name} | measure(contest, rounds) for name, contest in contests().items()]
    return rows + [{"work": name} | measure({"ours": work}, rounds) for name, work in alone().items()]


def told(rows: list[dict[str, Any]]) -> list[str]:
    """Return the lines of the report."""
    lines, missed = [f"{'':34}{'us':>7}"], []
    for row in rows:
        line = f"{row['work']:34}{row['microseconds']['ours']:>7.2f}"
        for name, ratio in row["ratio"].items():
            line += f"   x {ratio:.2f} of {name}"
            wanted = TARGETS.get(row["work"], 0)
            if ratio < wanted:
                missed.append(f"  {row['work']}: x {ratio:.2f} of {name}, the target is {wanted:.2f}")
        lines.append(line)
    return [*lines, "", "missed:" if missed else "every target is met", *missed]


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    try:
        rows = measured(given.rounds)
        sales = modules.measured()
    except (DisagreementError, WrongError) as error:
        sys.exit(f"bench/security.py: {error}")
    print(
        json.dumps({"rows": rows, "module": sales}, indent=2)
        if given.json
        else "\n".join([*told(rows), *modules.told(sales)])
    )


if __name__ == "__main__":
    main()
