"""Which framing and spec bytes fit exactly, and the smallest edits of a spec with which they do.

First every spec is tried in every framing. Unless one comes out without a doubt, specs are edited, once and, where
that makes no sense of the bytes, twice: see `walk`. What comes out is ranked by how much sense it makes, less the price
of the edits, so that more messages, which make more sense, outweigh them.

Bounds: `LONGEST` bytes are looked at, and `READS` elements are read by edited specs for each number of edits. It takes
some tenths of a second mostly, and some seconds at most on a common machine. Nothing here asks the clock.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce
from typing import Any, Final, NamedTuple

import msgspec

from iso_gateway.codec.build import build_spec
from iso_gateway.codec.message import Message
from iso_gateway.codec.spec import Spec
from iso_gateway.errors import DecodeError, SpecError
from iso_gateway.inspect.doctor import edits
from iso_gateway.inspect.doctor.edits import Edit
from iso_gateway.inspect.doctor.sanity import Sense, sense
from iso_gateway.inspect.doctor.walk import Budget, Choices, Walk, choices_of, head, worth
from iso_gateway.inspect.doctor.wraps import Wrap, wraps

LONGEST: Final = 64 * 1024
"""Bytes of an input that are looked at."""
READS: Final = 300_000
"""Elements that are read by edited specs."""
SHARE: Final = 60_000
"""Of these, in one framing by one spec."""
MESSAGES: Final = 6
"""Messages of an input that edits are looked for in; all are read with what is found."""
WAYS: Final = 24
"""Edits, or pairs of them, that are followed of each framing and spec."""
SANE: Final = 0.85
"""The share of sense from which on a fit is believed."""
MUCH: Final = 30
"""Points from which on a spec as it is needs not so great a share: values that nobody took care of are no rarity."""
HALF: Final = 0.5
"""That share."""
LIKELY: Final = 0.7
"""The share below which an edited spec is no answer."""
UNKNOWN_HEADER: Final = 4.0
"""What a header that nobody knows costs, in points; a byte of it costs a sixteenth more."""
KNOWN_HEADER: Final = 1.0
"""... and one that is known, of a frame whose length was left off."""


class Fit(NamedTuple):
    """One way in which the bytes come out exactly."""

    wrap: Wrap
    spec: Spec
    """As shipped or given; with `edits`, not as it would have to be."""
    edits: tuple[Edit, ...]
    sense: Sense
    message: Message
    """The first."""

    @property
    def worth(self) -> float:
        """How much sense it makes, in points, less what it takes for granted."""
        return worth(self.sense) - sum(edit.price for edit in self.edits) - skipping(self.wrap)

    @property
    def believed(self) -> bool:
        """Whether it may well be right: it makes sense, and more than chance makes of what it takes for granted."""
        taken = len(self.edits) + bool(self.wrap.skipped)
        if not taken and self.sense.good >= MUCH:
            return self.sense.share >= HALF
        return self.sense.share >= SANE and self.sense.good >= 5 + 3 * taken

    @property
    def rank(self) -> tuple[Any, ...]:
        """What fits are sorted by."""
        return not self.believed, -self.worth


def skipping(wrap: Wrap) -> float:
    """Return what the bytes cost that *wrap* skips: less where they are headers of which one tells a TPDU's id."""
    if "tpdu" in wrap.headers:
        return KNOWN_HEADER
    return UNKNOWN_HEADER + wrap.skipped / 16 if wrap.skipped else 0.0


def diagnose(data: bytes | Sequence[bytes], specs: Iterable[Spec]) -> list[Fit]:
    """Return how *data* can be read exactly, the best first; nothing where it cannot.

    Only what is `Fit.believed` is an answer; the rest comes after, for people to judge.

    Args:
        data: one message or several, with what lies around them; or several inputs that are wrapped alike. Over
            `LONGEST` bytes the rest is not looked at.
        specs: those that may be meant; of specs that fit alike the first comes first.
    """
    chosen = list(specs)
    all_wraps = list(wraps(*bounded(data)))
    fits = [fit for wrap in all_wraps for spec in chosen if (fit := _fit(wrap, spec)) is not None]
    if not any(fit.believed and not fit.sense.bad for fit in fits):
        fits += _edited(all_wraps, chosen, once=any(fit.believed for fit in fits))
    if any(fit.believed and not fit.wrap.skipped for fit in fits):
        fits = [fit for fit in fits if not fit.wrap.skipped]  # a header that is known explains more
    places = {spec: place for place, spec in reversed([*enumerate(chosen)])}
    return sorted(fits, key=lambda fit: (*fit.rank, places[fit.spec]))


def with_edits(data: bytes, spec: Spec) -> list[Fit]:
    """Return the edits of *spec* with which *data*, one message from its MTI, comes out exactly, the best first."""
    return sorted(_edited([Wrap("", 0, (data,), 1)], [spec], once=False), key=lambda fit: fit.rank)


def bounded(data: bytes | Sequence[bytes]) -> list[bytes]:
    """Return the inputs up to `LONGEST` bytes in all."""
    found: list[bytes] = []
    left = LONGEST
    for each in [data] if isinstance(data, bytes) else data:
        found.append(each[:left])
        left -= len(found[-1])
    return found


def yaml_of(fit: Fit, base: str = "") -> str:
    """Return a spec in YAML that is the fit's spec with its edits; empty where it needs none.

    Args:
        fit: one with edits.
        base: what it builds upon: a path, for a spec that is not shipped. Empty: the spec's name.
    """
    if not fit.edits:
        return ""
    lines = [f"base: {_plain(base or fit.spec.name)}", f"name: {fit.spec.name}-edited"]
    fields: dict[int, dict[str, str | None]] = {}
    for edit in _singles(fit.spec, fit.edits):
        if edit.number:
            fields.setdefault(edit.number, {}).update(edit.changes)
        else:
            lines.append(f"{edit.path}: {_flow(dict(edit.changes))}")
    lines += ["fields:"] if fields else []
    return "\n".join([*lines, *(f"  {number}: {_flow(fields[number])}" for number in sorted(fields))])


def json_text(text: str) -> str:
    """Return *text* in quotes, as JSON, TOML and YAML take it alike."""
    return msgspec.json.encode(text).decode()


def _plain(text: str) -> str:
    """Return *text* as YAML takes it: without quotes where it can do without."""
    return text if re.fullmatch(r"[\w./][\w./-]*", text, re.ASCII) else json_text(text)


def _flow(changes: Mapping[str, str | None]) -> str:
    return "{" + ", ".join(f"{key}: {'absent' if value is None else value}" for key, value in changes.items()) + "}"


def _singles(spec: Spec, changes: Iterable[Edit]) -> list[Edit]:
    """Return *changes*, of a kind of elements first, each of one element or of message type or bitmap."""
    some = sorted(changes, key=lambda edit: not edit.among)
    return [each for edit in some for each in edit.single(spec.source["fields"])]


def edited(spec: Spec, changes: Sequence[Edit], few: Iterable[int] = ()) -> Spec:
    """Return *spec* with *changes* applied.

    Args:
        spec: what is edited.
        changes: the edits.
        few: the data elements that it is to have, which is soon made; empty: all.

    Raises:
        SpecError: it is none any more.
    """
    source = {**spec.source, "fields": dict(spec.source["fields"])}
    for edit in _singles(spec, changes):
        if edit.number:
            source["fields"][str(edit.number)] = edit.applied(source["fields"].get(str(edit.number), {}))
        else:
            source[edit.path] = edit.applied(source[edit.path])
    if some := {str(number) for number in few}:
        source["fields"] = {number: data for number, data in source["fields"].items() if number in some}
        source |= {"echo": [], "presence": {}}
    return build_spec(source)


def _fit(wrap: Wrap, spec: Spec) -> Fit | None:
    messages: list[Message] = []
    for payload in wrap.payloads:
        try:
            messages.append(spec.decode(payload))
        except DecodeError:
            return None
    return Fit(wrap, spec, (), reduce(Sense.__add__, map(sense, messages)), messages[0])


def furthest(data: bytes | Sequence[bytes], specs: Iterable[Spec]) -> tuple[Wrap, Spec, DecodeError] | None:
    """Return with which framing and spec most of *data* can be read, and what is in the way; None: none breaks.

    Args:
        data: as `diagnose` takes it, within the same bounds.
        specs: those that may be meant.
    """
    chosen = list(specs)
    best: tuple[float, tuple[Wrap, Spec, DecodeError] | None] = (-1.0, None)
    for wrap in wraps(*bounded(data)):
        for spec in chosen if not wrap.skipped else ():
            share, error = _share(wrap, spec)
            if error is not None and share > best[0]:
                best = share, (wrap, spec, error)
    return best[1]


def _share(wrap: Wrap, spec: Spec) -> tuple[float, DecodeError | None]:
    """Return how much of the first message that *spec* cannot read is read, and why it is not read further."""
    for payload in wrap.payloads:
        try:
            spec.decode(payload)
        except DecodeError as error:
            return error.offset / len(payload), error
    return 1.0, None


# Edits


class _Trial:
    """One spec with its message type and bitmap in some encoding, on the payloads of one wrap."""

    def __init__(self, wrap: Wrap, choices: Choices, whole: tuple[Edit, ...], budget: Budget) -> None:
        self.wrap = wrap
        self.choices = choices
        plan = choices.headed(whole)
        self.whole = whole if choices.kind is None else (choices.kind, *whole)
        concerned = choices.kind is None
        some = sorted(wrap.payloads[:MESSAGES], key=len)
        self._numbers: set[int] = set()
        self._walks: list[Walk] = []
        self.promise = -sum(edit.price for edit in self.whole) - skipping(wrap)
        for payload in some:
            begun = head(plan, payload)
            if begun is None:
                return
            missing = sum(str(number) not in choices.fields for number in begun.numbers)
            concerned = concerned or (choices.kind is not None and not {*begun.numbers}.isdisjoint(choices.kind.among))
            self.promise += (worth(begun.sense) - 5 * missing) / len(some)
            self._numbers |= {*begun.numbers}
            self._walks.append(Walk(payload, begun, choices, budget))
        if not concerned:
            self._walks.clear()

    def __bool__(self) -> bool:
        return bool(self._walks) and len(self._walks) == len(self.wrap.payloads[:MESSAGES])

    def found(self, depth: int) -> list[Fit]:
        """Return the fits with up to *depth* edits in all."""
        left = depth - len(self.whole) - bool(self.wrap.skipped)
        if left < 0:
            return []
        # Those that the spec as it is cannot read come first: they tell what is wrong with it.
        walks = sorted(self._walks, key=lambda walk: walk.straight(()) is not None)
        ways: dict[tuple[Edit, ...], float] = {(): 0.0}
        for count, walk in enumerate(walks):
            further: dict[tuple[Edit, ...], float] = {}
            for changes, points in ways.items():
                for way in walk.ways(changes, left - len(changes), WAYS):
                    made = tuple(sorted((*changes, *way.edits), key=lambda edit: edit.number))
                    before = self._before(walks[:count], made, changes) if way.edits else points
                    if before is not None:
                        further[made] = max(further.get(made, before + way.worth), before + way.worth)
            ways = dict(sorted(further.items(), key=lambda each: -each[1])[:WAYS])
        fits = (self._fit(self.whole + changes) for changes in ways if changes or self.whole)
        return [fit for fit in fits if fit is not None and fit.sense.share >= LIKELY]

    @staticmethod
    def _before(walks: list[Walk], changes: tuple[Edit, ...], paid: tuple[Edit, ...]) -> float | None:
        """Return what sense *walks* make with *changes*, less the price of *paid*; None where one cannot be read."""
        total = -sum(edit.price for edit in paid)
        for walk in walks:
            points = walk.straight(changes)
            if points is None:
                return None
            total += points
        return total

    def _fit(self, changes: tuple[Edit, ...]) -> Fit | None:
        spec = self.choices.spec
        # What others than those that were walked have nobody knows; and what changes a kind has to make a whole spec.
        all_seen = len(self.wrap.payloads) == len(self._walks)
        few = self._numbers if all_seen and self.choices.kind is None else ()
        for some in (changes, tuple(_without_parts(edit, spec) for edit in changes)):
            try:
                fit = _fit(self.wrap, edited(spec, some, few))
            except SpecError:
                continue  # its parts may not go together with what it is now
            return None if fit is None else fit._replace(spec=spec, edits=some)
        return None


def _without_parts(edit: Edit, spec: Spec) -> Edit:
    """Return *edit* with the parts of its element taken away, where it has any."""
    has = "parts" in spec.source["fields"].get(str(edit.number), {})
    return edit._replace(changes=(*edit.changes, ("parts", None))) if has else edit


def _edited(some: list[Wrap], specs: list[Spec], *, once: bool) -> list[Fit]:
    """Return the fits of edited specs: with one edit, or unless *once* with two where one makes no sense."""
    budget = Budget(READS)
    trials = sorted(_trials(some, [choices_of(spec) for spec in specs], budget), key=lambda trial: -trial.promise)
    fits: list[Fit] = []
    for depth in (1,) if once else (1, 2):
        total = READS
        for trial in trials:
            budget.left = min(SHARE, total)
            fits += trial.found(depth)
            total -= min(SHARE, total) - max(0, budget.left)
        if any(fit.believed and not fit.sense.bad for fit in fits):
            break
    return fits


def _trials(some: list[Wrap], choices: list[Choices], budget: Budget) -> Iterator[_Trial]:
    for wrap in some:
        for each in (one for spec in choices for one in (spec, *spec.kinds)):
            whole = list(edits.of_the_whole(each.spec.source))
            both = [(one, other) for one in whole for other in whole if one.path < other.path]
            for changes in [(), *((edit,) for edit in whole), *both]:
                if len(changes) + (each.kind is not None) + bool(wrap.skipped) <= 2 and (
                    trial := _Trial(wrap, each, changes, budget)
                ):
                    yield trial
