"""What may be wrong with a spec: each single edit of a field, or of the whole, in the words of a spec's YAML.

Each has a price, in the points of `sanity`: what dialects really differ in is cheap (a character set, how a length is
written), what hardly ever happens is dear (an amount of eleven digits). The dearer an edit, the more sense it has to
make of the bytes.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from iso_gateway.codec import lengths

_EBCDIC: Final = "cp500"
_ENCODINGS: Final[dict[str, tuple[str, ...]]] = {
    "n": ("ascii", "bcd", _EBCDIC),
    "z": ("ascii", "bcd", _EBCDIC),
    "xn": ("ascii", "bcd", _EBCDIC),
    "nibbles": ("bcd",),
    "b": ("binary", "hex", "hex-ebcdic"),
}
_TEXTS: Final = ("ascii", _EBCDIC)
_WIDE: Final = (("utf-8", None, 0.0), ("utf-8", "characters", 0.1), ("latin-1", None, 0.5))
"""Character sets of names with accents, what lengths count in them, and how much dearer they are: Latin-1 takes any
byte."""
_SAID: Final = {
    "utf-8": "UTF-8",
    "latin-1": "Latin-1 (ISO 8859-1)",
    "ascii": "ASCII",
    "bcd": "BCD",
    "hex": "hex characters",
    "hex-ebcdic": "hex characters in EBCDIC",
    _EBCDIC: "EBCDIC",
}
_PREFIXES: Final = ("ascii", "bcd", "binary", _EBCDIC)
_LENGTHS: Final[dict[str, int]] = {"LLVAR": 99, "LLLVAR": 999}
"""The usual ones, and the most that each can say."""
_NEAR: Final = 12
"""How many characters a fixed length may be off."""
_SIZES: Final = (2, 3, 4, 6, 8, 10, 11, 12, 15, 16, 19, 20, 24, 25, 28, 30, 32, 37, 40, 48, 99)
"""How long a field may be that has a fixed length instead of one before it."""
_OF_THE_LENGTH: Final = ("prefix", "prefix_bytes", "counts", "inclusive")
_PADS: Final = ("left 0", "right F", "right 0")
RIGID: Final = frozenset(
    {*range(3, 8), *range(11, 16), 18, *range(22, 27), 37, 38, 39, 41, 42, 49, 50, 51, 52, 64, 70, 90, 95, 128}
)
"""Elements that are as long in every dialect of an edition."""
_OF_DIGITS: Final = frozenset({3, 22, 24, 25, 26, 38, 39, 40, 49, 50, 51})
"""Codes that are digits in most dialects, also where a spec takes letters: they may be packed."""

_RAW_OR: Final = {"binary": "raw (binary)", "hex": "in hex characters", "hex-ebcdic": "in hex characters in EBCDIC"}
_BINARIES: Final = (
    ("binary", None, ""),
    ("hex", "characters", ", where lengths count characters"),
    ("hex", None, ", where lengths count bytes"),
    ("hex-ebcdic", "characters", ", where lengths count characters"),
    ("hex-ebcdic", None, ", where lengths count bytes"),
)
"""How all binary elements may be written, and what their lengths count."""

CHEAP, _USUAL, _RARE, _ONE_OF_MANY = 4.0, 5.0, 6.0, 6.5
_KIND: Final = 3.5
"""What it costs to say of all elements of a kind: that is likelier than of one."""
# Of the four above, the last: a size is one of some twenty that always read, where a length before the value has to
# agree with it.


class Edit(NamedTuple):
    """One change of a spec."""

    path: str
    """``fields.43``, ``bitmap``, ``mti``; ``fields`` where it changes all elements of a kind."""
    changes: tuple[tuple[str, str | None], ...]
    """Keys and their new values; None takes a key away."""
    words: str
    """``DE 43: length LLVAR instead of fixed``."""
    price: float = CHEAP
    """How many points of sense it has to be worth."""
    among: tuple[int, ...] = ()
    """The elements of a kind that are changed alike, each by those of `changes` that it has a key for."""

    @property
    def number(self) -> int:
        """The data element; 0 where it is about the whole spec."""
        return int(self.path.partition(".")[2] or 0)

    def applied(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return *data*, what the spec says at `path`, after the edit."""
        made = {**data, **{key: value for key, value in self.changes if value is not None}}
        return {key: value for key, value in made.items() if (key, None) not in self.changes}

    def single(self, fields: Mapping[str, Mapping[str, Any]]) -> Iterator[Edit]:
        """Yield it, or of one that changes all elements of a kind what it does to each of those in *fields*."""
        if not self.among:
            yield self
        for number in self.among:
            data = fields[str(number)]
            fixed = data["length"] == "fixed"
            changes = tuple(
                (key, value)
                for key, value in self.changes
                if (key in data if value is None else not (fixed and key in _OF_THE_LENGTH))
            )
            most = _pairs(data) if ("counts", "characters") in changes else int(data["max"])
            changes += (("max", str(most)),) if most < int(data["max"]) else ()
            yield Edit(f"fields.{number}", changes, self.words, self.price)


def _pairs(data: Mapping[str, Any]) -> int:
    """Return how many pairs of characters the length of an element can say."""
    prefix = data["prefix"]
    width = int(data.get("prefix_bytes", lengths.size(data["length"], prefix)))
    return lengths.limit(data["length"], prefix, width) // 2


Make = Callable[..., Edit]
"""Takes the words of an edit, its price and, as keywords, the keys with their new values."""


def of_field(number: int, data: Mapping[str, Any], prefix: str) -> Iterator[Edit]:
    """Yield the edits of data element *number*, which the spec describes by *data*; the likeliest first.

    Args:
        number: the data element.
        data: its keys in the spec.
        prefix: how most lengths of the spec are encoded, for one that gets a length.
    """
    surcharge = 2.0 if number in RIGID else 0.0

    def edit(words: str, price: float, **changes: str | None) -> Edit:
        made = tuple((key, value) for key, value in changes.items() if value is not None or key in data)
        return Edit(f"fields.{number}", made, f"DE {number}: {words}", price)

    yield from _contents(edit, data)
    for charset, counts, dearer in _WIDE if data["format"] == "ans" else ():
        if charset != data.get("encoding", "ascii"):
            words = f"in {_said(charset)} instead of {_said(data.get('encoding', 'ascii'))}"
            words += ", where its length counts characters" if counts else ""
            yield edit(words, CHEAP + dearer, encoding=charset, counts=counts, pad=None)
    if number in _OF_DIGITS and data["format"] != "n" and data["length"] == "fixed":
        words = f"digits in BCD instead of {data['format']} in {_said(data.get('encoding', 'ascii'))}"
        yield edit(words, CHEAP, format="n", encoding="bcd")
    if data["length"] == "fixed":
        for head in dict.fromkeys((prefix, *_PREFIXES)):
            for name, most in _LENGTHS.items():
                said = f"length {name} instead of fixed" + (f", in {_said(head)}" if head != prefix else "")
                price = (CHEAP if head == prefix else _USUAL) + surcharge
                yield edit(said, price, length=name, max=str(most), prefix=head, min=None)
    else:
        yield from _lengths(edit, data)
    yield from _sizes(edit, data, 2 * surcharge)
    if data.get("encoding") == "bcd":
        for pad in _PADS:
            if pad != data.get("pad"):
                yield edit(f"an odd digit is filled up {pad.replace(' ', ' with ')}", CHEAP, pad=pad)


def _contents(edit: Make, data: Mapping[str, Any]) -> Iterator[Edit]:
    """Yield the ways to write what is in an element."""
    encoding = data.get("encoding", "ascii")
    for each in _ENCODINGS.get(data["format"], _TEXTS):
        if each == encoding:
            continue
        words = f"in {_said(each)} instead of {_said(encoding)}"
        yield edit(words, CHEAP, encoding=each, counts=None, pad=None)
        for head in _PREFIXES if data["length"] != "fixed" else ():
            if head != data.get("prefix"):
                both = f"{words}, length in {_said(head)}"
                yield edit(both, _RARE, encoding=each, prefix=head, counts=None, pad=None, prefix_bytes=None)


def _lengths(edit: Make, data: Mapping[str, Any]) -> Iterator[Edit]:
    """Yield the edits of a length prefix."""
    most, now = int(data["max"]), data["length"]
    for name, top in _LENGTHS.items():
        if name != now:
            yield edit(f"length {name} instead of {now}", CHEAP, length=name, max=str(min(most, top)))
    for each in _PREFIXES:
        if each != data.get("prefix"):
            words = f"length in {_said(each)} instead of {_said(data['prefix'])}"
            yield edit(words, CHEAP, prefix=each, prefix_bytes=None)
            for name, top in _LENGTHS.items():
                if name != now:
                    both = f"length {name} in {_said(each)} instead of {now} in {_said(data['prefix'])}"
                    size = str(min(most, top))
                    yield edit(both, _RARE, length=name, prefix=each, max=size, prefix_bytes=None)
    yield from _counts(edit, data)
    without: dict[str, str | None] = dict.fromkeys(_OF_THE_LENGTH)
    for long in dict.fromkeys((most, *_SIZES)):
        price = _RARE if long == most else _ONE_OF_MANY + 0.5
        yield edit(f"fixed, {long} long, instead of with a length", price, length="fixed", max=str(long), **without)


def _sizes(edit: Make, data: Mapping[str, Any], surcharge: float) -> Iterator[Edit]:
    """Yield other sizes: nearly the same of a fixed field, or twice as much; the most that another's length can say."""
    most = int(data["max"])
    if data["length"] != "fixed":
        top = _LENGTHS.get(data["length"], 0)
        if top > most:
            yield edit(f"at most {top} long instead of {most}", CHEAP, max=str(top))
        return
    near = [size for off in range(1, _NEAR + 1) for size in (most - off, most + off)]
    for size in dict.fromkeys((2 * most, *near)):
        if size > 0:
            price = surcharge + (_USUAL if size == 2 * most else _ONE_OF_MANY + abs(size - most) / 20)
            yield edit(f"{size} instead of {most} long", price, max=str(size), min=None)


def _counts(edit: Make, data: Mapping[str, Any]) -> Iterator[Edit]:
    """Yield what else a length may count."""
    encoding = data.get("encoding", "ascii")
    usual = "digits" if encoding == "bcd" else "bytes"
    now = data.get("counts", usual)
    others = {"bcd": ("digits", "bytes")}.get(encoding, ("bytes", "characters") if encoding.startswith("hex") else ())
    for each in others:
        if each != now:
            yield edit(f"its length counts {each} instead of {now}", CHEAP, counts=each)
    if not data.get("inclusive"):
        yield edit("its length counts itself too", _RARE, inclusive="true")


def undefined(number: int, prefix: str) -> Iterator[Edit]:
    """Yield what a data element may be that the spec does not have."""
    price = _USUAL
    for form, encoding in (("ans", "ascii"), ("b", "binary"), ("n", "ascii"), ("n", "bcd"), ("ans", _EBCDIC)):
        for name, most in (("LLLVAR", 999), ("LLVAR", 99)):
            price += 0.1
            yield _made(number, form, encoding, price, (("length", name), ("max", str(most)), ("prefix", prefix)))
    for form, encoding in (("ans", "ascii"), ("n", "bcd"), ("b", "binary")):
        for size in _SIZES:
            price += 0.1
            yield _made(number, form, encoding, price, (("length", "fixed"), ("max", str(size))))


def _made(number: int, form: str, encoding: str, price: float, length: tuple[tuple[str, str], ...]) -> Edit:
    """Return the edit that defines a data element."""
    changes: tuple[tuple[str, str | None], ...] = (
        ("name", f"element_{number}"), ("format", form), ("encoding", encoding), *length, ("mask", "all"),
    )  # fmt: skip
    size = length[0][1] if length[0][1] != "fixed" else length[1][1]
    return Edit(f"fields.{number}", changes, f"DE {number}: is there, {form} {size} in {_said(encoding)}", price)


def of_the_whole(data: Mapping[str, Any]) -> Iterator[Edit]:
    """Yield the edits of message type and bitmap."""
    now = data["bitmap"]["encoding"]
    for each in ("binary", "hex", "hex-ebcdic"):
        if each != now:
            yield Edit("bitmap", (("encoding", each),), f"bitmap in {_said(each)} instead of {_said(now)}")
    now = data["mti"]["encoding"]
    for each in ("ascii", "bcd", _EBCDIC):
        if each != now:
            yield Edit("mti", (("encoding", each),), f"message type in {_said(each)} instead of {_said(now)}")


def of_kinds(fields: Mapping[str, Mapping[str, Any]]) -> Iterator[Edit]:
    """Yield the edits of all elements of a kind: what libraries differ in is how they write all that is binary."""
    for now, (other, counts, counted) in itertools.product(("binary", "hex", "hex-ebcdic"), _BINARIES):
        some = [int(key) for key, data in fields.items() if data["format"] == "b" and data.get("encoding") == now]
        if some and now != other:
            changes = (("encoding", other), ("counts", counts))
            words = f"all binary elements {_RAW_OR[other]} instead of {_RAW_OR[now]}{counted}"
            yield Edit("fields", changes, words, _KIND, tuple(some))


def _said(encoding: str) -> str:
    return _SAID.get(encoding, encoding)
