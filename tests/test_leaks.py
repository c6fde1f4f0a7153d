"""The search for secrets finds what is there: every canary in every dress, and places that were not reached."""

from __future__ import annotations

import base64
import gzip
import os

import pytest

from iso_gateway.catalog import load_spec
from iso_gateway.security.keys import PinFormat
from iso_gateway.security.pin_blocks import encode
from leaks import places
from leaks.canaries import Canaries, hatch
from leaks.dresses import Pattern, patterns
from leaks.places import EVERYTHING, KINDS, Place, memory_of
from leaks.run import search, sightless, unmarked
from leaks.shop import KEYS

CANARIES = hatch(KEYS)
WANTED = patterns(CANARIES)


def place(data: bytes, kind: str = "log", searched: frozenset[str] = EVERYTHING) -> Place:
    return Place(kind, kind, data, searched)


def kinds(data: bytes) -> set[str]:
    return {finding.pattern.kind for finding in search(place(data), WANTED)}


def test_canaries_are_of_a_test_range_and_different_each_time() -> None:
    other = hatch(KEYS)
    assert not {card.pan for card in CANARIES.cards} & {card.pan for card in other.cards}
    for card in (*CANARIES.cards, *other.cards):
        body = [int(digit) for digit in card.pan[::-1]]
        assert sum(body[::2] + [sum(divmod(2 * digit, 10)) for digit in body[1::2]]) % 10 == 0
        assert card.pan.startswith("476173")
    assert len(set(CANARIES.keys.values()) | set(other.keys.values())) == 2 * len(KEYS)


@pytest.mark.parametrize("pattern", WANTED, ids=repr)
def test_each_secret_is_found_in_each_dress(pattern: Pattern) -> None:
    noise = os.urandom(200)
    (found, *_) = [each for each in search(place(noise + pattern.data + noise), WANTED) if each.pattern is pattern]
    assert found.offset == 200
    assert sightless(place(noise), WANTED) == []
    for secret in (*CANARIES.keys.values(), *(text.encode() for card in CANARIES.cards for text in card)):
        assert secret not in str(found).encode(), "what is found is not told"


def test_secrets_are_found_as_this_program_would_write_them() -> None:
    card, key = CANARIES.cards[0], next(iter(CANARIES.keys.values()))
    for spec in map(load_spec, ("iso87-ascii", "iso87-binary", "iso87-ebcdic", "cup-pos")):
        message = spec.message("0200", {2: card.pan, 11: "000001", 35: card.track, 41: "TERM0001"})
        assert kinds(spec.encode(message)) == {"pan", "track", "cvv"}, spec.name
    block = encode(PinFormat.ISO_0, card.pin, card.pan, lambda count: b"\xff" * count)
    assert kinds(b"x" + block) == {"pin block"}
    assert (
        kinds(repr(key).encode()) == kinds(base64.b64encode(b"ab" + key)) == kinds(f"{key[8:]!r}".encode()) == {"key"}
    )
    assert kinds(f'{{"pin": "{card.pin}"}}'.encode()) == {"pin"}
    assert kinds(CANARIES.passphrase.encode("utf-16")) == {"passphrase"}
    assert kinds(gzip.compress(b"nothing of it")) == set()


def test_what_may_stand_somewhere_is_passed_over_there_alone() -> None:
    card = CANARIES.cards[0]
    wire = place(card.pan.encode() + card.pin.encode(), "wire", places.ON_A_CLEAR_WIRE)
    assert {finding.pattern.kind for finding in search(wire, WANTED)} == {"pin"}


def test_the_memory_of_a_process_is_searched() -> None:
    kept = bytearray(CANARIES.keys["bdk/fleet"])
    names = {finding.pattern.kind for finding in search(place(memory_of(os.getpid())), WANTED)}
    assert "key" in names
    assert any(kept)


def reached(canaries: Canaries) -> list[Place]:
    return [place(canaries.mark.encode(), kind) for kind in KINDS]


def test_a_place_that_the_mark_did_not_reach_was_not_searched() -> None:
    found = reached(CANARIES)
    assert unmarked(found, CANARIES.mark) == []
    assert unmarked([*found[1:], place(b"empty")], CANARIES.mark) == ["log"]
    assert unmarked(found[1:], CANARIES.mark) == ["no log at all"]
    assert unmarked([*found, place(b"", "other file")._replace(marked=False)], CANARIES.mark) == []
