"""``journal archive`` and ``journal check``: a file in, a file out, and what is wrong with it."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from iso_gateway.gateway.store_key import write_store_key
from iso_gateway.protocol.records import Insert, RowState
from iso_gateway.store.sqlite import SqliteJournal
from tests.cli.conftest import Call
from tests.protocol.test_records import ROW
from tests.store.test_contract import row
from tests.support.edge import config_file


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration whose journal has a closed row for each of five days, and an open one."""
    write_store_key(tmp_path / "journal.db.key")
    journal = SqliteJournal(tmp_path / "journal.db", ROW.received)
    for day in range(5):
        state = RowState.STUCK if day == 0 else RowState.DONE
        journal.commit([(Insert(row(f"{day:06}", received=ROW.received + timedelta(days=day), state=state)),)])
    journal.close()
    return config_file(tmp_path, 9000, '[journal]\npath = "journal.db"')


def test_old_rows_are_moved_and_the_open_one_stays(iso_gateway: Call, config: Path, tmp_path: Path) -> None:
    to = str(tmp_path / "old.db")
    result = iso_gateway("journal", "archive", to, "--before", "2026-11-23", "--config", str(config))
    assert (result.exit_code, result.stdout) == (0, f"2 rows moved to {to}\n")
    result = iso_gateway("journal", "archive", to, "--before", "2026-11-23", "--config", str(config), "--json")
    assert json.loads(result.stdout) == {"moved": 0, "to": to}
    said = json.loads(iso_gateway("journal", "check", "--config", str(config), "--json").stdout)
    assert (said["rows"], said["open"], said["damage"]) == (3, 1, "none")
    assert said["complete_since"] == "2026-11-22T12:00:00+00:00"


def test_check_tells_of_damage(iso_gateway: Call, config: Path, tmp_path: Path) -> None:
    assert iso_gateway("journal", "check", "--config", str(config)).exit_code == 0
    path = tmp_path / "journal.db"
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xaa" * 8192 + content[12288:])
    result = iso_gateway("journal", "check", "--config", str(config))
    assert result.exit_code == 1
    assert "the journal is damaged" in result.stderr
    assert ".recover" in result.stderr


def test_a_journal_in_memory_has_no_file(iso_gateway: Call, tmp_path: Path) -> None:
    result = iso_gateway("journal", "check", "--config", str(config_file(tmp_path, 9000)))
    assert (result.exit_code, "the journal is in memory" in result.stderr) == (2, True)


def test_a_journal_that_is_not_there_yet_is_told(iso_gateway: Call, config: Path, tmp_path: Path) -> None:
    (tmp_path / "journal.db").unlink()
    result = iso_gateway("journal", "check", "--config", str(config))
    assert (result.exit_code, "journal.db" in result.stderr) == (1, True)
    assert not (tmp_path / "journal.db").exists()
