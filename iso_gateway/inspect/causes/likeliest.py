"""The likeliest causes of a message's not being read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from iso_gateway.codec.spec import Spec
from iso_gateway.errors import DecodeError
from iso_gateway.inspect.causes import bits, content, ends, forms, mangled, objects, outside, slips
from iso_gateway.inspect.causes.suspicion import USE_SPEC, Suspicion, read_so
from iso_gateway.inspect.doctor.edits import CHEAP, RIGID, Edit
from iso_gateway.inspect.doctor.search import Fit, with_edits, yaml_of
from iso_gateway.inspect.told import Cause

MOST: Final = 2
"""Causes that are told."""
SEARCHED: Final = 4_096
"""Bytes of a message up to which edits of a spec are looked for; in a longer one each takes too long."""
CERTAIN: Final = 0.85
"""The price below which a cause is so likely that no single element is looked at any more."""

_KNOWN: Final = frozenset(("max", each) for each in ("2", "3", "4", "6", "8", "10", "12", "14", "16"))
"""Sizes that an element has in some edition whose size is the same in every dialect of one."""
_ONE: Final = 0.3
"""What it costs that one element alone is written otherwise: dialects do that to all of a kind."""
_CHEAPEST: Final = 1.0
"""The price of the doctor's cheapest edit here; the others are as much dearer as they are there, by half."""


def likeliest(spec: Spec, data: bytes, error: DecodeError, others: Iterable[Spec] = (), base: str = "") -> list[Cause]:
    """Return why *data* is no message of *spec*, the likeliest cause first: two at the most, none that is invented.

    Args:
        spec: what it was read by.
        data: what was to be one message, from its MTI.
        error: where it broke; of a message that is only broken inside an element, where that is.
        others: specs that may have been meant instead.
        base: what a spec that is told builds upon: a path, for one that is not shipped. Empty: the spec's name.
    """
    whole = _reads(spec, data)
    suspected = objects.suspicions(spec, data, error) if whole else _suspicions(spec, data, error, others)
    found = [each for each in suspected if each.convinces]
    if len(data) <= SEARCHED and not whole and not any(each.price < CERTAIN for each in found):
        found += [each for each in _of_elements(spec, data) if each.convinces]
    told: dict[str, Cause] = {}
    for each in sorted(found, key=lambda suspicion: suspicion.rank):
        told.setdefault(each.about or each.cause.words, each.cause)
    own = f"base: {spec.name}\n"
    return [
        msgspec.structs.replace(each, yaml=each.yaml.replace(own, f"base: {base or spec.name}\n", 1))
        for each in list(told.values())[:MOST]
    ]


def _reads(spec: Spec, data: bytes) -> bool:
    """Return whether *data* is a message, whatever may be broken inside its elements."""
    try:
        spec.decode(data)
    except DecodeError:
        return False
    return True


def _suspicions(spec: Spec, data: bytes, error: DecodeError, others: Iterable[Spec]) -> Iterator[Suspicion]:
    for each in (ends.cut(spec, data, error), ends.trailing(spec, data, error), content.suspicion(spec, data, error)):
        if each is not None:
            yield each
    known = list(others)
    yield from outside.as_text(spec, data, known)
    yield from mangled.suspicions(spec, data, known)
    yield from outside.suspicions(spec, data, known)
    yield from bits.suspicions(spec, data)
    yield from slips.suspicions(spec, data)
    if len(data) <= SEARCHED:
        yield from forms.suspicions(spec, data)


def _of_elements(spec: Spec, data: bytes) -> Iterator[Suspicion]:
    """Yield the edits of single elements with which *data* comes out exactly."""
    for place, fit in enumerate(with_edits(data, forms.few(spec, data))):
        if any(edit.number in RIGID and not _KNOWN.intersection(edit.changes) for edit in fit.edits if _resizes(edit)):
            continue
        if any(edit.among for edit in fit.edits):
            continue  # of whole kinds `forms` tells
        own = {f"DE {edit.number}" for edit in fit.edits}
        if not own & {*fit.sense.doubts} and (len(fit.edits) == 1 or not fit.sense.bad):
            yield _suspicion(fit, len(data), place)


def _resizes(edit: Edit) -> bool:
    """Return whether *edit* gives an element another size."""
    return any(key in {"length", "max"} for key, _ in edit.changes)


def _suspicion(fit: Fit, size: int, place: int) -> Suspicion:
    """Return what *fit* comes to, the doctor's best but *place*, whose order it keeps."""
    words = ", and ".join(edit.words for edit in fit.edits)
    cause = Cause("element", words, read_so(fit.message, size), USE_SPEC, yaml_of(fit))
    about = " ".join(sorted({edit.path for edit in fit.edits}))
    price = sum(_CHEAPEST + (edit.price - CHEAP) / 2 for edit in fit.edits)
    return Suspicion(_ONE + price + place / 1000, fit.sense, cause, about=about)
