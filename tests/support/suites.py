"""Small test suites of somebody's, run by pytest inside pytest."""

from __future__ import annotations

import pytest

# Each small suite forgets what it imported; so it is imported here, once.
import iso_gateway.testing.gateway
import iso_gateway.testing.terminal  # noqa: F401

INI = "[pytest]\ntrio_mode = true\nfilterwarnings = error\n"


def passing(pytester: pytest.Pytester, suite: str, ini: str = INI) -> None:
    """Run *suite*, all of whose tests are to pass."""
    count = suite.count("def test_")
    ran(pytester, suite, ini).assert_outcomes(passed=count)


def ran(pytester: pytest.Pytester, suite: str, ini: str = INI) -> pytest.RunResult:
    """Run *suite*."""
    pytester.makefile(".ini", pytest=ini)
    pytester.makepyfile(suite)
    return pytester.runpytest_inprocess("-p", "no:cacheprovider")
