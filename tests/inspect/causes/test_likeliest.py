"""Why a message cannot be read: of the causes that are told, the first or the second is the true one."""

from __future__ import annotations

import contextlib
from collections import Counter, defaultdict
from itertools import cycle
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iso_gateway import DecodeError, IncompleteError, Spec, load_spec
from iso_gateway.catalog import spec_names
from iso_gateway.inspect.causes.likeliest import likeliest
from iso_gateway.inspect.told import Cause
from tests.support.breakages import OF_ONE_ELEMENT, Broken, breakages
from tests.support.fixture_files import Sample, samples
from tests.support.shipped import SHIPPED_SPECS

ASCII = load_spec("iso87-ascii")
SALE = ASCII.encode(
    ASCII.message(
        "0200",
        {
            2: "4761739001010010", 3: 0, 4: 1234, 7: "1123040506", 11: 123, 12: "040506", 13: "1123", 22: "051",
            25: "00", 35: "4761739001010010D29121010000", 37: "632741735058", 41: "TERM0001", 42: "MERCHANT0000001",
            49: "840",
        },
    )
)  # fmt: skip
HIT_RATE: Final = 0.97
"""Of a broken message the first or second cause that is told is the true one, at least so often."""
OF_ELEMENTS: Final = 0.88
"""... and where one element was left out, one bit is off or one value is wrong, which may be any of several alike."""


def told(spec: Spec, data: bytes) -> list[Cause]:
    """Return the causes that are told of *data*."""
    with pytest.raises(DecodeError) as broken:
        spec.decode(data)
    others = [load_spec(name) for name in spec_names() if name != spec.name]
    return likeliest(spec, data, broken.value, others)


SAMPLES: Final = {
    "iso87-ascii": ("sale_approved", "reversal_after_a_time_out"),
    "iso87-binary": ("partial_reversal",),
    "iso87-ebcdic": ("sale_approved",),
    "iso93-ascii": ("reversal_advice",),
    "iso93-binary": ("sale_declined",),
    "iso2003": ("sale_approved",),
    "cup-pos": ("void",),
    "nibss-pos": ("reversal",),
    "scheme-host": ("advice",),
}
"""Messages of every spec."""
OF_EACH_SPEC: Final = 2
"""Breakages of each spec that are tried here at least; bench/causes.py tries those of all samples."""
KINDS: Final = {
    "TPDU left on", "length left on", "length and TPDU left on", "header of 12 bytes left on",
    "cut", "trailing", "second bitmap cut", "bit 1 off", "bitmap binary", "bitmap hex",
    "a digit of length more", "a digit of length less", "length in ascii", "length in bcd", "length in binary",
    "all lengths in bcd", "all lengths in binary", "all numbers in ascii", "all numbers in bcd",
    "content in ascii", "content in bcd", "content in cp500", "all of it in EBCDIC", "hex twice", "base64 as bytes",
    "message type in ascii", "message type in bcd", "message type in cp500", "length counts bytes",
    "an element is missing", "a bit is off", "a byte of a value is wrong", "a value of spaces", "a length is wrong",
    "odd digit padded otherwise", "written as UTF-8", "read as UTF-8",
}  # fmt: skip


def broken() -> list[tuple[Sample, Broken]]:
    """Return breakages of true messages: of each kind one, by turns of the specs, and of each spec some more."""
    every: dict[str, list[tuple[Sample, Broken]]] = {}
    for spec_name, names in SAMPLES.items():
        spec = load_spec(spec_name)
        some = [each for each in samples(spec_name) if each.name in names]
        every[spec_name] = [(one, each) for one in some for each in breakages(spec, spec.decode(one.raw), one.raw)]
    chosen: list[tuple[Sample, Broken]] = []
    turns = cycle(SAMPLES)
    for kind in sorted(KINDS):
        having = next(row for row in (_of_kind(every[next(turns)], kind) for _ in SAMPLES) if row)
        chosen.append(having[len(having) // 2])
    for row in every.values():
        chosen += row[8 :: len(row) // OF_EACH_SPEC]
    return chosen


def _of_kind(some: list[tuple[Sample, Broken]], kind: str) -> list[tuple[Sample, Broken]]:
    return [each for each in some if each[1].what == kind]


def test_the_first_or_the_second_cause_that_is_told_is_the_true_one() -> None:
    tried: Counter[tuple[str, bool]] = Counter()
    missed: dict[tuple[str, bool], list[str]] = defaultdict(list)
    for sample, each in broken():
        row = sample.spec, each.what in OF_ONE_ELEMENT
        tried[row] += 1
        if not any(each.is_true(cause) for cause in told(load_spec(sample.spec), each.data)):
            missed[row].append(f"{sample} {each.what}")
    assert {*SAMPLES} == {*SHIPPED_SPECS}
    for one_element, rate in ((False, HIT_RATE), (True, OF_ELEMENTS)):
        rows = [row for row in tried if row[1] is one_element]
        assert sum(len(missed[row]) for row in rows) <= (1 - rate) * sum(tried[row] for row in rows), missed
    for spec in SAMPLES:
        rows = [(spec, True), (spec, False)]
        assert sum(len(missed[row]) for row in rows) <= sum(tried[row] for row in rows) / 4, missed


def test_noise_has_no_cause() -> None:
    assert told(ASCII, bytes(range(255, 0, -1))) == []
    assert told(ASCII, b"\xff" * 20) == []


@pytest.mark.parametrize(
    ("data", "words", "evidence", "remedy"),
    [
        (
            bytes.fromhex("6000010002") + SALE,
            "a header was left on: what stands in the 5 bytes before the message type looks like a TPDU, 6000010002",
            "behind it, 155 of 155 bytes come out exactly, 14 elements",
            "leave the first 5 bytes out",
        ),
        (
            SALE[:-2],
            "the message ends early: 2 bytes are missing, of DE 49",
            "what stands before makes sense, 13 elements",
            "look where it was cut: the length of its frame, what was copied, a line of a log",
        ),
        (
            SALE.replace(b"164761", b"\x164761").replace(b"284761", b"\x284761"),
            "the lengths of DE 2 and 35 are in BCD, not in ASCII",
            "read so, 153 of 153 bytes come out exactly, 14 elements",
            "a spec that reads it so:",
        ),
        (
            SALE[:4] + bytes.fromhex(SALE[4:20].decode()) + SALE[20:],
            "the bitmap is binary, not in hexadecimal characters",
            "read so, 147 of 147 bytes come out exactly, 14 elements",
            "a spec that reads it so:",
        ),
        (
            SALE + SALE,
            "155 bytes follow the message: another message begins there",
            "the 155 bytes before it are a whole message, 14 elements",
            "read one at a time",
        ),
    ],
)
def test_a_cause_says_what_speaks_for_it_and_what_to_change(
    data: bytes, words: str, evidence: str, remedy: str
) -> None:
    first = told(ASCII, data)[0]
    assert (first.words, first.evidence, first.remedy) == (words, evidence, remedy)


def test_no_card_number_is_in_what_is_told() -> None:
    for each in list(breakages(ASCII, ASCII.decode(SALE), SALE))[::9]:
        said = "".join(str(told(ASCII, each.data)).split())
        assert "4761739001010010"[6:12] not in said
        assert b"739001".hex() not in said.lower()


@settings(max_examples=8, deadline=None)
@given(junk=st.binary(max_size=30), at=st.integers(0, len(SALE)))
def test_of_any_bytes_at_most_two_causes_are_told(junk: bytes, at: int) -> None:
    data = SALE[:at] + junk
    with contextlib.suppress(DecodeError):
        ASCII.decode(data)
        return
    assert len(told(ASCII, data)) <= 2


@pytest.mark.parametrize("bitmap", ["hex", "binary"])
def test_binary_elements_raw_among_text_are_one_cause(bitmap: str) -> None:
    raw = {number: {**ASCII.source["fields"][number], "encoding": "binary"} for number in ("52", "55", "64")}
    raw["55"].pop("counts")
    spec = load_spec(
        {**ASCII.source, "bitmap": {"encoding": bitmap}, "fields": {**ASCII.source["fields"], **raw}, "name": "raw"}
    )
    values = {52: "8CA64DE9C1B123A7", 55: "9F360200019F2608C1A2B3D4E5F60718", 64: "A5D1F3C08B7712E4"}
    data = spec.encode(spec.message("0200", dict(ASCII.decode(SALE).items()) | values))
    first = told(ASCII, data)[0]
    assert first.words.endswith("the values of DE 52, 55 and 64 are binary, not in hexadecimal characters")
    assert first.words.startswith("the bitmap is binary, ") is (bitmap == "binary")
    assert len([each for each in told(ASCII, data) if "binary" in each.words]) == 1


def test_a_value_that_its_element_cannot_have_is_not_called_cut() -> None:
    block = bytes.fromhex("A1B2C3D4E5F60718")
    data = ASCII.encode(ASCII.decode(SALE).evolve({52: block})).replace(block.hex().upper().encode(), block)
    with pytest.raises(IncompleteError, match="8 bytes left, 16 needed"):
        ASCII.decode(data)
    assert [each.words for each in told(ASCII, data)] == ["the value of DE 52 is binary, not in hexadecimal characters"]
