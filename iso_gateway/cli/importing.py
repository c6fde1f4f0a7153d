"""Specs of other libraries for ``iso-gateway spec import``: which one a text is, and what is made of it as YAML."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click
import msgspec

from iso_gateway.cli.output import complain
from iso_gateway.codec import pyiso8583
from iso_gateway.codec.build import plain
from iso_gateway.compat.imports import j8583, jpos, moov
from iso_gateway.compat.imports.imported import Imported
from iso_gateway.errors import Problem, SpecError

LARGEST: Final = 8 * 1024 * 1024
"""Bytes of a file that is imported."""


def _of_pyiso8583(text: str, name: str, _binary: bool) -> Imported:  # noqa: FBT001 -- as its likes
    """Return the spec of a pyiso8583 dict, in JSON or as Python writes it."""
    data: Any = None
    try:
        data = msgspec.json.decode(text)
    except msgspec.DecodeError:
        start = text.find("{")
        try:
            data = ast.literal_eval(text[start:].strip()) if start >= 0 else None
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            data = None
    if not isinstance(data, dict) or not pyiso8583.is_specification(data):
        raise SpecError(
            [Problem("", "no pyiso8583 dict: JSON or one Python literal with the keys t, p, 2 ... expected")]
        )
    made = pyiso8583.imported(data)
    return Imported({**made, "name": name}, [])


def _of_jpos(text: str, name: str, _binary: bool) -> Imported:  # noqa: FBT001
    return jpos.read(text, name)


def _of_moov(text: str, name: str, _binary: bool) -> Imported:  # noqa: FBT001
    return moov.read(text, name)


def _of_j8583(text: str, name: str, binary: bool) -> Imported:  # noqa: FBT001
    return j8583.read(text, name, binary=binary)


READERS: Final[dict[str, Callable[[str, str, bool], Imported]]] = {
    "jpos": _of_jpos,
    "moov": _of_moov,
    "j8583": _of_j8583,
    "pyiso8583": _of_pyiso8583,
}


def looks_like(text: str) -> str:
    """Return whose spec *text* looks like."""
    if "<isopackager" in text:
        return "jpos"
    if "<j8583-config" in text:
        return "j8583"
    return "moov" if '"fields"' in text else "pyiso8583"


def tell(notes: list[Problem], file: Path) -> None:
    """Print what did not translate."""
    for note in notes:
        complain(note.at(str(file)), place=True)


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


def write_new(path: Path, text: str) -> None:
    """Write a file that is not there yet."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise click.UsageError(f"{path} is there already; name another file, or move it away") from None
    except OSError as error:
        raise click.UsageError(f"{path}: {(error.strerror or 'cannot be written').lower()}") from None
