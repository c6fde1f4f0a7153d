"""Where admin sockets lie, and that nobody else can put one there.

``$XDG_RUNTIME_DIR/iso-gateway/KIND-PORT.sock`` where that variable names a folder of ours (systemd makes one at
login), else ``TMP/iso-gateway-UID/KIND-PORT.sock``. The temporary folder belongs to everybody: whoever makes
``iso-gateway-UID`` first could answer in our name. So a folder that is not ours, not a folder, or open to others
is refused, never repaired.
"""

from __future__ import annotations

import os
import re
import socket
import stat
import tempfile
from pathlib import Path
from typing import Final

from iso_gateway.errors import ConfigError, Problem

NAME: Final = re.compile(r"(?P<kind>[a-z]+)-(?P<port>\d{1,5})\.sock")
"""What our sockets are called."""

LONGEST_PATH: Final = 107
"""Bytes of a Unix socket's path on Linux (sun_path, 108 with its end)."""

KNOCK: Final = 0.5
"""Seconds to wait for a process that shall tell that it lives; a busy one still accepts by the kernel's backlog."""


def socket_path(kind: str, port: int) -> Path:
    """Return where the process of *kind* (``run``, ``host``) that listens at *port* has its socket.

    The folder is made if it is not there.

    Raises:
        ConfigError: the folder cannot be made, or others could write in it.
    """
    folder = default_folder()
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise _refused(folder, f"cannot be made ({(error.strerror or '').lower()})") from error
    check_folder(folder)
    return folder / f"{kind}-{port}.sock"


def find_sockets(kind: str | None = None) -> list[Path]:
    """Return the sockets of the running processes, of one *kind* or of all, by name.

    Raises:
        ConfigError: the folder of the sockets is one that others could write in.
    """
    folder = default_folder()
    if not os.path.lexists(folder):
        return []
    check_folder(folder)
    found = [path for path in folder.iterdir() if (name := NAME.fullmatch(path.name)) and kind in {None, name["kind"]}]
    return sorted(path for path in found if answers(path))


def default_folder() -> Path:
    """Return the folder of the sockets, which need not exist yet."""
    runtime = Path(os.environ.get("XDG_RUNTIME_DIR", ""))
    # After su or sudo the variable may still name the folder of another user.
    if runtime.is_absolute() and _is_ours(runtime):
        return runtime / "iso-gateway"
    return Path(tempfile.gettempdir(), f"iso-gateway-{os.geteuid()}")


def check_folder(folder: Path) -> None:
    """Refuse a folder where somebody else could have put a socket.

    Raises:
        ConfigError: *folder* is no folder, not ours, or its mode is wider than 0700.
    """
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise _refused(folder, "is no folder")
    if found.st_uid != os.geteuid():
        raise _refused(folder, "belongs to another user")
    if found.st_mode & 0o077:
        raise _refused(folder, f"has mode {stat.S_IMODE(found.st_mode):04o}, 0700 expected")


def answers(path: Path) -> bool:
    """Return whether a process listens at *path*."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as knocking:
        knocking.settimeout(KNOCK)
        try:
            knocking.connect(os.fspath(path))
        except (BlockingIOError, TimeoutError):
            return True  # its backlog is full, so there is one
        except OSError:
            return False
    return True


def clear_the_way(path: Path) -> None:
    """Remove the socket that a dead process left at *path*, if one is there.

    Raises:
        ConfigError: a living process listens there, it is no socket, or the path is too long for one.
    """
    if len(os.fsencode(path)) > LONGEST_PATH:
        raise _refused(path, f"is longer than the {LONGEST_PATH} bytes that a socket's path may have")
    if not os.path.lexists(path):
        return
    if not stat.S_ISSOCK(path.lstat().st_mode):
        raise _refused(path, "is there and is no socket")
    if answers(path):
        raise _refused(path, "is the socket of a process that is running")
    path.unlink(missing_ok=True)


def inode(path: Path) -> int | None:
    """Return which file *path* is now, or None where there is none."""
    try:
        return path.lstat().st_ino
    except FileNotFoundError:
        return None


def remove(path: Path) -> None:
    """Remove the socket *path*, if it is still there."""
    path.unlink(missing_ok=True)


def _is_ours(folder: Path) -> bool:
    try:
        found = folder.stat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()


def _refused(path: Path, reason: str) -> ConfigError:
    return ConfigError([Problem("", f"admin socket: {path} {reason}")])
