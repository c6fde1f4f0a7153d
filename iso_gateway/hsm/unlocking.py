"""Where the master key of a key store comes from at a start: never from an argument or the environment.

    prompt              the terminal, without echo
    fd:3                an open file descriptor, read to its end
    credential:NAME     a systemd credential (LoadCredentialEncrypted=NAME, in $CREDENTIALS_DIRECTORY)
    file:PATH           a file that only its owner may read

What comes is the passphrase, or one component a line in hexadecimal, as the store was made.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from iso_gateway.errors import KeyStoreError
from iso_gateway.hsm.master_key import SIZE, Components, Making, MasterKey, from_components, from_passphrase

LARGEST: Final = 4096
"""Bytes of what unlocks a store."""
EXPECTED: Final = "prompt, fd:NUMBER, credential:NAME or file:PATH"

Ask = Callable[[str], str]
"""Shows a prompt and returns what was typed without echo."""


class Source(NamedTuple):
    """Where it comes from."""

    kind: str
    name: str = ""

    @classmethod
    def parse(cls, text: str) -> Source:
        """Return the source that *text* says.

        Raises:
            KeyStoreError: it says none.
        """
        kind, colon, name = text.partition(":")
        if text == "prompt":
            return cls(kind)
        right = name.isdecimal() and len(name) < 6 if kind == "fd" else bool(name) and "\0" not in name
        if not colon or kind not in {"fd", "credential", "file"} or not right:
            # The text may be a passphrase in the wrong place: it is not shown.
            raise KeyStoreError(f"expected {EXPECTED}")
        if kind == "credential" and (name != Path(name).name or name == ".."):
            raise KeyStoreError("a credential's name is no path")
        return cls(kind, name)

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}" if self.name else self.kind


def unlocked(source: Source, making: Making, ask: Ask) -> MasterKey:
    """Return the master key from *source* for a store that was made as *making* says.

    Raises:
        KeyStoreError: nothing can be read there, or it makes no key.
    """
    if source.kind == "prompt":
        return _asked(making, ask)
    given = read(source)
    try:
        return key_of(given, making)
    finally:
        given[:] = bytes(len(given))


def key_of(given: bytearray, making: Making) -> MasterKey:
    """Return the master key of *given*, a passphrase or components a line each.

    Raises:
        KeyStoreError: it makes no key.
    """
    if isinstance(making, Components):
        lines = [line for line in bytes(given).splitlines() if line.strip()]
        if len(lines) not in {1, making.count}:
            raise KeyStoreError(f"this store is unlocked by {_said(making)}, a line each; {len(lines)} came")
        return from_components([_component(line) for line in lines])
    end = len(given)
    while end and given[end - 1] in b"\r\n":
        end -= 1
    return from_passphrase(given[:end], making)


def read(source: Source) -> bytearray:
    """Return what *source* (no prompt) has; the caller wipes it.

    Raises:
        KeyStoreError: nothing can be read there.
    """
    try:
        if source.kind == "fd":
            number = int(source.name)
        else:
            path = _place(source)
            number = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            if source.kind == "file" and stat.S_IMODE(os.fstat(number).st_mode) & 0o077:
                os.close(number)
                raise KeyStoreError(f"{path} may be read by others; chmod 600 it")
        given = bytearray()
        with os.fdopen(number, "rb", buffering=0, closefd=True) as stream:
            while len(given) <= LARGEST and (part := stream.read(LARGEST)):
                given += part
    except OSError as error:
        raise KeyStoreError(f"{source}: {(error.strerror or 'cannot be read').lower()}") from None
    if not given or len(given) > LARGEST:
        given[:] = bytes(len(given))
        raise KeyStoreError(f"{source}: {'nothing' if not given else 'too much'} is there")
    return given


def _place(source: Source) -> Path:
    if source.kind == "file":
        return Path(source.name)
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if not folder:
        raise KeyStoreError("no credentials: the service manager has set no CREDENTIALS_DIRECTORY")
    return Path(folder) / source.name


def _asked(making: Making, ask: Ask) -> MasterKey:
    if isinstance(making, Components):
        return from_components(
            [
                _component(ask(f"component {number} of {making.count}: ").encode())
                for number in range(1, making.count + 1)
            ]
        )
    return from_passphrase(bytearray(ask("passphrase: ").encode()), making)


def _component(text: bytes) -> bytearray:
    """Return the component that *text* writes, blanks between its digits allowed.

    Raises:
        KeyStoreError: it is none.
    """
    try:
        value = bytearray.fromhex(text.decode("ascii"))
    except ValueError:
        value = bytearray()
    if len(value) != SIZE:
        raise KeyStoreError(f"a component has {2 * SIZE} hexadecimal digits")
    return value


def _said(making: Components) -> str:
    return "the key" if making.count == 1 else f"{making.count} components, or the key"


def typed(prompt: str) -> str:
    """Return what is typed at the terminal, without echo.

    Raises:
        KeyStoreError: there is no terminal.
    """
    import getpass  # noqa: PLC0415 -- only where somebody is asked

    if not sys.stdin.isatty():
        raise KeyStoreError(f"nobody can be asked here, there is no terminal; say where it comes from: {EXPECTED}")
    try:
        return getpass.getpass(prompt)
    except (EOFError, KeyboardInterrupt):
        raise KeyStoreError("nothing was typed") from None
