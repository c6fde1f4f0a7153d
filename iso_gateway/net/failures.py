"""What the operating system raises, in our words: the one table of this border."""

from __future__ import annotations

import errno
import os
import socket
from typing import Final

from iso_gateway.errors import NoConnection

QUOTED: Final = {
    errno.ECONNREFUSED: "connection refused",
    errno.ECONNRESET: "connection reset by the peer",
    errno.EPIPE: "connection closed by the peer",
    errno.ETIMEDOUT: "the peer does not answer any more",
    errno.EHOSTUNREACH: "no route to the host",
    errno.ENETUNREACH: "no route to the network",
}
"""System errors that people meet, in words that name the side at fault."""


def no_connection(error: OSError, about: str = "") -> NoConnection:
    """Return *error* as NoConnection; *about* names the address or what was tried."""
    said = _said(error)
    failure = NoConnection(f"{about}: {said}" if about else said)
    failure.__cause__ = error
    return failure


def _said(error: OSError) -> str:
    """Return what happened, in the words of the system error at the bottom of *error* where there is one."""
    # trio keeps the errors of a dial that tried many addresses as the cause of the OSError that it raises.
    at: BaseException | None = error
    while at is not None:
        if isinstance(at, BaseExceptionGroup):
            at = at.exceptions[0]
            continue
        if isinstance(at, socket.gaierror):
            return "no such host name"
        if isinstance(at, OSError) and at.errno is not None:
            return QUOTED.get(at.errno) or os.strerror(at.errno).lower()
        at = at.__cause__
    return "the operating system refused"
