"""Hostile inputs of the greatest size: a doctor reads a bounded number of messages and elements of them."""

from __future__ import annotations

import hashlib

import pytest

from iso_gateway import Spec, load_spec
from iso_gateway.inspect.doctor import search, walk
from iso_gateway.inspect.doctor.cuts import cut
from iso_gateway.inspect.doctor.search import LONGEST, READS, diagnose, furthest
from iso_gateway.inspect.doctor.slips import slipped
from iso_gateway.inspect.doctor.wraps import MOST_PAYLOADS
from tests.support.hidden_specs import KNOWN

NOISE = hashlib.shake_256(b"8583").digest(LONGEST)
ECHO = load_spec("iso87-ascii").encode(load_spec("iso87-ascii").message("0800", {7: "1123040506", 11: 123, 70: "301"}))
HOSTILE = {
    "zeros": bytes(LONGEST),
    "ones": b"1" * LONGEST,
    "all bits": b"\xff" * LONGEST,
    "random": NOISE,
    "digits": bytes(0x30 + byte % 10 for byte in NOISE),
    "every element": b"0200" + b"F" * 16 + b"0" * LONGEST,
    "every element in binary": bytes.fromhex("0200ffffffffffffffff") + bytes(LONGEST),
    "many messages": (len(ECHO).to_bytes(2) + ECHO) * (LONGEST // (len(ECHO) + 2)),
    "twice as much": bytes(2 * LONGEST),
}
WHOLE_READS = 2_000
"""Messages that are read in full, by a spec as it is or by one that was edited."""


@pytest.mark.parametrize("name", HOSTILE)
def test_the_steps_are_bounded(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    messages, elements = [0], [0]
    decode, element = Spec.decode, walk.element

    def counted_decode(self: Spec, data: bytes) -> object:
        messages[0] += 1
        return decode(self, data)

    def counted_element(*given: object) -> object:
        elements[0] += 1
        return element(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(Spec, "decode", counted_decode)
    monkeypatch.setattr(walk, "element", counted_element)
    fits = diagnose(HOSTILE[name], KNOWN)
    cut(HOSTILE[name], KNOWN)
    furthest(HOSTILE[name], KNOWN)
    slipped(HOSTILE[name], KNOWN)
    # As much of it as slips are looked for in.
    slipped(HOSTILE[name][:2_048], KNOWN)
    assert 0 < messages[0] <= WHOLE_READS
    assert elements[0] <= 2 * READS
    assert all(len(fit.wrap.payloads) <= MOST_PAYLOADS for fit in fits)
    assert any(fit.believed for fit in fits) is (name == "many messages")


def test_what_edited_specs_read_ends_where_the_budget_does(monkeypatch: pytest.MonkeyPatch) -> None:
    read = [0]
    element = walk.element

    def counted(*given: object) -> object:
        read[0] += 1
        return element(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(walk, "element", counted)
    monkeypatch.setattr(search, "READS", 500)
    diagnose(HOSTILE["every element"], KNOWN)
    assert 0 < read[0] <= 2 * 500
