"""The bench of keys measures what agrees with others alone, and says which targets are missed."""

from __future__ import annotations

import pytest

from bench import ciphers, security
from bench.contests import DisagreementError
from tests.support.oracles import quiet


def test_everything_that_is_measured_runs_and_agrees() -> None:
    found = quiet(ciphers.contests)
    assert set(security.TARGETS) <= set(found)
    assert {name for contest in found.values() for name in contest} == {"ours", "psec", "pydukpt"}
    assert all(quiet(work) for contest in found.values() for work in contest.values())
    assert all(work() for work in ciphers.alone().values())


def test_what_disagrees_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.ciphers.mac.generate_retail_mac", lambda *_given: bytes(8))
    with pytest.raises(DisagreementError):
        quiet(ciphers.contests)


def test_the_report_names_every_target_that_is_missed() -> None:
    rows = [
        {"work": name, "microseconds": {"ours": 1.0}, "ratio": {"psec": target - 0.01}}
        for name, target in security.TARGETS.items()
    ]
    lines = security.told(rows)
    assert [line.partition(":")[0].strip() for line in lines[lines.index("missed:") + 1 :]] == list(security.TARGETS)
    assert security.told([{"work": "CMAC", "microseconds": {"ours": 1.0}, "ratio": {}}])[-1] == "every target is met"
