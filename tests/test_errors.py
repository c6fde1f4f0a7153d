"""What the errors say of themselves."""

from __future__ import annotations

from iso_gateway.errors import SHOWN_PROBLEMS, ConfigError, Problem, SpecError

FAULTS = [Problem(f"fields.{each}", "expected a table of keys", each) for each in range(1, 300_001)]


def test_a_fault_is_one_line_with_its_place() -> None:
    assert str(SpecError(FAULTS[:2], "own.yaml")).splitlines() == [
        "own.yaml:1: fields.1: expected a table of keys",
        "own.yaml:2: fields.2: expected a table of keys",
    ]


def test_of_many_faults_the_first_are_written_out_and_the_others_counted() -> None:
    lines = str(SpecError(FAULTS, "own.yaml")).splitlines()
    assert lines[SHOWN_PROBLEMS - 1 :] == [
        f"own.yaml:{SHOWN_PROBLEMS}: fields.{SHOWN_PROBLEMS}: expected a table of keys",
        f"own.yaml: and {300_000 - SHOWN_PROBLEMS} more",
    ]
    assert str(ConfigError(FAULTS[: SHOWN_PROBLEMS + 1])).splitlines()[-1] == "and 1 more"
    assert len(SpecError(FAULTS).problems) == 300_000
