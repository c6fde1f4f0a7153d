"""A message as far as it can be read: also behind characters that are wrong, where all the rest comes out exactly."""

from __future__ import annotations

from typing import NamedTuple

from iso_gateway.codec import trace
from iso_gateway.codec.message import Message
from iso_gateway.codec.spec import Spec
from iso_gateway.errors import DecodeError


class Read(NamedTuple):
    """What was read."""

    message: Message | None
    """All of it, or what stands before the fault; None where not even the message type could be read."""
    faults: list[DecodeError]
    """Why it is no message; none where it is one. Of several, in the order of the bytes, only characters are wrong."""


def read(spec: Spec, data: bytes) -> Read:
    """Return what *data* says by *spec*.

    Where every length is right and a value is not, as an amount with a sign, the elements behind it are as good as
    any; where a length or a bit of the bitmap is wrong, nobody knows what they are.
    """
    try:
        return Read(spec.decode(data), [])
    except DecodeError as error:
        fault = error
    try:
        found, faults = trace.forgiving(spec.plan, data)
    except DecodeError:
        return Read(fault.partial, [fault])
    from iso_gateway.codec.unsure import unsure  # noqa: PLC0415 -- most bytes are messages

    message = unsure(found, spec, data)
    return Read(message, [DecodeError(each.field, each.offset, each.expected, message) for each in faults])
