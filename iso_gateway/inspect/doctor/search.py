"""Which framing and spec bytes fit exactly, and the smallest edits of a spec with which they do.

First every spec is tried in every framing. Only where nothing comes out that makes sense are specs edited: once, at the
field where reading stopped and at those before it; then a second time, after the edits that got furthest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from typing import Any, Final, NamedTuple

from iso_gateway.codec import bitmap, rules
from iso_gateway.codec.build import build_spec
from iso_gateway.codec.field import Field
from iso_gateway.codec.message import Message
from iso_gateway.codec.plan import FIELD, Plan
from iso_gateway.codec.spec import Spec
from iso_gateway.codec.trace import decode
from iso_gateway.errors import DecodeError, Problem, SpecError
from iso_gateway.inspect.doctor import edits
from iso_gateway.inspect.doctor.edits import Edit
from iso_gateway.inspect.doctor.sanity import Sense, sense
from iso_gateway.inspect.doctor.wraps import Wrap, wraps

LONGEST: Final = 64 * 1024
"""Bytes of an input that are looked at."""
TRIES: Final = 8_000
"""Edited specs that are tried; each takes some tenths of a millisecond."""
PAIRS: Final = 10
"""Framings with a spec that are edited: those in which most could be read."""
FURTHER: Final = 24
"""Edited specs that are edited once more: those with which most could be read."""
SANE: Final = 0.85
"""The share of sense from which on a fit is believed, and no more is tried."""
LIKELY: Final = 0.7
"""The share below which an edited spec is no answer."""


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
    def rank(self) -> tuple[Any, ...]:
        """What fits are sorted by: fewest edits and skipped bytes, most sense."""
        doubtful = self.sense.share < SANE
        return doubtful, len(self.edits) + bool(self.wrap.skipped), -self.sense.share, -self.sense.good


def diagnose(data: bytes, specs: Iterable[Spec]) -> list[Fit]:
    """Return how *data* can be read exactly, the best first; nothing where it cannot.

    Args:
        data: one message or several, with what lies around them; over `LONGEST` bytes the rest is not looked at.
        specs: those that may be meant, the likelier ones first.
    """
    chosen = list(specs)
    all_wraps = list(wraps(data[:LONGEST]))
    fits = [fit for wrap in all_wraps for spec in chosen if (fit := _fit(wrap, spec)) is not None]
    if any(not fit.wrap.skipped and fit.sense.share >= SANE for fit in fits):
        fits = [fit for fit in fits if not fit.wrap.skipped]  # a header that is known explains more
    if not any(fit.sense.share >= SANE for fit in fits):
        fits += _edited([wrap for wrap in all_wraps if not wrap.skipped], chosen)
    return sorted(fits, key=lambda fit: fit.rank)


def yaml_of(fit: Fit) -> str:
    """Return a spec in YAML that is the fit's spec with its edits; empty where it needs none."""
    if not fit.edits:
        return ""
    lines = [f"base: {fit.spec.name}", f"name: {fit.spec.name}-edited"]
    lines += [f"{edit.path}: {_flow(edit)}" for edit in fit.edits if not edit.number]
    fields = [f"  {edit.number}: {_flow(edit)}" for edit in fit.edits if edit.number]
    return "\n".join(lines + (["fields:", *fields] if fields else []))


def _flow(edit: Edit) -> str:
    return "{" + ", ".join(f"{key}: {'absent' if value is None else value}" for key, value in edit.changes) + "}"


def edited(spec: Spec, changes: Sequence[Edit]) -> Spec:
    """Return *spec* with *changes* applied.

    Raises:
        SpecError: it is none any more.
    """
    source = {**spec.source, "fields": dict(spec.source["fields"])}
    for edit in changes:
        if edit.number:
            source["fields"][str(edit.number)] = edit.applied(source["fields"].get(str(edit.number), {}))
        else:
            source[edit.path] = edit.applied(source[edit.path])
    return build_spec(source)


def _fit(wrap: Wrap, spec: Spec) -> Fit | None:
    messages: list[Message] = []
    for payload in wrap.payloads:
        try:
            messages.append(spec.decode(payload))
        except DecodeError:
            return None
    return Fit(wrap, spec, (), reduce(Sense.__add__, map(sense, messages)), messages[0])


def furthest(data: bytes, specs: Iterable[Spec]) -> tuple[Wrap, Spec, DecodeError] | None:
    """Return with which framing and spec most of *data* can be read, and what is in the way; None: none breaks."""
    starts = _starts([wrap for wrap in wraps(data[:LONGEST]) if not wrap.skipped], list(specs))
    if not starts:
        return None
    trials, got = starts[0]
    assert got.error is not None
    return trials.wrap, trials.spec, got.error


# Edits


class _Got(NamedTuple):
    """How far one edited spec got."""

    share: float
    """Of the bytes of the payload that it did not get through."""
    changes: tuple[Edit, ...]
    error: DecodeError | None
    """None: through all of them."""


class _Trials:
    """Edited versions of one spec, tried on the payloads of one wrap."""

    def __init__(self, wrap: Wrap, spec: Spec) -> None:
        self.wrap = wrap
        self.spec = spec
        self._fields: dict[Edit, Field | None] = {}
        self._numbers: dict[str, set[int]] = {}
        prefixes = [field.prefix for field in spec.fields.values() if field.prefix]
        self._prefix = max(prefixes, key=prefixes.count, default="ascii")

    def tried(self, changes: tuple[Edit, ...]) -> _Got | None:
        """Return how far the spec gets with *changes*; None where they make no spec."""
        plan = self._plan(changes)
        if plan is None:
            return None
        for payload in self.wrap.payloads:
            try:
                decode(plan, payload)
            except DecodeError as error:
                return _Got(error.offset / len(payload), changes, error)
        return _Got(1.0, changes, None)

    def further(self, got: _Got) -> Iterator[tuple[Edit, ...]]:
        """Yield *got* with one edit more: of where it stopped, and of what was read before."""
        error = got.error
        assert error is not None
        done = {edit.path for edit in got.changes}
        source = self.spec.source["fields"]
        stopped = int(error.field) if error.field.isdecimal() else 0
        read = list(error.partial) if error.partial is not None else []
        found: list[Edit] = []
        if stopped and str(stopped) not in source:
            found += edits.undefined(stopped, self._prefix)
        for number in dict.fromkeys([stopped, *reversed(read)]):
            if str(number) in source:
                found += edits.of_field(number, source[str(number)], self._prefix)
        found += edits.of_the_whole(self.spec.source)
        for edit in found:
            if edit.path not in done:
                yield *got.changes, edit

    def fit(self, changes: tuple[Edit, ...]) -> Fit | None:
        """Return the fit that *changes* make."""
        try:
            fit = _fit(self.wrap, edited(self.spec, changes))
        except SpecError:
            return None
        return None if fit is None else fit._replace(spec=self.spec, edits=changes)

    def _plan(self, changes: tuple[Edit, ...]) -> Plan | None:
        own = self.spec.plan
        whole = {edit.path: dict(edit.changes)["encoding"] for edit in changes if not edit.number}
        form = whole.get("bitmap") or own.bitmap_form
        fields = {number: each for number, each in self.spec.fields.items() if number in self._named(form)}
        for edit in changes:
            if edit.number:
                field = self._field(edit)
                if field is None:
                    return None
                fields[edit.number] = field
        return Plan(
            self.spec.version,
            mti_codec=whole.get("mti") or own.mti_codec,
            bitmap_form=form,
            bitmap_fixed=own.bitmap_fixed,
            third=own.third,
            fields=[fields[number] for number in sorted(fields)],
        )

    def _named(self, form: str) -> set[int]:
        """Return the data elements that the payloads may have, with bitmaps in *form*: the fewer rows, the quicker."""
        if form not in self._numbers:
            own = self.spec.plan
            probe = Plan(
                self.spec.version,
                mti_codec=own.mti_codec,
                bitmap_form=form,
                bitmap_fixed=own.bitmap_fixed,
                third=own.third,
                fields=(),
            )
            found = {each for each in self.spec.fields if each > 128} if own.third == FIELD else set()
            for payload in self.wrap.payloads:
                for start in (2, 4):  # a message type in BCD, or in characters
                    found |= _glimpsed(probe, payload[start:])
            self._numbers[form] = found
        return self._numbers[form]

    def _field(self, edit: Edit) -> Field | None:
        """Return the field that *edit* makes; None where it goes against the rules of specs."""
        if edit not in self._fields:
            problems: list[Problem] = []
            data = {**edit.applied(self.spec.source["fields"].get(str(edit.number), {}))}
            data.pop("parts", None)  # what is inside is looked at once the whole comes out
            field = rules.Reading(edit.path, problems).field(edit.number, data)
            self._fields[edit] = None if problems else field
        return self._fields[edit]


def _glimpsed(plan: Plan, data: bytes) -> set[int]:
    """Return the data elements that the bitmaps name with which *data* begins, as far as they can be read."""
    end = bitmap.extent(plan, data)
    bits = bitmap.number(plan, data[:end])
    width = (4 if plan.bitmap_hex else 8) * len(data[:end])
    return set() if bits is None else set(bitmap.elements(bits, width))


def _starts(some: list[Wrap], specs: list[Spec]) -> list[tuple[_Trials, _Got]]:
    """Return how far the unedited specs get where they do not get through, the furthest first."""
    found: list[tuple[_Trials, _Got]] = []
    for wrap in some:
        for spec in specs:
            trials = _Trials(wrap, spec)
            got = trials.tried(())
            if got is not None and got.error is not None:
                found.append((trials, got))
    return sorted(found, key=lambda start: -start[1].share)


def _edited(some: list[Wrap], specs: list[Spec]) -> list[Fit]:
    """Return the fits of edited specs: with one edit, or with two where no one makes sense."""
    starts = _starts(some, specs)
    fits: list[Fit] = []
    left = TRIES
    for _ in range(2):
        ends: list[tuple[_Trials, _Got]] = []
        for trials, start in starts[:PAIRS] if left == TRIES else starts[:FURTHER]:
            for changes in trials.further(start):
                got = trials.tried(changes) if left > 0 else None
                left -= 1
                if got is None:
                    continue
                if got.error is not None:
                    ends.append((trials, got))
                elif (fit := trials.fit(changes)) is not None and fit.sense.share >= LIKELY:
                    fits.append(fit)
        if any(fit.sense.share >= SANE for fit in fits):
            break
        starts = sorted(ends, key=lambda end: -end[1].share)
    return fits
