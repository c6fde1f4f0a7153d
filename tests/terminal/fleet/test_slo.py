"""Objectives are read, all that is wrong is told, and what was not measured keeps none."""

from __future__ import annotations

import pytest

from iso_gateway.errors import ConfigError
from iso_gateway.terminal.fleet.slo import judge, read_slo

MEASURED = {"mean": 0.02, "max": 0.5, "approved": 90, "declined": 8, "unknown": 2, "not_sent": 0, "rate": 99.5}


@pytest.mark.parametrize(
    ("text", "met"),
    [
        ("p99<200ms", True),
        ("p99<100ms", False),
        ("p50<=100ms", True),
        ("p99.9<1s", True),
        ("max<500ms", False),
        ("max<=500ms", True),
        ("mean<20001us", True),
        ("unknown=0", False),
        ("unknown<3", True),
        ("unknown<=2%", True),
        ("declined<1%", False),
        ("approved>=90%", True),
        ("rate>99", True),
        ("rate>=100", False),
        ("not_sent=0", True),
    ],
)
def test_an_objective_is_held_against_what_was_measured(text: str, met: bool) -> None:  # noqa: FBT001
    (judged,) = judge(read_slo(text), lambda _: 0.1, MEASURED, sent=100)
    assert judged.met is met
    assert judged.objective.text == text


def test_several_are_parted_by_commas() -> None:
    assert [each.text for each in read_slo("p50<10ms, p99<200ms,unknown=0,")] == ["p50<10ms", "p99<200ms", "unknown=0"]
    assert read_slo("") == ()


@pytest.mark.parametrize(
    "text", ["p99<200", "p99<5%", "p<5ms", "unknown<5ms", "rate>5s", "p99", "latency<5ms", "p101<1s"]
)
def test_what_is_no_objective_is_told(text: str) -> None:
    with pytest.raises(ConfigError) as raised:
        read_slo(f"max<1s,{text},{text}")
    assert [problem.path for problem in raised.value.problems] == ["slo", "slo"]


@pytest.mark.parametrize("text", ["p99<1s", "mean<1s", "declined<1%"])
def test_where_nothing_was_measured_nothing_is_met(text: str) -> None:
    (judged,) = judge(read_slo(text), lambda _: None, {"mean": None, "declined": 0}, sent=0)
    assert not judged.met
    assert judged.objective.said(judged.value) == "nothing was measured"
