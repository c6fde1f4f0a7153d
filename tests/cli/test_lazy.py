"""The command as a whole: help, version, typing errors, exit codes, and what is loaded for what."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from iso_gateway import __version__
from iso_gateway.cli import COMMANDS, main
from iso_gateway.cli.lazy import LazyGroup, interrupted
from iso_gateway.engines import CHOICE
from iso_gateway.errors import (
    AdminError,
    ConfigError,
    DecodeError,
    IsoGatewayError,
    NoAnswer,
    NoConnection,
    Problem,
    StoreError,
)
from tests.cli.conftest import Call


def test_help_lists_every_command_with_a_line(iso_gateway: Call) -> None:
    result = iso_gateway("--help")
    assert result.exit_code == 0
    listed = [line.split()[0] for line in result.stdout.splitlines() if line.startswith("  ") and line.split()]
    assert [name for name in listed if name in COMMANDS] == list(COMMANDS)
    assert "3 no connection" in result.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_there_and_has_help(iso_gateway: Call, name: str) -> None:
    result = iso_gateway(name, "--help")
    assert result.exit_code == 0
    assert f"iso-gateway {name}" in result.stdout


def test_the_version_is_the_packages(iso_gateway: Call) -> None:
    assert iso_gateway("--version").stdout.splitlines()[0] == f"iso-gateway {__version__}"


def test_the_package_runs_as_the_command() -> None:
    said = subprocess.run([sys.executable, "-m", "iso_gateway", "--help"], capture_output=True, text=True, check=True)
    assert said.stdout.startswith("Usage: iso-gateway ")


def test_the_version_says_the_engine_and_why_it_is_the_slower_one(iso_gateway: Call) -> None:
    said = iso_gateway("--version").stdout.splitlines()[1]
    assert said == (f"engine: reference ({CHOICE.why})" if CHOICE.why else "engine: compiled")


def test_a_misspelt_command_gets_the_nearest(iso_gateway: Call) -> None:
    result = iso_gateway("decoed", "00")
    assert result.exit_code == 2
    assert result.stderr == "iso-gateway: no command 'decoed', did you mean 'decode'? (see iso-gateway --help)\n"


@pytest.mark.parametrize(("arguments", "listed"), [((), "decode"), (("spec",), "list")])
def test_without_a_command_there_is_the_help_as_people_read_it(
    iso_gateway: Call, arguments: tuple[str, ...], listed: str
) -> None:
    result = iso_gateway(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("Usage: iso-gateway")
    assert any(line.split()[:1] == [listed] for line in result.stderr.splitlines())


def test_a_misspelt_command_of_a_group_gets_the_nearest_too(iso_gateway: Call) -> None:
    result = iso_gateway("spec", "lst")
    assert result.stderr == "iso-gateway: no command 'lst', did you mean 'list'? (see iso-gateway spec --help)\n"


def failing(error: BaseException) -> LazyGroup:
    """Return a command ``fail`` that raises *error*."""
    group = LazyGroup()

    @group.command()
    def fail() -> None:
        raise error

    return group


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (DecodeError("4", 20, "2 bytes left, 12 needed"), 1, "iso-gateway: DE 4 at byte 20: 2 bytes left, 12 needed"),
        (AdminError("no"), 1, "iso-gateway: no"),
        (StoreError("disk full"), 1, "iso-gateway: disk full"),
        (ConfigError([Problem("state", "is wrong")]), 2, "iso-gateway: state: is wrong"),
        (
            ConfigError([Problem("a.b", "is wrong", 3), Problem("c", "too", 9)], "gateway.toml"),
            2,
            "gateway.toml:3: a.b: is wrong\ngateway.toml:9: c: too",
        ),
        (NoConnection("127.0.0.1:1: connection refused"), 3, "iso-gateway: 127.0.0.1:1: connection refused"),
        (NoAnswer("no answer within 1 s"), 4, "iso-gateway: no answer within 1 s"),
        (ExceptionGroup("nursery", [ExceptionGroup("inner", [NoConnection("gone")])]), 3, "iso-gateway: gone"),
        (click.UsageError("bad"), 2, "iso-gateway: bad (see fail --help)"),
        (KeyboardInterrupt(), 130, "iso-gateway: interrupted"),
        (BaseExceptionGroup("nursery", [KeyboardInterrupt()]), 130, "iso-gateway: interrupted"),
        (BaseExceptionGroup("nursery", [KeyboardInterrupt(), NoConnection("gone")]), 130, "iso-gateway: interrupted"),
    ],
)
def test_each_error_has_its_exit_code_and_its_line(error: BaseException, code: int, said: str) -> None:
    result = CliRunner().invoke(failing(error), ["fail"], prog_name="")
    assert result.exit_code == code
    assert result.stderr.strip() == said


def test_a_bug_is_not_hidden_by_an_interruption() -> None:
    assert interrupted(BaseExceptionGroup("nursery", [KeyboardInterrupt()]))
    assert not interrupted(BaseExceptionGroup("nursery", [KeyboardInterrupt(), ZeroDivisionError()]))


def test_a_bug_is_not_hidden() -> None:
    bug = ExceptionGroup("nursery", [NoConnection("gone"), ZeroDivisionError()])
    result = CliRunner().invoke(failing(bug), ["fail"])
    assert result.exception is bug


def test_every_error_of_ours_ends_with_a_code() -> None:
    newest = type("Newest", (IsoGatewayError,), {})
    assert CliRunner().invoke(failing(newest("new")), ["fail"]).exit_code == 1


HEAVY = {"trio", "construct", "cryptography", "asyncio", "iso8583", "iso_gateway.gateway", "iso_gateway.host"}


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["decode", "30323030"],
        ["encode", "--mti", "0800"],
        ["spec", "list"],
        ["owed", "--help"],
        ["txn", "--help"],
    ],
)
def test_what_needs_no_network_loads_none(arguments: list[str]) -> None:
    script = (
        "import sys; from click.testing import CliRunner; from iso_gateway.cli import main;"
        f"CliRunner().invoke(main, {arguments!r}); print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert not HEAVY & set(done.stdout.split())


SHORT = "main(['spec', 'list', '--json'])"
IN_A_NURSERY = "main(['demo'])"


@pytest.mark.parametrize("call", [SHORT, IN_A_NURSERY])
def test_a_reader_that_has_enough_is_no_trouble_and_no_decline(call: str) -> None:
    script = f"from iso_gateway.cli import main; {call}"
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 141


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_is_told_in_one_line() -> None:
    script = f"from iso_gateway.cli import main; {SHORT}"
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", script], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert (done.returncode, done.stderr) == (74, "iso-gateway: cannot print: no space left on device\n")


def test_the_face_of_the_command_is_main() -> None:
    assert isinstance(main, LazyGroup)
