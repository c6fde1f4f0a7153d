"""Elements that pass as they are: what is spared the way by facts comes out the same as by facts."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from iso_gateway.catalog import load_spec
from iso_gateway.codec.field import Field
from iso_gateway.errors import CannotCarry, EncodeError
from iso_gateway.protocol.dialect import Dialect
from iso_gateway.protocol.passing import holds
from tests.support.desk import dialect
from tests.support.fixture_files import Sample, all_samples, spec_names

Changed = dict[str, Any]
TODAY = date(2026, 11, 20)
DIALECTS = [name for name in spec_names() if load_spec(name).profile]
REQUESTS = [sample for sample in all_samples() if sample.spec in DIALECTS and sample.mti[2] in "024"]


def said(target: Dialect, source: Dialect, sample: Sample, passing: frozenset[int]) -> object:
    """Return what *target* makes of the sample: bytes, the code of the refusal, or that it is no transaction."""
    message = source.spec.decode(sample.raw)
    row = source.kind_row(message)
    if row is None:
        return None
    passed = message.only(passing)
    facts = source.facts(message, target.by_facts(source) if passing else None)
    try:
        composed = target.compose(row.kind, facts, TODAY, source.original(message), "000007", passed=passed)
        return target.spec.encode(composed)
    except CannotCarry as error:
        return error.code
    except EncodeError as error:
        return error.field


@pytest.mark.parametrize("target", DIALECTS)
@pytest.mark.parametrize("sample", REQUESTS, ids=str)
def test_what_passes_comes_out_as_by_facts(sample: Sample, target: str) -> None:
    source, other = dialect(sample.spec), dialect(target)
    assert said(other, source, sample, other.passing(source)) == said(other, source, sample, frozenset())


@pytest.mark.parametrize(
    ("source", "target", "passes", "stays"),
    [
        ("iso87-ascii", "iso87-ascii", {2, 4, 7, 11, 12, 13, 14, 37, 41, 43, 49, 55, 60}, {3, 35, 39, 64, 90}),
        ("iso87-ascii", "iso87-binary", {2, 4, 12, 13, 28, 37, 52, 55, 60}, {3, 35, 39, 64, 90}),
        ("iso87-ascii", "cup-pos", {2, 4, 12, 13, 37, 52, 55}, {3, 35, 39, 43, 60}),
        ("iso93-ascii", "iso93-ascii", {2, 4, 26, 55}, {3, 12, 22, 35, 39, 56, 64}),
        ("iso93-ascii", "iso87-ascii", {2, 4, 55}, {3, 12, 13, 22, 24, 26, 35, 39, 56}),
    ],
)
def test_what_has_the_same_name_and_bounds_passes(source: str, target: str, passes: set[int], stays: set[int]) -> None:
    found = dialect(target).passing(dialect(source))
    assert passes <= found
    assert not stays & found


FIELD = Field(
    number=48, name="said", format="ans", length="LLLVAR", max=100, min=0, encoding="ascii", prefix="ascii",
    counts="characters", pad_side="right", pad_with=" ", mask="all",
)  # fmt: skip


@pytest.mark.parametrize(
    ("source", "target", "passes"),
    [
        ({}, {}, True),
        ({}, {"max": 101}, True),
        ({}, {"max": 99}, False),
        ({}, {"min": 1}, False),
        ({"min": 1}, {}, True),
        ({}, {"name": "meant"}, False),
        ({}, {"format": "an"}, False),
        ({}, {"encoding": "gbk"}, False),
        ({"encoding": "gbk"}, {"encoding": "gbk"}, True),
        ({"format": "n"}, {"format": "n", "encoding": "bcd"}, True),
        ({"format": "b", "encoding": "hex"}, {"format": "b", "encoding": "binary"}, True),
        ({"format": "z"}, {"format": "z"}, False),
        ({}, {"length": "LLVAR", "prefix": "bcd"}, True),
        ({}, {"length": "fixed", "min": 0}, False),
        ({"length": "fixed", "min": 100}, {}, False),
        ({"length": "fixed", "min": 100}, {"length": "fixed", "min": 100}, True),
        ({"length": "fixed", "min": 100}, {"length": "fixed", "min": 100, "max": 120}, False),
        ({}, {"mask": "none"}, True),
    ],
)
def test_a_field_takes_every_value_of_another(source: Changed, target: Changed, *, passes: bool) -> None:
    assert holds(FIELD._replace(**target), FIELD._replace(**source)) is passes
