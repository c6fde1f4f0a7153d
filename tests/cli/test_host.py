"""``host`` as a process: ready line, admin socket, drain."""

from __future__ import annotations

import io
import json
import stat
import subprocess
from pathlib import Path

import pytest

from iso_gateway import load_spec
from iso_gateway.admin.client import call
from iso_gateway.cli.hostlog import HostLog
from iso_gateway.errors import AdminError
from tests.cli.conftest import COMMAND, Call, HostProcess, started


def test_it_says_where_it_listens_and_can_be_asked(iso_gateway: Call, host: HostProcess) -> None:
    iso_gateway("send", "sale", "--to", host.address, "--amount", "12.34")
    result = iso_gateway("status", "--socket", str(host.socket))
    assert result.exit_code == 0
    assert "iso87-ascii" in result.stdout
    assert stat.S_IMODE(host.socket.stat().st_mode) == 0o600


def test_what_its_socket_cannot_do_is_said(iso_gateway: Call, host: HostProcess) -> None:
    result = iso_gateway("reload", "--socket", str(host.socket))
    assert result.exit_code == 2
    assert "no verb 'reload'" in result.stderr


def test_sigterm_ends_it_well(tmp_path: Path) -> None:
    with started(tmp_path) as running:
        host = HostProcess(*running)
        assert host.stop() == 0
        assert not host.socket.exists()


def test_what_is_late_is_still_answered(tmp_path: Path) -> None:
    folder = tmp_path / "host"
    folder.mkdir()
    with started(folder, "--late", "0.5") as running:
        host = HostProcess(*running)
        sale = ("send", "sale", "--to", host.address, "--amount", "10.70", "--state", str(tmp_path / "state.json"))
        with subprocess.Popen([*COMMAND, *sale], stdout=subprocess.PIPE, text=True) as sender:
            assert host.process.stderr is not None
            assert any(" transaction: " in line for line in host.process.stderr)
            assert host.stop() == 0
            assert sender.communicate(timeout=10)[0].startswith("0210 approved")


def test_drain_ends_it_well_and_its_settings_are_taken(iso_gateway: Call, tmp_path: Path) -> None:
    folder = tmp_path / "host"
    folder.mkdir()
    (folder / "one.yaml").write_text("rules: [{when: {amount: 777}, respond: {code: 61}}]", "utf-8")
    more = ["--spec", "cup-pos", "--framing", "2be+tpdu", "--not-found", "25", "--late", "0.2"]
    more += ["--scenario", str(folder / "one.yaml"), "--seed", "7"]
    with started(folder, *more) as running:
        host = HostProcess(*running)
        to = ("--to", host.address, "--spec", "cup-pos", "--framing", "2be+tpdu")
        assert iso_gateway("send", "sale", *to, "--amount", "10.70").stdout.startswith("0210 approved")
        assert "declined 61" in iso_gateway("send", "sale", *to, "--amount", "7.77").stdout
        iso_gateway("send", "sale", *to, "--amount", "10.69", "--timeout", "0.1")
        assert "declined 25" in iso_gateway("send", "reversal", *to, "--original", "last").stdout
        said = json.loads(iso_gateway("drain", "--socket", str(host.socket), "--json").stdout)
        assert said == {"links": 0}
        assert host.process.wait(10) == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "missing option '--port'"),
        (("--port", "70000"), "0<=x<=65535"),
        (("--port", "0", "--spec", "iso88"), "spec: iso88: no spec of this name"),
        (("--port", "0", "--framing", "3be"), "framing: "),
        (("--port", "0", "--certify", "iso99"), "no certification set of this name is shipped"),
        (("--port", "0", "--certify", "cup-pos", "--spec", "iso87-ascii"), "this set is for cup-pos"),
        (("--port", "0", "--report", "/proc/nowhere"), "report: /proc/nowhere cannot be written"),
        (("--port", "0", "--bind", "192.0.2.1"), "192.0.2.1:0 is none of this machine"),
    ],
)
def test_a_wrong_call_is_told_and_exit_2(iso_gateway: Call, arguments: tuple[str, ...], said: str) -> None:
    result = iso_gateway("host", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Traceback" not in result.stderr


def test_a_port_that_is_taken_is_told(iso_gateway: Call, host: HostProcess) -> None:
    port = host.address.rpartition(":")[2]
    result = iso_gateway("host", "--port", port)
    assert result.exit_code == 2
    assert f"address 127.0.0.1:{port} is in use" in result.stderr


def test_a_host_may_refuse_reversals_and_say_when_its_day_ends(iso_gateway: Call, tmp_path: Path) -> None:
    folder = tmp_path / "host"
    folder.mkdir()
    with started(folder, "--refuse-reversals", "12", "--cut-over", "23:30") as running:
        host = HostProcess(*running)
        iso_gateway("send", "sale", "--to", host.address, "--amount", "5.00")
        refused = iso_gateway("send", "reversal", "--to", host.address, "--original", "last")
        assert (refused.exit_code, "declined 12" in refused.stdout) == (1, True)
        assert call(host.socket, "announce", kind="cut_over") == {"links": 0}
        with pytest.raises(AdminError, match="echo, cut_over, key_change expected"):
            call(host.socket, "announce", kind="lunch")
        assert call(host.socket, "announce", kind="key_change") == {"links": 0}


def test_wrong_settings_are_all_told_and_exit_2(iso_gateway: Call) -> None:
    result = iso_gateway("host", "--port", "0", "--cut-over", "24:00", "--refuse-reversals", "no")
    assert result.exit_code == 2
    assert "cut_over: expected HH:MM" in result.stderr
    assert "refuse_reversals: expected a code of 1987, two characters" in result.stderr


def test_what_is_wrong_with_a_scenario_is_said_with_its_lines(iso_gateway: Call, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("rules:\n  - fault: sielnce\n  - when: {amount: 9..1}\n", "utf-8")
    result = iso_gateway("host", "--port", "0", "--scenario", str(tmp_path / "bad.yaml"))
    assert result.exit_code == 2
    assert f"{tmp_path / 'bad.yaml'}:2: rules.0.fault: no fault is called 'sielnce'" in result.stderr
    assert f"{tmp_path / 'bad.yaml'}:3: rules.1.when.amount: the first number of a range" in result.stderr


def test_messages_are_shown_whole_and_masked(iso_gateway: Call, tmp_path: Path) -> None:
    folder = tmp_path / "host"
    folder.mkdir()
    with started(folder, "--show") as running:
        host = HostProcess(*running)
        iso_gateway("send", "sale", "--to", host.address, "--amount", "12.34")
        iso_gateway("send", "sale", "--to", host.address, "--amount", "10.68", "--timeout", "0.1")
        host.stop()
        assert host.process.stderr is not None
        log = host.process.stderr.read().splitlines()
    heads = [" ".join(row.split()[2:3]) for row in log if row.startswith("20")]
    assert heads[:3] == ["received:", "transaction:", "sent:"]
    assert "sent:" not in heads[3:]  # nobody was told of the second one
    assert log.count("0200 financial request") == 2
    assert log.count("0210 financial request response") == 1
    assert "2     primary_account_number            476173******0010" in log
    assert "39    response_code                     00" in log
    assert all(len(row) <= 80 for row in log if not row.startswith("20"))


async def test_messages_are_shown_as_json_and_with_why_they_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    monkeypatch.setattr("sys.stderr", written)
    log = HostLog("json")
    show = log.shown(load_spec("iso87-ascii"))
    show("127.0.0.1:5000", b"08002020000000800000000000000123TERM0001", "received")
    show("127.0.0.1:5000", b"08002020000000000000000000", "received")
    show("127.0.0.1:5000", b"0", "received")
    log.flush()
    whole, broken, none = [json.loads(row) for row in written.getvalue().splitlines()]
    assert (whole["event"], whole["mti"], whole["fields"]["11"], whole["bytes"]) == ("received", "0800", "000123", 40)
    assert (broken["cause"], broken["fields"]) == ("DE 11 at byte 26: 0 bytes left, 6 needed", {"3": "000000"})
    assert none["cause"].startswith("MTI at byte ")
    assert "fields" not in none
