"""One thing that is wrong with a message, which makes a later element unreadable: a length, or a bit of the bitmap."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from iso_gateway.codec.presence import violations
from iso_gateway.codec.spec import Spec
from iso_gateway.inspect.causes.bits import COMPARE
from iso_gateway.inspect.causes.suspicion import Suspicion, judged, read_so
from iso_gateway.inspect.doctor import slips
from iso_gateway.inspect.told import Cause

_ONE_BIT, _UNCOMMON, _LACK = 1.7, 0.1, 0.02
"""What it takes for granted that one bit is wrong; more where hardly any message has it, and more for each rule of
presence that would be broken then."""
_ONE_LENGTH: Final = 1.65
"""... and that one length is."""
_COUNT: Final = "look at what counts it: its sender has to mend it"


def suspicions(spec: Spec, data: bytes) -> Iterator[Suspicion]:
    """Yield the single bits and lengths with which, put right, *data* comes out exactly."""
    for slip in slips.of_bits(spec, data):
        price = _ONE_BIT + (0.0 if slip.number in slips.COMMON else _UNCOMMON)
        price += _LACK * len(violations(spec.presence, slip.message))
        cause = Cause("bitmap", slip.words, read_so(slip.message, len(data)), COMPARE)
        yield Suspicion(price, judged(slip.message), cause)
    for slip in slips.of_lengths(spec, data):
        cause = Cause("length", slip.words, read_so(slip.message, len(data)), _COUNT)
        yield Suspicion(_ONE_LENGTH, judged(slip.message), cause, about=f"length {slip.number}")
