"""What the system raises, in our words."""

from __future__ import annotations

import errno
import socket

import pytest

from iso_gateway.errors import NoConnection
from iso_gateway.net.failures import no_connection


def many_tried(cause: BaseException) -> OSError:
    error = OSError("all attempts failed")
    error.__cause__ = cause
    return error


TOLD: list[tuple[OSError, str]] = [
    (socket.gaierror(-2, "Name or service not known"), "no such host name"),
    (ConnectionRefusedError(errno.ECONNREFUSED, "x"), "connection refused"),
    (OSError("all attempts failed"), "the operating system refused"),
    (OSError(errno.EACCES, "x"), "permission denied"),
    (OSError(errno.ECONNRESET, "x"), "connection reset by the peer"),
    (OSError(errno.EPIPE, "x"), "connection closed by the peer"),
    (many_tried(ExceptionGroup("dial", [OSError(errno.EHOSTUNREACH, "x")])), "no route to the host"),
]


@pytest.mark.parametrize(("error", "text"), TOLD)
def test_every_system_error_has_words(error: OSError, text: str) -> None:
    failure = no_connection(error)
    assert isinstance(failure, NoConnection)
    assert str(failure) == text
    assert failure.__cause__ is error


def test_the_address_stands_first() -> None:
    error = ConnectionRefusedError(errno.ECONNREFUSED, "x")
    assert str(no_connection(error, "127.0.0.1:9000")) == "127.0.0.1:9000: connection refused"
