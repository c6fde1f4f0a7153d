"""What trio and the system raise, in our words."""

from __future__ import annotations

import errno
import socket

import pytest
import trio

from iso_gateway.errors import NoConnection
from iso_gateway.net.failures import FOREIGN, no_connection


def broken(cause: BaseException) -> trio.BrokenResourceError:
    error = trio.BrokenResourceError()
    error.__cause__ = cause
    return error


TOLD: list[tuple[Exception, str]] = [
    (trio.BrokenResourceError(), "the connection broke"),
    (trio.ClosedResourceError(), "closed on our side"),
    (trio.TooSlowError(), "no answer in time"),
    (socket.gaierror(-2, "Name or service not known"), "no such host name"),
    (ConnectionRefusedError(errno.ECONNREFUSED, "x"), "connection refused"),
    (OSError("all attempts failed"), "the operating system refused"),
    (OSError(errno.EACCES, "x"), "permission denied"),
    (broken(OSError(errno.ECONNRESET, "x")), "connection reset by the peer"),
    (broken(OSError(errno.EPIPE, "x")), "connection closed by the peer"),
    (broken(ExceptionGroup("dial", [OSError(errno.EHOSTUNREACH, "x")])), "no route to the host"),
]


@pytest.mark.parametrize(("error", "text"), TOLD)
def test_every_foreign_exception_has_words(error: Exception, text: str) -> None:
    assert isinstance(error, FOREIGN)
    failure = no_connection(error)
    assert isinstance(failure, NoConnection)
    assert str(failure) == text
    assert failure.__cause__ is error


def test_the_address_stands_first() -> None:
    error = ConnectionRefusedError(errno.ECONNREFUSED, "x")
    assert str(no_connection(error, "127.0.0.1:9000")) == "127.0.0.1:9000: connection refused"
