"""How the tests run here: on which engine, and hypothesis quick by default, long with
``--hypothesis-profile=deep`` or ``HYPOTHESIS_PROFILE=deep``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from iso_gateway import engines
from tests.support.ends import close_all

# No deadline: a busy machine is no bug. In CI the same examples every time, so that red means the change.
settings.register_profile("fast", max_examples=50, deadline=None, derandomize="CI" in os.environ, print_blob=True)
settings.register_profile("deep", max_examples=5000, deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fast"))


def pytest_report_header() -> str:
    """Say at the head which engine this run is about."""
    return f"engine: {engines.CHOICE}"


@pytest.fixture(autouse=True)
def _close_ends() -> Iterator[None]:
    """Close the sockets that a test has left open."""
    yield
    close_all()
