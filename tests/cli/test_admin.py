"""``status``, ``reload`` and ``drain``: which process is meant, and how its words are shown."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from iso_gateway.cli.admin import readable
from iso_gateway.errors import AdminError
from tests.cli.conftest import Call

Listen = Callable[[str], Path]


@pytest.fixture
def listen(tmp_path: Path) -> Iterator[Listen]:
    """Return what opens a socket in the folder where processes have theirs; nobody answers there."""
    opened: list[socket.socket] = []

    def listening(name: str) -> Path:
        folder = tmp_path / "run" / "iso-gateway"
        folder.mkdir(mode=0o700, exist_ok=True)
        one = socket.socket(socket.AF_UNIX)
        one.bind(str(folder / name))
        one.listen()
        opened.append(one)
        return folder / name

    yield listening
    for each in opened:
        each.close()


@pytest.mark.parametrize("verb", ["status", "reload", "drain"])
def test_without_a_process_there_is_no_connection(iso_gateway: Call, verb: str) -> None:
    result = iso_gateway(verb)
    assert result.exit_code == 3
    assert "of this user is running" in result.stderr


def test_several_are_listed_and_one_must_be_chosen(iso_gateway: Call, listen: Listen) -> None:
    first, second = listen("run-5000.sock"), listen("run-6000.sock")
    result = iso_gateway("status")
    assert result.exit_code == 2
    assert f"2 gateways are running; say which one with --socket: {first}, {second}" in result.stderr


def test_a_gateway_goes_before_a_host(iso_gateway: Call, listen: Listen, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def call(path: Path, verb: str) -> dict[str, Any]:
        asked.append(f"{path.name} {verb}")
        return {}

    monkeypatch.setattr("iso_gateway.admin.client.call", call)
    listen("host-9000.sock")
    iso_gateway("status")
    listen("run-5000.sock")
    iso_gateway("status")
    iso_gateway("drain", "--kind", "host")
    assert asked == ["host-9000.sock status", "run-5000.sock status", "host-9000.sock drain"]


def test_only_a_gateway_is_reloaded(iso_gateway: Call, listen: Listen) -> None:
    listen("host-9000.sock")
    result = iso_gateway("reload")
    assert result.exit_code == 3
    assert "no gateway of this user is running" in result.stderr


@pytest.mark.parametrize(
    ("refusal", "told"),
    [
        ("g.toml:3: a: wrong\ng.toml:9: b: wrong", "g.toml:3: a: wrong\ng.toml:9: b: wrong\n"),
        ("g.toml: cannot be read", "iso-gateway: g.toml: cannot be read\n"),
    ],
)
def test_a_refused_reload_tells_every_fault_as_check_does(
    iso_gateway: Call, listen: Listen, monkeypatch: pytest.MonkeyPatch, refusal: str, told: str
) -> None:
    def call(_path: Path, _verb: str) -> dict[str, Any]:
        raise AdminError(refusal)

    monkeypatch.setattr("iso_gateway.admin.client.call", call)
    listen("run-5000.sock")
    result = iso_gateway("reload")
    assert result.exit_code == 2
    assert result.stderr == told + "iso-gateway: not reloaded; all stays as it was\n"


def test_a_socket_that_is_none_is_no_connection(iso_gateway: Call, tmp_path: Path) -> None:
    result = iso_gateway("status", "--socket", str(tmp_path / "none.sock"))
    assert result.exit_code == 3
    assert "no process listens there" in result.stderr


def test_a_status_reads_as_a_table() -> None:
    said = {
        "state": "running",
        "in_flight": 0,
        "draining": False,
        "links": {"bank": {"state": "up", "in_flight": 2}, "other": {"state": "down", "in_flight": 0}},
        "counts": {"txn": 3, "owed": 1},
        "peers": [{"peer": "127.0.0.1:1", "signed_on": True}],
        "changes": ["listener counter opened", "link bank closed"],
        "owed": [],
        "nothing": {},
    }
    assert list(readable(said)) == [
        "state      running",
        "in flight  0",
        "draining   no",
        "links",
        "  bank   state up, in flight 2",
        "  other  state down, in flight 0",
        "counts     txn 3, owed 1",
        "peers",
        "  peer 127.0.0.1:1, signed on yes",
        "changes    listener counter opened, link bank closed",
        "owed       none",
        "nothing    none",
    ]
