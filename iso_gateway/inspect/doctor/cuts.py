"""Whether bytes are a message that somebody cut short, or to which something was added at its end.

That explains as much as an edit of the spec at the last element, and it is what happens to a paste more often.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from iso_gateway.codec.spec import Spec
from iso_gateway.errors import DecodeError, IncompleteError
from iso_gateway.inspect.doctor.sanity import Sense, sense
from iso_gateway.inspect.doctor.search import SANE, UNKNOWN_HEADER, bounded
from iso_gateway.inspect.doctor.walk import worth
from iso_gateway.inspect.doctor.wraps import Wrap, wraps

_PRICE: Final = 3.0
"""What it costs to say that bytes are missing or too many, in the points of an edit; one too many an eighth more."""
_LEAST: Final = 8
"""Points that what was read has to make."""


class Cut(NamedTuple):
    """One message that is read by a spec as it is, but for its end."""

    wrap: Wrap
    spec: Spec
    error: DecodeError
    """Where it ends too early, or what follows its last element; the message so far is in ``partial``."""
    sense: Sense

    @property
    def missing(self) -> bool:
        """Whether bytes are missing; else some are too many."""
        return isinstance(self.error, IncompleteError)

    @property
    def worth(self) -> float:
        """How much sense it makes, as `Fit.worth`."""
        behind = 0 if self.missing else len(self.wrap.payloads[0]) - self.error.offset
        return worth(self.sense) - _PRICE - behind / 8 - (UNKNOWN_HEADER if self.wrap.skipped else 0.0)


def cut(data: bytes | Sequence[bytes], specs: Iterable[Spec]) -> Cut | None:
    """Return the one message that *data* may be the most of; None where it is none, or several.

    Args:
        data: as `diagnose` takes it, within the same bounds.
        specs: those that may be meant.
    """
    found: list[Cut] = []
    chosen = list(specs)
    for wrap in wraps(*bounded(data)):
        for spec in chosen if wrap.total == 1 else ():
            try:
                spec.decode(wrap.payloads[0])
            except DecodeError as error:
                # Where more is left over than was read, nothing was read.
                behind = len(wrap.payloads[0]) - error.offset if not error.field else 0
                ends = isinstance(error, IncompleteError) or (not error.field and behind <= error.offset)
                if error.partial is not None and ends:
                    found.append(Cut(wrap, spec, error, sense(error.partial)))
    good = [each for each in found if each.sense.good >= _LEAST and each.sense.share >= SANE]
    return max(good, key=lambda each: each.worth, default=None)
