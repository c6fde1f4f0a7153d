"""``init`` writes what ``check`` accepts, and ``check`` tells everything at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Call


def test_what_init_writes_is_fine(iso_gateway: Call, tmp_path: Path) -> None:
    written = iso_gateway("init", str(tmp_path))
    assert written.exit_code == 0
    assert str(tmp_path / "gateway.toml") in written.stdout
    checked = iso_gateway("check", str(tmp_path / "gateway.toml"))
    assert checked.exit_code == 0
    assert "fine (" in checked.stdout


def test_init_overwrites_nothing(iso_gateway: Call, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("# mine")
    result = iso_gateway("init", str(path))
    assert result.exit_code == 2
    assert "is there already" in result.stderr
    assert path.read_text() == "# mine"


def test_init_makes_no_file_where_a_folder_is_meant(iso_gateway: Call, tmp_path: Path) -> None:
    result = iso_gateway("init", f"{tmp_path}/shop/")
    assert (result.exit_code, "no such file or directory" in result.stderr) == (2, True)
    assert not (tmp_path / "shop").exists()


@pytest.mark.parametrize("verb", ["check", "run"])
def test_every_fault_is_told_with_file_and_line(iso_gateway: Call, tmp_path: Path, verb: str) -> None:
    path = tmp_path / "gateway.toml"
    iso_gateway("init", str(path))
    lines = path.read_text().splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("spec "))
    lines[at : at + 1] = ['spec = "iso88"', "max_lenght = 100"]
    path.write_text("\n".join(lines))
    result = iso_gateway(verb, str(path))
    assert result.exit_code == 2
    places = [line.split(": ")[0] for line in result.stderr.splitlines()]
    assert {f"{path}:{at + 1}", f"{path}:{at + 2}"} <= set(places)
    assert "did you mean 'max_length'" in result.stderr


def test_a_file_that_is_none_is_told(iso_gateway: Call, tmp_path: Path) -> None:
    result = iso_gateway("check", str(tmp_path / "none.toml"))
    assert result.exit_code == 2
    assert "none.toml: cannot be read: No such file or directory; 'iso-gateway init' writes one" in result.stderr
