"""A tag of another length than it says: it is told which, and whether length or value is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import pytest

from iso_gateway import DecodeError, Spec, load_spec
from iso_gateway.codec.tlv import objects
from iso_gateway.inspect.causes.likeliest import likeliest
from iso_gateway.inspect.doctor.edits import Edit
from iso_gateway.inspect.doctor.search import edited
from iso_gateway.inspect.told import Cause
from tests.support.fixture_files import samples

HIT_RATE: Final = 0.98
"""Of tags that are longer or shorter by a byte than they say, so many at least are told."""
SPEC: Final = load_spec("iso87-binary")


class Broken(NamedTuple):
    what: str
    tag: str
    data: bytes


def with_chip_data(spec: Spec, fields: dict[int, object], body: bytes) -> bytes:
    """Return a sale whose DE 55 is *body*, whatever that is."""
    bare = edited(spec, [Edit("fields.55", (("parts", None),), "")])
    return bare.encode(bare.message("0200", {**fields, 55: body}))


def told(spec: Spec, data: bytes) -> list[Cause]:
    """Return the causes of what is broken inside *data*."""
    (fault,) = spec.broken(spec.decode(data))
    return likeliest(spec, data, fault)


def breakages(spec: Spec, fields: dict[int, object], body: bytes) -> Iterator[Broken]:
    """Yield each tag of *body* with a length or a value that is a byte too long or too short."""
    end = 0
    for each in objects(body):
        start = end + len(each.gap) + len(each.header)
        end = start + len(each.value)
        said = body[start - 1]
        ways = {
            "says more": body[: start - 1] + bytes([said + 1]) + body[start:],
            "says less": body[: start - 1] + bytes([said - 1]) + body[start:],
            "has less": body[:start] + body[start + 1 :],
            "has more": body[:start] + b"\x01" + body[start:],
        }
        for what, broken in ways.items():
            data = with_chip_data(spec, fields, broken)
            if spec.broken(spec.decode(data)):
                yield Broken(what, each.tag, data)


def chip_sales() -> Iterator[tuple[Spec, dict[int, object], bytes]]:
    for name in ("cup-pos", "iso87-ascii", "iso87-ebcdic"):
        spec = load_spec(name)
        for sample in samples(name):
            message = spec.decode(sample.raw)
            body = message.get(55)
            if isinstance(body, bytes) and not spec.broken(message):
                yield spec, {number: message[number] for number in message}, body


def test_a_tag_that_is_a_byte_longer_or_shorter_than_it_says_is_the_first_that_is_told() -> None:
    tried = missed = 0
    for spec, fields, body in chip_sales():
        for each in breakages(spec, fields, body):
            tried += 1
            causes = told(spec, each.data)
            missed += not causes or not causes[0].words.startswith(f"tag {each.tag} of DE 55 ")
    assert tried > 150
    assert missed <= tried * (1 - HIT_RATE)


@pytest.mark.parametrize(
    ("body", "words", "evidence"),
    [
        (
            "9F3605001282025C019F270180",
            "tag 9F36 of DE 55 says a length of 5, and has 2 bytes, and it has 2 in EMV",
            "read so, all 13 bytes of DE 55 come out exactly, and 2 tags behind it",
        ),
        (
            "9F2608A1B2C3D4E5F6079F360200129F270180",
            "tag 9F26 of DE 55 says a length of 8, which is right, and has 7 bytes: 1 missing",
            "read so, all 19 bytes of DE 55 come out exactly, and 2 tags behind it",
        ),
        (
            "9F36020012019F2701809F3303E0F8C8",
            "tag 9F36 of DE 55 says a length of 2, which is right, and has 3 bytes: 1 too many",
            "read so, all 16 bytes of DE 55 come out exactly, and 2 tags behind it",
        ),
        (
            "9F1007060A03A0000001019F360200129F3303E0F8C8",
            "tag 9F10 of DE 55 says a length of 7, and has 8 bytes",
            "read so, all 22 bytes of DE 55 come out exactly, and 2 tags behind it",
        ),
        (
            "82025C009F410400001234567F",
            "tag 9F41 of DE 55 says a length of 4, and has 6 bytes",
            "",
        ),
    ],
)
def test_what_is_said_of_a_tag(body: str, words: str, evidence: str) -> None:
    causes = told(SPEC, with_chip_data(SPEC, {3: "000000", 11: "000123"}, bytes.fromhex(body)))
    assert [(each.words, each.evidence) for each in causes] == ([(words, evidence)] if evidence else [])
    assert all(each.kind == "value" for each in causes)


@pytest.mark.parametrize(
    "body",
    [
        "9F3605",  # cut off
        "9F26827FFF00",  # a length of two bytes
        "1F1F1F1F1F",  # no tag at all
        "DF31051122",  # of nobody
        "9F3605" + "00" * 4,  # noughts, which would pass for padding
    ],
)
def test_nothing_is_invented(body: str) -> None:
    assert told(SPEC, with_chip_data(SPEC, {3: "000000", 11: "000123"}, bytes.fromhex(body))) == []


def test_no_value_is_told() -> None:
    data = with_chip_data(SPEC, {3: "000000", 11: "000123"}, bytes.fromhex("9F2608A1B2C3D4E5F6079F36020012"))
    (cause,) = told(SPEC, data)
    assert "A1B2" not in repr(cause).upper()


def test_a_message_that_is_none_has_causes_of_its_own() -> None:
    data = with_chip_data(SPEC, {3: "000000", 11: "000123"}, bytes.fromhex("9F3605001282025C00"))[:-1]
    with pytest.raises(DecodeError) as broken:
        SPEC.decode(data)
    assert all("tag" not in each.words for each in likeliest(SPEC, data, broken.value))
