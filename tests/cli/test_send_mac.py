"""``send`` with MACs against a mock host that wants them: what is believed, and what is owed where it is not."""

from __future__ import annotations

import itertools
import json
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Call, HostProcess, started
from tests.support.keyed_till import HELD

SHOPS = itertools.count(1)


@pytest.fixture(scope="module")
def keyed_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostProcess]:
    """Return a mock host that takes nothing without a MAC."""
    with started(tmp_path_factory.mktemp("keyed"), "--mac", "x9.19") as running:
        yield HostProcess(*running)


@pytest.fixture
def to(keyed_host: HostProcess) -> tuple[str, ...]:
    """Return the way to the host, as a merchant of the test's own."""
    return ("--to", keyed_host.address, "--merchant", f"KEYS{next(SHOPS):011}")


def test_a_sale_its_repeat_and_its_void_have_macs(iso_gateway: Call, to: tuple[str, ...]) -> None:
    way = (*to, "--mac", "x9.19")
    sale = iso_gateway("send", "sale", *way, "--amount", "12.34")
    assert (sale.exit_code, "0210 approved" in sale.stdout) == (0, True)
    assert iso_gateway("send", "repeat", *way).exit_code == 0
    assert iso_gateway("send", "void", *way, "--original", "last").exit_code == 0
    assert iso_gateway("send", "echo", *way).exit_code == 0
    assert iso_gateway("send", "settle", *way).stdout.startswith("balanced")


def test_without_a_mac_it_is_refused(iso_gateway: Call, to: tuple[str, ...]) -> None:
    refused = iso_gateway("send", "sale", *to, "--amount", "12.34")
    assert (refused.exit_code, "declined A0, MAC error" in refused.stdout) == (1, True)


@pytest.mark.parametrize(
    ("amount", "why"), [("10.81", "the MAC of the answer is wrong"), ("10.82", "the answer has no MAC")]
)
def test_an_approval_that_is_not_believed_leaves_a_reversal_owed(
    iso_gateway: Call, to: tuple[str, ...], tmp_path: Path, amount: str, why: str
) -> None:
    state = tmp_path / "till.json"
    unknown = iso_gateway("send", "sale", *to, "--mac", "x9.19", "--state", str(state), "--amount", amount)
    assert unknown.exit_code == 4
    assert f"0210 unknown 00, {why}" in unknown.stdout
    assert "approved" not in unknown.stdout
    assert "a reversal is owed" in unknown.stdout
    # What is said to be typed has the MAC too, and tells the host why.
    name, *arguments = shlex.split(unknown.stdout.splitlines()[-1].partition("to be sure: ")[2])
    assert name == "iso-gateway"
    assert iso_gateway(*arguments).exit_code == 0
    (terminal,) = json.loads(state.read_text())["terminals"].values()
    assert [(each["mti"], each["fields"].get("39"), each.get("reversal")) for each in terminal["sent"]] == [
        ("0200", None, "done"),
        ("0400", "A0", ""),
    ]


def test_a_terminal_with_other_keys_cannot_be_sure(iso_gateway: Call, to: tuple[str, ...], tmp_path: Path) -> None:
    keys = tmp_path / "keys.toml"
    keys.write_text(f'[terminals.TERM0001]\nmac = "{HELD.zone.mac.hex()}"\n')
    refused = iso_gateway("send", "sale", *to, "--mac", "x9.19", "--keys", str(keys), "--amount", "1.00")
    # The refusal is under the host's keys: to a terminal without them it might be anybody's.
    assert (refused.exit_code, "unknown A0, the MAC of the answer is wrong" in refused.stdout) == (4, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--mac", "x9.18"), "mac.algorithm: expected one of"),
        (("--mac", "x9.19:3"), "mac"),
        (("--mac", "x9.19/99"), "mac"),
        (("--mac", "x9.19", "--covers", "2,x"), "covers"),
        (("--mac", "x9.19", "--covers", "2,999"), "covers"),
        (("--exchange", "telegraph"), "exchange: expected one of"),
    ],
)
def test_what_cannot_be_is_told(iso_gateway: Call, arguments: tuple[str, ...], said: str) -> None:
    wrong = iso_gateway("send", "sale", "--to", "127.0.0.1:1", "--amount", "1.00", *arguments)
    assert wrong.exit_code == 2
    assert said in wrong.stderr


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[terminal]\n", "no MAC key"),
        ('[terminal]\nmac = "C0FFEEC0FFEEC0FF00"\n', "terminal.mac: expected a key"),
        ('[terminal]\nmak = "C0FFEEC0FFEEC0FF"\n', "terminal.mak: unknown key"),
        ("[terminal\nC0FFEEC0FFEEC0FF", "is no TOML"),
        ('[terminal]\nmac = "C0FFEEC0FFEEC0FF"\n', "MAC key"),
    ],
)
def test_a_file_of_keys_that_cannot_be_used_is_told_and_not_shown(
    iso_gateway: Call, tmp_path: Path, content: str, said: str
) -> None:
    keys = tmp_path / "keys.toml"
    keys.write_text(content)
    wrong = iso_gateway(
        *("send", "sale", "--to", "127.0.0.1:1", "--amount", "1.00", "--mac", "x9.19", "--keys", str(keys))
    )
    assert wrong.exit_code == 2
    assert said in wrong.stderr
    assert "C0FFEE" not in wrong.output
