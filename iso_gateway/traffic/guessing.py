"""Of bytes that nobody understood: with which framing and spec they come out exactly."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from iso_gateway.codec.spec import Spec
from iso_gateway.errors import DecodeError
from iso_gateway.inspect.doctor.sanity import sense
from iso_gateway.inspect.doctor.wraps import wraps

LONGEST: Final = 2048
"""Bytes that are looked at."""
SANE: Final = 0.7
"""The share of checks that a message has to stand, to be taken for one."""
_TLS: Final = tuple(b"%c\x03" % kind for kind in (20, 21, 22, 23))
"""The types of a TLS record, and its version (RFC 8446, 5.1)."""


class Guess(NamedTuple):
    """What the bytes may be."""

    framing: str
    spec: str


def is_tls(data: bytes) -> bool:
    """Return whether *data* begins as a TLS record does."""
    return data.startswith(_TLS)


def guess(data: bytes, specs: Iterable[Spec]) -> Guess | None:
    """Return with what *data*, one whole frame or several, is read exactly and makes the most sense; None: nothing.

    Args:
        data: what came in one packet.
        specs: those that may be meant; of two that do alike, the first.
    """
    chosen = list(specs)
    best: tuple[float, int] = (SANE, 0)
    found = None
    for wrap in wraps(data[:LONGEST]):
        if wrap.skipped or not wrap.framing:
            continue
        for spec in chosen:
            try:
                made = [sense(spec.decode(payload)) for payload in wrap.payloads]
            except DecodeError:
                continue
            points = min(each.share for each in made), sum(each.good for each in made)
            if points > best:
                best, found = points, Guess(wrap.framing, spec.name)
    return found
