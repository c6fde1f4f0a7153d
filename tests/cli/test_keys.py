"""``iso-gateway keys``: from an empty folder to keys that come, rotate, leave and go, and no secret on the way."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from iso_gateway.cli.keys import typing_in
from iso_gateway.hsm import unlocking
from iso_gateway.security.check_values import check_value
from iso_gateway.security.key_material import adjust_parity
from iso_gateway.security.keys import KeyAlgorithm
from tests.cli.conftest import Call

PASSPHRASE = "correct horse battery"
ONE, OTHER = "0123456789ABCDEFFEDCBA9876543210", "A1B2C3D4E5F60718293A4B5C6D7E8F90"
WHOLE = bytearray(a ^ b for a, b in zip(bytes.fromhex(ONE), bytes.fromhex(OTHER), strict=True))
adjust_parity(WHOLE)
KCV = check_value(KeyAlgorithm.TDES, WHOLE).hex().upper()
ZMK = "acquirer/acme/master"
ZPK = "acquirer/acme/pin"
MASTERS = [bytes((turn * each * 7 + each) % 256 for turn in range(32)).hex() for each in (3, 5, 11)]
"""Three components of a master key."""

Keys = Callable[..., Result]


@pytest.fixture
def keys(iso_gateway: Call, tmp_path: Path) -> Keys:
    """Return what calls ``keys`` on a store in a folder of the test, which a file unlocks."""
    secret = tmp_path / "secret"
    secret.write_text(PASSPHRASE + "\n")
    secret.chmod(0o600)
    where = ("--store", str(tmp_path / "keys.store"), "--unlock", f"file:{secret}")

    def call(verb: str, *arguments: str, given: str | None = None) -> Result:
        return iso_gateway("keys", verb, *arguments, *where, given=given)

    return call


@pytest.fixture
def store(keys: Keys) -> Keys:
    """Return the same on a store with a ZMK in it."""
    assert keys("init", "--passphrase").exit_code == 0
    result = keys("import", ZMK, "--components", "2", "--check-value", KCV, given=f"{ONE}\n{OTHER}\n")
    assert (result.exit_code, result.stdout) == (0, f"{ZMK}@1: imported, active; its check value is {KCV}\n")
    return keys


def said(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return found


def states(keys: Keys, name: str) -> dict[int, str]:
    rows = said(keys("list", "--json"))["keys"]
    return {row["version"]: row["state"] for row in rows if row["name"] == name}


def test_a_store_begins_with_the_key_that_seals_the_journal(keys: Keys, tmp_path: Path) -> None:
    begun = said(keys("init", "--passphrase", "--json"))
    listed = said(keys("list", "--json"))
    assert [(row["name"], row["kcv"]) for row in listed["keys"]] == [("journal/seal", begun["seal"])]
    assert (begun["test"], listed["test"]) == (False, False)
    assert (tmp_path / "keys.store").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "keys.store.audit").stat().st_mode & 0o777 == 0o600


def test_none_is_begun_over_another(store: Keys) -> None:
    result = store("init", "--passphrase")
    assert (result.exit_code, "already" in result.stderr) == (1, True)
    assert states(store, ZMK) == {1: "active"}


@pytest.mark.parametrize("how", [(), ("--passphrase", "--components", "2")])
def test_a_store_is_begun_in_one_way(keys: Keys, how: tuple[str, ...]) -> None:
    assert keys("init", *how).exit_code == 2


def test_custodians_type_one_at_a_time_and_see_their_own_check_value(
    iso_gateway: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed = iter([MASTERS[0], "not hexadecimal", MASTERS[1], MASTERS[1], MASTERS[2], *MASTERS])
    monkeypatch.setattr(typing_in, "at_a_terminal", lambda: True)
    monkeypatch.setattr(unlocking, "typed", lambda _prompt: next(typed))
    path = str(tmp_path / "keys.store")
    result = iso_gateway("keys", "init", "--store", path, "--components", "3", given="y\nn\ny\ny\n")
    assert result.exit_code == 0, result.stderr
    for component in MASTERS:
        kcv = check_value(KeyAlgorithm.AES, bytes.fromhex(component)).hex().upper()
        assert f"check value {kcv}: is that the one on your sheet?" in result.stderr
        assert component not in result.output
    listed = iso_gateway("keys", "list", "--store", path)
    assert listed.exit_code == 0, listed.stderr
    assert next(typed, None) is None


def test_a_passphrase_is_typed_twice(iso_gateway: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    typed = iter([PASSPHRASE, "correct horse batterz"])
    monkeypatch.setattr(unlocking, "typed", lambda _prompt: next(typed))
    path = tmp_path / "keys.store"
    result = iso_gateway("keys", "init", "--store", str(path), "--passphrase")
    assert (result.exit_code, "differ" in result.stderr, path.exists()) == (1, True, False)


def test_a_wrong_check_value_keeps_nothing_and_is_noted(store: Keys, tmp_path: Path) -> None:
    result = store("import", ZMK, "--components", "2", "--check-value", "000000", given=f"{OTHER}\n{ONE[:-2]}98\n")
    assert (result.exit_code, "the check value is not this key's" in result.stderr) == (1, True)
    assert states(store, ZMK) == {1: "active"}
    last = json.loads((tmp_path / "keys.store.audit").read_text().splitlines()[-1])
    assert (last["act"], last["result"]) == ("import from 2 components", "check value")


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (f"{ONE}\n", "component 2 of 2 is missing"),
        (f"{ONE}\n{OTHER[:-2]}\n", "32 hexadecimal digits"),
        (f"{ONE}\n{ONE}\n", "the same"),
        (f"{ONE}\n{'0' * 32}\n", "component 2 of 2: a component is one byte all over"),
        (f"{'7' * 32}\n{ONE}\n", "component 1 of 2: a component is one byte all over"),
        (f"{ONE}\n{OTHER}\n", "the same key as version 1"),
    ],
)
def test_components_that_make_no_new_key_are_named(store: Keys, given: str, reason: str) -> None:
    result = store("import", ZMK, "--components", "2", given=given)
    assert (result.exit_code, reason in result.stderr) == (1, True), result.stderr
    assert ONE not in result.output
    assert states(store, ZMK) == {1: "active"}


def test_a_key_in_one_piece_can_only_be_a_test_key(store: Keys) -> None:
    refused = store("import", ZPK, "--components", "1", given=ONE)
    assert (refused.exit_code, "say --test" in refused.stderr, states(store, ZPK)) == (1, True, {})
    assert ", a test key;" in store("import", ZPK, "--components", "1", "--test", given=ONE).stdout


def test_a_key_leaves_in_a_key_block_and_comes_back(store: Keys, tmp_path: Path) -> None:
    made = said(store("generate", ZPK, "--exportable", "key-block", "--json"))
    block = tmp_path / "zpk"
    block.write_text(store("export", ZPK, "--under", ZMK).stdout)
    assert block.read_text().startswith("B0096P0TN00E0000")
    back = said(store("import", "terminal/T1/pin", "--under", ZMK, "--from", str(block), "--json"))
    assert (back["kcv"], back["owner"], back["usage"]) == (made["kcv"], "terminal/T1", "P0")
    assert back["exportability"] == "N"


def test_a_key_leaves_bare_only_where_it_may(store: Keys) -> None:
    assert store("generate", ZPK, "--exportable", "key-block").exit_code == 0
    assert store("generate", "acquirer/acme/mac", "--exportable", "sensitive").exit_code == 0
    refused = store("export", ZPK, "--under", ZMK, "--form", "ecb")
    assert (refused.exit_code, "may not leave in this form" in refused.stderr, refused.stdout) == (1, True, "")
    sent = said(store("export", "acquirer/acme/mac", "--under", ZMK, "--form", "ecb", "--json"))
    came = ("import", "terminal/T1/mac", "--under", ZMK, "--form", "ecb")
    assert store(*came, given=sent["wrapped"]).exit_code == 2, "without a check value"
    assert said(store(*came, "--check-value", sent["kcv"], "--json", given=sent["wrapped"]))["kcv"] == sent["kcv"]
    assert store("export", ZMK, "--under", ZMK).exit_code == 1


def test_a_changed_key_block_is_refused(store: Keys) -> None:
    assert store("generate", ZPK, "--exportable", "key-block").exit_code == 0
    block = store("export", ZPK, "--under", ZMK).stdout.strip()
    changed = block[:-1] + ("0" if block[-1] != "0" else "1")
    result = store("import", "terminal/T1/pin", "--under", ZMK, given=changed)
    assert (result.exit_code, "key block" in result.stderr) == (1, True)
    assert states(store, "terminal/T1/pin") == {}


def test_a_new_version_comes_into_use_and_the_old_one_retires_and_goes(store: Keys) -> None:
    assert store("generate", ZPK).exit_code == 0
    assert store("rotate", ZPK).exit_code == 1, "nothing waits"
    assert store("generate", ZPK, "--pending").exit_code == 0
    assert states(store, ZPK) == {1: "active", 2: "pending"}
    assert said(store("rotate", ZPK, "--json"))["retiring"] == [f"{ZPK}@1"]
    assert states(store, ZPK) == {1: "retiring", 2: "active"}
    assert store("rotate", ZPK, "--generate").exit_code == 0
    assert states(store, ZPK) == {1: "retiring", 2: "retiring", 3: "active"}
    assert store("destroy", ZPK).exit_code == 2, "which version?"
    assert store("destroy", f"{ZPK}@1", given="n\n").exit_code == 130
    assert store("destroy", f"{ZPK}@1", given="y\n").exit_code == 0
    assert store("destroy", f"{ZPK}@1", "--yes").exit_code == 1, "it is gone"
    assert states(store, ZPK) == {1: "destroyed", 2: "retiring", 3: "active"}


def test_a_name_that_no_gateway_looks_for_is_told_and_taken(store: Keys) -> None:
    result = store("generate", "spare/one", "--usage", "pin")
    assert (result.exit_code, "no name that a gateway looks for" in result.stderr) == (0, True)
    assert store("generate", "spare/other").exit_code == 2, "what for?"
    assert "no name" not in store("generate", "bdk/acme", "--kind", "aes-128").stderr


def test_in_a_test_store_every_key_is_a_test_key(keys: Keys) -> None:
    assert keys("init", "--passphrase", "--test").exit_code == 0
    made = keys("generate", ZPK)
    assert "a test key" in made.stdout
    assert {row["test"] for row in said(keys("list", "--json"))["keys"]} == {True}


def test_a_check_value_is_made_anew_from_the_key(store: Keys) -> None:
    assert store("kcv", ZMK).stdout == f"{ZMK}@1  {KCV}\n"
    assert said(store("kcv", f"{ZMK}@1", "--length", "5", "--json"))["kcv"].startswith(KCV)
    assert store("kcv", f"{ZMK}@2").exit_code == 1


def test_the_audit_file_is_checked(store: Keys, tmp_path: Path) -> None:
    assert store("audit").exit_code == 0
    path = tmp_path / "keys.store.audit"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text(lines[0].replace("store begun", "store begat") + "".join(lines[1:]))
    result = store("audit", "--json")
    assert (result.exit_code, json.loads(result.stdout)["whole"]) == (1, False)


def test_no_output_and_no_file_has_a_key_or_the_passphrase(store: Keys, tmp_path: Path) -> None:
    told = [store(verb, *more).output for verb, *more in (["list"], ["list", "--json"], ["kcv", ZMK], ["audit"])]
    told += [path.read_text() for path in tmp_path.iterdir() if path.is_file() and path.name != "secret"]
    for text in told:
        assert not any(secret in text.upper() for secret in (ONE, OTHER, WHOLE.hex().upper(), PASSPHRASE.upper()))


def test_the_configuration_says_which_store_and_what_unlocks_it(store: Keys, iso_gateway: Call, tmp_path: Path) -> None:
    assert store("kcv", ZMK).exit_code == 0
    config = tmp_path / "gateway.toml"
    config.write_text(f'[security]\nkey_store = "keys.store"\nunlock = "file:{tmp_path}/secret"\n')
    assert iso_gateway("keys", "kcv", ZMK, "--config", str(config)).stdout == f"{ZMK}@1  {KCV}\n"
    beside = '[security]\nkey_store = "keys.store"\nunlock = "file:secret"\n'
    config.write_text(beside)
    assert iso_gateway("keys", "kcv", ZMK, "--config", str(config)).stdout == f"{ZMK}@1  {KCV}\n"
    missing = iso_gateway("keys", "list", "--config", str(tmp_path / "none.toml"))
    assert (missing.exit_code, "--store FILE" in missing.stderr) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--store", "none.store", "--unlock", "fd:3"), "keys init"),
        (("--store", "none.store", "--unlock", PASSPHRASE), "expected prompt, fd:NUMBER"),
    ],
)
def test_what_cannot_be_opened_is_named_and_no_secret_shown(
    iso_gateway: Call, arguments: tuple[str, ...], reason: str
) -> None:
    result = iso_gateway("keys", "list", *arguments)
    assert (result.exit_code, reason in result.stderr, PASSPHRASE in result.output) == (1, True, False)
