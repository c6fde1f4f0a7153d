"""What trio and the operating system raise, in our words: the one table of this border."""

from __future__ import annotations

import errno
import os
import socket
from typing import Final

import trio

from iso_gateway.errors import NoConnection

SAID: Final[dict[type[Exception], str]] = {
    trio.ClosedResourceError: "closed on our side",
    trio.BrokenResourceError: "the connection broke",
    trio.TooSlowError: "no answer in time",
    socket.gaierror: "no such host name",
    OSError: "the operating system refused",
}
"""How each foreign exception is told, where it has no system error to quote. The first row that fits counts."""

FOREIGN: Final = tuple(SAID)
"""For ``except FOREIGN as error: ... no_connection(error)``."""

QUOTED: Final = {
    errno.ECONNREFUSED: "connection refused",
    errno.ECONNRESET: "connection reset by the peer",
    errno.EPIPE: "connection closed by the peer",
    errno.ETIMEDOUT: "the peer does not answer any more",
    errno.EHOSTUNREACH: "no route to the host",
    errno.ENETUNREACH: "no route to the network",
}
"""System errors that people meet, in words that name the side at fault."""


def no_connection(error: Exception, about: str = "") -> NoConnection:
    """Return *error*, one of FOREIGN, as NoConnection; *about* names the address or what was tried."""
    said = _said(error)
    failure = NoConnection(f"{about}: {said}" if about else said)
    failure.__cause__ = error
    return failure


def _said(error: BaseException) -> str:
    """Return what happened: the system error behind *error* where there is one, else the table's words."""
    # trio keeps the OSError as the cause of BrokenResourceError, and of the OSError of a dial that tried many.
    at: BaseException | None = error
    while at is not None:
        if isinstance(at, BaseExceptionGroup):
            at = at.exceptions[0]
            continue
        if isinstance(at, OSError) and not isinstance(at, socket.gaierror) and at.errno is not None:
            return QUOTED.get(at.errno) or os.strerror(at.errno).lower()
        if isinstance(at, socket.gaierror):
            return SAID[socket.gaierror]
        at = at.__cause__
    return next(said for kind, said in SAID.items() if isinstance(error, kind))
