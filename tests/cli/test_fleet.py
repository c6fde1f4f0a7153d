"""``fleet`` against a mock host in its own process: what is printed and written, and the exit code."""

from __future__ import annotations

import itertools
import json
import socket
from pathlib import Path

import pytest

from tests.cli.conftest import Call, HostProcess

SHOPS = itertools.count(1)


@pytest.fixture
def to(host: HostProcess) -> tuple[str, ...]:
    """Return the way to the host and its ledger, as a merchant of the test's own."""
    shop = f"FLEET{next(SHOPS):010}"
    return ("fleet", "--to", host.address, "--host-admin", str(host.socket), "--merchant", shop, "--duration", "0.2")


def test_a_fleet_whose_ledger_agrees_exits_0(iso_gateway: Call, to: tuple[str, ...], tmp_path: Path) -> None:
    files = ("--json", str(tmp_path / "a.json"), "--html", str(tmp_path / "a.html"))
    result = iso_gateway(*to, "--terminals", "5", "--rate", "100", "--slo", "unknown=0", *files)
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    told = json.loads((tmp_path / "a.json").read_text())
    assert (told["sent"], told["unknown"], told["rate_kept"]) == (20, 0, True)
    assert told["ledger"]["differences"] == told["ledger"]["owed"] == 0
    assert told["ledger"]["matched"] > 10
    assert "<svg" in (tmp_path / "a.html").read_text()
    assert result.stdout.startswith("5 terminals · 20 sent in 0.2 s · ")
    assert "ledgers: " in result.stdout


def test_a_second_fleet_begins_beyond_the_stans_of_the_first(iso_gateway: Call, to: tuple[str, ...]) -> None:
    for _ in range(2):
        result = iso_gateway(*to, "--terminals", "1", "--rate", "100", "--mix", "sale=1")
        assert result.exit_code == 0, result.output
        assert "20 approved" in result.stdout


def test_an_objective_that_is_not_met_exits_1(iso_gateway: Call, to: tuple[str, ...]) -> None:
    result = iso_gateway(*to, "--rate", "40", "--mix", "sale=1", "--amounts", "1.51", "--slo", "declined=0")
    assert result.exit_code == 1
    assert result.stderr == "iso-gateway: not met: declined=0 (8)\n"


def test_declines_alone_exit_0(iso_gateway: Call, to: tuple[str, ...]) -> None:
    result = iso_gateway(*to, "--rate", "40", "--mix", "sale=1", "--amounts", "1.51")
    assert result.exit_code == 0, result.output
    assert "8 declined" in result.stdout


def test_without_a_host_of_this_user_the_ledger_is_null(iso_gateway: Call, host: HostProcess, tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    way = ("--to", host.address, "--merchant", f"FLEET{next(SHOPS):010}", "--duration", "0.2", "--json", str(file))
    result = iso_gateway("fleet", *way)
    assert result.exit_code == 0, result.output
    assert "ledgers not compared: no mock host of this user is running here" in result.stdout
    assert json.loads(file.read_text())["ledger"] is None


def test_nobody_who_listens_exits_3(iso_gateway: Call) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        result = iso_gateway("fleet", "--to", f"127.0.0.1:{bound.getsockname()[1]}", "--terminals", "2")
    assert result.exit_code == 3
    assert "connection refused" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--mix", "sael=1"), "no kind 'sael', did you mean 'sale'?"),
        (("--slo", "p99<5"), "a duration has a unit"),
        (("--amounts", "2.00..1.00"), "the smaller one comes first"),
        (("--first-terminal", "TERM9999"), "cannot be counted on to 10 terminals"),
        (("--first-terminal", "TERMINAL0001"), "DE 41 cannot carry 'TERMINAL0010'"),
        (("--spec", "nibss-pos", "--mix", "advice=1"), "nibss-pos has no words for advice"),
        (("--pan", "47-61"), "pan: digits expected"),
        (("--exchange", "tr31-48", "--mac", "x9.19"), "terminals take keys as unionpay has them alone"),
    ],
)
def test_wrong_usage_is_told_before_anything_is_sent(iso_gateway: Call, arguments: tuple[str, ...], said: str) -> None:
    result = iso_gateway("fleet", "--to", "127.0.0.1:1", *arguments)
    assert result.exit_code == 2, result.output
    assert said in result.stderr
