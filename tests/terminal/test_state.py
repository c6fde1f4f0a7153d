"""The state file: private, replaced whole, locked while a number is taken, and never mistaken for another file."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from iso_gateway.errors import ConfigError
from iso_gateway.terminal.orders import Order, Verb, prepare
from iso_gateway.terminal.scripts import Till
from iso_gateway.terminal.state import default_path, opened
from tests.support.desk import NOON, PAN, dialect


def test_what_is_noted_is_there_the_next_time(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "state.json"
    with opened(path) as notebook:
        sent = prepare(
            dialect("iso87-ascii"), Till(), notebook.memory(Till(), NOON), Order(Verb.SALE, amount="1.00"), NOON
        ).sent
    with opened(path) as notebook:
        assert notebook.memory(Till(), NOON).sent == [sent]


def test_the_file_is_its_owners_alone_and_holds_no_card_number(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    umask = os.umask(0)
    try:
        with opened(path) as notebook:
            prepare(dialect("iso87-ascii"), Till(), notebook.memory(Till(), NOON), Order(Verb.SALE, amount="1"), NOON)
    finally:
        os.umask(umask)
    assert {stat.S_IMODE(each.stat().st_mode) for each in tmp_path.iterdir()} == {0o600}
    assert PAN not in path.read_text()
    assert "476173******0010" in path.read_text()


def test_terminals_of_one_file_count_each_for_itself(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    other = Till("TERM0002")
    with opened(path) as notebook:
        notebook.memory(Till(), NOON).next_stan()
        assert notebook.memory(other, NOON + timedelta(seconds=1)).stan == notebook.memory(Till(), NOON).stan + 9
    with opened(path) as notebook:
        assert set(notebook.terminals) == {"MERCHANT0000001/TERM0001", "MERCHANT0000001/TERM0002"}


def test_what_fails_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    with opened(path) as notebook:
        notebook.memory(Till(), NOON).stan = 7
    before = path.read_bytes()

    def fail() -> None:
        with opened(path) as notebook:
            notebook.memory(Till(), NOON).next_stan()
            raise RuntimeError("in between")

    with pytest.raises(RuntimeError, match="in between"):
        fail()
    assert path.read_bytes() == before


def test_two_at_once_never_take_the_same_number(tmp_path: Path) -> None:
    path = tmp_path / "state.json"

    def take(_: int) -> str:
        with opened(path) as notebook:
            return notebook.memory(Till(), NOON).next_stan()

    with ThreadPoolExecutor(4) as pool:
        taken = list(pool.map(take, range(40)))
    assert len(set(taken)) == 40


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is not the state of terminals"),
        ("{", "is not the state of terminals"),
        ('{"terminals": 3}', "is not the state of terminals"),
        ("\udcff", "is not the state of terminals"),
        ('{"version": 2}', "has version 2, 1 expected"),
    ],
)
def test_another_file_is_refused_and_left_alone(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "state.json"
    path.write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(ConfigError, match=said), opened(path):
        pass
    assert path.read_bytes() == content.encode("utf-8", "surrogateescape")


def test_a_place_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="cannot be used"), opened(tmp_path / "file" / "state.json"):
        pass
    with pytest.raises(ConfigError, match="is a directory"), opened(tmp_path):
        pass


def test_a_link_to_the_file_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "link.json").symlink_to(tmp_path / "real.json")
    with opened(tmp_path / "link.json") as notebook:
        notebook.memory(Till(), NOON)
    assert (tmp_path / "link.json").is_symlink()
    assert (tmp_path / "real.json").is_file()


@pytest.mark.parametrize(
    ("environment", "path"),
    [
        ({}, "/home/ann/.local/state/iso-gateway/terminals.json"),
        ({"XDG_STATE_HOME": "/var/ann"}, "/var/ann/iso-gateway/terminals.json"),
        ({"XDG_STATE_HOME": "not/absolute"}, "/home/ann/.local/state/iso-gateway/terminals.json"),
    ],
)
def test_the_file_lies_where_the_user_keeps_state(environment: dict[str, str], path: str) -> None:
    assert default_path(environment, Path("/home/ann")) == Path(path)
