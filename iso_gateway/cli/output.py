"""What the commands write: results on stdout, complaints on stderr, JSON on one line."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, TextIO

import click

_PLAIN: Final = str.maketrans({"·": "|", "…": "~", "→": ">"})
"""Stand-ins for where an encoding lacks the character; one for one, so that columns stay."""


class OutputLost(Exception):  # noqa: N818 -- what happened
    """What was to be printed could not be: nobody reads it any more, or the disk is full."""

    def __init__(self, error: OSError) -> None:
        super().__init__((error.strerror or "the system refused").lower())
        self.number = error.errno


def say(text: str) -> None:
    """Write *text* and a line end to stdout.

    Raises:
        OutputLost: it cannot be written.
    """
    with _told_apart():
        click.echo(_fitted(text, sys.stdout))


def say_json(data: Any) -> None:
    """Write *data* as one line of JSON to stdout.

    Raises:
        OutputLost: it cannot be written.
    """
    import msgspec

    with _told_apart():
        click.echo(msgspec.json.encode(data).decode())


@contextmanager
def _told_apart() -> Iterator[None]:
    """Tell trouble with stdout from trouble with all other files."""
    try:
        yield
    except OSError as error:
        raise OutputLost(error) from error


def complain(text: str, *, place: bool = False) -> None:
    """Write one line to stderr; with *place*, it begins with a file and a line, where editors look for them."""
    click.echo(_fitted(text if place else f"iso-gateway: {text}", sys.stderr), err=True)


def _fitted(text: str, stream: TextIO | None) -> str:
    """Return *text* as *stream* can carry it; one that is closed carries nothing, and is no trouble."""
    if stream is None:
        return text
    encoding = stream.encoding or "ascii"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(_PLAIN).encode(encoding, "replace").decode(encoding)
    return text
