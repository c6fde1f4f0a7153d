"""What may be wrong with a spec: each single edit of a field, or of the whole, in the words of a spec's YAML."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

_EBCDIC: Final = "cp500"
_ENCODINGS: Final[dict[str, tuple[str, ...]]] = {
    "n": ("ascii", "bcd", _EBCDIC),
    "z": ("ascii", "bcd", _EBCDIC),
    "xn": ("ascii", "bcd", _EBCDIC),
    "nibbles": ("bcd", "ascii"),
    "b": ("binary", "hex"),
}
_TEXTS: Final = ("ascii", _EBCDIC)
_PREFIXES: Final = ("ascii", "bcd", "binary", _EBCDIC)
_LENGTHS: Final[dict[str, int]] = {"LLVAR": 99, "LLLVAR": 999}
"""The usual ones, and the most that each can say."""
_NEAR: Final = 12
"""How many characters a fixed length may be off."""
_OF_THE_LENGTH: Final = ("prefix", "prefix_bytes", "counts", "inclusive")


class Edit(NamedTuple):
    """One change of a spec."""

    path: str
    """``fields.43``, ``bitmap``, ``mti``."""
    changes: tuple[tuple[str, str | None], ...]
    """Keys and their new values; None takes a key away."""
    words: str
    """``DE 43: length LLVAR instead of fixed``."""

    @property
    def number(self) -> int:
        """The data element; 0 where it is about the whole spec."""
        return int(self.path.partition(".")[2] or 0)

    def applied(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return *data*, what the spec says at `path`, after the edit."""
        made = {**data, **{key: value for key, value in self.changes if value is not None}}
        return {key: value for key, value in made.items() if (key, None) not in self.changes}


Make = Callable[..., Edit]
"""Takes the words of an edit and, as keywords, the keys with their new values."""


def of_field(number: int, data: Mapping[str, Any], prefix: str) -> Iterator[Edit]:
    """Yield the edits of data element *number*, which the spec describes by *data*; the likeliest first.

    Args:
        number: the data element.
        data: its keys in the spec.
        prefix: how most lengths of the spec are encoded, for one that gets a length.
    """

    def edit(words: str, **changes: str | None) -> Edit:
        made = tuple((key, value) for key, value in changes.items() if value is not None or key in data)
        return Edit(f"fields.{number}", made, f"DE {number}: {words}")

    if data["length"] == "fixed":
        for name, most in _LENGTHS.items():
            yield edit(f"length {name} instead of fixed", length=name, max=str(most), prefix=prefix, min=None)
    else:
        yield from _lengths(edit, data)
    encoding = data.get("encoding", "ascii")
    for each in _ENCODINGS.get(data["format"], _TEXTS):
        if each != encoding:
            yield edit(f"in {_said(each)} instead of {_said(encoding)}", encoding=each, counts=None)
    yield from _sizes(edit, data)


def _lengths(edit: Make, data: Mapping[str, Any]) -> Iterator[Edit]:
    """Yield the edits of a length prefix."""
    for name, most in _LENGTHS.items():
        if name != data["length"]:
            yield edit(f"length {name} instead of {data['length']}", length=name, max=str(min(int(data["max"]), most)))
    for each in _PREFIXES:
        if each != data.get("prefix"):
            yield edit(f"length in {_said(each)} instead of {_said(data['prefix'])}", prefix=each)
    yield from _counts(edit, data)
    without: dict[str, str | None] = dict.fromkeys(_OF_THE_LENGTH)
    yield edit("fixed instead of with a length", length="fixed", **without)


def _sizes(edit: Make, data: Mapping[str, Any]) -> Iterator[Edit]:
    """Yield other sizes: nearly the same of a fixed field, the most that its length can say of another."""
    most = int(data["max"])
    if data["length"] != "fixed":
        top = _LENGTHS.get(data["length"], 0)
        if top > most:
            yield edit(f"at most {top} long instead of {most}", max=str(top))
        return
    for off in range(1, _NEAR + 1):
        for size in (most - off, most + off):
            if size > 0:
                yield edit(f"{size} instead of {most} long", max=str(size), min=None)


def _counts(edit: Make, data: Mapping[str, Any]) -> Iterator[Edit]:
    """Yield what else a length may count."""
    encoding = data.get("encoding", "ascii")
    usual = "digits" if encoding == "bcd" else "bytes"
    now = data.get("counts", usual)
    others = {"bcd": ("digits", "bytes"), "hex": ("bytes", "characters")}.get(encoding, ())
    for each in others:
        if each != now:
            yield edit(f"its length counts {each} instead of {now}", counts=each)


def undefined(number: int, prefix: str) -> Iterator[Edit]:
    """Yield what a data element may be that the spec does not have."""
    for form, encoding in (("ans", "ascii"), ("b", "binary"), ("n", "ascii"), ("n", "bcd"), ("b", "hex")):
        for name, most in (("LLLVAR", 999), ("LLVAR", 99)):
            changes: tuple[tuple[str, str | None], ...] = (
                ("name", f"element_{number}"), ("format", form), ("encoding", encoding), ("length", name),
                ("max", str(most)), ("prefix", prefix), ("mask", "all"),
            )  # fmt: skip
            yield Edit(f"fields.{number}", changes, f"DE {number}: is there, {form} {name} in {_said(encoding)}")


def of_the_whole(data: Mapping[str, Any]) -> Iterator[Edit]:
    """Yield the edits of message type and bitmap."""
    now = data["bitmap"]["encoding"]
    for each in ("binary", "hex"):
        if each != now:
            yield Edit("bitmap", (("encoding", each),), f"bitmap in {_said(each)} instead of {_said(now)}")
    now = data["mti"]["encoding"]
    for each in ("ascii", "bcd", _EBCDIC):
        if each != now:
            yield Edit("mti", (("encoding", each),), f"message type in {_said(each)} instead of {_said(now)}")


def _said(encoding: str) -> str:
    return {"ascii": "ASCII", "bcd": "BCD", "hex": "hex characters", "cp500": "EBCDIC"}.get(encoding, encoding)
