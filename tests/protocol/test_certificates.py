"""A terminal that is bound to a certificate is heard only over connections that showed it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from iso_gateway.protocol import events
from iso_gateway.protocol.setup import Setup
from tests.support.desk import Desk, setup


def bound(terminal: str = "iso87-ascii", **names: str) -> Setup:
    """Return a setup whose terminals have these certificates."""
    plain = setup(terminal)
    return replace(plain, listeners={"counter": replace(plain.listeners["counter"], certificates=names)})


def asked(desk: Desk, certificate: tuple[str, ...], terminal: str = "TERM0001") -> str:
    """Return what *terminal* hears over a connection that showed *certificate*."""
    name = f"over {certificate}"
    if name not in desk.node.connections:
        desk.feed(events.TerminalConnected(name, "counter", "192.0.2.1:1", certificate))
    desk.send(desk.request(terminal=terminal), name)
    if desk.sent:
        desk.host_answers("00")
    return desk.code()


@pytest.mark.parametrize(
    "certificate",
    [("one.shop.example",), ("TERM0001", "one.shop.example", "sha256:00"), ("sha256:00", "one.shop.example")],
)
def test_any_name_of_the_certificate_will_do(certificate: tuple[str, ...]) -> None:
    desk = Desk(bound(TERM0001="one.shop.example"))
    assert asked(desk, certificate) == "00"


@pytest.mark.parametrize(("spec", "code"), [("iso87-ascii", "58"), ("cup-pos", "97")])
@pytest.mark.parametrize(
    ("certificate", "shown"),
    [
        ((), "none"),
        (("two.shop.example", "sha256:00"), "that of two.shop.example"),
        (("ONE.shop.example",), "that of ONE"),
    ],
)
def test_another_certificate_is_refused_as_an_unknown_terminal_is(
    spec: str, code: str, certificate: tuple[str, ...], shown: str
) -> None:
    desk = Desk(bound(spec, TERM0001="one.shop.example"))
    assert asked(desk, certificate) == code
    assert not desk.rows()
    (said,) = desk.said("refused")
    assert str(said["cause"]).startswith(f"its certificate is {shown}")
    assert str(said["cause"]).endswith(f"the terminal's is one.shop.example, answered {code}")
    assert not next(iter(desk.node.connections.values())).known, "it can be made room of"


def test_who_is_bound_to_nothing_needs_none() -> None:
    desk = Desk(bound(TERM0001="one.shop.example"))
    assert asked(desk, (), "TERM0002") == "00"
    assert asked(desk, ("one.shop.example",), "TERM0002") == "00"


def test_an_unknown_terminal_is_one_with_the_best_certificate_too() -> None:
    desk = Desk(bound(TERM0001="one.shop.example"))
    assert asked(desk, ("one.shop.example",), "NOBODY00") == "58"


def test_a_reload_binds_those_who_are_connected() -> None:
    desk = Desk(bound())
    assert asked(desk, ("one.shop.example",)) == "00"
    desk.node.reload(bound(TERM0001="another.shop.example"), desk.now)
    assert asked(desk, ("one.shop.example",)) == "58"
