"""``send logon`` with new keys: kept as they came, used from then on, and none of them in clear anywhere."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import msgspec
import pytest

from iso_gateway.terminal.records import KeyNotes
from iso_gateway.terminal.shield import keys_now
from iso_gateway.terminal.state import Notebook
from tests.cli.conftest import Call, HostProcess, started
from tests.support.keyed_till import HELD

SHOPS = itertools.count(1)
SPEECH = ("--spec", "cup-pos", "--mac", "unionpay-ecb", "--exchange", "unionpay")


@pytest.fixture(scope="module")
def host_with_keys(tmp_path_factory: pytest.TempPathFactory) -> object:
    """Return a mock host that gives keys at sign-on."""
    with started(tmp_path_factory.mktemp("exchange"), *SPEECH, "--pin-format", "iso-0") as running:
        yield HostProcess(*running)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Return where this test's terminals remember."""
    return tmp_path / "till.json"


@pytest.fixture
def way(host_with_keys: HostProcess, state: Path) -> tuple[str, ...]:
    """Return the way to the host, as a merchant of the test's own."""
    return ("--to", host_with_keys.address, "--merchant", f"SIGN{next(SHOPS):011}", *SPEECH, "--state", str(state))


def notes_in(state: Path) -> KeyNotes:
    """Return what the one terminal of *state* remembers of its keys."""
    (memory,) = msgspec.json.decode(state.read_bytes(), type=Notebook).terminals.values()
    return memory.keys


def test_a_logon_brings_keys_and_a_sale_with_a_pin_goes_under_them(iso_gateway: Call, way: tuple[str, ...]) -> None:
    assert iso_gateway("send", "sale", *way, "--amount", "1.00").exit_code == 0  # under the keys of the file
    signed = iso_gateway("send", "logon", *way)
    assert (signed.exit_code, "approved, 2 new keys" in signed.stdout) == (0, True)
    assert iso_gateway("send", "sale", *way, "--amount", "12.34", "--pin", "1234").exit_code == 0
    assert iso_gateway("send", "logon", *way).exit_code == 0
    assert iso_gateway("send", "void", *way, "--original", "last").exit_code == 0


def test_the_state_has_the_keys_as_they_came_and_never_in_clear(
    iso_gateway: Call, way: tuple[str, ...], state: Path
) -> None:
    iso_gateway("send", "logon", *way)
    notes = notes_in(state)
    own = HELD.of("TERM0001")
    now = keys_now(own, notes)
    assert (now.mac != own.mac, now.pin != own.pin) == (True, True)
    iso_gateway("send", "sale", *way, "--amount", "12.34", "--pin", "1234")
    kept = state.read_text().lower()
    for key in (own.master, own.mac, own.pin, now.mac, now.pin):
        assert key.hex() not in kept
        assert key[:8].hex() not in kept
    assert notes.session[0].wrapped in kept
    assert notes.session[0].wrapped not in repr(notes)


def test_keys_of_another_master_key_are_told(iso_gateway: Call, way: tuple[str, ...], tmp_path: Path) -> None:
    iso_gateway("send", "logon", *way)
    keys = tmp_path / "keys.toml"
    keys.write_text(f'[terminal]\nmaster = "{HELD.zone.master.hex()}"\nmac = "{HELD.zone.mac.hex()}"\n')
    wrong = iso_gateway("send", "sale", *way, "--amount", "1.00", "--keys", str(keys))
    assert (wrong.exit_code, "do not open under this master key" in wrong.stderr) == (2, True)


def test_a_logon_that_brings_bad_keys_fails_and_changes_nothing(
    iso_gateway: Call, way: tuple[str, ...], state: Path, tmp_path: Path
) -> None:
    iso_gateway("send", "logon", *way)
    before = notes_in(state)
    keys = tmp_path / "keys.toml"
    keys.write_text(f'[terminal]\nmaster = "{HELD.zone.master.hex()}"\nmac = "{HELD.zone.mac.hex()}"\n')
    data = json.loads(state.read_text())
    for memory in data["terminals"].values():
        memory["keys"]["session"] = []
    state.write_text(json.dumps(data))
    failed = iso_gateway("send", "logon", *way, "--keys", str(keys))
    assert (failed.exit_code, "keys not taken: " in failed.stdout) == (1, True)
    assert notes_in(state).session == ()
    assert before.session


def test_a_terminal_with_a_master_key_alone_signs_on_first(
    iso_gateway: Call, way: tuple[str, ...], state: Path, tmp_path: Path
) -> None:
    keys = tmp_path / "keys.toml"
    keys.write_text(f'[terminal]\nmaster = "{HELD.terminal.master.hex()}"\n')
    sale = ("send", "sale", *way, "--amount", "1.00", "--keys", str(keys), "--pin-format", "iso-0")
    early = iso_gateway(*sale)
    assert (early.exit_code, "there is no MAC key: a sign-on brings one" in early.stderr) == (2, True)
    assert "there is no PIN key, or none for iso-0: a sign-on brings one" in early.stderr
    assert not next(iter(msgspec.json.decode(state.read_bytes(), type=Notebook).terminals.values())).sent
    assert iso_gateway("send", "logon", *way, "--keys", str(keys), "--pin-format", "iso-0").exit_code == 0
    assert iso_gateway(*sale).exit_code == 0


@pytest.mark.parametrize("exchange", ["tr31-48", "tr31-120", "de96"])
def test_what_it_does_not_take_is_refused_by_name(iso_gateway: Call, exchange: str) -> None:
    said = iso_gateway("send", "logon", "--to", "127.0.0.1:1", "--mac", "x9.19", "--exchange", exchange)
    assert said.exit_code == 2
    assert f"exchange: {exchange}: send takes keys as unionpay has them alone" in said.stderr
