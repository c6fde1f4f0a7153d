"""``send`` against a mock host in its own process: what is printed, what is remembered, and the exit codes."""

from __future__ import annotations

import itertools
import json
import shlex
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import COMMAND, Call, HostProcess
from tests.support.desk import OTHER_PAN, PAN

SHOPS = itertools.count(1)


@pytest.fixture
def to(host: HostProcess) -> tuple[str, ...]:
    """Return the way to the host, as a merchant of the test's own: the host remembers the numbers of all others."""
    return ("--to", host.address, "--merchant", f"SHOP{next(SHOPS):011}")


def said(output: str) -> dict[str, object]:
    """Return the last line as JSON."""
    data = json.loads(output.splitlines()[-1])
    assert isinstance(data, dict)
    return data


def test_an_approval_is_one_line_and_exit_0(iso_gateway: Call, to: tuple[str, ...]) -> None:
    result = iso_gateway("send", "sale", *to, "--amount", "12.34")
    assert result.exit_code == 0
    assert result.stdout.startswith("0210 approved · USD 12.34 · RRN ")
    assert result.stdout.endswith(" · TERM0001\n")
    assert result.stderr == ""


def test_a_decline_says_why_and_exits_1(iso_gateway: Call, to: tuple[str, ...]) -> None:
    result = iso_gateway("send", "sale", *to, "--amount", "10.51")
    assert result.exit_code == 1
    assert result.stdout.startswith("0210 declined 51, insufficient funds · USD 10.51")


def test_json_is_the_last_line_and_has_what_scripts_want(iso_gateway: Call, to: tuple[str, ...]) -> None:
    result = iso_gateway("send", "sale", *to, "--amount", "12.34", "--json")
    answer = said(result.stdout)
    assert {key: answer[key] for key in ("mti", "response_code", "approved", "amount", "terminal")} == {
        "mti": "0210",
        "response_code": "00",
        "approved": True,
        "amount": 1234,
        "terminal": "TERM0001",
    }
    assert len(str(answer["rrn"])) == 12
    assert len(str(answer["stan"])) == 6
    assert result.stdout.count("\n") == 1


@pytest.mark.parametrize("verb", ["logon", "echo"])
def test_network_management_is_approved_without_money(iso_gateway: Call, to: tuple[str, ...], verb: str) -> None:
    result = iso_gateway("send", verb, *to)
    assert result.exit_code == 0
    assert result.stdout.startswith("0810 approved · STAN ")


def test_a_sale_is_voided_once(iso_gateway: Call, to: tuple[str, ...]) -> None:
    iso_gateway("send", "sale", *to, "--amount", "12.34")
    first = iso_gateway("send", "void", *to, "--original", "last")
    assert (first.exit_code, "USD 12.34" in first.stdout) == (0, True)
    second = iso_gateway("send", "void", *to, "--original", "last")
    assert second.exit_code == 1
    assert "declined 25" in second.stdout


def test_last_passes_over_declines_voids_and_echoes(iso_gateway: Call, to: tuple[str, ...]) -> None:
    iso_gateway("send", "sale", *to, "--amount", "7.00")
    iso_gateway("send", "sale", *to, "--amount", "8.00")
    assert iso_gateway("send", "void", *to, "--original", "last").exit_code == 0
    iso_gateway("send", "sale", *to, "--amount", "10.51")
    iso_gateway("send", "echo", *to)
    again = iso_gateway("send", "void", *to, "--original", "last")
    assert "declined 25" in again.stdout
    assert "USD 8.00" in again.stdout


def test_a_part_is_refunded_by_rrn(iso_gateway: Call, to: tuple[str, ...]) -> None:
    rrn = said(iso_gateway("send", "sale", *to, "--amount", "12.34", "--json").stdout)["rrn"]
    iso_gateway("send", "sale", *to, "--amount", "1.00")
    refund = iso_gateway("send", "refund", *to, "--original", str(rrn), "--amount", "10.00")
    assert refund.exit_code == 0
    too_much = iso_gateway("send", "refund", *to, "--original", str(rrn), "--amount", "10.00")
    assert "declined 61" in too_much.stdout


def test_an_advice_is_an_offline_sale(iso_gateway: Call, to: tuple[str, ...]) -> None:
    assert iso_gateway("send", "advice", *to, "--amount", "3.00").stdout.startswith("0230 approved")


def test_silence_is_an_unknown_outcome_in_words_and_a_reversal_ends_it(iso_gateway: Call, to: tuple[str, ...]) -> None:
    result = iso_gateway("send", "sale", *to, "--amount", "10.68", "--timeout", "0.2")
    assert result.exit_code == 4
    assert "outcome unknown: the card may have been charged; a reversal is owed" in result.stdout
    assert "declined" not in result.stdout
    reversal = iso_gateway("send", "reversal", *to, "--original", "last")
    assert (reversal.exit_code, "0410 approved · USD 10.68" in reversal.stdout) == (0, True)


def test_what_is_said_to_be_typed_reverses_it(iso_gateway: Call, to: tuple[str, ...], tmp_path: Path) -> None:
    way = (*to, "--terminal", "TERM0009", "--timeout", "0.2", "--state", str(tmp_path / "my till.json"))
    unknown = iso_gateway("send", "sale", *way, "--amount", "10.68")
    name, *arguments = shlex.split(unknown.stdout.splitlines()[-1].partition("to be sure: ")[2])
    assert name == "iso-gateway"
    reversal = iso_gateway(*arguments)
    assert (reversal.exit_code, "0410 approved · USD 10.68" in reversal.stdout) == (0, True)


def test_who_never_answers_may_speak_something_else(iso_gateway: Call, to: tuple[str, ...]) -> None:
    result = iso_gateway("send", "sale", *to, "--amount", "1.00", "--spec", "cup-pos", "--timeout", "0.3")
    assert result.exit_code == 4
    assert "speak cup-pos in 2be frames? (--spec, --framing, --tls)" in result.stderr


def test_who_stops_waiting_is_told_that_the_outcome_is_unknown(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(20)
        at = f"127.0.0.1:{silent.getsockname()[1]}"
        process = subprocess.Popen(
            [*COMMAND, "send", "sale", "--to", at, "--amount", "1.00", "--state", str(tmp_path / "state.json")],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        with silent.accept()[0] as terminal:
            assert terminal.recv(4096)
            process.send_signal(signal.SIGINT)
            said, complaint = process.communicate(timeout=20)
    assert (process.returncode, complaint) == (4, "")
    assert said.startswith("interrupted · USD 1.00")
    assert "outcome unknown: the card may have been charged" in said


def test_an_outcome_is_seen_though_it_cannot_be_noted(host: HostProcess, to: tuple[str, ...], tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    name, _, port = host.address.rpartition(":")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        at = f"127.0.0.1:{listening.getsockname()[1]}"
        process = subprocess.Popen(
            [*COMMAND, "send", "sale", *to, "--to", at, "--amount", "1.00", "--state", str(state)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        listening.settimeout(20)
        # One request and its answer are carried by hand, and in between somebody damages the file.
        with listening.accept()[0] as terminal, socket.create_connection((name, int(port))) as way:
            way.sendall(terminal.recv(4096))
            state.write_text("damaged")
            terminal.sendall(way.recv(4096))
            said, complaint = process.communicate(timeout=20)
    assert process.returncode == 0
    assert said.startswith("0210 approved · USD 1.00")
    assert "is not the state of terminals" in complaint


def test_a_link_that_breaks_is_an_unknown_outcome_too(iso_gateway: Call, to: tuple[str, ...]) -> None:
    result = iso_gateway("send", "sale", *to, "--amount", "10.71", "--json")
    assert result.exit_code == 4
    answer = said(result.stdout)
    assert (answer["approved"], answer["outcome"], answer["response_code"]) == (False, "unknown", None)
    assert "outcome unknown" in result.stderr


def test_nobody_there_is_exit_3_and_nothing_is_owed(iso_gateway: Call) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    result = iso_gateway("send", "sale", "--to", f"127.0.0.1:{port}", "--amount", "1.00")
    assert result.exit_code == 3
    assert result.stderr == f"iso-gateway: 127.0.0.1:{port}: connection refused; nothing was sent\n"
    assert result.stdout == ""
    after = iso_gateway("send", "reversal", "--to", f"127.0.0.1:{port}", "--original", "last")
    assert after.exit_code == 2
    assert "was never sent" in after.stderr


def test_another_terminal_card_and_currency(iso_gateway: Call, to: tuple[str, ...]) -> None:
    result = iso_gateway(
        *("send", "sale", *to, "--amount", "1200", "--currency", "JPY", "--pan", OTHER_PAN, "--terminal", "TERM0007")
    )
    assert "JPY 1200" in result.stdout
    assert result.stdout.endswith("TERM0007\n")
    assert "no approved sale" in iso_gateway("send", "void", *to, "--original", "last").stderr


def test_the_state_has_no_card_number(iso_gateway: Call, to: tuple[str, ...], tmp_path: Path) -> None:
    iso_gateway("send", "sale", *to, "--amount", "1.00")
    iso_gateway("send", "sale", *to, "--amount", "1.00", "--state", str(tmp_path / "mine.json"))
    files = [tmp_path / "state" / "iso-gateway" / "terminals.json", tmp_path / "mine.json"]
    for file in files:
        assert PAN not in file.read_text()
        assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("sale",), "missing option '--to'"),
        (("sael", "--to", "h:1"), "nothing to send is called 'sael', did you mean 'sale'? (sale, void, "),
        ((), "what is to be sent? (sale, void, "),
        (("sale", "--to", "nowhere", "--amount", "1"), "to: 'nowhere' is no address: HOST:PORT expected"),
        (("sale", "--to", "http://h:1", "--amount", "1"), "to: 'http://h:1' is no address: HOST:PORT expected"),
        (("sale", "--to", "h:1"), "amount: a sale needs one"),
        (("sale", "--to", "h:1", "--amount", "1,50"), "decimals stand after a point"),
        (("sale", "--to", "h:1", "--amount", "1", "--spec", "iso88"), "no spec of this name is shipped"),
        (("sale", "--to", "h:1", "--amount", "1", "--framing", "2bee"), "did you mean '2be'"),
        (("sale", "--to", "h:1", "--amount", "1", "--pan", "12x4"), "pan: digits expected"),
        (
            ("sale", "--to", "h:1", "--amount", "1", "--terminal", "TERMINAL9"),
            "terminal: DE 41 cannot carry it: 8 char",
        ),
        (("void", "--to", "h:1"), "original: a void names one"),
        (("void", "--to", "h:1", "--original", "last"), "no approved sale"),
        (("sale", "--to", "h:1", "--amount", "1", "--timeout", "0"), "--timeout"),
        (("sale", "--to", "h:1", "--amount", "1", "--timeout", "nan"), "'--timeout': nan is no number of seconds"),
        (("sale", "--to", "h:1", "--amount", "1", "--state", "/proc/state.json"), "state: /proc/state.json cannot be"),
    ],
)
def test_a_wrong_call_is_one_line_and_exit_2(iso_gateway: Call, arguments: tuple[str, ...], message: str) -> None:
    result = iso_gateway("send", *arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stderr.startswith("iso-gateway: ")
    assert result.stderr.count("\n") == 1


def test_a_spec_without_a_profile_says_what_it_lacks(iso_gateway: Call, tmp_path: Path) -> None:
    spec = tmp_path / "own.yaml"
    spec.write_text(
        'name: own\nversion: "1987"\nmti: {encoding: ascii}\nbitmap: {encoding: hex}\n'
        "fields:\n  4: {name: amount_transaction, format: n, length: fixed, max: 12, encoding: ascii, mask: none}\n"
    )
    result = iso_gateway("send", "sale", "--to", "h:1", "--amount", "1", "--spec", str(spec))
    assert result.exit_code == 2
    assert "profile: missing" in result.stderr
