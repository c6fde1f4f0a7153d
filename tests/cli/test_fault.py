"""``iso-gateway fault``: what a person asks a running host or gateway to do wrong, and what is told of it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio

from iso_gateway.admin.lines import encode, read_answer, request
from iso_gateway.admin.server import _answer
from iso_gateway.cli.admin import _ask as ask_admin
from iso_gateway.cli.host import verbs
from iso_gateway.faults.grammar import WORDS
from iso_gateway.host.server import HostServer
from iso_gateway.host.settings import HostSettings
from tests.cli.conftest import Call
from tests.support.till import START

SOCKET = "host-9000.sock"


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HostServer]:
    """A host that the command finds running; what passes over its admin socket is handed over here."""
    folder = tmp_path / "run" / "iso-gateway"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    server = HostServer.of(HostSettings(), clock=lambda: START)
    understood = verbs(server, trio.Event())

    def call(path: Path, verb: str, **arguments: Any) -> dict[str, Any]:
        assert path == folder / SOCKET
        return read_answer(encode(trio.run(_answer, request(verb, arguments), understood)))

    monkeypatch.setattr("iso_gateway.admin.client.call", call)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(folder / SOCKET))
        listening.listen()
        yield server


def test_added_listed_and_cleared(iso_gateway: Call, host: HostServer) -> None:
    added = iso_gateway("fault", "add", "silence", "times=3", "for=5m", "--match", "kind:sale amount:>5000")
    assert added.stdout == "1  silence for kind:sale amount:>5000: 300 s or 3 times left, not struck yet\n"
    assert iso_gateway("fault", "add", "delay=lognormal:200ms,2s wrong=stan|mac").exit_code == 0
    listed = iso_gateway("fault", "list")
    assert [line[:10] for line in listed.stdout.splitlines()] == ["1  silence", "2  delay=l"]
    assert iso_gateway("fault", "clear", "1").stdout.splitlines()[0] == "cleared 1"
    assert iso_gateway("fault", "clear").stdout == "cleared 1\n"
    assert iso_gateway("fault", "list").stdout == "nothing goes wrong on purpose\n"
    assert not host.faults


def test_scripts_get_json(iso_gateway: Call, host: HostServer) -> None:
    said = msgspec.json.decode(iso_gateway("fault", "add", "twice", "times=2", "--json").stdout)
    left: dict[str, Any] = said["faults"][0]
    assert said["number"] == 1
    assert left.pop("seconds_left") <= 60
    assert left == {"number": 1, "fault": "twice", "times_left": 2, "struck": 0}
    assert msgspec.json.decode(iso_gateway("fault", "list", "--json").stdout)["faults"][0]["number"] == 1
    assert msgspec.json.decode(iso_gateway("fault", "clear", "--json").stdout) == {"cleared": 1, "faults": []}
    assert not host.faults


def test_all_that_is_wrong_is_told_at_once_and_nothing_is_added(iso_gateway: Call, host: HostServer) -> None:
    result = iso_gateway("fault", "add", "silense times=0 twice", "--match", "mtl:0200 nth:x")
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        "iso-gateway: fault: no fault is called 'silense', did you mean 'silence'?",
        "iso-gateway: match.nth: a number, 3..5 or every,3 expected",
        "iso-gateway: fault: times: a number from 1 to 1000000 expected",
    ]
    assert not host.faults


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["add", "restart", "--match", "mti:0200"], "match: there is no message yet"),
        (["add", "twice", "--match", "mtl:0200"], "iso87-ascii has no element 'mtl', did you mean 'mti'?"),
        (["clear", "7"], "number: no fault 7 is in force (none)"),
    ],
)
def test_what_a_host_refuses(iso_gateway: Call, host: HostServer, arguments: list[str], told: str) -> None:
    result = iso_gateway("fault", *arguments)
    assert (result.exit_code, told in result.stderr) == (2, True), result.stderr
    assert not host.faults


def test_an_acquirer_is_a_gateways(iso_gateway: Call, host: HostServer, tmp_path: Path) -> None:
    result = iso_gateway("fault", "add", "twice", "--acquirer", "bank")
    assert (result.exit_code, "no gateway of this user is running" in result.stderr) == (3, True)
    at = str(tmp_path / "run" / "iso-gateway" / SOCKET)
    result = iso_gateway("fault", "add", "twice", "--acquirer", "bank", "--host-admin", at)
    assert (result.exit_code, "acquirer: a mock host has none" in result.stderr) == (2, True)
    assert not host.faults


def test_without_a_process_there_is_no_connection(iso_gateway: Call) -> None:
    result = iso_gateway("fault", "list")
    assert (result.exit_code, "no gateway or mock host of this user is running" in result.stderr) == (3, True)


def test_the_status_tells_loudly(host: HostServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    host.fault_verbs()["fault_add"]({"fault": "twice"})
    ask_admin("status", tmp_path / "run" / "iso-gateway" / SOCKET, None, as_json=False)
    first, second, *_ = capsys.readouterr().out.splitlines()
    assert first == "MISBEHAVES ON PURPOSE (iso-gateway fault):"
    assert second.startswith("  1  twice: ")


def test_the_help_has_every_word(iso_gateway: Call) -> None:
    said = iso_gateway("fault", "add", "--help").stdout
    assert all(word.form in said and word.meaning in said for word in WORDS.values())


@pytest.mark.parametrize("arguments", [{"fault": 3}, {"fault": "twice", "match": []}])
def test_what_is_no_text_is_refused(host: HostServer, arguments: dict[str, Any]) -> None:
    with pytest.raises(Exception, match="text expected"):
        host.fault_verbs()["fault_add"](arguments)


@pytest.mark.parametrize("numbers", ["1", [True], [1.5]])
def test_what_are_no_numbers_is_refused(host: HostServer, numbers: object) -> None:
    with pytest.raises(Exception, match="a list of numbers expected"):
        host.fault_verbs()["fault_clear"]({"numbers": numbers})
