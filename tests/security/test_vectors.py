"""The published vectors are all used: a group that no test asks for proves nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.vectors import groups

TESTS = {path.name: path.read_text("utf-8") for path in Path(__file__).parent.glob("test_*.py")}


@pytest.mark.parametrize("group", groups())
def test_every_group_is_asked_for(group: str) -> None:
    assert [name for name, text in TESTS.items() if f'"{group}"' in text], f"no test of this folder names {group}"


@pytest.mark.parametrize("group", groups())
def test_every_group_says_where_it_is_from(group: str) -> None:
    found = groups()[group]
    assert found["source"]
    assert found["verified_by"]
    assert found["cases"]
