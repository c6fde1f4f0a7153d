"""``send`` with PINs: the ways to give one, and that none of it is left anywhere."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Call, HostProcess, started
from tests.support.keyed_till import HELD

SHOPS = itertools.count(1)
CANARY = "739164"
"""A PIN that nothing else looks like."""


@pytest.fixture(scope="module")
def issuing_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostProcess]:
    """Return a mock host that takes MACs and PIN blocks."""
    with started(tmp_path_factory.mktemp("pins"), "--mac", "x9.19", "--pin-format", "iso-3") as running:
        yield HostProcess(*running)


@pytest.fixture
def sale(issuing_host: HostProcess) -> tuple[str, ...]:
    """Return a sale at the host, by a merchant of the test's own, which wants a PIN."""
    way = ("--to", issuing_host.address, "--merchant", f"PINS{next(SHOPS):011}")
    return ("send", "sale", *way, "--amount", "12.34", "--mac", "x9.19", "--pin-format", "iso-3")


def test_a_right_pin_is_approved_and_a_wrong_one_gets_55(iso_gateway: Call, sale: tuple[str, ...]) -> None:
    card = ("--pan", "5413330089600119")
    assert iso_gateway(*sale, *card, "--pin", "1234").exit_code == 0
    wrong = iso_gateway(*sale, *card, "--pin", "1235")
    assert (wrong.exit_code, "declined 55, wrong PIN" in wrong.stdout) == (1, True)
    assert iso_gateway(*sale, *card, "--pin", "1234").exit_code == 0


def test_a_pin_is_asked_for_without_echo(iso_gateway: Call, sale: tuple[str, ...]) -> None:
    asked = iso_gateway(*sale, "--ask-pin", given="1234\n")
    assert asked.exit_code == 0
    assert "1234" not in asked.output.replace("12.34", "")


def test_a_pin_comes_from_a_file_from_stdin_or_from_a_descriptor(
    iso_gateway: Call, sale: tuple[str, ...], tmp_path: Path
) -> None:
    file = tmp_path / "pin"
    file.write_text("1234\n")
    assert iso_gateway(*sale, "--pin-file", str(file)).exit_code == 0
    assert iso_gateway(*sale, "--pin-file", "-", given="1234\n").exit_code == 0
    reading, writing = os.pipe()
    os.write(writing, b"1234\n")
    os.close(writing)
    assert iso_gateway(*sale, "--pin-file", f"/dev/fd/{reading}").exit_code == 0
    os.close(reading)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--pin", CANARY, "--keys", "my.toml"), "a command line is no place for it"),
        (("--pin", CANARY, "--ask-pin"), "give it in one way"),
        (("--pin", f"{CANARY}x"), "4 to 12 digits expected"),
        (("--pin", CANARY * 3), "4 to 12 digits expected"),
        (("--pin-file", "/nowhere/at/all"), "/nowhere/at/all cannot be read: no such file"),
    ],
)
def test_what_cannot_be_is_told_before_anything_is_sent_or_noted(
    iso_gateway: Call, sale: tuple[str, ...], tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    state = tmp_path / "till.json"
    wrong = iso_gateway(*sale, "--state", str(state), *arguments)
    assert wrong.exit_code == 2
    assert said in wrong.stderr
    assert CANARY not in wrong.output
    assert not state.exists()


@pytest.mark.parametrize("verb", ["echo", "logon", "settle", "advice"])
def test_nobody_enters_a_pin_for_that(iso_gateway: Call, verb: str) -> None:
    wrong = iso_gateway("send", verb, "--to", "127.0.0.1:1", "--pin", CANARY)
    assert (wrong.exit_code, f"nobody enters one for a {verb}" in wrong.stderr) == (2, True)


def test_neither_the_state_nor_what_is_printed_has_the_pin_or_a_block(
    iso_gateway: Call, sale: tuple[str, ...], tmp_path: Path
) -> None:
    state = tmp_path / "till.json"
    done = iso_gateway(*sale, "--state", str(state), "--pin", CANARY)
    assert "declined 55" in done.stdout
    assert CANARY not in done.output
    kept = state.read_text()
    assert CANARY not in kept
    assert '"52"' not in kept
    assert '"64"' not in kept


def test_a_dukpt_terminal_counts_in_its_state_and_keeps_no_key(
    iso_gateway: Call, tmp_path_factory: pytest.TempPathFactory
) -> None:
    state = tmp_path_factory.mktemp("till") / "till.json"
    speech = ("--mac", "x9.19", "--ksn", "62")
    with started(tmp_path_factory.mktemp("dukpt"), *speech, "--pin-format", "iso-0") as (_, address, _):
        way = ("--to", address, *speech, "--state", str(state))
        for verb, more in (("sale", ("--amount", "1.00", "--pin", "1234")), ("repeat", ()), ("settle", ())):
            assert iso_gateway("send", verb, *way, *more).exit_code == 0, verb
        kept = state.read_text()
        assert '"FFFF9876543210E00003"' in kept
        state.write_text(kept.replace("FFFF9876543210E00003", "FFFF9876543210FFF800"))  # the last there is
        last = iso_gateway("send", "sale", *way, "--amount", "1.00")
    assert last.exit_code == 3
    assert "used up; nothing was sent" in last.stderr
    assert HELD.dukpt.tdes.hex() not in kept.lower()
    assert "6ac292fa" not in kept.lower()  # the standard's initial key of this terminal
