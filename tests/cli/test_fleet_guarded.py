"""``fleet`` with keys and over TLS: five terminals with MACs and PIN blocks, at a host that takes nothing else."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.cli.conftest import Call, HostProcess, started
from tests.support.certificates import Authority, Pair

SHOPS = itertools.count(1)
KEYED = ("--mac", "x9.19", "--pin-format", "iso-3")


class Guarded(NamedTuple):
    """A mock host that takes only links with certificates of its authority, and messages with MACs."""

    authority: Authority
    mine: Pair
    host: HostProcess


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    folder = tmp_path_factory.mktemp("guarded")
    authority = Authority(folder)
    shown = authority.issue("bank")
    tls = ("--tls-cert", str(shown.certificate), "--tls-key", str(shown.key), "--tls-client-ca", str(authority.ca))
    with started(folder, *tls, *KEYED) as running:
        yield Guarded(authority, authority.issue("fleet"), HostProcess(*running))


@pytest.fixture
def to(guarded: Guarded) -> tuple[str, ...]:
    """Return the way of five terminals to the host and its ledger, as a merchant of the test's own."""
    shop = f"GUARD{next(SHOPS):010}"
    way = ("--to", guarded.host.address, "--host-admin", str(guarded.host.socket), "--merchant", shop)
    return ("fleet", *way, "--terminals", "5", "--rate", "100", "--duration", "0.2", "--mix", "sale=9,void=1")


def tls(guarded: Guarded) -> tuple[str, ...]:
    mine = guarded.mine
    return ("--tls-ca", str(guarded.authority.ca), "--tls-cert", str(mine.certificate), "--tls-key", str(mine.key))


def test_five_terminals_with_keys_over_tls(
    iso_gateway: Call, guarded: Guarded, to: tuple[str, ...], tmp_path: Path
) -> None:
    file = tmp_path / "a.json"
    result = iso_gateway(*to, *tls(guarded), *KEYED, "--pin", "1234", "--json", str(file))
    assert result.exit_code == 0, result.output
    told = json.loads(file.read_text())
    assert (told["sent"], told["approved"], told["declined"], told["unknown"]) == (20, 20, 0, 0)
    assert told["ledger"]["differences"] == 0
    assert told["ledger"]["matched"] >= 18


@pytest.mark.parametrize(
    ("pin", "macs", "codes"),
    [("1235", KEYED, {"55"}), ("", (), {"A0"})],
    ids=["a wrong PIN", "no MAC"],
)
def test_wrong_keys_or_pins_are_declines(  # noqa: PLR0917 -- fixtures and rows
    iso_gateway: Call,
    guarded: Guarded,
    to: tuple[str, ...],
    tmp_path: Path,
    pin: str,
    macs: tuple[str, ...],
    codes: set[str],
) -> None:
    file = tmp_path / "a.json"
    entered = ("--pin", pin) if pin else ()
    result = iso_gateway(*to, *tls(guarded), *macs, *entered, "--json", str(file))
    told = json.loads(file.read_text())
    assert (told["approved"], told["unknown"]) == (0, 0), result.output
    assert codes <= set(told["codes"])


def test_without_a_certificate_none_connects(iso_gateway: Call, guarded: Guarded, to: tuple[str, ...]) -> None:
    result = iso_gateway(*to, "--tls-ca", str(guarded.authority.ca), *KEYED)
    assert result.exit_code == 3, result.output
    assert iso_gateway(*to, *KEYED).exit_code == 3, "in clear"
