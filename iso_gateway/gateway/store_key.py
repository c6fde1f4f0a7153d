"""The file with the key under which card numbers are kept: 32 bytes, as text with comments, for its owner alone."""

from __future__ import annotations

import base64
import os
import secrets
import stat
from pathlib import Path
from typing import Final

from iso_gateway.errors import ConfigError, Problem

KEY_BYTES: Final = 32
_LONGEST: Final = 16_384
"""Bytes of a file that may be a key's."""

_TEXT: Final = """\
# The key under which the journal keeps card numbers: 32 random bytes in hex.
# Whoever has it and the journal can read them; without it the journal cannot be used any more.
# Keep a copy where you keep other keys. Nobody but the gateway's user may read this file (mode 0600).
{key}
"""


def write_store_key(path: Path) -> None:
    """Make a new key in a file of its own.

    Raises:
        OSError: the file is there already, or cannot be written.
    """
    made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(made, "w", encoding="ascii") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(_TEXT.format(key=secrets.token_hex(KEY_BYTES)))


def read_store_key(path: Path) -> bytes:
    """Return the 32 bytes in the file at *path*.

    Raises:
        ConfigError: it is not there, open to others, or holds no key; the text never shows what it holds.
    """
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read(_LONGEST).decode("ascii", "replace")
    except FileNotFoundError:
        raise _wrong(f"{path}: no such file; 'iso-gateway init' makes one for a new journal") from None
    except (OSError, ValueError) as error:
        raise _wrong(f"{path}: cannot be read: {getattr(error, 'strerror', None) or 'no name of a file'}") from None
    if not stat.S_ISREG(mode):
        raise _wrong(f"{path}: not a file")
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise _wrong(f"{path}: others may read or write it (mode {stat.S_IMODE(mode):04o}); chmod 600 it")
    lines = [line for line in (line.partition("#")[0].strip() for line in text.splitlines()) if line]
    key = _decoded("".join(lines))
    if key is None:
        raise _wrong(f"{path}: neither hex nor base64; 32 bytes are expected, 64 digits of hex")
    if len(key) != KEY_BYTES:
        raise _wrong(f"{path}: a key of {len(key)} bytes; 32 are expected, 64 digits of hex")
    return key


def _decoded(text: str) -> bytes | None:
    """Return the bytes that *text* writes in hex or base64, or None."""
    try:
        return bytes.fromhex(text)
    except ValueError:
        pass
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return None


def _wrong(message: str) -> ConfigError:
    return ConfigError([Problem("store_key_file", message)])
