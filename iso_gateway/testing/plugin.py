"""The plugin of pytest: ``iso_host``, ``iso_gw`` and ``iso_terminal``.

pytest imports this at every start, in every project that has the package installed: so nothing but pytest is imported
here until a test asks for one of the fixtures, and a test of ours holds it.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from iso_gateway.testing.background import Background
    from iso_gateway.testing.gateway import Gateway
    from iso_gateway.testing.host import Host
    from iso_gateway.testing.terminal import Terminal

_MARKERS = (
    'iso_host(spec="iso87-ascii", framing="2be", mac="x9.19", ...): how iso_host is set (docs/mock-host.md, Settings)',
    "iso_gw(spec=..., framing=..., host_timeout=2.0, ...): how the gateway iso_gw is set",
    'iso_terminal(terminal="TERM0001", merchant=..., timeout=5.0, ...): who the terminal iso_terminal is',
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Have the ini file say what is the same for all tests of a project."""
    parser.addini("iso_spec", "what iso_host speaks: a shipped spec of iso-gateway, or the path of one", default="")
    parser.addini("iso_framing", "what lies around its messages: 2be, 2be+tpdu, 4ascii ...", default="")


def pytest_configure(config: pytest.Config) -> None:
    """Make the markers known."""
    for marker in _MARKERS:
        config.addinivalue_line("markers", marker)


_FILES = frozenset({"scenario", "keys"})
"""Settings that name files: they are beside the test, unless the path is absolute."""
_HOST = pytest.StashKey["Host"]()
"""The host of a test."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Fail a test whose host has heard otherwise than the test said, though nothing else failed."""
    try:
        yield
    except (Exception, pytest.fail.Exception):
        if _HOST in item.stash:
            item.add_report_section("call", "iso_host", "\n".join(item.stash[_HOST].story()))
        raise
    if _HOST in item.stash and (complaints := item.stash[_HOST].complaints()):
        item.add_report_section("call", "iso_host", "\n".join(item.stash[_HOST].story()))
        pytest.fail("\n".join(complaints), pytrace=False)


@pytest.fixture
def _iso_background() -> Iterator[Background]:
    """The thread on which the fixtures of one test run."""
    from iso_gateway.testing.background import Background

    background = Background()
    yield background
    background.stop()


@pytest.fixture
def iso_host(request: pytest.FixtureRequest, _iso_background: Background) -> Host:
    """A mock ISO 8583 host at a free port: ``iso_host.port``."""
    from iso_gateway.testing.host import Host
    from iso_gateway.testing.options import host_options

    ini = request.config.getini
    project = {"spec": str(ini("iso_spec")), "framing": str(ini("iso_framing"))}
    with _telling("iso_host"):
        host = Host(_iso_background, host_options(_said(request, "iso_host"), project))
    request.node.stash[_HOST] = host
    return host


@pytest.fixture
def iso_gw(request: pytest.FixtureRequest, _iso_background: Background, iso_host: Host) -> Gateway:
    """A gateway between the terminals and ``iso_host``, its link up: ``iso_gw.port``."""
    from iso_gateway.testing.gateway import Gateway
    from iso_gateway.testing.options import GatewayOptions, TerminalOptions, options_of

    with _telling("iso_gw"):
        options = options_of(GatewayOptions, _said(request, "iso_gw"))
        terminal = options_of(TerminalOptions, _said(request, "iso_terminal")).terminal
        return Gateway(_iso_background, options, iso_host, terminal)


@pytest.fixture
def iso_terminal(request: pytest.FixtureRequest, _iso_background: Background) -> Terminal:
    """A terminal that sends to ``iso_gw`` where the test has one, and else to ``iso_host``."""
    from iso_gateway.testing.clerk import Clerk
    from iso_gateway.testing.options import TerminalOptions, options_of
    from iso_gateway.testing.terminal import Terminal

    through = "iso_gw" if "iso_gw" in request.fixturenames else "iso_host"
    at: Gateway | Host = request.getfixturevalue(through)
    with _telling("iso_terminal"):
        options = options_of(TerminalOptions, _said(request, "iso_terminal"))
        return Terminal(_iso_background, Clerk(at.leg, options))


def _said(request: pytest.FixtureRequest, name: str) -> dict[str, Any]:
    """Return what the markers *name* of a test say, the nearest of them last."""
    said: dict[str, Any] = {}
    for marker in reversed(list(request.node.iter_markers(name))):
        if marker.args:
            pytest.fail(f"@pytest.mark.{name}: each setting has its name, as in spec='cup-pos'", pytrace=False)
        said |= marker.kwargs
    for key in _FILES & said.keys():
        said[key] = str(request.path.parent / said[key])
    return said


@contextmanager
def _telling(name: str) -> Iterator[None]:
    """End a test whose fixture *name* is set wrongly with all that is wrong."""
    from iso_gateway.errors import ConfigError

    try:
        yield
    except ConfigError as error:
        lines = [f"@pytest.mark.{name}: {line}" for line in error.lines]
    else:
        return
    pytest.fail("\n".join(lines), pytrace=False)
