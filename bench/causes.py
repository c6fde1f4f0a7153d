"""How often the causes that are told of a broken message are the true ones: the breakages of every sample.

    python -m bench.causes [SPEC ...]

Of those that every element has, every eighth. Takes some minutes; tests/inspect/causes tries a part of it.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from time import perf_counter
from typing import Final

from iso_gateway import DecodeError, load_spec
from iso_gateway.catalog import spec_names
from iso_gateway.inspect.causes.likeliest import likeliest
from tests.support.breakages import OF_ONE_ELEMENT, breakages
from tests.support.fixture_files import all_samples

EVERY: Final = 8
"""Of the breakages that every element has, every so many is tried."""


def main() -> None:
    """Print a table: of each kind of breakage how many were tried, and of how many the first, or one, was true."""
    wanted = sys.argv[1:] or spec_names()
    specs = {name: load_spec(name) for name in spec_names()}
    rows: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    longest = 0.0
    count = 0
    for sample in all_samples():
        if sample.spec not in wanted or "every" in sample.name:
            continue
        spec = specs[sample.spec]
        for each in breakages(spec, spec.decode(sample.raw), sample.raw):
            count += each.what in OF_ONE_ELEMENT
            if each.what in OF_ONE_ELEMENT and count % EVERY:
                continue
            try:
                spec.decode(each.data)
            except DecodeError as error:
                begun = perf_counter()
                told = likeliest(spec, each.data, error, [other for other in specs.values() if other is not spec])
                longest = max(longest, perf_counter() - begun)
                hits = [each.is_true(cause) for cause in told]
                rows[each.what] = [
                    have + got for have, got in zip(rows[each.what], (1, hits[:1] == [True], any(hits)), strict=True)
                ]
                if not any(hits):
                    print(f"missed: {sample}, {each.what}: {error}", file=sys.stderr)
    for what, counts in [*sorted(rows.items()), ("all", [sum(column) for column in zip(*rows.values(), strict=True)])]:
        tried, first, any_ = counts
        print(f"{what:28} {tried:5}  first {first / tried:6.1%}  first or second {any_ / tried:6.1%}")
    print(f"longest search {longest:.2f} s")


if __name__ == "__main__":
    main()
