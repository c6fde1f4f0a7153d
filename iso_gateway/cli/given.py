"""What commands are given to look at: hex in any dress, a file, or stdin; and JSON likewise."""

from __future__ import annotations

import codecs
import contextlib
import os
import re
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

import click

from iso_gateway.cli.hexdump import LARGEST, read_hex
from iso_gateway.cli.output import complain

if TYPE_CHECKING:
    from iso_gateway.codec.spec import Spec

STDIN: Final = "-"


def text_given(given: str | None) -> str:
    """Return JSON that is given as it is, in a file or on stdin."""
    if given is not None and given.lstrip().startswith("{"):
        return given
    raw = _stdin() if given in (None, STDIN) else _file(Path(str(given)))
    if raw is None:
        raise click.UsageError(f"{given}: neither JSON nor a file")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise click.UsageError("not UTF-8") from None


def bytes_given(given: tuple[str, ...], spec: Spec) -> bytes:
    """Return the message that is given as hex, in a file or on stdin."""
    if not given or given == (STDIN,):
        return _of_file(_stdin(), "stdin", spec)
    content = _file(Path(given[0])) if len(given) == 1 else None
    if content is not None:
        return _of_file(content, given[0], spec)
    text = " ".join(given)
    try:
        return _of_text(text, spec)
    except ValueError as error:
        raise click.UsageError(_no_file(given[0]) or f"no hex: {error}") from None


def raw_given(given: tuple[str, ...]) -> list[bytes]:
    """Return what may be meant by what is given, where nobody knows a spec: what hex shows, and text as it stands."""
    if not given or given == (STDIN,):
        content: bytes | None = _stdin()
    else:
        content = _file(Path(given[0])) if len(given) == 1 else None
    raw = content if content is not None else " ".join(given).encode(errors="replace")
    found: list[bytes] = []
    with contextlib.suppress(ValueError):
        found.append(read_hex(raw.removeprefix(codecs.BOM_UTF8).decode("ascii")))
    if content is None and not found and (why := _no_file(given[0])):
        raise click.UsageError(why)
    return [*found, raw.rstrip(b"\r\n") if raw.isascii() else raw]


def _no_file(name: str) -> str:
    """Return why there is no file *name*, where a file must have been meant; otherwise the empty text."""
    path = Path(name)
    with contextlib.suppress(OSError, ValueError):
        if path.is_dir():
            return f"{name}: a folder, where hex or a file is expected"
        if path.suffix[1:].isalnum() or os.sep in name:
            return f"{name}: no such file, and no hex"
    return ""


def _of_file(content: bytes, name: str, spec: Spec) -> bytes:
    """Return the message in a file: hex where it is text, and otherwise what is there."""
    try:
        return _of_text(content.removeprefix(codecs.BOM_UTF8).decode("ascii"), spec)
    except UnicodeDecodeError:
        return content
    except ValueError as error:
        raise click.UsageError(f"{name}: no hex: {error}") from None


def _of_text(text: str, spec: Spec) -> bytes:
    """Return the message that *text* shows, or is: in some dialects a message is text itself.

    Raises:
        ValueError: it is neither.
    """
    is_text = spec.plan.mti_codec == "ascii" and text[:4] in spec.plan.mtis
    if is_text and re.search("[G-Zg-wyz]", text) and text.isascii():
        return text.rstrip("\r\n").encode()
    return read_hex(text)


def _file(path: Path) -> bytes | None:
    """Return the content of a file, or None where there is none."""
    try:
        if not path.is_file():
            return None
        with path.open("rb") as file:
            return _bounded(file, str(path))
    except (OSError, ValueError) as error:
        if isinstance(error, PermissionError):
            raise click.UsageError(f"{path}: cannot be read") from None
        return None  # a name too long for a file: hex


def _stdin() -> bytes:
    if sys.stdin.isatty():
        complain("reading from the keyboard; Ctrl-D ends it")
    return _bounded(sys.stdin.buffer, "stdin")


def _bounded(file: IO[bytes], name: str) -> bytes:
    """Return what is in *file*, unless it is too much: the start of it, read as if it were all, would mislead."""
    content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise click.UsageError(f"{name}: more than {LARGEST >> 20} MiB, which is as much as is read")
    return content
