"""What moov-io/iso8583 has inside a Composite, as parts of ours.

theirs                                              ours
no tag.length, no bitmap                            one after the other, in the order of ``sort``
bitmap                                              a bitmap, and what it names
tag in BerTLVTag, prefixes BerTLV                   ber-tlv
tag of fixed width, and one prefix for all          tagged

Parts are numbered as there; where their keys are no numbers from 1, by their order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from iso_gateway.codec import part_rules, rules
from iso_gateway.codec.build import plain
from iso_gateway.compat.imports.imported import names
from iso_gateway.errors import Problem

Make = Callable[[int, dict[str, Any]], tuple[str, dict[str, Any] | None]]
"""Number and row of theirs -> why it cannot be, or the field in our words."""

_TAGS: Final = {"ASCII": "ascii", "EBCDIC": "cp500", "EBCDIC1047": "cp1047", "BCD": "bcd", "Binary": "binary"}
_HEXADECIMAL: Final = {"ASCIIToHex": "binary"}
"""Their encoding of a tag that is hexadecimal text there and bytes on the wire."""


def inside(field: dict[str, Any], row: dict[str, Any], make: Make, depth: int = 1) -> tuple[str, dict[str, Any]]:
    """Return why the parts of *row* do not translate, empty where they do, and *field* with them.

    Args:
        field: the Composite as a whole, as bytes.
        row: the Composite as theirs.
        make: translates one subfield.
        depth: how many composites there are with this one.
    """
    if depth > part_rules.DEPTH:
        return f"nested more than {part_rules.DEPTH} deep", field
    try:
        made = _kind(field, row, lambda number, each: _part(number, each, field["mask"], make, depth))
    except _NoLikeError as error:
        return str(error), field
    problems: list[Problem] = []
    rules.Reading("", problems).field(0, plain({"name": "x", **made}))
    if problems:
        return f"{problems[0].path.lstrip('.')}: {problems[0].message}", field
    return "", made


class _NoLikeError(Exception):
    """The parts have no like here; the text says why."""


Part = Callable[[int, dict[str, Any]], dict[str, Any]]


def _part(number: int, row: dict[str, Any], mask: str, make: Make, depth: int) -> dict[str, Any]:
    why, made = make(0, row)
    if made is None:
        raise _NoLikeError(f"part {number}: {why}")
    made |= {"name": names(str(row.get("description", "")), number), "mask": mask}
    if row.get("type") == "Composite":
        why, made = inside(made, row, make, depth + 1)
        if why:
            raise _NoLikeError(f"part {number}: {why}")
    return made


def _kind(field: dict[str, Any], row: dict[str, Any], part: Part) -> dict[str, Any]:
    below = row.get("subfields")
    tag = row.get("tag") if isinstance(row.get("tag"), dict) else {}
    if not isinstance(below, dict) or not below or not all(isinstance(each, dict) for each in below.values()):
        raise _NoLikeError("it has none")
    assert isinstance(tag, dict)
    if tag.get("enc") == "BerTLVTag":
        return {**field, "mask": "all", "parts": {"ber-tlv": {"tags": _ber(below), "dictionary": "emv"}}}
    if isinstance(row.get("bitmap"), dict):
        return _bitmapped(field, row["bitmap"], below, part)
    if tag.get("length"):
        return _tagged(field, tag, below)
    base = 16 if tag.get("sort") == "StringsByHex" else 10
    try:
        order = sorted(below, key=lambda key: int(key, base))
    except ValueError:
        raise _NoLikeError("keys that are no numbers, in no order that is known") from None
    numbers = [int(key) for key in order if key.isdecimal()]
    plain_keys = base == 10 and len(numbers) == len(order) and min(numbers) >= 1 and max(numbers) <= 999
    named = [int(key) for key in order] if plain_keys else range(1, len(order) + 1)
    parts = {str(at): part(at, below[key]) for at, key in zip(named, order, strict=True)}
    return _whole(field, parts)


def _whole(field: dict[str, Any], parts: dict[str, Any]) -> dict[str, Any]:
    """Return *field* with *parts* one after the other: as text where all of it is ASCII."""
    text = all(each.get("encoding") == "ascii" and each.get("prefix", "ascii") == "ascii" for each in parts.values())
    if not text or any("parts" in each for each in parts.values()):
        return {**field, "parts": parts}
    bare = {
        number: {key: value for key, value in each.items() if key not in {"encoding", "prefix"}}
        for number, each in parts.items()
    }
    return {**field, "format": "any", "encoding": "ascii", "parts": bare}


def _bitmapped(field: dict[str, Any], bitmap: dict[str, Any], below: dict[str, Any], part: Part) -> dict[str, Any]:
    charset = {"Binary": "binary", "HexToASCII": "ascii"}.get(str(bitmap.get("enc")))
    size = bitmap.get("length")
    if charset is None or type(size) is not int or not 1 <= size <= 32:
        raise _NoLikeError("a bitmap in Binary or HexToASCII of 1 to 32 bytes expected")
    if not all(key.isdecimal() and 1 <= int(key) <= 999 for key in below):
        raise _NoLikeError("keys that no bit can announce")
    parts = {str(int(key)): part(int(key), each) for key, each in below.items()}
    shape = {"size": size, "parts": parts, "encoding": charset, "chained": not bitmap.get("disableAutoExpand")}
    return {**field, "parts": {"bitmap": shape}}


def _tagged(field: dict[str, Any], tag: dict[str, Any], below: dict[str, Any]) -> dict[str, Any]:
    size, charset = tag.get("length"), {**_TAGS, **_HEXADECIMAL}.get(str(tag.get("enc")))
    if charset is None or type(size) is not int or not 1 <= size <= 8:
        raise _NoLikeError(f"a tag in {str(tag.get('enc'))[:20]}")
    prefixes = {str(each.get("prefix")) for each in below.values()}
    known = {"ASCII": "ascii", "EBCDIC": "cp500", "EBCDIC1047": "cp1047", "BCD": "bcd", "Binary": "binary"}
    encoding, _, letters = next(iter(prefixes)).partition(".")
    if len(prefixes) != 1 or encoding not in known or not letters or letters.strip("L"):
        raise _NoLikeError("tags whose lengths are written in several ways, or have none")
    wide = (len(letters) + 1) // 2 if encoding == "BCD" else len(letters)
    digits = size if charset in {"ascii", "cp500", "cp1047"} else 2 * size
    padding = tag.get("padding")
    pad = str(padding.get("pad", ""))[:1] if isinstance(padding, dict) else ""
    tags = {key.rjust(digits, pad) if pad else key: _bytes(each, key) for key, each in below.items()}
    shape = {"tag": {"size": size, "encoding": charset}, "length": {"size": wide, "encoding": known[encoding]}}
    return {**field, "mask": "all", "parts": {"tagged": {**shape, "tags": tags}}}


def _ber(below: dict[str, Any]) -> dict[str, Any]:
    return {key.upper(): _bytes(each, key) for key, each in below.items() if str(each.get("prefix")) == "BerTLV"}


def _bytes(row: dict[str, Any], key: str) -> dict[str, Any]:
    """Return what is behind a tag: text where it is ASCII, else bytes."""
    name = names(str(row.get("description", "")), 0)
    if name == "field_0":
        name = f"tag_{key.lower()}"
    if row.get("enc") == "ASCII" and row.get("type") in {"String", "Numeric"}:
        return {"name": name, "format": "any", "encoding": "ascii", "mask": "all"}
    return {"name": name, "format": "b", "encoding": "binary", "mask": "all"}
