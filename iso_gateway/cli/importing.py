"""Specs of other libraries for ``iso-gateway spec import``: which one a text is, and what is made of it as YAML."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

import click

from iso_gateway.catalog import read_yaml
from iso_gateway.cli.output import complain
from iso_gateway.codec.build import plain
from iso_gateway.compat.imports import j8583, jpos, moov, pyiso8583
from iso_gateway.compat.imports.imported import Imported
from iso_gateway.errors import Problem, SpecError
from iso_gateway.inspect.grouping import grouped
from iso_gateway.inspect.told_specs import SpecImported, SpecNote

STDIN: Final = Path("-")
LARGEST: Final = 4 * 1024 * 1024
"""Bytes of a file that is imported; the largest that are published have some hundred thousand."""


class Wanted(NamedTuple):
    """A file to be read, and what a user says of it."""

    content: bytes
    name: str
    """What the spec is called."""
    binary: bool = False
    """Of j8583: the program has binary messages."""
    variable: str = ""
    """Of a Python file: which of its dicts."""

    @property
    def text(self) -> str:
        """The file as UTF-8.

        Raises:
            SpecError: it is none.
        """
        try:
            return self.content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = self.content.count(b"\n", 0, error.start) + 1
            raise SpecError([Problem("", "not UTF-8: save it as UTF-8", line)]) from None


def _moov(wanted: Wanted) -> Imported:
    """Read a specification of moov-io/iso8583, in JSON or YAML."""
    if wanted.text.lstrip().startswith("{"):
        return moov.read(wanted.text, wanted.name)
    data, lines = read_yaml(wanted.text)
    return moov.read_data(moov.typed(data), lines, wanted.name)


READERS: Final[dict[str, Callable[[Wanted], Imported]]] = {
    "jpos": lambda wanted: jpos.read(wanted.content, wanted.name),
    "moov": _moov,
    "j8583": lambda wanted: j8583.read(wanted.content, wanted.name, binary=wanted.binary),
    "pyiso8583": lambda wanted: pyiso8583.read(wanted.text, wanted.name, wanted.variable),
}


def content_of(path: Path) -> bytes:
    """Return the bytes of a file, or of stdin, no more than `LARGEST`.

    Raises:
        SpecError: there are more, or it cannot be read.
    """
    try:
        if path == STDIN:
            return _bounded(sys.stdin.buffer.read(LARGEST + 1))
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise SpecError([Problem("", f"cannot be read: {(error.strerror or 'no such file').lower()}")]) from None
    return _bounded(content)


def _bounded(content: bytes) -> bytes:
    if len(content) > LARGEST:
        raise SpecError([Problem("", f"more than {LARGEST} bytes: no spec is so large")])
    return content


def name_of(path: Path) -> str:
    """Return what a spec is called that comes from *path*."""
    return "imported" if path == STDIN else path.stem.lower().replace("_", "-").replace(" ", "-")


def looks_like(content: bytes) -> str:
    """Return whose spec *content* looks like."""
    text = content.replace(b"\0", b"")  # of UTF-16
    if b"<j8583-config" in text:
        return "j8583"
    if b"<isopackager" in text or text.lstrip(b"\xff\xfe\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return "jpos"
    moovs = b'"fields"' in text or re.search(rb"(?m)^fields *:", text)
    return "moov" if moovs else "pyiso8583"


def tell(notes: list[Problem], file: Path) -> None:
    """Print what did not translate; what is the same of several elements in one line."""
    for note, _rule in grouped((note, "") for note in notes):
        complain(note.at(str(file)), place=True)


def tally(imported: Imported) -> str:
    """Return in a line what an import came to."""
    count = len(imported.data["fields"])
    said = [f"{count} data element{'' if count == 1 else 's'}"]
    left = sum(note.message.startswith("left out") for note in imported.notes)
    said += [f"{left} left out"] if left else []
    said += [f"{rest} in part"] if (rest := len({note.path for note in imported.notes}) - left) > 0 else []
    return ", ".join(said)


def told(imported: Imported, file: Path) -> SpecImported:
    """Return what an import came to, as data."""
    lost, otherwise = (
        [SpecNote(each.path, each.line, each.message) for each in some] for some in (imported.notes, imported.remarks)
    )
    return SpecImported(str(file), imported.data["name"], len(imported.data["fields"]), lost, otherwise)


def as_yaml(data: dict[str, Any]) -> str:
    """Return a spec as YAML, a line for each field."""
    lines = [f"name: {data['name']}", f"title: {_scalar(str(data['title']))}", f'version: "{data["version"]}"']
    lines += [f"{key}: {_flow(plain(data[key]))}" for key in ("mti", "bitmap", "echo")]
    lines += ["", "fields:", *(f"  {number}: {_flow(plain(field))}" for number, field in data["fields"].items())]
    return "\n".join(lines) + "\n"


def _flow(value: Any) -> str:
    """Return plain data as YAML in one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_scalar(key)}: {_flow(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return _scalar(value)


def _scalar(text: str) -> str:
    """Return a text as YAML takes it, in quotes where it must."""
    return text if re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_ ./-]*", text) else f'"{text.translate({34: 39, 92: 47})}"'


def writable(path: Path) -> None:
    """See that a new file can be written there, before any work is done."""
    if path.exists():
        raise click.UsageError(f"{path} is there already; name another file, or move it away")


def write_new(path: Path, text: str) -> None:
    """Write a file that is not there yet."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise click.UsageError(f"{path} is there already; name another file, or move it away") from None
    except OSError as error:
        raise click.UsageError(f"{path}: {(error.strerror or 'cannot be written').lower()}") from None
