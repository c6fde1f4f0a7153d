"""Whether bytes are a message that somebody cut short, or to which something was added at its end.

That explains as much as an edit of the spec at the last element, and it is what happens to a paste more often.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from iso_gateway.codec.message import Message
from iso_gateway.codec.spec import Spec
from iso_gateway.errors import DecodeError, IncompleteError
from iso_gateway.inspect.doctor.edits import CHEAP
from iso_gateway.inspect.doctor.sanity import Sense, sense
from iso_gateway.inspect.doctor.search import SANE, bounded, skipping
from iso_gateway.inspect.doctor.walk import worth
from iso_gateway.inspect.doctor.wraps import Wrap, wraps

_PRICE: Final = CHEAP + 0.25
"""What it costs to say that bytes are missing or too many, in the points of an edit; one too many an eighth more.

So more than an edit with which a length agrees with what follows it, and less than any that gives an element another
size, which always comes out.
"""
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
    def message(self) -> Message | None:
        """What was read."""
        return self.error.partial

    @property
    def missing(self) -> bool:
        """Whether bytes are missing; else some are too many."""
        return isinstance(self.error, IncompleteError)

    @property
    def worth(self) -> float:
        """How much sense it makes, as `Fit.worth`."""
        behind = 0 if self.missing else len(self.wrap.payloads[0]) - self.error.offset
        return worth(self.sense) - _PRICE - behind / 8 - skipping(self.wrap)


def cut(data: bytes | Sequence[bytes], specs: Iterable[Spec]) -> Cut | None:
    """Return the one message that *data* may be the most of; None where it is none, or several.

    Args:
        data: as `diagnose` takes it, within the same bounds.
        specs: those that may be meant.
    """
    chosen = list(specs)
    some = [(wrap, spec) for wrap in wraps(*bounded(data)) if wrap.total == 1 for spec in chosen]
    found = [each for wrap, spec in some if (each := _cut(wrap, spec)) is not None]
    good = [each for each in found if each.sense.good >= _LEAST and each.sense.share >= SANE]
    return max(good, key=lambda each: each.worth, default=None)


def _cut(wrap: Wrap, spec: Spec) -> Cut | None:
    (payload,) = wrap.payloads
    try:
        spec.decode(payload)
    except IncompleteError as error:
        return None if error.partial is None else Cut(wrap, spec, error, sense(error.partial))
    except DecodeError as error:
        # Where more is left over than was read, nothing was read. The message is read again without what follows:
        # only a whole one has its pads.
        whole = not error.field and error.partial is not None and len(payload) <= 2 * error.offset
        return Cut(wrap, spec, error, sense(spec.decode(payload[: error.offset]))) if whole else None
    return None
