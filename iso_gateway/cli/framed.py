"""A message taken out of the packet that somebody pasted: its headers come off, and then the frame that is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iso_gateway.cli.intake import NotHex
from iso_gateway.cli.output import complain
from iso_gateway.cli.packets import carried

if TYPE_CHECKING:
    from iso_gateway.codec.spec import Spec


def unwrapped(spec: Spec, data: bytes) -> bytes:
    """Return the message of *spec* in the packet *data*, and tell what was taken off; *data* where it is no packet.

    Raises:
        NotHex: the packet carries nothing, or several messages.
    """
    payload = carried(data)
    if payload is None:
        return data
    if not payload:
        raise NotHex("a packet of TCP that carries no data")
    off = f"{len(data) - len(payload)} bytes of packet headers"
    if reads(spec, payload):
        complain(f"{off} taken off")
        return payload
    from iso_gateway.inspect.doctor.wraps import wraps

    for wrap in wraps(payload):
        if wrap.framing and not wrap.skipped and all(reads(spec, each) for each in wrap.payloads):
            if wrap.total > 1:
                raise NotHex(f"a packet with {wrap.total} messages ({wrap.framing}): give the one meant")
            complain(f"{off} taken off, and the frame ({wrap.framing})")
            return wrap.payloads[0]
    complain(f"{off} taken off")
    return payload


def reads(spec: Spec, data: bytes) -> bool:
    """Return whether *data* is a message of *spec*."""
    from iso_gateway.errors import DecodeError

    try:
        spec.decode(data)
    except DecodeError:
        return False
    return True
