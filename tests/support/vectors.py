"""The published vectors of fixtures/crypto, one test case each."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest

from iso_gateway.resources import folder

Case = dict[str, Any]


@cache
def groups() -> dict[str, Case]:
    """Return every group of vectors by its id."""
    text = (folder("fixtures") / "crypto" / "vectors.json").read_text("utf-8")
    return {group["id"]: group for group in json.loads(text)["groups"]}


def inputs(group: str) -> Case:
    """Return what the cases of *group* have in common."""
    found: Case = groups()[group]["inputs"]
    return found


def cases(group: str) -> list[Case]:
    """Return the cases of *group*."""
    found: list[Case] = groups()[group]["cases"]
    return found


def each(*names: str) -> pytest.MarkDecorator:
    """Run a test with ``group`` and ``case`` once for every case of the groups *names*."""
    rows = [
        pytest.param(name, case, id=f"{name}-{case.get('ksn') or place}")
        for name in names
        for place, case in enumerate(cases(name), start=1)
    ]
    return pytest.mark.parametrize(("group", "case"), rows)
