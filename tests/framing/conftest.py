"""What the framing tests share: every framing that the grammar can say, and ways to split a stream."""

from __future__ import annotations

import itertools

import pytest

from iso_gateway.framing import Framing

ALL = [
    length + inclusive + headers
    for length, inclusive, headers in itertools.product(
        ["2be", "2le", "2bcd", "4be", "4ascii"],
        ["", "-inclusive"],
        ["", "+tpdu", "+tpdu+cup"],
    )
]


@pytest.fixture(params=ALL)
def framing(request: pytest.FixtureRequest) -> Framing:
    """Each framing in turn."""
    return Framing.parse(request.param)
