"""The side of the admin socket that asks: `call` from a command, `ask` inside trio."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any, Final, NoReturn

import trio

from iso_gateway.admin.lines import MAX_ANSWER, LineCutter, read_answer, request
from iso_gateway.errors import NoAnswer, NoConnection

PATIENCE: Final = 10.0
"""Seconds to wait for an answer by default."""

READ_SIZE: Final = 64 * 1024


def call(path: Path, verb: str, /, *, patience: float = PATIENCE, **arguments: Any) -> dict[str, Any]:
    """Ask the process with the socket *path* for *verb*, and return what it says.

    *patience* is how many seconds the process may stay silent.

    Raises:
        NoConnection: no process listens there, or it ended before it answered.
        NoAnswer: nothing came in time.
        AdminError: the process refused.
    """
    cutter = LineCutter(MAX_ANSWER)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as stream:
        stream.settimeout(patience)
        try:
            stream.connect(os.fspath(path))
            stream.sendall(request(verb, arguments))
            while data := stream.recv(READ_SIZE):
                for line in cutter.receive(data):
                    return read_answer(line)
        except TimeoutError as error:
            raise _silent(path, patience) from error
        except OSError as error:
            _nobody(path, error)
    raise _ended(path)


async def ask(path: Path, verb: str, /, *, patience: float = PATIENCE, **arguments: Any) -> dict[str, Any]:
    """Do what `call` does, without stopping other tasks; *patience* is for all of it.

    Raises:
        NoConnection: no process listens there, or it ended before it answered.
        NoAnswer: nothing came in time.
        AdminError: the process refused.
    """
    cutter = LineCutter(MAX_ANSWER)
    try:
        with trio.fail_after(patience):
            async with await trio.open_unix_socket(os.fspath(path)) as stream:
                await stream.send_all(request(verb, arguments))
                async for data in stream:
                    for line in cutter.receive(data):
                        return read_answer(line)
    except trio.TooSlowError as error:
        raise _silent(path, patience) from error
    except (OSError, trio.BrokenResourceError) as error:
        _nobody(path, error)
    raise _ended(path)


def _silent(path: Path, patience: float) -> NoAnswer:
    return NoAnswer(f"{path}: no answer within {patience:g} s")


def _ended(path: Path) -> NoConnection:
    return NoConnection(f"{path}: the process ended before it answered")


def _nobody(path: Path, error: Exception) -> NoReturn:
    """Raise NoConnection for what the system said of *path*."""
    if isinstance(error, PermissionError):
        raise NoConnection(f"{path}: belongs to another user") from error
    if isinstance(error, (FileNotFoundError, ConnectionRefusedError)):
        raise NoConnection(f"{path}: no process listens there") from error
    raise _ended(path) from error
