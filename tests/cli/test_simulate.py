"""``iso-gateway simulate``."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from iso_gateway.cli import main
from iso_gateway.simulation import report
from iso_gateway.simulation.invariants import Watch


def ran(*arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(main, ["simulate", *arguments])
    assert done.exit_code == code, done.output
    return done.stdout


def test_a_day_is_told_in_a_few_lines_with_the_verdict_last() -> None:
    lines = ran("--seed", "1", "--hours", "0.1").splitlines()
    assert "requests of 10 terminals in 0.1 hours" in lines[0]
    assert lines[-1].startswith("every invariant holds, seed 1, trace ")
    assert len(lines) < 20


def test_a_day_is_told_as_json() -> None:
    said = json.loads(ran("--seed", "1", "--hours", "0.1", "--terminals", "3", "--faults", "harsh", "--json"))
    assert said["seed"] == 1
    assert said["requests"] > 0
    assert list(said["invariants"]) == ["I1", "I2", "I3", "I4", "I5", "I6"]
    assert {"reversals", "repeats", "joins", "late_approvals", "stuck", "trace_sha256"} <= said.keys()
    assert (said["broken"], said["missing"]) == ("", [])


@pytest.mark.parametrize("as_json", [False, True])
def test_a_break_is_told_with_its_seed_and_a_story_and_ends_with_1(
    monkeypatch: pytest.MonkeyPatch, *, as_json: bool
) -> None:
    decided = Watch.decided

    def forgetful(watch: Watch, tag: str, host: str, transaction: object) -> None:
        decided(watch, tag, host, transaction)  # type: ignore[arg-type]
        if watch.checks["I2"] > 40:
            raise watch.breaks("I2", [tag], "made up")

    monkeypatch.setattr(Watch, "decided", forgetful)
    done = CliRunner().invoke(main, ["simulate", "--seed", "9", "--hours", "1", *(["--json"] if as_json else [])])
    assert done.exit_code == 1
    story = done.stderr if as_json else done.stdout
    assert "I2: made up" in story
    assert "seed 9, the shortest story of" in story
    assert "sends r1-" in story
    if as_json:
        assert json.loads(done.stdout)["broken"] == "I2: made up"


def test_a_kind_of_trouble_that_never_came_in_many_hours_ends_with_1(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "ENOUGH", 0.1)
    lines = ran("--seed", "1", "--hours", "0.1", "--terminals", "2", "--faults", "harsh", code=1)
    assert "though there should be some in so many hours" in lines


@pytest.mark.parametrize("wrong", [["--hours", "0"], ["--terminals", "0"], ["--faults", "bad"], ["--seed", "-1"]])
def test_what_makes_no_day_is_refused(wrong: list[str]) -> None:
    ran("--seed", "1", *wrong, code=2)
