"""The codec beside its peers: how many times faster, in one run, and what a message and a spec cost.

    python bench/codec.py [--rounds 15] [--json]

All contenders take turns, on the same bytes and values; `bench/contests.py` says what each does. Ours checks the
content of every field by its format in both directions; iso8583sim does when it builds, the others never. A figure is
the median over the rounds of the ratio within a round, of the processor's time, so that a busy machine counts for all.
The reference, our codec without its compiled engine, has a process of its own and is measured beside pyiso8583 there.
The run fails where contenders disagree about values or bytes. It says which targets are met; that depends on the
machine and fails nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
import timeit
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import yaml

import iso_gateway
from bench.contests import MESSAGES, SPECS, Contest, DisagreementError, Peer, contests, iso8583sim, pyiso8583
from iso_gateway import load_spec
from iso_gateway.resources import folder

LONG_ENOUGH: Final = 0.005
"""Seconds that one timing takes at least."""
CONTENDERS: Final = ("pyiso8583", "iso8583sim", "by hand", "reference")
HELD: Final = 500
"""Messages that are held at once to see what one takes."""
Row = dict[str, Any]


def target(message: str, work: str, contender: str) -> float | None:
    """Return how many times faster than *contender* we mean to be, or None where nothing was promised."""
    if contender == "pyiso8583":
        return 25 if message == "0200 of 22" else 15
    if contender == "reference":
        return 1 / 1.5  # the reference beside pyiso8583
    return 1.3 if (work, contender) == ("decode", "by hand") else None


def measure(contest: Contest, rounds: int) -> Row:
    """Return our microseconds, and by contender the median of the ratios of each round."""
    timers = {name: timeit.Timer(work, timer=time.process_time) for name, work in contest.items()}
    times = {}
    for name, timer in timers.items():
        times[name] = 16
        while timer.timeit(times[name]) < LONG_ENOUGH:
            times[name] *= 2
    taken = [{name: timer.timeit(times[name]) / times[name] for name, timer in timers.items()} for _ in range(rounds)]
    return {
        "microseconds": {name: round(min(turn[name] for turn in taken) * 1e6, 2) for name in contest},
        "ratio": {
            name: round(statistics.median(turn[name] / turn["ours"] for turn in taken), 2)
            for name in contest
            if name != "ours"
        },
    }


def measured(rounds: int, peers: dict[str, Peer]) -> list[Row]:
    """Return a row for every spec, message and kind of work."""
    rows = []
    for name in SPECS:
        for message, (mti, fields) in MESSAGES.items():
            for work, contest in contests(name, mti, fields, peers).items():
                row: Row = {"spec": name, "message": message, "work": work, "bytes": {}} | measure(contest, rounds)
                if work == "decode":
                    row["bytes"] = {each: held(do) for each, do in contest.items() if each in {"ours", "pyiso8583"}}
                rows.append(row)
    return rows


def held(decode: Callable[[], object]) -> int:
    """Return the bytes that one decoded message takes, as tracemalloc counts them when many are held."""
    messages: list[object] = [decode()] * HELD
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for place in range(HELD):
        messages[place] = decode()
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return round((after - before) / HELD)


def reference(rounds: int) -> list[Row]:
    """Return the rows of our codec without its compiled engine, from a process of its own."""
    command = [sys.executable, __file__, "--json", "--alone", "--rounds", str(rounds)]
    asked = os.environ | {"ISO_GATEWAY_ENGINE": "reference"}
    done = subprocess.run(command, env=asked, check=True, capture_output=True, text=True)
    rows: list[Row] = json.loads(done.stdout)["rows"]
    return rows


def costs(rounds: int) -> dict[str, float]:
    """Return milliseconds of processor time: to import the package, and to load a spec beside its file's bare YAML."""
    file = folder("specs") / f"{SPECS[0]}.yaml"
    assert isinstance(file, Path)
    text = file.read_text("utf-8")
    timed = "from time import process_time as now; t = now(); import {}; print(now() - t)"

    def imported(module: str) -> float:
        command = [sys.executable, "-c", timed.format(module)]
        return min(float(subprocess.check_output(command, text=True)) for _ in range(rounds))

    def alone(work: Callable[[], object]) -> float:
        return min(timeit.repeat(work, timer=time.process_time, number=1, repeat=rounds))

    return {
        what: round(seconds * 1000, 1)
        for what, seconds in {
            "import iso_gateway": imported("iso_gateway"),
            "import iso8583 (pyiso8583)": imported("iso8583"),
            f"load {SPECS[0]}": alone(lambda: load_spec(file)),
            "its bare YAML, CSafeLoader": alone(lambda: yaml.CSafeLoader(text).get_single_data()),
        }.items()
    }


def told(rows: list[Row], costs: dict[str, float]) -> list[str]:
    """Return the lines of the report."""
    names = [name for name in CONTENDERS if any(name in row["ratio"] for row in rows)]
    lines = [f"{'':34}{'us':>7}" + "".join(f"{name:>12}" for name in names)]
    missed = []
    for row in rows:
        what = f"{row['spec']:13} {row['message']:11}{row['work']:8}"
        line = f"{what:34}{row['microseconds']['ours']:>7.2f}"
        for name in names:
            ratio, wanted = row["ratio"].get(name), target(row["message"], row["work"], name)
            line += f"{f'x {ratio:.2f}' if ratio else '':>12}"
            if ratio and wanted and ratio < wanted:
                missed.append(f"  {what} x {ratio:.2f} of {name}, the target is {wanted:.2f}")
        lines.append(line)
    lines += ["", "reference: times faster than pyiso8583 without the compiled engine, the target is 0.67", ""]
    for row in rows:
        if row["bytes"]:
            sizes = ", ".join(f"{name} {size}" for name, size in row["bytes"].items())
            lines.append(f"bytes held by one decoded {row['message']} of {row['spec']}: {sizes}")
    lines.append("")
    lines += [f"{what:30}{milliseconds:>7.1f} ms" for what, milliseconds in costs.items()]
    return [*lines, "", "missed:" if missed else "every target is met", *missed]


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--alone", action="store_true", help="this engine and pyiso8583, no others")
    given = parser.parse_args()
    peers: dict[str, Peer] = {"pyiso8583": pyiso8583}
    sim = None if given.alone else iso8583sim()
    if sim:
        peers["iso8583sim"] = sim
    try:
        rows = measured(given.rounds, peers)
    except DisagreementError as error:
        sys.exit(f"bench/codec.py: {error}")
    if not given.alone and iso_gateway.engine == "compiled":
        for row, other in zip(rows, reference(given.rounds), strict=True):
            row["ratio"]["reference"] = other["ratio"]["pyiso8583"]
            row["microseconds"]["reference"] = other["microseconds"]["ours"]
            if other["bytes"]:
                row["bytes"]["reference"] = other["bytes"]["ours"]
    spent = {} if given.alone else costs(min(given.rounds, 7))
    if given.json:
        print(json.dumps({"engine": iso_gateway.engine, "rows": rows, "milliseconds": spent}, indent=2))
        return
    print(
        f"engine: {iso_gateway.engine}"
        + ("" if sim or given.alone else "; iso8583sim is not installed, see requirements-bench.txt")
    )
    print("\n".join(told(rows, spent)))


if __name__ == "__main__":
    main()
