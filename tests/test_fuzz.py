"""The fuzzer sees what it looks for: each broken promise is planted once and found, and the fixtures break none."""

from __future__ import annotations

from typing import Any

import pytest

from fuzz import invariants
from iso_gateway.catalog import load_spec
from iso_gateway.codec.message import Message
from iso_gateway.errors import DecodeError
from iso_gateway.framing import Framing

SPEC = load_spec("iso87-ascii")
SALE = SPEC.encode(SPEC.message("0200", {3: 0, 4: 1234, 11: 7, 55: "9F2608" + 8 * "00"}))


class Broken:
    """The spec; each of its children breaks one promise."""

    def __getattr__(self, name: str) -> Any:
        return getattr(SPEC, name)


class Raises(Broken):
    def decode(self, raw: bytes, **_: object) -> Message:
        raise IndexError(raw[0])


class PointsAway(Broken):
    def decode(self, raw: bytes, **_: object) -> Message:
        raise DecodeError("2", len(raw) + 1, "digits", None)


class TracesOther(Broken):
    def decode(self, raw: bytes, *, trace: bool = False) -> Message:
        message = SPEC.decode(raw, trace=trace)
        return message.evolve({11: "000008"}) if trace else message


class LosesTheTrace(Broken):
    def decode(self, raw: bytes, **_: object) -> Message:
        return SPEC.decode(raw)


class WritesOther(Broken):
    def encode(self, message: Message) -> bytes:
        return SPEC.encode(message.evolve({11: "000008"}))


class TakesAll:
    """An engine that takes what the walker refuses."""

    def decode(self, *_: object) -> Message:
        return SPEC.decode(SALE)


class ReadsOther(TakesAll):
    """An engine that reads another number."""

    def decode(self, *_: object) -> Message:
        return SPEC.decode(SALE).evolve({11: "000008"})


class Engined(Broken):
    def __init__(self, engine: Any) -> None:
        self.engine = engine


@pytest.mark.parametrize(
    ("spec", "raw", "said"),
    [
        (Raises(), SALE, "IndexError at decode"),
        (PointsAway(), SALE, "lies outside of"),
        (TracesOther(), SALE, "with its trace it is another"),
        (LosesTheTrace(), SALE, f"ends at 0 of {len(SALE)} bytes"),
        (WritesOther(), SALE, "other bytes"),
        (Engined(TakesAll()), SALE[:-1], "takes what the walker refuses"),
        (Engined(ReadsOther()), SALE, "reads other values"),
    ],
)
def test_a_broken_promise_is_a_finding_with_its_bytes(spec: Any, raw: bytes, said: str) -> None:
    target = invariants.Target("iso87-ascii", lambda raw: invariants.message_fault(spec, raw))
    found = invariants.finding(target, raw)
    assert found.startswith("iso87-ascii: ")
    assert said in found
    assert found.endswith(f": {raw.hex()}")


def test_no_target_has_a_finding_in_a_fixture() -> None:
    fixtures = invariants.fixtures()
    assert len(fixtures) > 10
    targets = invariants.targets()
    assert len(targets) > len(invariants.FRAMINGS)
    assert [found for target in targets for raw in fixtures if (found := invariants.finding(target, raw))] == []


def test_framing_is_tried_with_frames_in_it() -> None:
    framing = Framing.parse("2be+tpdu")
    two = framing.frame(SALE) + framing.frame(SALE[:40])
    assert len(invariants.frames(framing, [two])[0]) == 2
    assert invariants.framing_fault(framing, two + b"\x00") == ""
