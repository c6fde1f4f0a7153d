"""Look for secrets wherever this program leaves bytes: ``make leaks``.

A shop is opened with real processes (mock host, gateway, its security module, terminals), in which every card, PIN and
key is a canary: made for this run, and found nowhere else. Everything that can happen happens. Then logs, what commands
print, the journal, the key store, its audit file, the terminal's state, what goes over the admin socket and over the
wires, the command lines and environments of all processes, and the memory of the process that talks to the network are
searched for each canary in every dress in which it could stand.

That a place was really searched is shown by a mark, which is no secret and goes everywhere: where it is not found, the
run fails, as it does where the searcher misses what was planted in a copy of the place.

The last line is ``CANARIES canaries x PLACES places, found COUNT``; the exit code 0 where that is none.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from leaks import flows, places
from leaks.canaries import Canaries, hatch
from leaks.dresses import Pattern, of_text, patterns
from leaks.places import KINDS, Place
from leaks.proxy import Proxy
from leaks.shop import KEYS, Shop, ShopError


class Finding(NamedTuple):
    """A secret where none may be. Its value is not told: whoever looks has the place."""

    place: str
    offset: int
    pattern: Pattern

    def __str__(self) -> str:
        return f"{self.place}, byte {self.offset}: {self.pattern.kind} {self.pattern.number}, {self.pattern.dress}"


def search(place: Place, wanted: Sequence[Pattern]) -> Iterator[Finding]:
    """Yield what of *wanted* stands in *place* and must not."""
    for pattern in wanted:
        if pattern.kind in place.searched and (offset := place.data.find(pattern.data)) >= 0:
            yield Finding(place.name, offset, pattern)


def sightless(place: Place, wanted: Sequence[Pattern]) -> list[Pattern]:
    """Return what of *wanted* the search would not find if it stood in the middle of *place*."""
    middle = len(place.data) // 2
    missed = []
    for pattern in wanted:
        if pattern.kind in place.searched:
            around = place.data[max(0, middle - 64) : middle + 64]
            planted = place._replace(data=around[:64] + pattern.data + around[64:])
            if not any(finding.pattern is pattern for finding in search(planted, [pattern])):
                missed.append(pattern)
    return missed


def unmarked(found: Sequence[Place], mark: str) -> list[str]:
    """Return the places, and kinds of places, that *mark* did not reach: they were not searched, whatever was done."""
    dresses = [data for _, data in of_text(mark)]
    missing = [place.name for place in found if place.marked and not any(dress in place.data for dress in dresses)]
    return missing + [f"no {kind} at all" for kind in KINDS if kind not in {place.kind for place in found}]


def day(folder: Path, canaries: Canaries) -> tuple[list[Place], dict[str, bytes]]:
    """Open the shop in *folder*, have everything happen; return all places, and all keys that were in use.

    Raises:
        ShopError: it could not be opened, so that there is nothing to search.
    """
    shop = Shop(folder, canaries)
    try:
        shop.start()
        shop.open("json")
        flows.all_flows(shop)
        keys = canaries.keys | shop.session_keys()
        found = list(places.of_processes(shop))
        shop.kill("gateway")  # in the middle of what is owed
        shop.open("text")
        with Proxy(shop.socket, folder / "admin.traffic"):
            flows.all_flows(shop)
            flows.at_the_end(shop)
        keys |= {f"later {name}": key for name, key in shop.session_keys().items()}
        found += places.of_processes(shop)
        found += places.of_files(shop)  # with the journal's log still beside it
        shop.kill("gateway", signal.SIGTERM)
        return [*found, *places.of_files(shop)], keys
    finally:
        shop.close()


def main() -> int:
    """Search, tell, and return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--keep", type=Path, help="a folder that is kept, to look into")
    asked = parser.parse_args()
    canaries = hatch(KEYS)
    try:
        if asked.keep:
            asked.keep.mkdir(parents=True)
            found, keys = day(asked.keep, canaries)
        else:
            with tempfile.TemporaryDirectory(prefix="iso-gateway-leaks-") as folder:
                found, keys = day(Path(folder), canaries)
    except ShopError as error:
        print(error)
        return 2
    canaries = canaries._replace(keys=keys)
    wanted = patterns(canaries)
    blind = [f"{place.name}: {pattern!r}" for place in found for pattern in sightless(place, wanted)]
    missing = unmarked(found, canaries.mark)
    findings = [finding for place in found for finding in search(place, wanted)]
    for kind in sorted({place.kind for place in found}):
        here = [place for place in found if place.kind == kind]
        allowed = places.EVERYTHING - here[0].searched
        said = f", {' and '.join(sorted(allowed))} aside" if allowed else ""
        print(f"{kind}: {len(here)} times, {sum(len(place.data) for place in here):,} bytes{said}")
    for text in (*(f"not searched: {name}" for name in missing), *(f"not seen: {name}" for name in blind)):
        print(text)
    for finding in findings:
        print(f"FOUND {finding}")
    count = len(canaries.keys) + 1 + 4 * len(canaries.cards)
    print(f"{count} canaries x {len(found)} places, found {len(findings)}")
    return 1 if findings or missing or blind else 0


if __name__ == "__main__":
    sys.exit(main())
