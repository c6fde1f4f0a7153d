"""Whole kinds of elements that are written otherwise than the spec says: all lengths, all digits, all text.

What is wrong with one element alone the doctor finds; a dialect that packs its lengths packs all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any, Final

from iso_gateway.codec.build import build_spec
from iso_gateway.codec.spec import Spec
from iso_gateway.errors import DecodeError, SpecError
from iso_gateway.inspect.causes.ends import named, smallest
from iso_gateway.inspect.causes.suspicion import USE_SPEC, Suspicion, elements, judged, read_so
from iso_gateway.inspect.doctor.edits import Edit
from iso_gateway.inspect.told import Cause

_EBCDIC: Final = "cp500"
_DIGITS: Final = frozenset({"n", "xn", "z"})
_NUMBERS: Final = (_DIGITS, frozenset({"n", "xn"}), frozenset({"n"}))
"""The formats that are packed together: tracks and signed amounts often are not."""
_PREFIXES: Final = ("ascii", "bcd", "binary", _EBCDIC)
_BINARIES: Final = ("binary", "hex", "hex-ebcdic")
_MTIS: Final = ("", "ascii", "bcd", _EBCDIC)
_BITMAPS: Final = ("", "binary", "hex", "hex-ebcdic")
_CHARSETS: Final = (("ascii", "hex", "hex"), (_EBCDIC, "hex-ebcdic", "hex-ebcdic"))
"""A character set, and how bitmaps and elements in hexadecimal are called in it."""
_SAID: Final = {
    "ascii": "ASCII",
    "bcd": "BCD",
    "hex": "hexadecimal characters",
    "hex-ebcdic": "hexadecimal characters in EBCDIC",
    _EBCDIC: "EBCDIC",
}
_AT_ONCE: Final = 3
"""Edits of the whole and of kinds of elements that are made at once, at the most."""


def suspicions(spec: Spec, data: bytes) -> Iterator[Suspicion]:
    """Yield the kinds of elements with which, written otherwise, *data* comes out exactly."""
    yield from _of_charsets(spec, data)
    for mti, form in product(_MTIS, _BITMAPS):
        whole = _whole(spec, mti, form)
        if whole is None:
            continue
        bare = _spec(spec, whole, {})
        numbers = _named(spec, bare, data) if bare is not None else []
        if not numbers:
            continue
        present = {str(each): spec.source["fields"][str(each)] for each in numbers}
        for fields in _kinds(present):
            if (not whole and not fields) or (len(whole) + bool(fields)) > _AT_ONCE:
                continue
            made = _spec(spec, whole, {**present, **_applied(present, fields)})
            found = _judged(made, data, whole, fields, spec) if made is not None else None
            if found is not None:
                yield found


def few(spec: Spec, data: bytes) -> Spec:
    """Return *spec* with the elements alone that the bitmaps of *data* name, which is edited soon; or all of it."""
    fields = spec.source["fields"]
    return _spec(spec, [], {str(each): fields[str(each)] for each in named(spec, data)}) or spec


def _of_charsets(spec: Spec, data: bytes) -> Iterator[Suspicion]:
    """Yield that all that is characters is in another character set, from the message type to the last element."""
    for encoding, form, hexadecimal in _CHARSETS:
        words = f"all of it is {_in(encoding)}"
        whole = _whole(spec, encoding, form)
        bare = _spec(spec, whole, {}) if whole is not None else None
        if whole is None or bare is None:
            continue
        numbers = _named(spec, bare, data)
        present = {str(each): spec.source["fields"][str(each)] for each in numbers}
        others = {
            old: new
            for row in _CHARSETS
            for old, new in zip((row[0], row[2]), (encoding, hexadecimal), strict=True)
            if row[0] != encoding
        }
        fields = [
            Edit(f"fields.{key}", tuple(changes), words)
            for key, each in present.items()
            if (changes := [(what, others[each[what]]) for what in ("encoding", "prefix") if each.get(what) in others])
        ]
        whole = [edit._replace(words=words) for edit in whole]
        made = _spec(spec, whole, {**present, **_applied(present, fields)}) if fields else None
        found = _judged(made, data, whole, fields, spec) if made is not None else None
        if found is not None:
            yield found


def _whole(spec: Spec, mti: str, form: str) -> list[Edit] | None:
    """Return the edits of message type and bitmap; None where they change nothing that they name."""
    found: list[Edit] = []
    for path, said, what in (("mti", mti, "the message type"), ("bitmap", form, "the bitmap")):
        now = spec.source[path]["encoding"]
        if said == now:
            return None
        if said:
            words = f"{what} is {_in(said)}, not {_in(now)}"
            found.append(Edit(path, (("encoding", said),), words))
    return found


def _named(spec: Spec, bare: Spec, data: bytes) -> list[int]:
    """Return the elements of *spec* that the bitmaps of *data* name, read as *bare*, a spec of no elements, has them.

    Nothing where that cannot be so: no message type, no bitmap, elements that the spec lacks, more than there is room.
    """
    try:
        bare.decode(data)
    except DecodeError as error:
        if error.partial is None or error.field == "bitmap":
            return []
    found = named(bare, data, range(2, 193))
    if not all(str(each) in spec.source["fields"] for each in found):
        return []
    room = len(data) - bare.plan.mti_size - bare.plan.bitmap_size
    return found if sum(-(-smallest(spec, each) // 2) for each in found) <= room else []


def _kinds(present: Mapping[str, Mapping[str, Any]]) -> Iterator[list[Edit]]:
    """Yield nothing, and then each way in which a kind of elements may be written otherwise."""
    yield []
    variable = {key: each for key, each in present.items() if each["length"] != "fixed"}
    digits = {key: each for key, each in present.items() if each["format"] in _DIGITS}
    texts = {key: each for key, each in present.items() if each["format"] not in _DIGITS | {"b", "nibbles"}}
    binaries = {key: each for key, each in present.items() if each["format"] == "b"}
    for encoding in _BINARIES:
        yield _edits(binaries, "encoding", encoding, "the value", "the values", gone=("counts",))
    for prefix in _PREFIXES:
        yield _edits(variable, "prefix", prefix, "the length", "the lengths")
    sets = [{key: each for key, each in digits.items() if each["format"] in formats} for formats in _NUMBERS]
    distinct = [some for at, some in enumerate(sets) if some not in sets[:at]]
    for some, encoding in product(distinct, ("ascii", "bcd", _EBCDIC)):
        one = _edits(some, "encoding", encoding, "the number", "the numbers")
        yield one
        if encoding != _EBCDIC:
            yield _joined(one, _edits(variable, "prefix", encoding, "the length", "the lengths"))
    for encoding in ("ascii", _EBCDIC):
        text = _edits(texts, "encoding", encoding, "the text", "the text")
        yield text
        both = _joined(text, _edits(digits, "encoding", encoding, "the number", "the numbers"))
        yield both
        yield _joined(both, _edits(variable, "prefix", encoding, "the length", "the lengths"))


def _edits(
    fields: Mapping[str, Mapping[str, Any]], key: str, value: str, one: str, several: str, *, gone: tuple[str, ...] = ()
) -> list[Edit]:
    """Return the edits that give *key* of all *fields* the value; each has the words for all of them."""
    changed = {each: data for each, data in fields.items() if data.get(key, "ascii") != value}
    if not changed:
        return []
    before = {str(data.get(key, "ascii")) for data in changed.values()}
    not_in = f", not {_in(before.pop())}" if len(before) == 1 else ""
    numbers = elements([int(each) for each in changed])
    what, verb = (one, "is") if len(changed) == 1 or one == several else (several, "are")
    words = f"{what} of {numbers} {verb} {_in(value)}{not_in}"
    gone = gone or (("counts", "pad", "parts") if key == "encoding" else ("counts",))
    return [
        Edit(f"fields.{each}", ((key, value), *((other, None) for other in gone if other in data)), words)
        for each, data in changed.items()
    ]


def _joined(one: list[Edit], other: list[Edit]) -> list[Edit]:
    """Return both kinds of edits, or nothing where one of them is empty."""
    return [*one, *other] if one and other else []


def _applied(present: Mapping[str, Mapping[str, Any]], some: list[Edit]) -> dict[str, dict[str, Any]]:
    made: dict[str, dict[str, Any]] = {}
    for edit in some:
        key = str(edit.number)
        made[key] = edit.applied(made.get(key, present[key]))
    return made


def _spec(spec: Spec, whole: list[Edit], fields: dict[str, Any]) -> Spec | None:
    """Return *spec* with these elements alone; None where that is none."""
    source = {key: value for key, value in spec.source.items() if key not in {"echo", "presence", "profile"}}
    source |= {edit.path: edit.applied(source[edit.path]) for edit in whole}
    try:
        return build_spec({**source, "fields": fields})
    except SpecError:
        return None


def _judged(made: Spec, data: bytes, whole: list[Edit], fields: list[Edit], spec: Spec) -> Suspicion | None:
    try:
        message = made.decode(data)
    except DecodeError:
        return None
    words = list(dict.fromkeys(edit.words for edit in [*whole, *fields]))
    first = next(iter(fields), None)
    kind = "element" if first is not None else whole[-1].path
    lines = [f"base: {spec.name}", f"name: {spec.name}-edited"]
    lines += [f"{edit.path}: {_flow(edit.applied(spec.source[edit.path]))}" for edit in whole]
    changes: dict[int, dict[str, str | None]] = {}
    for edit in fields:
        changes.setdefault(edit.number, {}).update(edit.changes)
    lines += ["fields:", *(f"  {number}: {_flow(each)}" for number, each in sorted(changes.items()))] if changes else []
    cause = Cause(kind, ", and ".join(words), read_so(message, len(data)), USE_SPEC, "\n".join(lines))
    about = " ".join(sorted({edit.path for edit in [*whole, *fields]}))
    return Suspicion(0.5 + len(words) / 2, judged(message), cause, about=about)


def _flow(changes: Mapping[str, str | None]) -> str:
    return "{" + ", ".join(f"{key}: {'absent' if value is None else value}" for key, value in changes.items()) + "}"


def _in(encoding: str) -> str:
    return "binary" if encoding == "binary" else f"in {_SAID.get(encoding, encoding)}"
