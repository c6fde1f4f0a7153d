"""Messages and moments as a report writes them: masked, and nothing in them that a terminal or a browser would obey."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from iso_gateway.codec import mask
from iso_gateway.codec.currency import format_amount
from iso_gateway.codec.mti import MTI
from iso_gateway.host.judging.seen import Seen

_OURS: Final = re.compile(r"(?:flows|ruling) [0-9.]+(?:, [0-9.]+)*(?:, |$)")


def source_of(source: str) -> str:
    """Return *source* as users are to read it: without the numbers of our own books, which they do not have."""
    return _OURS.sub("", source).strip(", ")


def clock_time(wall: datetime) -> str:
    """Return the time of day, in UTC, to the millisecond."""
    return f"{wall:%H:%M:%S}.{wall.microsecond // 1000:03}"


def day_and_time(wall: datetime) -> str:
    """Return date and time in UTC."""
    return f"{wall:%Y-%m-%d %H:%M:%S} UTC"


def seconds(length: float) -> str:
    """Return how long something took: ``12 ms``, ``45.0 s``."""
    return f"{length * 1000:.0f} ms" if length < 1 else f"{length:.1f} s"


def kind_of(seen: Seen) -> str:
    """Return what a message is for, in words."""
    return "not known" if seen.kind is None else str(seen.kind).replace("_", " ")


def amount_of(seen: Seen) -> str:
    """Return the amount of a message; empty where it has none."""
    amount = seen.message.text(4)
    return format_amount(int(amount), seen.message.text(49)) if amount.isdecimal() and int(amount) else ""


def request_line(seen: Seen) -> str:
    """Return a message on one line: ``0200 sale · STAN 000005 · USD 10.68``."""
    said = [f"{seen.message.mti} {kind_of(seen)}", f"STAN {seen.stan}" if seen.stan else "", amount_of(seen)]
    return mask.printable(" · ".join(each for each in said if each))


def answer_line(seen: Seen) -> str:
    """Return the answer on one line: ``0210 · 00 · 3 ms``."""
    if seen.given is None:
        return seen.how
    took = seconds(seen.given.mono - seen.at.mono)
    mti = seen.answer.mti if seen.answer is not None else str(MTI(seen.message.mti).response())
    return mask.printable(f"{mti} · {seen.code} · {took}{' late' if seen.late else ''}{wrong_of(seen)}")


def wrong_of(seen: Seen) -> str:
    """Return what was wrong with an answer on purpose, after a comma; empty: nothing."""
    if not seen.intact:
        return ", spoilt on its way"
    return ", MAC spoilt" if seen.spoilt else ""
