"""How often what a doctor tells first is right: messages of every shipped spec, each with one thing otherwise.

``python -m tests.support.hit_rate`` prints the shares, of twenty messages of every spec and kind of edit.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final, NamedTuple

from iso_gateway import load_spec
from iso_gateway.codec.message import Message
from iso_gateway.codec.spec import Spec
from iso_gateway.errors import DecodeError, EncodeError, SpecError
from iso_gateway.inspect.doctor.cuts import cut
from iso_gateway.inspect.doctor.edits import Edit, of_kinds
from iso_gateway.inspect.doctor.search import diagnose, edited
from iso_gateway.inspect.doctor.slips import slipped
from tests.support.fixture_files import Sample, samples
from tests.support.hidden_specs import Hidden, hidden_specs
from tests.support.shipped import SHIPPED_SPECS

KINDS: Final = ("bitmap", "digits of a length", "form of a length", "digits packed", "header", "binary elements")
OF_ONE: Final = {"LLVAR or LLLVAR": KINDS[1], "prefix": KINDS[2], "content": KINDS[3]}
"""Kinds of `hidden_specs`, and what they are here."""
PACKED: Final = {"ascii", "bcd"}
HEADER: Final = b"ISO016000055HOST"
MESSAGES: Final = 20
"""Messages of every spec and kind."""


class Drawn(NamedTuple):
    """One message with one thing otherwise than its spec says."""

    kind: str
    words: str
    data: bytes
    message: Message
    """What it is."""


def drawn(spec: Spec, kind: str, count: int) -> Iterator[Drawn]:
    """Yield *count* messages of *spec* with an edit of *kind*, or as many as there are: messages and edits by turns."""
    some = [each for each in samples(spec.name) if not each.name.startswith("every_field")]
    edits = _edits(spec, kind)
    turns = range(len(edits) * len(some))
    pairs = ((some[turn % len(some)], edits[(turn * 7 + turn // len(edits)) % len(edits)]) for turn in turns)
    made = (_made(spec, kind, sample, edit) for sample, edit in pairs)
    yield from islice((each for each in made if each is not None), count)


def _edits(spec: Spec, kind: str) -> list[Hidden | Edit | int]:
    if kind == "header":
        return [*range(1, len(HEADER) + 1)]
    if kind == "binary elements":
        return [*of_kinds(spec.source["fields"])]
    return [each for each in hidden_specs(spec) if OF_ONE.get(each.kind, each.kind) == kind and _packs(each)]


def _packs(hidden: Hidden) -> bool:
    """Return whether an edit of an encoding is one between ASCII and BCD."""
    return hidden.kind not in {"prefix", "content"} or {*hidden.changes.values()} <= PACKED


def _made(spec: Spec, kind: str, sample: Sample, edit: Hidden | Edit | int) -> Drawn | None:
    """Return the message of *sample* with an edit; None where it has not what is edited, or reads alike without."""
    if isinstance(edit, int):
        return Drawn(kind, f"{edit} bytes", HEADER[:edit] + sample.raw, spec.decode(sample.raw))
    if isinstance(edit, Hidden) and edit.number and edit.number not in sample.fields:
        return None
    try:
        made = edit.spec if isinstance(edit, Hidden) else edited(spec, [edit])
        data = made.encode(made.message(sample.mti, sample.fields))
    except (EncodeError, SpecError):
        return None  # such a spec, or such a message of it, there is not
    message = made.decode(data)
    try:
        alike = spec.decode(data).items() == message.items()
    except DecodeError:
        alike = False
    words = edit.words if isinstance(edit, Hidden) else "binary elements"
    return None if alike else Drawn(kind, f"{sample.name}: {words}", data, message)


def hit(each: Drawn, specs: Sequence[Spec]) -> bool:
    """Return whether a doctor that knows *specs* tells first how *each* is read as what it is."""
    fits = diagnose(each.data, specs)
    best = next(iter(fits), None)
    if best is None or not best.believed or best.message.items() != each.message.items():
        return False
    broken = cut(each.data, specs), slipped(each.data, specs)
    return all(other is None or other.worth < best.worth for other in broken)


def main() -> None:
    """Print how often the first is right, by kind of edit, and what is missed: ``python -m tests.support.hit_rate``."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else MESSAGES
    tried: Counter[str] = Counter()
    hits: Counter[str] = Counter()
    for name in SHIPPED_SPECS:
        spec = load_spec(name)
        for each in (each for kind in KINDS for each in drawn(spec, kind, count)):
            tried[each.kind] += 1
            if hit(each, [spec]):
                hits[each.kind] += 1
            else:
                print(f"missed: {name}, {each.words}", flush=True)  # noqa: T201
    for kind in KINDS:
        print(f"{kind:20}{tried[kind]:5}{hits[kind]:5}  {hits[kind] / tried[kind]:7.1%}")  # noqa: T201
    print(f"{'all':20}{tried.total():5}{hits.total():5}  {hits.total() / tried.total():7.1%}")  # noqa: T201


if __name__ == "__main__":
    main()
