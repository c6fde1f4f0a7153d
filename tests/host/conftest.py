"""The tills of the host's tests: one per dialect."""

from __future__ import annotations

import pytest

from tests.support.till import Till

DIALECTS = ("iso87-ascii", "iso87-binary", "iso93-ascii", "cup-pos")


@pytest.fixture(params=DIALECTS)
def till(request: pytest.FixtureRequest) -> Till:
    """Return a till and a host with no configuration but the spec, once in each dialect."""
    return Till(str(request.param))
