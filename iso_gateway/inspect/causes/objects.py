"""A tag of the chip's data whose length and value do not fit each other, in a message of which all else is right.

Sizes are those of EMV 4.3, Book 3, annex A: who says 8 of a cryptogram and sends 7 bytes lost one of them, and who
says 5 of a counter of two bytes wrote a wrong length.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from iso_gateway.codec import emv
from iso_gateway.codec.spec import Spec
from iso_gateway.codec.tlv import DataObject, is_constructed, objects
from iso_gateway.codec.unreadable import Unreadable, many
from iso_gateway.errors import DecodeError
from iso_gateway.inspect.causes.suspicion import BY_ITSELF, Suspicion, judged
from iso_gateway.inspect.told import Cause

_SIZES: Final = {
    tag: int(size)
    for size, tags in (
        (1, "9C 5F34 5F36 9F27 9F35 9F39 9F53 5F57 8F 9F22"),
        (2, "82 8A 9B 5F2A 9F08 9F09 9F07 9F15 9F1A 9F36 9F42 9F45 5F28 5F30"),
        (3, "9A 5F24 5F25 9F21 9F33 9F34"),
        (4, "9F1B 9F37 81 9F04"),
        (5, "95 9F0D 9F0E 9F0F 9F40"),
        (6, "9F01 9F02 9F03"),
        (8, "9F1C 9F1E 9F26"),
        (15, "9F16"),
    )
    for tag in tags.split()
}
"""The tags whose values are of one size, in bytes."""
_PRIVATE: Final = "DF"
"""How tags begin that acquirers and schemes give meanings of their own."""
_LONGEST: Final = 0x7F
"""Bytes of a value whose length is one byte."""
_FURTHEST: Final = 4
"""Bytes that a value is longer or shorter than its length says, at the most: with more, anything may come out."""
_CERTAIN, _LIKELY = 0.4, 1.1
"""What it takes for granted that a length and a value differ: where the tag's size is known, and where it is not."""
_REMEDY: Final = "look at what writes the tag: its sender has to mend it"


class _Mend(NamedTuple):
    """One object that is one of another length, with which all others come out."""

    tag: str
    said: int
    """The length that stands there."""
    found: int
    """The length with which the rest comes out."""
    others: int
    """How many objects come out behind it."""

    @property
    def is_known(self) -> bool:
        return self.tag in _SIZES

    @property
    def rank(self) -> tuple[int, bool, int]:
        """What mends are sorted by, the likeliest first."""
        return abs(self.said - self.found), not self.is_known, -self.others

    @property
    def words(self) -> str:
        if _SIZES.get(self.tag) != self.said:
            of = f", and it has {self.found} in EMV" if self.is_known else ""
            return f"says a length of {self.said}, and has {many(self.found, 'byte')}{of}"
        less = self.said - self.found
        differs = f"{less} missing" if less > 0 else f"{-less} too many"
        return f"says a length of {self.said}, which is right, and has {many(self.found, 'byte')}: {differs}"


def suspicions(spec: Spec, data: bytes, error: DecodeError) -> Iterator[Suspicion]:
    """Yield which object is of another length than it says, where with that length the rest of its element comes out.

    *data* is a message, and only broken inside the element that *error* names.
    """
    element = error.field.partition(".")[0]
    if not element.isdecimal() or spec.source["fields"].get(element, {}).get("parts") != "ber-tlv":
        return
    message = spec.decode(data)
    body = message[int(element)]
    assert isinstance(body, bytes)
    for mend in sorted(_mends(body), key=lambda each: each.rank)[:1]:
        words = f"tag {mend.tag} of DE {element} {mend.words}"
        tags = f", and {many(mend.others, 'tag')} behind it" if mend.others else ""
        evidence = f"read so, all {many(len(body), 'byte')} of DE {element} come out exactly{tags}"
        price = _CERTAIN if mend.is_known else _LIKELY
        yield Suspicion(price, judged(message), Cause("value", words, evidence, _REMEDY), BY_ITSELF)


def _mends(body: bytes) -> Iterator[_Mend]:
    """Yield the objects that may be of another length."""
    start = 0
    for each in _begun(body):
        start += len(each.gap) + len(each.header)
        if each.header[:-1].endswith(bytes.fromhex(each.tag)):  # a length of one byte
            yield from _of_one(each, body[start:])
        start += len(each.value)


def _of_one(each: DataObject, rest: bytes) -> Iterator[_Mend]:
    """Yield the lengths that *each*, whose value is the beginning of *rest*, may have instead."""
    said = each.header[-1]
    for found in range(max(said - _FURTHEST, 0), min(said + _FURTHEST, len(rest), _LONGEST) + 1):
        if found == said or _SIZES.get(each.tag, said) not in (said, found):
            continue
        if is_constructed(each.tag) and _known(rest[:found]) is None:
            continue
        behind = _known(rest[found:])
        mend = _Mend(each.tag, said, found, behind or 0)
        if behind or (behind is not None and (mend.is_known or abs(said - found) == 1)):
            yield mend


def _begun(body: bytes) -> Iterator[DataObject]:
    """Yield the objects up to where they break, and the one whose value is cut short there."""
    read = 0
    try:
        for each in objects(body):
            read += len(each.gap) + len(each.header) + len(each.value)
            yield each
    except Unreadable as broken:
        header = body[read : broken.at]
        if broken.key and header.endswith(bytes.fromhex(broken.key) + header[-1:]):
            yield DataObject(broken.key, body[broken.at :], header)


def _known(body: bytes) -> int | None:
    """Return how many objects *body* is, all of them tags of EMV and of its sizes; None: it is not."""
    try:
        found = list(objects(body))
    except Unreadable:
        return None
    fine = all(
        (each.tag in emv.NAMES or each.tag.startswith(_PRIVATE))
        and len(each.value) == _SIZES.get(each.tag, len(each.value))
        for each in found
    )
    size = sum(len(each.header) + len(each.value) for each in found)
    return len(found) if fine and size == len(body) else None  # no padding: a value of noughts would pass for it
