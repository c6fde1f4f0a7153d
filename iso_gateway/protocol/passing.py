"""Which elements of one dialect's messages are carried into another's just as they are.

Most are: they have the same number, name and bounds on both sides. Worked out once for two dialects, that spares every
message the way by facts for all but a few of its elements.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from iso_gateway.codec.field import Field
    from iso_gateway.codec.spec import Spec

BY_FACTS: Final = frozenset(
    {
        "processing_code",
        "date_time_local_transaction",
        "pos_data_code",
        "date_settlement_1993",
    }
)
"""What is looked at on the way, or written in other digits on the other side."""


_ANY_ENCODING: Final = frozenset({"n", "b"})
"""Formats whose values are the same however they are encoded: digits, and bytes."""


def passing(source: Spec, target: Spec, carried: frozenset[str], marked: frozenset[int]) -> frozenset[int]:
    """Return the numbers of the elements, named in *carried*, of which every value of *source* is one of *target*.

    Into the elements *marked* the target writes the kind of a message, beside what they said.
    """
    return frozenset(
        number
        for number, field in source.fields.items()
        if field.name in carried - BY_FACTS
        and number not in marked
        and number in target.fields
        and holds(target.fields[number], field)
    )


def holds(target: Field, source: Field) -> bool:
    """Return whether *target* is the same element as *source* and takes every value of it as it is."""
    return (
        target.name == source.name
        and target.format == source.format
        and target.format != "z"  # a track's separator is written in each side's own way
        and (target.encoding == source.encoding or target.format in _ANY_ENCODING)
        and (target.length == "fixed") == (source.length == "fixed")
        and target.min <= source.min
        and target.max >= source.max
        and (target.length != "fixed" or target.max == source.max)
    )
