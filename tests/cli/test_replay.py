"""``record``, ``replay`` and ``host --replay`` as commands: what they refuse, and what they print."""

from __future__ import annotations

import json
import socket
import stat
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import COMMAND, Call, HostProcess, started
from tests.support.recorded_talk import PAN, C, S, approved, recording, sale, written


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A recording of a sale that was approved, and of one of 10.51 that was too."""
    told = recording(
        (0, C, sale(1)), (0.01, S, approved(sale(1))), (0.02, C, sale(2, 1051)), (0.03, S, approved(sale(2, 1051)))
    )
    return written(tmp_path / "x.jsonl", told)


@pytest.fixture
def known(host: HostProcess, iso_gateway: Call, monkeypatch: pytest.MonkeyPatch) -> str:  # noqa: ARG001 -- it comes first
    """The address of a mock host whose admin socket is where commands look for it."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(host.socket.parent.parent))
    return host.address


def test_what_differs_is_told_by_path_and_exit_1(iso_gateway: Call, known: str, file: Path) -> None:
    result = iso_gateway("replay", str(file), "--to", known, "--speed", "max", "--diff")
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "line 5: 0200 · USD 10.51 · STAN 000002 · TERM0001: the answer differs",
        "    39 response_code: 51, recorded 00",
        "2 requests recorded, 2 sent, 2 answered: 1 as recorded, 1 otherwise",
    ]


def test_as_json_it_is_one_line(iso_gateway: Call, known: str, file: Path) -> None:
    result = iso_gateway("replay", str(file), "--to", known, "--speed", "max", "--json", "--ignore", "39")
    assert result.exit_code == 0
    said = json.loads(result.stdout)
    assert (said["sent"], said["as_recorded"], said["findings"]) == (2, 2, [])
    result = iso_gateway("replay", str(file), "--to", known.replace("127.0.0.1", "localhost"), "--json")
    (finding,) = json.loads(result.stdout)["findings"]
    assert finding["line"] == 5
    assert finding["differences"] == [{"path": "39", "name": "response_code", "recorded": "00", "now": "51"}]
    assert PAN not in result.stdout


def test_a_port_of_somebody_else_is_refused_before_anything_is_sent(iso_gateway: Call, file: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        address = f"127.0.0.1:{somebody.getsockname()[1]}"
        result = iso_gateway("replay", str(file), "--to", address)
        assert result.exit_code == 2
        assert f"{address} is not known to be a test target" in result.stderr
        assert f"--test-target {address}" in result.stderr
        somebody.settimeout(0)
        with pytest.raises(BlockingIOError):
            somebody.accept()


@pytest.mark.parametrize("other", ["127.0.0.2", "[::1]", "0.0.0.0", "example.invalid"])
def test_the_port_of_a_mock_host_at_another_address_is_refused(
    iso_gateway: Call, known: str, file: Path, other: str
) -> None:
    result = iso_gateway("replay", str(file), "--to", f"{other}:{known.rpartition(':')[2]}")
    assert result.exit_code == 2
    assert "is not known to be a test target" in result.stderr


def test_a_host_of_another_user_is_named_as_a_test_target(
    iso_gateway: Call, host: HostProcess, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    to = ("replay", str(file), "--to", host.address, "--speed", "max", "--ignore", "39")
    assert iso_gateway(*to).exit_code == 2
    assert iso_gateway(*to, "--test-target", "127.0.0.1:1").exit_code == 2
    assert iso_gateway(*to, "--test-target", host.address).exit_code == 0
    monkeypatch.setenv("ISO_GATEWAY_TEST_TARGETS", f"127.0.0.1:1 {host.address}")
    assert iso_gateway(*to).exit_code == 0


def test_nobody_there_is_exit_3(iso_gateway: Call, file: Path) -> None:
    result = iso_gateway("replay", str(file), "--to", "127.0.0.1:1", "--test-target", "127.0.0.1:1")
    assert result.exit_code == 3
    assert "connection refused" in result.stderr


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--rewrite", "stan,pan"), "rewrite: 'pan': stan, time, rrn with commas, or none expected"),
        (("--rewrite", ""), "rewrite: '': stan, time, rrn with commas, or none expected"),
        (("--speed", "fast"), "'fast' is no speed"),
        (("--speed", "nan"), "'nan' is no speed"),
        (("--spec", "iso88"), "no spec of this name"),
        (("--to", "somewhere"), "'somewhere' is no address"),
    ],
)
def test_a_wrong_call_is_told_and_exit_2(iso_gateway: Call, file: Path, more: tuple[str, ...], said: str) -> None:
    to = ("--to", "127.0.0.1:1", "--test-target", "127.0.0.1:1")
    result = iso_gateway("replay", str(file), *to, *more)
    assert result.exit_code == 2
    assert said in result.stderr


def test_a_broken_file_is_told_with_its_lines(iso_gateway: Call, file: Path) -> None:
    with file.open("ab") as more:
        more.write(b"{}\n{\n")
    for command in (("replay", str(file), "--to", "127.0.0.1:1", "--test-target", "127.0.0.1:1"),
                    ("host", "--port", "0", "--replay", str(file))):  # fmt: skip
        result = iso_gateway(*command)
        assert result.exit_code == 2
        assert [line.partition(": ")[0] for line in result.stderr.splitlines()] == [f"{file}:7", f"{file}:8"]


@pytest.mark.parametrize("more", [("--mac", "x9.9"), ("--spec", "iso87-ascii"), ("--late", "3"), ("--framing", "2be")])
def test_what_a_recorded_host_cannot_be_told_is_refused(iso_gateway: Call, file: Path, more: tuple[str, ...]) -> None:
    result = iso_gateway("host", "--port", "0", "--replay", str(file), *more)
    assert result.exit_code == 2
    assert f"replay: {more[0]}: the recording says all: leave it out" in result.stderr


def test_a_speed_is_of_a_recording(iso_gateway: Call) -> None:
    result = iso_gateway("host", "--port", "0", "--speed", "2x")
    assert result.exit_code == 2
    assert "say with --replay which ones" in result.output


def test_a_file_that_is_there_is_not_recorded_over(iso_gateway: Call, file: Path) -> None:
    before = file.read_bytes()
    result = iso_gateway("record", "--listen", "127.0.0.1:0", "--upstream", "127.0.0.1:1", "-o", str(file))
    assert result.exit_code == 2
    assert "the file is there already" in result.stderr
    assert file.read_bytes() == before


def test_where_nothing_can_be_listened_at_no_file_is_left(iso_gateway: Call, tmp_path: Path) -> None:
    result = iso_gateway("record", "--listen", "192.0.2.1:0", "--upstream", "127.0.0.1:1", "-o", str(tmp_path / "y"))
    assert result.exit_code == 2
    assert "192.0.2.1:0 is none of this machine" in result.stderr
    assert not (tmp_path / "y").exists()


def test_what_is_recorded_is_for_its_owner_alone_and_a_host_answers_from_it(
    iso_gateway: Call, host: HostProcess, tmp_path: Path
) -> None:
    path = tmp_path / "y.jsonl"
    to = ("record", "--listen", "127.0.0.1:0", "--upstream", host.address, "-o", str(path))
    with subprocess.Popen([*COMMAND, *to], stderr=subprocess.PIPE, text=True) as recorder:
        assert recorder.stderr is not None
        line = recorder.stderr.readline()
        assert line.endswith(f", recording to {path}, redacted\n")
        between = line.split()[2].rstrip(",")
        sold = iso_gateway("send", "sale", "--to", between, "--amount", "12.34")
        recorder.terminate()
        assert recorder.stderr.read() == "iso-gateway: 1 connections, 2 messages\n"
        assert recorder.wait(10) == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert PAN.encode().hex().encode() not in path.read_bytes()
    folder = tmp_path / "r"  # the path of a socket has 107 bytes at most
    folder.mkdir()
    with started(folder, "--replay", str(path)) as running:
        again = iso_gateway("send", "sale", "--to", running[1], "--amount", "12.34")
        strange = iso_gateway("send", "sale", "--to", running[1], "--amount", "55.55")
    assert sold.stdout.startswith("0210 approved · USD 12.34 · RRN ")
    assert again.stdout.split(" · ")[:4] == sold.stdout.split(" · ")[:4]
    assert strange.stdout.startswith("0210 unknown 96")
