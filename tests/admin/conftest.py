"""A folder with a short name: a Unix socket's path has 107 bytes at most, and pytest's own may be longer."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty folder of mode 0700."""
    with tempfile.TemporaryDirectory(prefix="isogw") as name:
        yield Path(name)


@pytest.fixture
def runtime(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """XDG_RUNTIME_DIR, a folder of ours."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    return folder
