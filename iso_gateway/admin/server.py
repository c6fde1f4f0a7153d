"""The side of the admin socket that answers."""

from __future__ import annotations

import inspect
import logging
import os
import socket
import traceback
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final

import trio

from iso_gateway.admin.lines import MAX_REQUEST, Answer, LineCutter, encode, read_request
from iso_gateway.admin.places import clear_the_way, inode, remove
from iso_gateway.errors import AdminError, ConfigError, IsoGatewayError, Problem, did_you_mean
from iso_gateway.net.listener import NO_ROOM, PAUSE

CONNECTIONS: Final = 16
"""How many may ask at a time: people and a console, not machines in numbers."""

PATIENCE: Final = 60.0
"""Seconds that a client may take to ask or to read; a forgotten one must not keep its place."""

READ_SIZE: Final = 16 * 1024

logger = logging.getLogger(__name__)

Said = Mapping[str, Any]
Verb = Callable[[dict[str, Any]], Awaitable[Said] | Said]
"""Does what is asked, with the arguments of the request; IsoGatewayError is answered with its text."""


async def serve_admin(
    path: Path,
    verbs: Mapping[str, Verb],
    *,
    connections: int = CONNECTIONS,
    task_status: trio.TaskStatus[Path] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Answer *verbs* at the socket *path* until cancelled; ``await nursery.start(...)`` returns when it listens.

    The socket has mode 0600 from its first moment. One that a dead process left is replaced.

    Raises:
        ConfigError: a living process listens at *path*, or no socket can be made there.
    """
    listener = _listen(path)
    made = inode(path)
    places = trio.CapacityLimiter(connections)

    async def carry(stream: trio.SocketStream) -> None:
        async with stream:
            try:
                places.acquire_nowait()
            except trio.WouldBlock:
                await _say(stream, Answer(error=f"more than {connections} connections"))
                return
            try:
                await _converse(stream, verbs)
            finally:
                places.release()

    try:
        async with trio.open_nursery() as nursery:
            task_status.started(path)
            await _accept(listener, carry, nursery)
    finally:
        listener.socket.close()
        # A process that started meanwhile may have its own socket here.
        if inode(path) == made:
            remove(path)


async def _accept(
    listener: trio.SocketListener, carry: Callable[[trio.SocketStream], Awaitable[None]], nursery: trio.Nursery
) -> None:
    """Take connections for ever; where the system has no room for one, wait, as those who are there will go."""
    while True:
        try:
            stream = await listener.accept()
        except OSError as error:
            # trio.serve_listeners would write a traceback each time.
            if error.errno not in NO_ROOM:
                raise
            await trio.sleep(PAUSE)
            continue
        nursery.start_soon(carry, stream)


def _listen(path: Path) -> trio.SocketListener:
    """Return a listener at *path* that only our user can reach."""
    clear_the_way(path)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    # bind makes the file with the process's umask. No task runs between these lines, and a file that another
    # thread makes just now gets fewer rights, not more.
    umask = os.umask(0o177)
    try:
        listening.bind(os.fspath(path))
        listening.listen(CONNECTIONS)
    except OSError as error:
        listening.close()
        reason = f"admin socket: {path} cannot be made ({(error.strerror or '').lower()})"
        raise ConfigError([Problem("", reason)]) from error
    finally:
        os.umask(umask)
    return trio.SocketListener(trio.socket.from_stdlib_socket(listening))


async def _converse(stream: trio.SocketStream, verbs: Mapping[str, Verb]) -> None:
    """Answer one line after the other, until the client goes, falls silent or sends a line without end."""
    cutter = LineCutter(MAX_REQUEST)
    while True:
        data = b""
        with trio.move_on_after(PATIENCE):
            try:
                data = bytes(await stream.receive_some(READ_SIZE))
            except trio.BrokenResourceError:
                return
        if not data:
            return
        try:
            lines = cutter.receive(data)
        except AdminError as error:
            await _say(stream, Answer(error=str(error)))
            return
        for line in lines:
            if not await _say(stream, await _answer(line, verbs)):
                return


async def _answer(line: bytes, verbs: Mapping[str, Verb]) -> Answer:
    """Return what is answered to *line*; a verb that fails is an answer too, and harms nobody else."""
    verb = "?"
    try:
        asked = read_request(line)
        verb = asked.verb
        said = _find(verb, verbs)(asked.arguments)
        answer = Answer(ok=dict(await said if inspect.isawaitable(said) else said))
        encode(answer)
    except IsoGatewayError as error:
        return Answer(error=str(error))
    except Exception as error:  # noqa: BLE001 -- a bug in a question must not end the transactions
        # The places only: the text of an unknown error may hold a card number.
        places = "".join(traceback.format_tb(error.__traceback__))
        logger.error("admin verb %s failed with %s\n%s", verb, type(error).__name__, places)  # noqa: TRY400
        return Answer(error=f"{verb} failed with {type(error).__name__}; the log says where")
    return answer


def _find(verb: str, verbs: Mapping[str, Verb]) -> Verb:
    """Return what does *verb*, or raise AdminError with the nearest and all that are known."""
    if verb not in verbs:
        raise AdminError(f"no verb {verb!r}{did_you_mean(verb, list(verbs))} (known: {', '.join(sorted(verbs))})")
    return verbs[verb]


async def _say(stream: trio.SocketStream, answer: Answer) -> bool:
    """Send *answer*; return False where the client does not take it."""
    with trio.move_on_after(PATIENCE):
        try:
            await stream.send_all(encode(answer))
        except trio.BrokenResourceError:
            return False
        return True
    return False
