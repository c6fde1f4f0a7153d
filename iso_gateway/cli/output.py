"""What the commands write: results on stdout, complaints on stderr, JSON on one line."""

from __future__ import annotations

import sys
from typing import Any, Final, TextIO

import click
import msgspec

_PLAIN: Final = str.maketrans({"·": "|", "…": "~", "→": ">"})
"""Stand-ins for where an encoding lacks the character; one for one, so that columns stay."""


def say(text: str) -> None:
    """Write *text* and a line end to stdout."""
    click.echo(_fitted(text, sys.stdout))


def say_json(data: Any) -> None:
    """Write *data* as one line of JSON to stdout."""
    click.echo(msgspec.json.encode(data).decode())


def complain(text: str, *, place: bool = False) -> None:
    """Write one line to stderr; with *place*, it begins with a file and a line, where editors look for them."""
    click.echo(_fitted(text if place else f"iso-gateway: {text}", sys.stderr), err=True)


def _fitted(text: str, stream: TextIO) -> str:
    """Return *text* as *stream* can carry it."""
    encoding = stream.encoding or "ascii"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(_PLAIN).encode(encoding, "replace").decode(encoding)
    return text
