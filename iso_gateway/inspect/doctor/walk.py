"""All the ways in which an edited spec reads a message to its last byte, the ones that make the most sense first.

A message is read element by element. What matters for the rest is only how far one came and how many edits that took,
so of all the ways that meet there the best few are kept: the work grows with the length of the message and the number
of edits, and not with the number of their combinations. It is counted, and bounded by a `Budget`.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from iso_gateway.codec import bitmap, body, lengths, rules
from iso_gateway.codec.plan import FIELD, PACKED, Plan, Row, row
from iso_gateway.codec.spec import Spec
from iso_gateway.codec.unreadable import Unreadable
from iso_gateway.errors import Problem
from iso_gateway.inspect.doctor import edits
from iso_gateway.inspect.doctor.edits import Edit
from iso_gateway.inspect.doctor.sanity import HEX_BITMAP, Sense, judged, judged_mti

AGAINST: Final = 2.0
"""How much more a point against a reading weighs than one for it."""
_TOGETHER: Final = 8
"""Ways that are kept of those that came equally far with as many edits."""
_PLACES: Final = 160
"""Places, after any element, from which it is read on."""


class Budget:
    """How many elements may still be read; each takes some microseconds."""

    def __init__(self, left: int) -> None:
        self.left = left


class Choice(NamedTuple):
    """One form that an element may have."""

    edit: Edit | None
    """None: the spec's own."""
    row: Row


class Way(NamedTuple):
    """One way to read a message to its end."""

    worth: float
    """What sense it makes, in points, less the price of the edits."""
    edits: tuple[Edit, ...]


def worth(sense: Sense) -> float:
    """Return the points of *sense* as one number."""
    return sense.good - AGAINST * sense.bad


class Choices:
    """The forms that the elements of one spec may have; made when they are asked for."""

    def __init__(self, spec: Spec, kind: Edit | None = None) -> None:
        self.spec = spec
        self.kind = kind
        """What all elements of a kind are by now."""
        self.fields: dict[str, Mapping[str, Any]] = dict(spec.source["fields"])
        """What the spec says of its elements, with that."""
        for edit in kind.single(self.fields) if kind is not None else ():
            self.fields[str(edit.number)] = edit.applied(self.fields[str(edit.number)])
        self.kinds = () if kind is not None else tuple(Choices(spec, each) for each in edits.of_kinds(self.fields))
        """The same with an edit of all elements of a kind."""
        self._made: dict[int, list[Choice]] = {}
        self._plans: dict[tuple[Edit, ...], Plan] = {}
        prefixes = [field.prefix for field in spec.fields.values() if field.prefix]
        self.prefix = max(prefixes, key=prefixes.count, default="ascii")

    def headed(self, whole: tuple[Edit, ...]) -> Plan:
        """Return the plan of the spec without its elements, with message type and bitmap as *whole* has them."""
        if whole not in self._plans:
            own = self.spec.plan
            said = {edit.path: str(dict(edit.changes)["encoding"]) for edit in whole}
            self._plans[whole] = Plan(
                self.spec.version,
                mti_codec=said.get("mti", own.mti_codec),
                bitmap_form=said.get("bitmap", own.bitmap_form),
                bitmap_fixed=own.bitmap_fixed,
                third=own.third,
                fields=(),
            )
        return self._plans[whole]

    def of(self, number: int) -> list[Choice]:
        """Return the forms of data element *number*, the spec's own first where it has one, no two alike."""
        if number not in self._made:
            self._made[number] = list(self._of(number))
        return self._made[number]

    def _of(self, number: int) -> Iterator[Choice]:
        data = self.fields.get(str(number))
        seen: set[tuple[object, ...]] = set()
        if data is not None:
            changed = self.kind is not None and number in self.kind.among
            own = self._row(Edit(f"fields.{number}", (), ""), data) if changed else self.spec.plan.rows[number]
            if own is not None:
                seen.add(_wire(own))
                yield Choice(None, own)
        some = edits.of_field(number, data, self.prefix) if data else edits.undefined(number, self.prefix)
        for edit in some:
            made = self._row(edit, data or {})
            if made is not None and _wire(made) not in seen:
                seen.add(_wire(made))
                yield Choice(edit, made)

    @staticmethod
    def _row(edit: Edit, data: Mapping[str, object]) -> Row | None:
        """Return the row that *edit* makes; None where it goes against the rules of specs."""
        problems: list[Problem] = []
        changed = edit.applied(data)
        changed.pop("parts", None)  # what is inside is looked at once the whole comes out
        field = rules.Reading(edit.path, problems).field(edit.number, changed)
        return None if problems or field is None else row(field)


@functools.lru_cache(maxsize=16)
def choices_of(spec: Spec) -> Choices:
    """Return the choices of *spec*, which take some time to make."""
    return Choices(spec)


def _wire(made: Row) -> tuple[object, ...]:
    """Return what of a row decides which bytes it reads, and as what."""
    return (
        *(made.op, made.kind, made.codec, made.width, made.prefix, made.step, made.extra),
        *(made.low, made.high, made.left, made.pad),
    )


class Head(NamedTuple):
    """What stands before the elements of a message."""

    numbers: list[int]
    """The data elements that the bitmaps name."""
    end: int
    """Where the first of them begins."""
    sense: Sense


def head(plan: Plan, payload: bytes) -> Head | None:
    """Return the head of *payload* by *plan*; None where there is none, or one that is read only in full."""
    mti = plan.mti_reading.get(payload[: plan.mti_size])
    if mti is None or plan.third == FIELD:
        return None
    start = plan.mti_size
    end = start + bitmap.extent(plan, payload[start:])
    found = payload[start:end]
    bits = bitmap.number(plan, found)
    if bits is None or not found or len(found) % plan.bitmap_size:
        return None
    width = 8 * plan.bitmap_fixed or 64 * (len(found) // plan.bitmap_size)
    if bitmap.more(plan, bits, width):
        return None
    numbers = bitmap.named(plan, bits, width)
    return Head(numbers, end, judged_mti(mti) + Sense(HEX_BITMAP if plan.bitmap_hex else 0, 0))


class Walk:
    """One message, read by the choices of one spec."""

    def __init__(self, payload: bytes, start: Head, choices: Choices, budget: Budget) -> None:
        self.payload = payload
        self._head = start
        self._choices = choices
        self._budget = budget
        self._read: dict[tuple[int, Edit | None, int], tuple[int, float] | None] = {}

    def straight(self, given: Sequence[Edit]) -> float | None:
        """Return how much sense the message makes by the edits *given* and none else; None: it cannot be read."""
        found = self.ways(given, 0, 1)
        return found[0].worth if found else None

    def ways(self, given: Sequence[Edit], depth: int, most: int) -> list[Way]:
        """Return the *most* best ways to read the message by the edits *given* and up to *depth* others."""
        settled = {edit.number: edit for edit in given if edit.number}
        level: dict[tuple[int, int], list[Way]] = {(self._head.end, 0): [Way(worth(self._head.sense), ())]}
        for number in self._head.numbers:
            choices = self._choices.of(number)
            if number in settled:
                choices = [each for each in choices if each.edit == settled[number]]
            level = _best(self._further(level, number, choices, depth, fixed=number in settled))
        end = len(self.payload)
        found = [way for (at, _), some in level.items() if at == end for way in some]
        return sorted(found, key=lambda way: -way.worth)[:most]

    def _further(
        self, level: dict[tuple[int, int], list[Way]], number: int, choices: list[Choice], depth: int, *, fixed: bool
    ) -> dict[tuple[int, int], list[Way]]:
        """Return where one is behind data element *number*."""
        made: dict[tuple[int, int], list[Way]] = {}
        for (at, used), some in level.items():
            for choice in choices:
                free = fixed or choice.edit is None
                if not free and used == depth:
                    break
                read = self._element(number, choice, at)
                if read is None:
                    continue
                end, points = read
                added = () if free or choice.edit is None else (choice.edit,)
                points -= sum(edit.price for edit in added)
                there = made.setdefault((end, used + len(added)), [])
                there += [Way(way.worth + points, way.edits + added) for way in some]
                if len(there) > 4 * _TOGETHER:
                    there.sort(key=lambda way: -way.worth)
                    del there[_TOGETHER:]
        return made

    def _element(self, number: int, choice: Choice, at: int) -> tuple[int, float] | None:
        """Return where data element *number* that begins at *at* ends, and what sense it makes; None: it cannot."""
        key = number, choice.edit, at
        if key not in self._read:
            self._budget.left -= 1
            self._read[key] = element(number, choice.row, self.payload, at) if self._budget.left > 0 else None
        return self._read[key]


def _best(level: dict[tuple[int, int], list[Way]]) -> dict[tuple[int, int], list[Way]]:
    for some in level.values():
        some.sort(key=lambda way: -way.worth)
        del some[_TOGETHER:]
    if len(level) <= _PLACES:
        return level
    places = sorted(level, key=lambda place: (place[1] > 0, -level[place][0].worth))
    return {place: level[place] for place in places[:_PLACES]}


def element(number: int, form: Row, data: bytes, at: int) -> tuple[int, float] | None:
    """Return where an element ends that begins at *at*, and what sense it makes; None where it cannot be read."""
    length = form.high
    begun = at + form.width
    if form.width:
        said = lengths.count(data[at:begun], form.prefix) if begun <= len(data) else None
        length = -1 if said is None else (said - form.extra) * form.step
        if not form.low <= length <= form.high:
            return None
    try:
        end = begun + body.extent(form, data, begun, length)
        if end > len(data):
            return None
        raw = data[begun:end]
        value = body.read(form, raw, length)
    except (Unreadable, body.Short):
        return None
    points = worth(judged(number, value, packed=form.op == PACKED))
    if form.op == PACKED and length % 2:
        nibble = raw.hex()[0 if form.left else -1].upper()
        points += 1 if nibble == form.pad else -3 * AGAINST
    return end, points
