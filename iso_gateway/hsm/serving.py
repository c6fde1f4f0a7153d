"""A module in processes of its own: a keeper that holds the master key, and a worker that carries out commands.

The keeper reads the master key once, from a file descriptor, and then hears one byte at a time: a byte with a socket
means "a new worker, on this socket", the end of the stream means that the gateway is gone. It forks the worker, which
opens the key store and answers batches until its socket ends. So a worker that a bug ended, or that hangs, is replaced
within milliseconds, nobody is asked for a passphrase again, and what has the master key reads nothing that comes from
outside. Neither outlives the gateway: the socket's end is theirs, and on Linux the system sees to it too.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from iso_gateway.errors import IsoGatewayError
from iso_gateway.hsm.hardening import die_with_parent, harden
from iso_gateway.hsm.wire import (
    LARGEST_BATCH,
    LARGEST_RESULTS,
    BrokenPeer,
    CannotStart,
    Frames,
    Ready,
    add_frame,
    batch_in,
)
from iso_gateway.security.commands import AskHealth, Fault, Health, Refused, SecurityModule

READ_SIZE: Final = 32 * 1024
"""Bytes asked for at a time: what is answered in one write. A hundred batches of transactions."""

GRACE: Final = 1.0
"""Seconds that a worker has to wipe its keys when the gateway ends."""


@dataclass(frozen=True)
class Opened:
    """A module that is ready, and what wipes its keys."""

    module: SecurityModule
    close: Callable[[], None]


@dataclass(frozen=True)
class Unlocked:
    """The master key, as what is done with it."""

    open: Callable[[], Opened]
    """Opens the key store and makes the module; raises an `IsoGatewayError` that says why it cannot."""
    close: Callable[[], None]
    """Wipes the master key."""


def keep(control: socket.socket, unlock: Callable[[], Unlocked]) -> None:
    """Have a worker serve each socket that comes over *control*, one at a time, until *control* ends.

    Args:
        control: where sockets come from, each with one byte.
        unlock: called once, to take in the master key; it raises an `IsoGatewayError` where there is none.
    """
    # The gateway drains before it ends, and needs its keys for that; its end is ours, and nothing else is.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    die_with_parent()
    harden()
    unlocked: Unlocked | IsoGatewayError
    try:
        unlocked = unlock()
    except IsoGatewayError as error:
        unlocked = error
    worker: int | None = None
    try:
        while (sock := _next(control)) is not None:
            if worker is not None:
                _end(worker)
            with sock:
                worker = os.fork()
                if not worker:
                    control.close()
                    _work(sock, unlocked)
    finally:
        if worker:
            _let_end(worker)
        if isinstance(unlocked, Unlocked):
            unlocked.close()


def serve(sock: socket.socket, module: SecurityModule) -> None:
    """Answer the batches that come over *sock*, in order, until it ends.

    Raises:
        BrokenPeer: what came was no batch.
    """
    frames = Frames(LARGEST_BATCH)
    while data := sock.recv(READ_SIZE):
        answers = bytearray()
        for number, body in frames.feed(data):
            batch = batch_in(body)
            if not add_frame(answers, number, module.carry_out(batch), LARGEST_RESULTS):
                add_frame(answers, number, (Refused(Fault.MALFORMED),) * len(batch), LARGEST_RESULTS)
        if answers:
            sock.sendall(answers)


def _next(control: socket.socket) -> socket.socket | None:
    """Return the next socket to be served; None where nobody wants one any more."""
    try:
        said, descriptors, _, _ = socket.recv_fds(control, 1, 1)
    except ConnectionError:
        return None
    return socket.socket(fileno=descriptors[0]) if said and descriptors else None


def _end(worker: int) -> None:
    """Kill *worker*, hanging or not, and wait until it is gone: two of them must never write one key store."""
    os.kill(worker, signal.SIGKILL)
    os.waitpid(worker, 0)


def _let_end(worker: int) -> None:
    """Give *worker*, whose socket has ended too, a moment to wipe its keys; then kill it."""
    if hasattr(os, "pidfd_open"):
        with suppress(OSError):
            select.select([os.pidfd_open(worker)], [], [], GRACE)
    _end(worker)


def _work(sock: socket.socket, unlocked: Unlocked | IsoGatewayError) -> None:
    """Serve *sock* as a process of its own, and end it; this never returns, or the worker would be a second keeper."""
    status = 1
    try:
        die_with_parent()
        _work_open(sock, unlocked)
        status = 0
    except (BrokenPeer, ConnectionError):
        pass  # the gateway sees its socket end, and says what it had sent, or is gone itself
    except Exception as bug:  # noqa: BLE001 -- its text may have data, and its place has not
        where = traceback.extract_tb(bug.__traceback__)[-1]
        sys.stderr.write(f"security module: {type(bug).__name__} at {Path(where.filename).name}:{where.lineno}\n")
        sys.stderr.flush()
    finally:
        os._exit(status)


def _work_open(sock: socket.socket, unlocked: Unlocked | IsoGatewayError) -> None:
    missing = harden()
    hello = bytearray()
    try:
        if isinstance(unlocked, IsoGatewayError):
            raise unlocked
        opened = unlocked.open()
    except IsoGatewayError as error:
        add_frame(hello, 0, CannotStart(str(error)), LARGEST_RESULTS)
        sock.sendall(hello)
        return
    try:
        (health,) = opened.module.carry_out((AskHealth(),))
        if isinstance(health, Health):
            said = "; ".join([health.notice, *missing] if health.notice else missing)
            ready = Ready(Health(health.kind, health.keys, health.test_keys, health.store_version, said), os.getpid())
            add_frame(hello, 0, ready, LARGEST_RESULTS)
        else:
            add_frame(hello, 0, CannotStart(getattr(health, "reason", "")), LARGEST_RESULTS)
        sock.sendall(hello)
        with suppress(ConnectionError):
            serve(sock, opened.module)
    finally:
        opened.close()
