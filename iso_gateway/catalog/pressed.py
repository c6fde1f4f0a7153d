"""Shipped specs and profiles that were pressed when the package was built, so that a command need not read YAML.

A file of them is a line that says what it is, and what `marshal` makes of plain data: what Python's own compiled files
are made of, and trusted as they are, since it lies among them. It counts only while it is true: each source that it was
made from must be there as it was. In a checkout, whose code changes too, so must every module that had a say in it. Of
anything else nothing is said here, and the sources are read, as where nothing was pressed.
"""

from __future__ import annotations

import marshal
import os
import zlib
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from iso_gateway import resources

if TYPE_CHECKING:
    from iso_gateway.codec.spec import Spec
    from iso_gateway.protocol.profile import Profile

FOLDER: Final = f"{resources.PACKAGE}/catalog/shipped"
_HEAD: Final = b"iso_gateway pressed 1 "


class Content(NamedTuple):
    """What is in a file."""

    sources: tuple[tuple[str, int, int], ...]
    """Path below specs/, size and CRC-32 of each file that was read."""
    code: tuple[tuple[str, int, int], ...]
    """Path in the package, size and time of change in nanoseconds of each module, where they change; else empty."""
    what: Any
    """A `codec.pressed.Pressed` as a tuple, or the data of a profile, which were judged before."""


def spec(name: str) -> Spec | None:
    """Return the shipped spec *name*, or None where it was not pressed, or from something else than what is there."""
    content = _current("spec", name)
    if content is None:
        return None
    from iso_gateway.codec.pressed import Pressed, spec_of  # noqa: PLC0415 -- where nothing is pressed it is not needed

    return spec_of(Pressed(*content.what))


def profile(name: str) -> Profile | None:
    """Return the shipped profile *name*, or None as `spec` does."""
    content = _current("profile", name)
    if content is None:
        return None
    import msgspec  # noqa: PLC0415 -- specs need none of these two

    from iso_gateway.protocol.profile import Profile  # noqa: PLC0415

    return msgspec.convert(content.what, Profile, strict=False)


def file(what: str, name: str) -> str:
    """Return the name of the file of the ``spec`` or ``profile`` *name*."""
    return f"{what}.{name}.pressed"


def packed(content: Content) -> bytes:
    """Return the file that says *content*."""
    body = marshal.dumps(tuple(content), 4)  # a form that every Python from 3.4 on reads
    return _HEAD + f"{zlib.crc32(body):08x}\n".encode() + body


def source(path: str) -> tuple[str, int, int]:
    """Return what a `Content` says of the file *path* below specs/; raises OSError."""
    content = resources.read(f"{resources.where('specs')}/{path}")
    return path, len(content), zlib.crc32(content)


def module(path: str) -> tuple[str, int, int]:
    """Return what a `Content` says of the module in the file *path* of the package; raises OSError."""
    known = os.stat(f"{resources.PACKAGE}/{path}")  # noqa: PTH116 -- see `resources`
    return path, known.st_size, known.st_mtime_ns


def _current(what: str, name: str) -> Content | None:
    content = _content(f"{FOLDER}/{file(what, name)}")
    return content if content is not None and _is_current(content) else None


def _content(path: str) -> Content | None:
    try:
        raw = resources.read(path)
    except (OSError, ValueError):
        return None
    head, _, body = raw.partition(b"\n")
    if head != _HEAD + f"{zlib.crc32(body):08x}".encode():
        return None
    return Content(*marshal.loads(body))  # noqa: S302 -- it lies among compiled code, as safe or unsafe as that


def _is_current(content: Content) -> bool:
    try:
        return all(source(each[0]) == each for each in content.sources) and all(
            module(each[0]) == each for each in content.code
        )
    except OSError:
        return False
