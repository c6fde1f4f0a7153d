"""Room for connections: the soft limit is raised as far as the hard one allows, and what is short is said."""

from __future__ import annotations

import resource
from typing import Final

import pytest

from iso_gateway.net import files

WANTED: Final = 12_000 + files.BESIDES


class System:
    """The limits of a process, as setrlimit knows them."""

    def __init__(self, soft: int, hard: int, ceiling: int) -> None:
        self.limits = (soft, hard)
        self._ceiling = ceiling
        """More than this it refuses, whatever its hard limit says."""

    def getrlimit(self, _which: int) -> tuple[int, int]:
        return self.limits

    def setrlimit(self, _which: int, limits: tuple[int, int]) -> None:
        if limits[0] > self._ceiling:
            raise ValueError("not allowed to raise maximum limit")
        self.limits = limits


@pytest.mark.parametrize(
    ("system", "then", "enough"),
    [
        (System(1024, 1_000_000, 1_000_000), WANTED, ""),
        (System(50_000, 1_000_000, 1_000_000), 50_000, ""),
        (System(resource.RLIM_INFINITY, resource.RLIM_INFINITY, 0), resource.RLIM_INFINITY, ""),
        (System(1024, 4096, 4096), 4096, "4096 open files, enough for 4032 of 12000"),
        (System(256, resource.RLIM_INFINITY, 10_240), 256, "256 open files, enough for 192 of 12000"),
        (System(1024, resource.RLIM_INFINITY, 100_000), WANTED, ""),
        (System(16, 16, 16), 16, "16 open files, enough for 0 of 12000"),
    ],
)
def test_the_soft_limit_is_raised_or_what_is_short_is_said(
    monkeypatch: pytest.MonkeyPatch, system: System, then: int, enough: str
) -> None:
    monkeypatch.setattr(resource, "getrlimit", system.getrlimit)
    monkeypatch.setattr(resource, "setrlimit", system.setrlimit)
    said = files.make_room(12_000)
    assert system.limits[0] == then
    assert enough in said
    assert (f"ulimit -Hn {WANTED}" in said) is bool(enough)
