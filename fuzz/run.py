"""Tries bytes on everything that takes bytes from outside, for a stated number of inputs.

    python fuzz/run.py [--runs 200000] [--seed 7] [--leader atheris|hypothesis]

atheris leads where it is installed: it keeps what reaches new lines of the Python code. Otherwise hypothesis does.
Either way the inputs are shipped fixtures with something broken (bits, lengths, cuts, splices of two), and what becomes
of those. The first byte of an input says which spec or framing it is for. A finding is printed with its bytes as hex
and ends the run with exit code 1; it belongs into fixtures/ or a test once it is understood. The same seed tries the
same bytes.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import io
import os
import random  # noqa: TID251 -- seeded, so that a finding can be found again
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fuzz.invariants import Target


def broken(dice: random.Random, corpus: list[bytes]) -> bytes:
    """Return a message of *corpus* with one to four things wrong with it."""
    raw = bytearray(dice.choice(corpus))
    for _ in range(dice.randint(1, 4)):
        at = dice.randrange(len(raw)) if raw else 0
        match dice.randrange(6):
            case 0 if raw:
                raw[at] ^= 1 << dice.randrange(8)
            case 1 if raw:
                raw[at] = dice.choice(b"\x00\x09\x10\x30\x39\x3d\x7f\x80\x99\xff")
            case 2:
                del raw[at:]
            case 3:
                del raw[at : at + dice.randint(1, 8)]
            case 4:
                raw[at:at] = dice.randbytes(dice.randint(1, 8))
            case _:
                other = dice.choice(corpus)
                raw[at:] = other[dice.randrange(len(other)) :]
    return bytes(raw)


class Tries:
    """Tries inputs, counts them, and ends everything with exit code 1 where one finds something."""

    def __init__(self, targets: list[Target], finding: Callable[[Target, bytes], str], runs: int) -> None:
        self.targets, self.finding, self.left = targets, finding, runs

    def __call__(self, data: bytes) -> None:
        """Try *data*."""
        if data and (found := self.finding(self.targets[data[0] % len(self.targets)], data[1:])):
            print(found, flush=True)
            os._exit(1)  # neither atheris nor hypothesis shall make it smaller or tell it again
        self.left -= 1
        if not self.left:
            print("no finding", flush=True)  # here, since atheris ends the process without coming back


def with_atheris(runs: int, seed: int) -> None:
    """Let atheris try *runs* inputs; it ends the process."""
    atheris: Any = importlib.import_module("atheris")  # which comes without types, where it comes at all
    # It names every module on stderr.
    with contextlib.redirect_stderr(io.StringIO()), atheris.instrument_imports(include=["iso_gateway"]):
        from fuzz.invariants import finding, fixtures, targets  # noqa: PLC0415 -- so that they are instrumented
    all_of_them, corpus = targets(), fixtures()

    def mutated(data: bytes, most: int, seed: int) -> bytes:
        dice = random.Random(seed)
        if data and dice.random() < 0.7:
            changed: bytes = atheris.Mutate(data, most)
            return changed
        return (bytes([dice.randrange(len(all_of_them))]) + broken(dice, corpus))[:most]

    arguments = [sys.argv[0], f"-runs={runs}", f"-seed={seed}", "-max_len=1024", "-verbosity=0"]
    atheris.Setup(arguments, Tries(all_of_them, finding, runs), custom_mutator=mutated)
    atheris.Fuzz()


def with_hypothesis(runs: int, seed: int) -> None:
    """Let hypothesis try *runs* inputs."""
    import hypothesis  # noqa: PLC0415 -- not where atheris leads
    from hypothesis import strategies as st  # noqa: PLC0415

    from fuzz.invariants import finding, fixtures, targets  # noqa: PLC0415

    all_of_them = targets()
    tries = Tries(all_of_them, finding, runs)
    wrong = st.builds(broken, st.randoms(use_true_random=False), st.just(fixtures()))

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=runs, deadline=None, database=None, suppress_health_check=list(hypothesis.HealthCheck)
    )
    @hypothesis.given(st.integers(0, len(all_of_them) - 1), wrong | st.binary(max_size=300))
    def one(target: int, raw: bytes) -> None:
        tries(bytes([target]) + raw)

    one()


def main() -> None:
    """Try them, and say how many."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=random.randrange(1, 1 << 31))
    parser.add_argument("--leader", choices=["atheris", "hypothesis"])
    given = parser.parse_args()
    leader = given.leader or ("atheris" if importlib.util.find_spec("atheris") else "hypothesis")
    print(f"{given.runs} inputs with {leader}, seed {given.seed}", flush=True)
    {"atheris": with_atheris, "hypothesis": with_hypothesis}[leader](given.runs, given.seed)


if __name__ == "__main__":
    main()
