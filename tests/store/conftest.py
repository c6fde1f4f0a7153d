"""A journal on disk, for the tests that are of it alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from iso_gateway.store.sqlite import SqliteJournal
from tests.protocol.test_records import ROW


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the journal lies."""
    return tmp_path / "journal.db"


@pytest.fixture
def journal(path: Path) -> Iterator[SqliteJournal]:
    """Return a new journal at *path*."""
    opened = SqliteJournal(path, ROW.received)
    yield opened
    opened.close()
