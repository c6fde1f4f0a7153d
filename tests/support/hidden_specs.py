"""Specs with one small edit that nobody is told, messages of them, and whether a doctor finds the edit.

What is right is judged by the wire: the spec that a doctor tells has to have, for the edited element, the same row of
the plan as the hidden one, as far as the messages can show it. How long a value may be at most, they cannot.
"""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from iso_gateway.catalog import load_spec, spec_names
from iso_gateway.codec.build import build_spec
from iso_gateway.codec.spec import Spec
from iso_gateway.errors import DecodeError, EncodeError, SpecError
from iso_gateway.inspect.doctor.search import Fit, diagnose, edited
from tests.support.fixture_files import Sample, samples

KNOWN = [load_spec(name) for name in spec_names()]
"""What a doctor is given to try."""
_LARGE = {"every_field", "every_field_that_wireshark_reads_right"}
_TEXTS = ("ascii", "cp500")
_ENCODINGS = {"n": ("ascii", "bcd", "cp500"), "z": ("ascii", "bcd", "cp500"), "b": ("binary", "hex")}
_RIGID = {2, 3, 4, 5, 6, 7, 11, 12, 13, 14, 15, 18, 23, 38, 39, 49, 50, 51, 70, 90, 95}
"""Elements whose length follows from what they are: a date of three digits is nothing that a dialect has."""
_SHIFTS = (-4, -2, -1, 1, 2, 4)


@dataclass(frozen=True)
class Hidden:
    """One edited spec."""

    kind: str
    """What was done, as rates are told: ``content``, ``prefix``, ``bitmap``."""
    number: int
    """The data element; 0 for the whole."""
    words: str
    base: Spec
    path: str
    changes: dict[str, Any]

    @functools.cached_property
    def spec(self) -> Spec:
        """The spec with the edit.

        Raises:
            SpecError: it is none.
        """
        return _built(self.base, self.path, self.changes)


class Outcome(NamedTuple):
    """What a doctor made of messages of a hidden spec."""

    hidden: Hidden
    place: int
    """At which place the edit was told, from 1; 0: it was not."""
    same: bool
    """Whether the unedited spec reads these messages as well, with the same values: then nothing is to be found."""
    seconds: float
    fits: list[Fit]
    messages: tuple[bytes, ...]


def hidden_specs(base: Spec) -> Iterator[Hidden]:
    """Yield *base* with each small edit of the kinds that dialects differ in."""
    for what in ("bitmap", "mti"):
        now = base.source[what]["encoding"]
        for other in ("binary", "hex") if what == "bitmap" else ("ascii", "bcd", "cp500"):
            if other != now:
                yield Hidden(what, 0, f"{what} {other}", base, what, {"encoding": other})
    for key, data in base.source["fields"].items():
        for kind, changes in _of_field(data, rigid=int(key) in _RIGID):
            yield Hidden(kind, int(key), f"DE {key} {changes}", base, f"fields.{key}", changes)


def _of_field(data: dict[str, Any], *, rigid: bool) -> Iterator[tuple[str, dict[str, Any]]]:
    encoding = data.get("encoding", "ascii")
    most = int(data["max"])
    if data["length"] == "fixed":
        for shift in _SHIFTS:
            if most + shift > 0:
                yield "unlikely length" if rigid else "fixed length", {"max": str(most + shift)}
        yield "fixed to variable", {"length": "LLVAR", "max": "99", "prefix": "ascii"}
    else:
        other = {"LLVAR": "LLLVAR", "LLLVAR": "LLVAR"}.get(data["length"])
        if other:
            yield "LLVAR or LLLVAR", {"length": other, "max": str(min(most, 99))}
        for prefix in ("ascii", "bcd", "binary", "cp500"):
            if prefix != data["prefix"]:
                yield "prefix", {"prefix": prefix}
        if encoding == "bcd":
            yield "what a length counts", {"counts": "bytes"}
        yield "variable to fixed", {"length": "fixed", "max": str(min(most, 20)), "prefix": None}
    for other in _ENCODINGS.get(data["format"], _TEXTS if data["format"] in {"an", "ans"} else ()):
        if other != encoding:
            yield "content", {"encoding": other}
    if encoding == "bcd" and data["format"] in {"n", "z"}:
        yield "pad side", {"pad": "right F" if data["format"] == "n" and "right" in data.get("pad", "") else "right 0"}
        yield "pad side", {"pad": "left 0"}


def _built(base: Spec, path: str, changes: dict[str, Any]) -> Spec:
    source = {**base.source, "fields": dict(base.source["fields"])}
    group, _, key = path.partition(".")
    data = {**(source[group][key] if key else source[group]), **changes}
    data = {each: value for each, value in data.items() if value is not None}
    if key:
        data.pop("parts", None)
        source[group][key] = data
    else:
        source[group] = data
    return build_spec(source)


def messages_of(hidden: Hidden, count: int, turn: int = 0) -> tuple[bytes, ...]:
    """Return up to *count* messages of *hidden* that have the edited element, made of those of the fixtures.

    Args:
        hidden: the spec.
        count: how many.
        turn: with which of the fixtures is begun.
    """
    found: list[bytes] = []
    try:
        spec = hidden.spec
    except SpecError:
        return ()
    some = _some(hidden.base.name)
    some = some[turn % len(some) :] + some[: turn % len(some)]
    for sample in some:
        if hidden.number and hidden.number not in sample.fields:
            continue
        values = dict(sample.fields)
        if hidden.number:
            values[hidden.number] = values[hidden.number][: spec.fields[hidden.number].max]
        try:
            found.append(spec.encode(spec.message(sample.mti, values)))
        except EncodeError:
            continue
        if len(found) == count:
            break
    return tuple(found)


@functools.cache
def _some(name: str) -> tuple[Sample, ...]:
    return tuple(each for each in samples(name) if each.name not in _LARGE)


def outcome(hidden: Hidden, messages: Sequence[bytes], specs: Sequence[Spec] = KNOWN) -> Outcome:
    """Return what a doctor makes of *messages*."""
    start = time.perf_counter()
    fits = diagnose(list(messages), specs)
    seconds = time.perf_counter() - start
    place = next((at for at, fit in enumerate(fits, 1) if _same_wire(hidden, fit, messages)), 0)
    same = _reads_the_same(hidden, hidden.base, messages)
    return Outcome(hidden, place, same, seconds, fits, tuple(messages))


def _same_wire(hidden: Hidden, fit: Fit, messages: Sequence[bytes]) -> bool:
    if fit.wrap.framing or fit.wrap.skipped or not fit.edits:
        return False
    return _reads_the_same(hidden, edited(fit.spec, fit.edits), messages)


def _reads_the_same(hidden: Hidden, spec: Spec, messages: Sequence[bytes]) -> bool:
    """Return whether *spec* reads *messages* with the values that they have."""
    try:
        return all(_values(spec, each) == _values(hidden.spec, each) for each in messages)
    except DecodeError:
        return False


def _values(spec: Spec, data: bytes) -> tuple[Any, ...]:
    message = spec.decode(data)
    return message.mti, message.items()


def drawn(kind: str, count: int) -> Iterator[Hidden]:
    """Yield *count* edits of one kind, or as many as there are, spread evenly over specs and elements."""
    some = [each for base in KNOWN for each in hidden_specs(base) if each.kind == kind]
    some = [each for each in some if not each.number or each.number in _carried(each.base.name)]
    step = max(1, len(some) // count)
    yield from some[step // 2 :: step]


@functools.cache
def _carried(name: str) -> frozenset[int]:
    return frozenset(number for sample in _some(name) for number in sample.fields)


KINDS = (
    *("mti", "bitmap", "LLVAR or LLLVAR", "prefix", "what a length counts", "content", "pad side"),
    *("variable to fixed", "fixed to variable", "fixed length", "unlikely length"),
)


class Rate(NamedTuple):
    """How often a doctor found the edits of one kind."""

    tried: int
    """How often there was something to be found."""
    first: int
    second: int
    """At the first place, or at the second."""
    slowest: float
    """Seconds."""


def rate(kind: str, edits: int, count: int) -> Rate:
    """Return how often a doctor finds *edits* edits of *kind*, from *count* messages each."""
    made = [(each, messages_of(each, count, turn)) for turn, each in enumerate(drawn(kind, edits))]
    found = [outcome(each, messages) for each, messages in made if messages]
    told = [each for each in found if not each.same]
    first, second = (sum(0 < each.place <= place for each in told) for place in (1, 2))
    return Rate(len(told), first, second, max((each.seconds for each in found), default=0.0))


def main() -> None:
    """Print the rates of all kinds, for one to three messages: ``python -m tests.support.hidden_specs [EDITS]``."""
    edits = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    for count in (1, 2, 3):
        print(f"{count} message{'s' if count > 1 else ''}: edits, found first, first or second, slowest")  # noqa: T201
        for kind in KINDS:
            got = rate(kind, edits, count)
            print(f"  {kind:24}{got.tried:5}{got.first:6}{got.second:6}{got.slowest:8.2f} s", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
