"""The software module over a key store, as a process of its own: ``python -m iso_gateway.hsm.process``.

Started by `own_process.OwnProcess` and by nobody else; see ``serving.py`` for its two halves. What unlocks the keys is
read here, in the process that keeps them: from a file, a credential or an open descriptor, or typed at the terminal,
whose descriptor is then what came. It is never an argument, and never in the environment.
"""

from __future__ import annotations

import argparse
import os
import socket
import termios
from pathlib import Path

from iso_gateway.errors import KeyStoreError
from iso_gateway.hsm.key_store import KeyStore, head_of
from iso_gateway.hsm.serving import Opened, Unlocked, keep
from iso_gateway.hsm.software import SoftwareModule
from iso_gateway.hsm.unlocking import LARGEST, Source, unlocked
from iso_gateway.net.clock import read_system


def main() -> None:
    """Serve until the other end of the control socket is closed."""
    parser = argparse.ArgumentParser(prog="iso_gateway.hsm.process")
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--unlock", required=True)
    parser.add_argument("--test", action="store_true")
    parser.add_argument("--control", type=int, required=True)
    parser.add_argument("--secret", type=int)
    given = parser.parse_args()
    keep(socket.socket(fileno=given.control), lambda: unlock(given.store, given.unlock, given.secret, test=given.test))


def unlock(store: Path, how: str, secret: int | None, *, test: bool) -> Unlocked:
    """Take in the master key of *store* as *how* says; *secret* is the descriptor of it, or of the terminal.

    Raises:
        KeyStoreError: it cannot be had.
    """
    source = Source.parse(how)
    making = head_of(store).making
    if source.kind == "fd":
        source = Source("fd", str(secret))
    master = unlocked(source, making, lambda prompt: typed_at(secret, prompt))

    def opened() -> Opened:
        module = SoftwareModule(KeyStore(store, master), lambda: read_system()[1], test=test)
        return Opened(module, module.close)

    return Unlocked(opened, master.wipe)


def typed_at(terminal: int | None, prompt: str) -> str:
    """Return a line typed at *terminal*, without echo.

    Raises:
        KeyStoreError: it is none, or nothing was typed.
    """
    try:
        if terminal is None:
            raise KeyStoreError("nobody can be asked here: there is no terminal")
        before = termios.tcgetattr(terminal)
        silent = before[:]
        silent[3] &= ~termios.ECHO
        termios.tcsetattr(terminal, termios.TCSAFLUSH, silent)
        try:
            os.write(terminal, prompt.encode())
            text = os.read(terminal, LARGEST).decode().rstrip("\r\n")
            os.write(terminal, b"\n")
        finally:
            termios.tcsetattr(terminal, termios.TCSAFLUSH, before)
    except (termios.error, OSError, UnicodeDecodeError):
        raise KeyStoreError("the terminal cannot be asked") from None
    if not text:
        raise KeyStoreError("nothing was typed")
    return text


if __name__ == "__main__":
    main()
