"""Modules for tests, as processes of their own: ``python module_process.py KIND --control N [--secret N]``."""

from __future__ import annotations

import argparse
import ctypes
import os
import re
import resource
import signal
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from iso_gateway.errors import ModuleFailed
from iso_gateway.hsm.serving import Opened, Unlocked, keep
from iso_gateway.security.commands import (
    AskHealth,
    Batch,
    Command,
    Fault,
    Fingerprint,
    Fingerprinted,
    Health,
    Matched,
    Refused,
    Result,
    Results,
)
from tests.support.module_keys import predictable

DIE = Fingerprint(b"die")
STOP = Fingerprint(b"stop")
SLEEP = Fingerprint(b"sleep")
LIE = Fingerprint(b"lie")
FAIL = Fingerprint(b"fail")
CLOSED_OFF = Fingerprint(b"closed off?")


class Obedient:
    """A module without keys that gives back what it is asked to hash, and dies, stops, sleeps or lies when told."""

    def carry_out(self, batch: Batch) -> Results:
        return tuple(map(self._one, batch))

    def _one(self, command: Command) -> Result:
        if command == DIE:
            os.kill(os.getpid(), signal.SIGKILL)
        elif command == STOP:
            os.kill(os.getpid(), signal.SIGSTOP)
        elif command == SLEEP:
            time.sleep(0.5)  # noqa: TID251 -- a worker is no trio
        elif command == LIE:
            return Matched(0)
        elif command == FAIL:
            raise RuntimeError("what was given: 4761739001010010")
        elif command == CLOSED_OFF:
            return Fingerprinted(closed_off())
        match command:
            case Fingerprint(data):
                return Fingerprinted(data)
            case AskHealth():
                return Health("obedient", 0, 0, 0, "NOT A REAL MODULE")
            case _:
                return Refused(Fault.MALFORMED)


def closed_off() -> bytes:
    """Say whether this process leaves a core file, and whether others of its user may read it."""
    dumpable = ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)
    locked = not re.search(r"^VmLck:\s+0 kB", Path("/proc/self/status").read_text("ascii"), re.MULTILINE)
    return f"locked {locked} core {resource.getrlimit(resource.RLIMIT_CORE)} dumpable {dumpable}".encode()


def unlock(kind: str, secret: int | None) -> Unlocked:
    """Return the module of that *kind*."""
    if kind == "wrong passphrase":
        raise ModuleFailed("the passphrase is not the one of this key store")
    if kind == "tells":
        raise ModuleFailed(closed_off().decode())
    if kind == "asks":
        assert secret is not None
        os.read(secret, 100)
    if kind == "silent":
        os.kill(os.getpid(), signal.SIGSTOP)
    if kind == "keys":
        return Unlocked(with_keys, lambda: None)
    return Unlocked(lambda: Opened(Obedient(), lambda: None), lambda: None)


def with_keys() -> Opened:
    """Open the module that `predictable` gives."""
    module = predictable()
    return Opened(module, module.close)


def command(kind: str) -> Sequence[str]:
    """Return what starts a module of that *kind*."""
    return [sys.executable, "-P", "-s", __file__, kind]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("kind")
    parser.add_argument("--control", type=int)
    parser.add_argument("--secret", type=int)
    asked = parser.parse_args()
    keep(socket.socket(fileno=asked.control), lambda: unlock(asked.kind, asked.secret))


if __name__ == "__main__":
    main()
